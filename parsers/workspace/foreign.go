package workspace

import (
	"bytes"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// This file recognises files that are not what their names say: templates, patches, scripts that print a Dockerfile,
// and other programs' files called nix.conf. Only a file that a search found is judged so (Entry.Certain), and it is
// passed over only for a mark of another language; a broken file without such a mark is linted.

// ForeignError says that a file is not of the kind that its name suggests.
type ForeignError struct {
	// Reason is why, for people.
	Reason string
}

func (e ForeignError) Error() string { return e.Reason }

// nixPlaces are the ends of the paths at which Nix, or a tool that installs the files of a home folder, keeps its
// configuration.
var nixPlaces = []string{"etc/nix", ".config/nix", "dot_config/nix"}

// inNixPlace reports whether a file lies where Nix reads its configuration.
func inNixPlace(name string) bool {
	dir := path.Dir(filepath.ToSlash(name))
	for _, place := range nixPlaces {
		if dir == place || strings.HasSuffix(dir, "/"+place) {
			return true
		}
	}
	return false
}

// language is a language other than that of nix.conf, and a line that it has and nix.conf cannot have.
type language struct {
	reason string
	line   *regexp.Regexp
}

// languages are those of which files called nix.conf were seen, with the lines that only they have.
var languages = sync.OnceValue(func() []language {
	row := func(reason, line string) language {
		return language{"it looks like " + reason, regexp.MustCompile(line)}
	}
	return []language{
		row("an INI file or a unit of systemd", `^\[+[\w.:"@/ -]+\]+$`),
		row("XML", `^<[/?!]?[A-Za-z]`),
		row("a configuration with blocks in braces", `^[^#]*[{;]$|^\}`),
		row("JSON or TOML", `^[\w"'.-]+ *[=:] *\[? *"|^[\[\]{}],?$|^\{ *"`),
		row("a list of commands with options", `^[a-z][\w-]* -{1,2}[A-Za-z]`),
		row("a configuration of sysctl", `^-?(kernel|vm|net|fs|user|dev|abi)[./][\w./-]+ *=`),
		row("a configuration of tmpfiles.d or sysusers.d", `^[a-zA-Z][-!+=~^$]* ["/%]|^[ugmr]!? [\w-]+ [-\d]`),
		row("a configuration of modprobe", `^(options|alias|blacklist|install|softdep) [\w-]+`),
		row("a list of limits", `^[*@%\w-]+[ \t]+(soft|hard|-)[ \t]+\w+[ \t]+\S+$`),
		row("a list of paths", `^[/:~]`),
		row("a template", templateMark),
	}
})

// templateMark is what templates of Jinja, Go, ERB and their relatives have where the value comes in.
const templateMark = `\{\{|\{%|<%|%%\w+%%|\$\{\{`

// foreignNixConf returns why a file named like a nix.conf belongs to another program; "" where it may be a broken
// nix.conf. Another program's file has lines in another language, and Nix's settings are not the most of its lines.
func foreignNixConf(f *source.File) string {
	if bytes.HasPrefix(f.Bytes, []byte("#!")) {
		return "it is a script"
	}
	lines, own := 0, 0
	reason := ""
	for line := range bytes.Lines(f.Bytes) {
		line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\ufeff")))
		if len(line) == 0 || line[0] == '#' || line[0] == ';' {
			continue
		}
		lines++
		if isOwnLine(string(line)) {
			own++
			continue
		}
		for _, l := range languages() {
			if reason == "" && l.line.Match(line) {
				reason = l.reason
			}
		}
	}
	if reason == "" || 2*own >= lines || ownWords(f.Bytes) {
		return ""
	}
	return reason
}

// isOwnLine reports whether a line begins with the name of a setting, or is an include.
func isOwnLine(line string) bool {
	name := line
	if end := strings.IndexAny(line, " \t\r=:"); end >= 0 {
		name = line[:end]
	}
	return name == "include" || name == "!include" || isSetting(name)
}

// ownWords reports whether a text names settings that no other program has, wherever that is: a nix.conf in the
// language of NixOS's modules, or in JSON.
func ownWords(text []byte) bool {
	for _, word := range []string{
		"substituters", "experimental-features", "trusted-public-keys", "trusted-users", "max-jobs",
		"auto-optimise-store", "nix.settings", "nix-command", "build-users-group", "nix.extraOptions",
	} {
		if bytes.Contains(text, []byte(word)) {
			return true
		}
	}
	return false
}

// isSetting reports whether a name is exactly that of a setting of some release.
func isSetting(name string) bool {
	if _, ok := nixconf.Lookup(nixconf.Nix, nixconf.Head(), name); ok {
		return true
	}
	known := nixconf.Known(name, nixconf.DefaultTargets())
	return known.Description != "" || known.Coverage != nixconf.None
}

// backups are the ends of names that editors, merges and people give to copies of a file, which nobody builds.
var backups = []string{".orig", ".rej", ".bak", ".old", ".save", ".swp", ".log", ".patch", ".diff", "~"}

// foreignDockerfile returns why a file named like a Dockerfile is not one; "" where it may be a broken one. One that
// another file builds, or that has exactly the name, needs a mark of another language.
func foreignDockerfile(name string, built bool, d *dockerfile.File) string {
	base := strings.ToLower(path.Base(filepath.ToSlash(name)))
	exact := built || base == "dockerfile" || base == "containerfile"
	for _, end := range backups {
		if !exact && strings.HasSuffix(base, end) {
			return "it looks like a copy or a record of a Dockerfile"
		}
	}
	if len(d.Instructions) == 0 {
		return ""
	}
	text := bytes.TrimPrefix(d.Source.Bytes, []byte("\ufeff"))
	agrees := beginsLikeDockerfile(d)
	switch {
	case bytes.HasPrefix(text, []byte("#!")) && !agrees:
		return "it is a script"
	case diffHeader().Match(text):
		return "it is a patch"
	case isTemplate(d):
		return "it is a template of a Dockerfile"
	case exact && !agrees && !hasInstruction(d):
		return "it has no instruction of a Dockerfile"
	case !exact && !agrees:
		return "it has no FROM where a Dockerfile has it"
	}
	return ""
}

var diffHeader = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\A\s*(diff -|--- \S|\+\+\+ \S|Index: |\*\*\* \S|@@ -\d|From [0-9a-f]{40} )`)
})

// beginsLikeDockerfile reports whether the first instruction is a FROM or an ARG. A mistake in it, or one line before
// it, is not held against the file where the rest is a Dockerfile.
func beginsLikeDockerfile(d *dockerfile.File) bool {
	first := d.Instructions[0]
	switch {
	case first.Name == "FROM" && isFrom(d, first), first.Name == "ARG" && isArg(d, first):
		return true
	case d.Frontend != nil:
		return true
	}
	from, unknown := false, 0
	for n, i := range d.Instructions {
		switch {
		case n < 3 && (i.Name == "FROM" || nearest(i.Name) == "FROM") && isFrom(d, i):
			from = true
			if i.Name != "FROM" {
				unknown++
			}
		case !isKeyword(i.Name):
			unknown++
		}
	}
	return from && unknown <= 1 && len(d.Instructions) > 1
}

// isFrom reports whether the arguments of an instruction are those of a FROM: an image, and perhaps its name. In
// capitals it may have mistakes; else "from" may begin a sentence, or an import of Python.
func isFrom(d *dockerfile.File, i *dockerfile.Instruction) bool {
	words := strings.Fields(d.Source.Text(i.Args))
	capitals := d.Source.Text(i.Keyword) == "FROM"
	named := len(words) == 3 && strings.EqualFold(words[1], "as")
	switch {
	case len(words) == 0:
		return true
	case !capitals && len(words) != 1 && !named:
		return len(i.Flags) > 0 || strings.HasPrefix(words[0], "$")
	}
	c := words[0][0]
	return c == '$' || c == '"' || c == '\'' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// isArg reports whether the arguments of an instruction are those of an ARG.
func isArg(d *dockerfile.File, i *dockerfile.Instruction) bool {
	words := strings.Fields(d.Source.Text(i.Args))
	return len(words) > 0 && argument().MatchString(words[0])
}

var argument = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^["']?[A-Za-z_]\w*["']?(=|$)`) })

// hasInstruction reports whether a keyword of a file is an instruction, or one with a typing error.
func hasInstruction(d *dockerfile.File) bool {
	for n, i := range d.Instructions {
		if isKeyword(i.Name) || n < 100 && nearest(i.Name) != "" {
			return true
		}
	}
	return false
}

// keywords are the instructions.
var keywords = []string{
	"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
	"RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
}

func isKeyword(name string) bool {
	for _, k := range keywords {
		if k == name {
			return true
		}
	}
	return false
}

// nearest returns the instruction that a misspelt keyword means, "" for none.
func nearest(name string) string {
	if len(name) > 12 {
		return ""
	}
	letters := func(s string) string {
		b := []byte(s)
		slices.Sort(b)
		return string(b)
	}
	for _, k := range keywords {
		if len(k) == len(name) && letters(k) == letters(name) {
			return k // FORM
		}
	}
	return source.Nearest(name, keywords)
}

// The marks of template languages, by where they stand: instead of an instruction, at the start of a line inside one,
// in the image of a FROM, and outside of quotes in other arguments.
var (
	templateKeyword = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(
			`^(\{\{|\{%|\{#|<%|<\?|</?#|\[%|%\{|%%\w|%$|%(?i:if|else|elif|for|end)|@[\w.]+@|` +
				`@(?i:if|else|foreach|end)|\$\{\{|#\{|(?i:m4_\w+|include|define|ifelse|ifdef|undefine|dnl)\()`)
	})
	templateLine = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?m)^[ \t]*(\{%[-+ ]|<%[-=# ]|\{\{[-~]? ?([#/]|(if|else|end|range|with|include)\b))`)
	})
	templateImage = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(templateMark + `|(^|[/:])@[\w.-]+@|\[\[.*\]\]|\[%|<<?[+\w][^>]*>|#\{|` +
			`%[A-Z_]+%|\$\{\d+[:}]|\$\d`)
	})
	templateArgument = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\{\{[-~]? [A-Za-z_][\w.]*( ?\|[^{}]*)? [-~]?\}\}|\{%[-+ ].*[-+ ]%\}|` +
			`<%[-=# ].*%>|\bcookiecutter\.\w`)
	})
	quoted = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"[^"\n]*"|'[^'\n]*'`) })
)

// isTemplate reports whether marks of a template language stand where an instruction or its words would. Marks between
// quotes are no sign: docker inspect and go list take templates.
func isTemplate(d *dockerfile.File) bool {
	text := d.Source.Bytes
	if bytes.HasPrefix(text, []byte("#")) && bytes.Contains(text, []byte("mode: snippet")) && snippet().Match(text) {
		return true
	}
	some := marked(text)
	for _, i := range d.Instructions {
		if strings.ContainsAny(i.Name, "{<[%@$#(") && templateKeyword().MatchString(i.Name) {
			return true
		}
		args := d.Source.Bytes[i.Args.Start:max(i.Args.Start, i.Args.End)]
		if bytes.ContainsAny(args, "{<[%@$#") && meant(i) == "FROM" && templateImage().Match(args) {
			return true
		}
		if !some || !marked(args) {
			continue
		}
		bare := quoted().ReplaceAll(args, nil)
		if templateLine().Match(args) || templateArgument().Match(bare) {
			return true
		}
		switch meant(i) { // the words of others are a shell's, and may be a template for docker inspect or go list
		case "ADD", "ARG", "COPY", "ENV", "EXPOSE", "MAINTAINER", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR":
			if bytes.Contains(bare, []byte("{{")) || bytes.Contains(args, []byte("cookiecutter.")) {
				return true
			}
		}
	}
	return false
}

// meant returns the name of an instruction, without a typing error in it.
func meant(i *dockerfile.Instruction) string {
	if isKeyword(i.Name) {
		return i.Name
	}
	return nearest(i.Name)
}

// marked reports whether a text holds anything of which a mark could be made.
func marked(text []byte) bool {
	for _, mark := range []string{"{{", "{%", "<%", "cookiecutter."} {
		if bytes.Contains(text, []byte(mark)) {
			return true
		}
	}
	return false
}

// snippet matches the head of a snippet of an editor.
var snippet = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\A#.*-\*-.*mode: snippet`) })
