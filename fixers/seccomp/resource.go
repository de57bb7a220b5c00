package seccomp

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

// compareResources is Compare for a file with SeccompProfile resources: nothing but the profiles in it may change,
// and these are compared one by one as the JSON that reaches the API server.
func compareResources(before, after *source.File, fixes []fixers.Fix, targets decide.Targets) string {
	now, around, ok := seccomp.SplitResources(after)
	if !ok {
		return "the result cannot be read: it is broken, or has no SeccompProfile"
	}
	for _, f := range fixes {
		if fixers.Declares[fixers.Repair](f) {
			return ""
		}
	}
	old, was, ok := seccomp.SplitResources(before)
	switch {
	case !ok:
		return "the text before the fix cannot be read, so nothing can be compared"
	case len(old) != len(now):
		return fmt.Sprintf("the file has %d SeccompProfiles instead of %d", len(now), len(old))
	case !bytes.Equal(around, was):
		return "something else than the rules of a SeccompProfile changed"
	}
	declared := declarationOf(fixes)
	type pair struct{ from, to string }
	same := map[pair]bool{} // those that were compared: many resources of a file may hold one profile
	for n := range old {
		one := pair{string(old[n]), string(now[n])}
		if one.from == one.to || same[one] {
			continue
		}
		same[one] = true
		from, to := source.NewFile("profile.json", old[n]), source.NewFile("profile.json", now[n])
		if d := new(Memory).compareProfile(from, to, declared, targets); d != "" {
			return d
		}
	}
	return ""
}

// insertItem inserts a string before element i of a YAML list that has one element a line, or after the last. It
// reports false for another list.
func insertItem(p *seccomp.Profile, list []seccomp.String, i int, text string) ([]fixers.Edit, bool) {
	at := list[min(i, len(list)-1)].Span
	dash, ok := dashBefore(p.Source, at.Start)
	if !ok {
		return nil, false
	}
	if i < len(list) {
		line := p.Source.FullLine(p.Source.LineOf(at.Start))
		start := source.Span{Start: line.Start, End: line.Start}
		return []fixers.Edit{{File: p.Source, Span: start, Text: dash + item(text) + p.Source.NewlineAt(at.Start)}},
			true
	}
	line := p.Source.Line(p.Source.LineOf(at.End))
	if rest := strings.TrimLeft(p.Source.Text(source.Span{Start: at.End, End: line.End}), " \t"); rest != "" &&
		rest[0] != '#' {
		return nil, true
	}
	return []fixers.Edit{
		{
			File: p.Source, Span: source.Span{Start: line.End, End: line.End},
			Text: p.Source.NewlineAt(at.Start) + dash + item(text),
		},
	}, true
}

// insertYAMLRules is InsertRules for a YAML list with dashes. The names of the new rules stand between brackets where
// those of the rule beside them do.
func insertYAMLRules(p *seccomp.Profile, i int, rules []NewRule) []fixers.Edit {
	if len(p.Rules) == 0 {
		return nil
	}
	f := p.Source
	near := p.Rules[max(min(i, len(p.Rules))-1, 0)]
	dash, ok := dashBefore(f, near.Span.Start)
	if !ok {
		return nil
	}
	newline := f.NewlineAt(near.Span.Start)
	brackets := !near.NamesSpan.IsEmpty() && f.Bytes[near.NamesSpan.Start] == '['
	var text strings.Builder
	for _, r := range rules {
		text.WriteString(yamlRule(r, dash, newline, brackets))
	}
	if i < len(p.Rules) {
		start, ok := dashBefore(f, p.Rules[i].Span.Start)
		if !ok || start != dash {
			return nil
		}
		line := f.FullLine(f.LineOf(p.Rules[i].Span.Start))
		return []fixers.Edit{{File: f, Span: source.Span{Start: line.Start, End: line.Start}, Text: text.String()}}
	}
	line := f.Line(f.LineOf(near.Span.End))
	if rest := strings.TrimLeft(f.Text(source.Span{Start: near.Span.End, End: line.End}), " \t"); rest != "" &&
		rest[0] != '#' {
		return nil
	}
	return []fixers.Edit{
		{
			File: f, Span: source.Span{Start: line.End, End: line.End},
			Text: newline + strings.TrimSuffix(text.String(), newline),
		},
	}
}

// yamlRule returns a rule as an element of a list whose elements begin with dash, with the end of its last line.
func yamlRule(r NewRule, dash, newline string, brackets bool) string {
	pad := strings.Repeat(" ", len(dash))
	names := make([]string, len(r.Names))
	for n, name := range r.Names {
		names[n] = item(name)
	}
	lines := []string{dash + "names: [" + strings.Join(names, ", ") + "]"}
	if !brackets {
		lines[0] = dash + "names:"
		for _, name := range names {
			lines = append(lines, pad+"- "+name)
		}
	}
	lines = append(lines, pad+"action: "+item(r.Action))
	if r.Errno != 0 {
		lines = append(lines, fmt.Sprintf("%serrnoRet: %d", pad, r.Errno))
	}
	for n, a := range r.Args {
		if n == 0 {
			lines = append(lines, pad+"args:")
		}
		lines = append(lines, fmt.Sprintf("%s- index: %d", pad, a.Index), fmt.Sprintf("%s  value: %d", pad, a.Value))
		if a.Op == "SCMP_CMP_MASKED_EQ" {
			lines = append(lines, fmt.Sprintf("%s  valueTwo: %d", pad, a.ValueTwo))
		}
		lines = append(lines, pad+"  op: "+item(a.Op))
	}
	return strings.Join(lines, newline) + newline
}

// removeItems removes elements of a YAML list that has one element a line, with their lines. It reports false for
// another list. To remove all of them is no edit, since nothing would be left of the list.
func removeItems(f *source.File, spans []source.Span, drop []int) ([]fixers.Edit, bool) {
	for _, i := range drop {
		if _, ok := dashBefore(f, spans[i].Start); !ok {
			return nil, false
		}
	}
	if len(drop) >= len(spans) {
		return nil, true
	}
	var edits []fixers.Edit
	for _, i := range drop {
		first, last := f.FullLine(f.LineOf(spans[i].Start)), f.FullLine(f.LineOf(spans[i].End))
		rest := strings.TrimSpace(f.Text(source.Span{Start: spans[i].End, End: last.End}))
		// A comment, which may be about more than the element.
		if rest != "" || strings.Contains(f.Text(spans[i]), "#") {
			return nil, true
		}
		edits = append(edits, fixers.Edit{File: f, Span: source.Span{Start: first.Start, End: last.End}})
	}
	return edits, true
}

// removeLine removes a member of a YAML mapping that has a line of its own, given the span of its value. It returns
// nil for another one.
func removeLine(f *source.File, value source.Span) []fixers.Edit {
	line := f.FullLine(f.LineOf(value.Start))
	key := strings.TrimSpace(f.Text(source.Span{Start: line.Start, End: value.Start}))
	if value.IsEmpty() || value.End > line.End ||
		strings.TrimSpace(f.Text(source.Span{Start: value.End, End: line.End})) != "" || !strings.HasSuffix(key, ":") ||
		strings.ContainsAny(key, " \t{[,#") {
		return nil
	}
	return []fixers.Edit{{File: f, Span: line}}
}

// dashBefore returns the beginning of a line up to the element of a list that stands at an offset: blanks, a dash and
// blanks. It reports false where the line begins otherwise.
func dashBefore(f *source.File, at int) (string, bool) {
	line := f.Line(f.LineOf(at))
	before := f.Text(source.Span{Start: line.Start, End: at})
	rest := strings.TrimLeft(before, " ")
	return before, strings.HasPrefix(rest, "- ") && strings.TrimLeft(rest[1:], " ") == ""
}

// item returns a string as YAML: a name as it is, everything else between quotes.
func item(text string) string {
	for _, c := range []byte(text) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= '0' && c <= '9') {
			return quote(text)
		}
	}
	switch strings.ToLower(text) {
	case "", "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return quote(text)
	}
	if text[0] >= '0' && text[0] <= '9' {
		return quote(text)
	}
	return text
}
