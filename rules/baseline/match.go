package baseline

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// Matcher says which findings a baseline accepts. It may be used by several goroutines.
type Matcher struct {
	baseline *Baseline
	path     func(shown string) string
	names    map[string]string // the ids of rules, by their other names

	groups map[key][]int   // the entries that differ in their line alone
	paths  map[string]bool // those of entries
	again  []bool          // entries that repeat another one
	copies map[int][]int   // the ones that repeat an entry
	counts []int           // what each entry accepts
}

// key is what a finding and the entry that accepts it have in common.
type key struct{ text, rule, path string }

// Matcher returns what matches findings with the entries. path returns what the baseline calls the file that findings
// have under a path, "" for one whose findings it does not accept; the other names of the rules in packs count too.
func (b *Baseline) Matcher(path func(shown string) string, packs []rules.Pack) *Matcher {
	m := &Matcher{
		baseline: b, path: path, names: map[string]string{}, groups: map[key][]int{}, paths: map[string]bool{},
		again: make([]bool, len(b.Entries)), counts: make([]int, len(b.Entries)), copies: map[int][]int{},
	}
	for _, p := range packs {
		for _, r := range p.Rules {
			for _, alias := range r.Aliases {
				m.names[alias] = r.ID
			}
		}
	}
	first := map[Entry]int{} // without what two equal entries may differ in
	for n, e := range b.Entries {
		m.paths[e.Path] = true
		same := Entry{Text: e.Text, Line: e.Line, Rule: e.Rule, Path: e.Path}
		if at, ok := first[same]; ok { // of two branches; none of them saw the sum
			m.again[n] = true
			m.copies[at] = append(m.copies[at], n)
			m.counts[at] = max(m.counts[at], e.Count)
			continue
		}
		first[same] = n
		m.counts[n] = e.Count
		k := key{e.Text, m.rule(e.Rule), e.Path}
		m.groups[k] = append(m.groups[k], n)
	}
	return m
}

func (m *Matcher) rule(name string) string {
	if id, ok := m.names[name]; ok {
		return id
	}
	return name
}

// Match returns for each finding the index of the entry that accepts it, -1 where none does, and how many findings each
// entry accepts. Findings are in the order of a Result.
func (m *Matcher) Match(findings []rules.Finding) (by, used []int) {
	by, used = make([]int, len(findings)), make([]int, len(m.baseline.Entries))
	groups := map[key][]int{} // of findings
	var order []key
	lines := make([]string, len(findings))
	for n := range findings {
		by[n] = -1
		f := &findings[n]
		path := m.path(f.File.Path)
		if !m.paths[path] {
			continue
		}
		e := EntryOf(f, path)
		k := key{e.Text, e.Rule, e.Path}
		if m.groups[k] == nil {
			continue
		}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k], lines[n] = append(groups[k], n), e.Line
	}
	for _, k := range order {
		m.group(groups[k], m.groups[k], lines, by, used)
	}
	return by, used
}

// group matches findings with the entries of the same key: those with the same line first.
func (m *Matcher) group(findings, entries []int, lines []string, by, used []int) {
	at := map[string]int{}
	for _, n := range entries {
		at[m.baseline.Entries[n].Line] = n
	}
	var left []int
	for _, n := range findings {
		if e, ok := at[lines[n]]; ok && used[e] < m.counts[e] {
			by[n] = e
			used[e]++
		} else {
			left = append(left, n)
		}
	}
	for _, e := range entries {
		for len(left) > 0 && used[e] < m.counts[e] {
			by[left[0]] = e
			used[e]++
			left = left[1:]
		}
	}
}

// The kinds of suppression of findings that were there before.
const (
	// KindBaseline is an entry of a baseline, and KindSince an earlier state of the files that has the finding too.
	KindBaseline = "baseline"
	KindSince    = "since"
)

// Suppression returns what suppresses the findings that an entry accepts.
func (b *Baseline) Suppression(entry int) *rules.Suppression {
	return &rules.Suppression{Kind: KindBaseline, File: b.Source, Span: b.Entries[entry].Span}
}

// Stale is an entry that accepts fewer findings than it says.
type Stale struct {
	Entry
	// Left is how many findings there are, less than Count.
	Left int

	copies []source.Span // the lines that repeat the entry
}

// Stale returns the entries that accept fewer findings than they say, in the order of the file; judged reports whether
// the run would have found what an entry accepts. used is what Match returns.
func (m *Matcher) Stale(used []int, judged func(*Entry) bool) []Stale {
	var out []Stale
	for n := range m.baseline.Entries {
		e := m.baseline.Entries[n]
		e.Count = m.counts[n]
		if !m.again[n] && used[n] < e.Count && judged(&e) {
			s := Stale{Entry: e, Left: used[n]}
			for _, c := range m.copies[n] {
				s.copies = append(s.copies, m.baseline.Entries[c].Span)
			}
			out = append(out, s)
		}
	}
	return out
}

// Finding returns the finding of rule about a stale entry, with its fix.
func (b *Baseline) Finding(s *Stale, rule *rules.Rule, severity rules.Severity) rules.Finding {
	f := rules.Finding{Rule: rule, Severity: severity, File: b.Source, Span: s.Span, Baseline: rules.BaselineNew}
	fix := fixers.Fix{Safety: fixers.Safe, Edits: b.edits(s)}
	what := fmt.Sprintf("%q in %q", s.Rule, s.Path)
	if s.Left == 0 {
		f.Message = fmt.Sprintf("the entry for %s accepts nothing any more", what)
		fix.Title = "Remove the entry"
	} else {
		f.Message = fmt.Sprintf("the entry for %s accepts %d findings, of which %d is left", what, s.Count, s.Left)
		if s.Left > 1 {
			f.Message = fmt.Sprintf("the entry for %s accepts %d findings, of which %d are left", what, s.Count, s.Left)
		}
		fix.Title = fmt.Sprintf("Lower its number to %d", s.Left)
	}
	f.Fixes = []fixers.Fix{fix}
	return f
}

// edits remove a stale entry, or lower its number.
func (b *Baseline) edits(s *Stale) []fixers.Edit {
	remove := func(line source.Span) fixers.Edit {
		return fixers.Edit{File: b.Source, Span: b.Source.FullLine(b.Source.LineOf(line.Start))}
	}
	out := []fixers.Edit{remove(s.Span)}
	if s.Left > 0 {
		out[0] = fixers.Edit{File: b.Source, Span: s.count, Text: strconv.Itoa(s.Left)}
	}
	for _, line := range s.copies {
		out = append(out, remove(line))
	}
	return out
}

// Prune returns the text of the file without what is stale; all other lines stay as they are.
func (b *Baseline) Prune(stale []Stale) []byte {
	var edits []fixers.Edit
	for n := range stale {
		edits = append(edits, b.edits(&stale[n])...)
	}
	var out strings.Builder
	at := 0
	slices.SortFunc(edits, func(x, y fixers.Edit) int { return x.Span.Start - y.Span.Start })
	for _, e := range edits {
		out.Write(b.Source.Bytes[at:e.Span.Start])
		out.WriteString(e.Text)
		at = e.Span.End
	}
	out.Write(b.Source.Bytes[at:])
	return []byte(out.String())
}

// Covers reports whether a file, as entries spell it, is one of some files or lies in one of some folders.
func Covers(paths []string, path string) bool {
	return slices.ContainsFunc(paths, func(p string) bool {
		return p == "." || p == path || strings.HasPrefix(path, strings.TrimSuffix(p, "/")+"/")
	})
}
