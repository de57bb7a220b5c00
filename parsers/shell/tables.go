package shell

import (
	"strings"
	"sync"
)

// wrapper describes a program that runs the program named by its arguments.
type wrapper struct {
	values   string // its short options with a value
	long     string // its long options with a value in the next word, separated by spaces
	stops    string // options with which it runs nothing, separated by spaces
	needs    string // without this option it runs nothing from its arguments
	operands int    // the number of words between its options and the program
	assigns  bool   // NAME=VALUE words may precede the program
	builtin  bool   // what it runs may still be a builtin of the shell
	optional bool   // its operand may be missing, and options may follow it
}

// wrappers are the programs that run another program and are removed before it. The options are those in --help of
// coreutils 9.1, util-linux 2.38.1, busybox 1.35.0, strace 6.1 and fakeroot 1.31; for the other programs, those in
// their documentation, which was not compared with a release.
var wrappers = sync.OnceValue(func() map[string]wrapper {
	return map[string]wrapper{
		"sudo": {values: "ghpuCDRrTtUc",
			long: "--user --group --host --prompt --chdir --chroot --close-from --command-timeout --other-user " +
				"--role --type --login-class",
			stops: "-l --list -v --validate -k -K --remove-timestamp -V --version -e --edit --help", assigns: true},
		"doas": {values: "uC", stops: "-L -C"},
		"env":  {values: "uC", long: "--unset --chdir", stops: "-S --split-string --version --help", assigns: true},

		"exec":    {values: "a", builtin: false},
		"command": {stops: "-v -V", builtin: true},
		"builtin": {builtin: true},

		"nice":     {values: "n", long: "--adjustment", stops: "--version --help"},
		"ionice":   {values: "cnpPu", long: "--class --classdata", stops: "-p -P -u --pid --pgid --uid"},
		"chrt":     {values: "TPD", stops: "-p --pid -m --max", operands: 1},
		"taskset":  {stops: "-p --pid", operands: 1},
		"nohup":    {stops: "--version --help"},
		"setsid":   {stops: "--version --help"},
		"time":     {values: "fo", long: "--format --output", stops: "--version --help -V"},
		"timeout":  {values: "ks", long: "--kill-after --signal", stops: "--version --help", operands: 1},
		"stdbuf":   {values: "ioe", long: "--input --output --error", stops: "--version --help"},
		"unbuffer": {},

		"gosu":         {operands: 1, stops: "--version --help"},
		"su-exec":      {operands: 1},
		"setuidgid":    {operands: 1},
		"s6-setuidgid": {operands: 1},
		"chpst":        {values: "uUbemdopfcrtn/"},
		"runuser": {values: "ugGsw", long: "--user --group --supp-group --shell --whitelist-environment",
			stops: "-c --command -l --login", needs: "-u --user"},
		"setpriv": {long: "--ambient-caps --bounding-set --inh-caps --egid --euid --regid --reuid --rgid --ruid " +
			"--groups --securebits --pdeathsig --selinux-label --apparmor-profile", stops: "-d --dump"},
		"chroot": {long: "--userspec --groups", stops: "--version --help", operands: 1},
		"unshare": {values: "SGRw",
			long: "--setuid --setgid --root --wd --map-user --map-group --map-users --map-groups --propagation " +
				"--setgroups --monotonic --boottime"},
		"setarch": {operands: 1, optional: true, stops: "--list"},
		"linux32": {},
		"linux64": {},
		"i386":    {},
		"x86_64":  {},

		"flock": {values: "wE", long: "--wait --timeout --conflict-exit-code", stops: "-c --command",
			operands: 1},
		"fakeroot":   {values: "lfsib", long: "--lib --faked --fd-base"},
		"fakechroot": {},
		"eatmydata":  {},
		"strace":     {values: "aeEIopPsSuUXbO", stops: "-p --attach"},
		"xvfb-run": {values: "efnpsw",
			long: "--error-file --auth-file --server-num --xauth-protocol --server-args --wait"},
		"dbus-run-session": {long: "--dbus-daemon --config-file"},
		"tini":             {values: "pe"},
		"dumb-init":        {values: "r", long: "--rewrite"},
		"catatonit":        {},
		"busybox":          {stops: "--install --list --list-full --help"},
		"with-contenv":     {},
	}
})

// resetters are the wrappers that run their program with a new environment.
var resetters = sync.OnceValue(func() map[string]bool {
	return map[string]bool{"sudo": true, "doas": true, "su": true, "su -c": true, "runuser -c": true, "runuser": true,
		"gosu": true, "su-exec": true, "chpst": true}
})

// scriptOption describes a program that runs the shell text in the value of an option.
type scriptOption struct {
	short   byte
	long    string // separated by spaces
	dialect Dialect
}

// scriptOptions are the programs besides shells that run shell text: those of util-linux 2.38.1, and nix-shell.
var scriptOptions = sync.OnceValue(func() map[string]scriptOption {
	return map[string]scriptOption{
		"su":        {short: 'c', long: "--command --session-command", dialect: Sh},
		"runuser":   {short: 'c', long: "--command --session-command", dialect: Sh},
		"script":    {short: 'c', long: "--command", dialect: Sh},
		"flock":     {short: 'c', long: "--command", dialect: Sh},
		"nix-shell": {long: "--run --command", dialect: Bash},
	}
})

// tester describes a program whose failure is an answer, not an error.
type tester struct {
	flags string // with one of these short options
	long  string // or one of these long options, separated by spaces
	first string // or one of these as first argument
}

// testers are the programs that are run as a test. One without flags, long and first always is a test.
var testers = sync.OnceValue(func() map[string]tester {
	return map[string]tester{
		"test": {}, "[": {}, "[[": {}, "((": {}, "let": {}, "expr": {},
		"type": {}, "which": {}, "hash": {}, "false": {},
		"command": {flags: "vV"},
		"grep":    {flags: "q", long: "--quiet --silent"},
		"egrep":   {flags: "q", long: "--quiet --silent"},
		"fgrep":   {flags: "q", long: "--quiet --silent"},
		"zgrep":   {flags: "q", long: "--quiet --silent"},
		"rg":      {flags: "q", long: "--quiet"},
		"cmp":     {},
		"diff":    {flags: "q", long: "--brief"},
		"getent":  {},
		"pgrep":   {}, "pidof": {},
		"mountpoint": {},
		"dpkg":       {flags: "s", long: "--status"},
		"dpkg-query": {},
		"rpm":        {flags: "q", long: "--query"},
		"systemctl":  {first: "is-active is-enabled is-failed is-system-running"},
	}
})

// succeeding are the programs that are assumed never to fail.
var succeeding = sync.OnceValue(func() map[string]bool {
	return map[string]bool{":": true, "true": true, "echo": true, "printf": true}
})

// quiet are the programs that print nothing on standard output, unless they have one of these short options.
var quiet = sync.OnceValue(func() map[string]string {
	return map[string]string{
		":": "", "true": "", "false": "", "test": "", "[": "", "[[": "", "((": "", "let": "", "exit": "", "return": "",
		"break": "", "continue": "", "shift": "", "unset": "", "sleep": "", "wait": "", "read": "", "local": "p",
		"readonly": "p", "declare": "p", "typeset": "p", "export": "p", "mkdir": "v", "rmdir": "v", "rm": "v",
		"touch": "", "chmod": "vc", "chown": "vc", "chgrp": "vc", "ln": "v", "mv": "v", "cp": "v", "install": "v",
		"groupadd": "", "useradd": "", "usermod": "", "groupmod": "", "addgroup": "", "adduser": "", "set": "",
		"umask": "", "cd": "", "sponge": "",
	}
})

// prints are the programs of quiet that print something when they have no arguments.
var prints = sync.OnceValue(func() map[string]bool {
	return map[string]bool{"set": true, "umask": true, "export": true, "readonly": true, "declare": true,
		"typeset": true, "local": true}
})

// assignment is how a builtin assigns variables.
type assignment int

const (
	assignsAny      assignment = iota // it runs text that may assign any variable
	assignsDeclared                   // its arguments are assignments or names
	assignsNames                      // its arguments are names, whose values it changes
)

var assigners = sync.OnceValue(func() map[string]assignment {
	return map[string]assignment{
		".": assignsAny, "source": assignsAny, "eval": assignsAny,
		"export": assignsDeclared, "declare": assignsDeclared, "typeset": assignsDeclared, "local": assignsDeclared,
		"readonly": assignsDeclared, "read": assignsNames, "unset": assignsNames, "getopts": assignsNames,
		"mapfile": assignsNames, "readarray": assignsNames,
	}
})

// listed reports whether name is one of the words of list.
func listed(list, name string) bool {
	for list != "" {
		word, rest, _ := strings.Cut(list, " ")
		if word == name {
			return true
		}
		list = rest
	}
	return false
}

// hasOption reports whether a word is a cluster of short options with one of flags, or one of the long options.
func hasOption(word Word, flags, long string) bool {
	t := word.Text
	if !word.Known || len(t) < 2 || t[0] != '-' {
		return false
	}
	if t[1] == '-' {
		name, _, _ := strings.Cut(t, "=")
		return listed(long, name)
	}
	return flags != "" && strings.ContainsAny(t[1:], flags)
}

func isTest(c *Command) bool {
	if len(c.Words) == 0 {
		return false
	}
	t, ok := testers()[c.Name]
	if !ok {
		return false
	}
	if t == (tester{}) {
		return true
	}
	if t.first != "" {
		return len(c.Words) > 1 && listed(t.first, c.Words[1].Text)
	}
	for _, word := range c.Words[1:] {
		if hasOption(word, t.flags, t.long) {
			return true
		}
	}
	return false
}

func (c *Command) result() result {
	r := result{cmd: c, test: isTest(c)}
	switch {
	case len(c.Words) == 0:
		r.success = c.Name == "" && len(c.Assigns) > 0
	case succeeding()[c.Name]:
		r.success = true
	case c.Name == "false":
		r.failure = true
	case c.Name == "exit" || c.Name == "return":
		r.success = len(c.Words) == 2 && c.Words[1].Text == "0"
		r.failure = !r.success
	}
	return r
}

// isSilent reports whether a command prints nothing on standard output.
func isSilent(c *Command) bool {
	if len(c.Words) == 0 {
		return true
	}
	if c.Name == "printf" && !c.external && len(c.Words) > 1 && c.Words[1].Text == "-v" {
		return true
	}
	if c.Name == "dd" {
		for _, word := range c.Words[1:] {
			if strings.HasPrefix(word.Text, "of=") {
				return true
			}
		}
		return false
	}
	verbose, ok := quiet()[c.Name]
	if !ok {
		return false
	}
	if len(c.Words) == 1 && prints()[c.Name] {
		return false
	}
	if c.Name == "cd" && len(c.Words) > 1 && c.Words[1].Text == "-" {
		return false
	}
	for _, word := range c.Words[1:] {
		if verbose != "" &&
			(hasOption(word, verbose, "--verbose --changes") || !word.Known && strings.HasPrefix(word.Text, "-")) {
			return false
		}
		if c.Name == "set" && (word.Text == "-o" || word.Text == "+o") && len(c.Words) == 2 {
			return false
		}
	}
	return true
}

// ignoresInput reports whether a command does not read its standard input.
func ignoresInput(c *Command) bool {
	switch c.Name {
	case "read", "sponge", "dd", "cp", "install":
		return false
	case "echo", "printf":
		return true
	}
	return c.silent || c.nests
}
