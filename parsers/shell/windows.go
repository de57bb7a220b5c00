package shell

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// This file reads the simple command lines of cmd and of PowerShell: words, quotes, redirections, and the operators
// between commands. It gives up on a whole text whose parts it cannot distinguish, and on single statements that are no
// commands: such a script has no commands, or fewer, and never a Problem.
//
// Sources: the documentation of cmd (`cmd /?`), about_Parsing, about_Quoting_Rules and about_Aliases of PowerShell 5.1
// and 7, and the rules by which programs of Windows divide their command line ("Parsing C command-line arguments").

// maxWindows is how many bytes of a text are read.
const maxWindows = 1 << 17

// windows reads one text.
type windows struct {
	src     string // a NUL is a byte that the shell does not see
	base    int
	dialect Dialect
	s       *Script
	parent  *Command
	quoting source.Quoting
	pos     int
	failed  bool // the text cannot be read

	joined    string   // what joins the next command
	previous  *Command // the command before the operator, nil where that was none
	statement int      // where its statement begins
	first     int      // the index of the first command of the statement
}

// parseWindows reads a text in the dialect Cmd or PowerShell.
func parseWindows(s *Script, view string) {
	if len(view) > maxWindows || strings.ContainsAny(view, "‘’‚‛“”„") { // which PowerShell takes for quotes
		return
	}
	w := &windows{src: view, base: s.Base, dialect: s.Dialect, s: s}
	w.read()
}

// read reads all statements; where it gives up, it leaves no commands of the text.
func (w *windows) read() {
	before := len(w.s.Commands)
	w.first = before
	for w.pos < len(w.src) && !w.failed {
		w.command()
	}
	w.endStatement()
	if w.failed {
		w.s.Commands = w.s.Commands[:before]
	}
}

func (w *windows) fail() { w.failed = true }

// endStatement gives the commands of a statement its span.
func (w *windows) endStatement() {
	for _, c := range w.s.Commands[min(w.first, len(w.s.Commands)):] {
		if c.Parent == w.parent {
			c.Statement = w.span(w.statement, w.pos)
		}
	}
	w.first = len(w.s.Commands)
}

func (w *windows) span(from, to int) source.Span {
	for to > from && strings.IndexByte(" \t\r\n\x00", w.src[to-1]) >= 0 {
		to--
	}
	return source.Span{Start: w.base + from, End: w.base + to}
}

// skipBlanks goes to the next byte that is not a blank or hidden from the shell.
func (w *windows) skipBlanks() {
	for w.pos < len(w.src) && strings.IndexByte(" \t\x00\r", w.src[w.pos]) >= 0 {
		w.pos++
	}
}

// peek returns the byte at pos+n that the shell sees, 0 at the end.
func (w *windows) peek(n int) byte {
	if w.pos+n < len(w.src) {
		return w.src[w.pos+n]
	}
	return 0
}

// command reads one command and the operator behind it.
func (w *windows) command() {
	w.skipBlanks()
	if len(w.s.Commands) == w.first {
		w.statement = w.pos
	}
	c := &Command{Joined: w.joined, Parent: w.parent, Quoting: w.quoting, dialect: w.dialect}
	start := w.pos
	if w.dialect == Cmd {
		w.cmdWords(c)
	} else {
		w.powerShellWords(c)
	}
	w.pos = min(w.pos, len(w.src)) // an escape may be the last byte
	c.Span = w.span(start, w.pos)
	if w.failed {
		return
	}
	previous := w.previous
	w.previous = nil
	if len(c.Words) > 0 {
		if w.joined == "|" && previous != nil {
			c.PipedFrom, previous.PipesTo = previous, c
		}
		if w.joined == "||" {
			c.Maybe = true
		}
		w.name(c)
		w.s.Commands = append(w.s.Commands, c)
		w.previous = c
		w.nested(c, w.pos)
	}
	w.operator(c)
}

// operator reads what stands behind a command.
func (w *windows) operator(c *Command) {
	at := w.pos
	op := ""
	switch b := w.peek(0); {
	case b == 0:
		if w.pos < len(w.src) {
			w.pos++
		}
		return
	case b == '\n', b == ';':
		op = ";"
		w.pos++
	case (b == '&' || b == '|') && w.peek(1) == b:
		op = string([]byte{b, b})
		w.pos += 2
	case b == '|':
		op = "|"
		w.pos++
	case b == '&':
		if w.dialect == PowerShell { // a job in the background
			w.fail()
			return
		}
		op = ";"
		w.pos++
	default:
		w.fail()
		return
	}
	if op == "||" {
		c.Ignored = true
	}
	if w.joined = op; op == ";" {
		end := w.pos
		w.pos = at
		w.endStatement()
		w.pos = end
	}
}

// word is a word that is being read.
type windowsWord struct {
	text    strings.Builder
	parts   []source.Piece
	start   int
	unknown bool
	any     bool // there is something, perhaps an empty string
}

// add adds bytes as they are in the file.
func (x *windowsWord) add(w *windows, from, to int, quoting source.Quoting) {
	for from < to { // NULs divide pieces
		end := from
		for end < to && w.src[end] != 0 {
			end++
		}
		if end > from {
			text := w.src[from:end]
			x.any = true
			x.text.WriteString(text)
			x.parts = append(x.parts, source.Piece{
				Text: text, Span: source.Span{Start: w.base + from, End: w.base + end},
				Verbatim: true, Quoting: quoting,
			})
		}
		for end < to && w.src[end] == 0 {
			end++
		}
		from = end
	}
}

// hide adds bytes of which it is not known what they become.
func (x *windowsWord) hide(w *windows, from, to int) {
	x.any, x.unknown = true, true
	text := strings.ReplaceAll(w.src[from:to], "\x00", "")
	x.text.WriteString(text)
	x.parts = append(x.parts, source.Piece{Text: text, Span: source.Span{Start: w.base + from, End: w.base + to},
		Opaque: true})
}

func (x *windowsWord) word(w *windows, end int) Word {
	for end > x.start && w.src[end-1] == 0 {
		end--
	}
	return Word{Text: x.text.String(), Known: !x.unknown, Span: source.Span{Start: w.base + x.start, End: w.base + end},
		Parts: x.parts}
}

// redirection reads a redirection at pos, whose descriptor is given, and its target.
func (w *windows) redirection(c *Command, start, fd int) {
	r := Redir{Op: string(w.src[w.pos]), FD: fd}
	w.pos++
	if r.Op == ">" && w.peek(0) == '>' {
		r.Op = ">>"
		w.pos++
	}
	if w.peek(0) == '&' {
		r.Op += "&"
		w.pos++
	}
	w.skipBlanks()
	target, ok := w.word()
	if !ok {
		w.fail()
		return
	}
	r.Target = target
	r.Span = w.span(start, w.pos)
	c.Redirs = append(c.Redirs, r)
}

// word reads one word, and reports false where there is none.
func (w *windows) word() (Word, bool) {
	if w.dialect == Cmd {
		return w.cmdWord()
	}
	return w.powerShellWord()
}

// descriptor returns the number before a redirection at pos, and -1 for none; false where there is no redirection.
func (w *windows) descriptor() (fd int, ok bool) {
	switch b := w.peek(0); {
	case b == '>', b == '<':
		return -1, true
	case b >= '0' && b <= '9' && (w.peek(1) == '>' || w.peek(1) == '<'):
		w.pos++
		return int(b - '0'), true
	case b == '*' && w.peek(1) == '>' && w.dialect == PowerShell:
		w.pos++
		return 1, true
	}
	return 0, false
}

// cmdKeywords begin what is no simple command.
var cmdKeywords = []string{"if", "for", "goto", "rem", "setlocal", "endlocal", "else", "do"}

// cmdWords reads a command of cmd up to the operator behind it.
func (w *windows) cmdWords(c *Command) {
	for w.peek(0) == '@' {
		w.pos++
		w.skipBlanks()
	}
	if w.peek(0) == '(' || w.peek(0) == ')' || w.peek(0) == ':' {
		w.fail()
		return
	}
	for !w.failed {
		w.skipBlanks()
		start := w.pos
		if fd, ok := w.descriptor(); ok {
			w.redirection(c, start, fd)
			continue
		}
		word, ok := w.cmdWord()
		if !ok {
			return
		}
		c.Words = append(c.Words, word)
		switch first := strings.ToLower(c.Words[0].Text); {
		case len(c.Words) == 1 && slices.Contains(cmdKeywords, first):
			w.fail()
		case len(c.Words) == 2 && first == "call":
			c.Wrappers, c.Words = append(c.Wrappers, "call"), c.Words[1:]
		}
	}
}

// cmdWord reads a word of a command line of cmd, with quotes and escapes removed.
func (w *windows) cmdWord() (Word, bool) {
	x := windowsWord{start: w.pos}
	quoted := false
	plain := w.pos
	flush := func() {
		quoting := source.Unquoted
		if quoted {
			quoting = source.DoubleQuoted
		}
		if w.pos > plain {
			x.add(w, plain, w.pos, quoting)
		}
	}
	for w.pos < len(w.src) {
		b := w.src[w.pos]
		switch {
		case b == '\n', !quoted && strings.IndexByte(" \t\r&|<>", b) >= 0:
			if quoted {
				w.fail()
				return Word{}, false
			}
			flush()
			return x.word(w, w.pos), x.any
		case b == '"':
			if w.pos > 0 && w.src[w.pos-1] == '\\' {
				x.unknown = true // cmd and the program count the quotes in different ways
			}
			flush()
			quoted, x.any = !quoted, true
			w.pos++
			plain = w.pos
		case b == '^' && !quoted:
			flush()
			if w.pos++; w.pos == len(w.src) || w.src[w.pos] == '\n' || w.src[w.pos] == 0 {
				w.fail()
				return Word{}, false
			}
			plain = w.pos
			w.pos++
		case b == '%':
			flush()
			end := strings.IndexAny(w.src[w.pos+1:], "% \t\n\"")
			if end >= 0 && w.src[w.pos+1+end] == '%' {
				x.hide(w, w.pos, w.pos+end+2)
				w.pos += end + 2
			} else {
				x.hide(w, w.pos, w.pos+1)
				w.pos++
			}
			plain = w.pos
		default:
			w.pos++
		}
	}
	if quoted {
		w.fail()
		return Word{}, false
	}
	flush()
	return x.word(w, w.pos), x.any
}

// powerShellKeywords begin statements that are no commands.
var powerShellKeywords = []string{
	"begin", "break", "catch", "class", "continue", "data", "do", "dynamicparam", "else", "elseif", "end", "enum",
	"exit", "filter", "finally", "for", "foreach", "function", "hidden", "if", "in", "param", "process", "return",
	"static", "switch", "throw", "trap", "try", "until", "using", "while", "workflow",
}

// powerShellWords reads a statement of PowerShell up to the operator behind it. What is no command is passed over.
func (w *windows) powerShellWords(c *Command) {
	if w.peek(0) == '&' && w.peek(1) != '&' { // the call operator
		w.pos++
		w.skipBlanks()
	} else if strings.IndexByte("$([{@'\"+-!,0123456789%\\", w.peek(0)) >= 0 && w.pos < len(w.src) {
		w.skipStatement()
		return
	}
	for !w.failed {
		w.skipBlanks()
		start := w.pos
		if w.peek(0) == '#' {
			end := strings.IndexByte(w.src[w.pos:], '\n')
			if end < 0 {
				end = len(w.src) - w.pos
			}
			w.pos += end
			return
		}
		if w.peek(0) == '<' { // reserved, or a comment
			w.fail()
			return
		}
		if fd, ok := w.descriptor(); ok {
			w.redirection(c, start, fd)
			continue
		}
		word, ok := w.powerShellWord()
		if !ok {
			return
		}
		if len(c.Words) == 0 && slices.Contains(powerShellKeywords, strings.ToLower(word.Text)) {
			w.skipStatement()
			return
		}
		if c.Words = append(c.Words, word); word.Text == "--%" { // what follows is not read by PowerShell
			w.fail()
		}
	}
}

// skipStatement goes to the operator behind a statement, past brackets and strings.
func (w *windows) skipStatement() {
	for w.pos < len(w.src) && !w.failed {
		switch b := w.src[w.pos]; b {
		case '\n', ';', '|':
			return
		case '&':
			if w.peek(1) == '&' {
				return
			}
			w.pos++ // the call operator
		case '#':
			if w.pos == 0 || strings.IndexByte(" \t\x00", w.src[w.pos-1]) >= 0 {
				end := strings.IndexByte(w.src[w.pos:], '\n')
				if end < 0 {
					end = len(w.src) - w.pos
				}
				w.pos += end
				continue
			}
			w.pos++
		default:
			w.skipOne()
		}
	}
}

// skipOne goes past one byte, or a string, or a pair of brackets with what is between them.
func (w *windows) skipOne() {
	const most = 200 // levels
	var open []byte
	for {
		if w.pos >= len(w.src) {
			w.failed = w.failed || len(open) > 0
			return
		}
		switch b := w.src[w.pos]; b {
		case '(', '{', '[':
			if open = append(open, b); len(open) > most {
				w.fail()
			}
			w.pos++
		case ')', '}', ']':
			if len(open) == 0 || open[len(open)-1] != map[byte]byte{')': '(', '}': '{', ']': '['}[b] {
				w.fail()
				return
			}
			open = open[:len(open)-1]
			w.pos++
		case '\'', '"':
			w.skipString()
		case '`':
			w.pos += 2
		case '\\':
			if w.pos++; w.peek(0) == '"' {
				w.skipString()
			}
		default:
			w.pos++
		}
		if len(open) == 0 || w.failed {
			w.pos = min(w.pos, len(w.src))
			return
		}
	}
}

// skipString goes past a string. Its quotes may be behind a backslash, without which a program's command line loses
// them on Windows, together with the string.
func (w *windows) skipString() {
	quote := w.src[w.pos]
	escaped := quote == '"' && w.pos > 0 && w.src[w.pos-1] == '\\'
	start := w.pos + 1
	for w.pos++; w.pos < len(w.src); w.pos++ {
		switch b := w.src[w.pos]; {
		case b == '`' && quote == '"':
			w.pos++
		case b == quote:
			if quote == '"' && escaped != (w.src[w.pos-1] == '\\') {
				w.fail() // one of the quotes is lost on the way
				return
			}
			inner := w.src[start:w.pos]
			w.pos++
			if quote == '"' && !escaped && w.quoting == source.Plain && strings.ContainsAny(inner, ";|&(){}'\n") {
				w.fail() // on Windows this is no string when PowerShell sees it
			}
			return
		}
	}
	w.fail()
}

// powerShellWord reads an argument.
func (w *windows) powerShellWord() (Word, bool) {
	x := windowsWord{start: w.pos}
	plain := w.pos
	flush := func() {
		if w.pos > plain {
			x.add(w, plain, w.pos, source.Unquoted)
		}
	}
	hide := func(skip func()) {
		flush()
		from := w.pos
		skip()
		w.pos = min(w.pos, len(w.src))
		x.hide(w, from, w.pos)
		plain = w.pos
	}
	for w.pos < len(w.src) && !w.failed {
		switch b := w.src[w.pos]; b {
		case ' ', '\t', '\r', '\n', ';', '|', '&', '>', '<':
			flush()
			return x.word(w, w.pos), x.any
		case ')', '}':
			w.fail()
		case '(', '{':
			hide(w.skipOne)
		case '$', '@', ',', '*', '?':
			hide(func() {
				if w.pos++; b == '$' || b == '@' {
					if w.peek(0) == '(' || w.peek(0) == '{' {
						w.skipOne()
					}
				}
			})
		case '`':
			hide(func() { w.pos += 2 })
		case '\'', '"':
			flush()
			from := w.pos
			w.skipString()
			if w.failed {
				return Word{}, false
			}
			inner := w.src[from+1 : w.pos-1]
			special := "'"
			if b == '"' {
				special = "$`\" \t\\"
			}
			if strings.ContainsAny(inner, special) || strings.HasPrefix(w.src[w.pos:], string(b)) {
				x.hide(w, from, w.pos)
			} else {
				quoting := source.SingleQuoted
				if b == '"' {
					quoting = source.DoubleQuoted
				}
				x.add(w, from+1, w.pos-1, quoting)
			}
			plain = w.pos
		case '\\':
			if w.pos++; w.peek(0) == '"' {
				w.pos--
				hide(func() { w.pos++; w.skipString() })
			}
		default:
			w.pos++
		}
	}
	if w.failed {
		return Word{}, false
	}
	flush()
	return x.word(w, w.pos), x.any
}

// changesFolder are the names under which the shells change their working directory.
var changesFolder = []string{"cd", "chdir", "sl", "set-location"}

// aliases are the names of programs that are commands of PowerShell's own in one release or another.
var aliases = []string{
	"cat", "clear", "cp", "curl", "diff", "dir", "echo", "erase", "fc", "history", "kill", "ls", "man", "mkdir",
	"more", "mount", "move", "mv", "popd", "ps", "pushd", "pwd", "rm", "rmdir", "sc", "select", "sleep", "sort",
	"start", "tee", "type", "wget", "where", "write",
}

// name sets the program of a command.
func (w *windows) name(c *Command) {
	if len(c.Words) == 0 {
		return
	}
	if c.Path = c.Words[0].Text; !c.Words[0].Known {
		return
	}
	name := strings.ToLower(c.Path[strings.LastIndexAny(c.Path, `/\`)+1:])
	bare := name == strings.ToLower(c.Path)
	for _, ext := range []string{".exe", ".cmd", ".bat", ".com"} {
		name, bare = strings.TrimSuffix(name, ext), bare && !strings.HasSuffix(name, ext)
	}
	switch {
	case bare && slices.Contains(changesFolder, name) && (w.dialect == PowerShell || len(name) < 6 && name != "sl"):
		name = "cd"
	case bare && w.dialect == PowerShell && slices.Contains(aliases, name):
		name = ""
	}
	c.Name = name
}

// nested reads the command line that an argument of cmd or PowerShell is. end is where the command ends.
func (w *windows) nested(c *Command, end int) {
	if w.parent != nil {
		return
	}
	at, d := nestedWindows(c)
	if at < 0 {
		return
	}
	from := c.Words[at].Span.Start - w.base
	quoting := source.Plain
	if at == len(c.Words)-1 && len(c.Words[at].Parts) == 1 && c.Words[at].Parts[0].Verbatim &&
		c.Words[at].Parts[0].Span != c.Words[at].Span {
		part := c.Words[at].Parts[0]
		from, end, quoting = part.Span.Start-w.base, part.Span.End-w.base, source.DoubleQuoted
	} else if len(c.Redirs) > 0 || strings.Contains(w.src[from:end], `"`) || strings.Contains(w.src[from:end], "^") {
		return // what is left of the quotes is not known
	}
	inner := &windows{src: w.src[:end], base: w.base, dialect: d, s: w.s, parent: c, quoting: quoting, pos: from}
	inner.read()
}

// nestedWindows returns the index of the word with which the command line in a command of a shell of Windows begins,
// and its language; -1 where there is none.
func nestedWindows(c *Command) (at int, d Dialect) {
	for n, word := range c.Words[min(1, len(c.Words)):] {
		text := strings.ToLower(word.Text)
		switch {
		case n+2 >= len(c.Words) || !word.Known:
			return -1, None
		case c.Name == "cmd" && (text == "/c" || text == "/k"):
			return n + 2, Cmd
		case c.Name == "cmd" && strings.HasPrefix(text, "/"):
		case c.Name != "powershell" && c.Name != "pwsh":
			return -1, None
		case text == "-command" || text == "-c":
			return n + 2, PowerShell
		case text == "-file" || text == "-f" || text == "-encodedcommand" || text == "-e" || text == "-enc":
			return -1, None
		}
	}
	return -1, None
}

// windowsExec returns the commands in the argument of a shell of Windows that is started in exec form.
func (s *Script) windowsExec(c *Command) {
	at, d := nestedWindows(c)
	if at < 0 || at != len(c.Words)-1 || len(c.Words[at].Parts) != 1 || !c.Words[at].Parts[0].Verbatim {
		return
	}
	part := c.Words[at].Parts[0]
	if len(part.Text) > maxWindows || strings.ContainsAny(part.Text, "‘’‚‛“”„\"") {
		return
	}
	w := &windows{src: part.Text, base: part.Span.Start, dialect: d, s: s, parent: c, quoting: source.JSONString}
	w.read()
}
