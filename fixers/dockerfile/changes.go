package dockerfile

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/fixers"
)

// The changes below say what a fix may do to the instructions that it edits; all other instructions stay as they are to
// BuildKit and to the shell. Except with Order and Instructions, everything else in an edited instruction must stay the
// same as well. A fix may declare several.

// Instructions declares that the edited instructions may change in any way, and that instructions may be added or
// removed there.
type Instructions struct{}

// Order declares that instructions are moved inside their stage: the same ones, in another order.
type Order struct{}

// CommandOrder declares that the commands of a RUN that are joined by && are in another order.
type CommandOrder struct{}

// Words declares words that are removed and added, as the shell or, in exec form, the program sees them. A word that is
// replaced is one of each.
type Words struct{ Removed, Added []string }

// Spellings declares that words of the shell, wherever they stand in the script of a RUN, become others: each of Was
// the one of Becomes with the same number. Respelt returns them.
type Spellings struct{ Was, Becomes []string }

// Commands declares commands of a RUN that are removed and added, as text: whole ones, each a statement of its own, or
// at the front or the end of a statement of the script or between two commands of it, and joined by &&.
type Commands struct{ Removed, Added []string }

// Separated declares that && comes between two words of a command of a RUN, so the second becomes a command of its own.
type Separated struct{}

// Chained declares that && takes the place of the ends of statements of a RUN.
type Chained struct{}

// Packages declares that the words that name packages may change in what follows the name, such as "=1.2" or "@latest".
type Packages []string

// Flags declares that flags of the instruction, by name without dashes, may be added, removed or have another value.
type Flags []string

// Variables declares that variables, by ENV, ARG or an assignment in the shell, may be added, removed or have another
// value.
type Variables []string

// Labels declares that labels, by key, may be added, removed or have another value.
type Labels []string

// User declares that USER may name another user.
type User struct{}

// RootedWorkdir declares that a relative WORKDIR may become the same path below "/".
type RootedWorkdir struct{}

// RootedDest declares that the target of a COPY or ADD, where it is relative, may become the same path below "/".
type RootedDest struct{}

// FolderDest declares that the target of a COPY or ADD may get a slash at its end.
type FolderDest struct{}

// CopyForAdd declares that an ADD becomes the COPY with the same flags and arguments: no source is a URL, names an
// archive or depends on a variable, and no flag belongs to ADD alone.
type CopyForAdd struct{}

// Digests declares that references of images, in FROM and in --from, may get a digest behind the name and the tag.
type Digests struct{}

// ExecForm declares that a CMD or ENTRYPOINT in shell form becomes the same one in exec form: its script is a simple
// command without anything that a shell would expand, and the words of the array are those of the command.
type ExecForm struct{}

// QuotedHeredocs declares that the delimiter of a here-document of COPY or ADD may be quoted, so BuildKit writes its
// body as it is and expands nothing in it.
type QuotedHeredocs struct{}

// NewInstructions declares that instructions with the given keywords, in upper case, are added. Together with
// RemovedInstructions, one may take the place of another.
type NewInstructions []string

// RemovedInstructions declares that instructions with the given keywords, in upper case, are removed.
type RemovedInstructions []string

// Allows implements fixers.Change.
func (Instructions) Allows() string { return "the edited instructions" }

// Allows implements fixers.Change.
func (Order) Allows() string { return "the order of instructions" }

// Allows implements fixers.Change.
func (CommandOrder) Allows() string { return "the order of commands" }

// Allows implements fixers.Change.
func (w Words) Allows() string {
	return "the words " + fixers.Enumerate(append(slices.Clone(w.Removed), w.Added...))
}

// Allows implements fixers.Change.
func (s Spellings) Allows() string { return "the words " + fixers.Enumerate(s.Was) }

// Allows implements fixers.Change.
func (c Commands) Allows() string {
	return "the commands " + fixers.Enumerate(append(slices.Clone(c.Removed), c.Added...))
}

// Allows implements fixers.Change.
func (Separated) Allows() string { return "where a command ends" }

// Allows implements fixers.Change.
func (Chained) Allows() string { return "which commands run after a failure" }

// Allows implements fixers.Change.
func (p Packages) Allows() string { return "the versions of " + fixers.Enumerate(p) }

// Allows implements fixers.Change.
func (f Flags) Allows() string { return "the flags " + fixers.Enumerate(f) }

// Allows implements fixers.Change.
func (v Variables) Allows() string { return "the variables " + fixers.Enumerate(v) }

// Allows implements fixers.Change.
func (l Labels) Allows() string { return "the labels " + fixers.Enumerate(l) }

// Allows implements fixers.Change.
func (User) Allows() string { return "the user" }

// Allows implements fixers.Change.
func (RootedWorkdir) Allows() string { return "the slash before the path of WORKDIR" }

// Allows implements fixers.Change.
func (RootedDest) Allows() string { return "the slash before the target" }

// Allows implements fixers.Change.
func (FolderDest) Allows() string { return "the slash behind the target" }

// Allows implements fixers.Change.
func (CopyForAdd) Allows() string { return "ADD, which becomes COPY" }

func (Digests) Allows() string { return "the digests of images" }

// Allows implements fixers.Change.
func (ExecForm) Allows() string { return "the shell form of a command" }

// Allows implements fixers.Change.
func (QuotedHeredocs) Allows() string { return "whether here-documents are expanded" }

// Allows implements fixers.Change.
func (k NewInstructions) Allows() string { return "new instructions: " + fixers.Enumerate(k) }

// Allows implements fixers.Change.
func (k RemovedInstructions) Allows() string { return "removed instructions: " + fixers.Enumerate(k) }

// Rewrites reports whether a fix may add, remove or rewrite whole instructions, and with them what they contain.
func Rewrites(f fixers.Fix) bool {
	return slices.ContainsFunc(f.Changes, func(c fixers.Change) bool {
		switch c.(type) {
		case Instructions, NewInstructions, RemovedInstructions, Words, Spellings, Commands, Separated,
			Variables:
			return true
		}
		return false
	})
}

// class is what a fix declares about the instructions that one of its edits touches.
type class int

const (
	strict  class = iota // they mean the same
	partial              // they mean the same but for a mask
	moving               // they are moved
	free                 // they may become others
)

// classOf returns what a fix declares, and the mask of a partial one.
func classOf(f fixers.Fix, trees commandTrees) (class, *mask) {
	switch {
	case len(f.Changes) == 0:
		return strict, nil
	case fixers.Declares[Instructions](f), fixers.Declares[fixers.Repair](f):
		return free, nil
	case fixers.Declares[Order](f):
		return moving, nil
	}
	m := &mask{}
	for _, c := range f.Changes {
		m.add(c, trees)
	}
	return partial, m
}

// mask is what is left out when two versions of an instruction are compared.
type mask struct {
	removed, added, packages, flags, variables, labels, come, gone []string
	removedCommands, addedCommands                                 []string // as trees
	spellings                                                      map[string]string
	user, rooted, digests, exec, reordered, separated              bool
	quoted, chained                                                bool
	rootedDest, folderDest, copies                                 bool
	// shape leaves only the structure: text of another format lies in the words of commands, in values and in heredocs,
	// and is compared elsewhere.
	shape bool

	written string // see key
}

// key returns a text that is the same for two masks that leave out the same.
func (m *mask) key() string {
	if m == nil {
		return ""
	}
	if m.written == "" {
		var b []byte
		list := func(words ...string) {
			b = append(strconv.AppendInt(b, int64(len(words)), 10), ':')
			for _, w := range words {
				b = append(strconv.AppendInt(b, int64(len(w)), 10), ' ')
				b = append(b, w...)
			}
		}
		for _, words := range [][]string{
			m.removed, m.added, m.packages, m.flags, m.variables, m.labels, m.come, m.gone,
			m.removedCommands, m.addedCommands,
		} {
			list(words...)
		}
		for _, was := range slices.Sorted(maps.Keys(m.spellings)) {
			list(was, m.spellings[was])
		}
		for _, set := range []bool{
			m.user, m.rooted, m.digests, m.exec, m.reordered, m.separated, m.quoted, m.chained, m.rootedDest,
			m.folderDest, m.copies, m.shape,
		} {
			b = strconv.AppendBool(b, set)
		}
		m.written = string(b)
	}
	return m.written
}

func (m *mask) add(c fixers.Change, trees commandTrees) {
	switch c := c.(type) {
	case Words:
		m.removed, m.added = append(m.removed, c.Removed...), append(m.added, c.Added...)
	case Spellings:
		if m.spellings == nil {
			m.spellings = map[string]string{}
		}
		for n, was := range c.Was {
			m.spellings[was] = c.Becomes[n]
		}
	case Commands:
		m.removedCommands = append(m.removedCommands, trees.of(c.Removed)...)
		m.addedCommands = append(m.addedCommands, trees.of(c.Added)...)
	case Separated:
		m.separated = true
	case Packages:
		m.packages = append(m.packages, c...)
	case Flags:
		m.flags = append(m.flags, c...)
	case Variables:
		m.variables = append(m.variables, c...)
	case Labels:
		m.labels = append(m.labels, c...)
	case User:
		m.user = true
	case RootedWorkdir:
		m.rooted = true
	case RootedDest:
		m.rootedDest = true
	case FolderDest:
		m.folderDest = true
	case CopyForAdd:
		m.copies = true
	case Digests:
		m.digests = true
	case ExecForm:
		m.exec = true
	case CommandOrder:
		m.reordered = true
	case Chained:
		m.chained = true
	case QuotedHeredocs:
		m.quoted = true
	case NewInstructions:
		m.come = append(m.come, c...)
	case RemovedInstructions:
		m.gone = append(m.gone, c...)
	case fixers.Embedded:
		m.shape = true
	}
}

// join returns the mask of two fixes that edit one instruction.
func (m *mask) join(other *mask) *mask {
	if m == nil || m == other {
		return other
	}
	return &mask{
		removed: union(m.removed, other.removed), added: union(m.added, other.added),
		packages: union(m.packages, other.packages), flags: union(m.flags, other.flags),
		variables: union(m.variables, other.variables), labels: union(m.labels, other.labels),
		come: union(m.come, other.come), gone: union(m.gone, other.gone),
		user: m.user || other.user, reordered: m.reordered || other.reordered, shape: m.shape || other.shape,
		rooted: m.rooted || other.rooted, digests: m.digests || other.digests, exec: m.exec || other.exec,
		removedCommands: union(m.removedCommands, other.removedCommands),
		addedCommands:   union(m.addedCommands, other.addedCommands),
		separated:       m.separated || other.separated,
		quoted:          m.quoted || other.quoted,
		chained:         m.chained || other.chained,
		rootedDest:      m.rootedDest || other.rootedDest, folderDest: m.folderDest || other.folderDest,
		copies: m.copies || other.copies, spellings: both(m.spellings, other.spellings),
	}
}

// both returns the entries of two maps.
func both(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	if out == nil {
		return b
	}
	maps.Copy(out, b)
	return out
}

// union returns the words of two lists, each once. Fixes of one rule mostly declare the same.
func union(a, b []string) []string {
	out := slices.Clip(a)
	for _, word := range b {
		if !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

// word reports whether a word of a command is left out, and what stands for it.
func (m *mask) word(text string) (masked bool, instead string) {
	if m == nil {
		return false, ""
	}
	if slices.Contains(m.removed, text) || slices.Contains(m.added, text) {
		return true, ""
	}
	name := text
	if n := strings.IndexAny(text, "=<>~!@:"); n > 0 {
		name = text[:n]
	}
	if slices.Contains(m.packages, name) {
		return true, name
	}
	return false, ""
}

// command reports whether a whole command, as a tree, is left out.
func (m *mask) command(tree string) bool {
	return slices.Contains(m.removedCommands, tree) || slices.Contains(m.addedCommands, tree)
}

// reference returns the reference of an image without the digest that may have come.
func (m *mask) reference(text string) string {
	if m == nil || !m.digests {
		return text
	}
	name, digest, _ := strings.Cut(text, "@sha256:")
	if strings.Contains(digest, "$") {
		return text
	}
	return name
}

func (m *mask) flag(name string) bool     { return m != nil && slices.Contains(m.flags, name) }
func (m *mask) variable(name string) bool { return m != nil && slices.Contains(m.variables, name) }
func (m *mask) label(name string) bool    { return m != nil && slices.Contains(m.labels, name) }
func (m *mask) isShape() bool             { return m != nil && m.shape }

// sameBut reports whether two instructions mean the same but for a mask.
func (e *element) sameBut(other *element, m *mask) bool {
	if e.alike(other) {
		return true
	}
	// What is the same in every part is so without the parts of the mask, so it is not compared in full before.
	if e.node == nil || other.node == nil || e.name != other.name && !(m.copies && e.becomesCopy(other)) {
		return false
	}
	if e.isRefused() || other.isRefused() {
		return false
	}
	a, b := e.form(m), other.form(m)
	if a.text != b.text {
		return false
	}
	// What was left out must be what was declared: words that go, and words that come.
	was, is := count(a.dropped), count(b.dropped)
	for word, n := range was {
		if n > is[word] && !slices.Contains(m.removed, word) && !slices.Contains(m.removedCommands, word) &&
			m.spellings[word] == "" {
			return false
		}
	}
	for word, n := range is {
		if n > was[word] && !slices.Contains(m.added, word) && !slices.Contains(m.addedCommands, word) {
			return false
		}
	}
	return true
}

// becomesCopy reports whether an element is an ADD, or the ONBUILD of one, and the other one may be the COPY for it.
func (e *element) becomesCopy(other *element) bool { return e.name == "ADD" && other.name == "COPY" }

func count(words []string) map[string]int {
	out := map[string]int{}
	for _, w := range words {
		out[w]++
	}
	return out
}
