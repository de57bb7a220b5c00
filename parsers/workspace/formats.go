package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/engineconf"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/source"
)

// Builtin returns the kinds of file that this package knows: Dockerfiles, nix.conf, seccomp profiles, and the files
// that are read only for the nix.conf text in them or for the containers that they start. files.KindByPath and the
// content say which is which.
func Builtin() []Format {
	return []Format{
		{Kind: files.KindDockerfile, Open: OpenDockerfile},
		{Kind: files.KindNixConf, Open: OpenNixConf},
		{Kind: files.KindSeccomp, Open: OpenProfiles},
		{Kind: files.KindWorkflow, Open: OpenHosted},
		{Kind: files.KindDevcontainer, Open: OpenHosted},
		{Kind: files.KindFlake, Open: OpenHosted},
		{Kind: files.KindModule, Open: OpenHosted},
		{Kind: files.KindGitLab, Open: OpenHosted},
		{Kind: files.KindScript, Open: OpenHosted},
		{Kind: files.KindCompose, Open: OpenCompose},
		{Kind: files.KindRecipe, Claims: ClaimsRecipe, Open: OpenRecipe},
		{Kind: files.KindPackage, Claims: ClaimsPackage, Open: OpenPackage},
		{Kind: files.KindPods, Claims: ClaimsPods, Open: OpenPods},
		{Kind: files.KindQuadlet, Claims: runs.IsQuadlet, Open: OpenQuadlet},
		{Kind: files.KindValues, Claims: ClaimsValues, Open: OpenValues},
		{Kind: files.KindEngine, Claims: engineconf.Claims, Open: OpenEngine},
	}
}

// maxDockerfile is the size in bytes above which a Dockerfile is not read: its model needs up to 300 times its size.
const maxDockerfile = 1 << 20

// maxInstructions is how many instructions a Dockerfile has at most that is looked at. A build fails far below it: an
// image has at most 127 layers.
const maxInstructions = 30_000

// OpenDockerfile is Format.Open of Dockerfiles. Value is an *image.Dockerfile. The error is a ForeignError for a file
// that is something else, such as a template.
func OpenDockerfile(w *Workspace, e *Entry, f *source.File) (*Document, error) {
	return dockerfileIn(w, e, f, &buildContext{w: w, abs: e.Abs, links: e.Links})
}

func dockerfileIn(w *Workspace, e *Entry, f *source.File, c image.Context) (*Document, error) {
	if n := len(f.Bytes); n > maxDockerfile {
		return nil, fmt.Errorf("the file has %d KiB; sandlint reads no Dockerfile above %d MiB", n>>10,
			maxDockerfile>>20)
	}
	parsed := dockerfile.Parse(f)
	if n := len(parsed.Instructions); n > maxInstructions {
		return nil, fmt.Errorf("the file has %d instructions; sandlint reads no Dockerfile with more than %d", n,
			maxInstructions)
	}
	if !e.Certain {
		if reason := foreignDockerfile(e.Path, e.Linked, parsed); reason != "" {
			return nil, ForeignError{reason}
		}
	}
	d := image.New(parsed, c)
	d.ScriptCache = w.scripts
	nix := nixuse.New(d, w.Targets.nix())
	return &Document{Value: d, Dockerfile: d, Nix: nix, Texts: nix.Texts, Profiles: labelProfiles(d.File)}, nil
}

// OpenNixConf is Format.Open of nix.conf files. Value is a *nixuse.Text. The error is a ForeignError for a file of
// another program.
func OpenNixConf(w *Workspace, e *Entry, f *source.File) (*Document, error) {
	if !e.Certain {
		if reason := foreignNixConf(f); reason != "" {
			return nil, ForeignError{reason}
		}
	}
	t := w.nixFile(e, nixconf.Parse(source.WholeFile(f)))
	return &Document{Value: t, Texts: []*nixuse.Text{t}}, nil
}

// OpenProfiles is Format.Open of files of seccomp profiles. Value is a []*Profile with at least one. The error is a
// ForeignError for a template of a profile.
func OpenProfiles(w *Workspace, e *Entry, f *source.File) (*Document, error) {
	if !e.Certain && !files.IsYAML(f.Path) && isProfileTemplate(f) {
		return nil, ForeignError{profileTemplate}
	}
	profiles := w.profiles(e, f)
	d := &Document{Value: profiles, Profiles: profiles}
	if files.IsYAML(f.Path) {
		d.Runs = runs.OfManifest(f)
	}
	return d, nil
}

// OpenHosted is Format.Open of files that are read only for the nix.conf text and the commands in them. Value is a
// *nixuse.Hosted.
func OpenHosted(w *Workspace, e *Entry, f *source.File) (*Document, error) {
	h := w.hosted(e, f)
	d := &Document{Value: h, Texts: h.Texts}
	w.hostedRuns(d, e, f)
	return d, nil
}

// nixFile makes the model of a nix.conf file, with what it includes.
func (w *Workspace) nixFile(e *Entry, parsed *nixconf.File) *nixuse.Text {
	root := w.root(filepath.Dir(e.Abs))
	resolved := parsed.Resolve(filepath.ToSlash(e.opened()), func(path string) (*nixconf.File, error) {
		full := filepath.FromSlash(path)
		if !files.Inside(root, full) {
			return nil, errors.New("outside the workspace")
		}
		return w.included(root, full)
	})
	t := &nixuse.Text{File: resolved, Host: nixuse.HostFile, Path: e.Path, Targets: w.Targets.Nix}
	if len(e.nix) > 0 && !w.Targets.NixGiven {
		t.Targets = e.nix
	}
	return t
}

// included returns an included file, parsed once for all that include it.
func (w *Workspace) included(root, full string) (*nixconf.File, error) {
	type key string
	type parsed struct {
		file *nixconf.File
		err  error
	}
	p := cached(w, key(full), func(w *Workspace) parsed {
		f, err := w.neighbour(root, full)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return parsed{err: w.missing(root, full)}
		case err != nil:
			return parsed{err: err}
		}
		return parsed{file: nixconf.Parse(source.WholeFile(f))}
	})
	return p.file, p.err
}

// missing returns why a path below root is not a readable file: fs.ErrNotExist when nothing is there,
// nixconf.ErrUnreadable for a directory, and another error when only what lies outside root could say.
func (w *Workspace) missing(root, full string) error {
	info, err := w.tree.Lstat(root, full)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return nixconf.ErrUnreadable
	}
	return errors.New("not a regular file of the workspace")
}

// Incomplete says of what in the document nothing is known because it would cost too much, or returns "".
func (d *Document) Incomplete() string {
	switch {
	case d.Nix != nil && d.Nix.Exhausted():
		return "the Nix settings in force are not known to the end: the nix.conf of the system and one of a user are " +
			"written by turns too often"
	case slices.ContainsFunc(d.Texts, func(t *nixuse.Text) bool { return t.Bounded() }):
		return fmt.Sprintf("it includes more than %d files; the settings of the others are not known",
			nixconf.MaxIncludes)
	}
	return ""
}
