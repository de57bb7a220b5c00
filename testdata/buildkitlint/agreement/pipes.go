package main

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// harmless reports whether each pipe of a script is of one of the kinds:
//
//   - text: the left side writes text and does nothing that fails, such as echo;
//   - asked: the right side fails where the left side writes nothing, such as grep;
//   - argument: it stands in a substitution whose status nobody sees, among the arguments of a command;
//   - handled: it is a condition, or something follows with ||;
//   - set: a set -o pipefail stands before it.
func harmless(script string, kinds []string) bool {
	f, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), "")
	if err != nil {
		return false
	}
	p := &pipes{kinds: kinds, fine: true}
	for _, s := range f.Stmts {
		p.statement(s, map[string]bool{})
	}
	return p.fine && p.count > 0
}

type pipes struct {
	kinds []string
	count int
	set   bool
	fine  bool
}

// statement looks at the pipes of a statement; is holds the kinds that all pipes in it are of.
func (p *pipes) statement(node syntax.Node, is map[string]bool) {
	with := func(kind string) map[string]bool {
		out := map[string]bool{kind: true}
		for k := range is {
			out[k] = true
		}
		return out
	}
	syntax.Walk(node, func(n syntax.Node) bool {
		if n == nil || n == node {
			return true
		}
		switch n := n.(type) {
		case *syntax.BinaryCmd:
			p.binary(n, is, with)
			return false
		case *syntax.IfClause:
			for _, s := range n.Cond {
				p.statement(s, with("handled"))
			}
			for _, s := range n.Then {
				p.statement(s, is)
			}
			if n.Else != nil {
				p.statement(n.Else, is)
			}
			return false
		case *syntax.WhileClause:
			for _, s := range n.Cond {
				p.statement(s, with("handled"))
			}
			for _, s := range n.Do {
				p.statement(s, is)
			}
			return false
		case *syntax.Stmt:
			if n.Negated {
				p.statement(n.Cmd, with("handled"))
				return false
			}
		case *syntax.WordIter:
			p.statement(n, with("argument"))
			return false
		case *syntax.DeclClause:
			p.statement(n, with("argument"))
			return false
		case *syntax.CallExpr:
			p.call(n, is, with)
			return false
		}
		return true
	})
	if b, whole := node.(*syntax.BinaryCmd); whole {
		p.binary(b, is, with)
	}
}

func (p *pipes) call(n *syntax.CallExpr, is map[string]bool, with func(string) map[string]bool) {
	inner := is
	if len(n.Args) > 0 {
		inner = with("argument")
	}
	for _, a := range n.Assigns {
		if a.Value != nil {
			p.statement(a.Value, inner)
		}
	}
	for _, w := range n.Args {
		p.statement(w, with("argument"))
	}
	words := words(n)
	if len(words) > 1 && words[0] == "set" && strings.Contains(strings.Join(words, " "), "pipefail") {
		p.set = true
	}
}

func (p *pipes) binary(n *syntax.BinaryCmd, is map[string]bool, with func(string) map[string]bool) {
	if n.Op == syntax.OrStmt {
		p.statement(n.X, with("handled"))
		p.statement(n.Y, is)
		return
	}
	p.statement(n.X, is)
	p.statement(n.Y, is)
	if n.Op != syntax.Pipe && n.Op != syntax.PipeAll {
		return
	}
	p.count++
	left, right := n.X, n.Y
	of := []string{}
	for k := range is {
		of = append(of, k)
	}
	if b, is := left.Cmd.(*syntax.BinaryCmd); is && (b.Op == syntax.Pipe || b.Op == syntax.PipeAll) {
		left = b.Y // the rest of the left side is a pipe of its own
	}
	if c, is := left.Cmd.(*syntax.CallExpr); is && len(c.Args) > 0 {
		name := words(c)[0]
		here := slices.ContainsFunc(left.Redirs, func(r *syntax.Redirect) bool { return r.Hdoc != nil })
		writes := []string{"echo", "printf", "yes", "true", ":", "false", "seq"}
		if slices.Contains(writes, name) || name == "cat" && here {
			of = append(of, "text")
		}
	}
	if c, is := right.Cmd.(*syntax.CallExpr); is && len(c.Args) > 0 {
		w := words(c)
		has := func(letter string) bool {
			return slices.ContainsFunc(w[1:], func(a string) bool {
				return len(a) > 1 && a[0] == '-' && a[1] != '-' && strings.Contains(a, letter)
			})
		}
		switch {
		case strings.HasSuffix(w[0], "grep"):
			if !has("v") && !has("c") {
				of = append(of, "asked")
			}
		case strings.HasSuffix(w[0], "sum"):
			if has("c") || slices.Contains(w, "--check") {
				of = append(of, "asked")
			}
		}
	}
	if p.set {
		of = append(of, "set")
	}
	if !slices.ContainsFunc(of, func(k string) bool { return slices.Contains(p.kinds, k) }) {
		p.fine = false
	}
}

// words are the words of a command; what is expanded is left out.
func words(n *syntax.CallExpr) []string {
	var out []string
	for _, w := range n.Args {
		var text strings.Builder
		for _, part := range w.Parts {
			switch part := part.(type) {
			case *syntax.Lit:
				text.WriteString(part.Value)
			case *syntax.SglQuoted:
				text.WriteString(part.Value)
			}
		}
		out = append(out, text.String())
	}
	return out
}
