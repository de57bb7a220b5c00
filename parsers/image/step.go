package image

import (
	"cmp"
	"errors"
	"iter"
	"math"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/source"
)

var errNoContext = errors.New("the build context is not known")

// Step is one instruction as it runs, with the state before it.
type Step struct {
	// Instruction is what runs: for ONBUILD the trigger, where it has one.
	*dockerfile.Instruction
	// Image is the stage in whose build the step runs or, if it is Deferred, in which it stands. It is nil before the
	// first FROM.
	Image *Image
	// Onbuild is the ONBUILD that the step is the trigger of, else nil.
	Onbuild *dockerfile.Instruction
	// Deferred says that it is an ONBUILD where it stands: it runs in builds that are based on the image, not in the
	// image's own. The state before it is then that at the end of the stage, and variables are not known.
	Deferred bool
	// From is the image that the step stands in: Image, and for the trigger of an ONBUILD that runs in a stage based on
	// it, that one's Image.
	From *Image

	file     *Dockerfile
	order    int // its place among the steps of the image
	before   *state
	commands []*Command
}

// state is the state before a step, except for the variables, which package dockerfile keeps. It never changes, so the
// steps between two instructions that make another one share it.
type state struct {
	user, workdir dockerfile.Value
	copies        *copyStep // the last COPY or ADD
}

// copyStep is a COPY or ADD with those before it.
type copyStep struct {
	step     *Step
	previous *copyStep
	files    []Copy // made on first use
}

// Copy is a file or folder that a COPY or ADD puts in the image.
type Copy struct {
	// Step is the instruction.
	Step *Step
	// Source is the path in the build context or, with From, in another image.
	Source string
	// From is the value of --from: a stage, or another image or context; "" for the build context.
	From string
	// Dest is the absolute path in the image: of the file where Source is a file of a build context that is known to
	// hold it or the instruction names one file, else of the folder that it goes into.
	Dest string
	// Word is the word that names Source.
	Word dockerfile.Word
}

// Dockerfile returns the file that the step stands in.
func (s *Step) Dockerfile() *Dockerfile { return s.file }

// User returns the user that the step runs as, as USER names it, without the group. Its Text is "" and its From nil
// where no USER is given; it is then known to be root for a base image that is known.
func (s *Step) User() dockerfile.Value { return s.before.user }

// EndUser returns the user that a container of the image runs as, as Step.User does for a step.
func (img *Image) EndUser() dockerfile.Value {
	img.Steps()
	return img.end.user
}

// Workdir returns the absolute path of the working directory. Where no WORKDIR is given it is "/" and its From nil. It
// is not Known where it depends on an unknown base image, which most likely has "/", and its Text is "" where it
// depends on an unknown variable.
func (s *Step) Workdir() dockerfile.Value { return s.before.workdir }

// Shell returns the words of the SHELL that runs the shell form of the step, nil for the default of the image's
// platform.
func (s *Step) Shell() []dockerfile.Word { return s.file.Shell(s.place()) }

// Lookup returns the value that a variable, by ENV or ARG, has before the step, as dockerfile.File.Lookup does;
// Value.From is the instruction that sets it.
func (s *Step) Lookup(name string) (dockerfile.Value, bool) {
	v, ok := s.file.Lookup(s.place(), name)
	if s.inherited() && v.From != nil && v.From.Index < len(s.file.Instructions) &&
		s.file.Instructions[v.From.Index].Name == "ONBUILD" {
		v.Known = false // set by one of the triggers, and maybe by a later one
	}
	return v, ok
}

// Variables returns the names of the variables that ENV and ARG of the file set before the step, sorted.
func (s *Step) Variables() []string { return s.file.Variables(s.place()) }

// NearestVariable returns the one of Variables that was most likely meant by a name, or "": see source.Nearest.
func (s *Step) NearestVariable(name string) string { return s.file.NearestVariable(s.place(), name) }

// Expand returns a word of the step with variables expanded and quotes removed, as dockerfile.File.Expand does.
func (s *Step) Expand(word string) (text string, known bool) {
	if s.inherited() && strings.Contains(word, "$") {
		return word, false
	}
	return s.file.Expand(s.place(), word)
}

// inherited reports whether the step is the trigger of another stage's ONBUILD.
func (s *Step) inherited() bool { return s.Onbuild != nil && !s.Deferred }

// place returns the instruction at whose place the variables of the step are looked up.
func (s *Step) place() *dockerfile.Instruction {
	if !s.inherited() {
		return s.Instruction
	}
	if own := s.Image.Stage.Instructions; len(own) > 0 {
		return own[0]
	}
	end := *s.Image.Stage.From // the end of a stage that has nothing but FROM
	end.Index++
	return &end
}

// Flag is a flag of a step as BuildKit evaluates it.
type Flag struct {
	Name string
	// Value is the value without quotes and escapes, with variables expanded where BuildKit does so for the flag. Where
	// it is not Known, it is the value as written without quotes. A flag without a value has "".
	Value string
	Known bool
	// HasValue says that there is a "=".
	HasValue bool
	// Span is the whole flag, At the value as written, and Verbatim says that the bytes there are Value's.
	Span, At source.Span
	Verbatim bool
}

// expanded are the flags in which BuildKit expands variables, by instruction. Source: BuildKit v0.34.2,
// frontend/dockerfile/instructions/commands.go and commands_runmount.go (Expand), and dockerfile2llb/convert.go for
// FROM. A variable in COPY --from is refused.
var expanded = map[string][]string{
	"ADD": {"chown", "chmod", "checksum"}, "COPY": {"chown", "chmod"}, "FROM": {"platform"}, "RUN": {"mount"},
}

// Flag returns the last flag of the step with a name, and false where there is none.
func (s *Step) Flag(name string) (Flag, bool) {
	if f := s.Instruction.Flag(name); f != nil {
		return s.flag(f), true
	}
	return Flag{}, false
}

// Flags returns all flags of the step with a name, in order, such as each --mount of a RUN.
func (s *Step) Flags(name string) iter.Seq[Flag] {
	return func(yield func(Flag) bool) {
		for n := range s.Instruction.Flags {
			if f := &s.Instruction.Flags[n]; f.Name == name && !yield(s.flag(f)) {
				return
			}
		}
	}
}

func (s *Step) flag(f *dockerfile.Flag) Flag {
	out := Flag{
		Name:     f.Name,
		Value:    f.Unquoted,
		Known:    true,
		HasValue: !f.Value.Span.IsEmpty() || strings.Contains(s.file.Source.Text(f.Span), "="),
		Span:     f.Span,
		At:       f.Value.Span,
	}
	if slices.Contains(expanded[s.Name], f.Name) {
		if text, known := s.Expand(f.Unquoted); known {
			out.Value = text
		} else {
			out.Known = false
		}
	} else if s.Name == "COPY" && f.Name == "from" && strings.Contains(f.Unquoted, "$") {
		out.Known = false
	}
	out.Verbatim = s.file.Source.Text(out.At) == out.Value
	return out
}

// Copied returns the files and folders that COPY and ADD have put in the image before the step, those of its parents
// included, the last one first. Sources and targets that are not known are left out.
func (s *Step) Copied() iter.Seq[*Copy] {
	return func(yield func(*Copy) bool) {
		for at := s.before.copies; at != nil; at = at.previous {
			for c := range at.all() {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// all returns what the instruction copies, the last one first.
func (c *copyStep) all() iter.Seq[*Copy] {
	if c.files == nil {
		c.files = c.step.copies()
	}
	return func(yield func(*Copy) bool) {
		for n := len(c.files) - 1; n >= 0; n-- {
			if !yield(&c.files[n]) {
				return
			}
		}
	}
}

// Dest returns the absolute path that a COPY or ADD copies to, and whether that must be a folder. It is false where it
// is not known.
func (s *Step) Dest() (dest string, folder, known bool) {
	if s.Name != "COPY" && s.Name != "ADD" || len(s.Words) == 0 {
		return "", false, false
	}
	dest, known = s.Expand(Unquote(s.Words[len(s.Words)-1].Text))
	if !known {
		return "", false, false
	}
	folder = strings.HasSuffix(dest, "/") || dest == "." || len(s.Words) > 2
	dest = absolute(s.before.workdir.Text, dest)
	return dest, folder, dest != ""
}

// copies returns what a COPY or ADD puts in the image.
func (s *Step) copies() []Copy {
	out := []Copy{} // not nil, so it is made once
	dest, folder, known := s.Dest()
	if !known {
		return out
	}
	from := ""
	if flag, ok := s.Flag("from"); ok {
		from = flag.Value
	}
	for _, word := range s.Words[:len(s.Words)-1] {
		if strings.HasPrefix(word.Text, "<<") {
			continue
		}
		name, known := s.Expand(Unquote(word.Text))
		if !known {
			continue
		}
		target := dest
		if folder && !(from == "" && s.file.IsContextDir(name)) {
			target = path.Join(dest, path.Base(path.Clean("/"+name)))
		}
		out = append(out, Copy{Step: s, Source: name, From: from, Dest: target, Word: word})
	}
	return out
}

// FileAt returns the file of the build context that lies at an absolute path of the image before the step, nil where
// that is not known.
func (s *Step) FileAt(full string) *source.File {
	before := s.order
	if s.Deferred {
		before = len(s.Image.steps)
	}
	for img := s.Image; img != nil; img, before = img.Parent, math.MaxInt {
		if f := img.readableAt(full, before); f != nil {
			return f
		}
	}
	return nil
}

// placed are the copies that may bring a file of the build context to a path of an image, the last one first.
type placed struct {
	copies []*Copy
	files  []*source.File // those that were read
	next   []int          // for a copy whose file cannot be read a later index, else its own
}

// readableAt returns the file that the steps of the image before one copied to a path: that of the last copy whose file
// can be read, nil without one. Each copy is tried once, however many steps ask.
func (img *Image) readableAt(full string, before int) *source.File {
	at := img.placed[full]
	if at == nil {
		at = &placed{copies: img.copiesTo(full)}
		at.files, at.next = make([]*source.File, len(at.copies)), make([]int, len(at.copies)+1)
		for n := range at.next {
			at.next[n] = n
		}
		if img.placed == nil {
			img.placed = map[string]*placed{}
		}
		img.placed[full] = at
	}
	n := at.from(sort.Search(len(at.copies), func(n int) bool { return at.copies[n].Step.order < before }))
	for ; n < len(at.copies); n = at.from(n) {
		if at.files[n] != nil {
			return at.files[n]
		}
		c := at.copies[n]
		name := c.Source
		if full != c.Dest {
			name = path.Join(c.Source, strings.TrimPrefix(full, strings.TrimSuffix(c.Dest, "/")+"/"))
		}
		f, err := img.Dockerfile.ReadContext(name)
		if err == nil {
			at.files[n] = f
			return f
		}
		at.next[n] = n + 1
	}
	return nil
}

// from returns the first index from one on that is not known to be a copy whose file cannot be read.
func (p *placed) from(n int) int {
	end := n
	for p.next[end] != end {
		end = p.next[end]
	}
	for p.next[n] != n {
		n, p.next[n] = p.next[n], end
	}
	return end
}

// copiesTo returns the copies from the build context, by steps of the image, to a path or a folder that it lies in, the
// last one first.
func (img *Image) copiesTo(full string) []*Copy {
	if img.byDest == nil {
		img.byDest = map[string][]*Copy{}
		for at := img.end.copies; at != nil && at.step.Image == img; at = at.previous {
			for c := range at.all() {
				if c.From == "" {
					img.byDest[c.Dest] = append(img.byDest[c.Dest], c)
				}
			}
		}
	}
	var out []*Copy
	for dest := full; ; dest = path.Dir(dest) {
		out = append(out, img.byDest[dest]...)
		if dest == path.Dir(dest) {
			break
		}
	}
	slices.SortStableFunc(out, func(a, b *Copy) int {
		return cmp.Or(b.Step.order-a.Step.order, b.Word.Span.Start-a.Word.Span.Start)
	})
	return out
}

// Home returns the home folder of the user that the step runs as.
func (s *Step) Home() string {
	if v, ok := s.Lookup("HOME"); ok && v.Known && v.From != nil && v.From.Name == "ENV" {
		return v.Text
	}
	return HomeOf(s.User().Text)
}

// Steps returns what runs when the stage is built, in order: FROM, the triggers of the ONBUILD instructions of the
// stage below, and its own instructions. Its own ONBUILD instructions are there as Deferred steps.
func (img *Image) Steps() []*Step {
	if img.steps == nil {
		img.makeSteps()
	}
	return img.steps
}

func (img *Image) makeSteps() {
	known := img.Base != nil
	now := &state{user: dockerfile.Value{Known: known}, workdir: dockerfile.Value{Text: "/", Known: known}}
	var inherited []*Step
	if p := img.Parent; p != nil {
		p.Steps()
		now = p.end
		for _, s := range p.steps {
			if s.Deferred {
				inherited = append(inherited, s)
			}
		}
	}
	d := img.Dockerfile
	count := 1 + len(inherited) + len(img.Stage.Instructions)
	all := make([]Step, 0, count) // one allocation; pointers into it stay good, since it does not grow
	img.steps = make([]*Step, 0, count)
	add := func(s Step) {
		s.Image, s.file, s.before, s.order = img, d, now, len(img.steps)
		all = append(all, s)
		step := &all[len(all)-1]
		img.steps = append(img.steps, step)
		if !s.Deferred {
			now = step.after()
		}
	}
	add(Step{Instruction: img.Stage.From, From: img})
	for _, s := range inherited {
		add(Step{Instruction: s.Instruction, Onbuild: s.Onbuild, From: s.Image})
	}
	for _, i := range img.Stage.Instructions {
		if i.Name == "ONBUILD" && i.Trigger != nil {
			add(Step{Instruction: i.Trigger, Onbuild: i, Deferred: true, From: img})
		} else {
			add(Step{Instruction: i, From: img})
		}
	}
	for n := range all {
		if all[n].Deferred {
			all[n].before = now
		}
	}
	img.end = now
}

// after returns the state after a step.
func (s *Step) after() *state {
	now := *s.before
	switch s.Name {
	case "USER":
		if len(s.Words) > 0 {
			text, known := s.Expand(s.Words[0].Text)
			user, _, _ := strings.Cut(text, ":")
			now.user = dockerfile.Value{Text: user, Known: known, Span: s.Words[0].Span, From: s.Instruction}
		}
	case "WORKDIR":
		dir, known := s.Expand(s.file.Source.Text(s.Args))
		dir = strings.TrimSpace(Unquote(dir))
		known = known && (strings.HasPrefix(dir, "/") || s.before.workdir.Known)
		if dir = absolute(s.before.workdir.Text, dir); !known && strings.Contains(dir, "$") {
			dir = ""
		}
		now.workdir = dockerfile.Value{Text: dir, Known: known && dir != "", Span: s.Args, From: s.Instruction}
	case "COPY", "ADD":
		now.copies = &copyStep{step: s, previous: now.copies}
	default:
		return s.before
	}
	return &now
}
