package workspace

import (
	"bytes"
	"strings"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// scriptKind returns files.KindScript for a shell script that may write a nix.conf, else files.KindUnknown. byName is
// what the name says.
func (w *Workspace) scriptKind(abs string, byName files.Kind) files.Kind {
	if byName == files.KindUnknown && !files.BeginsWith(w.tree, abs, "#!") {
		return files.KindUnknown
	}
	f, err := w.read(abs)
	if err != nil || !mentionsNixConf(f.Bytes) {
		return files.KindUnknown
	}
	if dialect, ok := shell.Shebang(f.Bytes); ok && dialect == shell.None || !ok && byName == files.KindUnknown {
		return files.KindUnknown
	}
	return files.KindScript
}

// kindByContent returns the kind of a file by its text; byName is the kind that its path gives. A JSON file that is a
// profile by name stays one only where it looks like one, or is not a JSON object at all and must be reported.
func kindByContent(f *source.File, byName files.Kind) files.Kind {
	text := bytes.TrimLeft(bytes.TrimPrefix(f.Bytes, []byte("\ufeff")), " \t\r\n")
	switch {
	case byName == files.KindUnknown && seccomp.MentionsResource(f.Bytes) && seccomp.Sniff(f):
		return files.KindSeccomp
	case files.IsJSON(f.Path), byName == files.KindSeccomp, len(text) > 0 && text[0] == '{':
		if seccomp.Sniff(f) {
			return files.KindSeccomp
		}
		return files.KindUnknown
	case byName != files.KindUnknown:
		return byName
	case firstKeyword(text) == "FROM" || firstKeyword(text) == "ARG":
		return files.KindDockerfile
	case namesSetting(f):
		return files.KindNixConf
	}
	return files.KindUnknown
}

// firstKeyword returns the first word, in upper case, of the first line that is not a comment.
func firstKeyword(text []byte) string {
	for line := range bytes.Lines(text) {
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

// LooksLikeNixConf reports whether a file named like a nix.conf is one. It is not when it has text but no line that
// begins with the name of a setting of Nix or something near one; then it is another program's file of that name.
func LooksLikeNixConf(f *source.File) bool {
	if namesSetting(f) || bytes.HasPrefix(f.Bytes, []byte("\xff\xfe")) || bytes.HasPrefix(f.Bytes, []byte("\xfe\xff")) {
		return true
	}
	parsed := nixconf.Parse(source.WholeFile(f))
	return len(parsed.Problems) == 0 && len(parsed.Entries) == 0
}

// namesSetting reports whether a line of a text begins with the name of a setting of any release, or with one that
// differs by a typing error.
func namesSetting(f *source.File) bool {
	for line := range bytes.Lines(f.Bytes) {
		line = bytes.TrimLeft(bytes.TrimPrefix(line, []byte("\ufeff")), " \t")
		if end := bytes.IndexAny(line, " \t\r\n=:#"); end > 0 && isOrNearSetting(string(line[:end])) {
			return true
		}
	}
	return false
}

func isOrNearSetting(name string) bool {
	if _, ok := nixconf.Lookup(nixconf.Nix, nixconf.Head(), name); ok {
		return true
	}
	all := nixconf.DefaultTargets()
	known := nixconf.Known(name, all)
	return known.Description != "" || known.Coverage != nixconf.None || nixconf.Nearest(name, all) != ""
}
