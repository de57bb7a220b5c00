package nixconf

import (
	_ "embed"
	"fmt"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
)

// sample is a nix.conf of 40 lines.
//
//go:embed testdata/sample.conf
var sample string

func sampleFragment() *source.Fragment {
	return source.WholeFile(source.NewFile("nix.conf", []byte(sample)))
}

func BenchmarkParse(b *testing.B) {
	fr := sampleFragment()
	b.SetBytes(int64(len(sample)))
	b.ReportAllocs()
	for b.Loop() {
		Parse(fr)
	}
}

func BenchmarkParseLarge(b *testing.B) {
	text := strings.Repeat(sample, 5000)
	fr := source.WholeFile(source.NewFile("nix.conf", []byte(text)))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		Parse(fr)
	}
}

func BenchmarkParseForeign(b *testing.B) {
	var text strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&text, "[section%d]\nName_%d=value with words\nexport X%d=y\n", i, i, i)
	}
	fr := source.WholeFile(source.NewFile("nix.conf", []byte(text.String())))
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		Parse(fr)
	}
}

func BenchmarkKnown(b *testing.B) {
	f := Parse(sampleFragment())
	ts := DefaultTargets()
	b.ReportAllocs()
	for b.Loop() {
		for _, e := range f.Entries {
			Known(e.Name.Text, ts)
		}
	}
}

func BenchmarkNearest(b *testing.B) {
	ts := DefaultTargets()
	b.ReportAllocs()
	for b.Loop() {
		Nearest("extra-substituter", ts)
	}
}

func BenchmarkCheckValue(b *testing.B) {
	f := Parse(sampleFragment())
	v := Version{2, 34, 0}
	b.ReportAllocs()
	for b.Loop() {
		for _, e := range f.Entries {
			if facts, ok := Lookup(Nix, v, e.Name.Text); ok {
				CheckValue(facts, v, Nix, e.Value, e.Words)
			}
		}
	}
}

func BenchmarkCheckValueFor(b *testing.B) {
	f := Parse(sampleFragment())
	ts := DefaultTargets()
	b.ReportAllocs()
	for b.Loop() {
		for _, e := range f.Entries {
			CheckValueFor(ts, e.Name.Text, e.Value, e.Words)
		}
	}
}
