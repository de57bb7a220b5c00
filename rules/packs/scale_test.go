package packs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// shapes are Dockerfiles in which one thing is there n times: the costs that may grow faster than a file.
var shapes = []struct{ name, begin, each, end string }{
	{"variables", "FROM debian:12\n", "ENV A{{n}}=b\n", ""},
	{"folders", "FROM debian:12\n", "WORKDIR b\n", "RUN true\n"},
	{"copies", "FROM debian:12\n", "COPY nix.conf /etc/nix/\n", "RUN true\n"},
	{"stages", "FROM debian:12 AS s\n", "FROM s AS s{{n}}\nRUN true\n", ""},
	{"triggers", "FROM debian:12 AS s\n", "ONBUILD RUN true\n", "FROM s\n"},
	{"commands", "FROM debian:12\nRUN true", " && cd b && pushd c && V{{n}}=1", "\n"},
	{"functions", "FROM debian:12\nRUN <<E\n", "f{{n}}() { true; }; f{{n}}\n", "E\n"},
	{"writes", "FROM nixos/nix\n", "RUN echo cores = 3 >> /etc/nix/nix.conf\n", "RUN nix build x\n"},
	{"pieces", "FROM nixos/nix\n", "RUN printf 'cores = 3' >> /etc/nix/nix.conf\n", "RUN nix build x\n"},
	{"builds", "FROM nixos/nix\n", "RUN nix build --option cores 3 x\n", "RUN echo cores = 3 >> /etc/nix/nix.conf\n"},
	{"environment", "FROM nixos/nix\n", "ENV NIX_CONFIG='cores = {{n}}'\nRUN nix build x\n", ""},
	{"chain", "FROM nixos/nix AS s0\n", "FROM s{{n}} AS s{{next}}\nRUN echo cores = 3 >> /etc/nix/nix.conf\n", ""},
	{"pairs", "FROM nixos/nix\n", "RUN echo cores = {{n}} >> /etc/nix/nix.conf\nRUN nix-build x.nix\n", ""},
	{"late", "FROM nixos/nix\n", "RUN nix-build x.nix\nRUN echo filter-syscalls = false >> /etc/nix/nix.conf\n", ""},
	{"late stages", "FROM nixos/nix AS s0\n",
		"FROM s{{n}} AS s{{next}}\nRUN nix-build x.nix\nRUN echo filter-syscalls = false >> /etc/nix/nix.conf\n", ""},
	{"users", "FROM nixos/nix\n",
		"RUN echo cores = 1 >> /root/.config/nix/nix.conf\nRUN nix-build x.nix\n", ""},
	{"by turns", "FROM nixos/nix\n", "RUN echo cores = 1 >> /root/.config/nix/nix.conf\n" +
		"RUN echo cores = 2 >> /etc/nix/nix.conf\nRUN nix-build x.nix\n", ""},
	{"doubtful", "FROM nixos/nix\n", "RUN test -e x && echo cores = 1 >> /etc/nix/nix.conf\nRUN nix build x\n", ""},
	{"extended", "FROM nixos/nix\n",
		"RUN echo extra-substituters = https://{{n}} >> /etc/nix/nix.conf\nRUN nix-build x.nix\n", ""},
}

// BenchmarkShapes checks each shape at four sizes. The time for each thing must not grow with their number.
func BenchmarkShapes(b *testing.B) {
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		b.Fatal(err)
	}
	for _, shape := range shapes {
		for _, n := range []int{10, 100, 1000, 10000} {
			var text strings.Builder
			text.WriteString(shape.begin)
			for i := range n {
				text.WriteString(strings.NewReplacer(
					"{{n}}", fmt.Sprint(i), "{{next}}", fmt.Sprint(i+1)).Replace(shape.each))
			}
			text.WriteString(shape.end)
			tree := files.Memory(map[string][]byte{
				"/project/Dockerfile": []byte(text.String()), "/project/nix.conf": []byte("cores = 3\n"),
			})
			b.Run(fmt.Sprintf("%s/%d", shape.name, n), func(b *testing.B) {
				for b.Loop() {
					ws, err := rules.Load(workspace.Options{Dir: "/project", Files: tree})
					if err != nil {
						b.Fatal(err)
					}
					rules.Check(ws, set, rules.CheckOptions{})
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/each")
			})
		}
	}
}
