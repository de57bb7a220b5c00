//go:build unix

package packs_test

import (
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// BenchmarkRepeated checks, with fixes, the Dockerfile or nix.conf of every case of every rule, repeated up to two
// sizes, and reports the CPU time of the larger (ms) and the exponent with which it grew (exp):
//
//	go test ./rules/packs -run '^$' -bench Repeated -benchtime 1x
//	go test ./rules/packs -run '^$' -bench Repeated/nix/accept-flake-config -benchtime 1x
//
// What needs less than 50 ms is too small to say anything.
func BenchmarkRepeated(b *testing.B) {
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		b.Fatal(err)
	}
	const small, large = 8 << 10, 32 << 10
	for _, p := range packs.All() {
		for _, r := range p.Rules {
			page, err := p.Page(r)
			if err != nil {
				b.Fatal(err)
			}
			for n := range page.Cases {
				texts, name := repeatable(&page.Cases[n])
				if name == "" {
					continue
				}
				b.Run(fmt.Sprintf("%s/%d", r.ID, n), func(b *testing.B) {
					b.ReportMetric(0, "ns/op")
					var took [2]time.Duration
					for k, size := range []int{small, large} {
						all := maps.Clone(texts)
						all[name] = repeated(name, texts[name], size)
						ws := inMemory(b, all)
						took[k] = math.MaxInt64
						for range 2 {
							start := cpuTime(b)
							rules.Check(ws, set, rules.CheckOptions{Fixes: true})
							took[k] = min(took[k], cpuTime(b)-start)
						}
					}
					b.ReportMetric(float64(took[1].Milliseconds()), "ms")
					b.ReportMetric(math.Log(float64(took[1])/float64(took[0]))/math.Log(large/small), "exp")
				})
			}
		}
	}
}

// repeatable returns the files of a case, and the name of its Dockerfile or nix.conf, "" if it has none.
func repeatable(c *rules.Case) (texts map[string]string, name string) {
	texts = map[string]string{}
	for _, f := range c.Files {
		texts[f.Name] = string(f.Data)
		kind := files.KindByPath(f.Name)
		if name == "" && len(f.Data) > 0 && (kind == files.KindDockerfile || kind == files.KindNixConf) {
			name = f.Name
		}
	}
	return texts, name
}

// repeated repeats the lines of a text up to a size; of a Dockerfile those behind the first FROM.
func repeated(name, text string, size int) string {
	head, body := "", strings.TrimSuffix(text, "\n")+"\n"
	if files.KindByPath(name) == files.KindDockerfile {
		for line := range strings.Lines(text) {
			head += line
			if strings.HasPrefix(strings.ToUpper(line), "FROM") {
				break
			}
		}
		if rest := strings.TrimPrefix(body, head); rest != "" && rest != body {
			body = rest
		} else {
			head = ""
		}
	}
	return head + strings.Repeat(body, size/len(body)+1)
}
