// Package workspace is the shared model: it finds files, opens them as documents, and links them, so a rule can see
// that line 9 of a Dockerfile runs Nix before line 14 writes the nix.conf that Nix needed. It is only glue: the
// packages beside it know what a file means. Code that reads or interprets one format belongs there; this package holds
// the links between files (builds.go, copied.go, hosted.go, profile.go).
//
// It reads nothing outside the workspace's root, follows no symbolic link out of it, and runs nothing. It reads
// everything through one files.Tree.
package workspace

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// Workspace is a set of files, with all that is needed to read their neighbours. It is safe for concurrent use.
type Workspace struct {
	// Targets are the versions of the consumers that the files are for; For says whether one is for others.
	Targets Targets
	// Entries are the files to check, in order of path.
	Entries []*Entry
	// Skipped are the files that were not taken.
	Skipped []Skipped
	// Errors are the files and directories that could not be read during the walk.
	Errors []FileError

	dir     string
	formats []Format
	known   []*Entry // the Entries of a view of Observed
	naming  []string // absolute paths of the files that may name profiles, in order

	under    files.Tree   // what lies under the overlay
	overlay  *overlay     // nil for none
	tree     files.Tree   // what everything is read from
	cache    *files.Cache // nil outside of a snapshot
	surveyed *survey      // nil outside of a snapshot
	scripts  *shell.Cache // see Remembering
	live     bool         // what takes a look at all files is made anew where one of them changes
	opened   *opened      // nil unless it is live
	user     *user        // of what is opened; nil outside of Tracked
	kept     *Workspace   // the snapshot of all runs, with Options.OneRun; else nil
	oneRun   bool         // this is that snapshot, or made from it
	opts     Options      // that it was loaded with
	targets  *Targets     // Targets, where For has set them
}

// Entry is one file of a workspace.
type Entry struct {
	// Path is the file as shown to people: relative to the working directory where it lies below it, with slashes.
	Path string
	// Abs is its absolute path. Links are the absolute paths of the symbolic links by which it was found as well: a
	// file is one entry, however many names it has.
	Abs   string
	Links []string
	// Kind is what it is for.
	Kind files.Kind
	// Stdin says that its text came from standard input.
	Stdin bool
	// Named says that the user named the file itself, and Linked that another file uses it: includes it, copies it to
	// where Nix reads it, builds it, runs it.
	Named, Linked bool
	// Certain says that the file is of its kind whatever its text is: the user named it, another file of the workspace
	// uses it so, or it lies where Nix reads it. Of others the content must agree: see ForeignError.
	Certain bool

	// nix are the releases of Nix in the images that a nix.conf is copied to, nil where none is known.
	nix nixconf.Targets
}

// Skipped is a file that the user named, or whose name looks right, and that is not checked, or a folder that git
// ignores.
type Skipped struct {
	Path   string
	Reason string
	// Named says that the user named it, and Excluded that the user's configuration says so.
	Named, Excluded bool
}

// FileError is a file that could not be read.
type FileError struct {
	Path string
	Err  error
}

func (e FileError) Error() string { return fmt.Sprintf("reading %s: %v", e.Path, e.Err) }

// Is reports whether the entry is the file at an absolute path.
func (e *Entry) Is(abs string) bool { return e.Abs == abs || slices.Contains(e.Links, abs) }

// opened returns the path by which programs open the file: the one at which Nix reads it where a link has that.
func (e *Entry) opened() string {
	for _, link := range e.Links {
		if !inNixPlace(e.Abs) && inNixPlace(link) {
			return link
		}
	}
	return e.Abs
}

// Document is an opened file. Value is what its format makes of it; the other fields are the parts that rules check,
// whatever the format.
type Document struct {
	Entry  *Entry
	Source *source.File
	// Value is what the format makes of the whole file: *image.Dockerfile, *nixuse.Text, *nixuse.Hosted, []*Profile, or
	// what a format of another package returns.
	Value any
	// Dockerfile are the images that the file builds, and Nix is what they do with Nix; nil for files that build none.
	Dockerfile *image.Dockerfile
	Nix        *nixuse.Model
	// Texts are the nix.conf texts in it, in order of position.
	Texts []*nixuse.Text
	// Runs are the containers that the file starts, in order. Parts of one may stand in other files, such as Compose's
	// override file.
	Runs []*runs.Run
	// Ignored are the security options that the file gives to image builds, which ignore them.
	Ignored []runs.Option
	// Profiles are the seccomp profiles in it, in order: those of a file of profiles, or those in the labels of a
	// Dockerfile.
	Profiles []*Profile
}

// Reads returns the paths, as shown, of the other files of the workspace that the document's meaning depends on,
// sorted.
func (d *Document) Reads() []string {
	if d.Dockerfile == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(d.Dockerfile.Reads()))
}

// Format is a kind of file that a workspace knows.
type Format struct {
	// Kind is the kind.
	Kind files.Kind
	// Claims reports whether a file that no format before it in the list claims is of the kind, by its path, with
	// slashes, or its text, which costs a read. It is nil for the kinds that are found by files.KindByPath and by the
	// content: see Builtin.
	Claims func(name string, text func() []byte) bool
	// Open makes the document of a file. Entry and Source are filled in.
	Open func(*Workspace, *Entry, *source.File) (*Document, error)
}

// Dir returns the working directory, absolute.
func (w *Workspace) Dir() string { return w.dir }

// openCost is how many steps a byte of a file costs that is opened.
const openCost = 2

// Spend takes steps from the meter of the workspace, for work on its files.
func (w *Workspace) Spend(steps int) { w.opts.Meter.Spend(steps) }

// Metered reports whether the workspace has a meter.
func (w *Workspace) Metered() bool { return w.opts.Meter != nil }

// Keep takes bytes from the meter of the workspace, for what is kept as long as its files are looked at.
func (w *Workspace) Keep(bytes int) { w.opts.Meter.Keep(bytes) }

// Files returns what the workspace is read from, with the texts of With.
func (w *Workspace) Files() files.Tree { return w.tree }

// Snapshot returns the workspace as one run sees it: it reads a file once and does not see later changes on disk. The
// methods of a workspace that is not a snapshot see the files as they are at the time of the call.
func (w *Workspace) Snapshot() *Workspace {
	if w.kept != nil {
		return w.kept
	}
	s := *w
	if disk, ok := w.under.(files.Disk); ok {
		s.under = disk.Held()
		s.overlay = newOverlay(s.under, s.overlay.all())
		s.tree = s.overlay.over(s.under)
	}
	s.cache = files.NewCache()
	s.surveyed = newSurvey(&s)
	s.opened = nil
	return &s
}

// Remembering returns a view of a snapshot that keeps the scripts of Dockerfiles in a cache, for a caller that opens
// the same files again and again while their texts change. What is made from the view uses the cache too. Other than in
// a snapshot, an edit of one file also counts for what takes a look at all files, such as what the Dockerfiles copy.
func (w *Workspace) Remembering(scripts *shell.Cache) *Workspace {
	view := *w.snapshot()
	view.scripts, view.live, view.opened = scripts, true, new(opened)
	return &view
}

// WithScripts returns a view of a snapshot that keeps the scripts of Dockerfiles in a cache, as does what is made from
// it, for a caller that opens a file and then texts that differ little from it. It is w where that keeps them already.
func (w *Workspace) WithScripts(scripts *shell.Cache) *Workspace {
	if w.scripts != nil {
		return w
	}
	view := *w.snapshot()
	view.scripts = scripts
	return &view
}

// snapshot returns w where it is a snapshot, else one of it.
func (w *Workspace) snapshot() *Workspace {
	if w.cache != nil {
		return w
	}
	return w.Snapshot()
}

// For returns the workspace as the file at an absolute path sees it: for the versions of the consumers that this file
// is for. It is a snapshot that shares with w all that was read.
func (w *Workspace) For(abs string) *Workspace {
	w = w.snapshot()
	if w.opts.TargetsOf == nil {
		return w
	}
	files.Ask(w.tree, files.Question{Op: askedTargets, Name: abs})
	own := w.opts.TargetsOf(abs)
	if own == w.targets {
		return w
	}
	view := *w
	view.Targets, view.targets = *own, own
	return &view
}

// With returns the workspace in which the given files, by absolute path, have another text: an editor's open buffers,
// or files as a fix would leave them. Made from a snapshot it is a snapshot too, and shares all cached values that do
// not depend on these files.
func (w *Workspace) With(overlay map[string][]byte) *Workspace {
	derived := *w
	derived.kept = nil
	derived.overlay = w.overlay.with(w.under, overlay)
	derived.tree = files.As(w.tree, derived.overlay.over(w.under))
	if w.cache != nil {
		// Unless it is live, the survey stays: a fix changes no COPY, and no path of a profile.
		var edited, others []string
		for path := range overlay {
			if w.HasFile(path) {
				edited = append(edited, path)
			} else {
				others = append(others, path)
			}
		}
		derived.cache = w.cache.Over(edited, others)
	}
	if w.opened != nil {
		derived.opened = new(opened)
	}
	return &derived
}

// HasFile reports whether a regular file lies at an absolute path.
func (w *Workspace) HasFile(abs string) bool {
	info, err := w.tree.Lstat("", abs)
	return err == nil && info.Mode().IsRegular()
}

// Changed makes a snapshot drop what depends on the files at the given absolute paths, which appeared, disappeared or
// changed; without paths, everything. With Options.OneRun, the next snapshot is a new one.
func (w *Workspace) Changed(paths ...string) {
	if w.kept != nil {
		w.kept = nil
	}
	if w.cache != nil {
		w.cache.Changed(paths...)
		w.surveyed.forget()
	}
	if w.opened != nil {
		w.opened.forget()
	}
}

// cached returns the result of make, which reads files through the workspace that it is given. A snapshot caches the
// result.
func cached[V any](w *Workspace, key any, make func(*Workspace) V) V {
	if w.cache == nil {
		return make(w)
	}
	return files.Get(w.cache, w.tree, key, func(t files.Tree) V {
		on := *w
		on.tree = t
		return make(&on)
	})
}

// cachedOver is cached for a value of which few parts depend on any one file: with edits of files alone, a snapshot
// makes it with again of the value without them (files.GetOver).
func cachedOver[V any](
	w *Workspace, key any, make func(*Workspace) V, again func(w *Workspace, without V, edited map[string]bool) V,
) V {
	if w.cache == nil {
		return make(w)
	}
	on := func(t files.Tree) *Workspace {
		on := *w
		on.tree = t
		return &on
	}
	return files.GetOver(w.cache, w.tree, key, func(t files.Tree) V { return make(on(t)) },
		func(t files.Tree, without V, edited map[string]bool) V { return again(on(t), without, edited) })
}

// Open reads and parses a file. The error is a ForeignError for a file that merely has such a name.
// The workspace does not keep the document; the caller holds it as long as needed.
func (w *Workspace) Open(e *Entry) (*Document, error) {
	w = w.For(e.Abs)
	f, err := w.text(e.Abs)
	if err != nil {
		return nil, err
	}
	if f.Path != e.Path {
		f = source.NewFile(e.Path, f.Bytes).WithMeter(w.opts.Meter)
	}
	w.Spend(100 + openCost*len(f.Bytes))
	for _, format := range w.formats {
		if format.Kind != e.Kind {
			continue
		}
		if e.Kind == files.KindDockerfile && w.sharesOpened() {
			d, _, err := w.openDockerfile(e, f)
			return d, err
		}
		d, err := format.Open(w, e, f)
		if err != nil {
			return nil, err
		}
		d.Entry, d.Source = e, f
		w.carry(d)
		return d, nil
	}
	return nil, fmt.Errorf("%s is of no kind that sandlint reads", e.Path)
}

// survey holds what takes a look at all files of a workspace; each part is made on first use.
type survey struct {
	w  *Workspace
	mu sync.Mutex

	folders *sync.Map // folders with all symbolic links followed, by their paths
	copied  *copies
	links   links
	linked  bool

	// What they depend on, over a files.Witness.
	copiedFrom, linksFrom *files.Observation

	running running
}

func newSurvey(w *Workspace) *survey { return &survey{w: w, folders: &sync.Map{}} }

// look calls do with the workspace of a survey, and returns what the result depends on, nil without a files.Witness.
func (s *survey) look(do func(*Workspace)) *files.Observation {
	if files.WitnessOf(s.w.tree) == nil {
		do(s.w)
		return nil
	}
	return files.Observe(s.w.tree, func(t files.Tree) {
		on := *s.w
		on.tree = t
		do(&on)
	})
}

func (s *survey) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.copied, s.links, s.linked = nil, links{}, false
	s.folders.Clear()
	s.running.forget()
}

// Tracked calls use with a view of a snapshot, and returns the paths of the files on which what use does with it
// depends.
func (w *Workspace) Tracked(use func(*Workspace)) files.Uses {
	return files.Track(w.tree, func(t files.Tree) {
		on := *w
		on.tree, on.user = t, new(user)
		if w.opened != nil {
			defer w.opened.release(on.user)
		}
		use(&on)
	})
}
