// Package recipe finds the shell commands of Makefiles, justfiles, Taskfiles, Earthfiles and the scripts of
// package.json, with the variables that have one known value in their own file; everything else that make or just would
// fill in is opaque. It also reads what skaffold, Earthly and Tilt build.
package recipe

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/source"
)

const (
	// maxDepth bounds variables that use others, and maxUses how many are filled in in one file.
	maxDepth = 8
	maxUses  = 10000
	// exported is the variable of the environment that decides what a build is for.
	exported = "DOCKER_DEFAULT_PLATFORM"
)

// Named reports whether a path is that of a Makefile, a justfile, a Taskfile or an Earthfile.
func Named(name string) bool {
	base := path.Base(name)
	return isMakefile(base) || isJustfile(base) || isTaskfile(base) || isEarthfile(base)
}

func isMakefile(base string) bool {
	return base == "Makefile" || base == "makefile" || base == "GNUmakefile" || path.Ext(base) == ".mk"
}

func isJustfile(base string) bool {
	return strings.EqualFold(base, "justfile") || strings.EqualFold(base, ".justfile") || path.Ext(base) == ".just"
}

// Of returns the shell scripts of a Makefile, a justfile, a Taskfile, a package.json or an Earthfile: each line of a
// recipe that runs in a shell of its own, or a whole recipe. ok is false for a file that is none of them. All run them
// in the file's own folder, but for what an Earthfile runs in a container: see Local.
func Of(f *source.File) (scripts []*source.Fragment, ok bool) {
	if isEarthfile(path.Base(f.Path)) {
		return earthCommands(f, false), true
	}
	return Local(f)
}

// Local is like Of, without what runs in a container, where other files are.
func Local(f *source.File) (scripts []*source.Fragment, ok bool) {
	switch base := path.Base(f.Path); {
	case isMakefile(base):
		return makefile(f), true
	case isJustfile(base):
		return justfile(f), true
	case isTaskfile(base):
		return taskfile(f), true
	case base == "package.json":
		return packageScripts(f), true
	case isEarthfile(base):
		return earthCommands(f, true), true
	}
	return nil, false
}

// value is the value of a variable where the file gives it one, and nothing else may.
type value struct {
	span  source.Span // of the value in the file
	known bool
}

// reader reads one file.
type reader struct {
	file     *source.File
	vars     map[string]value
	exported bool // exported reaches the commands
	uses     int
	// reference finds the first variable that a text uses: where it stands and its name, "" for one that is not known.
	reference func(text string) (start, end int, name string)
}

func (r *reader) set(name string, v value) {
	if _, again := r.vars[name]; again {
		v.known = false
	}
	r.vars[name] = v
}

// pieces returns a span of the file with its variables filled in.
func (r *reader) pieces(span source.Span, hidden map[string]bool, depth int) []source.Piece {
	var out []source.Piece
	for span.Start < span.End {
		text := r.file.Text(span)
		start, end, name := r.reference(text)
		if start < 0 {
			start, end = len(text), len(text)
		}
		if start > 0 {
			s := source.Span{Start: span.Start, End: span.Start + start}
			out = append(out, source.Piece{Text: r.file.Text(s), Span: s, Verbatim: true})
		}
		at := source.Span{Start: span.Start + start, End: span.Start + end}
		span.Start = at.End
		switch v := r.vars[name]; {
		case at.IsEmpty():
		case name == "$":
			out = append(out, source.Piece{Text: "$", Span: at})
		case v.known && !hidden[name] && depth < maxDepth && r.uses < maxUses:
			r.uses++
			for _, p := range r.pieces(v.span, hidden, depth+1) {
				p.Span, p.Verbatim = at, false
				out = append(out, p)
			}
		default:
			out = append(out, source.Piece{Text: "x", Span: at, Opaque: true})
		}
	}
	return out
}

// script returns the lines of a script, after what the file exports to it.
func (r *reader) script(lines []source.Span, hidden map[string]bool) *source.Fragment {
	var all []source.Piece
	if v := r.vars[exported]; v.known && r.exported {
		all = append(all, source.Piece{Text: "export " + exported + "='", Span: v.span})
		all = append(all, r.pieces(v.span, hidden, 0)...)
		all = append(all, source.Piece{Text: "'\n", Span: v.span})
	}
	for _, line := range lines {
		all = append(all, r.pieces(line, hidden, 0)...)
	}
	return source.NewFragment(r.file, all)
}

// lines calls visit for each line, without its end.
func lines(f *source.File, visit func(source.Span)) {
	start := 0
	for line := range bytes.Lines(f.Bytes) {
		visit(source.Span{Start: start, End: start + len(bytes.TrimRight(line, "\r\n"))})
		start += len(line)
	}
}

// trimmed returns a span without white space at its ends, and without what begins it of the bytes in prefix.
func trimmed(f *source.File, s source.Span, prefix string) source.Span {
	text := f.Text(s)
	s.Start += len(text) - len(strings.TrimLeft(text, " \t"+prefix))
	s.End = max(s.Start, s.End-(len(text)-len(strings.TrimRight(text, " \t"))))
	return s
}

var makeAssignment = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^ *((?:export |override |private )*)([\w.-]+)[ \t]*(:{0,3}=|\?=|\+=|!=)([^#]*)`)
})

// makefile reads a Makefile.
func makefile(f *source.File) []*source.Fragment {
	r := &reader{file: f, vars: map[string]value{}, reference: makeReference}
	var recipes [][]source.Span // logical lines
	conditions, definition, continued := 0, false, false
	lines(f, func(span source.Span) {
		text := f.Text(span)
		goesOn := continued
		continued = strings.HasSuffix(text, `\`)
		word, _, _ := strings.Cut(strings.TrimLeft(text, " "), " ")
		switch {
		case definition:
			definition = word != "endef"
		case goesOn && len(recipes) > 0 && recipes[len(recipes)-1] != nil:
			last := &recipes[len(recipes)-1]
			(*last)[len(*last)-1].End = span.End
			if !continued {
				recipes = append(recipes, nil)
			}
		case goesOn:
		case strings.HasPrefix(text, "\t"):
			recipes = append(recipes, []source.Span{trimmed(f, span, "@-+")})
			if !continued {
				recipes = append(recipes, nil)
			}
		case word == "define":
			definition = true
		case strings.HasPrefix(word, "if"):
			conditions++
		case word == "endif":
			conditions--
		default:
			r.makeLine(span, conditions > 0 || continued)
		}
	})
	var out []*source.Fragment
	for _, recipe := range recipes {
		if recipe != nil {
			out = append(out, r.script(recipe, nil))
		}
	}
	return out
}

// makeLine reads a line of a Makefile that belongs to no recipe.
func (r *reader) makeLine(span source.Span, uncertain bool) {
	text := r.file.Text(span)
	if m := makeAssignment().FindStringSubmatchIndex(text); m != nil {
		name, operator := text[m[4]:m[5]], text[m[6]:m[7]]
		at := trimmed(r.file, source.Span{Start: span.Start + m[8], End: span.Start + m[9]}, "")
		r.set(name, value{at, !uncertain && operator != "+=" && operator != "!="})
		r.exported = r.exported || name == exported && strings.Contains(text[m[2]:m[3]], "export")
		return
	}
	if names := strings.Fields(text); len(names) > 0 && names[0] == "export" {
		r.exported = r.exported || len(names) == 1 || slices.Contains(names, exported)
		return
	}
	if _, rest, ok := strings.Cut(text, ":"); ok { // a variable of one target
		if m := makeAssignment().FindStringSubmatch(rest); m != nil {
			r.set(m[2], value{})
		}
	}
}

// makeReference finds $(NAME), ${NAME}, $$ and the other forms, which are not known.
func makeReference(text string) (start, end int, name string) {
	start = strings.IndexByte(text, '$')
	if start < 0 || start+1 >= len(text) {
		return -1, 0, ""
	}
	rest := text[start+1:]
	var closing byte
	switch rest[0] {
	case '(':
		closing = ')'
	case '{':
		closing = '}'
	case '$':
		return start, start + 2, "$"
	default:
		return start, start + 2, ""
	}
	depth := 0
	for i := range len(rest) {
		switch rest[i] {
		case rest[0]:
			depth++
		case closing:
			if depth--; depth == 0 {
				return start, start + 1 + i + 1, rest[1:i]
			}
		}
	}
	return start, len(text), ""
}

var (
	justAssignment = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(export +)?([A-Za-z_][\w-]*)[ \t]*:=[ \t]*('[^']*'|"[^"\\]*")?[ \t]*(.*)$`)
	})
	justName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[A-Za-z_][\w-]*`) })
)

// justfile reads a justfile.
func justfile(f *source.File) []*source.Fragment {
	r := &reader{file: f, vars: map[string]value{}, reference: justReference}
	type body struct {
		lines   [][]source.Span
		hidden  map[string]bool
		whole   bool // one script
		foreign bool // of another language, or in another folder
	}
	var recipes []*body
	var current *body
	foreign, elsewhere, continued := false, false, false
	lines(f, func(span source.Span) {
		text := f.Text(span)
		goesOn := continued
		continued = strings.HasSuffix(text, `\`)
		line := strings.TrimSpace(text)
		switch {
		case line == "":
		case text[0] == ' ' || text[0] == '\t':
			if current == nil {
				return
			}
			if len(current.lines) == 0 && strings.HasPrefix(line, "#!") {
				current.whole = true
				current.foreign = current.foreign || !strings.HasSuffix(line, "sh")
			}
			if last := len(current.lines) - 1; goesOn && last >= 0 {
				parts := current.lines[last]
				parts[len(parts)-1].End = span.End
				return
			}
			current.lines = append(current.lines, []source.Span{trimmed(f, span, "@-")})
		case strings.HasPrefix(text, "["):
			elsewhere = elsewhere || strings.Contains(text, "no-cd") || strings.Contains(text, "working-directory")
		case strings.HasPrefix(text, "set "):
			foreign = foreign || strings.Contains(text, "working-directory") ||
				strings.HasPrefix(text, "set shell") && !strings.Contains(text, `sh"`) && !strings.Contains(text, "sh'")
		case text[0] == '#':
		default:
			current = nil
			if m := justAssignment().FindStringSubmatchIndex(text); m != nil {
				v := value{known: m[6] >= 0 && m[8] == m[9]}
				if v.known {
					v.span = source.Span{Start: span.Start + m[6] + 1, End: span.Start + m[7] - 1}
				}
				name := text[m[4]:m[5]]
				r.set(name, v)
				r.exported = r.exported || name == exported && m[2] >= 0
				return
			}
			header, _, isRecipe := strings.Cut(text, ":")
			if !isRecipe {
				return
			}
			current = &body{hidden: map[string]bool{}, foreign: elsewhere}
			elsewhere = false
			for _, name := range justName().FindAllString(header, -1) {
				current.hidden[name] = true // a parameter, perhaps
			}
			recipes = append(recipes, current)
		}
	})
	var out []*source.Fragment
	for _, b := range recipes {
		switch {
		case foreign || b.foreign:
		case b.whole && len(b.lines) > 0:
			last := b.lines[len(b.lines)-1]
			whole := source.Span{Start: b.lines[0][0].Start, End: last[len(last)-1].End}
			out = append(out, r.script([]source.Span{whole}, b.hidden))
		default:
			for _, line := range b.lines {
				out = append(out, r.script(line, b.hidden))
			}
		}
	}
	return out
}

// justReference finds {{name}}; other expressions are not known.
func justReference(text string) (start, end int, name string) {
	start = strings.Index(text, "{{")
	if start < 0 {
		return -1, 0, ""
	}
	n := strings.Index(text[start:], "}}")
	if n < 0 {
		return start, len(text), ""
	}
	return start, start + n + 2, strings.TrimSpace(text[start+2 : start+n])
}
