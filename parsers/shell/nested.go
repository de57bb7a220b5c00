package shell

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// This file finds the program that a command really runs: it removes wrappers such as sudo and env, and walks the shell
// text that sh -c, eval, su -c or a here-document passes to another shell.
//
// The outer shell changes that text before the inner one reads it (quotes, backslashes, variables). If every byte that
// arrives is a byte of the file, aligned keeps the text at its offsets, with NULs for the bytes that the outer shell
// removed, so words of the inner script still have exact spans. Otherwise all of it has the span of the word that it
// comes from, and nothing in it can be edited. A part that is not known becomes a hole, which the parser reads as an
// expansion. The options of wrappers are those of the releases named in tables.go.

// peel removes the wrappers from the words of a command and records them in it.
func peel(c *Command, words []Word) []Word {
	own := false // c.Wrappers is no longer shared
	for len(words) > 1 && words[0].Known {
		name := words[0].Text[strings.LastIndexByte(words[0].Text, '/')+1:]
		spec, ok := wrappers()[name]
		if !ok {
			break
		}
		rest, assigns := spec.peel(words)
		if len(rest) == 0 {
			break
		}
		if !own {
			c.Wrappers, own = slices.Clone(c.Wrappers), true
		}
		c.Wrappers = append(c.Wrappers, name)
		c.Assigns = append(c.Assigns, assigns...)
		c.external = c.external || !spec.builtin
		words = rest
	}
	return words
}

// peel returns the program that the wrapper runs and its arguments; none when it runs nothing.
func (s wrapper) peel(words []Word) (rest []Word, assigns []Assign) {
	r := wrapperReader{wrapper: s, words: words, next: 1, needed: s.needs == ""}
	if !r.options() || !r.needed {
		return nil, nil
	}
	assigns = r.variables()
	if !s.optional || r.next == 1 {
		r.next += s.operands
	}
	if s.optional && !r.options() {
		return nil, nil
	}
	if r.next >= len(words) {
		return nil, nil
	}
	return words[r.next:], assigns
}

// wrapperReader reads the words of a wrapper up to the program that it runs.
type wrapperReader struct {
	wrapper
	words  []Word
	next   int  // index of the next word
	needed bool // the option without which the wrapper runs nothing was read
}

// options reads options with their values. It reports false when the wrapper runs nothing, or a word is not known.
func (r *wrapperReader) options() bool {
	for r.next < len(r.words) {
		word := r.words[r.next]
		t := word.Text
		switch {
		case t == "--":
			r.next++
			return true
		case t == "-" && r.assigns: // env - is env -i
			r.next++
			continue
		case len(t) < 2 || t[0] != '-':
			return true
		case !word.Known:
			return false
		}
		r.next++
		read := r.shortOptions
		if t[1] == '-' {
			read = r.longOption
		}
		if !read(t) {
			return false
		}
	}
	return true
}

func (r *wrapperReader) longOption(t string) bool {
	name, _, inline := strings.Cut(t, "=")
	if listed(r.stops, name) {
		return false
	}
	r.needed = r.needed || listed(r.needs, name)
	if !inline && listed(r.long, name) {
		r.next++
	}
	return true
}

// shortOptions reads a cluster of short options, the last of which may have a value.
func (r *wrapperReader) shortOptions(t string) bool {
	for n := 1; n < len(t); n++ {
		if r.stops != "" && listed(r.stops, "-"+t[n:n+1]) {
			return false
		}
		r.needed = r.needed || r.needs != "" && listed(r.needs, "-"+t[n:n+1])
		if strings.IndexByte(r.values, t[n]) >= 0 {
			if n == len(t)-1 {
				r.next++
			}
			break
		}
	}
	return true
}

// variables reads the NAME=VALUE words that the wrapper sets.
func (r *wrapperReader) variables() (assigns []Assign) {
	for r.assigns && r.next < len(r.words) {
		a, ok := assignmentOf(r.words[r.next])
		if !ok {
			break
		}
		assigns = append(assigns, a)
		r.next++
	}
	return assigns
}

// maxDepth is how deep shell text in the arguments of shells is read.
const maxDepth = 8

// nested walks the shell text in the arguments or the input of a command.
func (w *walker) nested(c *Command, x *ctx) {
	if len(c.Words) == 0 || w.depth >= maxDepth {
		return
	}
	words := c.Words
	if d, ok := dialects()[c.Name]; ok {
		if d == None {
			return
		}
		at, operands := shellScript(words)
		if at > 0 {
			w.nest(c, x, words[at:at+1], c.Name+" -c", d)
		} else if !operands {
			w.nestInput(c, x, d)
		}
		return
	}
	if c.Name == "eval" && !c.external {
		args := words[1:]
		if len(args) > 0 && args[0].Text == "--" {
			args = args[1:]
		}
		if len(args) > 0 {
			w.nest(c, x, args, "eval", w.dialect)
		}
		return
	}
	spec, ok := scriptOptions()[c.Name]
	if !ok {
		return
	}
	for i := 1; i < len(words); i++ {
		word := words[i]
		t := word.Text
		name, _, inline := strings.Cut(t, "=")
		switch {
		case t == "--":
			return
		case len(t) < 2 || t[0] != '-':
		case t[1] == '-' && listed(spec.long, name):
			label := c.Name + " -c"
			if spec.short == 0 {
				label = c.Name + " " + name
			}
			if inline {
				w.nest(c, x, []Word{cutWord(word, len(name)+1)}, label, spec.dialect)
			} else if i+1 < len(words) {
				w.nest(c, x, words[i+1:i+2], label, spec.dialect)
			}
			return
		case t[1] != '-' && spec.short != 0 && word.Known:
			n := strings.IndexByte(t, spec.short)
			if n < 0 {
				continue
			}
			if n < len(t)-1 {
				w.nest(c, x, []Word{cutWord(word, n+1)}, c.Name+" -c", spec.dialect)
			} else if i+1 < len(words) {
				w.nest(c, x, words[i+1:i+2], c.Name+" -c", spec.dialect)
			}
			return
		}
	}
	if c.Name == "su" {
		w.nestInput(c, x, Sh)
	}
}

// nestInput walks the shell text that a here-document or here-string gives to a shell.
func (w *walker) nestInput(c *Command, x *ctx, d Dialect) {
	for _, r := range slices.Backward(c.Redirs) {
		if r.Outer || !r.readsInput() {
			continue
		}
		if r.Heredoc != nil {
			w.nest(c, x, []Word{{Known: true, Span: r.Span, Parts: r.Heredoc}}, c.Name, d)
		} else if r.Op == "<<<" {
			w.nest(c, x, []Word{r.Target}, c.Name, d)
		}
		return
	}
}

// shellScript returns the index of the word with the script of sh -c, 0 if there is none, and whether the shell has
// another operand, the name of a script file.
func shellScript(words []Word) (at int, operands bool) {
	script, input := false, false
	for i := 1; i < len(words); i++ {
		t := words[i].Text
		if len(t) < 2 || t[0] != '-' && t[0] != '+' || t == "--" {
			if t == "--" || t == "-" {
				i++
			}
			if i >= len(words) {
				break
			}
			if script {
				return i, true
			}
			return 0, !input
		}
		if !words[i].Known {
			return 0, true
		}
		if strings.HasPrefix(t, "--") {
			if t == "--rcfile" || t == "--init-file" {
				i++
			}
			continue
		}
		script = script || t[0] == '-' && strings.IndexByte(t, 'c') > 0
		input = input || strings.IndexByte(t, 's') > 0
		i += strings.Count(t[1:], "o") + strings.Count(t[1:], "O")
	}
	return 0, false
}

// snippet is shell text that another shell passes on.
type snippet struct {
	text
	parse string // src with the holes replaced by something that the parser can read
	exact bool   // the text is in the file as it is
}

// nest walks the shell text in words. c is the command that runs it.
func (w *walker) nest(c *Command, x *ctx, words []Word, label string, d Dialect) {
	s := w.snippet(words)
	if strings.Trim(s.src, " \t\r\n\x00") == "" {
		return
	}
	parsed := parseText(s.parse, d, false)
	if p := parsed.problem; p != nil && p.kind == KindSyntax && s.exact && w.s.Problem == nil {
		span := s.span(p.start, p.end)
		w.s.Problem = &source.Problem{Kind: p.kind, Message: p.message, Span: span}
	}
	s.src += parsed.added
	inner := *x
	inner.top, inner.wrapStart = false, 0
	inner.parent = c
	inner.wrappers = append(slices.Clip(c.Wrappers), label)
	inner.subshell = true
	w.levels++
	inner.level = w.levels
	inner.outer = slices.Clone(c.Redirs)
	for i := range inner.outer {
		r := &inner.outer[i]
		if !r.Outer && r.readsInput() {
			inner.in = &input{redir: r}
		}
	}
	if c.Name != "eval" && inner.in != nil && label == c.Name {
		inner.in = nil // the input is the script itself
		inner.outer = slices.DeleteFunc(inner.outer, func(r Redir) bool { return !r.Outer && r.readsInput() })
	}
	if moved, file := stdout(inner.outer); moved {
		inner.out = &stream{up: x.out, cond: x.cond}
		if file >= 0 {
			redir := inner.outer[file]
			inner.out.redir = &redir
		}
		c.inner = inner.out
	}
	for i := range inner.outer {
		inner.outer[i].Outer = true
	}
	if inner.out != nil && inner.out.redir != nil {
		inner.out.redir.Outer = true
	}
	c.nests = true
	if x.out != nil && x.out.first == c {
		x.out.first = nil
	}
	inside := &walker{text: s.text, s: w.s, dialect: d, depth: w.depth + 1, slabs: w.slabs}
	if label == "eval" {
		inner.subshell = x.subshell
		inside.vars = w.vars
		if !s.exact || parsed.problem != nil {
			defer w.vars.wipe()
		}
	} else {
		inside.vars = &vars{env: w.environment(c)}
	}
	if c.inner == nil && x.out != nil {
		if n := len(x.out.writers); n > 0 && x.out.writers[n-1] == c { // its commands write instead of it
			x.out.writers = x.out.writers[:n-1]
			x.out.shells = append(x.out.shells, c)
		}
	}
	inside.script(parsed.stmts, &inner)
	if s := c.inner; s != nil && s.first == nil && len(s.writers) > 0 {
		s.first = s.writers[len(s.writers)-1]
	}
}

// environment returns the variables that a shell run by c sees.
func (w *walker) environment(c *Command) Env {
	reset := slices.ContainsFunc(c.Wrappers, func(name string) bool { return resetters()[name] }) || c.Name == "su" ||
		c.Name == "runuser"
	outer := w.vars
	return func(name string) (string, bool) {
		for _, a := range slices.Backward(c.Assigns) {
			if a.Name == name {
				return a.Value.Text, a.Value.Known && !a.Append && !strings.HasPrefix(a.Value.Text, "~")
			}
		}
		if reset || slices.Contains(c.Wrappers, "env") { // env -i and env -u remove variables
			return "", false
		}
		if x, ok := outer.set[name]; ok && !x.exported {
			if outer.env == nil {
				return "", false
			}
			if _, inherited := outer.env(name); !inherited {
				return "", false
			}
		}
		return outer.lookup(name)
	}
}

// snippet joins words to one text. If each byte that the shell passes on is a byte of the file, the text keeps its
// position there.
func (w *walker) snippet(words []Word) snippet {
	if s, ok := w.aligned(words); ok {
		return s
	}
	span := words[0].Span.Join(words[len(words)-1].Span)
	s := snippet{text: text{fixed: &span, quoting: source.DoubleQuoted}}
	var src, parse strings.Builder
	for i, word := range words {
		if i > 0 {
			src.WriteByte(' ')
			parse.WriteByte(' ')
		}
		for _, p := range word.Parts {
			if p.Opaque {
				start := src.Len()
				src.WriteString(p.Text)
				for src.Len() < start+len(placeholder) {
					src.WriteByte(0)
				}
				parse.WriteString(placeholder)
				parse.WriteString(strings.Repeat("\x00", src.Len()-start-len(placeholder)))
				s.holes = append(s.holes, hole{start: start, end: src.Len(), piece: p})
				continue
			}
			src.WriteString(p.Text)
			parse.WriteString(p.Text)
		}
	}
	s.src, s.parse = src.String(), parse.String()
	s.limit = len(s.src)
	return s
}

// placeholder is what the parser reads for text that is not known: an expansion that no byte after it can become part
// of.
const placeholder = "$!"

// aligned returns the text of words at its position in the file, with NULs for the bytes that the shell removed.
func (w *walker) aligned(words []Word) (snippet, bool) {
	if w.fixed != nil {
		return snippet{}, false
	}
	start, end := -1, -1
	for _, word := range words {
		for _, p := range word.Parts {
			if start < 0 {
				start = p.Span.Start
			} else if p.Span.Start < end {
				return snippet{}, false
			}
			end = p.Span.End
		}
	}
	if start < 0 {
		return snippet{text: text{base: words[0].Span.Start}, exact: true}, true
	}
	s := snippet{text: text{base: start, limit: end - start}, exact: true}
	if len(words) == 1 && len(words[0].Parts) == 1 && words[0].Parts[0].Verbatim {
		p := words[0].Parts[0]
		s.src, s.parse, s.quoting = p.Text, p.Text, p.Quoting
		return s, true
	}
	src := make([]byte, end-start)
	s.quoting = -1
	at := start
	for i, word := range words {
		if i > 0 {
			n := -1
			if gap := w.file(at, word.Span.Start); gap != "" {
				n = strings.IndexByte(gap, ' ')
			}
			if n < 0 {
				return snippet{}, false
			}
			if k := at + n - start; k < len(src) {
				src[k] = ' '
			}
		}
		for _, p := range word.Parts {
			a, b := p.Span.Start-start, p.Span.End-start
			at = p.Span.End
			switch {
			case p.Verbatim:
				copy(src[a:b], p.Text)
				if s.quoting >= 0 && s.quoting != p.Quoting {
					s.quoting = source.Unquoted
				} else {
					s.quoting = p.Quoting
				}
				continue
			case !p.Opaque && len(p.Text) == 1 && a < b && w.file(p.Span.End-1, p.Span.End) == p.Text:
				src[b-1] = p.Text[0]
				continue
			case b-a >= len(placeholder) && (p.Opaque || isPlainText(p.Text)):
				s.holes = append(s.holes, hole{start: a, end: b, piece: p})
				copy(src[a:b], w.file(p.Span.Start, p.Span.End))
				s.exact = false
				continue
			}
			return snippet{}, false
		}
		at = max(at, word.Span.End)
	}
	if s.quoting < 0 {
		s.quoting = source.Unquoted
	}
	s.src = string(src)
	s.parse = s.src
	if s.holes != nil {
		for _, h := range s.holes {
			clear(src[h.start:h.end])
			copy(src[h.start:], placeholder)
		}
		s.parse = string(src)
	}
	return s, true
}

// file returns the bytes of the file between two of its offsets, or "" if the text does not contain them.
func (w *walker) file(start, end int) string {
	a, b := start-w.base, end-w.base
	if a < 0 || b > w.limit || a > b {
		return ""
	}
	return w.src[a:b]
}

// isPlainText reports whether a shell reads s as part of a word, whatever the quotes around it.
func isPlainText(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_./:=@%+,", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}

// ExecWord is a word of an instruction in exec form.
type ExecWord = Word

// FromExec returns the script of an instruction in exec form, such as RUN ["nix-env", "-i", "git"]: one command, and
// what `sh -c` in it runs. Its words need Text, Known and Span, and Parts for the exact position of nested commands.
// Without words the script is empty.
func FromExec(words []ExecWord) *Script {
	s := &Script{Dialect: Sh}
	if len(words) == 0 {
		return s
	}
	words = slices.Clone(words)
	span := words[0].Span
	for i, word := range words {
		span = span.Join(word.Span)
		if word.Parts == nil && word.Text != "" {
			words[i].Parts = []source.Piece{{Text: word.Text, Span: word.Span, Opaque: !word.Known}}
		}
	}
	s.Base = span.Start
	w := &walker{text: text{base: span.Start}, s: s, dialect: Sh, vars: &vars{}, slabs: &slabs{}}
	x := &ctx{stmt: span}
	c := w.emit(words, nil, nil, span, x)
	c.external = true
	w.nested(c, x)
	s.windowsExec(c)
	return s
}
