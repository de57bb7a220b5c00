package nix

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var writableNixConf = &rules.Rule{
	ID:       "nix/writable-nix-conf",
	Summary:  "users other than the owner can change Nix's configuration",
	Severity: rules.Error,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix manual, nix.conf: trusted-users, post-build-hook, plugin-files: the file can name programs that run as " +
			"root",
		"Nix, scripts/install-multi-user.sh: the installer gives the file mode 0644",
	},
	Check: rules.OnImage(checkWritable),
}

func checkWritable(p *rules.Pass, img *image.Image) {
	var own, deferred modes // an ONBUILD runs later, in another build
	for _, s := range img.Steps() {
		switch {
		case s.Deferred:
			deferred.step(s)
		case s.From == img:
			own.step(s)
		}
	}
	for _, f := range append(own.found, deferred.found...) {
		p.Report(f)
	}
}

// modes are the files whose mode is too wide, with a finding for each.
type modes struct {
	paths []string
	found []rules.Finding
}

// set records that a file, or what lies in a folder, gets a mode; nil stands for one that is fine.
func (m *modes) set(name string, finding *rules.Finding) {
	for n := len(m.paths) - 1; n >= 0; n-- {
		if m.paths[n] == name || strings.HasPrefix(m.paths[n], strings.TrimSuffix(name, "/")+"/") {
			m.paths, m.found = slices.Delete(m.paths, n, n+1), slices.Delete(m.found, n, n+1)
		}
	}
	if finding != nil {
		m.paths, m.found = append(m.paths, name), append(m.found, *finding)
	}
}

func (m *modes) step(s *image.Step) {
	switch s.Name {
	case "COPY", "ADD":
		m.copy(s)
	case "RUN":
		for _, c := range s.Commands() {
			if c.Name == "chmod" && c.InDockerfile() {
				m.chmod(c)
			}
		}
	}
}

func (m *modes) copy(s *image.Step) {
	flag, ok := s.Flag("chmod")
	if !ok || len(s.Words) < 2 {
		return
	}
	dest := s.Words[len(s.Words)-1].Text
	for _, word := range s.Words[:len(s.Words)-1] {
		name := dest
		if strings.HasSuffix(dest, "/") {
			name = path.Join(dest, path.Base(word.Text))
		}
		if isConfigPath(name) {
			m.set(name, writable(s, name, flag.Value, flag.At, flag.Verbatim))
		}
	}
}

func (m *modes) chmod(c *image.Command) {
	mode, files := chmodArguments(c.Command)
	for _, file := range files {
		name := file.Text
		if !isConfigPath(name) && name != "/etc/nix" && name != "/etc/nix/" {
			continue
		}
		var finding *rules.Finding
		if mode.Known {
			verbatim := c.Quoting == source.Plain && len(mode.Parts) == 1 && mode.Parts[0].Verbatim
			finding = writable(c.Step, name, mode.Text, mode.Span, verbatim)
		}
		m.set(name, finding)
	}
}

// writable returns the finding for a file that gets a mode, nil where the mode is fine.
func writable(s *image.Step, name, mode string, span source.Span, verbatim bool) *rules.Finding {
	m := writableBy(mode)
	if m.who == "" {
		return nil
	}
	file := s.Dockerfile().Source
	finding := &rules.Finding{
		File: file, Span: span,
		Message: fmt.Sprintf("%s can write to %q and make Nix run arbitrary programs", m.who, name),
	}
	if m.group {
		finding.Severity = rules.Warning
	}
	if text := file.Text(span); verbatim && m.strict != "" && strings.Contains(text, m.text) {
		at := span.Start + strings.Index(text, m.text)
		finding.Fixes = []fixers.Fix{{
			Title: "Use mode " + m.strict, Safety: fixers.Unsafe, Changes: fixers.Changes{
				fixdocker.Flags{"chmod"},
				fixdocker.Words{Removed: []string{mode}, Added: []string{strings.Replace(mode, m.text, m.strict, 1)}},
			},
			Edits: []fixers.Edit{{File: file, Span: source.Span{Start: at, End: at + len(m.text)}, Text: m.strict}},
		}}
	}
	return finding
}

// isConfigPath reports whether a path is that of a configuration file of Nix.
func isConfigPath(name string) bool {
	return path.Base(name) == "nix.conf" || path.Base(name) == "nix.custom.conf"
}

// chmodArguments returns the mode and the files of a chmod command.
func chmodArguments(c *shell.Command) (mode shell.Word, files []shell.Word) {
	for _, w := range c.Words[1:] {
		switch {
		case mode.Text == "" && strings.HasPrefix(w.Text, "-") && !strings.ContainsAny(w.Text, "=rwx"):
		case mode.Text == "" && (strings.HasPrefix(w.Text, "--") || w.Text == "-R"):
		case mode.Text == "":
			mode = w
		case !strings.HasPrefix(w.Text, "-"):
			files = append(files, w)
		}
	}
	return mode, files
}

// looseMode is a mode of chmod that allows others than the owner to write.
type looseMode struct {
	text   string
	who    string // who can write, or "" where only the owner can
	group  bool   // only the group can
	strict string // the mode that allows only the owner to write, or "" where that is not clear
}

// writableBy reads a mode of chmod, in octal digits or symbols.
func writableBy(mode string) looseMode {
	m := looseMode{text: mode}
	if bits, err := strconv.ParseUint(mode, 8, 16); err == nil {
		switch {
		case bits&0o002 != 0:
			m.who = "every user"
		case bits&0o020 != 0:
			m.who, m.group = "the file's group", true
		}
		m.strict = fmt.Sprintf("%0*o", len(mode), bits&^0o022)
		return m
	}
	for clause := range strings.SplitSeq(mode, ",") {
		at := strings.IndexAny(clause, "+-=")
		if at < 0 {
			return looseMode{text: mode}
		}
		who, operator, permissions := clause[:at], clause[at], clause[at+1:]
		if operator == '-' || !strings.Contains(permissions, "w") {
			continue
		}
		switch { // without a letter before the operator, the umask leaves writing to the owner
		case strings.ContainsAny(who, "ao"):
			m.who, m.group = "every user", false
		case strings.Contains(who, "g") && m.who == "":
			m.who, m.group = "the file's group", true
		}
		if clause == mode && operator == '+' && permissions == "w" {
			m.strict = "u+w"
		}
	}
	return m
}
