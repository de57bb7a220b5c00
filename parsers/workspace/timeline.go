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

// maxScriptDepth bounds how deep scripts that run scripts, and functions that call functions, are followed.
const maxScriptDepth = 8

// dockerfile builds the model of a Dockerfile.
func (w *Workspace) dockerfile(e *Entry, parsed *dockerfile.File) *Dockerfile {
	d := &Dockerfile{File: parsed, w: w, abs: e.Abs, scripts: map[*dockerfile.Instruction]*shell.Script{}, reads: map[string]bool{}}
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
	exported    map[string]shell.Assign // variables of the script that its commands see
	dir         string                  // the working directory after cd; "" when not known
	depth       int
	maybe       bool
}

// copied is a file or folder of the build context that lies in the image.
type copied struct {
	dest   string // absolute path in the image
	source string // path in the build context
}

func newBuilder(w *Workspace, d *Dockerfile, img *Image) *builder {
	b := &builder{w: w, d: d, img: img, workdir: "/", env: map[string]string{}}
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
	for _, i := range b.img.Stage.Instructions {
		b.instruction = i
		switch i.Name {
		case "USER":
			if len(i.Words) > 0 {
				user, _ := b.d.Expand(i, i.Words[0].Text)
				b.user, _, _ = strings.Cut(user, ":")
			}
		case "WORKDIR":
			if dir, known := b.d.Expand(i, b.d.Source.Text(i.Args)); known {
				b.workdir = b.abs(strings.TrimSpace(unquote(dir)))
			}
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

// valuePieces returns the value of an ENV as a fragment's pieces. A quoted or bare value without escapes and variables is verbatim.
func valuePieces(w dockerfile.Word, value string, known bool) []source.Piece {
	span, quoting := w.Span, source.Unquoted
	if n := len(w.Text); n >= 2 && w.Text[0] == w.Text[n-1] && (w.Text[0] == '"' || w.Text[0] == '\'') {
		span = source.Span{Start: span.Start + 1, End: span.End - 1}
		quoting = source.DoubleQuoted
		if w.Text[0] == '\'' {
			quoting = source.SingleQuoted
		}
	}
	switch {
	case !known:
		return []source.Piece{{Text: w.Text, Span: w.Span, Opaque: true}}
	case span.Len() == len(value) && strings.Contains(w.Text, value) && !strings.ContainsAny(w.Text, "$\\`"):
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
	dest = b.abs(dest)
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
			target := dest
			if isDir && !b.contextDir(name) {
				target = path.Join(dest, base)
			}
			b.copies = append(b.copies, copied{target, name})
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
	b.exported = map[string]shell.Assign{}
	b.dir = b.workdir
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

func (b *builder) command(s *shell.Script, c *shell.Command, f *source.File) {
	if calls := s.Functions[c.Name]; c.Name != "" && len(calls) > 0 {
		if b.depth < maxScriptDepth {
			b.depth++
			outer := b.maybe
			b.maybe = outer || c.Maybe
			for _, n := range calls {
				b.command(s, s.Commands[n], f)
			}
			b.maybe = outer
			b.depth--
		}
		return
	}
	common := Event{Command: c, Script: s, File: f, Span: c.Span, Maybe: c.Maybe}
	if len(c.Words) == 0 {
		for _, a := range c.Assigns {
			if a.Export || b.exported[a.Name].Name != "" {
				b.exported[a.Name] = a
			}
		}
		return
	}
	switch c.Name {
	case "cd", "pushd":
		b.changeDir(c)
		return
	case "export", "declare", "typeset":
		for _, a := range c.Assigns {
			if a.Export || c.Name == "export" {
				b.exported[a.Name] = a
			}
		}
		return
	}
	b.configWrites(common, c, f)
	if use := nixUse(f, c); use != nil {
		b.nix(common, use, f)
		return
	}
	b.runScript(common, c, f)
}

func (b *builder) changeDir(c *shell.Command) {
	switch {
	case c.Subshell:
	case c.Maybe || len(c.Words) != 2 || !c.Words[1].Known:
		b.dir = ""
	default:
		b.dir = b.absFrom(b.dir, c.Words[1].Text)
	}
}

// configWrites emits the changes that a command makes to configuration files of Nix.
func (b *builder) configWrites(common Event, c *shell.Command, f *source.File) {
	for _, write := range c.Writes(b.echo()) {
		dest := b.wordPath(write.Path)
		if !b.isConfig(dest) {
			if !write.Path.Known && strings.Contains(write.Path.Text, "nix.conf") {
				e := common
				e.Kind = Opaque
				b.emit(&e)
			}
			continue
		}
		e := common
		e.Kind, e.Path, e.Truncate = WriteConfig, dest, write.Truncate
		event := b.emit(&e)
		if write.Known {
			event.Text = &NixText{File: nixconf.Parse(source.NewFragment(f, write.Text)), Host: HostWrite, Path: dest, Append: !write.Truncate}
			b.text(event, event.Text)
		}
	}
	if edit, ok := c.InPlaceEdit(); ok {
		for _, file := range edit.Files {
			if dest := b.wordPath(file); b.isConfig(dest) {
				e := common
				e.Kind, e.Path = WriteConfig, dest
				b.emit(&e)
			}
		}
	}
	switch c.Name {
	case "cp", "mv", "install", "ln", "rsync":
		last := c.Words[len(c.Words)-1]
		dest := b.wordPath(last)
		if len(c.Words) > 2 && (b.isConfig(dest) || b.isConfigDir(dest) && strings.Contains(c.Words[len(c.Words)-2].Text, ".conf")) {
			e := common
			e.Kind, e.Path, e.Truncate = WriteConfig, b.configIn(dest), true
			b.emit(&e)
		}
	case "rm", "truncate":
		for _, word := range c.Words[1:] {
			if dest := b.wordPath(word); b.isConfig(dest) || b.isConfigDir(dest) {
				e := common
				e.Kind, e.Path, e.Truncate = WriteConfig, b.configIn(dest), true
				e.Removed = true
				b.emit(&e)
			}
		}
	case "cachix", "attic":
		if hasWord(c, "use") {
			e := common
			e.Kind, e.Path = WriteConfig, systemConf
			b.emit(&e)
		}
	case "curl", "wget":
		for n, word := range c.Words {
			if (word.Text == "-o" || word.Text == "-O" || word.Text == "--output") && n+1 < len(c.Words) && b.isConfig(b.wordPath(c.Words[n+1])) {
				e := common
				e.Kind, e.Path, e.Truncate = WriteConfig, b.wordPath(c.Words[n+1]), true
				b.emit(&e)
			}
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
		if e := b.lastEnv("NIX_INSTALLER_EXTRA_CONF"); e != nil && e.Text != nil {
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
		if in.ConfFile != "" && in.Kind == OfficialDaemon {
			e := common
			e.Kind, e.Path, e.ByInstaller = WriteConfig, systemConf, true
			e.Span = in.Flag
			event := b.emit(&e)
			if t := b.fileText(in.ConfFile); t != nil {
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
	if a, ok := b.assigned(common.Command, "NIX_CONFIG"); ok {
		t := &NixText{File: nixconf.Parse(source.NewFragment(f, a.Value.Parts)), Host: HostEnv}
		event.Env = t
		b.text(event, t)
	}
	if in != nil && in.ConfLate {
		written()
	}
}

// assigned returns the value that a command sees for a variable set in its own script.
func (b *builder) assigned(c *shell.Command, name string) (shell.Assign, bool) {
	for _, a := range c.Assigns {
		if a.Name == name {
			return a, true
		}
	}
	a, ok := b.exported[name]
	return a, ok
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
		if b.copies[n].dest == b.absFrom(b.dir, name) {
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
	switch c.Name {
	case "sh", "bash", "dash", "ash", "zsh", "source", ".":
		word = shell.Word{}
		for n := 1; n < len(c.Words); n++ {
			if w := c.Words[n]; !strings.HasPrefix(w.Text, "-") && !strings.HasPrefix(w.Text, "+") {
				word = w
				break
			} else if w.Text == "-c" || strings.HasPrefix(w.Text, "-") && !strings.HasPrefix(w.Text, "--") && strings.HasSuffix(w.Text, "c") || w.Text == "-s" {
				return // what -c runs follows as commands of its own
			} else if w.Text == "-o" {
				n++
			}
		}
		if word.Text == "" {
			if c.PipedFrom != nil { // curl … | sh
				e := common
				e.Kind = Opaque
				b.emit(&e)
			}
			return
		}
	default:
		if !word.Known && c.Name == "" {
			e := common
			e.Kind = Opaque
			b.emit(&e)
			return
		}
		if !strings.Contains(word.Text, "/") {
			return
		}
	}
	full := b.wordPath(word)
	if environmentScript(full) || environmentScript(word.Text) {
		return
	}
	if full == "" {
		e := common
		e.Kind = Opaque
		b.emit(&e)
		return
	}
	if script := b.contextFile(full); script != nil {
		dialect, ok := shell.Shebang(script.Bytes)
		if !ok {
			dialect = shell.Sh
		}
		if dialect != shell.None && b.depth < maxScriptDepth {
			b.depth++
			outer := b.maybe
			b.maybe = outer || common.Maybe
			parsed := shell.Parse(script.Bytes, 0, dialect, nil)
			b.script(parsed, script)
			if parsed.Problem != nil {
				b.emit(&Event{Kind: Opaque, File: script, Span: parsed.Problem.Span})
			}
			b.maybe = outer
			b.depth--
			return
		}
	}
	if slices.ContainsFunc(systemDirs, func(dir string) bool { return strings.HasPrefix(full, dir) }) {
		return
	}
	e := common
	e.Kind = Opaque
	b.emit(&e)
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

// echo says what the echo of the image's /bin/sh does with backslashes.
func (b *builder) echo() shell.Echo {
	shellWords := texts(b.d.Shell(b.instruction))
	if len(shellWords) > 0 {
		if shell.DialectOf(shellWords) == shell.Bash {
			return shell.EchoKeeps
		}
		if strings.HasSuffix(shellWords[0], "dash") {
			return shell.EchoExpands
		}
	}
	if base := b.img.Root().Base; base != nil {
		switch base.Shell {
		case "bash", "ash":
			return shell.EchoKeeps
		case "dash":
			return shell.EchoExpands
		}
	}
	return shell.EchoUnknown
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

// wordPath returns the absolute path that a word of a command names, "" where it is not known.
func (b *builder) wordPath(w shell.Word) string {
	text := w.Text
	for _, home := range []string{"~/", "$HOME/", "${HOME}/"} {
		if rest, ok := strings.CutPrefix(text, home); ok && !strings.Contains(rest, "$") {
			return path.Join(b.home(), rest)
		}
	}
	if !w.Known {
		return ""
	}
	return b.absFrom(b.dir, text)
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

func (b *builder) abs(p string) string { return b.absFrom(b.workdir, p) }

// absFrom returns p as an absolute path, "" where it is relative to a directory that is not known.
func (b *builder) absFrom(dir, p string) string {
	switch {
	case strings.HasPrefix(p, "/"):
		return path.Clean(p)
	case strings.HasPrefix(p, "~/"):
		return path.Join(b.home(), p[2:])
	case dir == "":
		return ""
	}
	return path.Join(dir, p)
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
