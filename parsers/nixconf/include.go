package nixconf

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Reader returns the configuration file at a path, parsed. The error says what Nix would find there: fs.ErrNotExist for
// no file, ErrUnreadable for something that cannot be read. Any other error means that the reader does not know.
type Reader func(path string) (*File, error)

// ErrUnreadable is the error of a Reader for a path that cannot be read as a file: a directory, a dangling symbolic
// link, a file without permission. Nix silently ignores such an include.
var ErrUnreadable = errors.New("not a readable file")

// MaxIncludes is the number of files that one Resolve reads; the others stay NotRead, and the file is Bounded. A chain
// of included files is resolved once for each, so the bound keeps the cost of all of them linear.
const MaxIncludes = 200

// Resolve returns a copy of f whose Includes hold the files that read returned, with their own includes resolved in
// turn. Name is the path of f itself, with forward slashes, as it is opened: relative includes are relative to its
// directory. It may be "" for text that is not a file, such as the variable NIX_CONFIG, whose relative includes stay
// NotRead.
func (f *File) Resolve(name string, read Reader) *File {
	r := resolver{read: read, left: MaxIncludes}
	r.open = map[string]bool{}
	out := r.resolve(f, name)
	if r.bounded {
		out.bounded = true // it is a copy, since it has includes
	}
	return out
}

// Unresolved returns what f was before Resolve: nothing is known of the files that it includes.
func (f *File) Unresolved() *File {
	if len(f.Includes) == 0 {
		return f
	}
	out := *f
	out.bounded = false
	out.Includes = slices.Clone(f.Includes)
	for i := range out.Includes {
		inc := &out.Includes[i]
		inc.File, inc.State, inc.Target = nil, NotRead, ""
	}
	return &out
}

type resolver struct {
	read    Reader
	left    int
	bounded bool            // a file was left unread
	open    map[string]bool // the files that are being resolved: the one at hand and those that include it
}

// resolve resolves the includes of f, which is at p.
func (r *resolver) resolve(f *File, p string) *File {
	if len(f.Includes) == 0 {
		return f
	}
	if p != "" {
		p = path.Clean(p)
		r.open[p] = true
		defer delete(r.open, p)
	}
	out := *f
	out.Includes = append([]Include(nil), f.Includes...)
	for i := range out.Includes {
		r.include(&out, &out.Includes[i], p)
	}
	return &out
}

func (r *resolver) include(f *File, inc *Include, p string) {
	if !f.Known(inc.Path.Span) || p == "" && !path.IsAbs(inc.Path.Text) {
		return
	}
	target := inc.From(p)
	if r.open[target] {
		inc.State, inc.Target = Cycle, target
		return
	}
	if r.left == 0 {
		r.bounded = true
		return
	}
	r.left--
	file, err := r.read(target)
	switch {
	case err == nil && file != nil:
		inc.State, inc.Target = Read, target
		inc.File = r.resolve(file, target)
	case errors.Is(err, fs.ErrNotExist):
		inc.State, inc.Target = Missing, target
	case errors.Is(err, ErrUnreadable):
		inc.State, inc.Target = Unreadable, target
	}
}

// From returns the path of the include as seen from the file at name: a relative one is taken from its directory.
func (i *Include) From(name string) string {
	if strings.HasPrefix(i.Path.Text, "/") {
		return path.Clean(i.Path.Text)
	}
	return path.Join(path.Dir(name), i.Path.Text)
}
