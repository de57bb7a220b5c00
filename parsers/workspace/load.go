package workspace

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixexpr"
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
	// NoGitignore makes the search go where git ignores files.
	NoGitignore bool
	// ForceExclude applies Exclude to the files named in Paths too.
	ForceExclude bool
	// Excluded, where it is not nil, says which other files and folders are left out, by their absolute paths.
	Excluded func(abs string) bool
	// Targets are the versions of the consumers; the zero value means DefaultTargets.
	Targets Targets
	// TargetsOf returns the versions that the file at an absolute path is for, where these differ by file; nil means
	// Targets for all. It is called from several goroutines, and returns the same pointer for the same versions.
	TargetsOf func(abs string) *Targets
	// Formats are the kinds of file that are found and opened; nil means Builtin.
	Formats []Format
	// OneRun says that the workspace is looked at once, right after it is loaded: all its snapshots are one, which
	// begins with what Load has read.
	OneRun bool
	// Files is what is read; nil means the disk.
	Files files.Tree
	// Meter bounds the work on the files; nil bounds nothing. Files should be a files.Metered of it.
	Meter *source.Meter
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
	if slices.Contains(opts.Paths, "") {
		return nil, errors.New("a path is empty")
	}
	under := opts.Files
	if under == nil {
		under = files.Disk{}
	}
	if real, err := under.Real(dir); err == nil {
		dir = real // a relative path means what it means to the kernel
	}
	targets := opts.Targets
	if targets.Nix == nil {
		targets.Nix = nixconf.DefaultTargets()
	}
	base := opts.ExcludeBase
	if base == "" {
		base = dir
	}
	exclude, err := NewPatterns(base, opts.Exclude)
	if err != nil {
		return nil, err
	}
	w := &Workspace{Targets: targets, dir: dir, formats: opts.Formats, under: under, opts: opts}
	if w.formats == nil {
		w.formats = Builtin()
	}
	w.tree = w.under
	l := loader{w: w, seen: w.Snapshot(), opts: opts, exclude: exclude, entries: map[string]*Entry{},
		known: map[string]*Entry{}, reasons: map[string]string{}}
	paths := opts.Paths
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, p := range paths {
		l.add(p)
	}
	l.follow()
	if opts.OneRun {
		defer func() { w.kept = l.view() }()
	}
	for _, abs := range l.undecided {
		if e := l.known[abs]; e != nil {
			e.Named, e.Certain = true, true
		} else {
			l.skip(Skipped{Path: abs, Reason: l.reasons[abs], Named: true})
		}
	}
	sort.SliceStable(w.Entries, func(i, j int) bool { return w.Entries[i].Path < w.Entries[j].Path })
	return w, nil
}

type loader struct {
	w       *Workspace
	seen    *Workspace // a snapshot of w, which lacks what was found since
	opts    Options
	exclude Patterns
	entries map[string]*Entry // by the path with all symbolic links followed; nil for a file that has no kind
	known   map[string]*Entry // by every path by which it was found

	// What may use other files, for follow: the folders that were searched, files that were named and have no kind by
	// themselves with the reasons for that, folders whose bake files and the like say what is built, and scripts.
	tops      []string
	undecided []string
	reasons   map[string]string
	folders   []string
	scripts   []string

	buffer []byte // of contents
}

// Reload finds the files anew as they are with the texts of With: a file that an edit made another one copy is linked
// to it then, and judged as that one's images need it.
func (w *Workspace) Reload() (*Workspace, error) {
	opts := w.opts
	opts.OneRun = false
	under := opts.Files
	if under == nil {
		under = files.Disk{}
	}
	texts := w.overlay.all()
	opts.Files = files.Overlay(under, texts)
	again, err := Load(opts)
	if err != nil {
		return nil, err
	}
	return again.With(texts), nil
}

// view returns a snapshot of the workspace as it is now, with all that was read so far.
func (l *loader) view() *Workspace {
	v := *l.w
	v.under, v.overlay, v.tree, v.cache = l.seen.under, l.seen.overlay, l.seen.tree, l.seen.cache
	v.surveyed = newSurvey(&v)
	v.surveyed.folders = l.seen.surveyed.folders
	v.oneRun = l.opts.OneRun
	return &v
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
		l.walk(l.canonicalDir(abs))
	case l.opts.ForceExclude && l.excluded(abs):
		l.skip(Skipped{Path: abs, Reason: excluded, Named: true, Excluded: true})
	case !info.Mode().IsRegular():
		l.fail(abs, files.ErrNotRegular)
	default:
		l.take(abs, true)
	}
}

const (
	excluded = "excluded by the configuration"
	ignored  = "git ignores it"
)

// addStdin adds the text of standard input, which overlays the file of its name.
func (l *loader) addStdin() {
	name := l.opts.StdinName
	text := l.opts.Stdin
	if text == nil {
		text = []byte{}
	}
	e := &Entry{
		Path: "<stdin>", Abs: filepath.Join(l.w.dir, "<stdin>"), Stdin: true, Named: true, Certain: true,
	}
	if name != "" {
		e.Abs = name
		if !filepath.IsAbs(name) {
			e.Abs = filepath.Join(l.w.dir, name)
		}
		e.Path = l.w.show(e.Abs)
		if l.excluded(e.Abs) {
			l.skip(Skipped{Path: e.Abs, Reason: excluded, Named: true, Excluded: true})
			return
		}
	}
	var reason string
	e.Kind, reason = l.namedKind(e.Abs, source.NewFile(e.Path, text))
	if e.Kind == files.KindUnknown {
		if name == "" {
			reason = "neither a Dockerfile, nor a nix.conf, nor a seccomp profile; --stdin-filename says which it is"
		}
		l.skip(Skipped{Path: e.Abs, Reason: reason, Named: true})
		return
	}
	l.entries[e.Abs], l.known[e.Abs] = e, e
	l.w.overlay = newOverlay(l.w.under, map[string][]byte{e.Abs: text})
	l.w.tree = l.w.overlay.over(l.w.under)
	l.seen = l.w.Snapshot()
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

// entryBytes is about how many bytes are kept for an entry while a workspace is looked at.
const entryBytes = 8 << 10

// take adds a file under a path by which it was found. A file that the user named is of the kind that its name or
// content says; one that was found by walking must have the name of one.
func (l *loader) take(abs string, named bool) {
	if e, seen := l.known[abs]; seen && (e != nil || !named) {
		if e != nil && named {
			e.Named, e.Certain = true, true
		}
		return
	}
	kind := l.kind(abs, named)
	if kind == files.KindUnknown {
		l.known[abs] = nil
		return
	}
	path, real := l.seen.canonical(abs)
	e := l.entries[real]
	if e == nil {
		e = &Entry{Path: l.w.show(path), Abs: path, Kind: kind}
		l.entries[real] = e
		l.w.Entries = append(l.w.Entries, e)
		l.w.Keep(entryBytes)
	}
	l.known[abs], l.known[e.Abs] = e, e
	if abs != e.Abs && !slices.Contains(e.Links, abs) {
		e.Links = append(e.Links, abs)
	}
	e.Named = e.Named || named
	e.Certain = e.Certain || named || e.Kind == files.KindNixConf && inNixPlace(abs)
}

// canonicalDir returns the path of a folder, with symbolic links followed as canonical does. A folder of another
// repository is known by its own path, so what that ignores and holds beside it counts.
func (l *loader) canonicalDir(abs string) string {
	path, real := l.seen.canonical(abs)
	if files.Root(l.w.tree, "", path) == "" && files.Root(l.w.tree, "", real) != "" {
		return real
	}
	return path
}

// kind returns the kind of a file. Where it has none although the user named it or its name suggests one, it records
// why.
func (l *loader) kind(abs string, named bool) files.Kind {
	base := filepath.Base(abs)
	if named {
		f, err := l.w.read(abs)
		if err != nil {
			l.fail(abs, err)
			return files.KindUnknown
		}
		kind, reason := l.namedKind(abs, f)
		if kind == files.KindUnknown && l.reasons[abs] == "" {
			l.undecided, l.reasons[abs] = append(l.undecided, abs), reason
		}
		return kind
	}
	kind := files.KindByPath(abs)
	switch {
	case kind == files.KindModule:
		if !nixexpr.MayConfigure(l.contents(abs)) {
			return files.KindUnknown
		}
	case kind == files.KindScript, kind == files.KindUnknown && files.MayBeScript(base):
		kind = l.scriptKind(abs, kind)
	case kind == files.KindUnknown && files.IsYAML(base):
		kind = l.yamlKind(abs)
	case kind == files.KindCompose:
		if mayName(l.contents(abs)) {
			l.w.naming = append(l.w.naming, abs)
		}
	case files.IsJSON(base) && !kind.Hosts():
		return l.jsonKind(abs, kind)
	}
	if kind == files.KindUnknown {
		if kind = l.claimedFile(abs); kind == files.KindEngine && mayName(l.contents(abs)) {
			l.w.naming = append(l.w.naming, abs)
		}
		if kind == files.KindQuadlet && filepath.Ext(abs) == ".build" {
			l.folders = append(l.folders, filepath.Dir(abs))
		}
	}
	return kind
}

// namedKind returns the kind of a file that the user named, which its content may say as well; where it has none, why.
func (l *loader) namedKind(abs string, f *source.File) (kind files.Kind, reason string) {
	base := filepath.Base(abs)
	templates := "" // why a part of it is not checked
	kind = files.KindByPath(abs)
	if kind.Hosts() {
		return kind, ""
	}
	if kind == files.KindCompose {
		l.folders = append(l.folders, filepath.Dir(abs))
		if mayName(f.Bytes) {
			l.w.naming = append(l.w.naming, abs)
		}
		return kind, ""
	}
	if files.IsYAML(base) || files.IsJSON(base) {
		if mayName(f.Bytes) {
			l.w.naming = append(l.w.naming, abs)
		}
		if files.IsJSON(base) {
			kind = kindByContent(f, kind)
		} else {
			templates = templatesIn(f)
			if hasProfile(f) {
				kind = files.KindSeccomp
				if templates != "" {
					l.skip(Skipped{Path: abs, Reason: templates})
				}
			}
		}
	} else if kind == files.KindUnknown {
		kind = kindByContent(f, kind)
	}
	if kind == files.KindDockerfile {
		text := bytes.TrimPrefix(f.Bytes, []byte("\ufeff"))
		switch {
		case diffHeader().Match(text):
			return files.KindUnknown, "it is a patch"
		case bytes.HasPrefix(text, []byte("#!")) && !looksLikeDockerfile(f):
			if kind = files.KindUnknown; isShellScript(text) {
				kind = files.KindScript
			}
			return kind, "it is a script, in a language that sandlint does not read"
		}
	}
	if kind == files.KindUnknown {
		kind = l.claimed(f.Path, func() []byte { return f.Bytes })
		if kind == files.KindEngine && !files.IsJSON(base) && mayName(f.Bytes) {
			l.w.naming = append(l.w.naming, abs)
		}
	}
	lower := strings.ToLower(base)
	switch {
	case kind == files.KindBake:
		l.folders = append(l.folders, filepath.Dir(abs))
		return kind, ""
	case kind != files.KindUnknown:
		return kind, ""
	case templates != "":
		return kind, templates
	case files.IsJSON(base) && mentionsProfile(f.Bytes) && isProfileTemplate(f):
		return kind, profileTemplate
	case files.IsJSON(base), files.IsYAML(base):
		return kind, "it holds no seccomp profile"
	case strings.HasSuffix(lower, "ignore"):
		return kind, "it is a list of patterns"
	case strings.Contains(lower, "dockerfile"), strings.Contains(lower, "containerfile"):
		return files.KindDockerfile, ""
	}
	return kind, "neither its name nor its content is that of a Dockerfile, nix.conf or seccomp profile"
}

// jsonKind returns the kind of a JSON file, which its content says; byName is what the name says.
func (l *loader) jsonKind(abs string, byName files.Kind) files.Kind {
	f, err := l.w.read(abs)
	if err != nil {
		if byName != files.KindUnknown {
			l.fail(abs, err)
		}
		return files.KindUnknown
	}
	if strings.EqualFold(filepath.Base(abs), "daemon.json") && mayName(f.Bytes) {
		l.w.naming = append(l.w.naming, abs)
	}
	kind := kindByContent(f, byName)
	if kind == files.KindUnknown && mentionsProfile(f.Bytes) && isProfileTemplate(f) {
		l.skip(Skipped{Path: abs, Reason: profileTemplate})
	}
	if kind == files.KindUnknown {
		kind = l.claimed(f.Path, func() []byte { return f.Bytes })
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
	f := source.NewFile(abs, b)
	if reason := templatesIn(f); reason != "" {
		l.skip(Skipped{Path: abs, Reason: reason})
	}
	if hasProfile(f) {
		return files.KindSeccomp
	}
	return files.KindUnknown
}

// profileTemplate is the reason for which a file is not checked.
const profileTemplate = "it is a template of a seccomp profile"

// templatesIn says which profiles in the ConfigMaps of a YAML file are not checked, since Helm fills them in; "" for
// none.
func templatesIn(f *source.File) string {
	_, templates := inConfigMaps(f)
	switch len(templates) {
	case 0:
		return ""
	case 1:
		return templates[0] + " is a template of a seccomp profile"
	}
	return strings.Join(templates, ", ") + " are templates of seccomp profiles"
}

// contents returns the bytes of a file, which are good until the next call; nil where it cannot be read or is too
// large.
func (l *loader) contents(abs string) []byte {
	b, err := files.ReadInto(l.seen.tree, "", abs, l.buffer)
	if err != nil {
		return nil
	}
	l.buffer = b
	return b
}

// walk adds the files below a directory whose names or, for JSON and YAML, whose content say that sandlint reads them.
// What git ignores is left out, and so are symbolic links to directories and links that leave the workspace's root.
func (l *loader) walk(top string) {
	root := l.seen.root(top)
	l.tops = append(l.tops, top)
	opts := files.WalkOptions{Root: root, NoGitignore: l.opts.NoGitignore}
	err := files.Walk(l.seen.tree, opts, top, func(v *files.Visit) error {
		switch {
		case v.Err != nil:
			l.fail(v.Name, v.Err)
			return nil
		case v.Pruned:
			l.skip(Skipped{Path: v.Name + string(filepath.Separator), Reason: ignored})
			return nil
		case v.Entry.IsDir():
			if v.Name != top && l.excluded(v.Name) {
				l.skip(Skipped{Path: v.Name + string(filepath.Separator), Reason: excluded, Excluded: true})
				return fs.SkipDir
			}
			return nil
		}
		if base := v.Entry.Name(); describesBuilds(base) {
			if dir := filepath.Dir(v.Name); len(l.folders) == 0 || l.folders[len(l.folders)-1] != dir {
				l.folders = append(l.folders, dir)
			}
		}
		if !l.wanted(v) {
			return nil
		}
		if l.excluded(v.Name) {
			if l.entries[v.Name] == nil && files.KindByPath(v.Name) != files.KindUnknown {
				l.skip(Skipped{Path: v.Name, Reason: excluded, Excluded: true})
			}
			return nil
		}
		if v.Ignored() {
			if files.KindByPath(v.Name) != files.KindUnknown {
				l.skip(Skipped{Path: v.Name, Reason: ignored})
			}
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
		l.skip(Skipped{Path: v.Name, Reason: "a symbolic link out of the workspace"})
		return false
	}
	return true
}

func (l *loader) excluded(abs string) bool {
	return l.exclude.Match(abs) || l.opts.Excluded != nil && l.opts.Excluded(abs)
}

func (l *loader) fail(abs string, err error) {
	// The path is shown already, in the user's spelling.
	l.w.Errors = append(l.w.Errors, FileError{Path: l.w.show(abs), Err: files.Cause(err)})
}

func (l *loader) skip(s Skipped) {
	s.Path = l.w.show(s.Path)
	l.w.Skipped = append(l.w.Skipped, s)
}

// Shown returns the path of the file at an absolute path as findings and errors show it.
func (w *Workspace) Shown(abs string) string { return w.show(abs) }

// show returns the path of a file for people.
func (w *Workspace) show(abs string) string {
	end := ""
	if len(abs) > 1 && os.IsPathSeparator(abs[len(abs)-1]) {
		end = "/" // a folder
	}
	if rel, err := filepath.Rel(w.dir, abs); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel) + end
	}
	return filepath.ToSlash(abs)
}
