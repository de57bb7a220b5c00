package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var legacyKeyValue = &rules.Rule{
	ID:         "dockerfile/legacy-key-value",
	Aliases:    []string{"LegacyKeyValueFormat"},
	Summary:    "ENV or LABEL has a space between key and value",
	Severity:   rules.Info,
	Category:   rules.Formatting,
	Since:      "0.1.0",
	Deprecated: true,
	Fixes:      []fixers.Safety{fixers.Safe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/parser/line_parsers.go: parseNameVal",
		"BuildKit v0.34.2, frontend/dockerfile/shell/lex.go: what quotes and escapes mean in a value",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Broken || len(s.Pairs) != 1 || !s.Pairs[0].Legacy || s.Dockerfile().Foreign() {
			return
		}
		f := s.Dockerfile().Source
		pair := &s.Pairs[0]
		finding := rules.Finding{
			File: f, Span: pair.Key.Span,
			Message: fmt.Sprintf("the value of %q is the rest of the line, spaces and \"=\" included; "+
				"%s KEY=VALUE says where it ends", pair.Key.Text, s.Name),
		}
		if lost := assignmentIn(pair.Value.Text); lost != "" {
			finding.Severity = rules.Warning
			finding.Message = fmt.Sprintf("%q is part of the value of %q, since there is no \"=\" after that; "+
				"it sets nothing of its own", lost+"=", pair.Key.Text)
			p.Report(finding)
			return
		}
		if edits := pairEdits(f, pair, s.Dockerfile().Escape); edits != nil {
			finding.Fixes = []fixers.Fix{{Title: "Write KEY=VALUE", Safety: fixers.Safe, Edits: edits}}
		}
		p.Report(finding)
	}, "ENV", "LABEL"),
}

// assignmentIn returns the name in a value that looks like the key of another pair: it stands after a blank and before
// a "=", outside of quotes.
func assignmentIn(value string) string {
	for n, word := range strings.Fields(value) {
		if strings.ContainsAny(word, `"'`) {
			return ""
		}
		name, _, ok := strings.Cut(word, "=")
		if n > 0 && ok && isName(name) {
			return name
		}
	}
	return ""
}

// isName reports whether a text is the name of a variable.
func isName(text string) bool {
	for n := 0; n < len(text); n++ {
		if c := text[n]; !inName(c) || n == 0 && c >= '0' && c <= '9' {
			return false
		}
	}
	return text != ""
}

// inName reports whether a byte can be part of the name of a variable, behind the first one.
func inName(c byte) bool {
	return c == '_' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
}

// pairEdits returns the edits that write a pair with a "=", nil where the value cannot be written so that it stays the
// same.
func pairEdits(f *source.File, pair *dockerfile.Pair, escape byte) []fixers.Edit {
	key, value := pair.Key.Span, pair.Value.Span
	if f.Text(key) != pair.Key.Text || strings.ContainsAny(pair.Key.Text, "\"'="+string(escape)) {
		return nil
	}
	before, after := "", ""
	text := pair.Value.Text
	oneLine := f.Text(value) == text
	var whole string // the value written anew
	switch {
	case isOneWord(text, escape):
	case strings.IndexByte(text, '"') < 0 && strings.IndexByte(text, '\'') < 0 && strings.IndexByte(text, escape) < 0:
		before, after = `"`, `"`
	case oneLine:
		var ok bool
		if whole, ok = requote(text, escape); !ok {
			return nil
		}
	default:
		return nil
	}
	gap := source.Span{Start: key.End, End: value.Start}
	var edits []fixers.Edit
	if strings.Contains(f.Text(gap), "\n") {
		// The blanks at the start of the value's line would become part of the value, so the key moves there.
		end := key.End
		for f.Bytes[end] == ' ' || f.Bytes[end] == '\t' {
			end++
		}
		edits = append(edits, fixers.Edit{File: f, Span: source.Span{Start: key.Start, End: end}})
		gap.Start = value.Start
		before = pair.Key.Text + "=" + before
	} else {
		before = "=" + before
	}
	if whole != "" {
		return append(edits, fixers.Edit{File: f, Span: source.Span{Start: gap.Start, End: value.End},
			Text: before + whole})
	}
	edits = append(edits, fixers.Edit{File: f, Span: gap, Text: before})
	if after != "" {
		edits = append(edits, fixers.Edit{File: f, Span: source.Span{Start: value.End, End: value.End}, Text: after})
	}
	return edits
}

// isOneWord reports whether BuildKit reads a value as one word: it has no blanks outside of quotes.
func isOneWord(value string, escape byte) bool {
	quote := byte(0)
	for n := 0; n < len(value); n++ {
		switch c := value[n]; {
		case c == escape && quote != '\'':
			n++
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && (c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r' || c >= 0x80):
			return false // some blanks have several bytes
		case c == quote:
			quote = 0
		}
	}
	return quote == 0
}

// requote returns a value in double quotes that BuildKit evaluates to the same, and false where that is not certain.
func requote(value string, escape byte) (string, bool) {
	var b strings.Builder
	literal := func(c byte) {
		if c == '"' || c == '$' || c == escape {
			b.WriteByte(escape)
		}
		b.WriteByte(c)
	}
	b.WriteByte('"')
	quote := byte(0)
	for n := 0; n < len(value); n++ {
		c := value[n]
		next := byte(0)
		if n+1 < len(value) {
			next = value[n+1]
		}
		switch {
		case quote == '\'':
			if c == quote {
				quote = 0
			} else {
				literal(c)
			}
		case c == '$':
			end := n + 1
			if next == '{' {
				length := strings.IndexByte(value[n:], '}')
				if length < 0 || strings.ContainsAny(value[n+2:n+length], "\"'$"+string(escape)) {
					return "", false
				}
				end = n + length + 1
			}
			b.WriteString(value[n:end])
			n = end - 1
		case c == escape && quote == 0, c == escape && (next == '"' || next == '$' || next == escape):
			if next != 0 {
				literal(next)
			}
			n++
		case c == '"':
			quote ^= '"'
		case c == '\'' && quote == 0:
			quote = c
		default:
			literal(c)
		}
	}
	b.WriteByte('"')
	return b.String(), quote == 0
}
