package packs_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// TestMutatedNixConf mutates the texts of the nix rules' cases, and reports each fix of a nix rule that the proof then
// rejects: the proof hides it, but the rule that proposed it is wrong, so these must be few. Where the proof rejects a
// fix because of what it brings to light, the rule could not always know; such fixes are counted apart. SANDLINT_FUZZ
// is the number of texts, SANDLINT_SEED another beginning.
func TestMutatedNixConf(t *testing.T) {
	count, seed := 100, uint64(number("SANDLINT_SEED", 1))
	if heavytest.On() {
		count = number("SANDLINT_FUZZ", 2000)
	}
	texts := nixTexts(t)
	l := newLinter(t)
	fixes, rejected, revealing := 0, 0, map[string]int{}
	for i := range count {
		g := rand.New(rand.NewPCG(seed, uint64(i)))
		text := mutated(g, texts)
		ws := l.load(t, "x/nix.conf", text)
		checked := rules.Check(ws, l.set, rules.CheckOptions{Fixes: true})
		for _, f := range checked.Findings {
			fixes += len(f.Fixes)
		}
		for _, r := range checked.Rejected {
			if r.Rule != nil && strings.Contains(r.Reason, "a new finding has come") {
				revealing[r.Rule.ID]++
				if os.Getenv("SANDLINT_VERBOSE") != "" {
					t.Logf("text %d: %s: %q is rejected: %s\n  %q", i, r.Rule.ID, r.Title, r.Reason, text)
				}
			} else if r.Rule != nil && strings.HasPrefix(r.Rule.ID, "nix/") {
				rejected++
				t.Logf("text %d: %s: %q is rejected: %s\n  %q", i, r.Rule.ID, r.Title, r.Reason, text)
			}
		}
	}
	all := 0
	for _, n := range revealing {
		all += n
	}
	t.Logf("%d texts, %d fixes, %d rejected, %d for what they bring to light: %v", count, fixes, rejected, all,
		revealing)
	if rejected*200 > fixes {
		t.Errorf("more than one fix in 200 is rejected")
	}
	if all*20 > fixes {
		t.Errorf("more than a twentieth of the fixes is rejected for what they bring to light")
	}
}

// number returns the number in a variable of the environment, or another one.
func number(variable string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return n
	}
	return otherwise
}

// nixTexts returns the nix.conf files of the cases of all rules.
func nixTexts(t *testing.T) [][]byte {
	var texts [][]byte
	for _, p := range packs.All() {
		if p.Name == "sandlint" { // its cases are about comments
			continue
		}
		for _, r := range p.Rules {
			page, err := p.Page(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Cases {
				for _, f := range c.Files {
					if path.Base(f.Name) == "nix.conf" && len(f.Data) < 1000 {
						texts = append(texts, f.Data)
					}
				}
			}
		}
	}
	return texts
}

// mutated returns one of the texts after a few random changes: lines are repeated, moved, deleted, joined or taken from
// another text, and bytes are inserted or deleted.
func mutated(g *rand.Rand, texts [][]byte) []byte {
	pick := func() []byte { return texts[g.IntN(len(texts))] }
	lines := bytes.SplitAfter(slices.Clone(pick()), []byte("\n"))
	for range 1 + g.IntN(4) {
		n := g.IntN(len(lines))
		switch g.IntN(9) {
		case 0, 1:
			lines = slices.Insert(lines, g.IntN(len(lines)+1), lines[n])
		case 2:
			lines = slices.Delete(lines, n, n+1)
		case 3:
			m := g.IntN(len(lines))
			lines[n], lines[m] = lines[m], lines[n]
		case 4, 5:
			other := bytes.SplitAfter(pick(), []byte("\n"))
			lines = slices.Insert(lines, n, other[g.IntN(len(other))])
		case 6:
			lines[n] = bytes.TrimRight(lines[n], "\n")
		case 7:
			if at := g.IntN(len(lines[n]) + 1); at < len(lines[n]) {
				lines[n] = slices.Delete(slices.Clone(lines[n]), at, at+1)
			}
		case 8:
			at := g.IntN(len(lines[n]) + 1)
			odd := []string{" ", "=", "#", ",", "\"", "extra-", ";", "\\n", "\t", "'", "!", "a", "1", "\r",
				"\u00a0", "$X"}
			lines[n] = slices.Concat(lines[n][:at], []byte(odd[g.IntN(len(odd))]), lines[n][at:])
		}
		if len(lines) == 0 {
			lines = [][]byte{[]byte(fmt.Sprintln("cores = 1"))}
		}
	}
	return bytes.Join(lines, nil)
}
