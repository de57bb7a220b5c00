package nixconf

import (
	"errors"
	"io/fs"
	"path"
	"strings"
)

// Reader returns the configuration file at a path, parsed. The error tells what Nix would find there: fs.ErrNotExist for no file,
// ErrUnreadable for something that cannot be read; any other error means that the reader cannot tell.
type Reader func(path string) (*File, error)

// ErrUnreadable is what a Reader returns for a path where something is that cannot be read as a file: a directory, a symbolic
// link to nothing, a file without permission. Nix passes over such an include in silence.
var ErrUnreadable = errors.New("not a readable file")

// maxIncludes bounds how many files one Resolve reads; what is beyond stays NotRead.
const maxIncludes = 1000

// Resolve returns a copy of f whose Includes hold what read found, and what the files found include in turn. Name is the path of f
// itself, with forward slashes, as it is opened: relative includes are taken from its directory. It may be "" for text that is no file, such
// as the variable NIX_CONFIG, whose relative includes stay NotRead.
func (f *File) Resolve(name string, read Reader) *File {
	r := resolver{read: read, left: maxIncludes}
	return r.resolve(f, name, nil)
}

type resolver struct {
	read Reader
	left int
}

// resolve resolves the includes of f, which is at p; chain holds the paths of the files that include it, and p.
func (r *resolver) resolve(f *File, p string, chain []string) *File {
	if len(f.Includes) == 0 {
		return f
	}
	if p != "" {
		p = path.Clean(p)
		chain = append(chain[:len(chain):len(chain)], p)
	}
	out := *f
	out.Includes = append([]Include(nil), f.Includes...)
	for i := range out.Includes {
		r.include(&out, &out.Includes[i], p, chain)
	}
	return &out
}

func (r *resolver) include(f *File, inc *Include, p string, chain []string) {
	if !f.Known(inc.Path.Span) || p == "" && !path.IsAbs(inc.Path.Text) {
		return
	}
	target := inc.From(p)
	for _, c := range chain {
		if c == target {
			inc.State, inc.Target = Cycle, target
			return
		}
	}
	if r.left == 0 {
		return
	}
	r.left--
	file, err := r.read(target)
	switch {
	case err == nil && file != nil:
		inc.State, inc.Target = Read, target
		inc.File = r.resolve(file, target, chain)
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
