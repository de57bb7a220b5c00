package lsp

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// long returns a Dockerfile of n instructions.
func long(n int) string {
	var b strings.Builder
	b.WriteString("FROM debian:12\n")
	for i := range n {
		fmt.Fprintf(&b, []string{"RUN apt-get update && apt-get install -y curl-%d\n", "ENV A%d=$PATH:/x\n",
			"COPY a%d /b\n", "RUN echo hi%d | sed s/a/b/ > /tmp/x\n"}[i%4], i)
	}
	return b.String()
}

// BenchmarkKey measures what one key stroke costs, from the new text to what is found.
func BenchmarkKey(b *testing.B) {
	for _, n := range []int{100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := b.TempDir()
			path := filepath.Join(dir, "Dockerfile")
			text := long(n)
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				b.Fatal(err)
			}
			ws, err := rules.Load(workspace.Options{Dir: dir})
			if err != nil {
				b.Fatal(err)
			}
			set, err := rules.NewSet(packs.All(), rules.Selection{})
			if err != nil {
				b.Fatal(err)
			}
			s := (&rules.CheckOptions{}).Session(ws, set)
			e := s.Workspace().Entries[0]
			p := &project{folder: dir, session: s}
			sv := &server{opts: Options{Packs: packs.All()}, encoding: UTF16}
			for b.Loop() {
				text += "#"
				s.Edit(map[string][]byte{e.Abs: []byte(text)})
				s.Check(e, false)
				sv.diagnosticsIn(p)
			}
		})
	}
}
