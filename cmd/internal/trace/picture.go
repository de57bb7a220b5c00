package trace

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/secret"
)

// This file makes pictures of a trace, a Mermaid flowchart and an SVG, both from the same boxes.

// maxWidth is the number of characters of a line in a picture.
const maxWidth = 96

// box is a stage in a picture.
type box struct {
	title string
	lines []string
	items []item
	// below is the index of the box of the stage that this one is based on, -1 where there is none.
	below int
}

// item is an event in a picture. Its class is "write", "environment", "command", "unread", or "fails" for a command
// that fails.
type item struct {
	text  string
	lines []string
	class string
}

// boxes returns the stages of a trace as they are drawn.
func (t *Trace) boxes() []box {
	if t.Builds == nil {
		return boxesOf("", t.Stages, 0)
	}
	var out []box
	for _, b := range t.Builds {
		out = append(out, boxesOf(b.What+": ", b.Stages, len(out))...)
	}
	return out
}

func boxesOf(before string, stages []Stage, first int) []box {
	var out []box
	byName := map[string]int{}
	for _, s := range stages {
		b := box{title: cut(fmt.Sprintf("%s%s from %s, %s", before, s.title(), oneLine(s.From), s.Nix)), below: -1}
		if n, ok := byName[strings.ToLower(s.From)]; ok {
			b.below = n
		}
		for _, p := range s.Platforms {
			b.lines = append(b.lines, cut(p.String()))
		}
		for _, e := range s.Events {
			if e.Command != nil {
				b.items = append(b.items, s.Commands[*e.Command].item(""))
				continue
			}
			class := map[string]string{"environment": "environment", "unread": "unread"}[e.Kind]
			if class == "" {
				class = "write"
			}
			b.items = append(b.items, item{text: cut(fmt.Sprintf("%d: %s", e.Place.Line, e)), class: class})
		}
		for n := range s.Starts {
			b.items = append(b.items, s.Starts[n].item("a container runs "))
		}
		if s.Name != "" {
			byName[strings.ToLower(s.Name)] = first + len(out)
		}
		out = append(out, b)
	}
	return out
}

// item returns the command as it is drawn: with the settings that a file sets, not those of base images.
func (c *Command) item(before string) item {
	if c.Maybe {
		before = "perhaps " + before
	}
	it := item{text: cut(fmt.Sprintf("%d: %s%s", c.Place.Line, before, oneLine(c.Command))), class: "command"}
	for _, l := range c.Layers {
		if l.State == "refused" {
			it.class = "fails"
		}
		if line := l.String(); line != "" {
			it.lines = append(it.lines, cut(line))
		}
	}
	if c.Uncertain {
		it.lines = append(it.lines, "something unknown may change any setting")
	}
	if c.Fatal != nil {
		it.class = "fails"
		it.lines = append(it.lines, cut(c.Fatal.Message))
	}
	for _, s := range c.Settings {
		if len(s.From) > 0 && s.From[len(s.From)-1].Place != nil {
			it.lines = append(it.lines, cut(s.String()))
		}
	}
	return it
}

// cut shortens a line, and hides secrets in it.
func cut(line string) string {
	line = secret.Mask(line)
	if utf8.RuneCountInString(line) <= maxWidth {
		return line
	}
	return string([]rune(line)[:maxWidth-1]) + "…"
}

// WriteMermaid writes the trace as a Mermaid flowchart, as Markdown files on GitHub and GitLab show it.
func (t *Trace) WriteMermaid(out io.Writer) error {
	w := bufio.NewWriter(out)
	fmt.Fprintln(w, "flowchart TB")
	boxes := t.boxes()
	for n, b := range boxes {
		title := mermaidText(append([]string{b.title}, b.lines...))
		fmt.Fprintf(w, "  subgraph s%d[\"%s\"]\n    direction TB\n", n, title)
		for i, it := range b.items {
			fmt.Fprintf(w, "    s%de%d[\"%s\"]:::%s\n", n, i, mermaidText(append([]string{it.text}, it.lines...)),
				it.class)
			if i > 0 {
				fmt.Fprintf(w, "    s%de%d --> s%de%d\n", n, i-1, n, i)
			}
		}
		fmt.Fprintln(w, "  end")
	}
	for n, b := range boxes {
		if b.below >= 0 {
			fmt.Fprintf(w, "  s%d --> s%d\n", b.below, n)
		}
	}
	if len(boxes) == 0 {
		fmt.Fprintf(w, "  none[\"%s\"]\n", mermaidText([]string{"no stage runs Nix"}))
	}
	fmt.Fprint(w, "  classDef write fill:#dbeafe,stroke:#1d4ed8,color:#111\n"+
		"  classDef environment fill:#e0f2e9,stroke:#047857,color:#111\n"+
		"  classDef command fill:#f3f4f6,stroke:#4b5563,color:#111\n"+
		"  classDef unread fill:#fef3c7,stroke:#b45309,color:#111\n"+
		"  classDef fails fill:#fee2e2,stroke:#b91c1c,color:#111\n")
	return w.Flush()
}

var mermaidEscape = strings.NewReplacer("#", "#35;", `"`, "#quot;", "&", "#amp;", "<", "#lt;", ">", "#gt;",
	"`", "#96;", ";", "#59;")

// mermaidText returns lines as the text of a node, between its quotes.
func mermaidText(lines []string) string {
	escaped := make([]string, len(lines))
	for n, line := range lines {
		escaped[n] = mermaidEscape.Replace(report.Visible(line))
	}
	return strings.Join(escaped, "<br/>")
}

// Sizes in a picture, in pixels. A character of the monospace font is at most charWidth wide.
const (
	charWidth  = 7.9
	lineHeight = 18
	margin     = 16
	indent     = 36
)

const svgStyle = `<style>
svg{background:#fff;color-scheme:light dark}
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1f2328;white-space:pre}
.title{font-weight:700}.small{fill:#59636e}
.box{fill:#f6f8fa;stroke:#d1d9e0}.line{stroke:#9aa4af;stroke-width:2}
.write{fill:#1d4ed8}.environment{fill:#047857}.command{fill:#4b5563}.unread{fill:#b45309}.fails{fill:#b91c1c}
text.fails{font-weight:700;fill:#b91c1c}
@media(prefers-color-scheme:dark){svg{background:#0d1117}text{fill:#e6edf3}.small{fill:#9198a1}
.box{fill:#151b23;stroke:#3d444d}.write{fill:#6ea8fe}.environment{fill:#4ade80}.command{fill:#b6bec8}
.unread{fill:#fbbf24}.fails,text.fails{fill:#ff8a80}}
</style>
`

// WriteSVG writes the trace as a picture that needs nothing else.
func (t *Trace) WriteSVG(out io.Writer) error {
	boxes := t.boxes()
	width, height := 40, margin
	for _, b := range boxes {
		rows := 1 + len(b.lines)
		width = max(width, widest(b.title, b.lines))
		for _, it := range b.items {
			rows += 1 + len(it.lines)
			width = max(width, widest(it.text, it.lines))
		}
		height += rows*lineHeight + 3*margin + len(b.items)*6
	}
	if len(boxes) == 0 {
		height += lineHeight + margin
	}
	full := int(float64(width)*charWidth) + indent + 3*margin
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" `+
		`aria-labelledby="t">`+"\n", full, height, full, height)
	files := cut(oneLine(strings.Join(t.Files, ", ")))
	fmt.Fprintf(w, "<title id=\"t\">What %s does with Nix</title>\n", svgText(files))
	fmt.Fprint(w, svgStyle)
	y := margin
	for _, b := range boxes {
		y = b.draw(w, y, full)
	}
	if len(boxes) == 0 {
		fmt.Fprintf(w, "<text x=\"%d\" y=\"%d\">no stage runs Nix</text>\n", margin, y+lineHeight)
	}
	fmt.Fprintln(w, "</svg>")
	return w.Flush()
}

// draw draws a box, and returns where the next one begins.
func (b *box) draw(w io.Writer, y, full int) int {
	rows := 1 + len(b.lines)
	for _, it := range b.items {
		rows += 1 + len(it.lines)
	}
	height := rows*lineHeight + 2*margin + len(b.items)*6
	fmt.Fprintf(w, "<rect class=\"box\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", margin, y,
		full-2*margin, height)
	next := y + height + margin
	text := func(x int, class, s string) {
		fmt.Fprintf(w, "<text x=\"%d\" y=\"%d\" class=\"%s\">%s</text>\n", x, y, class, svgText(s))
	}
	y += margin + 8
	text(2*margin, "title", b.title)
	for _, line := range b.lines {
		y += lineHeight
		text(2*margin, "small", line)
	}
	y += 6
	last := -1
	for _, it := range b.items {
		y += lineHeight + 6
		if last >= 0 {
			fmt.Fprintf(w, "<line class=\"line\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n", 2*margin+5, last+7,
				2*margin+5, y-12)
		}
		last = y - 5
		fmt.Fprintf(w, "<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"5\"/>\n", it.class, 2*margin+5, last)
		class := "item"
		if it.class == "fails" {
			class = "fails"
		}
		text(margin+indent, class, it.text)
		for _, line := range it.lines {
			y += lineHeight
			text(margin+indent, "small", line)
		}
	}
	return next
}

func svgText(s string) string { return html.EscapeString(report.Visible(s)) }

// widest returns the number of characters of the longest line.
func widest(first string, rest []string) int {
	n := utf8.RuneCountInString(first)
	for _, line := range rest {
		n = max(n, utf8.RuneCountInString(line))
	}
	return n
}
