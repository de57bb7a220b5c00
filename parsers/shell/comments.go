package shell

import (
	"bytes"

	"mvdan.cc/sh/v3/syntax"

	"github.com/sandlint/sandlint/parsers/source"
)

// Comments returns where the comments of a script are, from the '#' to the end of the line, in order. It is false for a
// script that bash cannot parse.
func Comments(script []byte) ([]source.Span, bool) {
	p := syntax.NewParser(syntax.Variant(syntax.LangBash), syntax.KeepComments(true))
	file, err := p.Parse(bytes.NewReader(script), "")
	if err != nil {
		return nil, false
	}
	var out []source.Span
	syntax.Walk(file, func(n syntax.Node) bool {
		if c, ok := n.(*syntax.Comment); ok {
			out = append(out, source.Span{Start: int(c.Pos().Offset()), End: int(c.End().Offset())})
		}
		return true
	})
	return out, true
}
