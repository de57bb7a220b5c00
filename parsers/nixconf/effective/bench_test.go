package effective

import (
	"os"
	"testing"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

func BenchmarkMerge(b *testing.B) {
	sample, err := os.ReadFile("../testdata/sample.conf")
	if err != nil {
		b.Fatal(err)
	}
	f := nixconf.Parse(source.WholeFile(source.NewFile("nix.conf", sample)))
	v := nixconf.Version{Major: 2, Minor: 34}
	b.ReportAllocs()
	for b.Loop() {
		Merge([]Source{{File: f}}, nixconf.Nix, v)
	}
}
