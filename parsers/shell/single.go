package shell

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Expansions knows where a script expands variables, and what it assigns to them.
type Expansions struct {
	file *syntax.File
	// assigned are the values by name, nil for one that is a single word whatever it is.
	assigned map[string][]*syntax.Word
}

// maxExpansions is how many bytes a script may have.
const maxExpansions = 1 << 18

// ReadExpansions reads a script. Offsets are those of its bytes.
func ReadExpansions(script []byte) *Expansions {
	e := &Expansions{assigned: map[string][]*syntax.Word{}}
	if len(script) > maxExpansions {
		return e
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(bytes.NewReader(script), "")
	if err != nil {
		return e
	}
	e.file = file
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Assign:
			if n.Name != nil {
				value := n.Value
				if n.Append || value == nil {
					value = &syntax.Word{} // none or several words
				}
				e.assigned[n.Name.Value] = append(e.assigned[n.Name.Value], value)
			}
		case *syntax.WordIter:
			e.assigned[n.Name.Value] = append(e.assigned[n.Name.Value], nil)
		case *syntax.CallExpr:
			if len(n.Args) > 0 && n.Args[0].Lit() == "read" {
				for _, w := range n.Args[1:] {
					e.assigned[w.Lit()] = append(e.assigned[w.Lit()], nil)
				}
			}
		}
		return true
	})
	return e
}

// Single reports whether quotes around the expansion at an offset leave the command as it is, as far as the script and
// the environment show: it is part of a longer word or of a test, is only printed, or its variable holds exactly one
// word. Where a variable may be a list of arguments, or empty, it reports false.
func (e *Expansions) Single(at int, env Env) bool {
	if e.file == nil {
		return false
	}
	var word *syntax.Word
	var call *syntax.CallExpr
	redirected := false
	syntax.Walk(e.file, func(n syntax.Node) bool {
		if n == nil || n.Pos().Offset() > uint(at) || n.End().Offset() <= uint(at) {
			return n == e.file
		}
		switch n := n.(type) {
		case *syntax.Word:
			word = n
		case *syntax.CallExpr:
			call, redirected = n, false
		case *syntax.Redirect:
			redirected = true
		case *syntax.TestClause:
			redirected = true // one word as well
		}
		return true
	})
	if word == nil {
		return false
	}
	if redirected || call == nil {
		return true
	}
	switch path.Base(call.Args[0].Lit()) {
	case "[", "test", "echo", "printf":
		return true
	}
	for _, part := range word.Parts {
		if lit, ok := part.(*syntax.Lit); ok && lit.Value != "" {
			return true
		}
		if _, expands := part.(*syntax.ParamExp); !expands {
			return true
		}
	}
	return e.single(word, env, 0)
}

// single reports whether a word, were it quoted, holds exactly one word.
func (e *Expansions) single(w *syntax.Word, env Env, depth int) bool {
	if len(w.Parts) == 0 || depth > 5 {
		return false
	}
	return e.singleParts(w.Parts, env, depth)
}

func (e *Expansions) singleParts(parts []syntax.WordPart, env Env, depth int) bool {
	return !slices.ContainsFunc(parts, func(part syntax.WordPart) bool {
		switch p := part.(type) {
		case *syntax.Lit:
			return strings.ContainsAny(p.Value, " \t\n*?[")
		case *syntax.SglQuoted:
			return p.Value == "" && len(parts) == 1 || strings.ContainsAny(p.Value, " \t\n*?[")
		case *syntax.DblQuoted:
			return len(p.Parts) == 0 && len(parts) == 1 || !e.singleParts(p.Parts, env, depth)
		case *syntax.ArithmExp:
			return false
		case *syntax.CmdSubst:
			return !printsOneWord(p)
		case *syntax.ParamExp:
			return !e.singleVariable(p, env, depth)
		}
		return true
	})
}

func (e *Expansions) singleVariable(p *syntax.ParamExp, env Env, depth int) bool {
	if p.Length {
		return true
	}
	if p.Param == nil || p.Index != nil || p.Exp != nil && p.Exp.Op != syntax.RemSmallSuffix &&
		p.Exp.Op != syntax.RemLargeSuffix && p.Exp.Op != syntax.RemSmallPrefix && p.Exp.Op != syntax.RemLargePrefix {
		return false
	}
	name := p.Param.Value
	switch name {
	case "#", "?", "$", "!", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9":
		return true
	}
	values, ok := e.assigned[name]
	if !ok {
		if value, known := env(name); known {
			return value != "" && (!strings.ContainsAny(value, " \t\n*?[") || isOnePath(value))
		}
		return namesOneWord(name)
	}
	return !slices.ContainsFunc(values, func(w *syntax.Word) bool { return w != nil && !e.single(w, env, depth+1) })
}

// isOnePath reports whether a value with blanks is one absolute path, and no list.
func isOnePath(value string) bool {
	fields := strings.Fields(value)
	return value[0] == '/' && !strings.ContainsAny(value, "*?[") &&
		!slices.ContainsFunc(fields[1:], func(f string) bool { return f[0] == '/' || f[0] == '-' })
}

// printsOneWord reports whether what a command substitution prints is one word.
func printsOneWord(s *syntax.CmdSubst) bool {
	if len(s.Stmts) != 1 {
		return false
	}
	command := s.Stmts[0].Cmd
	for {
		pipe, ok := command.(*syntax.BinaryCmd)
		if !ok || pipe.Op != syntax.Pipe {
			break
		}
		command = pipe.Y.Cmd
	}
	call, ok := command.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return false
	}
	var words []string
	for _, w := range call.Args {
		words = append(words, w.Lit())
	}
	has := func(list ...string) bool {
		return slices.ContainsFunc(words[1:], func(w string) bool { return slices.Contains(list, w) })
	}
	switch name := path.Base(words[0]); name {
	case "mktemp", "nproc", "arch", "whoami", "pwd", "hostname", "readlink", "realpath":
		return true
	case "dirname", "basename":
		return len(words) == 2
	case "uname":
		return len(words) == 1 || len(words) == 2 && len(words[1]) == 2
	case "dpkg":
		return has("--print-architecture")
	case "apk":
		return has("--print-arch")
	case "id":
		return has("-u", "-g", "-un", "-gn")
	case "command":
		return has("-v") && len(words) == 3
	case "wc":
		return has("-l", "-c")
	case "getconf":
		return true
	case "git":
		return has("rev-parse")
	}
	return false
}

// namesOneWord reports whether a variable of that name, whose value is not known, holds one word: a folder, a version.
func namesOneWord(name string) bool {
	switch name {
	case "HOME", "PWD", "OLDPWD", "USER", "UID", "GID", "TMPDIR", "HOSTNAME", "ARCH", "RANDOM", "LINENO", "PPID":
		return true
	}
	name = strings.ToUpper(name)
	for _, end := range []string{"VERSION", "HOME", "DIR", "_URL", "_ARCH", "_SHA256", "_FILE", "_UID", "_GID"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}
