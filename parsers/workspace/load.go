package workspace

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/go-git/go-git/v5/plumbing/format/gitignore"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

// MaxFileSize is the size in bytes above which a file is not read. No real file of the three kinds comes near it.
const MaxFileSize = 16 << 20

// maxKept is the size in bytes up to which a file is kept that was read to tell its kind.
const maxKept = 16 << 10

// Options say what a workspace is made of.
type Options struct {
	// Dir is the working directory; "" means that of the process. Paths are relative to it, and shown relative to it.
	Dir string
	// Paths are files, which are always taken, and directories, which are walked. None means Dir. "-" is Stdin.
	Paths []string
	// Stdin is the text behind the path "-", and StdinName the path that it stands for. Without a name the kind is
	// told by the content.
	Stdin     []byte
	StdinName string
	// Exclude are doublestar patterns, relative to ExcludeBase; a directory that matches is not walked.
	Exclude     []string
	ExcludeBase string
	// ForceExclude applies Exclude to the files named in Paths too.
	ForceExclude bool
	// Targets are the versions of the consumers; the zero value means DefaultTargets.
	Targets Targets
}

// Skipped is a file that was named, or found by its name, and not looked at.
type Skipped struct {
	Path   string
	Reason string
}

// FileError is a file that could not be read.
type FileError struct {
	Path string
	Err  error
}

func (e FileError) Error() string { return fmt.Sprintf("reading %s: %v", e.Path, e.Err) }

// ForeignError says that a file named like a nix.conf belongs to another program.
type ForeignError struct{}

func (ForeignError) Error() string {
	return "no line of it is a setting of Nix; it seems to belong to another program"
}

// Entry is one file of a workspace.
type Entry struct {
	// Path is the file as shown to people: relative to the working directory where it lies below it, with slashes.
	Path string
	// Abs is its absolute path.
	Abs string
	// Kind is what it is for.
	Kind Kind
	// Stdin says that its text came from standard input.
	Stdin bool

	text []byte // of standard input, and of a small file that had to be read to tell its kind; else nil
}

// Workspace is a set of files, and what it takes to read their neighbours. It is safe for concurrent use.
type Workspace struct {
	// Targets are the versions of the consumers that the files are for.
	Targets Targets
	// Entries are the files to look at, in order of path.
	Entries []*Entry
	// Skipped are the files that were not taken.
	Skipped []Skipped
	// Errors are the files and directories that could not be read during the walk.
	Errors []FileError

	dir     string
	overlay map[string][]byte // by absolute path
	naming  []string          // absolute paths of the files that may name profiles, in order
	shared  *shared
}

// shared is what a workspace and its derivations have in common.
type shared struct {
	repositories sync.Map // directory → the repository's root
	neighbours   sync.Map // absolute path → *neighbour
	builds       sync.Map // directory → func() []build
	composes     sync.Map // absolute path → func() []link
	copied       func() copies
	links        func() []link
}

// Load finds the files of a workspace. The error is about the options alone: files that cannot be read are in Workspace.Errors.
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
	for _, pattern := range opts.Exclude {
		if !doublestar.ValidatePattern(pattern) {
			return nil, fmt.Errorf("exclude pattern %q is malformed", pattern)
		}
	}
	w := &Workspace{Targets: targets, dir: dir, shared: &shared{}}
	w.shared.copied = sync.OnceValue(w.copiedFiles)
	w.shared.links = sync.OnceValue(func() []link { return w.linksIn(w.naming) })
	l := loader{w: w, opts: opts, seen: map[string]bool{}}
	if l.opts.ExcludeBase == "" {
		l.opts.ExcludeBase = dir
	}
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

// With returns the workspace in which the given files, by absolute path, hold other text.
func (w *Workspace) With(overlay map[string][]byte) *Workspace {
	merged := make(map[string][]byte, len(w.overlay)+len(overlay))
	for p, b := range w.overlay {
		merged[p] = b
	}
	for p, b := range overlay {
		merged[p] = b
	}
	derived := *w
	derived.overlay = merged
	derived.shared = &shared{copied: w.shared.copied, links: w.shared.links} // a fix changes no COPY, and no path of a profile
	return &derived
}

// Dir returns the working directory, absolute.
func (w *Workspace) Dir() string { return w.dir }

type loader struct {
	w    *Workspace
	opts Options
	seen map[string]bool

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
	info, err := os.Stat(abs)
	switch {
	case err != nil:
		l.fail(abs, err)
	case info.IsDir():
		l.walk(abs)
	case l.opts.ForceExclude && l.excluded(abs):
		l.skip(abs, "excluded by the configuration")
	case !info.Mode().IsRegular():
		l.fail(abs, errors.New("not a regular file"))
	default:
		l.take(abs, true)
	}
}

func (l *loader) addStdin() {
	name := l.opts.StdinName
	e := &Entry{Path: "<stdin>", Abs: filepath.Join(l.w.dir, "<stdin>"), Stdin: true, text: l.opts.Stdin}
	if e.text == nil {
		e.text = []byte{}
	}
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
		e.Kind = kindByPath(e.Abs)
	}
	if e.Kind == KindScript && !mentionsNixConf(e.text) {
		e.Kind = KindUnknown
	}
	if e.Kind == KindUnknown || isJSON(name) && !e.Kind.Hosts() {
		e.Kind = kindByContent(source.NewFile(e.Path, e.text), e.Kind)
	}
	if e.Kind == KindUnknown {
		l.skip(e.Abs, "neither a Dockerfile, nor a nix.conf, nor a seccomp profile; --stdin-filename tells which")
		return
	}
	l.seen[e.Abs] = true
	l.w.Entries = append(l.w.Entries, e)
}

// take adds a file. A file that the user named is of the kind that its name or content says; one that was
// found by walking must not be a source file that merely has such a name.
func (l *loader) take(abs string, named bool) {
	if l.seen[abs] {
		return
	}
	l.seen[abs] = true
	base := filepath.Base(abs)
	kind := kindByPath(abs)
	if kind == KindScript || kind == KindUnknown && mayBeScript(base) {
		kind = l.w.scriptKind(abs, kind)
	}
	if kind == KindUnknown && isYAML(base) {
		kind = l.yamlKind(abs)
	}
	if kind == KindUnknown && !isJSON(base) {
		if !named {
			return
		}
		if kind = dockerfileByName(base); kind == KindUnknown {
			l.skip(abs, "neither a Dockerfile, nor a nix.conf, nor a seccomp profile by its name")
			return
		}
	}
	var text []byte
	if isJSON(base) && !kind.Hosts() {
		f, err := l.w.read(abs)
		if err == nil && len(f.Bytes) <= maxKept {
			text = f.Bytes
		}
		switch {
		case err != nil:
			if named || kind != KindUnknown {
				l.fail(abs, err)
			}
			return
		default:
			if strings.EqualFold(base, "daemon.json") && mayName(f.Bytes) {
				l.w.naming = append(l.w.naming, abs)
			}
			if kind = kindByContent(f, kind); kind == KindUnknown {
				if named {
					l.skip(abs, "a JSON file that is no seccomp profile")
				}
				return
			}
		}
	}
	l.w.Entries = append(l.w.Entries, &Entry{Path: l.w.show(abs), Abs: abs, Kind: kind, text: text})
}

// yamlKind tells the kind of a YAML file that has none by its name, and keeps it in mind where it may name profiles. Most files have neither of the words
// that it takes.
func (l *loader) yamlKind(abs string) Kind {
	b := l.contents(abs)
	if mayName(b) {
		l.w.naming = append(l.w.naming, abs)
	}
	if seccomp.MentionsResource(b) && seccomp.Sniff(source.NewFile(abs, b)) {
		return KindSeccomp
	}
	return KindUnknown
}

// contents returns the bytes of a file, which are good until the next call; nil where it cannot be read or is too large.
func (l *loader) contents(abs string) []byte {
	f, err := os.Open(abs)
	if err != nil {
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > MaxFileSize {
		return nil
	}
	if n := int(info.Size()); cap(l.buffer) < n {
		l.buffer = make([]byte, n+n/2)
	}
	n, err := io.ReadFull(f, l.buffer[:info.Size()])
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return l.buffer[:n]
}

// walk adds the files below a directory whose names or, for JSON and YAML, whose content say that sandlint reads them. What git ignores is left
// out, and so are symbolic links to directories and links that leave the workspace's root.
func (l *loader) walk(top string) {
	root := l.w.root(top)
	ig := newIgnores(root, top)
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			l.fail(path, err)
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			if path != top && (d.Name() == ".git" || ig.match(path, true) || l.excluded(path)) {
				return fs.SkipDir
			}
			ig.enter(path)
			return nil
		}
		base := d.Name()
		if kindByPath(path) == KindUnknown && !isJSON(base) && !isYAML(base) {
			if !mayBeScript(base) {
				return nil
			}
			// A script without extension is run by its name, and so may be.
			if info, err := d.Info(); err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
				return nil
			}
		}
		if ig.match(path, false) || l.excluded(path) {
			return nil
		}
		if isYAML(base) && !d.Type().IsRegular() && kindByPath(path) == KindUnknown {
			return nil // few YAML files are ours, so that nobody asks why this one was not read
		}
		if d.Type()&fs.ModeSymlink != 0 {
			info, err := os.Stat(path)
			if err != nil {
				l.fail(path, err)
				return nil
			}
			if info.IsDir() {
				return nil
			}
			target, err := filepath.EvalSymlinks(path)
			if realRoot, rootErr := filepath.EvalSymlinks(root); err != nil || rootErr != nil || !inside(realRoot, target) {
				l.skip(path, "a symbolic link out of the workspace")
				return nil
			}
		} else if !d.Type().IsRegular() {
			l.fail(path, errors.New("not a regular file"))
			return nil
		}
		l.take(path, false)
		return nil
	})
	if err != nil {
		l.fail(top, err)
	}
}

func (l *loader) excluded(abs string) bool {
	if len(l.opts.Exclude) == 0 {
		return false
	}
	rel, err := filepath.Rel(l.opts.ExcludeBase, abs)
	if err != nil {
		return false
	}
	rel = filepath.ToSlash(rel)
	for _, pattern := range l.opts.Exclude {
		if ok, _ := doublestar.Match(strings.TrimSuffix(pattern, "/"), rel); ok {
			return true
		}
		// "vendor/**" leaves out the directory itself, and "vendor" everything below it.
		if ok, _ := doublestar.Match(strings.TrimSuffix(pattern, "/")+"/**", rel); ok {
			return true
		}
	}
	return false
}

func (l *loader) fail(abs string, err error) {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err // the path is shown already, in the user's spelling
	}
	l.w.Errors = append(l.w.Errors, FileError{Path: l.w.show(abs), Err: err})
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

func inside(root, path string) bool {
	rel, err := filepath.Rel(root, path)
	return err == nil && filepath.IsLocal(rel)
}

// ignores matches paths against the .gitignore files from a repository's root down.
type ignores struct {
	root     string
	patterns []gitignore.Pattern
	matcher  gitignore.Matcher
}

func newIgnores(root, top string) *ignores {
	ig := &ignores{root: root}
	ig.load(filepath.Join(root, ".git", "info", "exclude"), nil)
	if rel, err := filepath.Rel(root, top); err == nil && rel != "." {
		dir := root
		for _, part := range strings.Split(rel, string(filepath.Separator)) {
			ig.enter(dir)
			dir = filepath.Join(dir, part)
			if ig.match(dir, true) {
				ig.patterns, ig.matcher = nil, nil // whoever names an ignored folder wants what is in it
			}
		}
	}
	return ig
}

// enter adds the patterns of a directory's .gitignore.
func (ig *ignores) enter(dir string) { ig.load(filepath.Join(dir, ".gitignore"), ig.parts(dir)) }

func (ig *ignores) load(file string, domain []string) {
	b, err := os.ReadFile(file)
	if err != nil {
		return
	}
	for _, line := range strings.Split(string(b), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		ig.patterns = append(ig.patterns, gitignore.ParsePattern(line, domain))
		ig.matcher = nil
	}
}

func (ig *ignores) match(path string, isDir bool) bool {
	if len(ig.patterns) == 0 {
		return false
	}
	if ig.matcher == nil {
		ig.matcher = gitignore.NewMatcher(ig.patterns)
	}
	return ig.matcher.Match(ig.parts(path), isDir)
}

func (ig *ignores) parts(path string) []string {
	rel, err := filepath.Rel(ig.root, path)
	if err != nil || rel == "." {
		return nil
	}
	return strings.Split(rel, string(filepath.Separator))
}

// Reads returns the paths, as shown, of the other files of the workspace that the document's meaning depends on.
func (d *Document) Reads() []string {
	if d.Dockerfile == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(d.Dockerfile.reads))
}

// InImage reports whether a Dockerfile of the workspace copies the file into an image.
func (w *Workspace) InImage(f *source.File) bool { return w.shared.copied().files[f.Path] }

// copies are the files, by path as shown, that the workspace's Dockerfiles put into images, and the events that append to these copies.
type copies struct {
	files    map[string]bool
	appended map[string]*Event
}

func (w *Workspace) copiedFiles() copies {
	out := copies{map[string]bool{}, map[string]*Event{}}
	above := map[string]bool{} // the folders that hold a nix.conf, at whatever depth
	for _, e := range w.Entries {
		for dir := filepath.Dir(e.Abs); e.Kind == KindNixConf && !above[dir]; dir = filepath.Dir(dir) {
			above[dir] = true
		}
	}
	for _, e := range w.Entries {
		if e.Kind != KindDockerfile || !above[w.root(filepath.Dir(e.Abs))] {
			continue // nobody asks for other files
		}
		f, err := w.text(e)
		if err != nil || !bytes.Contains(f.Bytes, []byte("nix")) {
			continue
		}
		d := w.dockerfile(e, dockerfile.Parse(f))
		for path := range d.reads {
			out.files[path] = true
		}
		for _, img := range d.Images {
			for _, event := range img.Events {
				if event.Kind != WriteConfig || event.Text == nil || event.Text.Host != HostFile || event.ByInstaller {
					continue
				}
				if path := event.Text.Fragment.File.Path; out.appended[path] == nil {
					if next := event.NextAppend(); next != nil {
						out.appended[path] = next
					}
				}
			}
		}
	}
	return out
}

// Document is a parsed file. Exactly one of Dockerfile, NixText, Profile and Hosted is set.
type Document struct {
	Entry      *Entry
	Source     *source.File
	Dockerfile *Dockerfile
	NixText    *NixText
	// Profile is the first of Profiles, for a file of profiles.
	Profile *Profile
	Hosted  *Hosted
	// Profiles are the seccomp profiles in the file, in order: those of a file of profiles, or those in the labels of a Dockerfile.
	Profiles []*Profile
}

// Open reads and parses a file. The error is a ForeignError for a file that is none of ours after all. The document is not kept: the caller holds it as long as it is needed.
func (w *Workspace) Open(e *Entry) (*Document, error) {
	f, err := w.text(e)
	if err != nil {
		return nil, err
	}
	d := &Document{Entry: e, Source: f}
	switch e.Kind {
	case KindDockerfile:
		d.Dockerfile = w.dockerfile(e, dockerfile.Parse(f))
		d.Dockerfile.Profiles = d.Dockerfile.labelProfiles()
		d.Profiles = d.Dockerfile.Profiles
	case KindNixConf:
		if !e.Stdin && !LooksLikeNixConf(f) {
			return nil, ForeignError{}
		}
		d.NixText = w.nixFile(e, nixconf.Parse(source.WholeFile(f)))
	case KindSeccomp:
		d.Profiles = w.profiles(e, f)
		d.Profile = d.Profiles[0]
	case KindWorkflow, KindDevcontainer, KindFlake, KindScript:
		d.Hosted = w.hosted(e, f)
	default:
		return nil, fmt.Errorf("%s is of no kind that sandlint reads", e.Path)
	}
	return d, nil
}

// text returns the text of an entry.
func (w *Workspace) text(e *Entry) (*source.File, error) {
	if _, ok := w.overlay[e.Abs]; !ok && e.text != nil {
		return source.NewFile(e.Path, e.text), nil
	}
	return w.read(e.Abs)
}

// read reads a file of the workspace, from the overlay where it has the file.
func (w *Workspace) read(abs string) (*source.File, error) {
	if b, ok := w.overlay[abs]; ok {
		return source.NewFile(w.show(abs), b), nil
	}
	f, err := os.Open(abs)
	if err != nil {
		return nil, unwrapPath(err)
	}
	defer f.Close()
	return readOpen(f, w.show(abs))
}

func readOpen(f *os.File, name string) (*source.File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, unwrapPath(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	if info.Size() > MaxFileSize {
		return nil, fmt.Errorf("the file has %d MiB; sandlint reads no file above %d MiB", info.Size()>>20, MaxFileSize>>20)
	}
	b, err := io.ReadAll(io.LimitReader(f, MaxFileSize+1))
	switch {
	case err != nil:
		return nil, unwrapPath(err)
	case len(b) > MaxFileSize:
		return nil, fmt.Errorf("sandlint reads no file above %d MiB", MaxFileSize>>20)
	}
	return source.NewFile(name, b), nil
}

func unwrapPath(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// nixFile makes the model of a nix.conf file, with what it includes.
func (w *Workspace) nixFile(e *Entry, parsed *nixconf.File) *NixText {
	root := w.root(filepath.Dir(e.Abs))
	resolved := parsed.Resolve(filepath.ToSlash(e.Abs), func(path string) (*nixconf.File, error) {
		full := filepath.FromSlash(path)
		if !inside(root, full) {
			return nil, errors.New("outside the workspace")
		}
		f, err := w.neighbour(root, full)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, w.missing(root, full)
		}
		if err != nil {
			return nil, err
		}
		return nixconf.Parse(source.WholeFile(f)), nil
	})
	return &NixText{File: resolved, Host: HostFile, Path: e.Path, Targets: w.Targets.Nix}
}

// missing tells why a path below root is no file that can be read: fs.ErrNotExist when nothing is there, nixconf.ErrUnreadable for a directory, and
// another error when only what lies outside root could tell.
func (w *Workspace) missing(root, full string) error {
	rel, err := filepath.Rel(root, full)
	if err != nil {
		return err
	}
	r, err := os.OpenRoot(root)
	if err != nil {
		return unwrapPath(err)
	}
	defer r.Close()
	info, err := r.Lstat(rel)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fs.ErrNotExist
	case err != nil:
		return unwrapPath(err)
	case info.IsDir():
		return nixconf.ErrUnreadable
	}
	return errors.New("not a regular file of the workspace")
}
