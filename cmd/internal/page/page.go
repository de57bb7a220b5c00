// Package page draws what sandlint knows as HTML: findings with their code and fixes, the timelines of images, and the
// decisions of seccomp profiles. A part is a value with a method HTML, for a page of ours (Document) or of another
// program, which takes Style with it. Parts need no script and no style attribute, so they show all they have under any
// Content-Security-Policy.
//
// Markup is made of nodes alone (nodes.go), which escape every text and every attribute. Content never gets into a
// script, a style, an id or the name of an attribute, and into an address only through link.
package page

import (
	"bufio"
	"crypto/sha256"
	_ "embed" // the style sheets and the script
	"encoding/base64"
	"html/template"
	"io"
	"iter"

	g "maragu.dev/gomponents"
)

//go:embed style.css
var style string

//go:embed page.css
var pageStyle string

//go:embed page.js
var script string

// Style returns the style sheet of the parts. Its classes begin with "sl-". The colours are custom properties, of which
// a page can set its own after it, on :root: --sl-bg, --sl-fg, --sl-muted, --sl-line, --sl-panel, --sl-link,
// --sl-focus, --sl-error, --sl-warning, --sl-info, --sl-style, --sl-good, --sl-add-bg, --sl-add-fg, --sl-del-bg,
// --sl-del-fg, --sl-sans and --sl-mono. They are light or dark as the system is, unless the attribute data-theme of the
// root element is "light" or "dark".
func Style() string { return style }

// Document is a page that needs nothing else.
type Document struct {
	// Title is the title of the page, and its heading.
	Title string
	// Lead are the sentences under the heading.
	Lead []string
	// Nav are the sections that the page begins with links to.
	Nav []Link
	// Body are the sections, in order.
	Body iter.Seq[template.HTML]
	// Keys are the keys that do something on this page, beside that for the colours.
	Keys []Key
	// Foot is the last line.
	Foot string
}

// Link is a link to a section of the page, by the id of its element.
type Link struct {
	Text, ID string
}

// Key is a key of the keyboard, and what it does.
type Key struct {
	Key, Does string
}

// Write writes the page.
func (d *Document) Write(out io.Writer) error {
	w := bufio.NewWriter(out)
	policy := "default-src 'none'; base-uri 'none'; form-action 'none'; style-src " + hashed(style) + " " +
		hashed(pageStyle) + "; script-src " + hashed(script)
	io.WriteString(w, "<!doctype html>\n<html lang=\"en\">\n<head>\n")
	head := group(
		el("meta", attr("charset", "utf-8")),
		el("meta", attr("name", "viewport"), attr("content", "width=device-width, initial-scale=1")),
		el("meta", attr("http-equiv", "Content-Security-Policy"), attr("content", policy)),
		el("meta", attr("name", "color-scheme"), attr("content", "light dark")),
		el("meta", attr("name", "referrer"), attr("content", "no-referrer")),
		el("title", text(d.Title)),
		el("style", g.Raw(style)),
		el("style", g.Raw(pageStyle)),
	)
	top := group(
		el("a", class("sl-skip"), attr("href", "#main"), text("Skip to the content")),
		el("header", class("sl-top"),
			el("div", class("sl-title"),
				el("h1", text(d.Title)),
				el("label", class("sl-scripted"), text("Colours "),
					el("select", attr("id", "theme"),
						el("option", attr("value", ""), text("as the system")),
						el("option", attr("value", "light"), text("light")),
						el("option", attr("value", "dark"), text("dark"))))),
			each(d.Lead, func(s string) g.Node { return el("p", text(s)) }),
			when(len(d.Nav) > 1, func() g.Node {
				return el("nav", attr("aria-label", "Sections"), el("ul", each(d.Nav, func(l Link) g.Node {
					return el("li", el("a", attr("href", "#"+l.ID), text(l.Text)))
				})))
			})),
	)
	io.WriteString(w, string(render(head)))
	io.WriteString(w, "\n</head>\n<body>\n")
	io.WriteString(w, string(render(top)))
	io.WriteString(w, "\n<main id=\"main\">\n")
	for part := range d.Body {
		io.WriteString(w, string(part))
		io.WriteString(w, "\n")
	}
	io.WriteString(w, "</main>\n")
	io.WriteString(w, string(render(d.foot())))
	io.WriteString(w, string(render(el("script", g.Raw(script)))))
	io.WriteString(w, "\n</body>\n</html>\n")
	return w.Flush()
}

func (d *Document) foot() g.Node {
	keys := append([]Key{{"t", "changes the colours"}}, d.Keys...)
	return el("footer", class("sl-foot"),
		el("section", class("sl-scripted"), attr("id", "keys"), attr("aria-labelledby", "keys-h"),
			el("h2", attr("id", "keys-h"), text("Keyboard")),
			el("dl", each(keys, func(k Key) g.Node {
				return el("div", el("dt", el("kbd", text(k.Key))), el("dd", text(k.Does)))
			})),
			el("label", el("input", attr("type", "checkbox"), attr("id", "shortcuts"), g.Attr("checked")),
				text(" These keys do something"))),
		el("p", text(d.Foot)))
}

// hashed returns the source of a Content-Security-Policy that allows one text.
func hashed(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
