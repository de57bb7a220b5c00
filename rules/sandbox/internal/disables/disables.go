// Package disables is the catalogue of the ways in which Dockerfiles switch the sandboxes of programs off, and the one
// engine that finds them: options of commands, variables of the environment, and lines of files that a step writes.
//
// What a text means is decided by the program that reads it. --no-sandbox is Nix's after nix, a browser's after
// chromium, and nothing in what echo prints.
package disables

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// Tool is how the sandbox of one program, or of a family of programs, is switched off.
type Tool struct {
	// Markers are texts of which every file with a use holds one.
	Markers []string
	// Programs are the names of the commands.
	Programs []string
	// Subcommands are the words of which one has to follow the program, after options; nil where it does not matter.
	Subcommands []string
	// Options matches words of a command. An option and its value in two words are joined by "=" for it.
	Options *regexp.Regexp
	// Lists are options whose value is a list of options in one word: "--chrome-flags".
	Lists []string
	// Variables are variables of the environment, with what their values match; nil stands for everything but an empty
	// value, 0, no and false.
	Variables map[string]*regexp.Regexp
	// ListNames matches the names of further variables whose values are lists of options.
	ListNames *regexp.Regexp
	// Files are those that the programs read.
	Files []File
}

// File is a kind of file that programs read.
type File struct {
	// Path matches absolute paths. Its first group that matches, if any, is the name of the program.
	Path *regexp.Regexp
	// Line matches a line outside of comments. Its group called "place", or else its first one, or else the whole match
	// is the place, and the group "program" the name of the program.
	Line *regexp.Regexp
}

// Use is one place where a sandbox is switched off.
type Use struct {
	Span source.Span
	// Program is the command, or the program that reads the file; Variable is set for a variable instead.
	Program, Variable string
	// Step is the instruction.
	Step *image.Step
	// Command is the command with the option, nil for others.
	Command *shell.Command
}

// finder is one search.
type finder struct {
	*Tool
	d     *image.Dockerfile
	found func(Use)
}

// Find calls found for each use in the text of a Dockerfile, in no particular order.
func (t *Tool) Find(d *image.Dockerfile, found func(Use)) {
	if !slices.ContainsFunc(t.Markers, func(m string) bool { return bytes.Contains(d.Source.Bytes, []byte(m)) }) {
		return
	}
	f := finder{t, d, found}
	if len(t.Variables) > 0 || t.ListNames != nil {
		f.env()
	}
	if len(t.Files) > 0 {
		for _, s := range d.Steps("COPY", "ADD") {
			f.copied(s)
		}
	}
	for _, c := range d.Commands() {
		if !c.InDockerfile() {
			continue
		}
		if len(t.Files) > 0 {
			f.written(c)
		}
		for _, a := range c.Assigns {
			if len(c.Words) > 0 && a.Value.Known && f.off(a.Name, a.Value.Text) {
				found(Use{Span: a.Span, Variable: a.Name, Step: c.Step})
			}
		}
		if c.Name == "export" {
			f.exported(c)
		}
		if slices.Contains(t.Programs, c.Name) {
			f.command(c)
		}
	}
	if t.Options != nil {
		f.execOptions()
	}
}

func (f *finder) env() {
	for _, s := range f.d.Steps("ENV") {
		for _, pair := range s.Pairs {
			if value, known := s.Expand(pair.Value.Text); known && f.off(pair.Key.Text, value) {
				f.found(Use{Span: pair.Key.Span.Join(pair.Value.Span), Variable: pair.Key.Text, Step: s})
			}
		}
	}
}

// exported handles `export NAME=value`.
func (f *finder) exported(c *image.Command) {
	for _, w := range c.Words[1:] {
		name, value, ok := strings.Cut(w.Text, "=")
		if ok && w.Known && f.off(name, value) {
			f.found(Use{Span: w.Span, Variable: name, Step: c.Step})
		}
	}
}

// off reports whether a variable with a value switches the sandbox off.
func (f *finder) off(name, value string) bool {
	if pattern, known := f.Variables[name]; known {
		if pattern != nil {
			return pattern.MatchString(value)
		}
		switch strings.ToLower(value) {
		case "", "0", "no", "false":
			return false
		}
		return true
	}
	return f.ListNames != nil && f.ListNames.MatchString(name) && f.inList(value)
}

// inList reports whether a list of options in one text has one that counts.
func (f *finder) inList(text string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(text, func(r rune) bool {
		return strings.ContainsRune(" \t\n,;\"'", r)
	}), f.Options.MatchString)
}

// command reports the first option of a command that counts.
func (f *finder) command(c *image.Command) {
	words := c.Words[1:]
	if f.Subcommands != nil {
		n := slices.IndexFunc(words, func(w shell.Word) bool { return !strings.HasPrefix(w.Text, "-") })
		if n < 0 || !slices.Contains(f.Subcommands, words[n].Text) {
			return
		}
	}
	for n, w := range words {
		span, counts := w.Span, f.counts(w.Text)
		if !counts && n+1 < len(words) && !strings.Contains(w.Text, "=") {
			if counts = f.counts(w.Text + "=" + words[n+1].Text); counts {
				span = span.Join(words[n+1].Span)
			}
		}
		if counts {
			f.found(Use{Span: span, Program: c.Name, Step: c.Step, Command: c.Command})
			return
		}
	}
}

func (f *finder) counts(word string) bool {
	if f.Options == nil {
		return false
	}
	if f.Options.MatchString(word) {
		return true
	}
	name, value, ok := strings.Cut(word, "=")
	return ok && slices.Contains(f.Lists, name) && f.inList(value)
}

// execOptions handles ENTRYPOINT ["chromium"] with CMD ["--no-sandbox"], where the options are in another instruction.
func (f *finder) execOptions() {
	for _, stage := range f.d.Stages {
		program := ""
		for _, i := range stage.Instructions {
			switch {
			case i.Name == "ENTRYPOINT":
				program = ""
				if script := f.d.Script(i); script != nil && len(script.Commands) > 0 &&
					slices.Contains(f.Programs, script.Commands[0].Name) {
					program = script.Commands[0].Name
				}
			case i.Name == "CMD" && i.Exec && program != "":
				for _, w := range i.Words {
					if f.counts(w.Text) {
						f.found(Use{Span: w.Span, Program: program})
						break
					}
				}
			}
		}
	}
}

// reader returns the kind of a file and the program that reads it, nil for another file.
func (f *finder) reader(file string) (*File, string) {
	if !strings.HasPrefix(file, "/") {
		return nil, ""
	}
	for n := range f.Files {
		m := f.Files[n].Path.FindStringSubmatch(file)
		if m == nil {
			continue
		}
		for _, name := range m[1:] {
			if name != "" {
				return &f.Files[n], name
			}
		}
		return &f.Files[n], f.Programs[0]
	}
	return nil, ""
}

// written reports a line that a command writes to a file, or puts there with sed.
func (f *finder) written(c *image.Command) {
	for _, w := range c.Writes() {
		if file, program := f.reader(c.PathOf(w.Path)); file != nil {
			for _, piece := range w.Text {
				if f.line(c.Step, file, program, piece) {
					return
				}
			}
		}
	}
	if c.Name != "sed" {
		return
	}
	var file *File
	program := ""
	for _, w := range c.Words[1:] {
		if found, name := f.reader(c.PathOf(w)); found != nil {
			file, program = found, name
		}
	}
	if file == nil {
		return
	}
	for _, w := range c.Words[1:] {
		for _, piece := range w.Parts {
			from, to, ok := added(file.Line, piece.Text)
			if !ok {
				continue
			}
			span := piece.Span
			if piece.Verbatim {
				span = source.Span{Start: span.Start + from, End: span.Start + to}
			}
			f.found(Use{Span: span, Program: program, Step: c.Step})
			return
		}
	}
}

// appends matches the commands a, i and c of sed with their text.
var appends = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[0-9$]+|/.*/)?\s*[aic]\\?\s*(.*)$`)
})

// added returns the part of a script of sed that puts a line that counts into a file: what it adds matches, and what it
// replaces does not.
func added(line *regexp.Regexp, script string) (from, to int, ok bool) {
	if m := appends().FindStringSubmatchIndex(script); m != nil {
		if from, to, ok = match(line, script[m[2]:m[3]]); ok {
			return m[2] + from, m[2] + to, true
		}
	}
	at := strings.IndexByte(script, 's')
	if at < 0 || at+2 > len(script) {
		return 0, 0, false
	}
	parts := strings.Split(script[at+1:], script[at+1:at+2])
	if len(parts) < 3 || line.MatchString(strings.TrimPrefix(parts[1], "^")) {
		return 0, 0, false
	}
	from, to, ok = match(line, parts[2])
	start := at + len("s//") + len(parts[1])
	return start + from, start + to, ok
}

// match returns the place of a match: see File.
func match(line *regexp.Regexp, text string) (from, to int, ok bool) {
	m := line.FindStringSubmatchIndex(text)
	if m == nil {
		return 0, 0, false
	}
	if n := line.SubexpIndex("place"); n > 0 {
		return m[2*n], m[2*n+1], true
	}
	if len(m) > 2 && m[2] >= 0 {
		return m[2], m[3], true
	}
	return m[0], m[1], true
}

// copied reports a line of a here-document that COPY puts where a program reads it.
func (f *finder) copied(s *image.Step) {
	dest, _, known := s.Dest()
	if !known {
		return
	}
	for _, h := range s.Heredocs {
		file, program := f.reader(dest)
		if strings.HasSuffix(dest, "/") || file == nil {
			file, program = f.reader(path.Join(dest, h.Name))
		}
		body := source.Piece{Text: f.d.Source.Text(h.Body), Span: h.Body, Verbatim: true}
		if file != nil && f.line(s, file, program, body) {
			return
		}
	}
}

// line reports the first line of a text that counts, outside of comments.
func (f *finder) line(s *image.Step, file *File, program string, text source.Piece) bool {
	at := 0
	for line := range strings.Lines(text.Text) {
		start := at
		at += len(line)
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "#") && !strings.HasPrefix(line, "#!") || strings.HasPrefix(trimmed, "//") {
			continue
		}
		from, to, ok := match(file.Line, line)
		if !ok {
			continue
		}
		span := text.Span
		if text.Verbatim {
			span = source.Span{Start: span.Start + start + from, End: span.Start + start + to}
		}
		if n := file.Line.SubexpIndex("program"); n > 0 {
			program = file.Line.FindStringSubmatch(line)[n]
		}
		f.found(Use{Span: span, Program: program, Step: s})
		return true
	}
	return false
}
