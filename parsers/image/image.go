// Package image models a Dockerfile as the images that it builds: its stages with their bases and platforms, the steps
// that run in each with the state before them, and every command that they run.
//
// Rules are written against it. A Step is one instruction as it runs, the trigger of an ONBUILD included. A Command is
// one program that a step starts, in order of execution, through functions, `sh -c`, here-documents and scripts of the
// build context. Both are found through an index that is made once per file, so a rule costs only what it looks at.
// What cannot be known is marked (Value.Known, Command.Unread) and never guessed.
//
// The package knows no consumer of the commands: what Nix makes of them is in nixuse. Files of the build context come
// through Context alone.
package image

import (
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// Dockerfile is a Dockerfile with the images that it builds. It belongs to one goroutine.
type Dockerfile struct {
	*dockerfile.File
	// Images are the stages, in order.
	Images []*Image

	// ScriptCache remembers the scripts of the file, nil for a file that is read once. It is set before the first use.
	ScriptCache *shell.Cache

	context Context
	reads   map[string]bool // paths, as shown, of the files of the build context that were read
	scripts map[*dockerfile.Instruction]*shell.Script
	files   map[*source.File]*shell.Script // scripts of the build context

	index index
	// The results of MayShip and Ships, made on first use: the stages that no other uses, the last one, and all that
	// are Final, each with what it is based on.
	unused, lineage, ships map[*dockerfile.Stage]bool

	expanded map[expandable]dockerfile.Expansion // see Expansion

	windows       map[*Image]bool   // see windowsRoots
	distributions map[*Image]string // what /bin/sh is by the package managers, by root; made on first use
}

// Context is what surrounds the build of a Dockerfile.
type Context interface {
	// Platforms returns the platforms that an image is built for, none where they are not known.
	Platforms(*Image) []Platform
	// TargetPlatforms returns the platforms of the builds that run a stage, whatever platform the stage itself has;
	// none where they are not known.
	TargetPlatforms(*Image) []Platform
	// Read returns a file of the build context by its path there. The error is fs.ErrNotExist where there is none, and
	// another one where the build context is not known and several files may be meant.
	Read(name string) (*source.File, error)
	// IsDir reports whether a path in the build context is a folder.
	IsDir(name string) bool
	// Target reports whether a stage is the target of a build that a file of the project describes.
	Target(*Image) bool
}

// Image is one build stage: its base, its platforms, and what runs in it.
type Image struct {
	// Dockerfile is the file that the stage stands in.
	Dockerfile *Dockerfile
	// Stage is the stage.
	Stage *dockerfile.Stage
	// Parent is the image of the stage that it is based on, nil for another image.
	Parent *Image
	root   *Image
	// Base is what is known of the image that FROM names, nil when nothing is or when Parent is set.
	Base *Base

	platforms  []Platform
	platformed bool               // platforms is set
	byDest     map[string][]*Copy // what COPY and ADD put where, the last one first; made on first use
	placed     map[string]*placed // see readableAt
	steps      []*Step            // what runs in the stage, in order, and its ONBUILD instructions; made on first use
	end        *state             // what holds at the end of the stage
	commands   bool               // the commands of the steps are there
	windows    *bool              // made on first use
}

// Platform is a platform that an image is built for.
type Platform struct {
	// Name is the platform as in "linux/arm64".
	Name string
	// Emulated says that the build runs through an emulator for this platform, and Native that it runs on a builder of
	// the platform itself. Where neither is certain, both are false.
	Emulated, Native bool
	// Machine is the platform of the machine that emulates it, "" where that is not known.
	Machine string
	// Why says where this is known from, for a message.
	Why string
	// File and Span are the place, File nil when it comes from the command line.
	File *source.File
	Span source.Span
	// Call is the place from which the build is called, nil where it is started by itself.
	Call *Place
}

// Place is a place in a file.
type Place struct {
	File *source.File
	Span source.Span
}

// New returns the images of a Dockerfile. A nil context is one that has no files and knows no platforms.
func New(f *dockerfile.File, c Context) *Dockerfile {
	d := &Dockerfile{File: f, context: c}
	d.Images = make([]*Image, 0, len(f.Stages))
	for _, stage := range f.Stages {
		img := &Image{Dockerfile: d, Stage: stage}
		if stage.Parent != nil && stage.Parent.Index < len(d.Images) {
			img.Parent = d.Images[stage.Parent.Index]
			img.root = img.Parent.Root()
		} else if stage.Image != "" {
			img.Base = LookupBase(stage.Image)
		}
		d.Images = append(d.Images, img)
	}
	return d
}

// Context returns what surrounds the build, nil where nothing is known.
func (d *Dockerfile) Context() Context { return d.context }

// TargetPlatforms returns the platforms of the builds that run the stage, which TARGETPLATFORM and its parts name; the
// stage itself may have another one. There are none where they are not known.
func (img *Image) TargetPlatforms() []Platform {
	if c := img.Dockerfile.context; c != nil {
		return c.TargetPlatforms(img)
	}
	return nil
}

// Platforms returns the platforms that the stage is built for, with where each comes from; none when they are not
// known.
func (img *Image) Platforms() []Platform {
	if !img.platformed {
		img.platformed = true
		if c := img.Dockerfile.context; c != nil {
			img.platforms = c.Platforms(img)
		}
	}
	return img.platforms
}

// Root returns the image at the start of the chain of parents.
func (img *Image) Root() *Image {
	if img.root != nil {
		return img.root
	}
	return img
}

// Windows reports whether the image is, or by what the file says may be, one of Windows: the names of its base, a
// platform, the escape character, or programs and folders that only Windows has show it.
func (img *Image) Windows() bool {
	if root := img.Root(); root != img {
		return root.Windows()
	}
	if img.windows == nil {
		windows := img.isWindows()
		img.windows = &windows
	}
	return *img.windows
}

func (img *Image) isWindows() bool {
	root := img.Stage
	name := strings.ToLower(root.Image + " " + root.Base.Text)
	return img.Dockerfile.Escape == '`' || strings.Contains(name, "windows") || strings.Contains(name, "nanoserver") ||
		strings.Contains(name, "servercore") || strings.Contains(strings.ToLower(root.Platform), "windows") ||
		img.Dockerfile.windowsRoots()[img]
}

// windowsRoots returns the images from which stages are made that run a program of Windows or work in one of its
// folders.
func (d *Dockerfile) windowsRoots() map[*Image]bool {
	if d.windows == nil {
		d.windows = map[*Image]bool{}
		for _, img := range d.Images {
			if root := img.Root(); !d.windows[root] && slices.ContainsFunc(img.Stage.Instructions, d.needsWindows) {
				d.windows[root] = true
			}
		}
	}
	return d.windows
}

// needsWindows reports whether an instruction starts a shell of Windows or works in a folder of a drive.
func (d *Dockerfile) needsWindows(i *dockerfile.Instruction) bool {
	words := texts(i.Words[:min(len(i.Words), 2)])
	switch i.Name {
	case "WORKDIR":
		if len(words) == 0 {
			return false
		}
		folder := strings.Trim(words[0], `"`)
		return len(folder) > 2 && folder[1] == ':' && (folder[2] == '\\' || folder[2] == '/')
	case "RUN", "CMD", "ENTRYPOINT", "SHELL":
		if len(words) == 0 {
			start := i.Args
			start.End = min(start.End, start.Start+64)
			words = strings.Fields(strings.TrimLeft(d.Source.Text(start), "\\ \t\r\n"))
		}
	}
	if len(words) == 0 {
		return false
	}
	switch strings.ToLower(words[0]) {
	case "powershell", "powershell.exe", "pwsh.exe", "cmd.exe":
		return true
	case "cmd": // a program of Linux may have the name
		return len(words) > 1 && strings.HasPrefix(words[1], "/") && len(words[1]) == 2
	}
	return false
}

// Final reports whether the stage is known to become an image that somebody keeps: it is the last one, or the target of
// a build that a file of the project describes. It may read the neighbours of the Dockerfile, so it should be asked
// last.
func (img *Image) Final() bool {
	images := img.Dockerfile.Images
	if img == images[len(images)-1] {
		return true
	}
	return img.Dockerfile.context != nil && img.Dockerfile.context.Target(img)
}

// Ships reports whether the layers of the stage are part of an image that is Final: it is that one, or is below it. It
// does not matter whether other stages copy from it besides. Like Final, it should be asked last.
func (img *Image) Ships() bool {
	d := img.Dockerfile
	mark := func(marked *map[*dockerfile.Stage]bool, top *Image) {
		for at := top; at != nil && !(*marked)[at.Stage]; at = at.Parent {
			(*marked)[at.Stage] = true
		}
	}
	if d.lineage == nil { // without a look at the neighbours
		d.lineage = map[*dockerfile.Stage]bool{}
		mark(&d.lineage, d.Images[len(d.Images)-1])
	}
	if d.lineage[img.Stage] {
		return true
	}
	if d.ships == nil {
		d.ships = map[*dockerfile.Stage]bool{}
		for _, other := range d.Images {
			if other.Final() {
				mark(&d.ships, other)
			}
		}
	}
	return d.ships[img.Stage]
}

// MayShip reports whether the stage Ships, or is or lies below one that no other stage uses: that may be the target of
// a build that the project does not describe, but also be there for tests. What lies in other stages ends with the
// build, since others only copy or mount files from them. It should be asked last too.
func (img *Image) MayShip() bool {
	d := img.Dockerfile
	if d.unused == nil {
		d.unused = d.Shipped()
	}
	return d.unused[img.Stage] || img.Ships()
}

// Reads reports the paths, as shown, of the files of the build context that the model was made from so far. The map
// must not be changed.
func (d *Dockerfile) Reads() map[string]bool { return d.reads }

// ReadContext returns a file of the build context, as Context.Read does, and remembers that the meaning of the
// Dockerfile depends on it.
func (d *Dockerfile) ReadContext(name string) (*source.File, error) {
	if d.context == nil {
		return nil, errNoContext
	}
	f, err := d.context.Read(name)
	if err == nil {
		if d.reads == nil {
			d.reads = map[string]bool{}
		}
		d.reads[f.Path] = true
	}
	return f, err
}

// IsContextDir reports whether a path in the build context is a folder.
func (d *Dockerfile) IsContextDir(name string) bool { return d.context != nil && d.context.IsDir(name) }

// Script returns the commands of an instruction as written: of its shell text, its heredoc, or its exec form. It is nil
// for instructions that run nothing, and has the dialect None where the shell is not one that sandlint reads.
func (d *Dockerfile) Script(i *dockerfile.Instruction) *shell.Script {
	if s, ok := d.scripts[i]; ok {
		return s
	}
	if d.scripts == nil {
		d.scripts = make(map[*dockerfile.Instruction]*shell.Script, len(d.Instructions)/2)
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
		return d.Script(i.Trigger)
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
	dialect := d.dialect(i)
	if h, view, base, ok := i.HeredocScript(); ok {
		if heredocDialect, found := shell.Shebang(view); found {
			dialect = heredocDialect
		}
		if h.Expand && dialect.POSIX() {
			env = nil // BuildKit does not expand the body; the shell does
		}
		return d.ScriptCache.Parse(view, base, dialect, env)
	}
	view, base, ok := i.ShellView()
	if !ok {
		return nil
	}
	return d.ScriptCache.ParseJoined(view, base, dialect, env)
}

// expandable is a word, or the body of a here-document, at the place of an instruction.
type expandable struct {
	at   *dockerfile.Instruction
	word string
	body *dockerfile.Heredoc
}

// maxExpanded bounds the words whose expansion is remembered.
const maxExpanded = 100_000

// Expansion is dockerfile.File.Expansion, which it asks once for each word: several rules look at the same one.
func (d *Dockerfile) Expansion(at *dockerfile.Instruction, word string) dockerfile.Expansion {
	if !strings.ContainsAny(word, "$\"'\\`") {
		return d.File.Expansion(at, word)
	}
	key := expandable{at: at, word: word}
	return d.expandOnce(key, func() dockerfile.Expansion { return d.File.Expansion(at, word) })
}

// BodyExpansion is dockerfile.File.BodyExpansion, which it asks once for each body.
func (d *Dockerfile) BodyExpansion(at *dockerfile.Instruction, h *dockerfile.Heredoc) dockerfile.Expansion {
	key := expandable{at: at, body: h}
	return d.expandOnce(key, func() dockerfile.Expansion { return d.File.BodyExpansion(at, h) })
}

func (d *Dockerfile) expandOnce(key expandable, expand func() dockerfile.Expansion) dockerfile.Expansion {
	if e, ok := d.expanded[key]; ok {
		return e
	}
	e := expand()
	if d.expanded == nil {
		d.expanded = make(map[expandable]dockerfile.Expansion, len(d.Instructions))
	}
	if len(d.expanded) < maxExpanded {
		d.expanded[key] = e
	}
	return e
}

// dialect returns the language of the shell form of an instruction.
func (d *Dockerfile) dialect(i *dockerfile.Instruction) shell.Dialect {
	words := d.Shell(i)
	if words == nil && i.Stage != nil && i.Stage.Index < len(d.Images) && d.Images[i.Stage.Index].Windows() {
		return shell.Cmd
	}
	return shell.DialectOf(texts(words))
}

// contextScript returns the commands of a script of the build context.
func (d *Dockerfile) contextScript(f *source.File) *shell.Script {
	if s := d.files[f]; s != nil {
		return s
	}
	dialect, ok := shell.Shebang(f.Bytes)
	if !ok {
		dialect = shell.Sh
	}
	if d.files == nil {
		d.files = map[*source.File]*shell.Script{}
	}
	s := d.ScriptCache.Parse(f.Bytes, 0, dialect, nil)
	d.files[f] = s
	return s
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

// Unquote returns an argument of an instruction without the quotes around it.
func Unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

// HomeOf returns the home folder that a user, as USER names it, has on most images.
func HomeOf(user string) string {
	if IsRoot(user) {
		return "/root"
	}
	return "/home/" + user
}

// IsRoot reports whether a user, as USER names it without the group, is root. "", for no USER, counts as root.
func IsRoot(user string) bool { return user == "" || user == "root" || user == "0" }

// maxPath is the length that a path has at most on Linux: PATH_MAX without the final NUL.
const maxPath = 4095

// absolute resolves a path against a folder. It returns "" where the path is relative and the folder not known, "", and
// where the result is longer than maxPath.
func absolute(dir, p string) string {
	switch {
	case strings.HasPrefix(p, "/"):
		return path.Clean(p)
	case dir == "" || len(dir)+len(p) > maxPath:
		return ""
	}
	return path.Join(dir, p)
}
