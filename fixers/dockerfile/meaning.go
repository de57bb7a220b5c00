package dockerfile

import (
	"bytes"
	"errors"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/sandlint/sandlint/parsers/source"
)

// Meaning is how BuildKit understands a Dockerfile: its parser directives and instructions, in order, each with its
// lines. It comes from BuildKit's parser alone, so it can expose errors of ours. It belongs to one goroutine.
type Meaning struct {
	file     *source.File
	escape   rune
	elements []*element
	err      error     // why the text cannot be read at all
	known    *readings // shared by all texts that are read again
}

// element is one parser directive or instruction, or a run of lines that BuildKit refuses.
type element struct {
	*reading
	span source.Span // whole lines, without the last line end
	line int         // the first one, from 1
	// stage counts the FROM instructions up to and including this one.
	stage int
	// shell says that a Bourne-like shell reads the text of a RUN.
	shell  bool
	escape rune
	broken bool // the lines are refused
}

// Source returns the text that was read.
func (m *Meaning) Source() *source.File { return m.file }

// maxRefusals is the number of refused pieces after which a text counts as unreadable.
const maxRefusals = 32

// Read returns the meaning of f.
func Read(f *source.File) *Meaning {
	if m := readOnce(f); m != nil {
		return m
	}
	return readWhole(f)
}

// readWhole reads a text as it is.
func readWhole(f *source.File) *Meaning {
	m := &Meaning{file: f, known: newReadings()}
	text := readable(f.Bytes)
	result := &parser.Result{AST: &parser.Node{}, EscapeToken: parser.DefaultEscapeToken}
	var refused []*element
	for !blank(text) {
		r, err := parser.Parse(bytes.NewReader(text))
		if err == nil {
			result = r
			break
		}
		// Where BuildKit stops at an error, those lines are set aside and the rest is read without them.
		first, last, ok := m.lines(err)
		if !ok || len(refused) == maxRefusals {
			m.err = err
			return m
		}
		span := source.Span{Start: f.FullLine(first).Start, End: f.Line(last).End}
		refused = append(refused, &element{
			reading: &reading{name: "text", raw: f.Text(span)}, span: span, line: first, broken: true,
		})
		text = withoutLines(text, first, last)
	}
	m.escape = result.EscapeToken
	m.readDirectives()
	for _, node := range result.AST.Children {
		e := &element{reading: m.known.of(node), line: node.StartLine}
		e.span = source.Span{Start: f.FullLine(node.StartLine).Start, End: f.Line(node.EndLine).End}
		m.elements = append(m.elements, e)
	}
	if len(refused) > 0 {
		m.elements = append(m.elements, refused...)
		slices.SortFunc(m.elements, func(a, b *element) int { return a.line - b.line })
	}
	m.resolve()
	return m
}

// lines returns the first and last line that a parser error refers to.
func (m *Meaning) lines(err error) (first, last int, ok bool) {
	var located *parser.LocationError
	if !errors.As(err, &located) || len(located.Locations) == 0 || len(located.Locations[0]) == 0 {
		return 0, 0, false
	}
	ranges := located.Locations[0]
	first, last = ranges[0].Start.Line, ranges[len(ranges)-1].End.Line
	return first, last, first >= 1 && last >= first && last <= m.file.Lines()
}

// withoutLines returns text with the given lines emptied; all other lines keep their numbers.
func withoutLines(text []byte, first, last int) []byte {
	var out []byte
	for n := 1; len(text) > 0; n++ {
		end := bytes.IndexByte(text, '\n') + 1
		if end == 0 {
			end = len(text)
		}
		if n < first || n > last {
			out = append(out, text[:end]...)
		} else {
			out = append(out, '\n')
		}
		text = text[end:]
	}
	return out
}

// blank reports whether text holds no instruction.
func blank(text []byte) bool {
	for line := range bytes.Lines(bytes.TrimPrefix(text, []byte("\ufeff"))) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return true
}

// readable returns text with NUL and invalid bytes replaced by private-use characters, a different one for each byte:
// BuildKit would print them to standard error, and could not distinguish them.
func readable(text []byte) []byte {
	if utf8.Valid(text) && bytes.IndexByte(text, 0) < 0 {
		return text
	}
	const private = 0xf700
	out := make([]byte, 0, len(text)+len(text)/8)
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == 0 || r == utf8.RuneError && n == 1 {
			r = private + rune(text[0])
		}
		out = utf8.AppendRune(out, r)
		text = text[n:]
	}
	return out
}

// readDirectives adds the parser directives, which decide how the rest is read.
func (m *Meaning) readDirectives() {
	text := bytes.TrimPrefix(m.file.Bytes, []byte("\ufeff"))
	var p parser.DirectiveParser
	for n := 1; len(text) > 0; n++ {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		text = rest
		d, err := p.ParseLine(bytes.TrimLeft(bytes.TrimRight(line, "\r"), " \t\v\f\r"))
		if err != nil || d == nil {
			return
		}
		m.elements = append(m.elements, &element{
			reading: &reading{name: "# " + d.Name, raw: d.Value}, line: n,
			span: source.Span{Start: m.file.FullLine(n).Start, End: m.file.Line(n).End},
		})
	}
}

// resolve sets what depends on earlier elements: the stage, and the kind of shell.
func (m *Meaning) resolve() {
	bourne := map[string]bool{} // by name of stage
	stage, current, name := 0, true, ""
	for _, e := range m.elements {
		e.escape = m.escape
		if e.node == nil {
			e.stage = stage
			continue
		}
		switch e.name {
		case "FROM":
			stage++
			current, name = true, ""
			if c, err := e.parse(); err == nil {
				if from, ok := c.(*instructions.Stage); ok {
					name = from.Name
					inherited, ok := bourne[strings.ToLower(from.BaseName)]
					current = inherited || !ok && !forWindows(from)
				}
			}
		case "SHELL":
			if c, err := e.parse(); err == nil {
				if s, ok := c.(*instructions.ShellCommand); ok {
					current = isBourne(s.Shell)
				}
			}
		}
		if name != "" {
			bourne[name] = current
		}
		e.stage = stage
		e.shell = current && m.escape == parser.DefaultEscapeToken
	}
}

func forWindows(from *instructions.Stage) bool {
	image := strings.ToLower(from.BaseName + " " + from.Platform)
	return strings.Contains(image, "windows") || strings.Contains(image, "nanoserver") ||
		strings.Contains(image, "servercore")
}

func isBourne(command []string) bool {
	switch path.Base(command[0]) {
	case "sh", "ash", "dash", "bash", "ksh", "mksh", "busybox", "env":
		return true
	}
	return false
}

// text returns the canonical form of an element. Two elements with the same form have the same meaning, wherever they
// are.
func (e *element) text() (canonical string, broken bool) {
	if e.node == nil {
		return e.name + "\x00" + e.raw, e.broken
	}
	if e.isRefused() {
		return "broken\x00" + e.raw, true
	}
	return e.form(nil).text, false
}

// isRefused reports whether BuildKit refuses an element.
func (e *element) isRefused() bool {
	if e.node == nil {
		return e.broken
	}
	_, err := e.parse()
	return err != nil
}

// namesBourne reports whether the line of a script after "#!" names a Bourne-like shell.
func namesBourne(line string) bool {
	words := strings.Fields(strings.TrimPrefix(line, "#!"))
	if len(words) > 0 && path.Base(words[0]) == "env" {
		words = words[1:]
		if len(words) > 0 && words[0] == "-S" {
			words = words[1:]
		}
	}
	return len(words) > 0 && !strings.HasSuffix(line, "\r") && path.Base(words[0]) != "env" && isBourne(words)
}

// same reports whether two elements mean the same.
func (e *element) same(other *element) bool {
	if e.alike(other) {
		return true
	}
	a, _ := e.text()
	b, _ := other.text()
	return a == b
}

// alike reports whether two elements mean the same since BuildKit's parser reads them alike.
func (e *element) alike(other *element) bool {
	if e.raw == other.raw && e.escape == other.escape && e.broken == other.broken &&
		(e.node == nil) == (other.node == nil) {
		return e.node != nil || e.name == other.name
	}
	return e.node != nil && other.node != nil && e.name == other.name && e.escape == other.escape &&
		e.name != "ONBUILD" && // which BuildKit reads from the original text
		sameArguments(e.node, other.node) && !e.isRefused()
}

// sameArguments reports whether BuildKit's parser found the same in two instructions behind their keywords.
func sameArguments(a, b *parser.Node) bool {
	for a != nil && b != nil {
		if !slices.Equal(a.Flags, b.Flags) || !maps.Equal(a.Attributes, b.Attributes) ||
			!slices.Equal(a.Heredocs, b.Heredocs) || !slices.EqualFunc(a.Children, b.Children, sameValues) {
			return false
		}
		if a, b = a.Next, b.Next; a != nil && b != nil && a.Value != b.Value {
			return false
		}
	}
	return a == nil && b == nil
}

// sameValues is like sameArguments, with the first word.
func sameValues(a, b *parser.Node) bool { return a.Value == b.Value && sameArguments(a, b) }

// canonicalizer writes the canonical form of one instruction.
type canonicalizer struct {
	escape rune
	shell  bool
	mask   *mask // what is left out, nil for nothing
	out    strings.Builder
	// dropped are the words of commands that the mask left out.
	dropped []string
}

func (c *canonicalizer) add(parts ...string) {
	for _, p := range parts {
		c.out.WriteString(strconv.Itoa(len(p)))
		c.out.WriteByte(' ')
		c.out.WriteString(p)
	}
}

// flag returns the value of a flag, or nothing where the mask leaves the flag out.
func (c *canonicalizer) flag(name, value string) string {
	if c.mask.flag(name) {
		return ""
	}
	return value
}

// value returns the form of a value, or nothing where only the shape counts.
func (c *canonicalizer) value(word string) string {
	if c.mask.isShape() {
		return ""
	}
	return c.eval(word)
}

// words writes the words of a command in exec form.
func (c *canonicalizer) words(words []string) {
	if c.mask.isShape() && len(words) > 1 {
		words = words[:1]
	}
	var kept []string
	for _, w := range words {
		if masked, instead := c.mask.word(w); !masked {
			kept = append(kept, w)
		} else if instead != "" {
			kept = append(kept, instead)
		} else {
			c.dropped = append(c.dropped, w)
		}
	}
	c.list(kept)
}

func (c *canonicalizer) list(words []string) {
	c.add(strconv.Itoa(len(words)))
	c.add(words...)
}

// instruction writes the form of node, of which BuildKit made parsed.
func (c *canonicalizer) instruction(node *parser.Node, parsed any) {
	keyword := strings.ToUpper(node.Value)
	if add, ok := parsed.(*instructions.AddCommand); ok && c.mask != nil && c.mask.copies && isPlainAdd(add) {
		keyword = "COPY"
		parsed = &instructions.CopyCommand{SourcesAndDest: add.SourcesAndDest, Chown: add.Chown, Chmod: add.Chmod,
			Link: add.Link, ExcludePatterns: add.ExcludePatterns}
	}
	c.add(keyword)
	switch i := parsed.(type) {
	case *instructions.Stage:
		c.add(i.Name, c.eval(c.mask.reference(i.BaseName)), c.flag("platform", c.eval(i.Platform)))
	case *instructions.ArgCommand:
		for _, a := range i.Args {
			if c.mask.variable(a.Key) {
				continue
			}
			c.add(c.eval(a.Key))
			if a.Value != nil {
				c.add("=", c.value(*a.Value))
			}
		}
	case *instructions.EnvCommand:
		for _, kv := range i.Env {
			if !c.mask.variable(kv.Key) {
				c.add(c.eval(kv.Key), c.value(kv.Value))
			}
		}
	case *instructions.LabelCommand:
		for _, kv := range i.Labels {
			if !c.mask.label(kv.Key) {
				c.add(c.eval(kv.Key), c.value(kv.Value))
			}
		}
	case *instructions.MaintainerCommand:
		c.add(i.Maintainer)
	case *instructions.AddCommand:
		c.add(c.flag("chown", c.eval(i.Chown)), c.flag("chmod", c.eval(i.Chmod)),
			c.flag("checksum", c.eval(i.Checksum)), c.flag("link", strconv.FormatBool(i.Link)),
			c.flag("keep-git-dir", optional(i.KeepGitDir)), c.flag("unpack", optional(i.Unpack)))
		if !c.mask.flag("exclude") {
			c.list(i.ExcludePatterns)
		}
		c.sources(i.SourcesAndDest)
	case *instructions.CopyCommand:
		c.add(c.flag("from", c.mask.reference(i.From)))
		c.add(c.flag("chown", c.eval(i.Chown)), c.flag("chmod", c.eval(i.Chmod)),
			c.flag("link", strconv.FormatBool(i.Link)), c.flag("parents", strconv.FormatBool(i.Parents)))
		if !c.mask.flag("exclude") {
			c.list(i.ExcludePatterns)
		}
		c.sources(i.SourcesAndDest)
	case *instructions.WorkdirCommand:
		form := c.eval(i.Path)
		if c.mask != nil && c.mask.rooted {
			parts := strings.Split(form, "\x00")
			for n := range parts {
				// BuildKit keeps an absolute one as it is. What a variable leaves is not known to be one.
				if strings.Contains(i.Path, "$") || !path.IsAbs(parts[n]) {
					parts[n] = path.Join("/", parts[n])
				}
			}
			form = strings.Join(parts, "\x00")
		}
		c.add(form)
	case *instructions.UserCommand:
		if c.mask == nil || !c.mask.user {
			c.add(c.eval(i.User))
		}
	case *instructions.StopSignalCommand:
		c.add(c.eval(i.Signal))
	case *instructions.VolumeCommand:
		for _, v := range i.Volumes {
			c.add(c.eval(v))
		}
	case *instructions.ExposeCommand:
		c.ports(i.Ports)
	case *instructions.ShellCommand:
		c.words(i.Shell)
	case *instructions.HealthCheckCommand:
		c.add(c.flag("interval", i.Health.Interval.String()), c.flag("timeout", i.Health.Timeout.String()),
			c.flag("start-period", i.Health.StartPeriod.String()),
			c.flag("start-interval", i.Health.StartInterval.String()),
			c.flag("retries", strconv.Itoa(i.Health.Retries)))
		c.words(i.Health.Test)
	case *instructions.CmdCommand:
		c.command(i.ShellDependantCmdLine)
	case *instructions.EntrypointCommand:
		c.command(i.ShellDependantCmdLine)
	case *instructions.RunCommand:
		flags := slices.DeleteFunc(slices.Clone(node.Flags), func(f string) bool {
			name, _, _ := strings.Cut(strings.TrimPrefix(f, "--"), "=")
			return c.mask.flag(name)
		})
		// the order of mounts may matter, that of different flags does not
		slices.SortStableFunc(flags, func(a, b string) int {
			a, _, _ = strings.Cut(a, "=")
			b, _, _ = strings.Cut(b, "=")
			return strings.Compare(a, b)
		})
		c.list(flags)
		c.run(i.ShellDependantCmdLine)
	case *instructions.OnbuildCommand:
		c.trigger(i.Expression)
	default:
		c.add(node.Original)
	}
}

func optional(b *bool) string {
	if b == nil {
		return ""
	}
	return strconv.FormatBool(*b)
}

func (c *canonicalizer) sources(s instructions.SourcesAndDest) {
	c.add(strconv.Itoa(len(s.SourcePaths)))
	for _, p := range s.SourcePaths {
		c.add(c.eval(p))
	}
	for _, content := range s.SourceContents {
		if c.mask.isShape() {
			content.Data = ""
		}
		c.add(content.Path, content.Data)
		if c.mask == nil || !c.mask.quoted {
			c.add(strconv.FormatBool(content.Expand))
		}
	}
	dest := c.eval(s.DestPath)
	if c.mask != nil && c.mask.rootedDest {
		dest = eachForm(dest, func(form string) string { return "/" + strings.TrimLeft(path.Clean("/"+form), "/") })
		if strings.HasSuffix(s.DestPath, "/") || s.DestPath == "." {
			c.add("folder")
		}
	}
	if c.mask != nil && c.mask.folderDest {
		dest = eachForm(dest, func(form string) string { return strings.TrimSuffix(form, "/") })
	}
	c.add(dest)
}

// eachForm changes each of the forms that eval returns.
func eachForm(forms string, change func(string) string) string {
	parts := strings.Split(forms, "\x00")
	for n := range parts {
		parts[n] = change(parts[n])
	}
	return strings.Join(parts, "\x00")
}

// isPlainAdd reports whether COPY does the same as an ADD as far as its text shows.
func isPlainAdd(add *instructions.AddCommand) bool {
	if add.Checksum != "" || add.KeepGitDir != nil || add.Unpack != nil {
		return false
	}
	return !slices.ContainsFunc(add.SourcePaths, func(source string) bool {
		return strings.ContainsAny(source, "$:") || strings.HasPrefix(source, "github.com/") || MayBeArchive(source)
	})
}

// MayBeArchive reports whether a name, or one that matches a pattern, is that of an archive that ADD unpacks.
func MayBeArchive(name string) bool {
	lower := strings.ToLower(strings.Trim(name, `"'`))
	for _, part := range []string{
		".tar", ".tgz", ".tbz", ".txz", ".tlz", ".tzst", ".gz", ".bz2", ".xz", ".zst", ".lzma",
	} {
		if strings.Contains(lower, part) {
			return true
		}
	}
	return false
}

// ports writes the set of ports as BuildKit stores them: the container's port and the protocol.
func (c *canonicalizer) ports(words []string) {
	var ports []string
	for _, word := range words {
		var values []string
		for _, env := range []shell.EnvGetter{unset{}, placeholders{}} {
			fields, err := shell.NewLex(c.escape).ProcessWords(word, env)
			if err != nil {
				fields = []string{"raw", word}
			}
			for i, f := range fields {
				f = strings.ToLower(f[strings.LastIndexByte(f, ':')+1:])
				if !strings.Contains(f, "/") {
					f += "/tcp"
				}
				fields[i] = f
			}
			values = append(values, strings.Join(fields, " "))
		}
		ports = append(ports, strings.Join(append(values, operators(word)), "\x00"))
	}
	slices.Sort(ports)
	c.list(slices.Compact(ports))
}

func (c *canonicalizer) command(line instructions.ShellDependantCmdLine) {
	if c.mask != nil && c.mask.exec && line.PrependShell && len(line.Files) == 0 {
		if words, ok := plainCommand(strings.Join(line.CmdLine, " ")); ok {
			line = instructions.ShellDependantCmdLine{CmdLine: words}
		}
	}
	c.add(strconv.FormatBool(line.PrependShell))
	if line.PrependShell {
		c.list(line.CmdLine)
	} else {
		c.words(line.CmdLine)
	}
	for _, f := range line.Files {
		c.add(f.Name, f.Data, strconv.FormatBool(f.Chomp))
	}
}

// run writes the command of a RUN: as a syntax tree where a Bourne-like shell runs it, otherwise as text.
func (c *canonicalizer) run(line instructions.ShellDependantCmdLine) {
	if !c.shell || !line.PrependShell {
		c.command(line)
		return
	}
	script := strings.Join(line.CmdLine, " ")
	if len(line.Files) == 1 && parser.MustParseHeredoc(strings.TrimSpace(script)) != nil {
		// BuildKit writes the body to a file and runs that with the shell, or with the interpreter that its first line
		// names.
		data := line.Files[0].Data
		if line.Files[0].Chomp {
			data = parser.ChompHeredocContent(data)
		}
		interpreter, _, _ := strings.Cut(data, "\n")
		named := strings.HasPrefix(interpreter, "#!")
		if !named || namesBourne(interpreter) {
			if tree, ok := c.tree(data); ok {
				if named {
					c.add(interpreter)
				}
				c.add("script tree", tree)
				return
			}
		}
		c.add("script", data)
		return
	}
	for _, f := range line.Files {
		script += "\n" + f.Data + f.Name
	}
	if tree, ok := c.tree(script); ok {
		c.add("tree", tree)
		return
	}
	c.command(line)
}

// trigger writes the instruction of an ONBUILD, which the build that triggers it reads on its own.
func (c *canonicalizer) trigger(expression string) {
	result, err := parser.Parse(strings.NewReader(expression))
	if err == nil && len(result.AST.Children) == 1 {
		inner := canonicalizer{escape: result.EscapeToken, shell: c.shell, mask: c.mask}
		if parsed, err := instructions.ParseInstruction(result.AST.Children[0]); err == nil {
			inner.instruction(result.AST.Children[0], parsed)
			c.dropped = append(c.dropped, inner.dropped...)
			c.add("trigger", inner.out.String())
			return
		}
	}
	c.add(expression)
}

// eval returns a form of what a word evaluates to that does not depend on the values of its variables: its value with
// all of them unset, its value with each set to its own name, and the operators on them, whose effect these two values
// do not show.
func (c *canonicalizer) eval(word string) string {
	if !strings.ContainsAny(word, "$'\"\\`") {
		return word
	}
	lex := shell.NewLex(c.escape)
	value, _, err := lex.ProcessWord(word, unset{})
	if err != nil {
		return "raw\x00" + word
	}
	if !strings.Contains(word, "$") {
		return value
	}
	filled, _, err := lex.ProcessWord(word, placeholders{})
	if err != nil {
		return "raw\x00" + word
	}
	return value + "\x00" + filled + "\x00" + operators(word)
}

// operators returns those ${…} of a word that have more than a name.
func operators(word string) string {
	var out strings.Builder
	for i := strings.Index(word, "${"); i >= 0; {
		depth, end := 0, i
		for ; end < len(word); end++ {
			if strings.HasPrefix(word[end:], "${") {
				depth++
			} else if word[end] == '}' {
				if depth--; depth == 0 {
					end++
					break
				}
			}
		}
		if strings.ContainsFunc(strings.Trim(word[i:end], "${}"), func(r rune) bool {
			return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
		}) {
			out.WriteString(word[i:end])
		}
		next := strings.Index(word[end:], "${")
		if next < 0 {
			break
		}
		i = end + next
	}
	return out.String()
}

// unset is an environment without variables.
type unset struct{}

func (unset) Get(string) (string, bool) { return "", false }
func (unset) Keys() []string            { return nil }

// placeholders is an environment in which every variable has a value of its own. The value has a blank in it, which
// shows whether it would be split.
type placeholders struct{}

func (placeholders) Get(name string) (string, bool) { return "\x01" + name + " \x02", true }
func (placeholders) Keys() []string                 { return nil }
