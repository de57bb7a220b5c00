//go:build unix

package packs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// BenchmarkRatio measures what the fixes of a check cost: those of the crowds of BenchmarkFindings, and those of every
// rule that has fixes, n times in one file and in n folders. It reports the CPU time of a check without fixes
// (check-ms), that of one with fixes as a multiple of it (ratio), and as a multiple of a check of the text with the
// first fix of each finding (of-mended), and between two sizes the exponent with which it grows (exp):
//
//	go test ./rules/packs -run '^$' -bench Ratio -benchtime 1x
//	go test ./rules/packs -run '^$' -bench 'Ratio/crowd/nix/values/' -benchtime 1x
//	go test ./rules/packs -run '^$' -bench 'Ratio/(text|files)/nix/unknown-setting/' -benchtime 1x
//
// Each time is the least of several runs. The exponent must be at most 1.15, and the ratio at most 3; where the mended
// text is more work than the broken one, of-mended.
func BenchmarkRatio(b *testing.B) {
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		b.Fatal(err)
	}
	for _, crowd := range crowds {
		ratios(b, set, "crowd/"+crowd.name, []int{100, 1000, 10000}, crowd.texts)
	}
	for _, p := range packs.All() {
		for _, r := range p.Rules {
			c := fixableCase(b, set, p, r)
			if c == nil {
				continue
			}
			if text := inOneFile(c); text != nil {
				ratios(b, set, "text/"+r.ID, []int{20, 200}, text)
			}
			ratios(b, set, "files/"+r.ID, []int{20, 200}, inFolders(c))
		}
	}
}

// ratios measures a kind at several sizes.
func ratios(b *testing.B, set *rules.Set, name string, sizes []int, texts func(n int) map[string]string) {
	var last, lastCheck time.Duration
	for k, n := range sizes {
		b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
			b.ReportMetric(0, "ns/op")
			all := texts(n)
			ws := inMemory(b, all)
			mended := inMemory(b, withShown(b, set, all))
			var result *rules.Result
			least := leastTimes(b,
				func() { rules.Check(ws, set, rules.CheckOptions{}) },
				func() { result = rules.Check(ws, set, rules.CheckOptions{Fixes: true}) },
				func() { rules.Check(mended, set, rules.CheckOptions{}) },
			)
			check, fixes := least[0], least[1]
			shown := 0
			for _, f := range result.Findings {
				shown += len(f.Fixes)
			}
			b.ReportMetric(float64(shown), "fixes")
			b.ReportMetric(float64(len(result.Untried)), "untried")
			b.ReportMetric(float64(check.Microseconds())/1000, "check-ms")
			b.ReportMetric(float64(fixes)/float64(check), "ratio")
			b.ReportMetric(float64(fixes)/float64(least[2]), "of-mended")
			if k > 0 && last > 0 {
				by := math.Log(float64(n) / float64(sizes[k-1]))
				b.ReportMetric(math.Log(float64(fixes)/float64(last))/by, "exp")
				b.ReportMetric(math.Log(float64(check)/float64(lastCheck))/by, "check-exp")
			}
			last, lastCheck = fixes, check
		})
	}
}

// withShown returns files with the first fix of each finding, but for those that overlap.
func withShown(b *testing.B, set *rules.Set, texts map[string]string) map[string]string {
	byFile := map[*source.File][]fixers.Edit{}
	for _, f := range rules.Check(inMemory(b, texts), set, rules.CheckOptions{Fixes: true}).Findings {
		if len(f.Fixes) == 0 || len(f.Fixes[0].Edits) == 0 {
			continue
		}
		first := f.Fixes[0].Edits[0]
		byFile[first.File] = append(byFile[first.File], f.Fixes[0].Edits...)
	}
	after := maps.Clone(texts)
	for f, edits := range byFile {
		slices.SortStableFunc(edits, func(a, b fixers.Edit) int { return a.Span.Start - b.Span.Start })
		var kept []fixers.Edit
		for _, e := range edits {
			if len(kept) == 0 || e.File == f && e.Span.Start > kept[len(kept)-1].Span.End {
				kept = append(kept, e)
			}
		}
		text, err := fixers.Apply(f, kept)
		if err != nil {
			b.Fatal(err)
		}
		after[f.Path] = string(text)
	}
	return after
}

// leastTimes returns the least CPU time that each of some functions took in several runs, by turns.
func leastTimes(b *testing.B, each ...func()) []time.Duration {
	least := make([]time.Duration, len(each))
	spent := time.Duration(0)
	for round := 0; round < 3 || round < 15 && spent < time.Second; round++ {
		for n, do := range each {
			runtime.GC()
			start := cpuTime(b)
			do()
			took := cpuTime(b) - start
			if spent += took; round == 0 || took < least[n] {
				least[n] = took
			}
		}
	}
	return least
}

// fixableCase returns the first case of a rule, without flags, for which the rule itself shows a fix that is not mere
// advice; nil where there is none.
func fixableCase(b testing.TB, set *rules.Set, p rules.Pack, r *rules.Rule) *rules.Case {
	page, err := p.Page(r)
	if err != nil {
		b.Fatal(err)
	}
	for n := range page.Cases {
		c := &page.Cases[n]
		if c.Good() || len(c.Flags) > 0 {
			continue
		}
		texts := map[string]string{}
		for _, f := range c.Files {
			texts[f.Name] = string(f.Data)
		}
		result := rules.Check(inMemory(b, texts), set, rules.CheckOptions{Fixes: true})
		for _, f := range result.Findings {
			if f.Rule.ID == r.ID && slices.ContainsFunc(f.Fixes, func(fix fixers.Fix) bool {
				return fix.Safety != fixers.Manual
			}) {
				return c
			}
		}
	}
	return nil
}

// inFolders returns a function that puts a case into each of n folders.
func inFolders(c *rules.Case) func(n int) map[string]string {
	return func(n int) map[string]string {
		texts := map[string]string{}
		for i := range n {
			for _, f := range c.Files {
				name := fmt.Sprintf("d%d/%s", i, f.Name)
				if strings.HasPrefix(f.Name, ".git") {
					name = path.Join(path.Dir(f.Name), fmt.Sprintf("%d-%s", i, path.Base(f.Name)))
				}
				texts[name] = string(f.Data)
			}
		}
		return texts
	}
}

// inOneFile returns a function that repeats the text of a case with one file n times; nil for those that are not such
// a text or that would mean something else.
func inOneFile(c *rules.Case) func(n int) map[string]string {
	if len(c.Files) != 1 {
		return nil
	}
	name, text := c.Files[0].Name, c.Files[0].Data
	switch {
	case path.Ext(name) == ".json":
		begin := bytes.Index(text, []byte(`"syscalls"`))
		if begin < 0 {
			return nil
		}
		begin += bytes.IndexByte(text[begin:], '[') + 1
		var list []json.RawMessage
		d := json.NewDecoder(bytes.NewReader(text[begin-1:]))
		if d.Decode(&list) != nil || len(list) == 0 {
			return nil
		}
		end := begin - 1 + int(d.InputOffset()) - 1
		inner := strings.TrimRight(string(text[begin:end]), " \t\r\n,")
		return func(n int) map[string]string {
			return map[string]string{name: string(text[:begin]) + strings.Repeat(inner+",", n-1) + inner +
				string(text[end:])}
		}
	case files.KindByPath(name) == files.KindDockerfile, files.KindByPath(name) == files.KindNixConf:
		one := strings.TrimSuffix(string(text), "\n") + "\n"
		if strings.HasPrefix(one, "#") { // it may be a parser directive
			return nil
		}
		return func(n int) map[string]string { return map[string]string{name: strings.Repeat(one, n)} }
	case bytes.Contains(text, []byte("\napiVersion:")) || bytes.HasPrefix(text, []byte("apiVersion:")):
		one := "---\n" + strings.TrimSuffix(string(text), "\n") + "\n"
		return func(n int) map[string]string { return map[string]string{name: strings.Repeat(one, n)} }
	}
	return nil
}
