package shell

import (
	"bytes"
	"errors"
	"path"
	"slices"
	"strings"
	"sync"

	"mvdan.cc/sh/v3/syntax"

	"github.com/sandlint/sandlint/parsers/source"
)

// Env looks up variables that are known from outside the script, such as those of ENV.
type Env func(name string) (value string, known bool)

// maxNesting bounds how deep scripts inside arguments (`sh -c '…'`) are read.
const maxNesting = 6

var parsers = sync.Pool{New: func() any { return syntax.NewParser(syntax.Variant(syntax.LangBash)) }}

// Parse reads a script. view is its text, and base the file offset of the first byte; env may be nil. Sh is read as bash as well, since
// it is not known which program stands behind /bin/sh. Where the text has a syntax error, the commands of the
// statements before it are still returned. The dialect None gives a script without commands.
func Parse(view []byte, base int, d Dialect, env Env) *Script {
	return parse(view, base, d, env, false)
}

// ParseJoined reads a script whose host joins lines before the shell sees them, as a Dockerfile does: a backslash before a line end is gone inside
// single quotes too. The bodies of here-documents are not joined.
func ParseJoined(view []byte, base int, d Dialect, env Env) *Script {
	return parse(view, base, d, env, true)
}

func parse(view []byte, base int, d Dialect, env Env, joined bool) *Script {
	s := &Script{Dialect: d, Base: base, Functions: map[string][]int{}}
	if d == None {
		return s
	}
	tree, err := parseTree(view, syntax.LangBash)
	if err != nil && d == Sh {
		if posix, posixErr := parseTree(view, syntax.LangPOSIX); posixErr == nil {
			tree, err = posix, nil
		}
	}
	s.Tree = tree
	if err != nil {
		s.Problem = problem(err, base, len(view))
	}
	r := &reader{script: s, view: view, base: base, env: env, vars: map[string]variable{}, joined: joined}
	r.stmts(tree.Stmts, context{})
	return s
}

// parseTree parses a text as far as its first error.
func parseTree(view []byte, variant syntax.LangVariant) (*syntax.File, error) {
	var p *syntax.Parser
	if variant == syntax.LangBash {
		p = parsers.Get().(*syntax.Parser)
		defer parsers.Put(p)
	} else {
		p = syntax.NewParser(syntax.Variant(variant))
	}
	file := &syntax.File{}
	var first error
	for s, err := range p.StmtsSeq(bytes.NewReader(view)) {
		// The sequence is never left early: it would go on calling a loop that has ended.
		switch {
		case first != nil:
		case err != nil:
			first = err
		case s != nil:
			file.Stmts = append(file.Stmts, s)
		}
	}
	return file, first
}

func problem(err error, base, size int) *source.Problem {
	p := &source.Problem{Kind: "syntax", Message: err.Error(), Span: source.Span{Start: base, End: base}}
	var pos syntax.Pos
	var parseError syntax.ParseError
	var langError syntax.LangError
	switch {
	case errors.As(err, &parseError):
		pos, p.Message = parseError.Pos, parseError.Text
	case errors.As(err, &langError):
		pos = langError.Pos
	}
	if pos.IsValid() {
		at := base + min(int(pos.Offset()), size)
		p.Span = source.Span{Start: at, End: min(at+1, base+size)}
	}
	return p
}

// variable is what is known of a variable of the script.
type variable struct {
	value string
	known bool
}

// context is how the statement at hand is reached.
type context struct {
	maybe, subshell, background, ignored bool
	guard, function                      string
	outer                                []Redir
	parent                               *Command
	wrappers                             []string
	statement                            source.Span
}

type reader struct {
	script *Script
	view   []byte
	base   int
	env    Env
	vars   map[string]variable
	opened map[source.Span]bool // redirections of groups through which a command has written
	depth  int
	joined bool // lines are joined before the shell sees them
	// fixed, when set, is the span of everything: the text is not the file's own.
	fixed *source.Span
	// quoting is what the file wraps around the text, Plain for a script of its own.
	quoting source.Quoting
}

func (r *reader) span(start, end syntax.Pos) source.Span {
	if r.fixed != nil {
		return *r.fixed
	}
	from := r.base + min(int(start.Offset()), len(r.view))
	to := r.base + min(int(end.Offset()), len(r.view))
	return source.Span{Start: from, End: max(from, to)}
}

func (r *reader) node(n syntax.Node) source.Span { return r.span(n.Pos(), n.End()) }

// text returns the source text of a node.
func (r *reader) text(n syntax.Node) string {
	from := min(int(n.Pos().Offset()), len(r.view))
	to := min(max(int(n.End().Offset()), from), len(r.view))
	return string(r.view[from:to])
}

func (r *reader) stmts(list []*syntax.Stmt, ctx context) {
	for _, s := range list {
		c := ctx
		if c.statement == (source.Span{}) {
			c.statement = r.node(s)
		}
		r.stmt(s, c)
	}
}

func (r *reader) stmt(s *syntax.Stmt, ctx context) {
	ctx.background = ctx.background || s.Background
	ctx.ignored = ctx.ignored || s.Negated
	if call, ok := s.Cmd.(*syntax.CallExpr); ok {
		r.call(s, call, ctx)
		return
	}
	if s.Cmd == nil { // only redirections: "> file"
		if len(s.Redirs) > 0 {
			r.add(&Command{Span: r.node(s), Redirs: r.redirs(s.Redirs, false)}, ctx)
		}
		return
	}
	if len(s.Redirs) > 0 {
		// Those of an enclosing group come last.
		ctx.outer = append(r.redirs(s.Redirs, true), ctx.outer...)
	}
	switch cmd := s.Cmd.(type) {
	case *syntax.BinaryCmd:
		r.binary(cmd, ctx)
	case *syntax.Block:
		r.stmts(cmd.Stmts, ctx)
	case *syntax.Subshell:
		ctx.subshell = true
		r.scoped(func() { r.stmts(cmd.Stmts, ctx) })
	case *syntax.IfClause:
		r.ifClause(cmd, ctx)
	case *syntax.WhileClause:
		r.forget(cmd)
		r.stmts(cmd.Cond, ctx)
		body := ctx
		body.maybe, body.guard = true, r.stmtsText(cmd.Cond)
		r.stmts(cmd.Do, body)
		r.forget(cmd)
	case *syntax.ForClause:
		r.forClause(cmd, ctx)
	case *syntax.CaseClause:
		for _, item := range cmd.Items {
			body := ctx
			body.maybe, body.guard = true, r.text(cmd.Word)
			r.scoped(func() { r.stmts(item.Stmts, body) })
		}
		r.forget(cmd)
	case *syntax.FuncDecl:
		body := ctx
		body.function, body.statement = "", r.node(s)
		if cmd.Name != nil {
			body.function = cmd.Name.Value
		}
		first := len(r.script.Commands)
		r.scoped(func() { r.stmt(cmd.Body, body) })
		var commands []int
		for n := first; n < len(r.script.Commands); n++ {
			if r.script.Commands[n].Function == body.function {
				commands = append(commands, n)
			}
		}
		r.script.Functions[body.function] = commands
		r.forget(cmd)
	case *syntax.DeclClause:
		r.declare(s, cmd, ctx)
	case *syntax.TimeClause:
		if cmd.Stmt != nil {
			ctx.wrappers = append(slices.Clip(ctx.wrappers), "time")
			r.stmt(cmd.Stmt, ctx)
		}
	case *syntax.TestClause:
		r.add(&Command{Name: "[[", Path: "[[", Span: r.node(s), Words: []Word{{Text: "[[", Known: true, Span: r.span(cmd.Left, cmd.Left)}}, Redirs: r.redirs(s.Redirs, false)}, ctx)
	case *syntax.CoprocClause:
		ctx.background = true
		r.stmt(cmd.Stmt, ctx)
	}
}

// scoped runs do, and forgets what it assigned.
func (r *reader) scoped(do func()) {
	saved := make(map[string]variable, len(r.vars))
	for k, v := range r.vars {
		saved[k] = v
	}
	do()
	r.vars = saved
}

// forget makes every variable that a node assigns unknown, since it is not known whether, or how often, it runs.
func (r *reader) forget(n syntax.Node) {
	syntax.Walk(n, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Assign:
			if n.Name != nil {
				r.vars[n.Name.Value] = variable{}
			}
		case *syntax.WordIter:
			r.vars[n.Name.Value] = variable{}
		}
		return true
	})
}

func (r *reader) stmtsText(list []*syntax.Stmt) string {
	if len(list) == 0 {
		return ""
	}
	from, to := int(list[0].Pos().Offset()), int(list[len(list)-1].End().Offset())
	return string(r.view[min(from, len(r.view)):min(max(from, to), len(r.view))])
}

func (r *reader) ifClause(c *syntax.IfClause, ctx context) {
	whole := c
	inner := ctx
	for c != nil {
		r.stmts(c.Cond, inner)
		body := ctx
		body.maybe = true
		body.guard = r.stmtsText(c.Cond)
		if len(c.Cond) == 0 {
			body.guard = inner.guard
		}
		r.scoped(func() { r.stmts(c.Then, body) })
		inner = body
		c = c.Else
	}
	r.forget(whole)
}

func (r *reader) forClause(c *syntax.ForClause, ctx context) {
	r.forget(c)
	body := ctx
	body.maybe = true
	if iter, ok := c.Loop.(*syntax.WordIter); ok {
		literal := len(iter.Items) > 0
		for _, item := range iter.Items {
			literal = literal && r.word(item, false).Known
		}
		if literal {
			body.maybe = ctx.maybe // it runs at least once
		}
	}
	r.stmts(c.Do, body)
	r.forget(c)
}

func (r *reader) binary(b *syntax.BinaryCmd, ctx context) {
	switch b.Op {
	case syntax.AndStmt:
		r.stmt(b.X, ctx)
		if isTest(b.X) {
			ctx.maybe, ctx.guard = true, r.text(b.X)
		}
		r.stmt(b.Y, ctx)
	case syntax.OrStmt:
		left := ctx
		left.ignored = ctx.ignored || !stops(b.Y)
		r.stmt(b.X, left)
		ctx.maybe, ctx.guard = true, "! "+r.text(b.X)
		r.stmt(b.Y, ctx)
		r.forget(b)
	case syntax.Pipe, syntax.PipeAll:
		first := len(r.script.Commands)
		left := ctx
		left.subshell = true
		left.outer = nil
		r.scoped(func() { r.stmt(b.X, left) })
		middle := len(r.script.Commands)
		right := ctx
		right.subshell = true
		r.scoped(func() { r.stmt(b.Y, right) })
		from := r.lastSimple(first, middle)
		to := r.firstSimple(middle, len(r.script.Commands))
		if from != nil && to != nil {
			to.PipedFrom = from
			to.pipedGroup = r.group(first, middle, from)
			for n := first; n < middle; n++ {
				if c := r.script.Commands[n]; c.PipesTo == nil && c.Parent == ctx.parent {
					c.PipesTo = to
				}
			}
		}
	default:
		r.stmt(b.X, ctx)
		r.stmt(b.Y, ctx)
	}
}

// lastSimple and firstSimple find the ends of a pipe among commands that are not nested in one another.
func (r *reader) lastSimple(from, to int) *Command {
	for n := to - 1; n >= from; n-- {
		if c := r.script.Commands[n]; !r.within(c, from) {
			return c
		}
	}
	return nil
}

func (r *reader) firstSimple(from, to int) *Command {
	if from < to {
		return r.script.Commands[from]
	}
	return nil
}

// within reports whether a command is nested in one of the commands from an index on.
func (r *reader) within(c *Command, from int) bool {
	return c.Parent != nil && slices.Contains(r.script.Commands[from:], c.Parent)
}

// group returns the commands whose output together goes into a pipe: those of a group, or the last command of the left side alone.
func (r *reader) group(from, to int, last *Command) []*Command {
	var out []*Command
	for n := from; n < to; n++ {
		c := r.script.Commands[n]
		if r.within(c, from) || c.PipesTo != nil {
			continue
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		out = []*Command{last}
	}
	return out
}

// tests are programs that are run for their exit status, so that what follows `&&` is a choice.
var tests = []string{"[", "[[", "test", "which", "grep", "egrep", "fgrep", "zgrep", "type", "hash", "getent", "id", "cmp", "diff", "false", "uname", "expr", "pgrep", "dpkg-query", "mountpoint"}

func isTest(s *syntax.Stmt) bool {
	if s.Negated {
		return true
	}
	switch c := s.Cmd.(type) {
	case *syntax.TestClause, *syntax.ArithmCmd:
		return true
	case *syntax.CallExpr:
		if len(c.Args) == 0 {
			return false
		}
		name := c.Args[0].Lit()
		if name == "command" && len(c.Args) > 1 && strings.HasPrefix(c.Args[1].Lit(), "-") {
			return strings.ContainsAny(c.Args[1].Lit(), "vV")
		}
		return slices.Contains(tests, path.Base(name))
	case *syntax.BinaryCmd:
		return isTest(c.Y) || c.Op != syntax.Pipe && c.Op != syntax.PipeAll && isTest(c.X)
	}
	return false
}

// stops reports whether a statement ends the script with a failure: `|| exit 1`.
func stops(s *syntax.Stmt) bool {
	switch c := s.Cmd.(type) {
	case *syntax.CallExpr:
		if len(c.Args) == 0 {
			return false
		}
		switch c.Args[0].Lit() {
		case "exit", "return":
			return len(c.Args) == 1 || c.Args[1].Lit() != "0"
		case "false":
			return true
		}
	case *syntax.Block:
		return len(c.Stmts) > 0 && stops(c.Stmts[len(c.Stmts)-1])
	}
	return false
}

// add appends a command, with what its context tells.
func (r *reader) add(c *Command, ctx context) *Command {
	c.Maybe, c.Guard, c.Function = ctx.maybe, ctx.guard, ctx.function
	c.Subshell, c.Background, c.Ignored = ctx.subshell, ctx.background, ctx.ignored
	c.Statement, c.Parent, c.Quoting = ctx.statement, ctx.parent, r.quoting
	c.Wrappers = append(slices.Clip(ctx.wrappers), c.Wrappers...)
	c.Redirs = append(c.Redirs, ctx.outer...)
	for _, redir := range ctx.outer {
		if !r.opened[redir.Span] {
			if r.opened == nil {
				r.opened = map[source.Span]bool{}
			}
			r.opened[redir.Span] = true
			c.opens = append(c.opens, redir.Span)
		}
	}
	r.script.Commands = append(r.script.Commands, c)
	return c
}

// declare reads export, declare, local and the like.
func (r *reader) declare(s *syntax.Stmt, d *syntax.DeclClause, ctx context) {
	c := &Command{Name: d.Variant.Value, Path: d.Variant.Value, Span: r.node(s), Redirs: r.redirs(s.Redirs, false)}
	c.Words = []Word{{Text: d.Variant.Value, Known: true, Span: r.node(d.Variant)}}
	export := d.Variant.Value == "export"
	for _, a := range d.Args {
		if a.Naked {
			if a.Value != nil {
				w := r.word(a.Value, false)
				export = export || strings.HasPrefix(w.Text, "-") && strings.Contains(w.Text, "x")
				c.Words = append(c.Words, w)
			} else if a.Name != nil {
				c.Words = append(c.Words, Word{Text: a.Name.Value, Known: true, Span: r.node(a.Name)})
			}
			continue
		}
		assign := r.assign(a)
		assign.Export = export
		c.Assigns = append(c.Assigns, assign)
		r.set(a, assign, ctx)
	}
	r.add(c, ctx)
	for _, a := range d.Args {
		r.substitutions(a, c, ctx)
	}
}

func (r *reader) assign(a *syntax.Assign) Assign {
	out := Assign{Append: a.Append, Span: r.node(a)}
	if a.Name != nil {
		out.Name = a.Name.Value
	}
	switch {
	case a.Value != nil:
		out.Value = r.word(a.Value, true)
	case a.Array != nil || a.Index != nil:
		out.Value = Word{Text: r.text(a), Span: out.Span}
	default:
		out.Value = Word{Known: true, Span: source.Span{Start: out.Span.End, End: out.Span.End}}
	}
	return out
}

// set records an assignment of the script's own.
func (r *reader) set(a *syntax.Assign, assign Assign, ctx context) {
	r.vars[assign.Name] = variable{assign.Value.Text, assign.Value.Known && !a.Append && !ctx.maybe && ctx.function == "" && a.Index == nil && a.Array == nil}
}

func (r *reader) call(s *syntax.Stmt, call *syntax.CallExpr, ctx context) {
	c := &Command{Span: r.node(call), Redirs: r.redirs(s.Redirs, false)}
	for _, redir := range s.Redirs {
		c.Span = c.Span.Join(r.span(redir.Pos(), redir.Word.End()))
	}
	for _, a := range call.Assigns {
		assign := r.assign(a)
		c.Assigns = append(c.Assigns, assign)
		if len(call.Args) == 0 {
			r.set(a, assign, ctx)
		}
	}
	for _, arg := range call.Args {
		c.Words = append(c.Words, r.word(arg, false))
	}
	peel(c)
	r.add(c, ctx)
	r.substitutions(call, c, ctx)
	for _, redir := range s.Redirs {
		if redir.Word != nil {
			r.substitutions(redir.Word, c, ctx)
		}
	}
	r.nested(c, ctx)
}

// substitutions reads the commands in the $(…) and <(…) of a node.
func (r *reader) substitutions(n syntax.Node, c *Command, ctx context) {
	inner := ctx
	inner.parent, inner.subshell, inner.outer, inner.wrappers = c, true, nil, nil
	syntax.Walk(n, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CmdSubst:
			r.scoped(func() { r.stmts(n.Stmts, inner) })
			return false
		case *syntax.ProcSubst:
			r.scoped(func() { r.stmts(n.Stmts, inner) })
			return false
		}
		return true
	})
}

// nested reads the script in an argument of a shell.
func (r *reader) nested(c *Command, ctx context) {
	n, dialect := scriptArgument(c)
	if n < 0 || r.depth >= maxNesting {
		return
	}
	w := c.Words[n]
	if strings.TrimSpace(w.Text) == "" || dialect == None {
		return
	}
	inner := ctx
	inner.parent, inner.outer = c, nil
	inner.wrappers = append(slices.Clip(c.Wrappers), wrapperName(c))
	sub := &reader{script: r.script, env: r.env, vars: map[string]variable{}, depth: r.depth + 1}
	if len(w.Parts) == 1 && w.Parts[0].Verbatim && r.fixed == nil {
		sub.view, sub.base, sub.quoting = []byte(w.Parts[0].Text), w.Parts[0].Span.Start, w.Parts[0].Quoting
		if sub.quoting == source.Plain || r.quoting != source.Plain {
			sub.quoting = source.Unquoted
		}
	} else {
		span := w.Span
		if r.fixed != nil {
			span = *r.fixed
		}
		sub.view, sub.fixed, sub.quoting = []byte(w.Text), &span, source.Unquoted
	}
	if tree, _ := parseTree(sub.view, syntax.LangBash); tree != nil {
		sub.stmts(tree.Stmts, inner)
	}
}
