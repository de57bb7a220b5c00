// Package sshd finds images whose containers run OpenSSH's server, and what their files may do to the environment of a
// session.
package sshd

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// Server returns the command with which a container of a stage starts sshd, nil where none is known.
func Server(img *image.Image) *image.Command {
	for _, s := range Starts(img) {
		for _, c := range s.Commands() {
			if c.Uncalled || len(c.Words) == 0 {
				continue
			}
			switch {
			case c.Name == "sshd", c.Name == "" && strings.Contains(strings.ToLower(c.Words[0].Text), "sshd"):
				return c
			case c.Name == "service" && len(c.Words) == 3 && c.Words[2].Text == "start" &&
				(c.Words[1].Text == "ssh" || c.Words[1].Text == "sshd"):
				return c
			}
		}
	}
	return nil
}

// Starts returns the ENTRYPOINT and the CMD in force in a stage.
func Starts(img *image.Image) []*image.Step {
	for at := img; at != nil; at = at.Parent {
		var entry, cmd *image.Step
		for _, s := range at.Steps() {
			switch {
			case s.Deferred:
			case s.Name == "ENTRYPOINT":
				entry = s
			case s.Name == "CMD":
				cmd = s
			}
		}
		switch {
		case entry != nil && cmd != nil:
			return []*image.Step{entry, cmd}
		case entry != nil:
			return []*image.Step{entry}
		case cmd != nil:
			return []*image.Step{cmd}
		}
	}
	return nil
}

// Session is a kind of session of an SSH server.
type Session uint8

const (
	// Any is a session of a login shell or of a command.
	Any Session = iota
	// Command is a session of a command, which "ssh HOST COMMAND" starts: its shell is not a login shell, and reads
	// neither /etc/profile nor ~/.profile.
	Command
)

// marks are what a file says that gives variables to sessions: the files that sshd, PAM and shells read at the start of
// one, and the options of sshd. Those of loginMarks count for login shells alone.
//
// Source: sessions of OpenSSH 9.2 with bash 5.2, of which testdata/live has some.
var (
	marks = []string{
		"etc/environment", "bashrc", "zshenv", ".ssh/environment", "pam_env", "SetEnv", "setenv",
		"PermitUserEnvironment", "AcceptEnv", "BASH_ENV", "config.fish", "fish/conf.d", "ForceCommand", "command=",
		"printenv", "declare -p", "export -p", "/proc/1/environ", "/proc/self/environ",
	}
	loginMarks = []string{
		"etc/profile", ".profile", "bash_profile", "bash_login", "zprofile", "zshrc", "login.defs",
	}
)

// mentions reports whether a text mentions something that gives variables to sessions.
func (s Session) mentions(text []byte) bool {
	in := func(mark string) bool { return strings.Contains(string(text), mark) }
	return slices.ContainsFunc(marks, in) || s == Any && slices.ContainsFunc(loginMarks, in)
}

// Mended reports whether something in the build or at the start of a container may give variables to sessions of an SSH
// server: a file that they read is mentioned, copied, or may be written by what is not known.
func (s Session) Mended(img *image.Image) bool {
	d := img.Dockerfile
	if s.mentions(d.Source.Bytes) {
		return true
	}
	for at := img; at != nil; at = at.Parent {
		for _, step := range at.Steps() {
			if (step.Name == "RUN" || step.Name == "CMD" || step.Name == "ENTRYPOINT") && s.runsUnknown(step) {
				return true
			}
		}
	}
	for at := img; at != nil; at = at.Parent {
		for _, step := range at.Steps() {
			if (step.Name == "COPY" || step.Name == "ADD") && s.copiesUnknown(step) {
				return true
			}
		}
	}
	return false
}

// runsUnknown reports whether a step runs something that is not known, or that mentions what sessions read.
func (s Session) runsUnknown(step *image.Step) bool {
	for _, c := range step.Commands() {
		if len(c.Words) == 0 {
			continue
		}
		first := c.Words[0].Text
		switch {
		case c.Unread != image.Read && first != "$@" && !strings.Contains(strings.ToLower(first), "sshd"):
			return true
		case c.RunsFile != nil && s.mentions(c.RunsFile.Bytes):
			return true
		case c.Name == "env" && len(c.Words) == 1:
			return true
		}
	}
	script := step.Dockerfile().Script(step.Instruction)
	return script == nil || script.Dialect == shell.None
}

// copiesUnknown reports whether a COPY or ADD may put a file in place that sessions read.
func (s Session) copiesUnknown(step *image.Step) bool {
	if files, ok := Files(step); ok {
		return slices.ContainsFunc(files, func(f *source.File) bool { return s.mentions(f.Bytes) })
	}
	return Reaches(step, "/etc", "/root", "/home")
}

// Files returns the files that a COPY or ADD copies, and false where it may copy something else than files of the build
// context.
func Files(s *image.Step) (files []*source.File, ok bool) {
	from, _ := s.Flag("from")
	if from.Value != "" || len(s.Words) < 2 {
		return nil, false
	}
	for _, w := range s.Words[:len(s.Words)-1] {
		f, err := s.Dockerfile().ReadContext(w.Text)
		if err != nil {
			return nil, false
		}
		files = append(files, f)
	}
	return files, true
}

// Reaches reports whether a COPY or ADD of folders may put something into one of some folders.
func Reaches(s *image.Step, folders ...string) bool {
	dest, _, known := s.Dest()
	return !known || dest == "/" || slices.ContainsFunc(folders, func(folder string) bool {
		return dest == folder || strings.HasPrefix(dest, folder+"/")
	})
}
