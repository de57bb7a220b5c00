package nixuse

import (
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// This file turns the steps of a stage into its timeline.
//
// Package image supplies the commands of each step in the order in which they run, with functions and scripts followed
// into. The builder goes through them once and emits an event for each thing that matters to Nix:
//
//   - a command, COPY or heredoc that changes a file that Nix may read as configuration: WriteConfig, with the text
//     where it is known;
//   - ENV or ARG of a variable that Nix or an installer reads: SetEnv;
//   - a command of Nix: RunCommand. An installer also emits the writes that it makes, before or after its RunCommand
//     (Installer.ConfLate);
//   - whatever may do anything unseen: Opaque.
//
// Invariant: the events of an image are in order of execution. A command's own redirections come before what it runs,
// and what it may do to a file that it is given as an argument (argumentWrites) comes when all that it runs has ended;
// hence the stack of open commands. Everything that reads the timeline (effective.go, append.go, the rules about order)
// relies on it.
//
// What makes the settings uncertain: an Opaque event, that is, a script that cannot be read or has a syntax error, a
// mount over /etc/nix, or an ONBUILD of another stage that mentions Nix; a WriteConfig without a known text; and a
// command whose own options or environment are not known (Event.doubts). Nothing is guessed: when in doubt, emit one of
// these.

// builder makes the events of one image.
type builder struct {
	m   *Model
	d   *image.Dockerfile
	img *Image

	step *image.Step
	open []running // the commands whose scripts are being followed, outermost first

	written map[string][]fileWrite // by path, nil until it is asked for
}

// running is a command whose script is being followed. With a use it is a command of Nix, and its script is ignored,
// since what it does is known.
type running struct {
	*image.Command
	use *Use
}

func (b *builder) build() {
	triggered := false
	for _, s := range b.img.Steps() {
		b.step = s
		switch {
		case s.Deferred:
		case s.From != b.img.Image:
			// It stands in another stage, so its commands are not followed.
			if !triggered && Mentions(b.d.Source.Bytes[s.Onbuild.Span.Start:s.Onbuild.Span.End]) {
				b.emit(&Event{Kind: Opaque, Span: b.img.Stage.From.Keyword})
				triggered = true
			}
		case s.Name == "ENV" || s.Name == "ARG":
			b.setEnv(s)
		case s.Name == "COPY" || s.Name == "ADD":
			b.copy(s)
		case s.Name == "RUN":
			b.run(s)
		}
	}
	b.starts()
	if b.img.installed != nil { // it decides for what was written before it ran, too
		targets := b.img.targets()
		for _, e := range b.img.Events {
			for _, t := range []*Text{e.Text, e.Env} {
				if t != nil {
					t.Targets = targets
				}
			}
			if e.Nix != nil && e.Nix.Options != nil {
				e.Nix.Options.Targets = targets
			}
		}
	}
}

// emit adds an event, with what all events have in common.
func (b *builder) emit(e *Event) *Event {
	e.Image, e.Instruction = b.img, b.step.Instruction
	if b.step.From != b.img.Image {
		e.Instruction = b.img.Stage.From
	}
	if e.File == nil {
		e.File = b.d.Source
	}
	e.User = b.step.User().Text
	b.img.Events = append(b.img.Events, e)
	return e
}

// text records the nix.conf text of an event and links the two.
func (b *builder) text(e *Event, t *Text) {
	t.Event, t.Image = e, b.img
	t.Targets = b.img.targets()
	if t.Fragment.File == b.d.Source {
		b.m.Texts = append(b.m.Texts, t)
	}
}

// nixEnv are the variables that Nix or its installers read.
var nixEnv = []string{
	"NIX_CONFIG", "NIX_CONF_DIR", "NIX_USER_CONF_FILES", "NIX_CONFIG_HOME", "XDG_CONFIG_HOME", "HOME",
	"NIX_INSTALLER_EXTRA_CONF",
}

func (b *builder) setEnv(i *image.Step) {
	for _, pair := range i.Pairs {
		name := pair.Key.Text
		value, known := i.Expand(pair.Value.Text)
		if !slices.Contains(nixEnv, name) || i.Name == "ARG" && !pair.HasValue && name != "NIX_CONFIG" {
			continue
		}
		e := b.emit(&Event{
			Kind:  SetEnv,
			Name:  name,
			Value: value,
			Known: known && i.Name == "ENV",
			Span:  pair.Key.Span.Join(pair.Value.Span),
		})
		if (name == "NIX_CONFIG" || name == "NIX_INSTALLER_EXTRA_CONF") && pair.HasValue {
			e.Text = &Text{
				File: nixconf.Parse(source.NewFragment(b.d.Source, valuePieces(pair.Value, value, known))),
				Host: HostEnv,
			}
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

// copy emits the configuration files of Nix that a COPY or ADD writes.
func (b *builder) copy(i *image.Step) {
	dest, isDir, known := i.Dest()
	if !known {
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
		t := &Text{
			File: nixconf.Parse(source.NewFragment(b.d.Source, b.heredocPieces(i, h))),
			Host: HostWrite,
			Path: target,
		}
		b.text(b.emit(&Event{Kind: WriteConfig, Path: target, Truncate: true, Text: t, Span: h.Body}), t)
	}
	flag, from := i.Flag("from")
	from = from && (flag.Value != "" || !flag.Known)
	for _, word := range i.Words[:len(i.Words)-1] {
		if strings.HasPrefix(word.Text, "<<") {
			continue
		}
		name, known := i.Expand(image.Unquote(word.Text))
		if !known {
			if isDir && b.isConfigDir(dest) || b.isConfig(dest) {
				b.emit(&Event{Kind: WriteConfig, Path: b.configIn(dest), Span: word.Span, Truncate: true})
			}
			continue
		}
		base := path.Base(path.Clean("/" + name))
		switch {
		case b.isConfig(dest) && !isDir:
			b.copyConfig(word, name, dest, from)
		case b.isConfig(path.Join(dest, base)) && !strings.ContainsAny(base, "*?["):
			b.copyConfig(word, name, path.Join(dest, base), from)
		case from && b.isConfigDir(dest):
			b.emit(&Event{Kind: WriteConfig, Path: b.configIn(dest), Span: word.Span, Truncate: true})
		case from || !b.d.IsContextDir(name):
			archive := i.Name == "ADD" && strings.Contains(path.Base(name), ".t")
			conf := b.configBelow(dest)
			if conf != "" && (archive || mayBeTree(name, dest) && (from || !b.inContext(name))) {
				b.emit(&Event{Kind: WriteConfig, Path: conf, Span: word.Span})
			}
		default:
			b.copyTree(word, name, dest)
		}
	}
}

// copyTree emits the configuration files of Nix that lie in a folder of the build context and so arrive where Nix reads
// them.
func (b *builder) copyTree(word dockerfile.Word, name, dest string) {
	for _, conf := range b.configs() {
		rel, ok := strings.CutPrefix(conf, strings.TrimSuffix(dest, "/")+"/")
		if !ok {
			continue
		}
		if f, err := b.d.ReadContext(path.Join(name, rel)); err == nil {
			b.writeFile(word.Span, conf, f)
		}
	}
}

// configs are the files that Nix reads by default as root or as the user of the step.
func (b *builder) configs() []string {
	all := []string{SystemConf, determinateConf, userConf("root")}
	if own := userConf(b.step.User().Text); own != all[2] {
		all = append(all, own)
	}
	return all
}

func userConf(user string) string { return path.Join(image.HomeOf(user), ".config/nix/nix.conf") }

// configBelow returns a configuration file of Nix that lies in a folder or deeper, "" where none does.
func (b *builder) configBelow(dir string) string {
	for _, conf := range b.configs() {
		if strings.HasPrefix(conf, strings.TrimSuffix(dir, "/")+"/") {
			return conf
		}
	}
	return ""
}

// mayBeTree reports whether what COPY takes from a path that cannot be read may be a folder whose content goes into
// dest, such as /etc into /etc or a root file system into /.
func mayBeTree(name, dest string) bool {
	base := path.Base(path.Clean("/" + name))
	return dest == "/" && !strings.Contains(base, ".") || base == path.Base(dest) || strings.HasSuffix(name, "/")
}

// inContext reports whether a path is a file of the build context.
func (b *builder) inContext(name string) bool {
	_, err := b.d.ReadContext(name)
	return err == nil
}

// copyConfig emits the write of one file that is copied to a place where Nix reads its configuration.
func (b *builder) copyConfig(word dockerfile.Word, name, dest string, otherStage bool) {
	if !otherStage {
		if f, err := b.d.ReadContext(name); err == nil {
			b.writeFile(word.Span, dest, f)
			return
		}
	}
	b.emit(&Event{Kind: WriteConfig, Path: dest, Span: word.Span, Truncate: true})
}

func (b *builder) writeFile(span source.Span, dest string, f *source.File) {
	t := &Text{File: nixconf.Parse(source.WholeFile(f)), Host: HostFile, Path: dest}
	b.text(b.emit(&Event{Kind: WriteConfig, Path: dest, Truncate: true, Text: t, Span: span}), t)
}

// heredocPieces returns the text that COPY <<EOF writes.
func (b *builder) heredocPieces(i *image.Step, h dockerfile.Heredoc) []source.Piece {
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
		value, known := i.Expand(bare)
		pieces = append(pieces, source.Piece{
			Text:   value,
			Span:   source.Span{Start: span.Start, End: span.Start + len(bare)},
			Opaque: !known,
		}, source.Piece{
			Text:     cut[len(bare):],
			Span:     source.Span{Start: span.Start + len(bare), End: span.End},
			Verbatim: true,
			Quoting:  source.Heredoc,
		})
	}
	return pieces
}

// mountedConfig are parts of the mounts that may configure Nix: a file, or a secret as a variable.
var mountedConfig = []string{"nix.conf", "/etc/nix", "/.config", "NIX_CONFIG"}

// run emits the events of a RUN's mounts and commands.
func (b *builder) run(i *image.Step) {
	for flag := range i.Flags("mount") {
		text := b.d.Source.Text(flag.At)
		if slices.ContainsFunc(mountedConfig, func(part string) bool { return strings.Contains(text, part) }) {
			b.emit(&Event{Kind: Opaque, Span: flag.Span})
		}
	}
	b.runScript(i)
}

// runScript emits the events of the commands of a RUN, CMD or ENTRYPOINT.
func (b *builder) runScript(i *image.Step) {
	script := i.Script()
	if script == nil {
		return
	}
	for _, c := range i.Commands() {
		if c.Uncalled || !c.Dialect().POSIX() { // in another shell, there may be more than these
			continue
		}
		b.leave(len(c.Callers))
		r := running{Command: c}
		if !slices.ContainsFunc(b.open, func(r running) bool { return r.use != nil }) {
			r.use = b.command(c)
		}
		b.open = append(b.open, r)
	}
	b.leave(0)
	if !script.Dialect.POSIX() && Mentions(b.d.Source.Bytes[i.Span.Start:i.Span.End]) || script.Problem != nil {
		b.emit(&Event{Kind: Opaque, Script: script, Span: i.Keyword})
	}
}

// leave closes open commands down to a depth of callers, and emits what they may have done by the time they end.
func (b *builder) leave(depth int) {
	for len(b.open) > depth {
		r := b.open[len(b.open)-1]
		b.open = b.open[:len(b.open)-1]
		switch {
		case r.Calls || slices.ContainsFunc(b.open, func(r running) bool { return r.use != nil }):
		case r.use == nil:
			if r.Runs != nil && r.Runs.Problem != nil {
				b.opaque(Event{File: r.RunsFile, Script: r.Runs, Span: r.Runs.Problem.Span, Maybe: r.Maybe})
			}
			b.argumentWrites(r.Command)
		case r.use.Installer == nil:
			b.argumentWrites(r.Command)
		}
	}
}

// common is an event of a command.
func common(c *image.Command) Event {
	return Event{Command: c, Script: c.Script, File: c.File, Span: c.Span, Maybe: c.Maybe}
}

// command emits what a command does by itself, and returns what it does with Nix. What the functions and scripts that
// it calls do follows as commands of their own.
func (b *builder) command(c *image.Command) *Use {
	event := common(c)
	if c.Calls {
		if c.Unread != image.Read {
			b.opaque(event)
		}
		return nil
	}
	b.configWrites(c)
	if len(c.Words) == 0 {
		return nil
	}
	use := UseOf(c.File, c.Command)
	switch {
	case use != nil:
		b.nix(c, use)
	case c.Unread != image.Read && !(c.Unread == image.UnreadPipe && installsOther(c.PipedFrom)):
		b.opaque(event)
	}
	return use
}

// opaque emits an event that may do anything to the configuration.
func (b *builder) opaque(common Event) {
	common.Kind = Opaque
	b.emit(&common)
}

// configWrites emits the changes that a command makes to configuration files of Nix.
func (b *builder) configWrites(c *image.Command) {
	write := func(w shell.Word, truncate, removed bool) {
		switch dest := c.PathOf(w); {
		case b.isConfig(dest) || b.isConfigDir(dest):
			e := common(c)
			e.Kind, e.Path, e.Truncate, e.Removed = WriteConfig, b.configIn(dest), truncate, removed
			b.emit(&e)
		case dest == "" && strings.Contains(w.Text, "nix.conf"):
			b.opaque(common(c))
		}
	}
	for _, out := range c.Writes() {
		dest := c.PathOf(out.Path)
		if !b.isConfig(dest) {
			if dest == "" {
				write(out.Path, out.Truncate, false)
			}
			continue
		}
		e := common(c)
		e.Kind, e.Path, e.Truncate = WriteConfig, dest, out.Truncate
		event := b.emit(&e)
		if out.Known || len(c.Words) == 0 { // "> file" writes nothing
			event.Text = &Text{
				File:   nixconf.Parse(source.NewFragment(c.File, out.Text)),
				Host:   HostWrite,
				Path:   dest,
				Append: !out.Truncate,
			}
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
		if b.unlinks(c, from, last) {
			return
		}
		if len(c.Words) > 2 && from.Text != "/dev/stdin" &&
			(strings.Contains(from.Text, ".conf") || !b.isConfigDir(c.PathOf(last))) {
			write(last, true, false)
		}
	case "rm", "truncate":
		for _, w := range c.Words[1:] {
			write(w, true, true)
		}
	case "cachix", "attic":
		if c.HasWord("use") {
			e := common(c)
			e.Kind, e.Path = WriteConfig, SystemConf
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

// unlinks emits the event of a cp that puts the file that a symbolic link names in the place of the link, as in
// `cp --remove-destination "$(readlink -f FILE)" FILE`, and reports whether a command is one.
func (b *builder) unlinks(c *image.Command, from, to shell.Word) bool {
	dest := c.PathOf(to)
	if c.Name != "cp" || !c.HasWord("--remove-destination") || !b.isConfig(dest) ||
		!strings.HasPrefix(from.Text, "$(readlink -f ") || !strings.Contains(from.Text, dest) {
		return false
	}
	e := common(c)
	e.Kind, e.Path, e.Unlinks = WriteConfig, dest, true
	event := b.emit(&e)
	event.Text = &Text{
		File: nixconf.Parse(source.NewFragment(c.File, nil)), Host: HostWrite, Path: dest, Append: true,
		Event: event, Image: b.img, Targets: b.img.targets(),
	}
	return true
}

// isOutputOption reports whether an option of curl or wget is followed by the name of the file to write.
func isOutputOption(word string) bool {
	if strings.HasPrefix(word, "--") {
		return word == "--output" || word == "--output-document"
	}
	return strings.HasPrefix(word, "-") && (strings.HasSuffix(word, "o") || strings.HasSuffix(word, "O"))
}

// readers are programs that do not change the files on their command line, and programs whose changes configWrites
// reports.
var readers = []string{
	"cat", "grep", "egrep", "fgrep", "rg", "ls", "test", "[", "[[", "stat", "head", "tail", "less", "more", "wc",
	"diff", "cmp", "file", "md5sum", "sha256sum",
	"readlink", "realpath", "dirname", "basename", "echo", "printf", "chmod", "chown", "chgrp", "touch", "mkdir",
	"sort", "cut", "sed", "gsed", "source", ".",
	"cp", "mv", "install", "ln", "rsync", "rm", "truncate", "curl", "wget", "tee", "sponge", "dd",
	"cd", "pushd", "popd", "export", "declare", "typeset", "readonly", "local", "unset",
}

// argumentWrites emits an unknown write for a program that is given a configuration file of Nix and may change it.
func (b *builder) argumentWrites(c *image.Command) {
	if len(c.Words) < 2 || slices.Contains(readers, c.Name) {
		return
	}
	if _, ok := c.InPlaceEdit(); ok {
		return // configWrites reports it
	}
	for _, w := range c.Words[1:] {
		if strings.HasPrefix(w.Text, "-") || strings.ContainsAny(w.Text, " \t\n") {
			continue
		}
		if dest := c.PathOf(w); b.isConfig(dest) {
			e := common(c)
			e.Kind, e.Path = WriteConfig, dest
			b.emit(&e)
		}
	}
}

// nix emits the run of a Nix command, and what an installer writes before and after it.
func (b *builder) nix(c *image.Command, use *Use) {
	if use.Options != nil {
		use.Options.Targets = b.img.targets()
	}
	in := use.Installer
	if in != nil && in.Conf == nil && in.Kind == NixInstaller {
		in.Flag = c.Span
		if v := b.assigned(c, "NIX_INSTALLER_EXTRA_CONF"); v.Set && !v.Maybe {
			in.Conf = &Text{
				File:   nixconf.Parse(source.NewFragment(c.File, v.Value.Value.Parts)),
				Host:   HostExtra,
				Append: true,
			}
		} else if e := b.lastEnv("NIX_INSTALLER_EXTRA_CONF"); e != nil && e.Text != nil {
			in.Conf = &Text{File: e.Text.File, Host: HostExtra, Append: true}
		}
	}
	if in != nil && in.ConfFile != "" {
		in.FileText = b.fileText(c, c.Absolute(in.ConfFile))
	}
	written := func() {
		if in == nil {
			return
		}
		if in.Overwrites {
			e := common(c)
			e.Kind, e.Path, e.Truncate, e.ByInstaller = WriteConfig, SystemConf, true, true
			event := b.emit(&e)
			event.Text = &Text{
				File:      builtin("official installer", "build-users-group = nixbld\n"),
				Host:      HostFile,
				Path:      SystemConf,
				Event:     event,
				Image:     b.img,
				Targets:   b.img.targets(),
				Installer: in,
			}
		}
		if in.Kind == NixInstaller || in.Kind == LixInstaller {
			e := common(c)
			e.Kind, e.Path, e.ByInstaller = WriteConfig, SystemConf, true
			event := b.emit(&e)
			if in.Kind == NixInstaller { // what the Lix installer writes is not known
				event.includes = in.customFile()
				event.Text = &Text{
					File:      builtin("nix-installer", nixInstallerConf),
					Host:      HostFile,
					Path:      SystemConf,
					Append:    true,
					Event:     event,
					Image:     b.img,
					Targets:   b.img.targets(),
					Installer: in,
				}
			}
		}
		if in.Kind == DistroPackage {
			e := common(c)
			e.Kind, e.Path, e.Truncate, e.ByInstaller = WriteConfig, SystemConf, true, true
			event := b.emit(&e)
			event.Text = &Text{
				File:      builtin("Debian package nix-bin", debianNixConf),
				Host:      HostFile,
				Path:      SystemConf,
				Event:     event,
				Image:     b.img,
				Targets:   b.img.targets(),
				Installer: in,
			}
		}
		if in.Conf != nil {
			e := common(c)
			e.Kind, e.Path, e.Text, e.ByInstaller = WriteConfig, in.confPath(), in.Conf, true
			e.Span = in.Flag
			event := b.emit(&e)
			in.Conf.Path = e.Path
			b.text(event, in.Conf)
		}
		if in.ConfFile != "" && in.Kind != OfficialSingle {
			e := common(c)
			e.Kind, e.Path, e.ByInstaller = WriteConfig, in.confPath(), true
			e.Span = in.Flag
			event := b.emit(&e)
			if t := in.FileText; t != nil {
				event.Text = &Text{
					File:    t.File,
					Host:    HostExtra,
					Path:    e.Path,
					Append:  true,
					Event:   event,
					Image:   b.img,
					Targets: b.img.targets(),
				}
			}
		}
	}
	if in != nil {
		b.img.installed = in
		b.release(c, in)
		if !in.ConfLate {
			written()
		}
	}
	e := common(c)
	e.Kind, e.Nix = RunCommand, use
	event := b.emit(&e)
	if use.Options != nil {
		b.text(event, use.Options)
	}
	event.otherUser = c.OtherUser()
	v := b.assigned(c, "NIX_CONFIG")
	if v.Set {
		event.Env = &Text{File: nixconf.Parse(source.NewFragment(c.File, v.Value.Value.Parts)), Host: HostEnv}
		b.text(event, event.Env)
	}
	// sudo and su may or may not pass on what was exported.
	event.doubts.environment = v.Maybe ||
		event.otherUser && !v.Own && (v.Set || b.lastEnv("NIX_CONFIG") != nil)
	for _, name := range []string{"NIX_CONF_DIR", "NIX_USER_CONF_FILES", "NIX_CONFIG_HOME", "XDG_CONFIG_HOME"} {
		event.doubts.files = event.doubts.files || b.assigned(c, name).Set
	}
	event.otherUser = event.otherUser || b.assigned(c, "HOME").Set
	event.doubts.options = slices.ContainsFunc(c.Words, holdsOptions)
	if in != nil && in.ConfLate {
		written()
	}
}

// release finds out which release of Nix an installer installs.
func (b *builder) release(c *image.Command, in *Installer) {
	switch {
	case in.Release != (nixconf.Version{}):
	case in.Kind == OfficialDaemon || in.Kind == OfficialSingle:
		in.Release = in.Version
		if in.Release != (nixconf.Version{}) {
			return
		}
		in.Release = b.addressed(c.File)
	case in.Kind == DistroPackage:
		in.Release = packagedRelease(b.img.Root().Stage.Image, b.m.otherSource, c.Command)
	case in.Kind == NixInstaller && in.Version == nixconf.Version{}:
		var words strings.Builder
		for _, w := range c.Words {
			words.WriteString(w.Text + " ")
		}
		if c.PipedFrom != nil {
			for _, w := range c.PipedFrom.Words {
				words.WriteString(w.Text + " ")
			}
		}
		switch text := words.String(); {
		case !strings.Contains(text, "://"):
			in.setVersion(b.downloaded())
		case namesInstaller(text):
			in.setVersion(installerRelease(versionVariable.ReplaceAllStringFunc(text, b.valueOf)))
		}
	}
}

// addresses is a file and the Dockerfile, with the release that the addresses in them name.
type addresses struct {
	text      string
	variables []string // the words that are one, each once
	values    string   // of these, when release was found
	release   nixconf.Version
	searches  int
}

// maxSearches is how often a text is searched for addresses, with other values of its variables each time. After that
// the release counts as unknown.
const maxSearches = 50

// newAddresses returns the addresses in a text.
func newAddresses(text string) *addresses {
	a := &addresses{text: text, variables: versionVariable.FindAllString(text)}
	slices.Sort(a.variables)
	a.variables = slices.Compact(a.variables)
	return a
}

// addressed returns the one release of Nix that addresses in a file or in the Dockerfile name, zero where they name
// none or several.
func (b *builder) addressed(f *source.File) nixconf.Version {
	a := b.m.addresses[f]
	if a == nil {
		text := string(f.Bytes)
		if f != b.d.Source {
			text += string(b.d.Source.Bytes)
		}
		a = newAddresses(text)
		if b.m.addresses == nil {
			b.m.addresses = map[*source.File]*addresses{}
		}
		b.m.addresses[f] = a
	}
	return b.search(a, func(text string) nixconf.Version {
		v, _ := releaseIn(text)
		return v
	})
}

// downloaded returns the one release of nix-installer that addresses in the Dockerfile name, zero where they name none
// or several.
func (b *builder) downloaded() nixconf.Version {
	if b.m.installers == nil {
		text := string(b.d.Source.Bytes)
		if !namesInstaller(text) {
			text = ""
		}
		b.m.installers = newAddresses(text)
	}
	return b.search(b.m.installers, installerRelease)
}

// search returns the release that find finds in a text with the values of its variables at the current step.
func (b *builder) search(a *addresses, find func(text string) nixconf.Version) nixconf.Version {
	var values strings.Builder
	for _, v := range a.variables {
		values.WriteString(b.valueOf(v))
		values.WriteByte(0)
	}
	switch {
	case a.searches > 0 && a.values == values.String():
		return a.release
	case a.searches == maxSearches:
		return nixconf.Version{}
	}
	a.searches++
	a.values = values.String()
	a.release = find(versionVariable.ReplaceAllStringFunc(a.text, b.valueOf))
	return a.release
}

// valueOf returns the value of a variable, given as it is written, at the current step.
func (b *builder) valueOf(variable string) string {
	v, _ := b.step.Lookup(strings.Trim(variable, "${}"))
	return v.Text
}

// namesInstaller reports whether a text may have an address with a release of nix-installer.
func namesInstaller(text string) bool {
	return strings.Contains(text, "/tag/v") || strings.Contains(text, "/download/v")
}

// installerRelease returns the one release of nix-installer that the addresses in a text name, zero where they name
// none or several.
func installerRelease(text string) nixconf.Version {
	found := ""
	for _, m := range pinnedInstaller.FindAllStringSubmatch(text) {
		if found != "" && found != m[1] {
			return nixconf.Version{}
		}
		found = m[1]
	}
	v, _ := nixconf.ParseVersion(found)
	return v
}

// versionVariable matches a variable in the place of the release in an address.
var versionVariable = lazyRegexp(`\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})`)

// holdsOptions reports whether a word is a variable that may expand to options of Nix.
func holdsOptions(w shell.Word) bool {
	if w.Known || len(w.Parts) != 1 || !w.Parts[0].Opaque {
		return false
	}
	name := strings.ToUpper(strings.Trim(w.Text, "${}\""))
	return name == "@" || name == "*" || strings.Contains(name, "OPT") || strings.Contains(name, "FLAG") ||
		strings.Contains(name, "ARGS")
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

// assigned returns what a command sees of a variable that its own script sets. The result's Set is false where it sees
// nothing of it.
func (b *builder) assigned(c *image.Command, name string) image.Variable {
	v := c.Assigned(name)
	v.Set = v.Set && (v.Own || v.Exported || b.lastEnv(name) != nil)
	return v
}

// fileText returns the text that a path of the image holds when a command runs, nil where that is not known: what the
// same stage wrote there, or a file of the build context that was copied.
func (b *builder) fileText(c *image.Command, name string) *Text {
	if name == "" {
		return nil
	}
	var pieces []source.Piece
	written := false
	for _, w := range b.writesTo(name) {
		if w.command.File != c.File || w.command.Span.Start >= c.Span.Start {
			break
		}
		if !w.out.Known || w.command.Maybe || !w.out.Truncate && !written {
			return nil
		}
		if w.out.Truncate {
			pieces = nil
		}
		pieces, written = append(pieces, w.out.Text...), true
	}
	if written {
		return &Text{File: nixconf.Parse(source.NewFragment(c.File, pieces))}
	}
	for copied := range b.step.Copied() {
		if copied.Dest != name || copied.From != "" {
			continue
		}
		if f, err := b.d.ReadContext(copied.Source); err == nil {
			return &Text{File: nixconf.Parse(source.WholeFile(f))}
		}
	}
	return nil
}

// fileWrite is what a command of the Dockerfile writes to a file.
type fileWrite struct {
	command *image.Command
	out     shell.Write
}

// writesTo returns what the commands of the stage write to a path, in order.
func (b *builder) writesTo(name string) []fileWrite {
	if b.written == nil {
		b.written = map[string][]fileWrite{}
		for _, s := range b.img.Steps() {
			if s.Name != "RUN" || s.Deferred || s.From != b.img.Image {
				continue
			}
			for _, c := range s.Commands() {
				if c.Uncalled {
					continue
				}
				for _, out := range c.Writes() {
					if p := c.PathOf(out.Path); p != "" {
						b.written[p] = append(b.written[p], fileWrite{c, out})
					}
				}
			}
		}
	}
	return b.written[name]
}

// otherInstallers are parts of the addresses of scripts that install something else and leave Nix alone.
var otherInstallers = []string{
	"sh.rustup.rs", "static.rust-lang.org/rustup", "deb.nodesource.com", "rpm.nodesource.com",
	"raw.githubusercontent.com/nvm-sh/nvm/", "get.volta.sh", "bun.sh/install",
	"deno.land/install.sh", "install.python-poetry.org", "astral.sh/uv", "bootstrap.pypa.io", "get.docker.com",
	"raw.githubusercontent.com/Homebrew/install/",
	"get.sdkman.io", "starship.rs/install.sh", "get-ghcup.haskell.org", "get.haskellstack.org",
	"raw.githubusercontent.com/ohmyzsh/ohmyzsh/",
}

// installsOther reports whether a command downloads one of otherInstallers.
func installsOther(c *shell.Command) bool {
	return (c.Name == "curl" || c.Name == "wget") && slices.ContainsFunc(c.Words, func(w shell.Word) bool {
		return slices.ContainsFunc(otherInstallers,
			func(address string) bool { return strings.Contains(w.Text, address) })
	})
}

const (
	// SystemConf is the configuration file of the system.
	SystemConf      = "/etc/nix/nix.conf"
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

// targets returns the releases of Nix that the image's configuration is for.
func (img *Image) targets() nixconf.Targets {
	all := img.Model.targets
	if all.NixGiven {
		return all.Nix
	}
	for at := img; at != nil; at = at.Parent {
		if at.built != nil {
			return at.built
		}
		if in := at.installed; in != nil {
			t := nixconf.Targets{}
			for _, target := range all.Nix {
				if target.Distribution == in.Distribution {
					t = append(t, target)
				}
			}
			if in.Release != (nixconf.Version{}) {
				return nixconf.Targets{{Distribution: in.Distribution, From: in.Release, To: in.Release}}
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
