package labels

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

//go:embed spdx.txt
var spdxText string

// spdx are the identifiers of the SPDX License List in lower case, since they are compared without case, with what they
// stand for.
var spdx = sync.OnceValue(func() (lists struct{ licences, deprecated, exceptions map[string]bool }) {
	lists.licences, lists.deprecated, lists.exceptions = map[string]bool{}, map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(spdxText) {
		line = strings.ToLower(strings.TrimSuffix(line, "\n"))
		switch line[0] {
		case '#':
		case '-':
			lists.deprecated[line[1:]] = true
		case '+':
			lists.exceptions[line[1:]] = true
		default:
			lists.licences[line] = true
		}
	}
	return lists
})

// Licence returns what is wrong with an SPDX licence expression, "" for nothing. Deprecated identifiers are allowed.
func Licence(text string) string {
	var tokens []string
	for _, field := range strings.Fields(text) {
		for {
			n := strings.IndexAny(field, "()")
			if n < 0 {
				break
			}
			if n > 0 {
				tokens = append(tokens, field[:n])
			}
			tokens = append(tokens, field[n:n+1])
			field = field[n+1:]
		}
		if field != "" {
			tokens = append(tokens, field)
		}
	}
	e := expression{tokens: tokens}
	if len(tokens) == 0 {
		return "is empty, which is not a licence"
	}
	if fault := e.any(); fault != "" {
		return fault
	}
	if len(e.tokens) > 0 {
		return fmt.Sprintf("has %q where a licence expression has AND, OR or its end", e.tokens[0])
	}
	return ""
}

// expression is what is left of a licence expression.
type expression struct {
	tokens []string
	depth  int
}

// maxDepth bounds the parentheses inside each other.
const maxDepth = 100

func (e *expression) next() string {
	if len(e.tokens) == 0 {
		return ""
	}
	t := e.tokens[0]
	e.tokens = e.tokens[1:]
	return t
}

// any reads licences that AND and OR join.
func (e *expression) any() string {
	for {
		if fault := e.one(); fault != "" {
			return fault
		}
		if len(e.tokens) == 0 || !strings.EqualFold(e.tokens[0], "AND") && !strings.EqualFold(e.tokens[0], "OR") {
			return ""
		}
		e.next()
	}
}

// one reads a licence with its exception, or an expression in parentheses.
func (e *expression) one() string {
	switch t := e.next(); {
	case t == "":
		return "ends where a licence expression has another licence"
	case t == "(":
		if e.depth++; e.depth > maxDepth {
			return "has too many parentheses"
		}
		if fault := e.any(); fault != "" {
			return fault
		}
		if e.next() != ")" {
			return "has a parenthesis without its end"
		}
		return ""
	case !isLicence(t):
		return fmt.Sprintf("has %q, which is not an identifier of the SPDX License List", t)
	}
	if len(e.tokens) > 0 && strings.EqualFold(e.tokens[0], "WITH") {
		e.next()
		if t := e.next(); !spdx().exceptions[strings.ToLower(t)] {
			return fmt.Sprintf("has %q behind WITH, which is not an exception of the SPDX License List", t)
		}
	}
	return ""
}

func isLicence(text string) bool {
	lower := strings.ToLower(text)
	if rest, ok := strings.CutPrefix(lower, "documentref-"); ok {
		_, lower, _ = strings.Cut(rest, ":")
		return strings.HasPrefix(lower, "licenseref-")
	}
	id := strings.TrimSuffix(lower, "+")
	return strings.HasPrefix(lower, "licenseref-") && len(lower) > len("licenseref-") ||
		spdx().licences[id] || spdx().deprecated[id] || spdx().deprecated[lower]
}
