package hcltext

import (
	"fmt"
	"strings"
	"testing"
)

// TestPlaceAt has texts with | at the place.
func TestPlaceAt(t *testing.T) {
	for text, want := range map[string]string{
		"|":                                    `[] "" "" false ""`,
		"sel|":                                 `[] "" "" false "sel"`,
		"a = 1\nsel|\nb = 2":                   `[] "" "" false "sel"`,
		"fail_on = |":                          `[] "" fail_on false ""`,
		"fail_on = \"er|":                      `[] "" fail_on true "er"`,
		"fail_on = \"er|\"\nx = 1":             `[] "" fail_on true "er"`,
		"select = [\"a\", \"b|":                `[] "" select true "b"`,
		"select = [\"a\",\n  \"nix/b|\",\n]":   `[] "" select true "nix/b"`,
		"select = [\n|":                        `[] "" select false ""`,
		"rule \"|":                             `[] rule "" true ""`,
		"rule \"nix/un|\" {\n}":                `[] rule "" true "nix/un"`,
		"rule \"a\" {\n  |\n}":                 `[rule a] "" "" false ""`,
		"rule \"a\" {\n  sev|\n}":              `[rule a] "" "" false "sev"`,
		"rule \"a\" {\n  severity = \"|\"\n}":  `[rule a] "" severity true ""`,
		"rule \"a\" { severity = \"|\" }":      `[rule a] "" severity true ""`,
		"rule \"a\" { severity = \"off\" }\n|": `[] "" "" false ""`,
		"rule \"a\" {\n  options {\n    m|":    `[rule a,options] "" "" false "m"`,
		"target {\n  nix = \"2.24\"\n}\n|":     `[] "" "" false ""`,
		"when = node.na|":                      `[] "" when false "node.na"`,
		"when = starts|":                       `[] "" when false "starts"`,
		"when = !node.|":                       `[] "" when false "node."`,
		"message = \"base ${node.i|":           `[] "" message false "node.i"`,
		"message = \"base ${node.i} is |":      `[] "" message true " is "`,
		"a = { b = 1, c|":                      `[] "" a false "c"`,
		"bad = <<E\nFROM x\n|":                 `[] "" bad false ""`,
		"a = f(1, n|)":                         `[] "" a false "n"`,
		"# fail|":                              `no`,
		"# a\nfail|":                           `[] "" "" false "fail"`,
		"# a\n|":                               `[] "" "" false ""`,
		"} } = \" ${ |":                        `[] "" "" true " ${ "`,
	} {
		before, after, _ := strings.Cut(text, "|")
		got := "no"
		if p, ok := PlaceAt([]byte(before+after), len(before)); ok {
			var blocks []string
			for _, b := range p.Blocks {
				blocks = append(blocks, strings.Join(append([]string{b.Type}, b.Labels...), " "))
			}
			show := func(s string) string {
				if s == "" {
					return `""`
				}
				return s
			}
			got = fmt.Sprintf("[%s] %s %s %v %q", strings.Join(blocks, ","), show(p.Header), show(p.Attribute),
				p.Quoted, before[p.Word:])
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// FuzzPlaceAt checks that each place can be asked for.
func FuzzPlaceAt(f *testing.F) {
	f.Add([]byte("rule \"a\" {\n  on = dockerfile.from\n  message = \"x ${node.i}\"\n}\n"), 30)
	f.Fuzz(func(t *testing.T, text []byte, offset int) {
		if offset < 0 || offset > len(text) {
			return
		}
		if p, ok := PlaceAt(text, offset); ok && (p.Word < 0 || p.Word > offset) {
			t.Errorf("%q: a word begins at %d, behind %d", text, p.Word, offset)
		}
	})
}
