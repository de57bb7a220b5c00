package workspace

import (
	"bytes"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
)

// otherLanguages are the extensions of files that have "Dockerfile" in their name and are about Dockerfiles, or make them, rather than
// being one: programs, documents, and templates that do not parse before they are filled in.
var otherLanguages = map[string]bool{
	".c": true, ".cc": true, ".cpp": true, ".cs": true, ".css": true, ".dockerignore": true, ".ejs": true, ".erb": true, ".ex": true,
	".exs": true, ".gitignore": true, ".go": true, ".h": true, ".hbs": true, ".hs": true, ".html": true, ".in": true, ".j2": true,
	".java": true, ".jinja": true, ".jinja2": true, ".js": true, ".json": true, ".jsx": true, ".kt": true, ".lock": true, ".lua": true,
	".m4": true, ".md": true, ".mjs": true, ".ml": true, ".mli": true, ".mustache": true, ".php": true, ".pl": true, ".png": true,
	".py": true, ".rb": true, ".rs": true, ".rst": true, ".scala": true, ".sh": true, ".snap": true, ".svg": true, ".swift": true,
	".template": true, ".tf": true, ".tmpl": true, ".toml": true, ".tpl": true, ".ts": true, ".tsx": true, ".txt": true, ".vim": true, ".xml": true,
	".yaml": true, ".yml": true,
}

// kindByName tells the kind of a file from its base name. JSON and YAML files need their content as well.
func kindByName(base string) Kind {
	lower := strings.ToLower(base)
	if otherLanguages[path.Ext(lower)] && path.Ext(lower) != ".json" {
		return KindUnknown
	}
	switch {
	case lower == "nix.conf", strings.HasPrefix(lower, "nix.") && strings.HasSuffix(lower, ".conf"), strings.HasSuffix(lower, ".nix.conf"):
		return KindNixConf
	case isJSON(lower):
		if strings.Contains(lower, "seccomp") {
			return KindSeccomp
		}
		return KindUnknown
	}
	return dockerfileByName(base)
}

// kindByPath tells the kind of a file from its path, absolute or not.
func kindByPath(name string) Kind {
	name = filepath.ToSlash(name)
	base := path.Base(name)
	if kind := kindByName(base); kind != KindUnknown {
		return kind
	}
	lower := strings.ToLower(base)
	switch path.Ext(lower) {
	case ".yml", ".yaml":
		if stem := lower[:strings.LastIndexByte(lower, '.')]; stem == "action" {
			return KindWorkflow
		}
		dir := path.Dir(name)
		switch path.Base(path.Dir(dir)) {
		case ".github", ".gitea", ".forgejo":
			if path.Base(dir) == "workflows" {
				return KindWorkflow
			}
		}
	case ".json":
		if lower == "devcontainer.json" || lower == ".devcontainer.json" {
			return KindDevcontainer
		}
	case ".nix":
		if lower == "flake.nix" {
			return KindFlake
		}
	case ".sh", ".bash":
		return KindScript
	}
	return KindUnknown
}

// mayBeScript reports whether a name is one that scripts have which are run by their name: without extension.
func mayBeScript(base string) bool { return !strings.Contains(base, ".") }

// scriptKind returns KindScript for a shell script that may write a nix.conf, else KindUnknown. byName is what the name says.
func (w *Workspace) scriptKind(abs string, byName Kind) Kind {
	if byName == KindUnknown && !hasShebang(abs) {
		return KindUnknown
	}
	f, err := w.read(abs)
	if err != nil || !mentionsNixConf(f.Bytes) {
		return KindUnknown
	}
	if dialect, ok := shell.Shebang(f.Bytes); ok && dialect == shell.None || !ok && byName == KindUnknown {
		return KindUnknown
	}
	return KindScript
}

// hasShebang reports whether a file begins with "#!". Programs, which may be large, are not read further.
func hasShebang(abs string) bool {
	f, err := os.Open(abs)
	if err != nil {
		return false
	}
	defer f.Close()
	var start [2]byte
	_, err = io.ReadFull(f, start[:])
	return err == nil && start == [2]byte{'#', '!'}
}

// dockerfileByName tells whether a name is that of a Dockerfile, whatever its extension is.
func dockerfileByName(base string) Kind {
	lower := strings.ToLower(base)
	for _, word := range []string{"dockerfile", "containerfile"} {
		if lower == word {
			return KindDockerfile
		}
		if rest, ok := strings.CutPrefix(lower, word); ok && strings.IndexByte("._-", rest[0]) >= 0 {
			return KindDockerfile
		}
		if rest, ok := strings.CutSuffix(lower, word); ok && strings.IndexByte("._-", rest[len(rest)-1]) >= 0 {
			return KindDockerfile
		}
	}
	return KindUnknown
}

func isJSON(name string) bool { return strings.EqualFold(path.Ext(name), ".json") }

func isYAML(name string) bool {
	ext := path.Ext(name)
	return strings.EqualFold(ext, ".yaml") || strings.EqualFold(ext, ".yml")
}

// kindByContent tells the kind of a file from its text; byName is what the name says. A JSON file whose name says that it is a profile
// stays one only where it looks like one, or is no JSON object at all and so has to be reported.
func kindByContent(f *source.File, byName Kind) Kind {
	text := bytes.TrimLeft(bytes.TrimPrefix(f.Bytes, []byte("\ufeff")), " \t\r\n")
	switch {
	case byName == KindUnknown && seccomp.MentionsResource(f.Bytes) && seccomp.Sniff(f):
		return KindSeccomp
	case isJSON(f.Path), byName == KindSeccomp, len(text) > 0 && text[0] == '{':
		if seccomp.Sniff(f) {
			return KindSeccomp
		}
		return KindUnknown
	case byName != KindUnknown:
		return byName
	case firstKeyword(text) == "FROM" || firstKeyword(text) == "ARG":
		return KindDockerfile
	case namesSetting(f):
		return KindNixConf
	}
	return KindUnknown
}

// firstKeyword returns the first word, in upper case, of the first line that is no comment.
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

// LooksLikeNixConf reports whether a file named like a nix.conf is one. It is not when it holds text, and no line of it begins with the name of a
// setting of Nix, or something near one; then it is another program's file of that name.
func LooksLikeNixConf(f *source.File) bool {
	if namesSetting(f) || bytes.HasPrefix(f.Bytes, []byte("\xff\xfe")) || bytes.HasPrefix(f.Bytes, []byte("\xfe\xff")) {
		return true
	}
	parsed := nixconf.Parse(source.WholeFile(f))
	return len(parsed.Problems) == 0 && len(parsed.Entries) == 0
}

// namesSetting reports whether a line of a text begins with the name of a setting of any release, or with one that differs by a typing error.
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
	if _, ok := lookupAny(name); ok {
		return true
	}
	all := nixconf.DefaultTargets()
	known := nixconf.Known(name, all)
	return known.Description != "" || known.Coverage != nixconf.None || nixconf.Nearest(name, all) != ""
}
