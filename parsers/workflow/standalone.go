package workflow

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/sandlint/sandlint/parsers/source"
)

// defaultPlatform is the variable that docker build and docker buildx build read where they have no --platform.
const defaultPlatform = "DOCKER_DEFAULT_PLATFORM"

// ScriptBuilds returns the image builds in a shell script outside of workflows: a file, or a recipe of a Makefile. Its
// paths are relative to the repository's root. home is the folder of the script's own file, and dir the one that it
// starts in, both relative to the root. Values that other files or the environment may decide are not known. remote
// reports whether the script makes a builder on another machine.
func ScriptBuilds(script *source.Fragment, home, dir string) (builds []*Build, remote bool) {
	if !mentions(string(script.Text)) || len(script.Text) > maxScript {
		return nil, false
	}
	shellParser := syntax.NewParser(syntax.Variant(syntax.LangBash), syntax.RecoverErrors(8))
	file, _ := shellParser.Parse(strings.NewReader(string(script.Text)), "")
	if file == nil {
		return nil, false
	}
	known := func(s string) Value { return Value{Text: s, Known: true} }
	sh := &scriptReader{
		parser: &parser{}, c: &Combination{root: known("")}, fr: script, env: &scope{allEnv: true}, dir: known(dir),
		home: known(home), vars: map[string]Value{},
	}
	sh.assigned(file)
	for _, stmt := range file.Stmts {
		sh.stmt(stmt, false)
	}
	return sh.c.Builds, sh.c.Remote.Len() > 0
}

// exports finds the values of DOCKER_DEFAULT_PLATFORM that a script exports.
func (sh *scriptReader) exports(file *syntax.File) {
	syntax.Walk(file, func(n syntax.Node) bool {
		if decl, ok := n.(*syntax.DeclClause); ok && decl.Variant.Value == "export" {
			for _, a := range decl.Args {
				sh.exported = sh.exported || a.Name != nil && a.Name.Value == defaultPlatform
			}
		}
		return true
	})
}

// platformOf returns the platform that a command's environment gives to builds without --platform; it is not set where
// nothing gives one.
func (sh *scriptReader) platformOf(x *syntax.CallExpr, args []Value) Value {
	for _, a := range x.Assigns {
		if a.Name != nil && a.Name.Value == defaultPlatform && a.Value != nil && !a.Append {
			return sh.word(a.Value)
		}
	}
	for _, a := range args { // of env
		if v, ok := tail(a, defaultPlatform+"="); ok && a.Known {
			return v
		}
	}
	if v, ok := sh.vars[defaultPlatform]; ok {
		if sh.exported {
			return v
		}
		return Value{}
	}
	if v, ok := sh.env.variable(defaultPlatform); ok {
		text, known := v.string()
		at := source.Span{Start: int(x.Pos().Offset()), End: int(x.End().Offset())}
		return Value{Text: text, Known: known, Span: sh.fr.Span(at)}
	}
	return Value{}
}

// homeOf returns the folder that a word such as "$(dirname "$0")/.." names: one that is relative to the script's own.
func (sh *scriptReader) homeOf(w *syntax.Word) (string, bool) {
	parts := w.Parts
	if len(parts) == 1 {
		if quoted, ok := parts[0].(*syntax.DblQuoted); ok {
			parts = quoted.Parts
		}
	}
	if len(parts) == 0 || !sh.home.Known {
		return "", false
	}
	if quoted, ok := parts[0].(*syntax.DblQuoted); ok && len(quoted.Parts) == 1 {
		parts = append([]syntax.WordPart{quoted.Parts[0]}, parts[1:]...)
	}
	switch x := parts[0].(type) {
	case *syntax.CmdSubst:
		if len(x.Stmts) != 1 {
			return "", false
		}
		call, ok := x.Stmts[0].Cmd.(*syntax.CallExpr)
		if !ok || len(call.Args) < 2 || call.Args[0].Lit() != "dirname" {
			return "", false
		}
		args := call.Args[1:]
		if args[0].Lit() == "--" {
			args = args[1:]
		}
		if len(args) != 1 || !isOwnName(args[0].Parts) {
			return "", false
		}
	case *syntax.ParamExp: // ${0%/*}
		if x.Exp == nil || x.Exp.Op != syntax.RemSmallSuffix || x.Exp.Word == nil || x.Exp.Word.Lit() != "/*" ||
			!isOwn(x) {
			return "", false
		}
	default:
		return "", false
	}
	var rest strings.Builder
	if !sh.parts(&rest, parts[1:], false) || rest.Len() > 0 && rest.String()[0] != '/' {
		return "", false
	}
	return path.Join(sh.home.Text, "./"+rest.String()), true
}

// isOwnName reports whether a word is the name of the script itself.
func isOwnName(parts []syntax.WordPart) bool {
	if len(parts) != 1 {
		return false
	}
	switch x := parts[0].(type) {
	case *syntax.DblQuoted:
		return isOwnName(x.Parts)
	case *syntax.ParamExp:
		return x.Exp == nil && isOwn(x)
	}
	return false
}

// isOwn reports whether a parameter is that of the script's own name.
func isOwn(x *syntax.ParamExp) bool {
	return x.Param != nil && (x.Param.Value == "0" || x.Param.Value == "BASH_SOURCE")
}
