package image

import (
	"slices"
	"strings"
)

// index finds steps by keyword and commands by program.
type index struct {
	steps     []*Step
	byKeyword map[string][]*Step
	commands  []*Command
	byProgram map[string][]*Command // made on first use
	selected  map[string][]*Step    // by several keywords
	several   map[string][]*Command // by several programs

	shell *bool // the result of ReplacesShell, made on first use
}

// Steps returns the steps with one of the keywords, in upper case, in the order of the file; without keywords, all.
// Each instruction is there once, where it stands: those before the first FROM, and the triggers of ONBUILD as Deferred
// steps. The list must not be changed.
func (d *Dockerfile) Steps(keywords ...string) []*Step {
	d.makeSteps()
	switch len(keywords) {
	case 0:
		return d.index.steps
	case 1:
		return d.index.byKeyword[keywords[0]]
	}
	key := strings.Join(keywords, " ")
	if list, ok := d.index.selected[key]; ok {
		return list
	}
	list := d.selectSteps(keywords)
	if d.index.selected == nil {
		d.index.selected = map[string][]*Step{}
	}
	d.index.selected[key] = list
	return list
}

func (d *Dockerfile) selectSteps(keywords []string) []*Step {
	count := 0
	for _, k := range keywords {
		count += len(d.index.byKeyword[k])
	}
	if count == 0 {
		return nil
	}
	out := make([]*Step, 0, count)
	for _, s := range d.index.steps {
		if slices.Contains(keywords, s.Name) {
			out = append(out, s)
		}
	}
	return out
}

func (d *Dockerfile) makeSteps() {
	if d.index.byKeyword != nil {
		return
	}
	x := &d.index
	x.byKeyword = map[string][]*Step{}
	x.steps = make([]*Step, 0, len(d.Instructions))
	nothing := &state{}
	for _, i := range d.Instructions {
		if i.Stage != nil {
			break
		}
		x.steps = append(x.steps, &Step{Instruction: i, file: d, before: nothing})
	}
	for _, img := range d.Images {
		for _, s := range img.Steps() {
			if s.From == img {
				x.steps = append(x.steps, s)
			}
		}
	}
	for _, s := range x.steps {
		x.byKeyword[s.Name] = append(x.byKeyword[s.Name], s)
	}
}

// Commands returns the commands that start one of the programs, by name, in the order of the file and of execution;
// without programs, all, those included that only set variables. Commands of scripts of the build context that the
// steps run are among them: see Command.InDockerfile. The list must not be changed.
func (d *Dockerfile) Commands(programs ...string) []*Command {
	d.makeCommands()
	switch len(programs) {
	case 0:
		return d.index.commands
	case 1:
		return d.index.byProgram[programs[0]]
	}
	key := strings.Join(programs, " ")
	out, ok := d.index.several[key]
	if ok {
		return out
	}
	for _, p := range programs {
		out = append(out, d.index.byProgram[p]...)
	}
	slices.SortFunc(out, func(a, b *Command) int { return a.order - b.order })
	if d.index.several == nil {
		d.index.several = map[string][]*Command{}
	}
	d.index.several[key] = out
	return out
}

// ReplacesShell reports whether a command of the file puts another program in the place of /bin/sh.
func (d *Dockerfile) ReplacesShell() bool {
	if d.index.shell == nil {
		replaces := slices.ContainsFunc(
			d.Commands("ln", "mv", "cp", "dpkg-divert", "update-alternatives", "dpkg-reconfigure"),
			(*Command).ReplacesShell)
		d.index.shell = &replaces
	}
	return *d.index.shell
}

// ReplacesShell reports whether a command puts another program in the place of /bin/sh.
func (c *Command) ReplacesShell() bool {
	if len(c.Words) < 2 {
		return false
	}
	switch last := c.Words[len(c.Words)-1].Text; c.Name {
	case "ln", "mv", "cp":
		return len(c.Words) > 2 && (last == "/bin/sh" || last == "/usr/bin/sh")
	case "dpkg-reconfigure":
		return last == "dash"
	case "dpkg-divert", "update-alternatives":
		return c.HasWord("/bin/sh")
	}
	return false
}

func (d *Dockerfile) makeCommands() {
	if d.index.byProgram != nil {
		return
	}
	x := &d.index
	x.byProgram = map[string][]*Command{}
	for _, s := range d.Steps() {
		x.commands = append(x.commands, s.Commands()...)
	}
	for n, c := range x.commands {
		c.order = n
		if c.Name != "" {
			x.byProgram[c.Name] = append(x.byProgram[c.Name], c)
		}
	}
}
