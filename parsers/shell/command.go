package shell

import (
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/sandlint/sandlint/parsers/source"
)

// This file reads one simple command: its words, assignments, redirections and here-documents, and what it does to the
// variables of the script.
//
// A word has three forms at once: its text as the program sees it, its span, and its pieces, which map each byte of the
// text to the file. A piece is verbatim if it is the file's own bytes, derived if the shell computes it, and opaque if
// it is not known; a word with an opaque piece is never Known. TestPlacesOfOutput in output_test.go checks the map by
// replacing each verbatim byte and running the installed shells.

// simple walks a simple command: words, assignments and redirections.
func (w *walker) simple(st *syntax.Stmt, x *ctx) result {
	first := len(w.substs)
	words := w.scratch[:0]
	var assigns []Assign
	start, end := -1, 0
	cover := func(s source.Span) {
		if start < 0 || s.Start < start {
			start = s.Start
		}
		end = max(end, s.End)
	}
	switch n := st.Cmd.(type) {
	case *syntax.CallExpr:
		for _, a := range n.Assigns {
			assigns = append(assigns, w.assign(a))
			if len(n.Args) == 0 { // the next command sees the assignment
				w.set(assigns[len(assigns)-1], w.vars.set[a.Name.Value].exported)
			}
		}
		if len(n.Args) > 0 {
			cover(w.span(pos(n.Args[0].Pos()), w.wordEnd(n.Args[0])))
			last := n.Args[len(n.Args)-1]
			cover(w.span(pos(last.Pos()), w.wordEnd(last)))
		}
		for _, arg := range n.Args {
			words = w.args(words, arg)
		}
	case *syntax.DeclClause:
		words = append(words, w.literal(pos(n.Variant.ValuePos), pos(n.Variant.ValueEnd)))
		for _, a := range n.Args {
			if a.Name == nil {
				words = w.args(words, a.Value)
				continue
			}
			words = append(words, w.assignWord(a))
		}
	case *syntax.TestClause:
		words = append(words, w.literal(pos(n.Left), pos(n.Left)+len("[[")))
		words = w.testWords(words, n.X)
		words = append(words, w.literal(pos(n.Right), pos(n.Right)+len("]]")))
	case *syntax.ArithmCmd:
		words = append(words, w.literal(pos(n.Left), pos(n.Left)+len("((")))
		cover(w.span(pos(n.Left), pos(n.Right)+len("))")))
		w.substitutions(&syntax.ArithmExp{X: n.X})
	case *syntax.LetClause:
		words = append(words, w.literal(pos(n.Let), pos(n.Let)+len("let")))
		cover(w.span(pos(n.Let), w.trim(pos(n.Let), pos(n.End()))))
		for _, e := range n.Exprs {
			w.substitutions(&syntax.ArithmExp{X: e})
		}
	}
	redirs := w.readRedirs(st.Redirs)

	for _, a := range assigns {
		cover(a.Span)
	}
	for _, word := range words {
		cover(word.Span)
	}
	for _, r := range redirs {
		cover(r.Span)
	}
	if start < 0 {
		s := w.span(pos(st.Position), pos(st.Position))
		start, end = s.Start, s.End
	}
	w.scratch = words
	c := w.emit(words, assigns, redirs, source.Span{Start: start, End: end}, x)
	w.follow(first, c, x)
	w.nested(c, x)
	if x.in != nil && !ignoresInput(c) && !c.redirectsInput() {
		x.in.readers++
	}
	w.effects(c)
	if len(assigns) > 0 && w.dialect == Sh && len(words) > 0 && isSpecial(words[0].Text) {
		for _, a := range assigns {
			w.set(a, w.vars.set[a.Name].exported)
		}
	}
	return c.result()
}

// isSpecial reports whether a command is one of POSIX's special built-in utilities. An assignment before one is an
// assignment of the shell (POSIX.1-2024, Shell Command Language, 2.15; bash does so where it is called sh).
func isSpecial(name string) bool {
	switch name {
	case ":", ".", "set", "export", "readonly", "shift", "trap", "unset", "times", "eval":
		return true
	}
	return false
}

// emit adds a command to the script.
func (w *walker) emit(words []Word, assigns []Assign, redirs []Redir, span source.Span, x *ctx) *Command {
	c := &w.cmds.grab(1)[0]
	*c = Command{
		Span:       span,
		Statement:  x.stmt,
		Maybe:      x.maybe,
		Guard:      x.guard,
		Function:   x.fn,
		Subshell:   x.subshell,
		Background: x.background,
		Ignored:    x.ignored,
		Quoting:    w.quoting,
		Parent:     x.parent,
		Wrappers:   x.wrappers,
		dialect:    w.dialect,
		level:      x.level,
		out:        x.out,
		in:         x.in,
	}
	if x.wrapStart > 0 {
		c.Span.Start = min(c.Span.Start, w.span(x.wrapStart-1, x.wrapStart-1).Start)
	}
	if len(x.outer) > 0 {
		redirs = append(slices.Clip(redirs), x.outer...)
	}
	c.Redirs, c.Assigns = redirs, assigns
	c.Words = peel(c, words)
	if len(c.Words) > 0 {
		c.Path = c.Words[0].Text
		c.Name = programName(c.Words[0])
		c.external = c.external || strings.Contains(c.Path, "/")
		w.declared(c)
	}
	c.Words = w.words.take(c.Words)
	c.silent = isSilent(c)
	w.s.Commands = append(w.s.Commands, c)
	if x.fn != "" {
		w.s.Functions[x.fn] = append(w.s.Functions[x.fn], len(w.s.Commands)-1)
	}
	if moved, _ := stdout(c.Redirs); !moved && x.out != nil {
		w.writes(c, x)
	}
	if x.in != nil && x.in.pipe != nil && !c.redirectsInput() {
		p := x.in.pipe
		if len(p.writers) > 0 {
			c.PipedFrom = p.writers[len(p.writers)-1]
		}
		if p.reader == nil {
			p.reader = c
		}
	}
	return c
}

// redirectsInput reports whether c itself redirects its standard input.
func (c *Command) redirectsInput() bool {
	for i := range c.Redirs {
		if c.Redirs[i].Outer {
			return false
		}
		if c.Redirs[i].readsInput() {
			return true
		}
	}
	return false
}

// writes records that a command's output goes to the stream of its context.
func (w *walker) writes(c *Command, x *ctx) {
	s := x.out
	s.writers = append(s.writers, c)
	if c.silent {
		return
	}
	if x.cond > s.cond {
		s.unknown = true
	}
	if s.redir != nil && s.first == nil {
		s.first = c
	}
}

// literal returns the bytes from a to b as a word.
func (w *walker) literal(a, b int) Word {
	bd := build{start: len(w.parts), end: a}
	w.run(&bd, a, w.trim(a, b), source.Unquoted)
	return w.finish(&bd, a)
}

// assign reads NAME=VALUE.
func (w *walker) assign(a *syntax.Assign) Assign {
	from := pos(a.Name.ValuePos)
	out := Assign{Name: a.Name.Value, Append: a.Append, Span: w.span(from, w.assignEnd(a))}
	switch {
	case a.Array != nil:
		out.Value = w.unknown(pos(a.Array.Lparen), pos(a.Array.Rparen)+1)
		for _, e := range a.Array.Elems {
			if e.Value != nil {
				for _, p := range e.Value.Parts {
					w.substitutions(p)
				}
			}
		}
	case a.Value == nil:
		out.Value = Word{Known: true, Span: source.Span{Start: out.Span.End, End: out.Span.End}}
	default:
		out.Value = w.value(a)
	}
	if a.Index != nil {
		out.Value.Known = false // one element of an array
	}
	return out
}

// unknown returns the bytes from a to b as a word whose value is not known.
func (w *walker) unknown(a, b int) Word {
	bd := build{start: len(w.parts), end: a}
	w.opaque(&bd, a, b, source.Unquoted)
	return w.finish(&bd, a)
}

// value reads the value of an assignment.
func (w *walker) value(a *syntax.Assign) Word {
	b := w.start(a.Value, plain)
	from := b.end
	for i, p := range a.Value.Parts {
		if lit, ok := p.(*syntax.Lit); ok && i == 0 && a.Index == nil {
			// The parser computes the position from the length of the name, which may contain bytes that it does not
			// see.
			start := pos(a.Name.ValuePos)
			if n := strings.IndexByte(w.src[start:max(start, pos(lit.ValueEnd))], '='); n >= 0 {
				from = start + n + 1
				b.end = from
				at := syntax.NewPos(uint(from), 1, 1)
				value := &syntax.Lit{ValuePos: at, ValueEnd: lit.ValueEnd, Value: lit.Value}
				w.part(&b, value, source.Unquoted)
				continue
			}
		}
		w.part(&b, p, source.Unquoted)
	}
	return w.finish(&b, from)
}

// assignWord reads an argument of export or declare as the word NAME=VALUE.
func (w *walker) assignWord(a *syntax.Assign) Word {
	from := pos(a.Name.ValuePos)
	b := build{start: len(w.parts), end: from}
	if a.Naked && a.Index == nil {
		return w.literal(from, pos(a.Name.ValueEnd))
	}
	end := w.assignEnd(a)
	if a.Array != nil || a.Index != nil || a.Value == nil {
		if a.Value == nil && a.Array == nil && a.Index == nil {
			return w.literal(from, end)
		}
		value := w.assign(a) // for its substitutions
		word := w.unknown(from, end)
		word.Span = word.Span.Join(value.Span)
		return word
	}
	value := w.value(a)
	to := value.Span.Start
	if w.fixed == nil {
		to -= w.base
	} else {
		to = from + strings.IndexByte(w.src[from:], '=') + 1
	}
	w.run(&b, from, max(from, to), source.Unquoted)
	for _, p := range value.Parts {
		w.add(&b, p)
	}
	b.end = end
	return w.finish(&b, from)
}

// testWords adds the words of [[ … ]].
func (w *walker) testWords(words []Word, e syntax.TestExpr) []Word {
	switch n := e.(type) {
	case *syntax.Word:
		words = append(words, w.word(n, plain))
	case *syntax.UnaryTest:
		words = append(words, w.literal(pos(n.OpPos), pos(n.OpPos)+len(n.Op.String())))
		words = w.testWords(words, n.X)
	case *syntax.BinaryTest:
		words = w.testWords(words, n.X)
		words = append(words, w.literal(pos(n.OpPos), pos(n.OpPos)+len(n.Op.String())))
		words = w.testWords(words, n.Y)
	case *syntax.ParenTest:
		words = w.testWords(words, n.X)
	}
	return words
}

// programName returns the name of the program that a word names, or "" when it is not known. Its directory need not be
// known.
func programName(word Word) string {
	if word.Known {
		return word.Text[strings.LastIndexByte(word.Text, '/')+1:]
	}
	name := ""
	for _, p := range slices.Backward(word.Parts) {
		if p.Opaque {
			return ""
		}
		if i := strings.LastIndexByte(p.Text, '/'); i >= 0 {
			return p.Text[i+1:] + name
		}
		name = p.Text + name
	}
	return name
}

// cutWord removes the first n bytes of the text of a word.
func cutWord(word Word, n int) Word {
	out := Word{Known: word.Known, Span: word.Span}
	for i, p := range word.Parts {
		if len(p.Text) <= n {
			n -= len(p.Text)
			out.Span.Start = max(out.Span.Start, p.Span.End)
			continue
		}
		if n > 0 {
			p.Text = p.Text[n:]
			if p.Verbatim {
				p.Span.Start += n
				out.Span.Start = p.Span.Start
			}
		}
		out.Parts = append([]source.Piece{p}, word.Parts[i+1:]...)
		break
	}
	if len(out.Parts) == 0 {
		out.Span.Start = min(out.Span.Start, out.Span.End)
	}
	out.Text = joined(out.Parts)
	return out
}

// assignmentOf reads a word NAME=VALUE.
func assignmentOf(word Word) (Assign, bool) {
	n := strings.IndexByte(word.Text, '=')
	if n <= 0 {
		return Assign{}, false
	}
	a := Assign{Name: word.Text[:n], Span: word.Span}
	if strings.HasSuffix(a.Name, "+") {
		a.Name, a.Append = a.Name[:n-1], true
	}
	if !syntax.ValidName(a.Name) {
		return Assign{}, false
	}
	at := 0
	for _, p := range word.Parts {
		if p.Opaque && at <= n {
			return Assign{}, false
		}
		at += len(p.Text)
	}
	a.Value = cutWord(word, n+1)
	a.Value.Known = !anyOpaque(a.Value.Parts)
	return a, true
}

// declared adds the assignments of export, declare and similar builtins.
func (w *walker) declared(c *Command) {
	if c.external {
		return
	}
	var export, plain bool
	switch c.Name {
	case "export":
		export = true
	case "declare", "typeset", "local", "readonly":
	default:
		return
	}
	for _, word := range c.Words[1:] {
		if strings.HasPrefix(word.Text, "-") && word.Known {
			export = export || c.Name != "readonly" && c.Name != "export" && strings.Contains(word.Text, "x")
			plain = plain || strings.ContainsAny(word.Text, "fn")
			continue
		}
		if plain { // it concerns functions, or undoes the export
			continue
		}
		if a, ok := assignmentOf(word); ok {
			a.Export = export
			c.Assigns = append(c.Assigns, a)
		} else if v, ok := w.vars.set[word.Text]; ok && export && word.Known {
			v.value.Known = v.known
			c.Assigns = append(c.Assigns, Assign{Name: word.Text, Value: v.value, Span: word.Span, Export: true})
		}
	}
}

// effects applies what a command does to variables.
func (w *walker) effects(c *Command) {
	v := w.vars
	if len(c.Words) == 0 || c.external {
		return
	}
	if c.Name == "printf" && len(c.Words) > 2 && c.Words[1].Text == "-v" {
		v.forget(c.Words[2].Text)
		return
	}
	kind, ok := assigners()[c.Name]
	if !ok {
		return
	}
	switch kind {
	case assignsAny:
		if !c.nests {
			v.wipe()
		}
	case assignsDeclared:
		changed := c.Name != "export" &&
			slices.ContainsFunc(c.Words, func(word Word) bool { return hasOption(word, "aAciluIn", "") })
		for _, a := range c.Assigns {
			if changed { // an attribute of the variable changes the value
				a.Value.Known = false
			}
			w.set(a, a.Export || v.set[a.Name].exported)
		}
		for _, word := range c.Words[1:] {
			name, _, assigned := strings.Cut(word.Text, "=")
			name, _, element := strings.Cut(strings.TrimSuffix(name, "+"), "[")
			switch {
			case strings.HasPrefix(word.Text, "-"):
			case !syntax.ValidName(name):
				v.wipe() // the name is not known
			case element, !word.Known && !assigned, !assigned && c.Name != "export" && c.Name != "readonly":
				v.forget(name)
			}
		}
	case assignsNames:
		for _, word := range c.Words[1:] {
			switch {
			case !word.Known:
				v.wipe()
			case syntax.ValidName(word.Text):
				v.forget(word.Text)
			}
		}
	}
}

func (w *walker) set(a Assign, exported bool) {
	x := variable{value: a.Value, known: a.Value.Known && !slices.ContainsFunc(a.Value.Parts, isTilde),
		exported: exported}
	if a.Append {
		old, known := w.vars.lookup(a.Name)
		if x.known = x.known && known && w.dialect == Bash; x.known {
			span := a.Span
			x.value = Word{Text: old + a.Value.Text, Known: true, Span: span,
				Parts: []source.Piece{{Text: old + a.Value.Text, Span: span}}}
		}
	}
	w.vars.assign(a.Name, x)
}

// isTilde reports whether a piece of a word contains a tilde that the shell may replace by a directory.
func isTilde(p source.Piece) bool {
	return p.Verbatim && p.Quoting == source.Unquoted && strings.IndexByte(p.Text, '~') >= 0
}

// readRedirs reads redirections and the bodies of here-documents.
func (w *walker) readRedirs(list []*syntax.Redirect) []Redir {
	if len(list) == 0 {
		return nil
	}
	out := make([]Redir, 0, len(list))
	for _, r := range list {
		start := pos(r.OpPos)
		redir := Redir{Op: r.Op.String(), FD: -1}
		if r.N != nil {
			start = pos(r.N.ValuePos)
			if n, err := strconv.Atoi(r.N.Value); err == nil {
				redir.FD = n
			} else {
				redir.FD = firstFreeFD
			}
		}
		end := max(start, w.wordEnd(r.Word))
		switch r.Op {
		case syntax.Hdoc, syntax.DashHdoc:
			redir.Target = w.delimiter(r.Word)
			redir.Expand = !isQuoted(r.Word)
			redir.Heredoc = w.heredoc(r, redir)
		case syntax.WordHdoc:
			redir.Target = w.word(r.Word, plain)
		default:
			redir.Target = w.word(r.Word, target)
		}
		redir.Span = w.span(start, end)
		out = append(out, redir)
	}
	return w.redirs.take(out)
}

// firstFreeFD is the first descriptor that bash uses for {name}>file.
const firstFreeFD = 10

// delimiter reads the word after <<, in which nothing is expanded.
func (w *walker) delimiter(n *syntax.Word) Word {
	word := w.word(n, plain)
	if !word.Known {
		word.Known = true
		for i := range word.Parts {
			word.Parts[i].Opaque = false
		}
	}
	return word
}

func isQuoted(n *syntax.Word) bool {
	for _, p := range n.Parts {
		if lit, ok := p.(*syntax.Lit); !ok || strings.IndexByte(lit.Value, '\\') >= 0 {
			return true
		}
	}
	return false
}

// heredoc reads the body of a here-document. It is never nil.
func (w *walker) heredoc(r *syntax.Redirect, redir Redir) []source.Piece {
	if r.Hdoc == nil || len(r.Hdoc.Parts) == 0 {
		return []source.Piece{}
	}
	tabs := r.Op == syntax.DashHdoc
	start := min(pos(r.Hdoc.Pos()), len(w.src))
	end := w.bodyEnd(start, redir.Target.Text, tabs, redir.Expand)
	b := build{start: len(w.parts), end: start}
	if !redir.Expand {
		w.lines(start, end, tabs, false, new(true), func(from, to int) { w.run(&b, from, to, source.Plain) })
	} else {
		fresh := true
		for _, p := range r.Hdoc.Parts {
			lit, ok := p.(*syntax.Lit)
			if !ok {
				if pos(p.Pos()) < end {
					fresh = false
					w.part(&b, p, source.Heredoc)
				}
				continue
			}
			if w.backquotes > 0 && strings.IndexByte(lit.Value, '\\') >= 0 {
				w.part(&b, p, source.Heredoc)
				continue
			}
			from, to := pos(lit.ValuePos), min(pos(lit.ValueEnd), end)
			w.lines(from, to, tabs, true, &fresh, func(from, to int) { w.doubleQuoted(&b, from, to, source.Heredoc) })
		}
	}
	out := w.pieces.take(w.parts[b.start:])
	w.parts = w.parts[:b.start]
	if out == nil {
		out = []source.Piece{}
	}
	return out
}

// lines calls f for the text from a to b: as a whole, or with tabs for each line without its leading tabs. With joins,
// a line continues after an escaped line end. fresh says whether a line begins at from, and is updated for the text
// after it.
func (w *walker) lines(from, to int, tabs, joins bool, fresh *bool, f func(from, to int)) {
	if !tabs {
		if from < to {
			f(from, to)
		}
		return
	}
	for from < to {
		if *fresh {
			for from < to && w.src[from] == '\t' {
				from++
			}
			*fresh = false
		}
		end := to
		if n := strings.IndexByte(w.src[from:to], '\n'); n >= 0 {
			end = from + n + 1
			*fresh = !joins || !escaped(w.src[from:end-1])
		}
		if from < end {
			f(from, end)
		}
		from = end
	}
}

// escaped reports whether the line end behind s is escaped.
func escaped(s string) bool {
	s = strings.TrimSuffix(s, "\r")
	n := len(s)
	for n > 0 && s[n-1] == '\\' {
		n--
	}
	return (len(s)-n)%2 == 1
}

// bodyEnd returns the offset of the line that ends a here-document.
func (w *walker) bodyEnd(start int, delimiter string, tabs, expand bool) int {
	joined := false
	for at := start; at < len(w.src); {
		end := len(w.src)
		if n := strings.IndexByte(w.src[at:], '\n'); n >= 0 {
			end = at + n
		}
		line := w.src[at:end]
		if !joined {
			content := strings.TrimSuffix(line, "\r")
			if tabs {
				content = strings.TrimLeft(content, "\t")
			}
			if content == delimiter {
				return at
			}
		}
		joined = expand && escaped(line)
		at = end + 1
	}
	return len(w.src)
}

// readsInput reports whether r redirects standard input.
func (r *Redir) readsInput() bool {
	switch r.Op {
	case "<", "<<", "<<-", "<<<", "<&", "<>":
		return r.FD == -1 || r.FD == 0
	}
	return r.FD == 0
}

// writesOutput reports whether r redirects standard output.
func (r *Redir) writesOutput() bool {
	switch r.Op {
	case ">", ">>", ">|", "&>", "&>>", ">&":
		return r.FD == -1 || r.FD == 1
	}
	return r.FD == 1
}

// opensBoth reports whether r sends standard output and standard error to a file.
func (r *Redir) opensBoth() bool {
	switch r.Op {
	case "&>", "&>>":
		return true
	case ">&":
		t := r.Target.Text
		return (r.FD == -1 || r.FD == 1) && r.Target.Known && t != "" && t != "-" &&
			strings.Trim(strings.TrimSuffix(t, "-"), "0123456789") != ""
	}
	return false
}

// stdout follows the redirections of one command, without those of groups around it. It reports whether its standard
// output is redirected, and returns the index of the redirection that opens the output file, or -1 if there is no file.
func stdout(redirs []Redir) (moved bool, file int) {
	const inherited = -2
	var to [firstFreeFD]int // what each descriptor refers to: a redirection, or an inherited descriptor
	for i := range to {
		to[i] = inherited - i
	}
	for i := range redirs {
		r := &redirs[i]
		if r.Outer {
			break
		}
		fd := r.FD
		if fd == -1 {
			fd = 1
			if r.readsInput() {
				fd = 0
			}
		}
		if fd >= len(to) {
			continue
		}
		switch {
		case r.opensBoth():
			to[1], to[2] = i, i
		case r.Op == ">&" || r.Op == "<&":
			to[fd] = -1
			if n, err := strconv.Atoi(strings.TrimSuffix(r.Target.Text, "-")); err == nil && r.Target.Known && 0 <= n &&
				n < len(to) {
				to[fd] = to[n]
			}
		default:
			to[fd] = i
		}
	}
	return to[1] != inherited-1, max(to[1], -1)
}
