package managers

import (
	"math"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/packages"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// Setting is a setting in the configuration files of a program.
type Setting struct {
	// File reports whether a program may read its settings from a file, by its absolute path in the image.
	File func(name string) bool
	// Key is what a file that has the setting contains, in lower case.
	Key string
	// Command is a program that changes the settings when Key is in its words, "" without one.
	Command string
}

// places are where a Dockerfile may make a setting: the first instruction of each stage that does.
type places struct{ first map[*image.Image]int }

// before reports whether the setting may be there when a command runs.
func (p *places) before(c *image.Command) bool {
	if len(p.first) == 0 {
		return false
	}
	limit := c.Step.Index
	for img := c.Step.Image; img != nil; img, limit = img.Parent, math.MaxInt {
		if at, ok := p.first[img]; ok && at <= limit {
			return true
		}
	}
	return false
}

func (p *places) add(s *image.Step) {
	if at, ok := p.first[s.Image]; s.Image != nil && (!ok || s.Index < at) {
		p.first[s.Image] = s.Index
	}
}

// places returns where a Dockerfile makes the setting, or may make it, since what it writes to a configuration file is
// not known.
func (t Setting) places(d *image.Dockerfile) *places {
	out := &places{first: map[*image.Image]int{}}
	if t.File == nil {
		return out
	}
	for _, c := range d.Commands() {
		if t.madeBy(c) {
			out.add(c.Step)
		}
	}
	for _, s := range d.Steps("COPY", "ADD") {
		if t.copiedBy(s) {
			out.add(s)
		}
	}
	return out
}

// readers are programs that name files without writing to them.
var readers = []string{"rm", "cat", "ls", "echo", "printf", "chmod", "chown", "mkdir", "test", "[", "grep", "head"}

func (t Setting) madeBy(c *image.Command) bool {
	if len(c.Words) == 0 {
		return false
	}
	u := c.Package()
	if u == nil && c.Name == t.Command || u != nil && u.Manager.Name == t.Command && u.Action == packages.Other {
		if slices.ContainsFunc(c.Words, func(w shell.Word) bool { return t.holds(w.Text) }) {
			return true
		}
	}
	for _, w := range c.Writes() {
		if t.File(c.PathOf(w.Path)) {
			return !w.Known || t.holds(text(w.Text))
		}
	}
	if e, ok := c.InPlaceEdit(); ok {
		for _, f := range e.Files {
			if t.File(c.PathOf(f)) {
				return !e.Script.Known || t.holds(e.Script.Text)
			}
		}
		return false
	}
	return !slices.Contains(readers, c.Name) && slices.ContainsFunc(c.Words[1:], func(w shell.Word) bool {
		return strings.HasPrefix(w.Text, "/") && t.File(w.Text)
	})
}

func (t Setting) holds(text string) bool { return strings.Contains(strings.ToLower(text), t.Key) }

func text(pieces []source.Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.Text)
	}
	return b.String()
}

// copiedBy reports whether a COPY or ADD brings a configuration file that may hold the setting.
func (t Setting) copiedBy(s *image.Step) bool {
	dest, folder, known := s.Dest()
	if !known {
		return false
	}
	from, _ := s.Flag("from")
	for _, w := range s.Words[:len(s.Words)-1] {
		target := dest
		name := image.Unquote(w.Text)
		if folder {
			target = path.Join(dest, path.Base(name))
		}
		if !t.File(target) {
			continue
		}
		if strings.HasPrefix(w.Text, "<<") {
			if t.holds(s.Dockerfile().Source.Text(s.Span)) {
				return true
			}
			continue
		}
		f, err := s.Dockerfile().ReadContext(name)
		if from.Value != "" || err != nil || t.holds(string(f.Bytes)) {
			return true
		}
	}
	return false
}

// AptSetting returns a setting of apt.
func AptSetting(key string) Setting {
	return Setting{Key: key, File: func(name string) bool {
		return name == "/etc/apt/apt.conf" || strings.HasPrefix(name, "/etc/apt/apt.conf.d/")
	}}
}

// YumSetting returns a setting of yum and dnf.
func YumSetting(key string) Setting {
	return Setting{Key: key, Command: "yum-config-manager", File: func(name string) bool {
		return name == "/etc/yum.conf" || strings.HasPrefix(name, "/etc/yum/") || strings.HasPrefix(name, "/etc/dnf/")
	}}
}

// PipSetting returns a setting of pip.
func PipSetting(key string) Setting {
	return Setting{Key: key, Command: "pip", File: func(name string) bool { return path.Base(name) == "pip.conf" }}
}

// YarnSetting returns a setting of Yarn 1.
func YarnSetting(key string) Setting {
	return Setting{Key: key, Command: "yarn", File: func(name string) bool { return path.Base(name) == ".yarnrc" }}
}
