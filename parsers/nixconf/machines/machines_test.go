package machines

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/nixconf"
)

// verdict says what a release makes of a list: the column that it refuses, in the first machine that has one.
func verdict(text string, d nixconf.Distribution, v nixconf.Version) string {
	for _, e := range Parse(text, 0) {
		if !e.Sees(d, v) {
			continue
		}
		if n, what := e.Check(d, v); n >= 0 {
			return fmt.Sprintf("%d: %s", n, what)
		}
	}
	return ""
}

// TestCheck has what builds with Nix 2.8.0, 2.26.3 and 2.34.8 said.
func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		text         string
		v8, v26, v34 string // the beginning of the verdict
	}{
		{"ssh://b aarch64-linux - ten", "3", "3", "3"},
		{"ssh://b aarch64-linux - 1 1.5", "4", "", ""},
		{"ssh://b aarch64-linux - 1 -1", "4", "4", "4"},
		{"ssh://b aarch64-linux - 1 inf", "4", "", ""},
		{"ssh://b aarch64-linux - +1 1 - - -", "", "", ""},
		{"ssh://b aarch64-linux - 1 1 kvm, big-parallel, bench-x", "7", "7", "7"},
		{"ssh://b aarch64-linux - 1 1 kvm, big-parallel, bench", "", "", ""},
		{"ssh://b aarch64-linux ; ; ssh://c aarch64-linux", "0", "0", ""},
		{"ssh://b aarch64-linux;;ssh://c aarch64-linux;", "", "", ""},
		{"ssh://b aarch64-linux ; @/nonexistent", "", "", ""},
		{"@/nonexistent x", "", "", ""},
		{"- aarch64-linux", "0", "0", "0"},
		{"ssh://b aarch64-linux - 1 1 - - AAAA=x!", "", "", ""},
		{"   # comment\nssh://b aarch64-linux\n", "0", "0", ""},
		{"# a; b c d e\n", "3", "3", ""},
		{"# a; # d\n\nssh://b\n", "0", "0", ""},
		{"", "", "", ""},
	} {
		for _, r := range []struct {
			version nixconf.Version
			want    string
		}{
			{nixconf.Version{Major: 2, Minor: 8}, tt.v8},
			{nixconf.Version{Major: 2, Minor: 26, Patch: 3}, tt.v26},
			{nixconf.Version{Major: 2, Minor: 34, Patch: 8}, tt.v34},
		} {
			got := verdict(tt.text, nixconf.Nix, r.version)
			if !strings.HasPrefix(got, r.want) || got != "" && r.want == "" {
				t.Errorf("%q in %s: %q, want %q", tt.text, r.version, got, r.want)
			}
		}
	}
}

func TestParse(t *testing.T) {
	const text = "ssh://a x86_64-linux;  @ /etc/m  # c\n\tssh://b\r\n"
	var got []string
	for _, e := range Parse(text, 100) {
		s := text[e.Span.Start-100 : e.Span.End-100]
		if e.File.Text != "" {
			s = "file " + text[e.File.Span.Start-100:e.File.Span.End-100]
		}
		got = append(got, fmt.Sprintf("%s old=%v new=%v columns=%d", s, e.Old, e.New, len(e.Columns)))
	}
	want := []string{
		"ssh://a x86_64-linux old=false new=false columns=2",
		"file /etc/m old=false new=true columns=0",
		"@ /etc/m old=true new=false columns=2",
		"ssh://b old=false new=false columns=1",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func FuzzParse(f *testing.F) {
	f.Add("ssh://a x86_64-linux - 1 1 kvm - - ; @/etc/nix/machines # x")
	f.Fuzz(func(t *testing.T, text string) {
		for _, e := range Parse(text, 0) {
			if e.Span.Start < 0 || e.Span.End < e.Span.Start || e.Span.End > len(text) {
				t.Fatalf("%q: span %v", text, e.Span)
			}
			for _, w := range e.Columns {
				if text[w.Span.Start:w.Span.End] != w.Text || w.Span.Start < e.Span.Start || w.Span.End > e.Span.End {
					t.Fatalf("%q: word %v", text, w)
				}
			}
			e.Check(nixconf.Nix, nixconf.Head())
		}
	})
}
