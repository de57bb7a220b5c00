package managers

import (
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// Cache is what a rule knows about files that package managers leave in a layer.
type Cache struct {
	// Managers are the names of the managers, CleanedBy those whose own command empties the cache.
	Managers, CleanedBy []string
	// Folders are where the files lie, with "~" for the home folder.
	Folders []string
	// What is what stays, for messages: "the lists of packages".
	What string
	// Fills are the actions that leave something. None stands for those that install.
	Fills []packages.Action
	// Verbs, where there are any, are the only ones that count, since later instructions need what others leave.
	Verbs []string
	// Keeps reports whether a command that cleans keeps what counts.
	Keeps func(*packages.Use) bool
	// Off are the variables that, when they have a value, switch the cache off, and Moved those that name another
	// folder for it, or for what it lies in.
	Off, Moved []string
	// MovedBy are the options that do the same, and Elsewhere those with which the files lie in a place that is not
	// known.
	MovedBy, Elsewhere []string
	// Setting is the setting that switches the cache off as well.
	Setting Setting
	// Unless reports whether a step uses the managers in a way that is not known, or the releases in the image know
	// neither the cache nor Option.
	Unless func(*image.Step) bool
	// UnlessIn is Unless for what is the same for all steps of a Dockerfile.
	UnlessIn func(*image.Dockerfile) bool
	// Cleans reports whether a command empties the cache in a way that Folders does not show. It may be nil.
	Cleans func(*image.Command) bool
	// Option switches the cache off for one command. Without one, Clean is the command that empties it; "" stands for
	// that of the manager.
	Option, Clean string
	// Late says that releases in wide use lack Option, so the build may fail with it.
	Late bool
	// Relied are the actions that need what is left, where the same RUN has not fetched it anew.
	Relied []packages.Action
	// Mount is the folder for a cache mount, "" for none.
	Mount string
	// Anywhere says that the cache and Option are the same on Windows, in whatever folder. Mount is not for there.
	Anywhere bool
	// Locked says that builds must not use the folder at the same time.
	Locked bool
}

// Check makes the check of a rule about commands that leave files in a layer.
func (x Cache) Check() rules.Adapter {
	programs := programsOf(x.Managers)
	return rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		r := run{Cache: x, pass: p, d: d}
		var last *image.Step
		for _, c := range uses(d, x.Managers, programs(), x.judges) {
			if c.Step != last && x.fills(c.Package()) && c.Step.Image.MayShip() {
				last = c.Step
				r.step(c.Step)
			}
		}
	})
}

// judges reports whether the rule judges a command.
func (x *Cache) judges(c *image.Command) bool {
	if !x.Anywhere || c.Dialect().POSIX() {
		return Judged(c)
	}
	text := c.Step.Dockerfile().Source.Text(c.Step.Instruction.Span)
	return JudgedAnywhere(c) && !slices.ContainsFunc(append(x.Off, x.Moved...), func(name string) bool {
		return strings.Contains(text, name)
	})
}

// run is one check of a Dockerfile.
type run struct {
	Cache
	pass   *rules.Pass
	d      *image.Dockerfile
	set    *places
	unless bool // the result of UnlessIn, made with set
	needed Relied
}

func (x *Cache) fills(u *packages.Use) bool {
	if u.Has(u.Manager.Harmless...) ||
		len(x.Verbs) > 0 && (len(u.Verb) == 0 || !slices.Contains(x.Verbs, u.Verb[0].Text)) {
		return false
	}
	if len(x.Fills) == 0 {
		return u.Action == packages.Install
	}
	return slices.Contains(x.Fills, u.Action)
}

// step reports what one RUN leaves.
func (r *run) step(s *image.Step) {
	clean := cleaner{folders: r.Folders, variables: r.Moved, by: r.CleanedBy, keeps: r.Keeps}
	for _, name := range r.Moved {
		if v, ok := s.Lookup(name); ok {
			if !v.Known || !strings.HasPrefix(v.Text, "/") || strings.HasPrefix(v.Text, "/dev/") || s.Covered(v.Text) {
				return
			}
			clean.add(home(v.Text))
		}
	}
	for _, name := range r.Off {
		if v, ok := s.Lookup(name); ok && (!v.Known || v.Text != "") {
			return
		}
	}
	var left []*image.Command
	for _, c := range s.Commands() {
		switch u := c.Package(); {
		case clean.cleans(c), r.Cleans != nil && r.Cleans(c):
			if c.Name == "trap" {
				return
			}
			left = nil
		case u == nil || !slices.Contains(r.Managers, u.Manager.Name) || !r.judges(c) || c.Uncalled:
		case r.leaves(c, u, &clean):
			left = append(left, c)
		}
	}
	if len(left) == 0 || slices.ContainsFunc(r.Folders, func(f string) bool { return covered(left[0], f) }) {
		return
	}
	if r.set == nil {
		r.set = r.Setting.places(r.d)
		r.unless = r.UnlessIn != nil && r.UnlessIn(r.d)
	}
	if r.unless || r.set.before(left[0]) || r.Unless != nil && r.Unless(s) {
		return
	}
	if r.Option == "" {
		r.report(left[len(left)-1], nil)
		return
	}
	installs := slices.ContainsFunc(left, func(c *image.Command) bool { return c.Package().Action != packages.Update })
	updates := 0 // the first of the updates before a command
	for n, c := range left {
		update := c.Package().Action == packages.Update
		if !update || !installs {
			r.report(c, left[updates:n])
		}
		if !update {
			updates = n + 1
		}
	}
}

// covered reports whether a mount keeps what a command writes to a folder out of the image. Where the home folder of
// the user is not known, any home folder counts.
func covered(c *image.Command, folder string) bool {
	s := c.Step
	rest, ok := strings.CutPrefix(folder, "~")
	if s.Covered(folder) || !ok {
		return s.Covered(folder)
	}
	user := s.User()
	sure := user.Known && image.IsRoot(user.Text) && !c.OtherUser()
	for m := range s.Mounts() {
		if m.Type != "cache" && m.Type != "tmpfs" || m.Target == "" || sure {
			continue
		}
		named := user.Known && !image.IsRoot(user.Text) && !c.OtherUser()
		if named && (m.Target == "/root" || strings.HasPrefix(m.Target, "/root/")) {
			continue
		}
		for part := rest; part != "/" && part != "."; part = path.Dir(part) {
			if strings.HasSuffix(m.Target, part) {
				return true
			}
		}
	}
	return false
}

// leaves reports whether a command leaves files in the folders.
func (r *run) leaves(c *image.Command, u *packages.Use, clean *cleaner) bool {
	if slices.ContainsFunc(u.Options, func(o packages.Option) bool {
		return strings.HasPrefix(strings.ToLower(o.Value), "dir::")
	}) {
		return false // apt with other folders
	}
	if !r.fills(u) || u.SkipsCache() || u.Opaque && r.Option != "" || u.Has(r.Elsewhere...) {
		return false
	}
	moved := func(folder string, known bool) bool {
		clean.add(home(folder))
		return !known || !strings.HasPrefix(folder, "/") || strings.HasPrefix(folder, "/dev/") || c.Step.Covered(folder)
	}
	if o, ok := u.Option(r.MovedBy...); ok && moved(o.Value, true) {
		return false
	}
	for _, name := range r.Off {
		if v := c.Assigned(name); v.Set && (!v.Value.Value.Known || v.Value.Value.Text != "") {
			return false
		}
	}
	for _, name := range r.Moved {
		if v := c.Assigned(name); v.Set && moved(v.Value.Value.Text, v.Value.Value.Known) {
			return false
		}
	}
	return true
}

// report reports a command; updates are commands before it that leave files, too.
func (r *run) report(c *image.Command, before []*image.Command) {
	finding := rules.Finding{
		File: c.File, Span: Place(c),
		Message: fmt.Sprintf("%q leaves %s in this layer, where no later instruction can remove the space they take",
			Named(c), r.What),
	}
	for _, fix := range []func(*image.Command) (fixers.Fix, bool){
		func(c *image.Command) (fixers.Fix, bool) { return r.option(c, before) }, r.clean, r.mount,
	} {
		if f, ok := fix(c); ok {
			finding.Fixes = append(finding.Fixes, f)
		}
	}
	r.pass.Report(finding)
}

// option returns the fix that adds the option, and removes a command before it that only refreshes the lists, which the
// option makes useless.
func (r *run) option(c *image.Command, before []*image.Command) (fixers.Fix, bool) {
	if r.Option == "" || !c.Dialect().POSIX() { // elsewhere the proof cannot see that nothing else changes
		return fixers.Fix{}, false
	}
	fix := fixers.Fix{Title: "Add " + r.Option, Safety: fixers.Safe}
	if r.Late {
		fix.Title, fix.Safety = fix.Title+", which old releases lack", fixers.Unsafe
	}
	if c.Package().Action != packages.Update {
		edits, ok := AddWords(c, verb(c), r.Option)
		if !ok {
			return fixers.Fix{}, false
		}
		fix.Edits = edits
		fix.Changes = fixers.Changes{fixdocker.Words{Added: []string{r.Option}}}
	} else {
		before = []*image.Command{c}
		fix.Title = ""
	}
	var removed []string
	for _, b := range before {
		if b.Package().Action != packages.Update {
			continue
		}
		edit, ok := withoutUpdate(b)
		if !ok {
			return fixers.Fix{}, false
		}
		fix.Edits = append(fix.Edits, edit)
		removed = append(removed, b.File.Text(b.Span))
		if title := fmt.Sprintf("remove %q, which it makes useless", Named(b)); fix.Title == "" {
			fix.Title = fmt.Sprintf("Remove %q", Named(b))
		} else {
			fix.Title += " and " + title
		}
	}
	if len(removed) > 0 {
		fix.Changes = append(fix.Changes, fixdocker.Commands{Removed: removed})
	}
	return fix, true
}

// withoutUpdate returns the edit that removes an update which && or the end of a line joins to an installation. One
// with operands, which managers do not expect there, is left alone.
func withoutUpdate(c *image.Command) (fixers.Edit, bool) {
	commands := c.Script.Commands
	n := sort.Search(len(commands), func(n int) bool { return commands[n].Span.Start >= c.Span.Start })
	if n+1 >= len(commands) || commands[n] != c.Command || c.Parent != nil || c.Function != "" {
		return fixers.Edit{}, false
	}
	next := commands[n+1]
	if next.Joined != "&&" && next.Joined != ";" || writes(c) || next.Span.Start < c.Span.End ||
		next.Parent != nil || next.Function != "" || c.Joined == "||" || c.Maybe || len(c.Package().Packages) > 0 {
		return fixers.Edit{}, false
	}
	between := strings.ReplaceAll(c.File.Text(source.Span{Start: c.Span.End, End: next.Span.Start}), "\r", "")
	if u := packages.Read(next); u == nil || u.Manager != c.Package().Manager ||
		u.Action != packages.Install && u.Action != packages.Upgrade {
		return fixers.Edit{}, false
	}
	switch strings.TrimSpace(strings.ReplaceAll(between, "\\\n", " ")) {
	case "&&", ";", "":
	default:
		return fixers.Edit{}, false
	}
	return fixers.Edit{File: c.File, Span: source.Span{Start: c.Span.Start, End: next.Span.Start}}, true
}

// writes reports whether the output of a command goes to a file.
func writes(c *image.Command) bool {
	return slices.ContainsFunc(c.Redirs, func(r shell.Redir) bool {
		return r.Outer || r.Target.Text != "/dev/null" && !strings.HasSuffix(r.Op, "&")
	})
}

// clean returns the fix that empties the cache at the end of the RUN.
func (r *run) clean(c *image.Command) (fixers.Fix, bool) {
	if r.Option != "" || r.isRelied(c) {
		return fixers.Fix{}, false
	}
	text := r.Clean
	if text == "" {
		text = c.Package().Manager.CleanCommand
	}
	if slices.Contains(c.Wrappers, "sudo") {
		text = "sudo " + text
	}
	edit, ok := Append(c, text)
	if !ok {
		return fixers.Fix{}, false
	}
	return fixers.Fix{
		Title: fmt.Sprintf("Run %q in the same layer", text), Safety: fixers.Unsafe, Edits: []fixers.Edit{edit},
		Changes: fixers.Changes{fixdocker.Commands{Added: []string{text}}},
	}, true
}

// isRelied reports whether a later RUN needs what the command leaves.
func (r *run) isRelied(c *image.Command) bool {
	if r.Relied == nil {
		return false
	}
	if r.needed == nil {
		r.needed = Relying(r.d.Commands(packages.Programs(r.Managers...)...), r.Fills, r.Relied)
	}
	return r.needed.After(c.Step) != nil
}

// Relied are the commands of each stage that need what earlier instructions left, in order; for a stage that others are
// based on, the last one may be of such a stage.
type Relied map[*image.Image][]*image.Command

// Relying returns the commands that need what earlier instructions left: those with one of the actions needs, in a step
// in which no command with one of the actions fills comes before.
func Relying(commands []*image.Command, fills, needs []packages.Action) Relied {
	out := Relied{}
	var images []*image.Image
	var filled *image.Step
	for _, c := range commands {
		u := c.Package()
		switch {
		case u == nil || c.Step.Image == nil || c.Step.Deferred:
		case slices.Contains(fills, u.Action):
			filled = c.Step
		case slices.Contains(needs, u.Action) && filled != c.Step:
			if out[c.Step.Image] == nil {
				images = append(images, c.Step.Image)
			}
			out[c.Step.Image] = append(out[c.Step.Image], c)
		}
	}
	based := map[*image.Image]bool{}
	for _, img := range images {
		first := out[img][0]
		for p := img.Parent; p != nil && !based[p]; p = p.Parent {
			based[p] = true
			out[p] = append(out[p], first)
		}
	}
	return out
}

// After returns the first command that needs what a step left, nil without one.
func (r Relied) After(s *image.Step) *image.Command {
	list := r[s.Image]
	n := sort.Search(len(list), func(n int) bool {
		return list[n].Step.Image != s.Image || list[n].Step.Index > s.Index
	})
	if n == len(list) {
		return nil
	}
	return list[n]
}

// Append returns the edit that adds a command, joined by &&, at the end of the script that a command stands in. It is
// false where the script has another form than a list of commands.
func Append(c *image.Command, command string) (fixers.Edit, bool) {
	if c.Step.Exec || !c.InDockerfile() {
		return fixers.Edit{}, false
	}
	script := c.Step.Script()
	var last *shell.Command
	for _, other := range script.Commands {
		if other.Parent == nil && (last == nil || other.Statement.End > last.Statement.End) {
			last = other
		}
	}
	if last == nil || last.Function != "" {
		return fixers.Edit{}, false
	}
	f := c.File
	end := last.Statement.End
	statement := f.Text(last.Statement)
	trimmed := strings.TrimRight(strings.TrimSuffix(strings.TrimRight(statement, " \t"), ";"), " \t")
	end -= len(statement) - len(trimmed)
	switch {
	case strings.HasSuffix(trimmed, "&"), strings.HasSuffix(trimmed, "\\"), strings.Contains(trimmed, "<<"):
		return fixers.Edit{}, false
	}
	for _, other := range script.Commands {
		leaves := other.Name == "exit" || other.Name == "exec" || other.Name == "return"
		if leaves && other.Statement == last.Statement {
			return fixers.Edit{}, false
		}
	}
	return fixers.Edit{
		File: f, Span: source.Span{Start: end, End: end}, Text: continued(c.Step, end, command),
	}, true
}

// continued returns the text that joins a command at an offset: on a line of its own, in the style of the others, where
// the RUN has several.
func continued(s *image.Step, at int, command string) string {
	before := s.Dockerfile().Source.Text(source.Span{Start: s.Instruction.Span.Start, End: at})
	lines := strings.Split(before, "\n")
	if _, _, _, heredoc := s.HeredocScript(); heredoc || len(lines) == 1 {
		return " && " + command
	}
	end := "\n"
	if strings.HasSuffix(lines[0], "\r") {
		end = "\r\n"
	}
	escape := string(s.Dockerfile().Escape)
	indent, leading, trailing := "", false, false
	for n, line := range lines[1:] {
		body := strings.TrimLeft(line, " \t")
		blanks := line[:len(line)-len(body)]
		above := strings.TrimRight(strings.TrimSuffix(strings.TrimRight(lines[n], " \t\r"), escape), " \t")
		switch {
		case strings.HasPrefix(body, "#"):
		case strings.HasPrefix(body, "&&"):
			indent, leading = blanks, true
		case strings.HasSuffix(above, "&&"):
			indent, trailing = blanks, true
		case indent == "":
			indent = blanks
		}
	}
	if indent == "" {
		indent = "    "
	}
	if trailing && !leading {
		return " && " + escape + end + indent + command
	}
	return " " + escape + end + indent + "&& " + command
}

// mount returns the fix that keeps the files in a cache mount.
func (r *run) mount(c *image.Command) (fixers.Fix, bool) {
	if r.Mount == "" || !c.Dialect().POSIX() || r.d.Frontend.LacksFlag("RUN", "mount") ||
		!image.IsRoot(c.Step.User().Text) ||
		c.OtherUser() || r.isRelied(c) {
		return fixers.Fix{}, false
	}
	target := r.Mount
	if rest, ok := strings.CutPrefix(target, "/root/"); ok {
		if home, ok := c.Step.Lookup("HOME"); ok && !home.Known {
			return fixers.Fix{}, false
		}
		target = path.Join(c.Step.Home(), rest)
		if strings.ContainsAny(target, " \t,\"'$\\`") {
			return fixers.Fix{}, false
		}
	}
	text := " --mount=type=cache,target=" + target
	if r.Locked {
		text += ",sharing=locked"
	}
	at := c.Step.Keyword.End
	if flags := c.Step.Instruction.Flags; len(flags) > 0 {
		at = flags[len(flags)-1].Span.End
	}
	return fixers.Fix{
		Title: "Use a cache mount at " + target, Safety: fixers.Unsafe,
		Edits:   []fixers.Edit{{File: c.File, Span: source.Span{Start: at, End: at}, Text: text}},
		Changes: fixers.Changes{fixdocker.Flags{"mount"}},
	}, true
}
