package shell

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/sandlint/sandlint/parsers/source"
)

// This file and its neighbours turn the syntax tree of a text into the list of its simple commands. One pass in the
// order of the text carries two kinds of state:
//
//   - ctx, what a statement inherits from those around it: conditions, redirections of groups, streams, functions. It
//     is copied for an inner statement, so nothing that happens inside leaks out.
//   - vars, what is known about variables. Its changes are logged: a subshell undoes them, and after a branch that may
//     not run they are doubted, so a variable with a known value has that value on every path.
//
// Invariants: commands are appended in the order of the text, those of a nested script or substitution after the
// command that contains it; a span lies inside the text; and what a run could decide otherwise (a skipped command, a
// value) is marked as such. check_test.go checks the first two for every input of the fuzz test, and testdata/*.txtar
// records the result for each construct.

// walker walks the statements of one text and adds their commands to a script. A nested text has a walker of its own.
type walker struct {
	text
	s          *Script
	dialect    Dialect
	vars       *vars
	depth      int // of nested texts
	backquotes int

	*slabs
	parts   []source.Piece // of the words being read
	fields  []int          // indices in parts of values to be split
	substs  []subst        // found in the words of the command being read
	scratch []Word         // those words
}

// slabs allocates the parts of commands in larger lots.
type slabs struct {
	pieces slab[source.Piece]
	words  slab[Word]
	redirs slab[Redir]
	cmds   slab[Command]
	levels int // that have been assigned
	spent  int // bytes that variables have put into words
}

type slab[T any] struct {
	free []T
	size int
}

// take returns a copy of src.
func (s *slab[T]) take(src []T) []T {
	if len(src) == 0 {
		return nil
	}
	out := s.grab(len(src))
	copy(out, src)
	return out
}

// grab returns n zero values.
func (s *slab[T]) grab(n int) []T {
	if len(s.free) < n {
		s.size = min(max(2*s.size, 1), 256) // most scripts have one command or two
		s.free = make([]T, max(n, s.size))
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out
}

// subst is a substitution in a word.
type subst struct {
	at         int
	stmts      []*syntax.Stmt
	backquotes bool
	shared     bool // runs in the shell itself
}

// stream is a place that commands write their standard output to.
type stream struct {
	redir   *Redir // the redirection of a group, nil for a pipe and for output that is captured or not known
	pipe    bool
	up      *stream
	writers []*Command // in order, without those that redirect their output elsewhere
	shells  []*Command // whose scripts contain some of the writers
	unknown bool       // some of the writers may not run
	cond    int        // the number of conditions around the stream itself
	first   *Command   // the first command that prints something
	reader  *Command   // the command that reads the pipe
}

// input is the standard input of commands.
type input struct {
	pipe    *stream
	redir   *Redir
	readers int // how many commands may read it
}

// ctx is what a statement inherits from those around it. It is copied when it changes.
type ctx struct {
	stmt       source.Span
	guard      string
	fn         string
	wrappers   []string
	outer      []Redir // redirections of enclosing groups, the innermost first
	out        *stream
	in         *input
	parent     *Command
	wrapStart  int // offset of a wrapper that the grammar knows, such as time, plus one
	cond       int // the number of conditions around it
	level      int
	maybe      bool
	subshell   bool
	background bool
	ignored    bool
	top        bool // it is a statement of the script itself
}

// result is what is known about a statement after walking it.
type result struct {
	test    bool     // it is a test, so its failure is not an error
	success bool     // it always succeeds
	failure bool     // it always fails, or ends the script
	cmd     *Command // the command, when it is a simple one
}

// script walks the statements of a whole text.
func (w *walker) script(stmts []*syntax.Stmt, x *ctx) {
	if strings.Contains(w.src, "()") || strings.Contains(w.src, "function") {
		w.vars.prepare(stmts)
	}
	w.stmts(stmts, x)
}

func (w *walker) stmts(stmts []*syntax.Stmt, x *ctx) (last result) {
	top := x.top
	for i, st := range stmts {
		if top {
			x.stmt = w.span(pos(st.Position), w.stmtEnd(st))
		}
		before := len(w.s.Commands)
		last = w.stmt(st, x)
		if i > 0 {
			operator := ";"
			if stmts[i-1].Background {
				operator = "&"
			}
			w.join(before, operator)
		}
	}
	return last
}

// join records the operator before a statement whose commands begin at an index.
func (w *walker) join(first int, operator string) {
	if first < len(w.s.Commands) && w.s.Commands[first].Joined == "" {
		w.s.Commands[first].Joined = operator
	}
}

// stmtEnd returns the offset of a statement's end, without a separator after it and without the bodies of
// here-documents.
func (w *walker) stmtEnd(st *syntax.Stmt) int {
	start, end := pos(st.Position), pos(st.Position)
	switch n := st.Cmd.(type) {
	case nil:
	case *syntax.BinaryCmd:
		end = w.stmtEnd(n.Y)
	case *syntax.FuncDecl:
		end = w.stmtEnd(n.Body)
	case *syntax.TimeClause:
		if end = pos(n.Time) + len("time"); n.Stmt != nil {
			end = w.stmtEnd(n.Stmt)
		}
	case *syntax.CoprocClause:
		end = w.stmtEnd(n.Stmt)
	case *syntax.CallExpr:
		if len(n.Args) > 0 {
			end = w.wordEnd(n.Args[len(n.Args)-1])
		} else if len(n.Assigns) > 0 {
			end = w.assignEnd(n.Assigns[len(n.Assigns)-1])
		}
	case *syntax.DeclClause:
		if end = pos(n.Variant.ValueEnd); len(n.Args) > 0 {
			end = w.assignEnd(n.Args[len(n.Args)-1])
		}
	default:
		end = pos(n.End())
	}
	for _, r := range st.Redirs {
		end = max(end, w.wordEnd(r.Word))
	}
	return w.trim(start, end)
}

func (w *walker) assignEnd(a *syntax.Assign) int {
	end := pos(a.End())
	if a.Value != nil {
		end = w.wordEnd(a.Value)
	}
	return w.trim(min(pos(a.Pos()), len(w.src)), end)
}

func (w *walker) stmt(st *syntax.Stmt, x *ctx) result {
	if st.Background || st.Coprocess || st.Disown {
		inner := *x
		inner.background, inner.subshell, inner.top = true, true, false
		mark := w.vars.mark()
		w.command(st, &inner)
		w.vars.undo(mark)
		return result{success: true}
	}
	if st.Negated {
		inner := *x
		inner.ignored, inner.top = true, false
		w.command(st, &inner)
		return result{test: true}
	}
	return w.command(st, x)
}

func (w *walker) command(st *syntax.Stmt, x *ctx) result {
	switch n := st.Cmd.(type) {
	case nil, *syntax.CallExpr, *syntax.DeclClause, *syntax.TestClause, *syntax.ArithmCmd, *syntax.LetClause:
		return w.simple(st, x)
	case *syntax.BinaryCmd:
		if isList(st) {
			return w.list(st, x)
		}
		return w.pipeline(st, x)
	case *syntax.FuncDecl:
		if n.Body != nil && isList(n.Body) {
			return w.list(st, x)
		}
	case *syntax.TimeClause:
		if n.Stmt == nil {
			return result{success: true}
		}
		inner := *x
		if len(x.wrappers) < maxNested {
			inner.wrappers = append(slices.Clip(x.wrappers), "time")
		}
		inner.top = false
		if inner.wrapStart == 0 {
			inner.wrapStart = pos(n.Time) + 1
		}
		return w.stmt(n.Stmt, &inner)
	case *syntax.CoprocClause:
		inner := *x
		inner.background, inner.subshell, inner.top = true, true, false
		inner.out, inner.in = &stream{cond: x.cond}, nil
		mark := w.vars.mark()
		w.stmt(n.Stmt, &inner)
		w.vars.undo(mark)
		return result{success: true}
	}
	inner := *x
	inner.top, inner.wrapStart = false, 0
	if len(st.Redirs) > 0 {
		w.group(st.Redirs, x, &inner)
	}
	r := w.compound(st.Cmd, &inner)
	if s := inner.out; s != x.out && s.first == nil && len(s.writers) > 0 {
		s.first = s.writers[len(s.writers)-1]
	}
	r.cmd = nil
	return r
}

// group adds the redirections of a compound command to the context of its contents.
func (w *walker) group(list []*syntax.Redirect, x, inner *ctx) {
	first := len(w.substs)
	redirs := w.readRedirs(list)
	w.follow(first, nil, x)
	moved, file := stdout(redirs)
	for i := range redirs {
		redirs[i].Outer = true
		if redirs[i].readsInput() {
			inner.in = &input{redir: &redirs[i]}
		}
	}
	if moved {
		inner.out = &stream{up: x.out, cond: x.cond}
		if file >= 0 {
			inner.out.redir = &redirs[file]
		}
	}
	inner.outer = append(slices.Clip(redirs), x.outer[:min(len(x.outer), maxNested)]...)
}

// maxNested bounds lists that grow with the depth of the text.
const maxNested = 64

func (w *walker) compound(cmd syntax.Command, x *ctx) result {
	switch n := cmd.(type) {
	case *syntax.Block:
		return w.stmts(n.Stmts, x)
	case *syntax.Subshell:
		x.subshell = true
		mark := w.vars.mark()
		r := w.stmts(n.Stmts, x)
		w.vars.undo(mark)
		return r
	case *syntax.IfClause:
		w.ifClause(n, x)
	case *syntax.CaseClause:
		w.caseClause(n, x)
	case *syntax.WhileClause:
		w.vars.enterLoop(n.Cond, n.Do)
		cond := *x
		cond.ignored = true
		w.stmts(n.Cond, &cond)
		mark := w.vars.mark()
		w.stmts(n.Do, w.under(x, w.between(n.WhilePos, n.DoPos, len("while"))))
		w.vars.doubt(mark)
		w.vars.leaveLoop()
	case *syntax.ForClause:
		w.forClause(n, x)
	case *syntax.FuncDecl:
		w.function(n, x)
	}
	return result{}
}

// between returns the source between a keyword of n bytes and another keyword, without separators.
func (w *walker) between(from, to syntax.Pos, n int) string {
	start := min(pos(from)+n, w.limit)
	return strings.Trim(w.condition(start, max(start, pos(to))), " \t\r\n;")
}

// maxGuard is the length of the text of a condition that is kept.
const maxGuard = 4096

// condition returns the bytes from a to b as the text of a condition.
func (w *walker) condition(a, b int) string { return w.clean(a, min(b, a+maxGuard)) }

// clean returns the bytes from a to b as the shell reads them.
func (w *walker) clean(a, b int) string {
	s := w.src[a:max(a, min(b, w.limit))]
	if strings.IndexByte(s, 0) >= 0 {
		return strings.ReplaceAll(s, "\x00", "")
	}
	return s
}

// under returns the context of statements under a condition.
func (w *walker) under(x *ctx, guard string) *ctx {
	inner := *x
	inner.maybe, inner.top = true, false
	inner.cond++
	if inner.guard != "" && guard != "" && len(inner.guard) < maxGuard {
		guard = inner.guard + " && " + guard
	}
	inner.guard = guard
	return &inner
}

func (w *walker) ifClause(n *syntax.IfClause, x *ctx) {
	var changes []change
	guard, keyword := "", len("if")
	for c := n; c != nil; c = c.Else {
		branch := x
		if c != n {
			branch = w.under(x, guard)
		}
		if len(c.Cond) > 0 {
			cond := *branch
			cond.ignored = true
			mark := w.vars.mark()
			w.stmts(c.Cond, &cond)
			if c != n {
				changes = append(changes, w.vars.log[mark:]...)
			}
			guard = w.between(c.Position, c.ThenPos, keyword)
			branch = w.under(x, guard)
		}
		mark := w.vars.mark()
		w.stmts(c.Then, branch)
		changes = append(changes, w.vars.undo(mark)...)
		keyword = len("elif")
	}
	w.vars.forgetAll(changes)
}

func (w *walker) caseClause(n *syntax.CaseClause, x *ctx) {
	first := len(w.substs)
	head := w.word(n.Word, plain)
	w.follow(first, nil, x)
	var changes []change
	for _, item := range n.Items {
		guard := "case " + w.clean(pos(n.Word.Pos()), w.wordEnd(n.Word)) + " in "
		if head.Text == "" {
			guard = `case "" in `
		}
		for i, p := range item.Patterns {
			if i > 0 {
				guard += "|"
			}
			guard += w.clean(pos(p.Pos()), w.wordEnd(p))
			first := len(w.substs)
			w.word(p, plain)
			w.follow(first, nil, x)
		}
		mark := w.vars.mark()
		w.stmts(item.Stmts, w.under(x, guard+")"))
		changes = append(changes, w.vars.undo(mark)...)
	}
	w.vars.forgetAll(changes)
}

func (w *walker) forClause(n *syntax.ForClause, x *ctx) {
	inner := w.under(x, w.between(n.ForPos, n.DoPos, 0))
	switch l := n.Loop.(type) {
	case *syntax.WordIter:
		first := len(w.substs)
		for _, item := range l.Items {
			if words := w.args(nil, item); !n.Select &&
				slices.ContainsFunc(words, func(word Word) bool { return word.Known }) {
				inner.maybe, inner.guard = x.maybe, x.guard // the loop runs at least once
			}
		}
		w.follow(first, nil, x)
		w.vars.enterLoop(n.Do)
		w.vars.forget(l.Name.Value)
	case *syntax.CStyleLoop:
		w.vars.enterLoop(n.Do)
		for _, e := range []syntax.ArithmExpr{l.Init, l.Cond, l.Post} {
			arithAssigned(e, w.vars.forget)
		}
	}
	mark := w.vars.mark()
	w.stmts(n.Do, inner)
	w.vars.doubt(mark)
	w.vars.leaveLoop()
}

func (w *walker) function(n *syntax.FuncDecl, x *ctx) {
	if n.Name == nil {
		return
	}
	name := n.Name.Value
	if w.s.Functions == nil {
		w.s.Functions = map[string][]int{}
	}
	if _, ok := w.s.Functions[name]; !ok || !x.maybe {
		w.s.Functions[name] = []int{}
	}
	body := ctx{stmt: x.stmt, wrappers: x.wrappers, parent: x.parent, level: x.level, subshell: x.subshell, fn: name,
		out: &stream{}}
	mark := w.vars.mark()
	w.vars.enterFunction()
	w.stmt(n.Body, &body)
	w.vars.undo(mark)
}

// item is one part of a list joined by && and ||.
type item struct {
	op   syntax.BinCmdOperator // the operator before it
	stmt *syntax.Stmt
}

// listItems returns the parts of a list, in order. The parser reads `f() { a; } && b` as a function whose body is the
// list `{ a; } && b`; to a shell the body ends at the brace.
func listItems(st *syntax.Stmt) []item {
	var out []item
	for {
		b, ok := st.Cmd.(*syntax.BinaryCmd)
		if !ok || b.Op != syntax.AndStmt && b.Op != syntax.OrStmt {
			break
		}
		out = append(out, item{b.Op, b.Y})
		st = b.X
	}
	out = append(out, item{0, st})
	slices.Reverse(out)
	for n := 0; n < len(out); n++ {
		f, ok := out[n].stmt.Cmd.(*syntax.FuncDecl)
		if !ok || !isList(f.Body) {
			continue
		}
		rest := listItems(f.Body)
		function, whole := *f, *out[n].stmt
		function.Body = rest[0].stmt
		whole.Cmd = &function
		out = slices.Replace(out, n, n+1, append([]item{{out[n].op, &whole}}, rest[1:]...)...)
	}
	return out
}

// isList reports whether a statement is a list joined by && or ||.
func isList(st *syntax.Stmt) bool {
	b, ok := st.Cmd.(*syntax.BinaryCmd)
	return ok && (b.Op == syntax.AndStmt || b.Op == syntax.OrStmt)
}

// list walks a && b || c.
func (w *walker) list(st *syntax.Stmt, x *ctx) result {
	items := listItems(st)
	begin := len(w.s.Commands)
	var chain []*Command
	endChain := func() {
		if len(chain) > 1 {
			w.s.chains = append(w.s.chains, chain)
			for _, c := range chain {
				c.chain = len(w.s.chains)
			}
		}
		chain = nil
	}
	var r result
	afterFirst := 0
	or := false
	guardStart, guardEnd := -1, 0 // the tests that the next command depends on
	inTest := -1                  // the state before the first command that depends on one
	for i, it := range items {
		inner := x
		mark := w.vars.mark()
		switch {
		case i == 0:
		case it.op == syntax.OrStmt:
			or = true
			if inTest >= 0 {
				w.vars.doubt(inTest)
				inTest = -1
			}
			mark = w.vars.mark()
			inner = w.under(x, w.condition(pos(items[0].stmt.Position), w.stmtEnd(items[i-1].stmt)))
			guardStart = -1
			endChain()
		case guardStart >= 0:
			if inTest < 0 {
				inTest = mark
			}
			inner = w.under(x, w.condition(guardStart, guardEnd))
		}
		before := len(w.s.Commands)
		next := w.stmt(it.stmt, inner)
		if i > 0 {
			w.join(before, it.op.String())
		}
		if i == 0 {
			afterFirst = w.vars.mark()
		}
		if it.op == syntax.OrStmt && i > 0 {
			w.vars.doubt(mark)
			if !next.failure {
				for _, c := range w.s.Commands[begin:before] {
					c.Ignored = true
				}
				begin = before
			}
		}
		if next.test {
			if guardStart < 0 {
				guardStart = pos(it.stmt.Position)
			}
			guardEnd = w.stmtEnd(it.stmt)
		}
		if x.top && next.cmd != nil && !next.test && it.op != syntax.OrStmt && !hasHeredoc(next.cmd) {
			chain = append(chain, next.cmd)
		} else {
			endChain()
		}
		switch {
		case i == 0:
			r = result{test: next.test, success: next.success, failure: next.failure}
		case it.op == syntax.OrStmt:
			r = result{test: next.test, success: r.success || next.success, failure: r.failure && next.failure}
		default:
			r = result{
				test:    r.test || next.test,
				success: r.success && next.success,
				failure: r.failure || next.failure && r.success,
			}
		}
	}
	endChain()
	switch {
	case or:
		w.vars.doubt(afterFirst)
	case inTest >= 0:
		w.vars.doubt(inTest)
	}
	return r
}

func hasHeredoc(c *Command) bool {
	return slices.ContainsFunc(c.Redirs, func(r Redir) bool { return r.Heredoc != nil })
}

// pipeline walks a | b | c.
func (w *walker) pipeline(st *syntax.Stmt, x *ctx) result {
	var elems []*syntax.Stmt
	for {
		b, ok := st.Cmd.(*syntax.BinaryCmd)
		if !ok || b.Op != syntax.Pipe && b.Op != syntax.PipeAll {
			break
		}
		elems = append(elems, b.Y)
		st = b.X
	}
	elems = append(elems, st)
	slices.Reverse(elems)

	var r result
	in := x.in
	for i, elem := range elems {
		inner := *x
		inner.subshell, inner.top = true, false
		inner.in = in
		if i > 0 {
			inner.wrapStart = 0
			inner.outer = slices.DeleteFunc(slices.Clone(inner.outer), func(r Redir) bool { return r.readsInput() })
		}
		var pipe *stream
		if i < len(elems)-1 {
			pipe = &stream{pipe: true, up: x.out, cond: x.cond}
			inner.out = pipe
			inner.outer = slices.DeleteFunc(slices.Clone(inner.outer), func(r Redir) bool { return r.writesOutput() })
		}
		mark := w.vars.mark()
		before := len(w.s.Commands)
		r = w.stmt(elem, &inner)
		w.vars.undo(mark)
		if i > 0 {
			w.join(before, "|")
		}
		if i > 0 && in.pipe.reader != nil {
			for _, c := range in.pipe.writers {
				c.PipesTo = in.pipe.reader
			}
			for _, c := range in.pipe.shells {
				c.PipesTo = in.pipe.reader
			}
		}
		if pipe != nil {
			in = &input{pipe: pipe}
		}
	}
	r.cmd = nil
	return r
}

// follow walks the substitutions recorded since first, in the order of their positions. They belong to parent, or, if
// it is nil, to a word of a compound command.
func (w *walker) follow(first int, parent *Command, x *ctx) {
	if len(w.substs) == first {
		return
	}
	list := slices.Clone(w.substs[first:])
	w.substs = w.substs[:first]
	slices.SortStableFunc(list, func(a, b subst) int { return a.at - b.at })
	inner := *x
	inner.top, inner.wrapStart = false, 0
	inner.subshell = true
	inner.in, inner.outer = nil, nil
	if parent != nil {
		inner.parent = parent
		inner.maybe, inner.guard = parent.Maybe, parent.Guard
	}
	w.levels++
	inner.level = w.levels
	for _, s := range list {
		inner.out = &stream{cond: x.cond}
		mark := w.vars.mark()
		if s.backquotes {
			w.backquotes++
		}
		w.stmts(s.stmts, &inner)
		if s.backquotes {
			w.backquotes--
		}
		if s.shared {
			w.vars.doubt(mark)
		} else {
			w.vars.undo(mark)
		}
	}
}
