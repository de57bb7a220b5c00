// Package attributes finds out which COPY or ADD put a file in an image, and which --chmod and --chown give it the mode
// and owner that a later chmod or chown does.
package attributes

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/copies"
)

// Origin is the COPY or ADD that put something at a path.
type Origin struct {
	// Step is the instruction.
	Step *image.Step
	// Folder says that the path is the folder that it copies to, and that nothing but copies filled that.
	Folder bool

	file file
}

// file is what a COPY or ADD makes at one path.
type file struct {
	path string
	// regular says that it is certainly a regular file.
	regular bool
	// mode is its mode before anything changes it, 0 where that is not known.
	mode uint32
}

// farthest is how many instructions lie at most between a COPY and the RUN that belongs to it.
const farthest = 32

// Find returns what put a file at a path of the image, or, if folder is set, what filled the folder there. It looks at
// the steps before a RUN from the last one on, and gives up where one may have changed the path.
func Find(before []*image.Step, full string, folder bool) (Origin, bool) {
	for n := len(before) - 1; n >= 0 && len(before)-n <= farthest; n-- {
		s := before[n]
		switch {
		case s.Onbuild != nil:
			return Origin{}, false
		case s.Name == "RUN" && !folder && elsewhere(s, full):
			continue
		case s.Name == "RUN", s.Name == "VOLUME", s.Name == "FROM":
			return Origin{}, false
		case s.Name != "COPY" && s.Name != "ADD":
			continue
		}
		dest, _, known := s.Dest()
		if !known || s.Broken {
			return Origin{}, false
		}
		if folder {
			if dest != full {
				continue
			}
			return Origin{Step: s, Folder: true}, copiesFolder(s) && onlyCopied(before[:n], s, full)
		}
		made := made(s)
		if n := slices.IndexFunc(made, func(f file) bool { return f.path == full }); n >= 0 {
			return Origin{Step: s, file: made[n]}, len(made) == len(s.Words)-1 && (made[n].regular || named(full))
		}
		if (full == dest || below(full, dest)) && (len(made) < len(s.Words)-1 ||
			slices.ContainsFunc(made, func(f file) bool { return !f.regular })) {
			return Origin{}, false // part of a folder, or it may be
		}
	}
	return Origin{}, false
}

// elsewhere reports whether a RUN only changes modes and owners, and those of other paths.
func elsewhere(s *image.Step, full string) bool {
	for _, c := range s.Commands() {
		if c.Name != "chmod" && c.Name != "chown" || c.Unread != image.Read || len(c.Words) < 3 {
			return false
		}
		for _, w := range c.Words[2:] {
			if at := c.PathOf(w); at == "" || at == full || below(full, at) {
				return false
			}
		}
	}
	return len(s.Commands()) > 0
}

// Files returns the paths of the files that a COPY or ADD makes; those of folders are missing.
func Files(s *image.Step) []string {
	var out []string
	for _, f := range made(s) {
		out = append(out, f.path)
	}
	return out
}

// made returns the files that a COPY or ADD makes, without what may be folders, archives or several files.
func made(s *image.Step) []file {
	dest, folder, known := s.Dest()
	if !known {
		return nil
	}
	if _, ok := s.Flag("parents"); ok {
		return nil
	}
	_, from := s.Flag("from")
	_, unpack := s.Flag("unpack")
	if folder = folder || exists(s, dest); unpack {
		return nil
	}
	var out []file
	add := func(name string, regular bool, mode uint32) {
		target := dest
		if folder {
			target = path.Join(dest, path.Base(path.Clean("/"+name)))
		}
		out = append(out, file{path: target, regular: regular, mode: mode})
	}
	for _, h := range s.Heredocs {
		add(h.Name, true, 0o644)
	}
	for _, source := range copies.Sources(s) {
		text := source.Text
		d := s.Dockerfile()
		switch {
		case !source.Known || text == "" || copies.IsPattern(text):
		case s.Name == "ADD" && copies.IsURL(text):
			if address, _, query := strings.Cut(text, "?"); !folder || !query && path.Ext(address) != "" {
				add(text, true, 0o600)
			}
		case s.Name == "ADD" && (copies.IsGit(text) || copies.NamesArchive(text)), strings.HasSuffix(text, "/"),
			path.Base(text) == ".", path.Base(text) == "..", !from && d.IsContextDir(text):
		default:
			read := false
			if !from {
				f, err := d.ReadContext(text)
				read = err == nil
				if s.Name == "ADD" && (!read || copies.IsArchive(f.Bytes)) {
					continue
				}
			}
			add(text, read, 0)
		}
	}
	return out
}

// named reports whether the name of a path shows that it is a file.
func named(full string) bool {
	folder := path.Base(path.Dir(full))
	return path.Ext(full) != "" || folder == "bin" || folder == "sbin" || strings.Contains(full, "entrypoint")
}

// copiesFolder reports whether a COPY copies folders of the build context alone.
func copiesFolder(s *image.Step) bool {
	sources := copies.Sources(s)
	return s.Name == "COPY" && len(s.Heredocs) == 0 && len(sources) > 0 &&
		!slices.ContainsFunc(sources, func(c copies.Source) bool {
			return !c.Known || path.Clean(c.Text) != "." && !s.Dockerfile().IsContextDir(c.Text)
		})
}

// onlyCopied reports whether nothing but COPY and ADD put files in a folder.
func onlyCopied(before []*image.Step, s *image.Step, folder string) bool {
	if folder == "/" || slices.Contains(standard, folder) {
		return false
	}
	for img := s.Image; ; before = img.Steps() {
		if len(before) > 4*farthest {
			return false
		}
		for _, at := range before {
			if at.Name == "RUN" && (below(at.Workdir().Text, folder) || at.Workdir().Text == folder ||
				strings.Contains(at.Dockerfile().Source.Text(at.Instruction.Span), folder)) {
				return false
			}
		}
		if img = img.Parent; img == nil {
			return true
		}
	}
}

// standard are folders that the images of distributions have.
var standard = []string{
	"/bin", "/etc", "/home", "/lib", "/mnt", "/opt", "/root", "/run", "/sbin", "/srv", "/tmp", "/usr", "/usr/bin",
	"/usr/lib", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/usr/local/sbin", "/usr/sbin", "/usr/share", "/var",
	"/var/lib",
}

// exists reports whether a folder is certainly there before a step.
func exists(s *image.Step, folder string) bool {
	if folder == "/" {
		return true
	}
	root := s.Image.Root()
	if slices.Contains(standard, folder) && root.Stage.Base.Text != "scratch" {
		return true
	}
	dir := s.Workdir()
	return dir.From != nil && dir.Known && (dir.Text == folder || below(dir.Text, folder))
}

// below reports whether a path lies in a folder.
func below(full, folder string) bool {
	return full != folder && strings.HasPrefix(full, strings.TrimSuffix(folder, "/")+"/")
}

// Flags are the values of flags of a COPY or ADD, "" for none.
type Flags struct {
	Chmod, Chown string
	// Assumed says what must hold for the result to be that of chmod and chown; "" where it certainly is.
	Assumed string
}

// String returns the flags as they are written.
func (f Flags) String() string {
	var words []string
	if f.Chown != "" {
		words = append(words, "--chown="+f.Chown)
	}
	if f.Chmod != "" {
		words = append(words, "--chmod="+f.Chmod)
	}
	return strings.Join(words, " ")
}

// Flags returns the flags with which the COPY or ADD itself gives the file a mode and an owner, as chmod and chown take
// them and root gives them with the usual umask; either may be "". It reports false where no flags do.
func (o Origin) Flags(mode, owner string) (flags Flags, ok bool) {
	frontend := o.Step.Dockerfile().Frontend
	made := exists(o.Step, path.Dir(o.file.path))
	if mode != "" {
		if frontend.LacksFlag(o.Step.Name, "chmod") || !o.chmod(mode, &flags) {
			return flags, false
		}
		n, err := strconv.ParseUint(flags.Chmod, 8, 32)
		switch {
		case made || err != nil || n == 0o755: // letters do not count for folders
		case n&0o111 == 0:
			return flags, false // nobody could enter the folders that the instruction makes
		default:
			flags.Assumed = "folders that " + o.Step.Name + " makes for it get the mode too"
		}
	}
	if owner != "" {
		if !o.chown(owner, &flags) {
			return flags, false
		}
		if !made {
			flags.Assumed = "folders that " + o.Step.Name + " makes for it get the owner too"
		}
	}
	if !o.file.regular && flags.Assumed == "" {
		flags.Assumed = "where it is a folder, its files get the same"
	}
	return flags, true
}

// chmod sets the value of --chmod.
func (o Origin) chmod(mode string, flags *Flags) bool {
	base := o.file.mode
	if old, ok := o.Step.Flag("chmod"); ok {
		n, err := strconv.ParseUint(old.Value, 8, 32)
		if err != nil || !old.Known || !old.Verbatim {
			return false
		}
		base = uint32(n)
	}
	if strings.Trim(mode, "01234567") == "" {
		flags.Chmod = mode
		return len(mode) <= 4
	}
	if base != 0 {
		n, ok := apply(mode, base)
		flags.Chmod = fmt.Sprintf("%03o", n)
		return ok
	}
	n, ok := apply(mode, 0o644)
	if !ok {
		return false
	}
	if least, _ := apply(mode, 0); least == n {
		if most, _ := apply(mode, 0o777); most == n { // such as "u=rwx,go=rx"
			flags.Chmod = fmt.Sprintf("%03o", n)
			return true
		}
	}
	frontend := o.Step.Dockerfile().Frontend
	if frontend != nil && !frontend.Newer && !frontend.Before(1, 14) && !masked(mode) {
		flags.Chmod = mode
		return true
	}
	flags.Chmod, flags.Assumed = fmt.Sprintf("%03o", n), "the mode is taken to be 644 before"
	return true
}

// chown sets the value of --chown.
func (o Origin) chown(owner string, flags *Flags) bool {
	if old, ok := o.Step.Flag("chown"); ok && !old.Verbatim {
		return false
	}
	_, linked := o.Step.Flag("link")
	_, from := o.Step.Flag("from")
	_, owned := o.Step.Flag("chown")
	user, group, both := strings.Cut(owner, ":")
	numeric := strings.Trim(user+group, "0123456789") == ""
	switch {
	case user == "", strings.ContainsAny(owner, ".$\"'\\` "), linked && !numeric:
		return false
	case both && group != "":
		flags.Chown = owner
	case both: // the group of the user's login, which BuildKit takes for names
		flags.Chown = user
		return !numeric
	case from || owned:
		return false // the group stays what it is
	default:
		flags.Chown = user + ":0"
	}
	return true
}

// classes are the letters of a mode that say who, with the bits that they stand for.
var classes = map[byte]uint32{'u': 0o700, 'g': 0o070, 'o': 0o007, 'a': 0o777}

// permissions are the letters of a mode that say what.
var permissions = map[byte]uint32{'r': 0o444, 'w': 0o222, 'x': 0o111}

// umask is that of the commands of a build.
const umask = 0o022

// apply returns what a symbolic mode, such as "u+x,go=r", makes of the mode of a file, and false for others.
func apply(mode string, base uint32) (uint32, bool) {
	for clause := range strings.SplitSeq(mode, ",") {
		n, who := 0, uint32(0)
		for ; n < len(clause) && classes[clause[n]] != 0; n++ {
			who |= classes[clause[n]]
		}
		if who == 0 {
			who = 0o777 &^ umask
			if n < len(clause) && clause[n] == '=' {
				return 0, false
			}
			who |= 0o111 | 0o444
		}
		if n >= len(clause) || strings.IndexByte("+-=", clause[n]) < 0 {
			return 0, false
		}
		bits := uint32(0)
		for _, c := range []byte(clause[n+1:]) {
			if permissions[c] == 0 {
				return 0, false
			}
			bits |= permissions[c]
		}
		switch bits &= who; clause[n] {
		case '+':
			base |= bits
		case '-':
			base &^= bits
		default:
			base = base&^who | bits
		}
	}
	return base, true
}

// Special reports whether a mode has, or may have, bits that a chown clears.
func Special(mode string) bool {
	return strings.Contains(mode, "s") || strings.Trim(mode, "01234567") == "" && len(strings.TrimLeft(mode, "0")) > 3
}

// masked reports whether the umask counts for a symbolic mode: BuildKit has none.
func masked(mode string) bool {
	for clause := range strings.SplitSeq(mode, ",") {
		if clause != "" && classes[clause[0]] == 0 && strings.Contains(clause, "w") {
			return true
		}
	}
	return false
}
