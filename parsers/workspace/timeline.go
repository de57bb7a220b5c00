package workspace

import (
	"bytes"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

const (
	// maxScriptDepth bounds how deep scripts that run scripts, and functions that call functions, are followed.
	maxScriptDepth = 8
	// maxFollowed bounds how many commands of functions and scripts are followed in one image, since each level can multiply them.
	maxFollowed = 10_000
)

// dockerfile builds the model of a Dockerfile.
func (w *Workspace) dockerfile(e *Entry, parsed *dockerfile.File) *Dockerfile {
	d := &Dockerfile{File: parsed, w: w, abs: e.Abs, scripts: map[*dockerfile.Instruction]*shell.Script{}, reads: map[string]bool{}, files: map[*source.File]*shell.Script{}}
	relevant := containsFold(parsed.Source.Bytes, "nix")
	if relevant {
		d.builds = w.buildsOf(e.Abs)
	}
	for _, stage := range parsed.Stages {
		img := &Image{File: d, Stage: stage}
		if stage.Parent != nil && stage.Parent.Index < len(d.Images) {
			img.Parent = d.Images[stage.Parent.Index]
		} else if stage.Image != "" {
			img.Base = LookupImage(stage.Image)
		}
		d.Images = append(d.Images, img)
		img.Platforms = w.platforms(img)
		if relevant {
			b := newBuilder(w, d, img)
			b.build()
		}
	}
	slices.SortStableFunc(d.NixTexts, func(a, b *NixText) int {
		return a.Fragment.Span(source.Span{}).Start - b.Fragment.Span(source.Span{}).Start
	})
	return d
}

// Script returns the commands of an instruction: of its shell text, its heredoc, or its exec form. It is nil for instructions that run
// nothing, and has the dialect None where the shell is not one that sandlint reads.
func (d *Dockerfile) Script(i *dockerfile.Instruction) *shell.Script {
	if s, ok := d.scripts[i]; ok {
		return s
	}
	s := d.script(i)
	d.scripts[i] = s
	return s
}

func (d *Dockerfile) script(i *dockerfile.Instruction) *shell.Script {
	switch i.Name {
	case "RUN", "CMD", "ENTRYPOINT":
	case "ONBUILD", "HEALTHCHECK":
		if i.Trigger == nil {
			return nil
		}
		return d.script(i.Trigger)
	default:
		return nil
	}
	env := func(name string) (string, bool) {
		v, ok := d.Lookup(i, name)
		return v.Text, ok && v.Known && !v.Overridable
	}
	if i.Exec {
		words := make([]shell.Word, len(i.Words))
		for n, word := range i.Words {
			words[n] = shell.Word{Text: word.Text, Known: true, Span: word.Span, Parts: execParts(d.Source, word)}
		}
		return shell.FromExec(words)
	}
	dialect := shell.DialectOf(texts(d.Shell(i)))
	if h, view, base, ok := i.HeredocScript(); ok {
		if heredocDialect, found := shell.Shebang(view); found {
			dialect = heredocDialect
		}
		if h.Expand && dialect != shell.None {
			env = nil // the builder leaves the body alone; variables are the shell's
		}
		return shell.Parse(view, base, dialect, env)
	}
	view, base, ok := i.ShellView()
	if !ok {
		return nil
	}
	return shell.ParseJoined(view, base, dialect, env)
}

// execParts returns the text of a JSON string as a piece; it is verbatim where the string has no escapes.
func execParts(f *source.File, w dockerfile.Word) []source.Piece {
	inner := source.Span{Start: w.Span.Start + 1, End: w.Span.End - 1}
	if inner.Len() >= 0 && f.Text(inner) == w.Text {
		return []source.Piece{{Text: w.Text, Span: inner, Verbatim: true, Quoting: source.JSONString}}
	}
	return []source.Piece{{Text: w.Text, Span: w.Span}}
}

func texts(words []dockerfile.Word) []string {
	if words == nil {
		return nil
	}
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w.Text
	}
	return out
}

func containsFold(b []byte, lower string) bool {
	for i := 0; ; {
		n := bytes.IndexAny(b[i:], lower[:1]+strings.ToUpper(lower[:1]))
		if n < 0 || i+n+len(lower) > len(b) {
			return false
		}
		i += n
		if bytes.EqualFold(b[i:i+len(lower)], []byte(lower)) {
			return true
		}
		i++
	}
}

// Timeline returns the events of the image's parents and its own, in order.
func (img *Image) Timeline() []*Event {
	if img.Parent == nil {
		return img.Events
	}
	return append(slices.Clip(img.Parent.Timeline()), img.Events...)
}

// Root returns the image at the start of the chain of parents.
func (img *Image) Root() *Image {
	for img.Parent != nil {
		img = img.Parent
	}
	return img
}

// builder makes the events of one image.
type builder struct {
	w   *Workspace
	d   *Dockerfile
	img *Image

	user    string // "" is root or not set
	workdir string
	env     map[string]string // known variables that paths may use
	copies  []copied

	// while a RUN is read:
	instruction *dockerfile.Instruction
	states      map[scope]*state
	following   []string // the functions and scripts that are being followed
	budget      int      // how many commands may still be followed in functions and scripts
	maybe       bool
}

// copied is a file or folder of the build context that lies in the image.
type copied struct {
	dest   string // absolute path in the image
	source string // path in the build context
}

func newBuilder(w *Workspace, d *Dockerfile, img *Image) *builder {
	b := &builder{w: w, d: d, img: img, workdir: "/", env: map[string]string{}, budget: maxFollowed}
	if img.Parent != nil && img.Parent.end != nil {
		p := img.Parent.end
		b.user, b.workdir = p.user, p.workdir
		for k, v := range p.env {
			b.env[k] = v
		}
		b.copies = slices.Clip(p.copies)
	}
	return b
}

func (b *builder) build() {
	b.triggers()
	for _, i := range b.img.Stage.Instructions {
		b.instruction = i
		switch i.Name {
		case "USER":
			if len(i.Words) > 0 {
				user, _ := b.d.Expand(i, i.Words[0].Text)
				b.user, _, _ = strings.Cut(user, ":")
			}
		case "WORKDIR":
			dir, known := b.d.Expand(i, b.d.Source.Text(i.Args))
			if known {
				dir = b.abs(strings.TrimSpace(unquote(dir)))
			} else {
				dir = ""
			}
			b.workdir = dir
		case "ENV", "ARG":
			b.setEnv(i)
		case "COPY", "ADD":
			b.copy(i)
		case "RUN":
			b.run(i)
		}
	}
	b.img.end = b
}

// triggers accounts for the ONBUILD instructions of the stage below, which run first. They stand in another stage, so that what
// they do is not followed.
func (b *builder) triggers() {
	if b.img.Parent == nil {
		return
	}
	b.instruction = b.img.Stage.From
	for _, i := range b.img.Parent.Stage.Instructions {
		if i.Name == "ONBUILD" && containsFold([]byte(b.d.Source.Text(i.Span)), "nix") {
			b.emit(&Event{Kind: Opaque, Span: b.instruction.Keyword})
			return
		}
	}
}

// emit adds an event, with what all events have in common.
func (b *builder) emit(e *Event) *Event {
	e.Image, e.Instruction = b.img, b.instruction
	if e.File == nil {
		e.File = b.d.Source
	}
	e.Maybe = e.Maybe || b.maybe
	e.User = b.user
	b.img.Events = append(b.img.Events, e)
	return e
}

// text records the nix.conf text of an event and links the two.
func (b *builder) text(e *Event, t *NixText) {
	t.Event, t.Image = e, b.img
	t.Targets = b.img.targets()
	if t.Fragment.File == b.d.Source {
		b.d.NixTexts = append(b.d.NixTexts, t)
	}
}

func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

// nixEnv are the variables that Nix or its installers read.
var nixEnv = []string{"NIX_CONFIG", "NIX_CONF_DIR", "NIX_USER_CONF_FILES", "NIX_CONFIG_HOME", "XDG_CONFIG_HOME", "HOME", "NIX_INSTALLER_EXTRA_CONF"}

func (b *builder) setEnv(i *dockerfile.Instruction) {
	for _, pair := range i.Pairs {
		name := pair.Key.Text
		value, known := b.d.Expand(i, pair.Value.Text)
		if i.Name == "ENV" {
			delete(b.env, name)
			if known {
				b.env[name] = value
			}
		}
		if !slices.Contains(nixEnv, name) || i.Name == "ARG" && !pair.HasValue && name != "NIX_CONFIG" {
			continue
		}
		e := b.emit(&Event{Kind: SetEnv, Name: name, Value: value, Known: known && i.Name == "ENV", Span: pair.Key.Span.Join(pair.Value.Span)})
		if (name == "NIX_CONFIG" || name == "NIX_INSTALLER_EXTRA_CONF") && pair.HasValue {
			e.Text = &NixText{File: nixconf.Parse(source.NewFragment(b.d.Source, valuePieces(pair.Value, value, known))), Host: HostEnv}
			b.text(e, e.Text)
		}
	}
}

// valuePieces returns the value of an ENV as a fragment's pieces. A quoted or bare value without variables, in which no
// escape has an effect, is verbatim.
func valuePieces(w dockerfile.Word, value string, known bool) []source.Piece {
	span, text, quoting := w.Span, w.Text, source.Unquoted
	if n := len(w.Text); n >= 2 && w.Text[0] == w.Text[n-1] && (w.Text[0] == '"' || w.Text[0] == '\'') {
		span, text = source.Span{Start: span.Start + 1, End: span.End - 1}, w.Text[1:n-1]
		quoting = source.DoubleQuoted
		if w.Text[0] == '\'' {
			quoting = source.SingleQuoted
		}
	}
	switch {
	case !known:
		return []source.Piece{{Text: w.Text, Span: w.Span, Opaque: true}}
	case span.Len() == len(value) && text == value && !strings.ContainsAny(text, "$`"):
		return []source.Piece{{Text: value, Span: span, Verbatim: true, Quoting: quoting}}
	}
	return []source.Piece{{Text: value, Span: w.Span}}
}

// copy follows COPY and ADD: a nix.conf that is put in place, and scripts that later RUNs may start.
func (b *builder) copy(i *dockerfile.Instruction) {
	if len(i.Words) == 0 {
		return
	}
	dest, known := b.d.Expand(i, unquote(i.Words[len(i.Words)-1].Text))
	if !known {
		return
	}
	isDir := strings.HasSuffix(dest, "/") || dest == "." || len(i.Words) > 2
	if dest = b.abs(dest); dest == "" {
		return
	}
	for _, h := range i.Heredocs {
		target := dest
		if isDir {
			target = path.Join(dest, h.Name)
		}
		if !b.isConfig(target) {
			continue
		}
		t := &NixText{File: nixconf.Parse(source.NewFragment(b.d.Source, b.heredocPieces(i, h))), Host: HostWrite, Path: target}
		b.text(b.emit(&Event{Kind: WriteConfig, Path: target, Truncate: true, Text: t, Span: h.Body}), t)
	}
	from := i.Flag("from")
	for _, word := range i.Words[:len(i.Words)-1] {
		if strings.HasPrefix(word.Text, "<<") {
			continue
		}
		name, known := b.d.Expand(i, unquote(word.Text))
		if !known {
			if isDir && b.isConfigDir(dest) || b.isConfig(dest) {
				b.emit(&Event{Kind: WriteConfig, Path: b.configIn(dest), Span: word.Span, Truncate: true})
			}
			continue
		}
		base := path.Base(path.Clean("/" + name))
		if from == nil {
			target := dest
			if isDir && !b.contextDir(name) {
				target = path.Join(dest, base)
			}
			b.copies = append(b.copies, copied{target, name})
		}
		switch {
		case b.isConfig(dest) && !isDir:
			b.copyConfig(word, name, dest, from != nil)
		case b.isConfig(path.Join(dest, base)) && !strings.ContainsAny(base, "*?["):
			b.copyConfig(word, name, path.Join(dest, base), from != nil)
		case from != nil && dest != "/":
			if b.isConfigDir(dest) {
				b.emit(&Event{Kind: WriteConfig, Path: b.configIn(dest), Span: word.Span, Truncate: true})
			}
		case from == nil:
			b.copyTree(word, name, dest)
		}
	}
}

// copyTree follows a folder of the build context that holds a configuration file of Nix at its place.
func (b *builder) copyTree(word dockerfile.Word, name, dest string) {
	for _, conf := range []string{systemConf, determinateConf} {
		rel, ok := strings.CutPrefix(conf, strings.TrimSuffix(dest, "/")+"/")
		if !ok || !b.contextDir(name) {
			continue
		}
		if f, err := b.contextRead(path.Join(name, rel)); err == nil {
			b.writeFile(word.Span, conf, f)
		}
	}
}

// contextRead returns the file of the build context with the given name.
func (b *builder) contextRead(name string) (*source.File, error) {
	f, err := b.w.inContext(b.d.abs, b.d.contexts(), name)
	if err == nil {
		b.d.reads[f.Path] = true
	}
	return f, err
}

func (b *builder) contextDir(name string) bool {
	root := b.w.root(filepath.Dir(b.d.abs))
	contexts := b.d.contexts()
	if len(contexts) == 0 {
		contexts = []string{filepath.Dir(b.d.abs), root}
	}
	for _, context := range contexts {
		if b.w.isDir(root, filepath.Join(context, filepath.FromSlash(path.Clean("/"+name)))) {
			return true
		}
	}
	return false
}

// copyConfig follows a COPY of one file to a place where Nix reads its configuration.
func (b *builder) copyConfig(word dockerfile.Word, name, dest string, otherStage bool) {
	if !otherStage {
		if f, err := b.contextRead(name); err == nil {
			b.writeFile(word.Span, dest, f)
			return
		}
	}
	b.emit(&Event{Kind: WriteConfig, Path: dest, Span: word.Span, Truncate: true})
}

func (b *builder) writeFile(span source.Span, dest string, f *source.File) {
	t := &NixText{File: nixconf.Parse(source.WholeFile(f)), Host: HostFile, Path: dest}
	b.text(b.emit(&Event{Kind: WriteConfig, Path: dest, Truncate: true, Text: t, Span: span}), t)
}

// heredocPieces returns the text that COPY <<EOF writes.
func (b *builder) heredocPieces(i *dockerfile.Instruction, h dockerfile.Heredoc) []source.Piece {
	text := b.d.Source.Text(h.Body)
	if !h.Chomp && (!h.Expand || !strings.ContainsAny(text, "$\\")) {
		quoting := source.Plain
		if h.Expand {
			quoting = source.Heredoc
		}
		return []source.Piece{{Text: text, Span: h.Body, Verbatim: true, Quoting: quoting}}
	}
	var pieces []source.Piece
	at := h.Body.Start
	for _, line := range strings.SplitAfter(text, "\n") {
		if line == "" {
			continue
		}
		cut := line
		if h.Chomp {
			cut = strings.TrimLeft(line, "\t")
		}
		span := source.Span{Start: at + len(line) - len(cut), End: at + len(line)}
		at += len(line)
		if !h.Expand || !strings.ContainsAny(cut, "$\\") {
			pieces = append(pieces, source.Piece{Text: cut, Span: span, Verbatim: true, Quoting: source.Heredoc})
			continue
		}
		bare := strings.TrimRight(cut, "\r\n")
		value, known := b.d.Expand(i, bare)
		pieces = append(pieces,
			source.Piece{Text: value, Span: source.Span{Start: span.Start, End: span.Start + len(bare)}, Opaque: !known},
			source.Piece{Text: cut[len(bare):], Span: source.Span{Start: span.Start + len(bare), End: span.End}, Verbatim: true, Quoting: source.Heredoc})
	}
	return pieces
}

// run follows the commands of a RUN.
func (b *builder) run(i *dockerfile.Instruction) {
	for _, flag := range i.Flags {
		if flag.Name == "mount" && (strings.Contains(flag.Value.Text, "nix.conf") || strings.Contains(flag.Value.Text, "/etc/nix")) {
			b.emit(&Event{Kind: Opaque, Span: flag.Span})
		}
	}
	script := b.d.Script(i)
	if script == nil {
		return
	}
	b.states = newStates(&state{dir: b.workdir})
	b.script(script, b.d.Source)
	if script.Dialect == shell.None && containsFold([]byte(b.d.Source.Text(i.Span)), "nix") || script.Problem != nil {
		b.emit(&Event{Kind: Opaque, Script: script, Span: i.Keyword})
	}
}

func (b *builder) script(s *shell.Script, f *source.File) {
	for _, c := range s.Commands {
		if c.Function == "" {
			b.command(s, c, f)
		}
	}
}

// follow calls do for what a command runs that has a name of its own, a function or a script. It reports false, and does not
// call it, where that would go on for too long.
func (b *builder) follow(name string, maybe bool, commands int, do func()) bool {
	if b.budget -= commands; b.budget < 0 || len(b.following) >= maxScriptDepth || slices.Contains(b.following, name) {
		return false
	}
	outer := b.maybe
	b.maybe = outer || maybe
	b.following = append(b.following, name)
	do()
	b.following = b.following[:len(b.following)-1]
	b.maybe = outer
	return true
}

func (b *builder) command(s *shell.Script, c *shell.Command, f *source.File) {
	common := Event{Command: c, Script: s, File: f, Span: c.Span, Maybe: c.Maybe}
	if calls := s.Functions[c.Name]; c.Name != "" && len(calls) > 0 && !slices.Contains(c.Wrappers, "command") {
		if !b.follow(c.Name+"()", c.Maybe, len(calls), func() {
			for _, n := range calls {
				b.command(s, s.Commands[n], f)
			}
		}) {
			b.opaque(common)
		}
		return
	}
	b.configWrites(common, c, f)
	if b.shellVariables(c) {
		return
	}
	switch c.Name {
	case "cd", "pushd", "popd":
		b.changeDir(c)
		return
	}
	use := nixUse(f, c)
	if use != nil {
		b.nix(common, use, f)
	} else {
		b.runScript(common, c, f)
	}
	if use == nil || use.Installer == nil {
		b.argumentWrites(common, c)
	}
}

// opaque emits that what happens at an event may do anything.
func (b *builder) opaque(common Event) {
	common.Kind = Opaque
	b.emit(&common)
}

// configWrites emits the changes that a command makes to configuration files of Nix.
func (b *builder) configWrites(common Event, c *shell.Command, f *source.File) {
	write := func(w shell.Word, truncate, removed bool) {
		switch dest := b.wordPath(c, w); {
		case b.isConfig(dest) || b.isConfigDir(dest):
			e := common
			e.Kind, e.Path, e.Truncate, e.Removed = WriteConfig, b.configIn(dest), truncate, removed
			b.emit(&e)
		case dest == "" && strings.Contains(w.Text, "nix.conf"):
			b.opaque(common)
		}
	}
	for _, out := range c.Writes(b.echo(common.Script, c)) {
		dest := b.wordPath(c, out.Path)
		if !b.isConfig(dest) {
			if dest == "" {
				write(out.Path, out.Truncate, false)
			}
			continue
		}
		e := common
		e.Kind, e.Path, e.Truncate = WriteConfig, dest, out.Truncate
		event := b.emit(&e)
		if out.Known || len(c.Words) == 0 { // "> file" writes nothing
			event.Text = &NixText{File: nixconf.Parse(source.NewFragment(f, out.Text)), Host: HostWrite, Path: dest, Append: !out.Truncate}
			b.text(event, event.Text)
		}
	}
	if edit, ok := c.InPlaceEdit(); ok {
		for _, file := range edit.Files {
			write(file, false, false)
		}
	}
	if len(c.Words) < 2 {
		return
	}
	last := c.Words[len(c.Words)-1]
	switch c.Name {
	case "cp", "mv", "install", "ln", "rsync":
		from := c.Words[len(c.Words)-2]
		if c.Name == "mv" {
			for _, w := range c.Words[1 : len(c.Words)-1] {
				write(w, true, true)
			}
		}
		if len(c.Words) > 2 && from.Text != "/dev/stdin" && (strings.Contains(from.Text, ".conf") || !b.isConfigDir(b.wordPath(c, last))) {
			write(last, true, false)
		}
	case "rm", "truncate":
		for _, w := range c.Words[1:] {
			write(w, true, true)
		}
	case "cachix", "attic":
		if hasWord(c, "use") {
			e := common
			e.Kind, e.Path = WriteConfig, systemConf
			b.emit(&e)
		}
	case "curl", "wget":
		for n, w := range c.Words[1:] {
			if isOutputOption(w.Text) && n+2 < len(c.Words) {
				write(c.Words[n+2], true, false)
			}
		}
	}
}

// isOutputOption reports whether an option of curl or wget is followed by the name of the file to write.
func isOutputOption(word string) bool {
	if strings.HasPrefix(word, "--") {
		return word == "--output" || word == "--output-document"
	}
	return strings.HasPrefix(word, "-") && (strings.HasSuffix(word, "o") || strings.HasSuffix(word, "O"))
}

// readers are programs that do not change the files that they are given, and those whose changes configWrites knows.
var readers = []string{
	"cat", "grep", "egrep", "fgrep", "rg", "ls", "test", "[", "[[", "stat", "head", "tail", "less", "more", "wc", "diff", "cmp", "file", "md5sum", "sha256sum",
	"readlink", "realpath", "dirname", "basename", "echo", "printf", "chmod", "chown", "chgrp", "touch", "mkdir", "sort", "cut", "sed", "gsed", "source", ".",
	"cp", "mv", "install", "ln", "rsync", "rm", "truncate", "curl", "wget", "tee", "sponge", "dd",
}

// argumentWrites accounts for a program that is given a configuration file of Nix and may change it.
func (b *builder) argumentWrites(common Event, c *shell.Command) {
	if len(c.Words) < 2 || slices.Contains(readers, c.Name) {
		return
	}
	if _, ok := c.InPlaceEdit(); ok {
		return // configWrites has it
	}
	for _, w := range c.Words[1:] {
		if strings.HasPrefix(w.Text, "-") || strings.ContainsAny(w.Text, " \t\n") {
			continue
		}
		if dest := b.wordPath(c, w); b.isConfig(dest) {
			e := common
			e.Kind, e.Path = WriteConfig, dest
			b.emit(&e)
		}
	}
}

// nix emits the run of a Nix command, and what an installer writes before and after it.
func (b *builder) nix(common Event, use *NixUse, f *source.File) {
	if use.Options != nil {
		use.Options.Targets = b.img.targets()
	}
	in := use.Installer
	if in != nil && in.Conf == nil && in.Kind == NixInstaller {
		in.Flag = common.Span
		if v := b.assigned(common.Command, "NIX_INSTALLER_EXTRA_CONF"); v.set && !v.maybe {
			in.Conf = &NixText{File: nixconf.Parse(source.NewFragment(f, v.value.Value.Parts)), Host: HostExtra, Append: true}
		} else if e := b.lastEnv("NIX_INSTALLER_EXTRA_CONF"); e != nil && e.Text != nil {
			in.Conf = &NixText{File: e.Text.File, Host: HostExtra, Append: true}
		}
	}
	written := func() {
		if in == nil {
			return
		}
		if in.Overwrites {
			e := common
			e.Kind, e.Path, e.Truncate, e.ByInstaller = WriteConfig, systemConf, true, true
			event := b.emit(&e)
			event.Text = &NixText{File: builtin("official installer", "build-users-group = nixbld\n"), Host: HostFile, Path: systemConf, Event: event, Image: b.img, Targets: b.img.targets()}
		}
		if in.Kind == NixInstaller || in.Kind == LixInstaller {
			e := common
			e.Kind, e.Path, e.ByInstaller = WriteConfig, systemConf, true
			event := b.emit(&e)
			if in.Kind == NixInstaller { // what that of Lix writes is not known
				event.Text = &NixText{File: builtin("nix-installer", nixInstallerConf), Host: HostFile, Path: systemConf, Append: true, Event: event, Image: b.img, Targets: b.img.targets()}
			}
		}
		if in.Kind == DistroPackage {
			e := common
			e.Kind, e.Path, e.Truncate, e.ByInstaller = WriteConfig, systemConf, true, true
			event := b.emit(&e)
			event.Text = &NixText{File: builtin("Debian package nix-bin", debianNixConf), Host: HostFile, Path: systemConf, Event: event, Image: b.img, Targets: b.img.targets()}
		}
		if in.Conf != nil {
			e := common
			e.Kind, e.Path, e.Text, e.ByInstaller = WriteConfig, systemConf, in.Conf, true
			e.Span = in.Flag
			event := b.emit(&e)
			in.Conf.Path = systemConf
			b.text(event, in.Conf)
		}
		if in.ConfFile != "" && in.Kind != OfficialSingle {
			e := common
			e.Kind, e.Path, e.ByInstaller = WriteConfig, systemConf, true
			e.Span = in.Flag
			event := b.emit(&e)
			if t := b.fileText(b.absIn(b.state(common.Command), in.ConfFile)); t != nil {
				event.Text = &NixText{File: t.File, Host: HostExtra, Path: systemConf, Append: true, Event: event, Image: b.img, Targets: b.img.targets()}
			}
		}
	}
	if in != nil {
		b.img.installed = in
		if !in.ConfLate {
			written()
		}
	}
	e := common
	e.Kind, e.Nix = RunCommand, use
	event := b.emit(&e)
	if use.Options != nil {
		b.text(event, use.Options)
	}
	event.otherUser = b.state(common.Command).other || slices.ContainsFunc(common.Command.Wrappers, isOtherUser)
	v := b.assigned(common.Command, "NIX_CONFIG")
	if v.set {
		event.Env = &NixText{File: nixconf.Parse(source.NewFragment(f, v.value.Value.Parts)), Host: HostEnv}
		b.text(event, event.Env)
	}
	// sudo and su may or may not pass on what was exported.
	event.unsure = v.maybe || event.otherUser && !v.own && (v.set || b.lastEnv("NIX_CONFIG") != nil)
	for _, name := range []string{"NIX_CONF_DIR", "NIX_USER_CONF_FILES", "NIX_CONFIG_HOME", "XDG_CONFIG_HOME"} {
		event.unsure = event.unsure || b.assigned(common.Command, name).set
	}
	event.otherUser = event.otherUser || b.assigned(common.Command, "HOME").set
	event.unsure = event.unsure || slices.ContainsFunc(common.Command.Words, holdsOptions)
	if in != nil && in.ConfLate {
		written()
	}
}

// holdsOptions reports whether a word stands for something that may be options, which cannot be known.
func holdsOptions(w shell.Word) bool {
	if w.Known || len(w.Parts) != 1 || !w.Parts[0].Opaque {
		return false
	}
	name := strings.ToUpper(strings.Trim(w.Text, "${}\""))
	return name == "@" || name == "*" || strings.Contains(name, "OPT") || strings.Contains(name, "FLAG") || strings.Contains(name, "ARGS")
}

func (b *builder) lastEnv(name string) *Event {
	events := b.img.Timeline()
	for n := len(events) - 1; n >= 0; n-- {
		if events[n].Kind == SetEnv && events[n].Name == name {
			return events[n]
		}
	}
	return nil
}

// fileText returns the last text that was written to a path of the image, nil where that is not known.
func (b *builder) fileText(name string) *NixText {
	for n := len(b.copies) - 1; n >= 0; n-- {
		if b.copies[n].dest == name {
			if f, err := b.contextRead(b.copies[n].source); err == nil {
				return &NixText{File: nixconf.Parse(source.WholeFile(f))}
			}
		}
	}
	return nil
}

// systemDirs hold programs of the system, which do not write Nix's configuration unless they are known to.
var systemDirs = []string{"/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/nix/", "/root/.nix-profile/", "/opt/", "/usr/lib/", "/usr/libexec/", "/dev/", "/proc/"}

// runScript follows a command that runs a script of the build context. A script that cannot be read may do anything.
func (b *builder) runScript(common Event, c *shell.Command, f *source.File) {
	word := c.Words[0]
	sourced := c.Name == "source" || c.Name == "."
	switch c.Name {
	case "sh", "bash", "dash", "ash", "zsh", "source", ".":
		argument, ok := scriptWord(c)
		switch {
		case !ok && c.Name == "zsh":
			b.opaque(common)
			return
		case !ok:
			return // what -c runs follows as commands of its own
		case argument.Text == "":
			b.stdinScript(common, c, f)
			return
		}
		word = argument
	case "su", "runuser":
		if !slices.ContainsFunc(c.Words, func(w shell.Word) bool { return w.Text == "-c" || w.Text == "--command" || w.Text == "-lc" }) {
			b.stdinScript(common, c, f)
		}
		return
	default:
		if !word.Known && c.Name == "" {
			b.opaque(common)
			return
		}
		if !strings.Contains(word.Text, "/") {
			return
		}
	}
	if sourced && (strings.HasPrefix(word.Text, "/etc/") || strings.Contains(word.Text, "/.") || strings.HasPrefix(word.Text, "~/.")) {
		return // it sets variables such as PATH
	}
	full := b.wordPath(c, word)
	if environmentScript(full) || environmentScript(word.Text) {
		return
	}
	if full == "" {
		b.opaque(common)
		return
	}
	if script := b.contextFile(full); script != nil {
		if parsed := b.d.parsed(script); parsed.Dialect != shell.None {
			if !b.follow(full, common.Maybe, len(parsed.Commands), func() { b.child(c, parsed, script, sourced) }) {
				b.opaque(common)
			}
			return
		}
	}
	if slices.ContainsFunc(systemDirs, func(dir string) bool { return strings.HasPrefix(full, dir) }) {
		return
	}
	b.opaque(common)
}

// scriptWord returns the word of a shell's command line that names a script, the zero Word where it reads its standard input. It is
// not ok where the script is an argument.
func scriptWord(c *shell.Command) (script shell.Word, ok bool) {
	for n := 1; n < len(c.Words); n++ {
		w := c.Words[n]
		option := len(w.Text) > 1 && (w.Text[0] == '-' || w.Text[0] == '+')
		switch {
		case !option:
			return w, true
		case w.Text == "-s":
			return shell.Word{}, true
		case w.Text == "--":
		case w.Text[1] == '-':
			if w.Text == "--rcfile" || w.Text == "--init-file" {
				n++
			}
		case strings.Contains(w.Text, "c"):
			return shell.Word{}, false
		case strings.HasSuffix(w.Text, "o"):
			n++
		}
	}
	return shell.Word{}, true
}

// stdinScript follows a shell that reads its commands from standard input.
func (b *builder) stdinScript(common Event, c *shell.Command, f *source.File) {
	for n := len(c.Redirs) - 1; n >= 0; n-- {
		r := c.Redirs[n]
		if r.FD > 0 || !strings.HasPrefix(r.Op, "<") {
			continue
		}
		if r.Heredoc == nil || len(r.Heredoc) > 1 || c.Name == "zsh" || c.Name == "su" || c.Name == "runuser" {
			b.opaque(common)
			return
		}
		if len(r.Heredoc) == 0 {
			return
		}
		text := r.Heredoc[0]
		dialect := shell.DialectOf([]string{c.Name})
		if !text.Verbatim {
			b.opaque(common)
			return
		}
		parsed := shell.Parse([]byte(text.Text), text.Span.Start, dialect, nil)
		if !b.follow("<<", common.Maybe, len(parsed.Commands), func() { b.child(c, parsed, f, false) }) {
			b.opaque(common)
		}
		return
	}
	if c.PipedFrom != nil && !installsOther(c.PipedFrom) { // curl … | sh
		b.opaque(common)
	}
}

// otherInstallers are parts of the addresses of scripts that install something else and leave Nix alone.
var otherInstallers = []string{
	"sh.rustup.rs", "static.rust-lang.org/rustup", "deb.nodesource.com", "rpm.nodesource.com", "raw.githubusercontent.com/nvm-sh/nvm/", "get.volta.sh", "bun.sh/install",
	"deno.land/install.sh", "install.python-poetry.org", "astral.sh/uv", "bootstrap.pypa.io", "get.docker.com", "raw.githubusercontent.com/Homebrew/install/",
	"get.sdkman.io", "starship.rs/install.sh", "get-ghcup.haskell.org", "get.haskellstack.org", "raw.githubusercontent.com/ohmyzsh/ohmyzsh/",
}

// installsOther reports whether a command downloads one of otherInstallers.
func installsOther(c *shell.Command) bool {
	return (c.Name == "curl" || c.Name == "wget") && slices.ContainsFunc(c.Words, func(w shell.Word) bool {
		return slices.ContainsFunc(otherInstallers, func(address string) bool { return strings.Contains(w.Text, address) })
	})
}

// child follows the commands of a script that a command runs in a process of its own or, when it is sourced, in that of the command.
func (b *builder) child(c *shell.Command, script *shell.Script, f *source.File, sourced bool) {
	states, s := b.states, b.state(c)
	if !sourced {
		s = s.fork()
		s.other = s.other || slices.ContainsFunc(c.Wrappers, isOtherUser)
		for _, a := range c.Assigns {
			s.set(a, true, false)
		}
	}
	b.states = newStates(s)
	b.script(script, f)
	if script.Problem != nil {
		b.opaque(Event{File: f, Script: script, Span: script.Problem.Span})
	}
	b.states = states
}

// parsed returns the commands of a script of the build context.
func (d *Dockerfile) parsed(f *source.File) *shell.Script {
	if s := d.files[f]; s != nil {
		return s
	}
	dialect, ok := shell.Shebang(f.Bytes)
	if !ok {
		dialect = shell.Sh
	}
	s := shell.Parse(f.Bytes, 0, dialect, nil)
	d.files[f] = s
	return s
}

// environmentScript reports whether a path is that of a script which sets a shell's variables, as the profiles of a system, of a user and of Nix do.
func environmentScript(name string) bool {
	switch path.Base(name) {
	case ".profile", ".bashrc", ".bash_profile", ".zshrc", "nix.sh", "nix-daemon.sh", "hm-session-vars.sh":
		return true
	}
	return strings.Contains(name, "/.nix-profile/") || strings.HasPrefix(name, "/etc/profile") || strings.HasPrefix(name, "/etc/bash") || name == "/etc/os-release" || name == "/etc/environment"
}

// contextFile returns the file of the build context that lies at a path of the image.
func (b *builder) contextFile(full string) *source.File {
	for n := len(b.copies) - 1; n >= 0; n-- {
		c := b.copies[n]
		name := ""
		switch {
		case full == c.dest:
			name = c.source
		case c.dest == "/" || strings.HasPrefix(full, c.dest+"/"):
			name = path.Join(c.source, strings.TrimPrefix(full, strings.TrimSuffix(c.dest, "/")+"/"))
		default:
			continue
		}
		if f, err := b.contextRead(name); err == nil {
			return f
		}
	}
	return nil
}

const (
	systemConf      = "/etc/nix/nix.conf"
	determinateConf = "/etc/nix/nix.custom.conf"
)

// isConfig reports whether Nix may read a path of the image as configuration.
func (b *builder) isConfig(p string) bool {
	base := path.Base(p)
	return base == "nix.conf" || base == "nix.custom.conf"
}

func (b *builder) isConfigDir(p string) bool {
	return p == "/etc/nix" || strings.HasSuffix(p, "/.config/nix")
}

// configIn returns the configuration file that a path is or, for a folder, holds.
func (b *builder) configIn(p string) string {
	if b.isConfig(p) {
		return p
	}
	return path.Join(p, "nix.conf")
}

func (b *builder) home() string {
	if home, ok := b.env["HOME"]; ok {
		return home
	}
	return homeOf(b.user)
}

func homeOf(user string) string {
	if user == "" || user == "root" || user == "0" {
		return "/root"
	}
	return "/home/" + user
}

// abs returns a path that an instruction names as an absolute path, "" where it is relative to a directory that is not known.
func (b *builder) abs(p string) string {
	switch {
	case strings.HasPrefix(p, "/"):
		return path.Clean(p)
	case b.workdir == "":
		return ""
	}
	return path.Join(b.workdir, p)
}

// targets returns the releases of Nix that the image's configuration is for.
func (img *Image) targets() nixconf.Targets {
	all := img.File.w.Targets
	if all.NixGiven {
		return all.Nix
	}
	for at := img; at != nil; at = at.Parent {
		if in := at.installed; in != nil {
			t := nixconf.Targets{}
			for _, target := range all.Nix {
				if target.Distribution == in.Distribution {
					t = append(t, target)
				}
			}
			if in.Kind == OfficialDaemon || in.Kind == OfficialSingle {
				if in.Version != (nixconf.Version{}) {
					return nixconf.Targets{{Distribution: in.Distribution, From: in.Version, To: in.Version}}
				}
			}
			if len(t) > 0 && in.Kind != DistroPackage && in.Kind != NixInstaller {
				return t
			}
			return all.Nix
		}
		if base := at.Base; base != nil && base.Nix {
			if base.Version != (nixconf.Version{}) {
				return nixconf.Targets{{Distribution: base.Distribution, From: base.Version, To: base.Version}}
			}
			t := nixconf.Targets{}
			for _, target := range all.Nix {
				if target.Distribution == base.Distribution {
					t = append(t, target)
				}
			}
			if len(t) > 0 {
				return t
			}
		}
	}
	return all.Nix
}
