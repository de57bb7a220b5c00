package seccomp

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

// AddStrings adds strings to an array, in the layout of the others: each at its place where the array is sorted, by
// bytes or without regard to underscores as in Docker's own profile, else after the last. Where the lines hold
// several, a string is added to the end of one. Strings that the array has already are left out. It returns nil for
// an empty array.
func AddStrings(p *seccomp.Profile, list []seccomp.String, texts ...string) []fixers.Edit {
	if len(list) == 0 {
		return nil
	}
	texts = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(texts))), func(text string) bool {
		return slices.ContainsFunc(list, func(s seccomp.String) bool { return s.Text == text })
	})
	key, sorted := order(list)
	if sorted {
		slices.SortStableFunc(texts, func(a, b string) int { return strings.Compare(key(a), key(b)) })
	}
	var edits []fixers.Edit
	for _, text := range texts {
		i := len(list)
		if sorted {
			i = place(list, key, text)
		}
		edit := addString(p, list, i, text)
		if n := len(edits); n > 0 && edits[n-1].Span == edit.Span {
			edits[n-1].Text += edit.Text
		} else {
			edits = append(edits, edit)
		}
	}
	return edits
}

// order returns how an array is sorted, and whether it is: one element of twenty may be out of place.
func order(list []seccomp.String) (key func(string) string, sorted bool) {
	for _, key := range []func(string) string{
		func(s string) string { return s },
		func(s string) string { return strings.ReplaceAll(s, "_", "") },
	} {
		wrong := 0
		for i := 1; i < len(list); i++ {
			if key(list[i].Text) < key(list[i-1].Text) {
				wrong++
			}
		}
		if len(list) > 1 && wrong <= len(list)/20 {
			return key, true
		}
	}
	return nil, false
}

// place returns the index before which a text belongs in a sorted array. An element that is out of place among those
// that follow it does not count.
func place(list []seccomp.String, key func(string) string, text string) int {
	after := func(i int) bool { return i >= len(list) || key(list[i].Text) > key(text) }
	for i := range list {
		if after(i) && after(i+1) {
			return i
		}
	}
	return len(list)
}

func addString(p *seccomp.Profile, list []seccomp.String, i int, text string) fixers.Edit {
	if p.Dialect == seccomp.SPO {
		return InsertString(p, list, i, text)[0]
	}
	_, listed := indentation(p.Source, list[0].Span.Start)
	gap := ""
	for n := 1; n < len(list); n++ {
		between := source.Span{Start: list[n-1].Span.End, End: list[n].Span.Start}
		if t := p.Source.Text(between); onlyComma(p.Source, between) && !strings.Contains(t, "\n") {
			listed = false
			gap = t
			break
		}
	}
	if listed {
		return InsertString(p, list, i, text)[0]
	}
	if gap == "" {
		gap = commaOf(p)
	}
	if i == 0 {
		start := list[0].Span.Start
		return fixers.Edit{File: p.Source, Span: source.Span{Start: start, End: start}, Text: quote(text) + gap}
	}
	end := list[i-1].Span.End
	return fixers.Edit{File: p.Source, Span: source.Span{Start: end, End: end}, Text: gap + quote(text)}
}

// NewRule is a rule to insert.
type NewRule struct {
	Names  []string
	Action string
	// Errno is the number of errnoRet, which is left out where it is 0.
	Errno uint16
	Args  []NewArg
	// ExcludesCaps are Docker's excludes.caps.
	ExcludesCaps []string
	// Includes and Excludes are the rest of what Docker's fields ask for.
	Includes, Excludes NewScope
}

// NewScope is what the includes or the excludes of a NewRule ask for.
type NewScope struct {
	Caps, Arches []string
	MinKernel    string
}

// NewArg is an argument condition of a NewRule.
type NewArg struct {
	Index    int
	Value    uint64
	ValueTwo uint64 // written for SCMP_CMP_MASKED_EQ only
	Op       string
}

// InsertRules inserts rules into the syscalls array, before element i of p.Rules or after the last for their number,
// laid out like the rule beside them: on one line or several, with its indentation and spaces. It returns nil where
// the profile has no syscalls array, or one with something in it that is not a rule.
func InsertRules(p *seccomp.Profile, i int, rules ...NewRule) []fixers.Edit {
	if p.SyscallsSpan.IsEmpty() || len(rules) == 0 {
		return nil
	}
	f := p.Source
	if f.Bytes[p.SyscallsSpan.Start] != '[' { // YAML
		return insertYAMLRules(p, i, rules)
	}
	if len(p.Rules) == 0 {
		inside := source.Span{Start: p.SyscallsSpan.Start + 1, End: p.SyscallsSpan.End - 1}
		if strings.TrimSpace(f.Text(inside)) != "" {
			return nil
		}
		l := layout{newline: f.NewlineAt(inside.Start), colon: colonOf(p), comma: commaOf(p)}
		line := f.FullLine(f.LineOf(inside.Start))
		text := f.Text(line)
		base := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
		if base == "" { // a profile on one line
			return []fixers.Edit{{File: f, Span: inside, Text: l.join(rules, l.comma)}}
		}
		unit := base
		if strings.Trim(base, " ") == "" && len(base) > 4 {
			unit = base[:len(base)/2]
		}
		gap := l.newline + base + unit
		return []fixers.Edit{{File: f, Span: inside, Text: gap + l.join(rules, ","+gap) + l.newline + base}}
	}
	near := p.Rules[max(min(i, len(p.Rules))-1, 0)]
	l := layoutOf(p, near)
	gap := l.comma
	if indent, begins := indentation(f, near.Span.Start); begins {
		gap = "," + l.newline + indent
	} else if len(p.Rules) > 1 {
		between := source.Span{Start: p.Rules[0].Span.End, End: p.Rules[1].Span.Start}
		if onlyComma(f, between) {
			gap = f.Text(between)
		}
	}
	if i >= len(p.Rules) {
		end := p.Rules[len(p.Rules)-1].Span.End
		return []fixers.Edit{{File: f, Span: source.Span{Start: end, End: end}, Text: gap + l.join(rules, gap)}}
	}
	start := p.Rules[i].Span.Start
	return []fixers.Edit{{File: f, Span: source.Span{Start: start, End: start}, Text: l.join(rules, gap) + gap}}
}

// insertSyscalls gives a profile that has no syscalls array one with rules, behind the default action.
func insertSyscalls(p *seccomp.Profile, rules []NewRule) []fixers.Edit {
	l := layout{newline: p.Source.NewlineAt(p.DefaultAction.Span.Start), colon: colonOf(p), comma: commaOf(p)}
	key, ok := FieldKey(p, p.DefaultAction.Span)
	if !ok {
		return nil
	}
	text := "[" + l.join(rules, l.comma) + "]"
	if indent, begins := indentation(p.Source, key.Start); begins {
		gap := l.newline + indent
		deeper := gap + indent
		if strings.Trim(indent, " ") == "" && len(indent) > 4 {
			deeper = gap + indent[:len(indent)/2]
		}
		text = "[" + deeper + l.join(rules, ","+deeper) + gap + "]"
	}
	return InsertField(p, p.DefaultAction.Span, "syscalls", text)
}

// layout is how a rule is written.
type layout struct {
	newline string
	colon   string // ": " or ":"
	comma   string // ", " or ","
	// inner is the indentation of the members of a rule, and unit what one more level adds; inner is "" for a rule on
	// one line.
	inner, unit string
	// listed says that each name is on a line of its own.
	listed bool
}

func colonOf(p *seccomp.Profile) string {
	text := p.Source.Bytes
	if at := p.DefaultAction.Span.Start; at > 0 && text[at-1] == ':' {
		return ":"
	}
	return ": "
}

// commaOf returns how the elements of one line are parted where there are not two yet: with a blank, but for a
// profile that has none at all.
func commaOf(p *seccomp.Profile) string {
	if colonOf(p) == ":" && !bytes.Contains(p.Source.Bytes, []byte(", ")) {
		return ","
	}
	return ", "
}

// layoutOf returns the layout of a rule.
func layoutOf(p *seccomp.Profile, rule *seccomp.Rule) layout {
	f := p.Source
	l := layout{newline: f.NewlineAt(rule.Span.Start), colon: ": ", comma: ", "}
	between := source.Span{Start: rule.Span.Start, End: rule.Span.End}
	if inside := strings.ReplaceAll(f.Text(between), "\r", ""); !strings.Contains(inside, ", ") &&
		!strings.Contains(inside, ",\n") && strings.Contains(inside, ",") {
		l.comma = ","
	}
	if at := rule.Action.Span.Start; at > 0 && f.Bytes[at-1] == ':' {
		l.colon = ":"
	}
	first := skip(f.Bytes, rule.Span.Start+1)
	inner, begins := indentation(f, first)
	if !begins {
		return l
	}
	l.inner, l.unit = inner, inner
	if outer, ok := indentation(f, rule.Span.End-1); ok && strings.HasPrefix(inner, outer) && len(inner) > len(outer) {
		l.unit = inner[len(outer):]
	}
	if len(rule.Names) > 0 && !rule.LegacyName {
		_, l.listed = indentation(f, rule.Names[0].Span.Start)
	}
	return l
}

func (l layout) join(rules []NewRule, gap string) string {
	var list []string
	for _, r := range rules {
		list = append(list, l.rule(r))
	}
	return strings.Join(list, gap)
}

func (l layout) rule(r NewRule) string {
	var names []string
	for _, name := range r.Names {
		names = append(names, quote(name))
	}
	members := []string{
		`"names"` + l.colon + l.array(names, l.listed),
		`"action"` + l.colon + quote(r.Action),
	}
	if r.Errno != 0 {
		members = append(members, `"errnoRet"`+l.colon+strconv.Itoa(int(r.Errno)))
	}
	if len(r.Args) > 0 {
		deeper := l
		if l.inner != "" {
			deeper.inner = l.inner + l.unit + l.unit
		}
		var args []string
		for _, a := range r.Args {
			arg := []string{
				`"index"` + l.colon + strconv.Itoa(a.Index), `"value"` + l.colon + strconv.FormatUint(a.Value, 10),
			}
			if a.Op == "SCMP_CMP_MASKED_EQ" {
				arg = append(arg, `"valueTwo"`+l.colon+strconv.FormatUint(a.ValueTwo, 10))
			}
			args = append(args, deeper.object(append(arg, `"op"`+l.colon+quote(a.Op))))
		}
		members = append(members, `"args"`+l.colon+l.array(args, l.inner != ""))
	}
	r.Excludes.Caps = append(slices.Clone(r.ExcludesCaps), r.Excludes.Caps...)
	members = append(members, l.scope("includes", r.Includes)...)
	members = append(members, l.scope("excludes", r.Excludes)...)
	return l.object(members)
}

// scope returns the member with the includes or the excludes of a rule; nil where they ask for nothing.
func (l layout) scope(key string, s NewScope) []string {
	deeper := l
	if l.inner != "" {
		deeper.inner = l.inner + l.unit
	}
	var members []string
	for _, list := range []struct {
		key   string
		names []string
	}{{"caps", s.Caps}, {"arches", s.Arches}} {
		var quoted []string
		for _, name := range list.names {
			quoted = append(quoted, quote(name))
		}
		if len(quoted) > 0 {
			members = append(members, quote(list.key)+l.colon+deeper.array(quoted, l.listed))
		}
	}
	if s.MinKernel != "" {
		members = append(members, `"minKernel"`+l.colon+quote(s.MinKernel))
	}
	if len(members) == 0 {
		return nil
	}
	return []string{quote(key) + l.colon + deeper.object(members)}
}

func (l layout) object(members []string) string {
	if l.inner == "" {
		return "{" + strings.Join(members, l.comma) + "}"
	}
	gap := l.newline + l.inner
	return "{" + gap + strings.Join(members, ","+gap) + l.newline + strings.TrimSuffix(l.inner, l.unit) + "}"
}

// array returns the value of a member of the rule.
func (l layout) array(elements []string, listed bool) string {
	if l.inner == "" || !listed {
		return "[" + strings.Join(elements, l.comma) + "]"
	}
	gap := l.newline + l.inner + l.unit
	return "[" + gap + strings.Join(elements, ","+gap) + l.newline + l.inner + "]"
}

// SetErrno makes a rule answer its syscalls with an error number, and writes errnoRet after the action where it is
// not there. It returns nil where that cannot be done without touching something else.
func SetErrno(p *seccomp.Profile, rule *seccomp.Rule, number uint16) []fixers.Edit {
	f := p.Source
	if rule.Action.Span.IsEmpty() {
		return nil
	}
	var edits []fixers.Edit
	if rule.Action.Text != "SCMP_ACT_ERRNO" {
		edits = append(edits, ReplaceString(p, rule.Action, "SCMP_ACT_ERRNO")...)
	}
	if !rule.Errno.Span.IsEmpty() {
		edits = append(edits, ReplaceString(p, rule.Errno, seccomp.ErrnoName(number))...)
	}
	text := strconv.Itoa(int(number))
	if !rule.ErrnoRet.Span.IsEmpty() {
		return append(edits, fixers.Edit{File: f, Span: rule.ErrnoRet.Span, Text: text})
	}
	if f.Bytes[rule.Span.Start] != '{' { // YAML
		return nil
	}
	l := layoutOf(p, rule)
	gap := l.comma
	if l.inner != "" {
		gap = "," + l.newline + l.inner
	}
	field := gap + `"errnoRet"` + l.colon + text
	if len(edits) > 0 && edits[0].Span == rule.Action.Span {
		edits[0].Text += field
		return edits
	}
	return append(edits,
		fixers.Edit{File: f, Span: source.Span{Start: rule.Action.Span.End, End: rule.Action.Span.End}, Text: field})
}
