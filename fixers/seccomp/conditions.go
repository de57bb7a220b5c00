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

// SetCondition makes a condition compare otherwise: with another operator and value, in its layout. ValueTwo is
// written for SCMP_CMP_MASKED_EQ only; one that is there already and that the new operator does not look at stays. It
// returns nil where the condition lacks its operator or value.
func SetCondition(p *seccomp.Profile, a seccomp.Arg, op string, value, valueTwo uint64) []fixers.Edit {
	if a.Value.Span.IsEmpty() || a.Op.Span.IsEmpty() {
		return nil
	}
	var edits []fixers.Edit
	if a.Op.Text != op {
		edits = append(edits, ReplaceString(p, a.Op, op)...)
	}
	if !a.Value.Known || a.Value.Value != value {
		edits = append(edits, fixers.Edit{File: p.Source, Span: a.Value.Span, Text: strconv.FormatUint(value, 10)})
	}
	switch {
	case op != "SCMP_CMP_MASKED_EQ":
	case a.ValueTwo.Span.IsEmpty():
		more := SetValueTwo(p, a, valueTwo)
		if more == nil {
			return nil
		}
		edits = append(edits, more...)
	case !a.ValueTwo.Known || a.ValueTwo.Value != valueTwo:
		edits = append(edits,
			fixers.Edit{File: p.Source, Span: a.ValueTwo.Span, Text: strconv.FormatUint(valueTwo, 10)})
	}
	return edits
}

// SetValueTwo writes valueTwo into a condition that lacks it, behind value and in its layout. It returns nil where
// the condition lacks value.
func SetValueTwo(p *seccomp.Profile, a seccomp.Arg, valueTwo uint64) []fixers.Edit {
	text := p.Source.Bytes
	if a.Value.Span.IsEmpty() || !a.ValueTwo.Span.IsEmpty() {
		return nil
	}
	colon := skipBack(text, a.Value.Span.Start)
	if colon == 0 || text[colon-1] != ':' {
		return nil
	}
	key := source.Span{End: skipBack(text, colon-1)}
	for _, name := range []string{`"value"`, "value"} {
		if bytes.HasSuffix(text[:key.End], []byte(name)) {
			key.Start = key.End - len(name)
			break
		}
	}
	if key.Start == 0 {
		return nil
	}
	name, gap := "valueTwo", ""
	indent, begins := indentation(p.Source, key.Start)
	switch {
	case text[key.Start] == '"':
		name, gap = `"valueTwo"`, ", "
		if begins {
			gap = "," + p.Source.NewlineAt(key.Start) + indent
		} else if next := skip(text, a.Value.Span.End); next < len(text) && text[next] == ',' &&
			skip(text, next+1) == next+1 {
			gap = ","
		}
	case begins: // YAML
		gap = p.Source.NewlineAt(key.Start) + indent
	case strings.TrimLeft(indent, " ") == "- ": // the first key of an item
		gap = p.Source.NewlineAt(key.Start) + strings.Replace(indent, "-", " ", 1)
	default:
		return nil
	}
	between := p.Source.Text(source.Span{Start: key.End, End: a.Value.Span.Start})
	return []fixers.Edit{
		{
			File: p.Source, Span: source.Span{Start: a.Value.Span.End, End: a.Value.Span.End},
			Text: gap + name + between + strconv.FormatUint(valueTwo, 10),
		},
	}
}

// SplitRule puts copies of rule i of p.Rules in its place, one for each text, which stands in its copy instead of all
// argument conditions. It returns nil for a rule without conditions, and where the profile is not JSON.
func SplitRule(p *seccomp.Profile, i int, conditions ...string) []fixers.Edit {
	f, rule := p.Source, p.Rules[i]
	if len(rule.Args) == 0 || len(conditions) == 0 || !bytes.HasPrefix(f.Bytes[rule.Span.Start:], []byte("{")) {
		return nil
	}
	head := f.Text(source.Span{Start: rule.Span.Start, End: rule.Args[0].Span.Start})
	tail := f.Text(source.Span{Start: rule.Args[len(rule.Args)-1].Span.End, End: rule.Span.End})
	gap := ", "
	if indent, begins := indentation(f, rule.Span.Start); begins {
		gap = "," + f.NewlineAt(rule.Span.Start) + indent
	} else if len(p.Rules) > 1 {
		n := max(i, 1)
		if between := (source.Span{Start: p.Rules[n-1].Span.End, End: p.Rules[n].Span.Start}); onlyComma(f, between) {
			gap = f.Text(between)
		}
	}
	var b strings.Builder
	for n, c := range conditions {
		if n > 0 {
			b.WriteString(gap)
		}
		b.WriteString(head + c + tail)
	}
	return []fixers.Edit{{File: f, Span: rule.Span, Text: b.String()}}
}

// ConditionText returns the text of a condition after edits that lie in it.
func ConditionText(p *seccomp.Profile, a seccomp.Arg, edits []fixers.Edit) string {
	edits = slices.Clone(edits)
	slices.SortFunc(edits, func(a, b fixers.Edit) int { return a.Span.Start - b.Span.Start })
	var b strings.Builder
	at := a.Span.Start
	for _, e := range edits {
		b.WriteString(p.Source.Text(source.Span{Start: at, End: e.Span.Start}) + e.Text)
		at = e.Span.End
	}
	return b.String() + p.Source.Text(source.Span{Start: at, End: a.Span.End})
}
