package dockerfile

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var badJSONForm = &rules.Rule{
	ID:       "dockerfile/bad-json-form",
	Summary:  "a list that looks like JSON is not JSON, so it is read as plain text",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/parser/line_parsers.go: parseMaybeJSON",
		"RFC 8259, 5 Arrays and 7 Strings",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Exec || s.Broken || s.Onbuild != nil && !s.Deferred || s.Dockerfile().Foreign() {
			return
		}
		view, base, ok := s.ShellView()
		if !ok {
			if s.Name != "VOLUME" && s.Name != "COPY" && s.Name != "ADD" || len(s.Heredocs) > 0 {
				return
			}
			base = s.Args.Start
			view = []byte(s.Dockerfile().Source.Text(s.Args))
		}
		a := readArray(string(view))
		if !a.meant(s.Name) || len(a.faults) == 0 {
			return
		}
		f := s.Dockerfile().Source
		at := func(fault arrayFault) source.Span {
			return source.Span{Start: base + fault.at, End: base + fault.at + fault.size}
		}
		first := a.faults[0]
		then := "a shell runs the whole text as the command " + firstShellWord(string(view))
		if !ok {
			then = fmt.Sprintf("%s takes the words as they are, with brackets and quotes", s.Name)
		}
		finding := rules.Finding{
			File: f, Span: at(first), Message: fmt.Sprintf("%s, so this is not a JSON array and %s", first.what, then),
		}
		if a.mendable {
			fix := fixers.Fix{Title: "Write a JSON array", Safety: fixers.Unsafe,
				Changes: fixers.Changes{fixdocker.Instructions{}}}
			for _, fault := range a.faults {
				fix.Edits = append(fix.Edits, fixers.Edit{File: f, Span: at(fault), Text: fault.instead})
			}
			finding.Fixes = []fixers.Fix{fix}
		}
		p.Report(finding)
	}, "CMD", "ENTRYPOINT", "RUN", "HEALTHCHECK", "VOLUME", "COPY", "ADD"),
}

// firstShellWord returns the first word of a command in quotes, for a message.
func firstShellWord(text string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	word = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\\' || r == '\r' || r == '\t' {
			return -1
		}
		return r
	}, word))
	if strings.Contains(word, `"`) {
		return "`" + word + "`"
	}
	return `"` + word + `"`
}

// array is what a text in brackets looks like.
type array struct {
	faults []arrayFault
	// quoted says that the first element is in quotes, elements counts them, and commas the commas outside quotes.
	quoted           bool
	elements, commas int
	end              int // of the last element
	// closed says that the bracket ends, trailing that text follows, and spaced that there are blanks after the bracket
	// that opens.
	closed, trailing, spaced bool
	// variable says that it can only be a test of the shell, and mendable that the faults say how to mend all of it.
	variable, mendable bool
}

// arrayFault is one thing that is no JSON.
type arrayFault struct {
	at, size int
	what     string
	instead  string
}

// meant reports whether a text is meant as an array, and not as a test of the shell or a pattern.
func (a *array) meant(name string) bool {
	if a.elements == 0 || a.variable {
		return false
	}
	whole := a.closed && !a.trailing
	switch name {
	case "RUN", "HEALTHCHECK":
		return a.quoted && (a.commas > 0 || !a.spaced)
	case "CMD", "ENTRYPOINT":
		return a.commas > 0 && (a.quoted || whole) || a.quoted && (!a.spaced || whole && a.elements == 1)
	}
	return a.quoted && (a.commas > 0 || whole)
}

// looksLikeArray reports whether the text of a CMD or ENTRYPOINT is meant as an array.
func looksLikeArray(text string) bool {
	a := readArray(text)
	return a.meant("CMD") && len(a.faults) > 0
}

// foreignQuotes are the quotes that people type or paste, with those that end them.
var foreignQuotes = map[rune]string{'\'': "'", '‘': "’‘'", '’': "’", '“': "”“\"", '”': "”", '„': "“”", '`': "`"}

// readArray reads a text that begins with a bracket, and stops at what it cannot make sense of.
func readArray(text string) *array {
	a := &array{mendable: true}
	n := 0
	blanks := func() {
		for n < len(text) && strings.IndexByte(" \t\r\n\\", text[n]) >= 0 {
			if text[n] == '\\' && (n+1 == len(text) || text[n+1] != '\n' && text[n+1] != '\r') {
				return
			}
			n++
		}
	}
	fault := func(at, size int, what, instead string) {
		a.faults = append(a.faults, arrayFault{at, size, what, instead})
	}
	blanks()
	if n == len(text) || text[n] != '[' {
		return a
	}
	n++
	open := n
	blanks()
	a.spaced = n > open
	comma := -1 // the last one, where no element follows yet
	for n < len(text) && text[n] != ']' {
		start := n
		r, size := utf8.DecodeRuneInString(text[n:])
		ends, other := foreignQuotes[r]
		switch {
		case r == ',':
			if comma >= 0 || a.elements == 0 {
				fault(n, 1, "a comma has no element before it", "")
			}
			a.commas++
			comma = n
			n++
			blanks()
			continue
		case a.elements > 0 && comma < 0:
			if !other && r != '"' {
				return a.giveUp(start, "a comma is missing here")
			}
			fault(a.end, 0, "a comma is missing here", ",")
		}
		if !a.element(text, &n, r, size, ends, other, fault) {
			return a
		}
		comma, a.end = -1, n
		blanks()
	}
	if n == len(text) {
		fault(len(strings.TrimRight(text, " \t\r\n\\")), 0, "the bracket has no end", "]")
		if comma >= 0 {
			a.faults[len(a.faults)-1] = arrayFault{comma, 1, "the bracket has no end", "]"}
		}
		return a.sorted()
	}
	if comma >= 0 && a.elements > 0 {
		fault(comma, 1, "a comma follows the last element", "")
	}
	a.closed = true
	n++
	blanks()
	if n < len(text) {
		a.trailing = true
		return a.giveUp(n, "text follows the end of the array")
	}
	return a.sorted()
}

// element reads one element, and reports false where reading has to stop.
func (a *array) element(text string, n *int, r rune, size int, ends string, other bool,
	fault func(at, size int, what, instead string),
) bool {
	start := *n
	if a.elements == 0 {
		a.quoted = other || r == '"'
	}
	a.elements++
	switch {
	case r == '"':
		for *n++; *n < len(text) && text[*n] != '"'; *n++ {
			if text[*n] != '\\' {
				if strings.HasPrefix(text[start:*n+1], `"$`) && a.elements == 1 && *n == start+1 {
					a.variable = true // a test of the shell, such as [ "$x" = y ]
				}
				continue
			}
			if *n+1 < len(text) && strings.IndexByte("\"\\/bfnrtu\n\r", text[*n+1]) < 0 {
				fault(*n, 1, fmt.Sprintf(`JSON has no escape \%c`, text[*n+1]), `\\`)
			}
			*n++
		}
		if *n >= len(text) {
			a.giveUp(start, "the quote has no end")
			return false
		}
		*n++
	case other:
		*n += size
		for *n < len(text) {
			c, width := utf8.DecodeRuneInString(text[*n:])
			if strings.ContainsRune(ends, c) {
				inner := text[start+size : *n]
				fault(start, size, fmt.Sprintf("JSON has double quotes alone and does not know %c", r), `"`)
				fault(*n, width, fmt.Sprintf("JSON has double quotes alone and does not know %c", c), `"`)
				if strings.ContainsAny(inner, "\"\\\n") {
					a.mendable = false
				}
				*n += width
				return true
			}
			*n += width
		}
		a.giveUp(start, "the quote has no end")
		return false
	default:
		for *n < len(text) && strings.IndexByte(",]\n", text[*n]) < 0 {
			*n++
		}
		word := strings.TrimRight(text[start:*n], " \t\r\\")
		if word == "" {
			a.giveUp(start, "this is not an element of an array")
			return false
		}
		fault(start, len(word), fmt.Sprintf("%q has no quotes", word), `"`+word+`"`)
		if strings.ContainsAny(word, "\"'\\ \t$") {
			a.mendable = false
		}
		if a.elements == 1 && strings.ContainsAny(word, " \t=!<>$") {
			a.variable = true // a test of the shell, such as [ -f x ]
		}
	}
	return true
}

// giveUp records what makes no sense.
func (a *array) giveUp(at int, what string) *array {
	a.faults = append(a.faults, arrayFault{at, 1, what, ""})
	a.mendable = false
	return a.sorted()
}

// sorted returns the array with its faults in order of position.
func (a *array) sorted() *array {
	for n := 1; n < len(a.faults); n++ {
		for m := n; m > 0 && a.faults[m].at < a.faults[m-1].at; m-- {
			a.faults[m], a.faults[m-1] = a.faults[m-1], a.faults[m]
		}
	}
	return a
}
