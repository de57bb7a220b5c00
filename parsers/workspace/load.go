package workspace

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"sort"
	"strings"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

// Options say what a workspace is made of.
type Options struct {
	// Dir is the working directory; "" means that of the process. Paths are relative to it, and shown relative to it.
	Dir string
	// Paths are files, which are always taken, and directories, which are walked. None means Dir. "-" is Stdin.
	Paths []string
	// Stdin is the text behind the path "-", and StdinName the path that it stands for. Without a name, the content
	// decides the kind.
	Stdin     []byte
	StdinName string
	// Exclude are doublestar patterns, relative to ExcludeBase; a directory that matches is not walked.
	Exclude     []string
	ExcludeBase string
	// ForceExclude applies Exclude to the files named in Paths too.
	ForceExclude bool
	// Targets are the versions of the consumers; the zero value means DefaultTargets.
	Targets Targets
	// Formats are the kinds of file that are found and opened; nil means Builtin.
	Formats []Format
	// Files is what is read; nil means the disk.
	Files files.Tree
}

// Load finds the files of a workspace. The error is about the options alone: files that cannot be read are in
// Workspace.Errors.
func Load(opts Options) (*Workspace, error) {
	dir := opts.Dir
	if dir == "" {
		dir = "."
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding the working directory: %w", err)
	}
	targets := opts.Targets
	if targets.Nix == nil {
		targets.Nix = nixconf.DefaultTargets()
	}
	base := opts.ExcludeBase
	if base == "" {
		base = dir
	}
	exclude, err := newExclusion(base, opts.Exclude)
	if err != nil {
		return nil, err
	}
	w := &Workspace{Targets: targets, dir: dir, formats: opts.Formats, under: opts.Files}
	if w.formats == nil {
		w.formats = Builtin()
	}
	if w.under == nil {
		w.under = files.Disk{}
	}
	w.tree = w.under
	l := loader{w: w, opts: opts, exclude: exclude, seen: map[string]bool{}}
	paths := opts.Paths
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, p := range paths {
		l.add(p)
	}
	sort.SliceStable(w.Entries, func(i, j int) bool { return w.Entries[i].Path < w.Entries[j].Path })
	return w, nil
}

type loader struct {
	w       *Workspace
	opts    Options
	exclude exclusion
	seen    map[string]bool

	buffer []byte // of contents
}

func (l *loader) add(path string) {
	if path == "-" {
		l.addStdin()
		return
	}
	abs := path
	if !filepath.IsAbs(abs) {
		abs = filepath.Join(l.w.dir, path)
	}
	abs = filepath.Clean(abs)
	info, err := l.w.tree.Stat("", abs)
	if err == nil {
		_, err = files.Follow(l.w.tree, l.w.dir, abs)
	}
	switch {
	case err != nil:
		l.fail(abs, err)
	case info.IsDir():
		l.walk(abs)
	case l.opts.ForceExclude && l.excluded(abs):
		l.skip(abs, "excluded by the configuration")
	case !info.Mode().IsRegular():
		l.fail(abs, files.ErrNotRegular)
	default:
		l.take(abs, true)
	}
}

// addStdin adds the text of standard input, which overlays the file of its name.
func (l *loader) addStdin() {
	name := l.opts.StdinName
	text := l.opts.Stdin
	if text == nil {
		text = []byte{}
	}
	e := &Entry{Path: "<stdin>", Abs: filepath.Join(l.w.dir, "<stdin>"), Stdin: true}
	if name != "" {
		e.Abs = name
		if !filepath.IsAbs(name) {
			e.Abs = filepath.Join(l.w.dir, name)
		}
		e.Path = l.w.show(e.Abs)
		if l.excluded(e.Abs) {
			l.skip(e.Abs, "excluded by the configuration")
			return
		}
		e.Kind = files.KindByPath(e.Abs)
	}
	if e.Kind == files.KindScript && !mentionsNixConf(text) {
		e.Kind = files.KindUnknown
	}
	if e.Kind == files.KindUnknown || files.IsJSON(name) && !e.Kind.Hosts() {
		e.Kind = kindByContent(source.NewFile(e.Path, text), e.Kind)
	}
	if e.Kind == files.KindUnknown {
		e.Kind = l.claimed(e.Path, func() []byte { return text })
	}
	if e.Kind == files.KindUnknown {
		l.skip(e.Abs, "neither a Dockerfile, nor a nix.conf, nor a seccomp profile; --stdin-filename says which it is")
		return
	}
	l.seen[e.Abs] = true
	l.w.overlay = map[string][]byte{e.Abs: text}
	l.w.tree = files.Overlay(l.w.under, l.w.overlay)
	l.w.Entries = append(l.w.Entries, e)
}

// claimed returns the kind of the first format that claims a file, KindUnknown where none does.
func (l *loader) claimed(name string, text func() []byte) files.Kind {
	for _, f := range l.w.formats {
		if f.Claims != nil && f.Claims(filepath.ToSlash(name), text) {
			return f.Kind
		}
	}
	return files.KindUnknown
}

// claimedFile is like claimed, for a file of the tree.
func (l *loader) claimedFile(abs string) files.Kind {
	return l.claimed(l.w.show(abs), func() []byte { return l.contents(abs) })
}

// take adds a file. A file that the user named is of the kind that its name or content says; one that was
// found by walking must not be a source file that merely has such a name.
func (l *loader) take(abs string, named bool) {
	if l.seen[abs] {
		return
	}
	l.seen[abs] = true
	if kind := l.kind(abs, named); kind != files.KindUnknown {
		l.w.Entries = append(l.w.Entries, &Entry{Path: l.w.show(abs), Abs: abs, Kind: kind})
	}
}

// kind returns the kind of a file. Where it has none although the user named it or its name suggests one, it records
// why.
func (l *loader) kind(abs string, named bool) files.Kind {
	base := filepath.Base(abs)
	kind := files.KindByPath(abs)
	if kind == files.KindScript || kind == files.KindUnknown && files.MayBeScript(base) {
		kind = l.w.scriptKind(abs, kind)
	}
	if kind == files.KindUnknown && files.IsYAML(base) {
		kind = l.yamlKind(abs)
	}
	if kind == files.KindUnknown && !files.IsJSON(base) {
		if kind = l.claimedFile(abs); kind != files.KindUnknown || !named {
			return kind
		}
		if kind = files.DockerfileByName(base); kind == files.KindUnknown {
			l.skip(abs, "its name is not that of a Dockerfile, nix.conf or seccomp profile")
		}
		return kind
	}
	if files.IsJSON(base) && !kind.Hosts() {
		return l.jsonKind(abs, kind, named)
	}
	return kind
}

// jsonKind returns the kind of a JSON file, which its content says; byName is what the name says.
func (l *loader) jsonKind(abs string, byName files.Kind, named bool) files.Kind {
	f, err := l.w.read(abs)
	if err != nil {
		if named || byName != files.KindUnknown {
			l.fail(abs, err)
		}
		return files.KindUnknown
	}
	if strings.EqualFold(filepath.Base(abs), "daemon.json") && mayName(f.Bytes) {
		l.w.naming = append(l.w.naming, abs)
	}
	kind := kindByContent(f, byName)
	if kind == files.KindUnknown {
		kind = l.claimed(f.Path, func() []byte { return f.Bytes })
	}
	if kind == files.KindUnknown && named {
		l.skip(abs, "a JSON file that is not a seccomp profile")
	}
	return kind
}

// yamlKind returns the kind of a YAML file whose name does not decide it, and records the file where it may name
// profiles. A search for the necessary words rules out most files.
func (l *loader) yamlKind(abs string) files.Kind {
	b := l.contents(abs)
	if mayName(b) {
		l.w.naming = append(l.w.naming, abs)
	}
	if seccomp.MentionsResource(b) && seccomp.Sniff(source.NewFile(abs, b)) {
		return files.KindSeccomp
	}
	return files.KindUnknown
}

// contents returns the bytes of a file, which are good until the next call; nil where it cannot be read or is too
// large.
func (l *loader) contents(abs string) []byte {
	b, err := files.ReadInto(l.w.tree, "", abs, l.buffer)
	if err != nil {
		return nil
	}
	l.buffer = b
	return b
}

// walk adds the files below a directory whose names or, for JSON and YAML, whose content say that sandlint reads them.
// What git ignores is left out, and so are symbolic links to directories and links that leave the workspace's root.
func (l *loader) walk(top string) {
	root := l.w.root(top)
	err := files.Walk(l.w.tree, root, top, func(v *files.Visit) error {
		switch {
		case v.Err != nil:
			l.fail(v.Name, v.Err)
			return nil
		case v.Entry.IsDir():
			if v.Name != top && l.excluded(v.Name) {
				return fs.SkipDir
			}
			return nil
		case !l.wanted(v) || v.Ignored() || l.excluded(v.Name):
			return nil
		}
		if l.readable(v, root) {
			l.take(v.Name, false)
		}
		return nil
	})
	if err != nil {
		l.fail(top, err)
	}
}

// wanted reports whether the name and mode of a file suggest that it has a kind.
func (l *loader) wanted(v *files.Visit) bool {
	base := v.Entry.Name()
	if files.KindByPath(v.Name) != files.KindUnknown || files.IsJSON(base) || files.IsYAML(base) {
		return true
	}
	if files.MayBeScript(base) {
		// A script without extension is run directly, so it is executable.
		if info, err := v.Entry.Info(); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
			return true
		}
	}
	return v.Entry.Type().IsRegular() && l.claimedFile(v.Name) != files.KindUnknown
}

// readable reports whether a file that was found may be read: it is a regular file, or a link to one below root.
// Otherwise it records why not.
func (l *loader) readable(v *files.Visit, root string) bool {
	if v.Entry.Type().IsRegular() {
		return true
	}
	if files.IsYAML(v.Entry.Name()) && files.KindByPath(v.Name) == files.KindUnknown {
		return false // few YAML files are of a kind, so not reading this one is not worth a report
	}
	if v.Entry.Type()&fs.ModeSymlink == 0 {
		l.fail(v.Name, files.ErrNotRegular)
		return false
	}
	info, err := l.w.tree.Stat("", v.Name)
	if err != nil {
		l.fail(v.Name, err)
		return false
	}
	if info.IsDir() {
		return false
	}
	target, err := l.w.tree.Real(v.Name)
	if realRoot, rootErr := l.w.tree.Real(root); err != nil || rootErr != nil || !files.Inside(realRoot, target) {
		l.skip(v.Name, "a symbolic link out of the workspace")
		return false
	}
	return true
}

func (l *loader) excluded(abs string) bool { return l.exclude.match(abs) }

func (l *loader) fail(abs string, err error) {
	// The path is shown already, in the user's spelling.
	l.w.Errors = append(l.w.Errors, FileError{Path: l.w.show(abs), Err: files.Cause(err)})
}

func (l *loader) skip(abs, reason string) {
	l.w.Skipped = append(l.w.Skipped, Skipped{Path: l.w.show(abs), Reason: reason})
}

// show returns the path of a file for people.
func (w *Workspace) show(abs string) string {
	if rel, err := filepath.Rel(w.dir, abs); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return filepath.ToSlash(abs)
}
