package nixexpr

import (
	"bytes"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// Module is what a file says about the options nix.settings and nix.extraOptions.
type Module struct {
	// Settings are the attributes of each nix.settings. The system sorts them by name, and joins the lists of several
	// definitions; so they are joined here, and of other values only the first is there.
	Settings Set
	// Extra are the texts of each nix.extraOptions that is a literal string, in order of position. The system writes
	// them below the settings.
	Extra []*source.Fragment
	// Span runs from the first to the last of them.
	Span source.Span
}

// MayConfigure reports whether a file may be a module with settings of Nix: cheap, and true for some others.
func MayConfigure(b []byte) bool {
	return bytes.Contains(b, []byte("nix")) &&
		(bytes.Contains(b, []byte("settings")) || bytes.Contains(b, []byte("extraOptions")))
}

// Modules reads the options of the modules in a file, wherever they stand in it: the file itself, what mkIf and mkMerge
// are given, the modules of a list. It never fails: a file that cannot be read to its end gives none.
func Modules(f *source.File) *Module {
	out := &Module{Settings: Set{Source: f}}
	if !MayConfigure(f.Bytes) {
		return out
	}
	p := &parser{src: f.Bytes}
	if bytes.HasPrefix(p.src, []byte("\ufeff")) {
		p.pos = len("\ufeff")
	}
	m := &moduleReader{parser: p, file: f, out: out, index: map[string]int{}}
	if !m.expression(tokenEnd, nil) {
		return &Module{Settings: Set{Source: f}}
	}
	return out
}

// moduleReader looks for the options in all attribute sets of a file.
type moduleReader struct {
	*parser
	file *source.File
	out  *Module
	// index says where in the settings a name is.
	index map[string]int
}

// expression reads an expression up to the token that ends it, and looks into its sets. path is the path of attributes
// that leads to it.
func (m *moduleReader) expression(end token, path []string) bool {
	m.depth++
	defer func() { m.depth-- }()
	if m.depth > maxDepth {
		return false
	}
	e := expression{open: []token{end}}
	for {
		m.blanks()
		if m.pos >= len(m.src) {
			return end == tokenEnd && len(e.open) == 1
		}
		if m.at(0) == '{' {
			m.pos++
			if !m.bindings(path) {
				return false
			}
			continue
		}
		t, ok := m.token()
		if !ok {
			return false
		}
		if done, ok := e.next(t); done || !ok {
			return ok
		}
	}
}

// bindings reads what follows the opening brace of a set, or of the arguments of a function, up to the closing one.
func (m *moduleReader) bindings(outer []string) bool {
	for {
		m.blanks()
		if m.take('}') {
			return true
		}
		start := m.pos
		names, ok := m.path()
		m.blanks()
		switch {
		case ok && len(names) == 0: // inherit
			if !m.skip() {
				return false
			}
			continue
		case !ok || m.at(0) != '=' || m.at(1) == '=':
			// The arguments of a function, or a name that is computed.
			m.pos = start
			return m.until('}')
		}
		m.pos++
		m.blanks()
		path := slices.Clip(outer)
		for _, name := range names {
			path = append(path, name.Text)
		}
		if !m.binding(path, names[len(names)-1], start) {
			return false
		}
	}
}

// binding reads the value of a binding with its semicolon.
func (m *moduleReader) binding(path []string, name source.Piece, start int) bool {
	option, setting := optionOf(path)
	switch {
	case option == "settings" && setting != "":
		list := m.at(0) == '['
		value, end, ok := m.value()
		if !ok {
			return false
		}
		m.found(source.Span{Start: start, End: end},
			Setting{Name: name, Value: value, List: list, Span: source.Span{Start: start, End: end}})
		return true
	case option == "settings" && m.at(0) == '{':
		at := m.pos
		m.pos++
		settings, ok := m.set(1)
		if !ok { // such as a name that is computed
			m.pos = at
			return m.skip()
		}
		end := m.pos
		m.blanks()
		if m.at(0) == ';' { // else the set is part of an expression
			m.found(source.Span{Start: at, End: end}, settings...)
		}
		return m.skip()
	case option == "extraOptions" && m.has("''"):
		at := m.pos
		pieces, ok := m.lines()
		if !ok {
			return false
		}
		end := m.pos
		m.blanks()
		if m.at(0) == ';' {
			m.out.Extra = append(m.out.Extra, source.NewFragment(m.file, pieces))
			m.found(source.Span{Start: at, End: end})
		}
		return m.skip()
	}
	if option == "settings" && !m.passesOn() {
		return m.skip()
	}
	return m.expression(';', path)
}

// passesOn reports whether an expression begins with a function that makes an option of its argument unchanged, such as
// mkIf.
func (m *moduleReader) passesOn() bool {
	end := m.pos
	for end < len(m.src) && (isName(m.src[end]) || m.src[end] == '.') {
		end++
	}
	name := string(m.src[m.pos:end])
	name = name[strings.LastIndexByte(name, '.')+1:]
	return strings.HasPrefix(name, "mk") || name == "optionalAttrs"
}

func (m *moduleReader) found(at source.Span, settings ...Setting) {
	if m.out.Span == (source.Span{}) {
		m.out.Span = at
	}
	m.out.Span = m.out.Span.Join(at)
	for _, s := range settings {
		n, again := m.index[s.Name.Text]
		if !again {
			m.index[s.Name.Text] = len(m.out.Settings.Settings)
			m.out.Settings.Settings = append(m.out.Settings.Settings, s)
			continue
		}
		if first := &m.out.Settings.Settings[n]; first.List && s.List {
			blank := source.Piece{Text: " ", Span: source.Span{Start: s.Span.Start, End: s.Span.Start}}
			first.Value = append(append(first.Value, blank), s.Value...)
		}
	}
}

// optionOf returns the option below "nix" that a path of attributes defines, and the setting where it names one; ""
// for all other paths, such as that of a declaration of options.
func optionOf(path []string) (option, setting string) {
	n := slices.Index(path, "nix")
	if n < 0 || n+1 >= len(path) || slices.Contains(path[:n], "options") {
		return "", ""
	}
	if n > 0 && (path[n-1] == "programs" || path[n-1] == "services") {
		return "", ""
	}
	switch rest := path[n+1:]; {
	case len(rest) == 1 && (rest[0] == "settings" || rest[0] == "extraOptions"):
		return rest[0], ""
	case len(rest) == 2 && rest[0] == "settings":
		return rest[0], rest[1]
	}
	return "", ""
}

// lines reads an indented string, which has two single quotes on each side, as its text: without the indentation that
// all lines share, and without the first line where that is blank.
func (p *parser) lines() ([]source.Piece, bool) {
	start := p.pos + 2
	if !p.indented() {
		return nil, false
	}
	end := p.pos - 2
	text := string(p.src[start:end])
	shared := sharedIndent(text)
	after := p.pos
	defer func() { p.pos = after }()
	var out []source.Piece
	at := start
	if first, _, ok := strings.Cut(text, "\n"); ok && strings.Trim(first, " ") == "" {
		at += len(first) + 1
	}
	for at < end {
		line := end
		if n := bytes.IndexByte(p.src[at:end], '\n'); n >= 0 {
			line = at + n + 1
		}
		from := at
		for from < line && from-at < shared && p.src[from] == ' ' {
			from++
		}
		if line == end && len(bytes.Trim(p.src[from:end], " ")) == 0 {
			break // the blanks before the closing quotes
		}
		pieces, next, ok := p.lineOf(from, line, end)
		if !ok {
			return nil, false
		}
		out = append(out, pieces...)
		at = next
	}
	return out, true
}

// lineOf returns the text of a line of an indented string, from one place to another, and where the next line begins:
// an interpolation may have several.
func (p *parser) lineOf(from, to, end int) (out []source.Piece, next int, ok bool) {
	start := from
	flush := func(until int) {
		if start == until {
			return
		}
		text := strings.TrimSuffix(string(p.src[start:until]), "\n")
		line := source.Span{Start: start, End: start + len(text)}
		if text != "" {
			out = append(out, source.Piece{
				Text: text, Span: line, Verbatim: true, Quoting: source.SingleQuoted, Indented: true,
			})
		}
		if line.End < until {
			out = append(out, source.Piece{
				Text: "\n", Span: source.Span{Start: line.End, End: until}, Quoting: source.SingleQuoted,
				Indented: true,
			})
		}
	}
	escape := func(at, length int, text string) {
		flush(at)
		out = append(out, source.Piece{Text: text, Span: source.Span{Start: at, End: at + length}, Indented: true})
		start = at + length
	}
	for at := from; at < to; {
		rest := p.src[at:end]
		switch {
		case bytes.HasPrefix(rest, []byte("'''")):
			escape(at, 3, "''")
			at += 3
		case bytes.HasPrefix(rest, []byte("''$")):
			escape(at, 3, "$")
			at += 3
		case bytes.HasPrefix(rest, []byte("''\\")) && len(rest) > 3:
			escape(at, 4, string(rest[3]))
			at += 4
		case bytes.HasPrefix(rest, []byte("$$")):
			at += 2
		case bytes.HasPrefix(rest, []byte("${")):
			flush(at)
			p.pos = at
			if !p.interpolation() || p.pos > end {
				return nil, 0, false
			}
			out = append(out, source.Piece{Text: "x", Span: source.Span{Start: at, End: p.pos}, Opaque: true})
			at, start = p.pos, p.pos
			if at > to { // it has several lines
				if to = end; at < end {
					if n := bytes.IndexByte(p.src[at:end], '\n'); n >= 0 {
						to = at + n + 1
					}
				}
			}
		default:
			at++
		}
	}
	flush(to)
	return out, to, true
}

// sharedIndent returns how many blanks all lines of an indented string begin with, as Nix counts them: lines of blanks
// alone do not count.
func sharedIndent(text string) int {
	shared := -1
	for line := range strings.Lines(text) {
		rest := strings.TrimLeft(line, " ")
		if rest == "" || rest == "\n" {
			continue
		}
		if n := len(line) - len(rest); shared < 0 || n < shared {
			shared = n
		}
	}
	return max(shared, 0)
}
