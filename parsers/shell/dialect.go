package shell

import (
	"strings"
	"sync"
)

// dialects maps the programs that read shell text to the language that they read. Programs that are not in it read
// something else.
var dialects = sync.OnceValue(func() map[string]Dialect {
	return map[string]Dialect{
		"sh":    Sh,
		"dash":  Sh,
		"ash":   Sh,
		"posh":  Sh,
		"bash":  Bash,
		"rbash": Bash,

		"cmd": Cmd, "powershell": PowerShell, "pwsh": PowerShell,

		"zsh": None, "ksh": None, "mksh": None, "oksh": None, "yash": None, "fish": None, "csh": None, "tcsh": None,
		"elvish": None, "nu": None, "python": None, "python3": None,
		"perl": None, "ruby": None, "node": None,
	}
})

// DialectOf returns the language of the text that a SHELL instruction's array passes to its program, as in
// ["/bin/bash", "-o", "pipefail", "-c"]. Without words it is Sh, the default of Dockerfiles.
func DialectOf(shellWords []string) Dialect {
	if len(shellWords) == 0 {
		return Sh
	}
	for i, word := range shellWords {
		name := program(word)
		if name == "busybox" && i+1 < len(shellWords) {
			continue
		}
		if d, ok := dialects()[name]; ok {
			return d
		}
	}
	return None
}

// Shebang returns the language that the first line of a script names, as in "#!/usr/bin/env bash". It reports false
// where there is no such line.
func Shebang(text []byte) (d Dialect, ok bool) {
	if len(text) < 2 || text[0] != '#' || text[1] != '!' {
		return None, false
	}
	line := text[2:]
	for i, c := range line {
		if c == '\n' {
			line = line[:i]
			break
		}
	}
	words := strings.Fields(string(line))
	if len(words) > 0 && program(words[0]) == "env" {
		words = envProgram(words[1:])
	}
	if len(words) > 1 && program(words[0]) == "busybox" {
		words = words[1:]
	}
	if len(words) == 0 {
		return None, true
	}
	return dialects()[program(words[0])], true
}

// envProgram returns the words of the program that env runs and its arguments.
func envProgram(words []string) []string {
	for len(words) > 0 {
		w := words[0]
		switch {
		case w == "-u" || w == "-C":
			words = words[1:]
		case strings.HasPrefix(w, "--split-string="):
			return append([]string{w[len("--split-string="):]}, words[1:]...)
		case strings.HasPrefix(w, "-") && len(w) > 2 && w[1] != '-' && strings.IndexByte(w, 'S') > 0 &&
			!strings.HasSuffix(w, "S"):
			return append([]string{w[strings.IndexByte(w, 'S')+1:]}, words[1:]...)
		case strings.HasPrefix(w, "-"), strings.Contains(w, "="):
		default:
			return words
		}
		if len(words) > 0 {
			words = words[1:]
		}
	}
	return nil
}

// program returns the name of a program without its directory and, on Windows, its extension.
func program(path string) string {
	name := path[strings.LastIndexAny(path, `/\`)+1:]
	if len(name) > 4 && strings.EqualFold(name[len(name)-4:], ".exe") {
		name = strings.ToLower(name[:len(name)-4])
	}
	return name
}
