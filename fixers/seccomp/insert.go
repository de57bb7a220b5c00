package seccomp

import (
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

// NewRule is a rule to insert.
type NewRule struct {
	Names  []string
	Action string
	// Errno is the number of errnoRet, which is left out where it is 0.
	Errno uint16
	Args  []NewArg
}

// NewArg is an argument condition of a NewRule.
type NewArg struct {
	Index    int
	Value    uint64
	ValueTwo uint64 // written for SCMP_CMP_MASKED_EQ only
	Op       string
}

// InsertRules inserts rules into the syscalls array, before element i of p.Rules or after the last for their number, laid out like the rule beside
// them: on one line or several, with its indentation and spaces. It returns nil where the profile has no syscalls array, or one with something in
// it that is no rule.
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
		l := layout{newline: f.NewlineAt(inside.Start), colon: colonOf(p)}
		line := f.FullLine(f.LineOf(inside.Start))
		text := f.Text(line)
		base := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
		if base == "" { // a profile on one line
			return []fixers.Edit{{File: f, Span: inside, Text: l.join(rules, ", ")}}
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
	gap := ", "
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

// layout is how a rule is written.
type layout struct {
	newline string
	colon   string // ": " or ":"
	// inner is the indentation of the members of a rule, and unit what one more level adds; inner is "" for a rule on one line.
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

// layoutOf returns the layout of a rule.
func layoutOf(p *seccomp.Profile, rule *seccomp.Rule) layout {
	f := p.Source
	l := layout{newline: f.NewlineAt(rule.Span.Start), colon: ": "}
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
			arg := []string{`"index"` + l.colon + strconv.Itoa(a.Index), `"value"` + l.colon + strconv.FormatUint(a.Value, 10)}
			if a.Op == "SCMP_CMP_MASKED_EQ" {
				arg = append(arg, `"valueTwo"`+l.colon+strconv.FormatUint(a.ValueTwo, 10))
			}
			args = append(args, deeper.object(append(arg, `"op"`+l.colon+quote(a.Op))))
		}
		members = append(members, `"args"`+l.colon+l.array(args, l.inner != ""))
	}
	return l.object(members)
}

func (l layout) object(members []string) string {
	if l.inner == "" {
		return "{" + strings.Join(members, ", ") + "}"
	}
	gap := l.newline + l.inner
	return "{" + gap + strings.Join(members, ","+gap) + l.newline + strings.TrimSuffix(l.inner, l.unit) + "}"
}

// array returns the value of a member of the rule.
func (l layout) array(elements []string, listed bool) string {
	if l.inner == "" || !listed {
		return "[" + strings.Join(elements, ", ") + "]"
	}
	gap := l.newline + l.inner + l.unit
	return "[" + gap + strings.Join(elements, ","+gap) + l.newline + l.inner + "]"
}
