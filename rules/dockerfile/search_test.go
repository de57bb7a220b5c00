package dockerfile

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
)

// TestReferences compares what random texts refer to with a search of each text.
func TestReferences(t *testing.T) {
	found, not := 0, 0
	for seed := range uint64(heavytest.Times(1500)) {
		r := rand.New(rand.NewPCG(seed, 17))
		word := func(most int) string {
			var out strings.Builder
			for range 1 + r.IntN(most) {
				out.WriteString([]string{"a", "b", "$", "{", "${", "}", "\n"}[r.IntN(7)])
			}
			return out.String()
		}
		text := word(60)
		if r.IntN(3) == 0 { // names about as long as what is kept of each place
			text += "$" + []string{"", "{"}[r.IntN(2)] + strings.Repeat("a", maxReference-3+r.IntN(6)) + word(3)
		}
		referred := referencesIn(text)
		for range 20 {
			name := word(4)
			if r.IntN(4) == 0 {
				name = strings.Repeat("a", maxReference-3+r.IntN(6))
			}
			want := refersTo(text, name)
			if got := referred.to(name); got != want {
				t.Fatalf("seed %d: %q refers to %q: %v", seed, text, name, got)
			}
			if want {
				found++
			} else {
				not++
			}
		}
	}
	if found < 500 || not < 500 {
		t.Errorf("only %d names were found, and %d not", found, not)
	}
}

// noFiles is an empty build context.
type noFiles struct{}

func (noFiles) Read(string) (*source.File, error)             { return nil, fs.ErrNotExist }
func (noFiles) IsDir(string) bool                             { return false }
func (noFiles) Target(*image.Image) bool                      { return false }
func (noFiles) Platforms(*image.Image) []image.Platform       { return nil }
func (noFiles) TargetPlatforms(*image.Image) []image.Platform { return nil }

// names reports whether an instruction names a variable as one that it sets.
func names(i *dockerfile.Instruction, variable string) bool {
	return (i.Name == "ARG" || i.Name == "ENV") &&
		slices.ContainsFunc(i.Pairs, func(p dockerfile.Pair) bool { return p.Key.Text == variable })
}

// TestSetters compares which instructions of random files set a variable with a look at all instructions.
func TestSetters(t *testing.T) {
	variables := []string{"A", "B", "AB", "A_1"}
	global, inStages, below, changed := 0, 0, 0, 0
	for seed := range uint64(heavytest.Times(500)) {
		r := rand.New(rand.NewPCG(seed, 17))
		name := func() string { return variables[r.IntN(len(variables))] }
		var text strings.Builder
		for range r.IntN(3) {
			fmt.Fprintf(&text, "ARG %s=x\n", name())
		}
		for range 1 + r.IntN(3) {
			text.WriteString("FROM debian\n")
			for range r.IntN(5) {
				what := []string{"ARG %s\n", "ENV %s=x\n", "ARG C %s=y\n", "ONBUILD ENV %s=x\n", "RUN $%s\n"}[r.IntN(5)]
				fmt.Fprintf(&text, what, name())
			}
		}
		d := image.New(dockerfile.Parse(source.NewFile("Dockerfile", []byte(text.String()))), noFiles{})
		declared := declaredInStages(d)
		for _, variable := range variables {
			var first, of *dockerfile.Instruction
			for _, i := range d.Instructions {
				if i.Stage == nil && i.Name == "ARG" && names(i, variable) && first == nil {
					first = i
				}
			}
			for _, s := range d.Steps("ARG", "ENV") {
				if s.Image != nil && names(s.Instruction, variable) && of == nil {
					of = s.Instruction
				}
			}
			if globalArg(d, variable) != first || declared[variable] != of {
				t.Fatalf("seed %d: %s is declared by %v and %v in\n%s", seed, variable, globalArg(d, variable),
					declared[variable], text.String())
			}
			global, inStages = global+one(first != nil), inStages+one(of != nil)
			for _, s := range d.Steps("FROM", "ARG", "ENV", "RUN") {
				if s.Image == nil {
					continue
				}
				line := 0
				for _, i := range s.Image.Stage.Instructions {
					if i.Index > s.Index && names(i, variable) && line == 0 {
						line = d.Source.LineOf(i.Keyword.Start)
					}
				}
				use := unsetUse{step: s, name: variable}
				if got := use.later(); got != line {
					t.Fatalf("seed %d: below line %d of\n%s%s is set in line %d, want %d", seed,
						d.Source.LineOf(s.Span.Start), text.String(), variable, got, line)
				}
				below += one(line > 0)
				word := []string{"$", "${", ""}[r.IntN(3)] + name() +
					[]string{"", "}", "B", "_1", "-x", "/$A"}[r.IntN(6)]
				want := slices.ContainsFunc(s.Variables(), func(name string) bool {
					v, _ := s.Lookup(name)
					return v.Overridable && refersTo(word, name)
				})
				if got := overridable(s, word); got != want {
					t.Fatalf("seed %d: %q is overridable in line %d of\n%s: %v", seed, word,
						d.Source.LineOf(s.Span.Start), text.String(), got)
				}
				changed += one(want)
			}
		}
	}
	if min(global, inStages, below, changed) < 30 {
		t.Errorf("only %d, %d, %d and %d were found", global, inStages, below, changed)
	}
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}
