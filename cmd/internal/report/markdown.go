package report

import (
	"io"
	"strings"
)

// widestPage is the widest line of a page; longer ones are hard to read.
const widestPage = 100

// WritePage prints the Markdown of a rule's page for a terminal that is width columns wide, 0 where that is unknown:
// headings, code and tables without their marks, and lines that fit.
func WritePage(out io.Writer, markdown string, color bool, width int) error {
	if width == 0 || width > widestPage {
		width = widestPage
	}
	p := markdownPage{textWriter: newTextWriter(out, &Report{Color: color}), width: width}
	lines := strings.Split(strings.TrimRight(markdown, "\n"), "\n")
	for len(lines) > 0 {
		lines = p.block(lines)
	}
	return p.Flush()
}

// markdownPage prints the blocks of a page.
type markdownPage struct {
	*textWriter
	width int
	// inCode says that the text that is printed stands between backticks.
	inCode bool
}

// block prints the block that lines begin with, and returns the rest.
func (p *markdownPage) block(lines []string) []string {
	first := lines[0]
	n := 1
	more := func(part func(line string) bool) {
		for n < len(lines) && part(lines[n]) {
			n++
		}
	}
	switch {
	case first == "":
		p.WriteByte('\n')
	case strings.HasPrefix(first, "```"):
		more(func(line string) bool { return !strings.HasPrefix(line, "```") })
		for _, line := range lines[1:n] {
			p.WriteString(strings.TrimRight("    "+Visible(line), " ") + "\n")
		}
		n = min(n+1, len(lines))
	case strings.HasPrefix(first, "#"):
		p.WriteString(p.paint(bold, Visible(strings.TrimLeft(first, "# "))) + "\n")
	case strings.HasPrefix(first, "|"):
		more(func(line string) bool { return strings.HasPrefix(line, "|") })
		p.table(lines[:n])
	default:
		indent := len(first) - len(strings.TrimLeft(first, " "))
		mark := listMark(first[indent:])
		more(func(line string) bool {
			text := strings.TrimLeft(line, " ")
			return text != "" && listMark(text) == "" && !strings.HasPrefix(text, "```") &&
				!strings.HasPrefix(text, "#") && !strings.HasPrefix(text, "|")
		})
		text := first[indent+len(mark):]
		for _, line := range lines[1:n] {
			text += " " + strings.TrimSpace(line)
		}
		p.paragraph(strings.Repeat(" ", indent), mark, Visible(text))
	}
	return lines[n:]
}

// listMark returns the mark with which an item of a list begins, and the blank after it; "" for other text.
func listMark(text string) string {
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	switch {
	case strings.HasPrefix(text, "- "), strings.HasPrefix(text, "* "):
		return text[:2]
	case digits > 0 && strings.HasPrefix(text[digits:], ". "):
		return text[:digits+2]
	}
	return ""
}

// paragraph prints text that begins with the mark of an item, "" for none.
func (p *markdownPage) paragraph(indent, mark, text string) {
	left := len(indent) + len(mark)
	for n, line := range wrap(text, p.width, left, left) {
		if n > 0 {
			mark = strings.Repeat(" ", len(mark))
		}
		p.WriteString(indent + mark + p.inline(line) + "\n")
	}
	p.inCode = false
}

// inline returns a line with its code in colour and without backticks, or as it is where nothing is coloured.
func (p *markdownPage) inline(line string) string {
	if !p.color {
		return line
	}
	var b strings.Builder
	for n, part := range strings.Split(line, "`") {
		if n > 0 {
			p.inCode = !p.inCode
		}
		if p.inCode {
			part = p.paint(boldCyan, part)
		}
		b.WriteString(part)
	}
	return b.String()
}

// table prints the rows of a table with its columns aligned; the last column is wrapped.
func (p *markdownPage) table(rows []string) {
	var cells [][]string
	var widths []int
	for _, row := range rows {
		if strings.Trim(row, "|-: ") == "" {
			continue // the line below the head
		}
		fields := strings.Split(strings.Trim(row, "| "), "|")
		for n, field := range fields {
			fields[n] = Visible(strings.TrimSpace(field))
			if n == len(widths) {
				widths = append(widths, 0)
			}
			widths[n] = max(widths[n], textColumns(fields[n]))
		}
		cells = append(cells, fields)
	}
	for r, fields := range cells {
		left := 0
		var line strings.Builder
		for n, field := range fields {
			if n == len(fields)-1 {
				for i, part := range wrap(field, p.width, left, left) {
					if i > 0 {
						part = "\n" + strings.Repeat(" ", left) + part
					}
					line.WriteString(part)
				}
				continue
			}
			line.WriteString(field + strings.Repeat(" ", widths[n]-textColumns(field)+2))
			left += widths[n] + 2
		}
		text := strings.TrimRight(line.String(), " ")
		if r == 0 {
			text = p.paint(bold, text)
		} else {
			text = p.inline(text)
		}
		p.WriteString(text + "\n")
	}
	p.inCode = false
}
