// Package shells answers what rules ask about the shell that runs a step: which program it is, and with
// which options.
package shells

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/distro"
	"github.com/sandlint/sandlint/parsers/image"
)

// Shell is the shell that runs the text of a step.
type Shell struct {
	// Program is "bash", "dash", "ash" and so on, by what the base image has as /bin/sh; "" where that is not known.
	Program string
	// Pipefail says whether the program has the option pipefail.
	Pipefail Answer
	// Inferred says that Program is known from the package manager that the Dockerfile runs, not from the base image.
	Inferred bool
	// Given says that a SHELL or the first line of a here-document chose it.
	Given bool
	// Options are those that it is started with: "errexit", "pipefail".
	Options []string
}

// Answer is yes, no, or not known.
type Answer int

// The answers.
const (
	Unknown Answer = iota
	Yes
	No
)

// Of returns the shell that runs the shell form of a step.
func Of(s *image.Step) Shell {
	var words []string
	if _, view, _, ok := s.HeredocScript(); ok && bytes.HasPrefix(view, []byte("#!")) {
		line, _, _ := strings.Cut(string(view[2:]), "\n")
		words = strings.Fields(line)
	} else {
		for _, w := range s.Shell() {
			words = append(words, w.Text)
		}
	}
	if len(words) == 0 {
		out := Shell{}
		out.Program, out.Pipefail, out.Inferred = defaultShell(s)
		return out
	}
	out := Shell{Given: true}
	if path.Base(words[0]) == "env" && len(words) > 1 {
		words = words[1:]
	}
	out.Program = path.Base(words[0])
	switch out.Program {
	case "sh":
		out.Program, out.Pipefail, out.Inferred = defaultShell(s)
	case "bash", "zsh", "ksh", "mksh", "ash", "busybox":
		out.Pipefail = Yes
	case "dash":
		out.Pipefail = dashPipefail(reference(s.Image))
	}
	out.Options = Options(words[1:])
	return out
}

// Has reports whether the shell is started with an option.
func (s Shell) Has(option string) bool { return slices.Contains(s.Options, option) }

// Options returns which of the options "errexit" and "pipefail" the arguments of a shell, or of its command set, switch
// on.
func Options(args []string) []string {
	var out []string
	for n, a := range args {
		long := len(a) > 1 && a[0] == '-' && a[1] == '-'
		if len(a) < 2 || a[0] != '-' || long {
			continue
		}
		if strings.Contains(a, "e") {
			out = append(out, "errexit")
		}
		if strings.HasSuffix(a, "o") && n+1 < len(args) {
			out = append(out, args[n+1])
		}
	}
	return out
}

// Sets reports whether a command switches on an option of the shell that it runs in.
func Sets(c *image.Command, option string) bool {
	if c.Name != "set" && c.Name != "shopt" || len(c.Words) < 2 {
		return false
	}
	var args []string
	for _, w := range c.Words[1:] {
		args = append(args, w.Text)
	}
	if c.Name == "shopt" {
		return slices.Contains(args, option)
	}
	return slices.Contains(Options(args), option)
}

// Switched reports whether an option is in force for a command: the shell starts with it, or a command before in the
// same script sets it.
func Switched(c *image.Command, shell Shell, option string) bool {
	// A substitution in an assignment inherits the options but for errexit, which bash switches off there.
	own := c.Parent == nil || option == "pipefail" && len(c.Parent.Words) == 0
	if own && c.InDockerfile() && shell.Has(option) {
		return true
	}
	for _, other := range c.Step.Commands() {
		if other == c {
			break
		}
		if other.Script == c.Script && Sets(other, option) {
			return true
		}
	}
	return false
}

// reference returns the image that a stage is based on in the end, in lower case, "" where it is not known.
func reference(img *image.Image) string { return strings.ToLower(img.Root().Stage.Image) }

// defaultShell returns what /bin/sh is for a step, "" where it is not known, whether it has the option pipefail, and
// whether it is only known from the package manager.
func defaultShell(s *image.Step) (program string, pipefail Answer, inferred bool) {
	if s.Image == nil || s.Dockerfile().ReplacesShell() || MayBeWindows(s) {
		return "", Unknown, false
	}
	program, inferred = ofImage(s.Image)
	switch program {
	case "bash", "ash":
		return program, Yes, inferred
	case "dash":
		return program, dashPipefail(reference(s.Image)), inferred
	}
	return program, Unknown, inferred
}

// ofImage returns what /bin/sh is in the image that a stage is based on in the end, and whether that is only known from
// the package manager that the Dockerfile runs there: an image may have put another program in the place of /bin/sh.
func ofImage(img *image.Image) (program string, inferred bool) {
	if program = ofReference(img); program != "" || img.Root().Stage.Image == "scratch" {
		return program, false
	}
	program = img.PackagesShell()
	return program, program != ""
}

// ofReference is ofImage by the name of the image alone.
func ofReference(img *image.Image) string {
	if base := img.Root().Base; base != nil {
		return base.Shell
	}
	_, tag := split(reference(img))
	for _, part := range tag {
		switch {
		case strings.HasPrefix(part, "alpine"):
			return "ash"
		case distro.ByCodename(part) != nil:
			return "dash"
		}
	}
	return ""
}

// dashPipefail reports whether the dash of an image has the option pipefail.
func dashPipefail(reference string) Answer {
	name, tag, _ := distro.Split(reference)
	release := distro.Of(name, tag)
	if release == nil {
		return Unknown
	}
	switch has, known := release.DashPipefail(); {
	case !known:
		return Unknown
	case has:
		return Yes
	}
	return No
}

// split returns the last part of an image's name, and the parts of its tag.
func split(reference string) (name string, tag []string) {
	ref, _, _ := strings.Cut(reference, "@")
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		tag = strings.FieldsFunc(ref[i+1:], func(r rune) bool { return r == '-' || r == '_' })
		ref = ref[:i]
	}
	return path.Base(ref), tag
}

// Bash returns the path of bash in the image that runs a step, where its base image is known to have it, "" where not.
func Bash(s *image.Step) string {
	if s.Image == nil || MayBeWindows(s) {
		return ""
	}
	switch program, _ := ofImage(s.Image); program {
	case "bash", "dash":
		return "/bin/bash"
	}
	return ""
}

// MayBeWindows reports whether the image of a step is one of Windows.
func MayBeWindows(s *image.Step) bool {
	return s.Image == nil || s.Image.Windows()
}
