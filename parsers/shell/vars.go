package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Env looks up a variable that is set outside the script, for example by ENV. It reports false for a variable whose
// value is not known. If it is nil, no variable is known.
type Env func(name string) (value string, known bool)

// variable is what is known about a variable of the script. The zero value is a variable whose value is unknown.
type variable struct {
	value    Word
	known    bool
	exported bool
}

// vars follows the variables of a script in the order of its text.
type vars struct {
	env      Env
	set      map[string]variable
	wiped    bool // something may have changed every variable
	log      []change
	loops    int
	volatile map[string]bool // assigned in a function and elsewhere, so the value is never certain
	counts   map[string]int  // how often the script assigns each variable; nil in a script without functions
}

// change is what an assignment replaced.
type change struct {
	name string
	old  variable
	had  bool
	all  map[string]variable // if name is "", what a wipe replaced
}

func (v *vars) lookup(name string) (string, bool) {
	if x, ok := v.set[name]; ok {
		return x.value.Text, x.known
	}
	if v.wiped || v.env == nil || name == "PWD" || name == "OLDPWD" || name == "RANDOM" || name == "SECONDS" ||
		name == "LINENO" {
		return "", false
	}
	return v.env(name)
}

// maxValue is the length of the longest value that is tracked.
const maxValue = 64 << 10

func (v *vars) assign(name string, x variable) {
	if v.volatile[name] || len(x.value.Text) > maxValue {
		x = variable{exported: x.exported}
	}
	old, had := v.set[name]
	v.log = append(v.log, change{name: name, old: old, had: had})
	if v.set == nil {
		v.set = map[string]variable{}
	}
	v.set[name] = x
}

// forget makes the value of a variable unknown.
func (v *vars) forget(name string) {
	v.assign(name, variable{exported: v.set[name].exported})
}

// wipe makes the values of all variables unknown.
func (v *vars) wipe() {
	v.log = append(v.log, change{all: v.set, had: v.wiped})
	v.set, v.wiped = nil, true
}

// mark returns the current state for undo.
func (v *vars) mark() int { return len(v.log) }

// undo returns to a state, and returns the changes that it undid.
func (v *vars) undo(mark int) []change {
	undone := v.log[mark:]
	for i := len(undone) - 1; i >= 0; i-- {
		c := undone[i]
		switch {
		case c.name == "":
			v.set, v.wiped = c.all, c.had
		case c.had:
			v.set[c.name] = c.old
		default:
			delete(v.set, c.name)
		}
	}
	v.log = v.log[:mark]
	if len(undone) == 0 {
		return nil
	}
	return append([]change(nil), undone...)
}

// doubt makes every variable that changed since a mark unknown.
func (v *vars) doubt(mark int) {
	if mark < len(v.log) {
		v.forgetAll(append([]change(nil), v.log[mark:]...))
	}
}

func (v *vars) forgetAll(changes []change) {
	for _, c := range changes {
		if c.name == "" {
			v.wipe()
			return
		}
	}
	for _, c := range changes {
		v.forget(c.name)
	}
}

// maxLoops is the depth of nested loops up to which the variables that each loop assigns are searched for.
const maxLoops = 16

// enterLoop makes the variables unknown that an earlier iteration of the loop may have assigned.
func (v *vars) enterLoop(lists ...[]*syntax.Stmt) {
	if v.loops++; v.loops > maxLoops {
		v.wipe()
		return
	}
	assigned(lists, func(name string, _ bool) {
		if name == "" {
			v.wipe()
		} else {
			v.forget(name)
		}
	})
}

func (v *vars) leaveLoop() { v.loops-- }

// prepare counts the assignments of a script that has functions.
func (v *vars) prepare(stmts []*syntax.Stmt) {
	v.counts = map[string]int{}
	inside := map[string]bool{}
	assigned([][]*syntax.Stmt{stmts}, func(name string, function bool) {
		v.counts[name]++
		if function {
			inside[name] = true
		}
	})
	for name, n := range v.counts {
		if n > 1 && inside[name] {
			if v.volatile == nil {
				v.volatile = map[string]bool{}
			}
			v.volatile[name] = true
		}
	}
}

// enterFunction makes the variables unknown that may have another value when the function is called.
func (v *vars) enterFunction() {
	for name, n := range v.counts {
		if _, ok := v.set[name]; name != "" && (!ok || n > 1) {
			v.forget(name)
		}
	}
	if v.counts[""] > 0 {
		v.wipe()
	}
}

// assigned calls f with the name of each variable that statements may assign, and whether a function does so. The name
// is "" for a command that may assign any variable. A name may occur several times.
func assigned(lists [][]*syntax.Stmt, f func(name string, function bool)) {
	type item struct {
		stmt     *syntax.Stmt
		function bool
	}
	var work []item // no recursion: chains of && are as deep as they are long
	push := func(stmts []*syntax.Stmt, function bool) {
		for _, s := range stmts {
			work = append(work, item{s, function})
		}
	}
	for _, list := range lists {
		push(list, false)
	}
	for len(work) > 0 {
		it := work[len(work)-1]
		work = work[:len(work)-1]
		in := it.function
		assignedBy(it.stmt.Cmd, func(name string) { f(name, in) })
		switch n := it.stmt.Cmd.(type) {
		case *syntax.BinaryCmd:
			work = append(work, item{n.X, in}, item{n.Y, in})
		case *syntax.Block:
			push(n.Stmts, in)
		case *syntax.IfClause:
			for c := n; c != nil; c = c.Else {
				push(c.Cond, in)
				push(c.Then, in)
			}
		case *syntax.WhileClause:
			push(n.Cond, in)
			push(n.Do, in)
		case *syntax.ForClause:
			push(n.Do, in)
		case *syntax.CaseClause:
			for _, c := range n.Items {
				push(c.Stmts, in)
			}
		case *syntax.FuncDecl:
			work = append(work, item{n.Body, true})
		case *syntax.TimeClause:
			if n.Stmt != nil {
				work = append(work, item{n.Stmt, in})
			}
		}
	}
}

// assignedBy calls f with the name of each variable that a command itself may assign, without the statements inside it.
func assignedBy(cmd syntax.Command, f func(name string)) {
	switch n := cmd.(type) {
	case *syntax.CallExpr:
		assignedByCall(n, f)
	case *syntax.DeclClause:
		for _, a := range n.Args {
			if a.Name != nil {
				f(a.Name.Value)
			}
		}
	case *syntax.ArithmCmd:
		arithAssigned(n.X, f)
	case *syntax.LetClause:
		for _, x := range n.Exprs {
			arithAssigned(x, f)
		}
	case *syntax.ForClause:
		switch l := n.Loop.(type) {
		case *syntax.WordIter:
			f(l.Name.Value)
		case *syntax.CStyleLoop:
			for _, x := range []syntax.ArithmExpr{l.Init, l.Cond, l.Post} {
				arithAssigned(x, f)
			}
		}
	}
}

// assignedByCall is assignedBy for a simple command: an assignment, or a builtin that assigns.
func assignedByCall(n *syntax.CallExpr, f func(name string)) {
	if len(n.Args) == 0 {
		for _, a := range n.Assigns {
			f(a.Name.Value)
		}
		return
	}
	name := n.Args[0].Lit()
	if name == "printf" && len(n.Args) > 2 && n.Args[1].Lit() == "-v" {
		f(n.Args[2].Lit())
	}
	assigns, ok := assigners()[name]
	if !ok {
		return
	}
	if assigns == assignsAny {
		f("")
	}
	for _, arg := range n.Args[1:] {
		lit := arg.Lit()
		if lit == "" {
			if len(arg.Parts) == 0 {
				continue
			}
			first, ok := arg.Parts[0].(*syntax.Lit)
			if !ok {
				continue
			}
			lit = first.Value
		}
		lit, _, _ = strings.Cut(lit, "=")
		f(lit)
	}
}

// arithAssigned calls f for the name of each variable that an arithmetic expression assigns.
func arithAssigned(x syntax.ArithmExpr, f func(name string)) {
	eachArith(x, func(x syntax.ArithmExpr) {
		switch n := x.(type) {
		case *syntax.BinaryArithm:
			if op := n.Op.String(); strings.HasSuffix(op, "=") && op != "==" && op != "!=" && op != "<=" && op != ">=" {
				if w, ok := n.X.(*syntax.Word); ok {
					f(arithName(w))
				}
			}
		case *syntax.UnaryArithm:
			if w, ok := n.X.(*syntax.Word); ok && (n.Op == syntax.Inc || n.Op == syntax.Dec) {
				f(arithName(w))
			}
		}
	})
}

// arithName returns the name of the variable that a word of an arithmetic expression refers to, or "" when it may be
// any.
func arithName(w *syntax.Word) string {
	if len(w.Parts) == 1 {
		switch p := w.Parts[0].(type) {
		case *syntax.Lit:
			return p.Value
		case *syntax.ParamExp:
			if p.Param != nil && !p.Dollar.IsValid() {
				return p.Param.Value
			}
		}
	}
	return ""
}

// eachArith calls f for the parts of an arithmetic expression. It does not recurse, since a long sum nests as deep as
// it is long.
func eachArith(x syntax.ArithmExpr, f func(syntax.ArithmExpr)) {
	work := []syntax.ArithmExpr{x}
	for len(work) > 0 {
		x := work[len(work)-1]
		work = work[:len(work)-1]
		if x == nil {
			continue
		}
		f(x)
		switch n := x.(type) {
		case *syntax.BinaryArithm:
			work = append(work, n.Y, n.X)
		case *syntax.UnaryArithm:
			work = append(work, n.X)
		case *syntax.ParenArithm:
			work = append(work, n.X)
		case *syntax.FlagsArithm:
			work = append(work, n.X)
		}
	}
}
