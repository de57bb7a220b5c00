package shell

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"

	"github.com/sandlint/sandlint/parsers/source"
)

// The kinds of problem that Parse reports.
const (
	// KindSyntax is text that no shell can parse.
	KindSyntax = "syntax"
	// KindHeredoc is a here-document without its end. Shells use the rest of the text as its body, bash with a warning.
	KindHeredoc = "unclosed-heredoc"
	// KindNesting is text that is nested too deeply to be read.
	KindNesting = "nesting"
)

// Parse reads view, whose first byte is at the offset base of its file. env provides variables from outside, and may be
// nil; it does not count for Cmd and PowerShell. Text in the dialect None gives an empty script. The dialect Sh is read
// with the additions of bash to the language, since it is not known which program /bin/sh is.
func Parse(view []byte, base int, d Dialect, env Env) *Script {
	s := &Script{Dialect: d, Base: base}
	switch d {
	case None:
	case Cmd, PowerShell:
		parseWindows(s, string(view))
	default:
		s.read(view, env)
	}
	for n, c := range s.Commands {
		c.index = n
	}
	return s
}

// read reads a script in the language of a POSIX shell.
func (s *Script) read(view []byte, env Env) {
	base, d := s.Base, s.Dialect
	src := string(view)
	parsed := parseText(src, d, base == 0)
	if parsed.problem != nil {
		p := parsed.problem
		s.Problem = &source.Problem{Kind: p.kind, Message: p.message,
			Span: source.Span{Start: base + min(p.start, len(src)), End: base + min(p.end, len(src))}}
	}
	w := &walker{
		text:    text{src: src + parsed.added, limit: len(src), base: base},
		s:       s,
		dialect: d,
		vars:    &vars{env: env},
		slabs:   &slabs{},
	}
	w.script(parsed.stmts, &ctx{top: true})
}

// ParseJoined reads a text whose host joins lines before the shell runs, as a Dockerfile does: up to the first line end
// without a backslash directly before it, the host removes backslash and line end, even inside single quotes. After
// that come the bodies of here-documents, which are not joined.
func ParseJoined(view []byte, base int, d Dialect, env Env) *Script {
	return Parse(joinLines(view), base, d, env)
}

// joinLines returns the text that the shell is given: see ParseJoined.
func joinLines(view []byte) []byte {
	joined := view
	for at := 0; ; {
		n := bytes.IndexByte(view[at:], '\n')
		if n < 0 {
			break
		}
		end := at + n + 1
		start := end - 1
		if start > at && view[start-1] == '\r' {
			start--
		}
		if start--; start < at || view[start] != '\\' {
			break
		}
		if &joined[0] == &view[0] {
			joined = bytes.Clone(view)
		}
		clear(joined[start:end])
		at = end
	}
	return joined
}

// parsed is the result of the parser.
type parsed struct {
	stmts   []*syntax.Stmt
	added   string // what had to be added to the text to close its here-documents
	problem *problem
}

type problem struct {
	kind       string
	message    string
	start, end int
}

// parsers holds syntax parsers for reuse; each has buffers of several kilobytes.
var parsers = sync.Pool{New: func() any { return syntax.NewParser() }}

// maxNames is the number of words such as a-b=c among the arguments of export that are hidden from the parser.
const maxNames = 8

// hideNames returns src with the words changed that the parser refuses as names of variables though bash reads on and
// only the builtin complains: in `export A=b c-d=e`, A is set. Their bytes keep their places.
func hideNames(src string) string {
	for range maxNames {
		_, err := parseAs(syntax.LangBash, src)
		var refused syntax.ParseError
		if !errors.As(err, &refused) || refused.Text != "invalid var name" {
			break
		}
		p := newProblem(src, err)
		word := src[p.start:p.end]
		if !strings.Contains(word, "=") {
			break
		}
		src = src[:p.start] + strings.ReplaceAll(word, "=", "_") + src[p.end:]
	}
	return src
}

// maxHeredocs is the number of here-documents without end that are closed for the parser.
const maxHeredocs = 8

func parseText(src string, d Dialect, bom bool) parsed {
	src = endComments(sanitize(src, bom))
	out := parsed{}
	for range maxHeredocs {
		stmts, err := parseAs(syntax.LangBash, src+out.added)
		var refused syntax.ParseError
		if errors.As(err, &refused) && refused.Text == "invalid var name" {
			if hidden := hideNames(src + out.added); hidden != src+out.added {
				src = hidden[:len(src)]
				stmts, err = parseAs(syntax.LangBash, hidden)
			}
		}
		if err != nil && !errors.Is(err, errNesting) && unclosed(err) == "" &&
			(d != Bash || strings.Contains(src, "((")) {
			// Some text is valid only in the POSIX shell; and bash reads ((a); b) as it does.
			if posix, err := parseAs(syntax.LangPOSIX, src+out.added); err == nil {
				out.stmts = posix
				return out
			}
		}
		out.stmts = stmts
		if err == nil {
			return out
		}
		name := unclosed(err)
		if p := newProblem(src, err); out.problem == nil || name == "" {
			out.problem = p
		}
		if name == "" {
			return out
		}
		if out.added == "" && !strings.HasSuffix(src, "\n") {
			out.added = "\n"
		}
		out.added += name + "\n"
	}
	return out
}

func parseAs(lang syntax.LangVariant, src string) (stmts []*syntax.Stmt, err error) {
	p := parsers.Get().(*syntax.Parser)
	syntax.Variant(lang)(p)
	for stmt, stmtErr := range p.StmtsSeq(&reader{s: src}) {
		if stmtErr != nil {
			err = stmtErr
		}
		if stmt != nil {
			stmts = append(stmts, stmt)
		}
	}
	parsers.Put(p)
	return stmts, err
}

// unclosed returns the delimiter of the unclosed here-document that err reports, or "" for another error.
func unclosed(err error) string {
	var e syntax.ParseError
	if !errors.As(err, &e) {
		return ""
	}
	quoted, ok := strings.CutPrefix(e.Text, "unclosed here-document ")
	if !ok {
		return ""
	}
	name, err := strconv.Unquote(quoted)
	if err != nil || strings.ContainsAny(name, "\x00\n") {
		return ""
	}
	return name
}

func newProblem(src string, err error) *problem {
	p := &problem{kind: KindSyntax}
	var parseErr syntax.ParseError
	var langErr syntax.LangError
	switch {
	case errors.Is(err, errNesting):
		p.kind, p.message = KindNesting, "shell text is nested too deeply, so it is not read"
		return p
	case errors.As(err, &parseErr):
		p.start = pos(parseErr.Pos)
		p.message = parseErr.Text
		if unclosed(err) != "" {
			p.kind = KindHeredoc
		}
	case errors.As(err, &langErr):
		p.start = pos(langErr.Pos)
		p.message = langErr.Feature + " is not valid here"
	default:
		p.message = err.Error()
	}
	p.message = strings.ReplaceAll(p.message, "`foo(`", "`(`") // "foo" is the parser's example of a function
	if !strings.Contains(p.message, `"`) {
		p.message = strings.ReplaceAll(p.message, "`", `"`)
	}
	p.message = "shell syntax: " + p.message
	p.start = min(p.start, len(src))
	p.end = p.start
	for p.end < len(src) && strings.IndexByte(" \t\r\n\x00", src[p.end]) < 0 {
		p.end++
	}
	return p
}

// sanitize returns src without what the parser refuses but shells accept: invalid UTF-8, a byte order mark.
func sanitize(src string, bom bool) string {
	const mark = "\ufeff"
	if bom && strings.HasPrefix(src, mark) {
		src = "   " + src[len(mark):]
	}
	if utf8.ValidString(src) {
		return src
	}
	b := []byte(src)
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			b[i] = '%'
		}
		i += n
	}
	return string(b)
}

// endComments returns src without the backslashes that end a comment. They are a part of it to every shell, but the
// parser takes them for a continuation of the line.
func endComments(src string) string {
	doubtful := false
	for rest := src; !doubtful; {
		n := strings.Index(rest, "\\\n")
		if n < 0 {
			return src
		}
		doubtful = strings.Contains(rest[strings.LastIndexByte(rest[:n], '\n')+1:n], "#")
		rest = rest[n+2:]
	}
	tree, err := syntax.NewParser(syntax.KeepComments(true)).Parse(&reader{s: src}, "")
	if tree == nil || errors.Is(err, errNesting) {
		return src
	}
	out := []byte(src)
	syntax.Walk(tree, func(n syntax.Node) bool {
		if c, ok := n.(*syntax.Comment); ok {
			start := pos(c.Hash)
			if n := strings.IndexByte(src[start:], '\n'); n > 0 && src[start+n-1] == '\\' {
				out[start+n-1] = ' '
			}
		}
		return true
	})
	return string(out)
}

var errNesting = errors.New("nested too deeply")

// maxFrames bounds how deep the parser may recurse, and everything that walks its tree.
const maxFrames = 20000

// reader gives a text to the parser. The parser recurses as deep as the text is nested; reader stops it before the
// stack overflows, from which a program cannot recover.
type reader struct {
	s     string
	reads int
}

func (r *reader) Read(p []byte) (int, error) {
	if r.s == "" {
		return 0, io.EOF
	}
	if r.reads++; r.reads%16 == 0 {
		var pc [1]uintptr
		if runtime.Callers(maxFrames, pc[:]) > 0 {
			return 0, errNesting
		}
	}
	n := copy(p, r.s)
	r.s = r.s[n:]
	return n, nil
}
