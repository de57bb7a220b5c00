package page

import (
	"html/template"
	"strings"

	g "maragu.dev/gomponents"

	"github.com/sandlint/sandlint/cmd/internal/visible"
)

// el returns an element. Its name is a constant.
func el(name string, children ...g.Node) g.Node { return g.El(name, children...) }

// attr returns an attribute. Its name is a constant, and its value too unless the browser takes it for text.
func attr(name, value string) g.Node { return g.Attr(name, value) }

func class(names string) g.Node { return g.Attr("class", names) }

// text returns content as text in which nothing is invisible.
func text(s string) g.Node { return g.Text(visible.Text(s)) }

// code returns a line of source as text.
func code(s string) g.Node { return g.Text(visible.Code(s)) }

// link returns a link to a page on the web. For any other address it returns the text alone.
func link(address, label string) g.Node {
	if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") {
		return text(label)
	}
	return el("a", attr("href", visible.Text(address)), attr("rel", "noreferrer noopener"), text(label))
}

func group(nodes ...g.Node) g.Node { return g.Group(nodes) }

// when returns a node under a condition, else none.
func when(condition bool, node func() g.Node) g.Node { return g.Iff(condition, node) }

// each returns a node for each item of a list.
func each[T any](list []T, node func(T) g.Node) g.Node { return g.Map(list, node) }

// render renders a node. The runner of a GitHub job takes nothing in it for a command, and it has no control characters
// but line ends.
func render(node g.Node) template.HTML {
	var b strings.Builder
	_ = node.Render(&b) // a Builder does not fail
	return template.HTML(quiet.Replace(b.String()))
}

// quiet writes characters in another way that means the same to a browser.
var quiet = strings.NewReplacer("##[", "&#35;#[", "\t", "&#9;")
