package nix

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// TestWithoutSetting compares random texts without the assignments of a group with what an expression leaves of them.
func TestWithoutSetting(t *testing.T) {
	assignment := regexp.MustCompile(`build-users-group = [a-z-]*`)
	changed := 0
	for seed := range uint64(heavytest.Times(1500)) {
		r := rand.New(rand.NewPCG(seed, 17))
		var text strings.Builder
		for range r.IntN(12) {
			parts := []string{"build-users-group = ", "build-users-group", " = ", "nixbld", "-", "\n", "X"}
			text.WriteString(parts[r.IntN(len(parts))])
		}
		before := text.String()
		want := assignment.ReplaceAllString(before, "")
		if got := string(withoutSetting([]byte(before))); got != want {
			t.Fatalf("%q: %q, want %q", before, got, want)
		}
		names := groupNames{text: withoutSetting([]byte(before)), in: map[string]bool{}}
		for range 2 { // the second time, it is known
			for _, group := range []string{"nixbld", "X", "-n", "build"} {
				named := strings.Contains(want, group)
				if got := names.names(group); got != named {
					t.Fatalf("%q names %s: %v", want, group, got)
				}
			}
		}
		if want != before {
			changed++
		}
	}
	if changed < 20 {
		t.Errorf("only %d texts had an assignment", changed)
	}
}

// TestURLs compares which URLs the words of random entries have with a look at each word.
func TestURLs(t *testing.T) {
	found, not := 0, 0
	for seed := range uint64(heavytest.Times(1000)) {
		r := rand.New(rand.NewPCG(seed, 17))
		url := func() string { return "https://" + []string{"a", "b", "a/b"}[r.IntN(3)] }
		var text strings.Builder
		text.WriteString("substituters =")
		for range r.IntN(5) {
			text.WriteString(" " + url() + []string{"", "/", "//", "?a=b", "/?a=/"}[r.IntN(5)])
		}
		f := nixconf.Parse(source.WholeFile(source.NewFile("nix.conf", []byte(text.String()+"\n"))))
		listed := urlsOf(f.Entries[0])
		asked := url()
		want := slices.ContainsFunc(f.Entries[0].Words, func(w nixconf.Word) bool {
			url, _, _ := strings.Cut(w.Text, "?")
			return strings.TrimRight(url, "/") == asked
		})
		if listed[asked] != want {
			t.Fatalf("%q has %s: %v", text.String(), asked, listed[asked])
		}
		if want {
			found++
		} else {
			not++
		}
	}
	if found < 20 || not < 20 {
		t.Errorf("only %d URLs were found, and %d not", found, not)
	}
}
