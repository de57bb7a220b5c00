package custom

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// BenchmarkShipped runs all packs that come with sandlint over Dockerfiles of several sizes.
func BenchmarkShipped(b *testing.B) {
	var packs []rules.Pack
	for _, name := range Builtin() {
		packs = append(packs, shippedPack(b, name).Rules())
	}
	set, err := rules.NewSet(packs, rules.Selection{})
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			text := "FROM debian:12\n" + strings.Repeat("RUN apt-get update && apt-get install -y curl\n"+
				"ENV A=1\nCOPY a /a\nRUN curl -fsSL https://files.example/a | tar x && chmod 755 /a\n", n/4)
			ws, err := rules.InMemory(workspace.DefaultTargets(), map[string][]byte{"Dockerfile": []byte(text)})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				rules.Check(ws, set, rules.CheckOptions{})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/instruction")
		})
	}
}
