// Package managers has what the rules about package managers share: which of their commands are judged, what empties a
// folder again, which settings a Dockerfile writes, and how options, commands and mounts are added.
//
// What a manager does is in parsers/packages; here is what that means for an image.
package managers

import (
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/distro"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// Judged reports whether rules judge a command: it stands in a RUN of the Dockerfile itself, not in a script that may
// have other uses, BuildKit's own frontend reads the file, and neither the shell nor the image is one of Windows, whose
// syntax and folders are others.
func Judged(c *image.Command) bool {
	return JudgedAnywhere(c) && c.Dialect().POSIX() && !c.Step.Image.Windows()
}

// JudgedAnywhere is Judged for rules that say what is right in cmd, in PowerShell and on Windows, too.
func JudgedAnywhere(c *image.Command) bool {
	s := c.Step
	return s.Name == "RUN" && s.Image != nil && c.InDockerfile() && !c.Calls && !Foreign(s.Dockerfile())
}

// Foreign reports whether a frontend other than BuildKit's for Dockerfiles reads the file.
func Foreign(d *image.Dockerfile) bool { return d.Frontend != nil && d.Frontend.Foreign }

// programsOf returns the programs of package managers by name, found on first use.
func programsOf(managers []string) func() []string {
	return sync.OnceValue(func() []string { return packages.Programs(managers...) })
}

// uses returns the commands of package managers by name that are judged and start with one of the programs.
func uses(d *image.Dockerfile, managers, programs []string, judged func(*image.Command) bool) []*image.Command {
	if Foreign(d) {
		return nil
	}
	var out []*image.Command
	for _, c := range d.Commands(programs...) {
		if judged(c) && !c.Uncalled && c.Package() != nil && slices.Contains(managers, c.Package().Manager.Name) {
			out = append(out, c)
		}
	}
	return out
}

// Named returns the program and the verb of a command of a package manager, for messages: "apt-get install".
func Named(c *image.Command) string {
	u := c.Package()
	name := c.Name
	if strings.HasPrefix(name, "python") {
		name = u.Manager.Name
	}
	for _, w := range u.Verb {
		name += " " + w.Text
	}
	if o, ok := operation(u); ok {
		name += " " + o.Word.Text
	}
	return name
}

// operation returns the option that says what pacman does.
func operation(u *packages.Use) (packages.Option, bool) {
	if len(u.Verb) > 0 || u.Manager.Name != "pacman" {
		return packages.Option{}, false
	}
	return u.Option("-S", "--sync", "-U", "--upgrade", "-R", "--remove")
}

// Place returns the program and the verb of a command of a package manager, with what stands between them.
func Place(c *image.Command) source.Span {
	s := c.Words[0].Span
	u := c.Package()
	last := shell.Word{Span: s}
	if len(u.Verb) > 0 {
		last = u.Verb[len(u.Verb)-1]
	} else if o, ok := operation(u); ok {
		last = o.Word
	}
	if last.Span.End > s.End {
		s.End = last.Span.End
	}
	return s
}

// verb returns the word behind which options of the verb may stand.
func verb(c *image.Command) shell.Word {
	u := c.Package()
	if o, ok := operation(u); ok {
		return o.Word
	}
	if len(u.Verb) == 0 {
		return c.Words[0]
	}
	return u.Verb[len(u.Verb)-1]
}

// AddWords returns the edits that add words to a command behind one of its words, and false where that word does not
// stand in the file as the program sees it, or the command is part of a word of another one, as in `sh -c "…"`.
func AddWords(c *image.Command, behind shell.Word, words ...string) ([]fixers.Edit, bool) {
	if c.Quoting != source.Plain {
		return nil, false
	}
	written := c.File.Text(behind.Span)
	if c.Step.Exec && c.Parent == nil {
		if written != `"`+behind.Text+`"` {
			return nil, false
		}
		return fixdocker.InsertAfterWord(c.File, behind.Span, `, "`+strings.Join(words, `", "`)+`"`), true
	}
	if written != behind.Text {
		return nil, false
	}
	return fixdocker.InsertAfterWord(c.File, behind.Span, " "+strings.Join(words, " ")), true
}

// AddOption returns the edits that add an option to a command behind its verb, as AddWords does.
func AddOption(c *image.Command, option string) ([]fixers.Edit, bool) {
	return AddWords(c, verb(c), option)
}

// isFlag reports whether a word is an option.
func isFlag(w string) bool { return len(w) > 1 && w[0] == '-' }

// LacksOption returns a function that reports whether the image of a step is based on a release that lacks an option.
func LacksOption(option distro.Option) func(*image.Step) bool {
	return func(s *image.Step) bool {
		base := s.Image.Root().Base
		return base != nil && distro.Lacks(base.Name, base.Tag, option)
	}
}
