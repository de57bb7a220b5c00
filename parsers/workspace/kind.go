package workspace

import (
	"bytes"
	"iter"
	"strings"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// scriptKind returns files.KindScript for a shell script that may write a nix.conf, give options to Nix or start a
// container, else files.KindUnknown. byName is what the name says.
func (l *loader) scriptKind(abs string, byName files.Kind) files.Kind {
	if byName == files.KindUnknown && !files.BeginsWith(l.w.tree, abs, "#!") {
		return files.KindUnknown
	}
	b := l.contents(abs)
	dialect, ok := shell.Shebang(b)
	switch {
	case ok && !dialect.POSIX() || !ok && byName == files.KindUnknown:
	case mentionsNixConf(b), bytes.Contains(b, []byte("--option")) && nixuse.Mentions(b),
		runs.MentionsRun(b) && startsContainers(b, ok, dialect):
		if mayLink(b) {
			l.scripts = append(l.scripts, abs)
		}
		return files.KindScript
	case mayLink(b):
		l.scripts = append(l.scripts, abs)
	}
	return files.KindUnknown
}

// kindByContent returns the kind of a file by its text; byName is the kind that its path gives. A JSON file that is a
// profile by name stays one only where it looks like one, or is not a JSON object at all and must be reported.
func kindByContent(f *source.File, byName files.Kind) files.Kind {
	text := bytes.TrimLeft(bytes.TrimPrefix(f.Bytes, []byte("\ufeff")), " \t\r\n")
	switch {
	case byName == files.KindUnknown && seccomp.MentionsResource(f.Bytes) && seccomp.Sniff(f):
		return files.KindSeccomp
	case byName == files.KindNixConf, byName == files.KindDockerfile:
		return byName
	case files.IsJSON(f.Path), byName == files.KindSeccomp, len(text) > 0 && text[0] == '{':
		if seccomp.Sniff(f) {
			return files.KindSeccomp
		}
		return files.KindUnknown
	case byName != files.KindUnknown:
		return byName
	case isShellScript(f.Bytes):
		return files.KindScript
	case looksLikeDockerfile(f):
		return files.KindDockerfile
	case assignsSetting(f):
		return files.KindNixConf
	}
	return files.KindUnknown
}

// isShellScript reports whether the first line names a shell.
func isShellScript(text []byte) bool {
	dialect, ok := shell.Shebang(text)
	return ok && dialect.POSIX()
}

// looksLikeDockerfile reports whether a file without a telling name is a Dockerfile: its first instruction is a FROM or
// an ARG.
func looksLikeDockerfile(f *source.File) bool {
	if first := firstKeyword(f.Bytes); first != "FROM" && first != "ARG" && nearest(first) != "FROM" {
		return false // most files are ruled out without a parse
	}
	d := dockerfile.Parse(f)
	return len(d.Instructions) > 0 && beginsLikeDockerfile(d) && !diffHeader().Match(f.Bytes)
}

// firstKeyword returns the first word, in upper case, of the first line that is not a comment.
func firstKeyword(text []byte) string {
	for line := range bytes.Lines(bytes.TrimPrefix(text, []byte("\ufeff"))) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if end := bytes.IndexAny(line, " \t"); end >= 0 {
			line = line[:end]
		}
		return strings.ToUpper(string(line))
	}
	return ""
}

// LooksLikeNixConf reports whether text that is written to a file called nix.conf, at a place that Nix may not read, is
// meant for Nix: it has no text, or a line that begins with the name of a setting or something near one.
func LooksLikeNixConf(f *source.File) bool {
	if bytes.HasPrefix(f.Bytes, []byte("\xff\xfe")) || bytes.HasPrefix(f.Bytes, []byte("\xfe\xff")) {
		return true
	}
	empty := true
	for name := range firstWords(f) {
		empty = false
		if isOrNearSetting(name) {
			return true
		}
	}
	return empty
}

// assignsSetting reports whether a file without a telling name is a nix.conf: a line assigns to a setting, or to what
// is one but for a typing error, or includes another file.
func assignsSetting(f *source.File) bool {
	for name, rest := range firstWords(f) {
		assigns := strings.HasPrefix(rest, "=") || strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "+=")
		if name == "include" || name == "!include" || assigns && isOrNearSetting(name) {
			return true
		}
	}
	return false
}

// firstWords yields the first word of each line of a nix.conf that is not blank or a comment, up to an operator, and
// what follows it.
func firstWords(f *source.File) iter.Seq2[string, string] {
	return func(yield func(name, rest string) bool) {
		for line := range bytes.Lines(f.Bytes) {
			text := strings.Trim(strings.TrimPrefix(string(line), "\ufeff"), " \t\r\n")
			if text == "" || text[0] == '#' {
				continue
			}
			name, rest := text, ""
			if end := strings.IndexAny(text, " \t\r=:#"); end >= 0 {
				name, rest = text[:end], strings.TrimLeft(text[end:], " \t\r")
			}
			if !yield(strings.TrimSuffix(name, "+"), rest) {
				return
			}
		}
	}
}

// isOrNearSetting reports whether a name is that of a setting of some release, or differs from one by a typing error.
func isOrNearSetting(name string) bool {
	return name == "include" || name == "!include" || isSetting(name) ||
		nixconf.Nearest(name, nixconf.DefaultTargets()) != ""
}
