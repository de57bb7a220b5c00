package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	parsed "github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var heredocExpanded = &rules.Rule{
	ID:       "dockerfile/heredoc-expanded",
	Summary:  "BuildKit expands $@, $1 and the like in a file that an instruction writes, to nothing",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/instructions/commands.go: ExpandRaw",
		"BuildKit v0.34.2, frontend/dockerfile/shell/lex.go: isSpecialParam, processName",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Broken || s.Onbuild != nil || s.Dockerfile().Foreign() {
			return
		}
		f := s.Dockerfile().Source
		for n := range s.Heredocs {
			h := &s.Heredocs[n]
			if !h.Expand {
				continue
			}
			b := readBody(s, f.Text(h.Body))
			if len(b.lost) == 0 {
				continue
			}
			first := b.lost[0].Shift(h.Body.Start)
			finding := rules.Finding{
				File: f, Span: first,
				Message: fmt.Sprintf("BuildKit expands %s here, to nothing, since the delimiter %s is not quoted",
					f.Text(first), h.Name),
			}
			for _, more := range b.lost[1:min(len(b.lost), 4)] {
				more = more.Shift(h.Body.Start)
				finding.Related = append(finding.Related, rules.Related{
					File: f, Span: more, Message: fmt.Sprintf("%s is lost, too", f.Text(more)),
				})
			}
			if fix, ok := quotedDelimiter(f, h); ok && !b.meant {
				if b.other {
					fix.Safety = fixers.Unsafe
					fix.Title += "; the image then has the names of all variables in it, not their values"
				}
				finding.Fixes = []fixers.Fix{fix}
			}
			p.Report(finding)
		}
	}, "COPY", "ADD"),
}

// expandedBody is what BuildKit does with the body of a here-document.
type expandedBody struct {
	// lost are the expansions that give nothing and cannot be meant, as offsets in the body.
	lost []source.Span
	// meant says that there is an expansion that is meant, or an escape that shows that the author knows of them. other
	// says that there are variables that nothing in the file sets.
	meant, other bool
}

// readBody reads the body of a here-document as BuildKit does: quotes mean nothing, and a backslash is removed.
func readBody(s *image.Step, text string) expandedBody {
	var b expandedBody
	for n := 0; n < len(text); n++ {
		switch text[n] {
		case '\\':
			n++
			if n < len(text) && (text[n] == '$' || text[n] == '\\') {
				b.meant = true
			}
		case '$':
			name, end := bodyExpansion(text, n)
			switch {
			case name == "":
				continue
			case isShellParameter(name):
				b.lost = append(b.lost, source.Span{Start: n, End: end})
			default:
				_, set := s.Lookup(name)
				switch {
				case set || name == "PATH" || name == "HOME":
					b.meant = true
				case bodyAssigns(text[:bodyLineStart(text, n)], name):
					b.lost = append(b.lost, source.Span{Start: n, End: end})
				default:
					b.other = true
				}
			}
			n = end - 1
		}
	}
	return b
}

// bodyExpansion returns the name that is expanded at a dollar sign, "" for none, and the end of the name or of its
// braces.
func bodyExpansion(text string, at int) (name string, end int) {
	n := at + 1
	brace := n < len(text) && text[n] == '{'
	if brace {
		n++
	}
	start := n
	for n < len(text) {
		c := text[n]
		digit := c >= '0' && c <= '9'
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if n == start && strings.IndexByte("@*#?-$!0", c) >= 0 {
			n++
			break
		}
		if !digit && !letter || n > start && text[start] >= '0' && text[start] <= '9' && !digit {
			break
		}
		n++
	}
	name = text[start:n]
	if brace && n < len(text) {
		if close := strings.IndexByte(text[n:], '}'); close >= 0 {
			n += close + 1
		}
	}
	return name, n
}

// isShellParameter reports whether a name is a parameter of the shell that no Dockerfile can set.
func isShellParameter(name string) bool {
	return strings.IndexByte("@*#?-$!0123456789", name[0]) >= 0
}

// bodyLineStart returns where the line of an offset begins.
func bodyLineStart(text string, at int) int { return strings.LastIndexByte(text[:at], '\n') + 1 }

// bodyAssigns reports whether a text that may be a script sets a variable.
func bodyAssigns(text, name string) bool {
	for line := range strings.Lines(text) {
		words := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r\n;&|(){", r) })
		for n, w := range words {
			isTarget := w == name && n > 0 && (words[n-1] == "for" || words[n-1] == "read")
			if isTarget || strings.HasPrefix(w, name+"=") {
				return true
			}
		}
	}
	return false
}

// quotedDelimiter returns the fix that puts the delimiter of a here-document in quotes.
func quotedDelimiter(f *source.File, h *parsed.Heredoc) (fixers.Fix, bool) {
	at := h.Operator.End - len(h.Name)
	if at < h.Operator.Start || f.Text(source.Span{Start: at, End: h.Operator.End}) != h.Name {
		return fixers.Fix{}, false
	}
	return fixers.Fix{
		Title: "Quote the delimiter", Safety: fixers.Safe,
		Edits:   []fixers.Edit{{File: f, Span: source.Span{Start: at, End: h.Operator.End}, Text: `"` + h.Name + `"`}},
		Changes: fixers.Changes{fixdocker.QuotedHeredocs{}},
	}, true
}
