package dockerfile

import (
	"slices"
	"strings"
	"sync"

	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// Expansion is what BuildKit does with the variables of a word.
type Expansion struct {
	// Text is the value when no build argument is given, where the file determines it.
	Text string
	// Known says that it does. Other than for File.Expand, an ARG without a value is empty.
	Known bool
	// Read are the variables that the word reads, in order, and Unset those of them that nothing in the file sets
	// there.
	Read  []string
	Unset []Unset
	// Fault is why BuildKit refuses the word.
	Fault Fault
	// Detail is the part of BuildKit's message that says more, such as the modifier.
	Detail string
}

// Unset is a variable that is read and not set.
type Unset struct {
	Name string
	// Plain says that the word uses it in a form that is empty then: not ${x:-y} or ${x:+y}.
	Plain bool
}

// Fault is why BuildKit refuses a word.
type Fault int

const (
	// NoFault says that it does not.
	NoFault Fault = iota
	// FaultSubstitution is a ${…} that BuildKit cannot read, or with an operator that it does not have.
	FaultSubstitution
	// FaultQuote is a quote without end.
	FaultQuote
	// FaultRequired is a ${x:?message} of a variable that nothing sets. It may come from the base image.
	FaultRequired
	// FaultArgument is the same for a declared ARG without a value, which a build has to give.
	FaultArgument
)

// Expansion expands a word of an instruction as BuildKit does. In the trigger of an ONBUILD nothing is known.
func (f *File) Expansion(at *Instruction, word string) Expansion {
	if f.isPlain(word) {
		return Expansion{Text: word, Known: true}
	}
	lex := lexer(f.Escape)
	defer lexers.Put(lex)
	return f.expansion(at, word, lex)
}

// lexers holds BuildKit's lexers for reuse; each has buffers of more than a kilobyte.
var lexers = sync.Pool{New: func() any { return new(shell.Lex) }}

// lexer returns a lexer with an escape character. The caller puts it back.
func lexer(escape byte) *shell.Lex {
	lex := lexers.Get().(*shell.Lex)
	*lex = *shell.NewLex(rune(escape))
	return lex
}

// BodyExpansion is like Expansion, for the body of a here-document of COPY or ADD.
func (f *File) BodyExpansion(at *Instruction, h *Heredoc) Expansion {
	body := f.Source.Text(h.Body)
	if !h.Expand || strings.IndexByte(body, '$') < 0 {
		return Expansion{Text: body, Known: true}
	}
	lex := lexer('\\')
	defer lexers.Put(lex)
	lex.SkipProcessQuotes = true
	return f.expansion(at, body, lex)
}

func (f *File) expansion(at *Instruction, word string, lex *shell.Lex) Expansion {
	s, v, here := f.scopeAt(at)
	if !here {
		return Expansion{}
	}
	t := tracer{scope: s, version: v, left: f.allowance(word)}
	if t.left == 0 {
		return Expansion{}
	}
	text, err := processWord(lex, word, &t)
	out := Expansion{Text: text, Known: err == nil && !t.unknown && t.left >= 0, Read: t.read}
	for _, name := range t.unset {
		out.Unset = append(out.Unset, Unset{name, usesPlainly(withoutGuarded(word, name), name)})
	}
	if err == nil || t.left < 0 {
		return out
	}
	// The lexer has no kinds of errors, only these messages (frontend/dockerfile/shell/lex.go, v0.34.2).
	message := err.Error()
	if n := strings.LastIndex(message, `": `); n >= 0 && strings.HasPrefix(message, "failed to process ") {
		message = message[n+len(`": `):]
	}
	out.Detail = message
	switch {
	case strings.HasPrefix(message, "unsupported modifier "), strings.HasPrefix(message, "syntax error: "),
		strings.HasPrefix(message, "invalid pattern "):
		out.Fault = FaultSubstitution
	case strings.HasPrefix(message, "unexpected end of statement while looking for matching "):
		out.Fault = FaultQuote
	case t.declared:
		out.Fault = FaultArgument
	default:
		out.Fault = FaultRequired
	}
	return out
}

// withoutGuarded returns a word without each ${name:+…} and ${name+…}, which is empty where the variable is not set.
func withoutGuarded(word, name string) string {
	for from := 0; ; {
		n := strings.Index(word[from:], "${"+name)
		if n < 0 {
			return word
		}
		start := from + n
		from = start + len("${"+name)
		if !strings.HasPrefix(strings.TrimPrefix(word[from:], ":"), "+") {
			continue
		}
		depth, end := 1, from
		for ; end < len(word) && depth > 0; end++ {
			switch {
			case strings.HasPrefix(word[end:], "${"):
				depth++
			case word[end] == '}':
				depth--
			}
		}
		word = word[:start] + word[end:]
		from = start
	}
}

// tracer gives variables to BuildKit's lexer and records which are not set.
type tracer struct {
	scope   *scope
	version version
	left    int // bytes of values that may still be returned

	unknown  bool // a variable was read whose value is not known
	declared bool // the last variable that was read is an ARG without a value
	read     []string
	unset    []string
}

// Get implements shell.EnvGetter.
func (t *tracer) Get(name string) (string, bool) {
	r, ok := t.scope.read(t.version, name)
	t.declared = ok && r.unset
	if !slices.Contains(t.read, name) {
		t.read = append(t.read, name)
	}
	switch {
	case t.version.opaque, ok && !r.unset && !r.value.Known, !ok && t.scope.outer && automaticArgs()[name],
		!ok && name == "PATH" && !t.scope.outer:
		t.unknown = true
		return "x", true // it is set, to something
	case ok && r.unset:
		t.unknown = t.unknown || t.scope.open
		return "", false
	case !ok:
		t.unknown = t.unknown || t.scope.open
		if !slices.Contains(t.unset, name) {
			t.unset = append(t.unset, name)
		}
		return "", false
	}
	if t.left -= len(r.value.Text); t.left < 0 {
		return "", false
	}
	return r.value.Text, true
}

// Keys implements shell.EnvGetter. The lexer does not call it.
func (t *tracer) Keys() []string { return nil }
