package dockerfile

import (
	"fmt"
	"path"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/attributes"
)

var copyThenChmod = &rules.Rule{
	ID:       "dockerfile/copy-then-chmod",
	Summary:  "a RUN only changes the mode or owner of what a COPY put in the image, which stores it a second time",
	Severity: rules.Info,
	Category: rules.Performance,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"Dockerfile reference: COPY --chown --chmod",
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/convert_copy.go (dispatchCopy) and " +
			"solver/llbsolver/ops/user_linux.go (readUser); fsutil, copy/copy.go: folders that a copy makes get its " +
			"mode and owner",
	},
	Check: rules.OnImage(func(p *rules.Pass, img *image.Image) {
		if img.Dockerfile.Foreign() || img.Windows() {
			return
		}
		var others []*image.Step // those above that are no such RUN
		changed := remodes{made: map[*image.Step]int{}, files: map[string]int{}, folders: map[string]int{}}
		for n, s := range img.Steps() {
			changed.made[s] = n
			if s.Name != "RUN" || s.Broken || s.Onbuild != nil || len(s.Instruction.Flags) > 0 {
				others = append(others, s)
				continue
			}
			r, ok := readRemode(others, s)
			if !ok {
				others = append(others, s)
				continue
			}
			if img.Ships() {
				p.Report(r.finding(!changed.meets(r)))
			}
			changed.add(r, n)
		}
	}),
}

// remodes are the steps of a stage, by number, and those of the RUN instructions that changed paths, by the path.
type remodes struct {
	made           map[*image.Step]int
	files, folders map[string]int
}

func (c *remodes) add(r *remode, n int) {
	for full, t := range r.targets {
		if c.files[full] = n; t.Folder {
			c.folders[full] = n
		}
	}
}

// meets reports whether a RUN changes what one above does too, so what it does cannot come before that one.
func (c *remodes) meets(r *remode) bool {
	for full, t := range r.targets {
		from := c.made[t.Step]
		if c.files[full] > from {
			return true
		}
		for at := full; len(c.folders) > 0 && at != "/" && at != "."; {
			if at = path.Dir(at); c.folders[at] > from {
				return true
			}
		}
	}
	return false
}

// remode is a RUN that changes the mode or owner of copied files, and does nothing else.
type remode struct {
	run     *image.Step
	before  []*image.Step
	targets map[string]*remodeTarget
	order   []*remodeTarget
	first   shell.Word
	folder  bool // one of the paths is a folder
}

// remodeTarget is a path that the RUN changes.
type remodeTarget struct {
	attributes.Origin
	mode, owner string
}

// readRemode reads a RUN, and reports false where it does something else, or it is not certain that it does not.
func readRemode(before []*image.Step, s *image.Step) (*remode, bool) {
	r := &remode{run: s, before: before, targets: map[string]*remodeTarget{}}
	commands := s.Commands()
	for _, c := range commands {
		if !r.add(c) {
			return nil, false
		}
	}
	return r, len(commands) > 0
}

// add notes what a command changes, and reports false where it does something else.
func (r *remode) add(c *image.Command) bool {
	if c.Name != "chmod" && c.Name != "chown" || !c.InDockerfile() || c.Maybe || c.Uncalled || c.Ignored ||
		c.Background || c.Parent != nil || c.PipedFrom != nil || c.PipesTo != nil || len(c.Assigns) > 0 ||
		len(c.Redirs) > 0 || c.Unread != image.Read {
		return false
	}
	sudo := len(c.Wrappers) == 1 && c.Wrappers[0] == "sudo"
	if len(c.Wrappers) > 0 && !sudo {
		return false
	}
	recursive, words := operands(c.Words[1:])
	if len(words) < 2 {
		return false
	}
	for _, w := range words[1:] {
		full := c.PathOf(w)
		if full == "" {
			return false
		}
		t := r.targets[full]
		if t == nil {
			origin, ok := attributes.Find(r.before, full, recursive)
			if !ok || !sudo && !mayChange(r.run, origin.Step, c.Name) {
				return false
			}
			t = &remodeTarget{Origin: origin}
			r.targets[full], r.order = t, append(r.order, t)
		}
		switch {
		case t.Folder != recursive, c.Name == "chmod" && t.mode != "", c.Name == "chown" && t.owner != "",
			c.Name == "chown" && t.mode != "" && attributes.Special(t.mode): // chown clears these bits
			return false
		case c.Name == "chmod":
			t.mode = words[0].Text
		default:
			t.owner = words[0].Text
		}
		if r.first.Text == "" {
			r.first = w
		}
		r.folder = r.folder || t.Folder
	}
	return true
}

// operands returns the words of a chmod or chown without its options, none where one is not known.
func operands(words []shell.Word) (recursive bool, out []shell.Word) {
	for n, w := range words {
		switch {
		case !w.Known:
			return false, nil
		case w.Text == "--":
			return recursive, append(out, words[n+1:]...)
		case w.Text == "-R", w.Text == "--recursive":
			recursive = true
		case w.Text == "-v", w.Text == "-c", w.Text == "-f":
		case strings.HasPrefix(w.Text, "-"):
			return false, nil
		default:
			out = append(out, w)
		}
	}
	return recursive, out
}

// mayChange reports whether the user of a RUN may change the mode or owner of what a COPY put in the image.
func mayChange(run, from *image.Step, program string) bool {
	user := run.User()
	if user.From == nil || user.Known && image.IsRoot(user.Text) {
		return true
	}
	flag, ok := from.Flag("chown")
	owner, _, _ := strings.Cut(flag.Value, ":")
	return program == "chmod" && ok && flag.Known && user.Known && owner == user.Text
}

// finding returns what is reported, with a fix where the COPY may do what the RUN does.
func (r *remode) finding(fixable bool) rules.Finding {
	var what, flags string
	for _, t := range r.order {
		if t.mode != "" && !strings.Contains(what, "mode") {
			what, flags = "mode", "--chmod"
		}
	}
	for _, t := range r.order {
		if t.owner != "" && !strings.Contains(what, "owner") {
			what = strings.TrimPrefix(what+" and owner", " and ")
			flags = strings.TrimPrefix(flags+" and --chown", " and ")
		}
	}
	f := r.run.Dockerfile().Source
	from := r.order[0].Step
	stored := "the file is"
	switch {
	case r.folder:
		stored = "its files are"
	case len(r.order) > 1:
		stored = "the files are"
	}
	others := ""
	if len(r.order) > 1 {
		others = fmt.Sprintf(" and %d more", len(r.order)-1)
	}
	finding := rules.Finding{
		File: f, Span: r.run.Keyword,
		Message: fmt.Sprintf("this RUN only changes the %s of %q%s, so %s stored a second time, in a layer of its "+
			"own; %s has %s", what, r.first.Text, others, stored, from.Name, flags),
		Related: []rules.Related{{File: f, Span: from.Keyword, Message: "it is copied here"}},
	}
	if fix, ok := r.fix(); ok && fixable {
		finding.Fixes = []fixers.Fix{fix}
	}
	return finding
}

// fix returns the fix that gives the flags to the COPY or ADD, and removes the RUN.
func (r *remode) fix() (fixers.Fix, bool) {
	d := r.run.Dockerfile()
	fix := fixers.Fix{Safety: fixers.Safe, Changes: fixers.Changes{fixdocker.RemovedInstructions{"RUN"}}}
	byStep, steps, assumed := map[*image.Step]attributes.Flags{}, []*image.Step(nil), ""
	for _, t := range r.order {
		if t.Folder {
			return fix, false
		}
		flags, ok := t.Flags(t.mode, t.owner)
		if !ok {
			return fix, false
		}
		if known, seen := byStep[t.Step]; !seen {
			steps = append(steps, t.Step)
		} else if known.Chmod != flags.Chmod || known.Chown != flags.Chown {
			return fix, false
		}
		if assumed == "" {
			assumed = flags.Assumed
		}
		byStep[t.Step] = flags
	}
	for _, s := range steps {
		flags := byStep[s]
		for _, full := range attributes.Files(s) {
			if r.targets[full] == nil {
				return fix, false // the other files keep theirs
			}
		}
		fix.Changes = append(fix.Changes, fixdocker.Flags{"chown", "chmod"})
		fix.Edits = append(fix.Edits, setFlags(s, flags)...)
	}
	fix.Edits = append(fix.Edits, fixdocker.Delete(d.File, r.run.Instruction)...)
	flags := byStep[steps[0]]
	fix.Title = "Write " + strings.TrimSpace(steps[0].Name+" "+flags.String()) + " and remove the RUN"
	if assumed != "" {
		fix.Safety = fixers.Unsafe
		fix.Title += "; " + assumed
	}
	return fix, true
}

// setFlags gives flags to a COPY or ADD, in place of those that it has.
func setFlags(s *image.Step, flags attributes.Flags) []fixers.Edit {
	f := s.Dockerfile().Source
	var edits []fixers.Edit
	added := ""
	for _, flag := range [][2]string{{"chown", flags.Chown}, {"chmod", flags.Chmod}} {
		if old, ok := s.Flag(flag[0]); ok && flag[1] != "" {
			edits = append(edits, fixers.Edit{File: f, Span: old.At, Text: flag[1]})
		} else if flag[1] != "" {
			added += " --" + flag[0] + "=" + flag[1]
		}
	}
	if added != "" {
		edits = append(edits, fixdocker.InsertAfterWord(f, s.Keyword, added)...)
	}
	return edits
}
