package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"mvdan.cc/sh/v3/syntax"

	"github.com/sandlint/sandlint/testdata/buildkitlint/internal/buildkit"
)

// declared says what the safe fixes of a rule may change in what BuildKit builds. The fixes of every other rule may
// change nothing. It is written by hand from the pages of the rules, and knows nothing of what their fixes declare.
var declared = map[string]allowance{
	"dockerfile/apk-cache-left":              {words: []string{"--no-cache"}, commands: []string{"apk update"}},
	"dockerfile/apt-get-without-yes":         {words: []string{"-y"}},
	"dockerfile/dnf-without-yes":             {words: []string{"-y"}},
	"dockerfile/yum-without-yes":             {words: []string{"-y"}},
	"dockerfile/zypper-without-yes":          {words: []string{"--non-interactive", "-n", "-y"}},
	"dockerfile/pacman-without-noconfirm":    {words: []string{"--noconfirm"}},
	"dockerfile/pip-cache-left":              {words: []string{"--no-cache-dir"}},
	"dockerfile/uv-cache-left":               {words: []string{"--no-cache"}},
	"dockerfile/composer-cache-left":         {words: []string{"--no-cache"}},
	"dockerfile/useradd-without-no-log-init": {words: []string{"-l"}},
	"dockerfile/shell-form-command":          {exec: true},
	"dockerfile/relative-workdir":            {},
	// ADD and COPY of one local file differ in what happens to an archive.
	"dockerfile/add-for-local-file":     {rest: `"attemptUnpackDockerCompatibility":true,`},
	"dockerfile/apt-instead-of-apt-get": {replaced: map[string]string{"apt": "apt-get"}},
	// Several files into a place without a slash are written one over the other, unless it is a folder already.
	"dockerfile/copy-several-to-file":    {rest: `/("[,\]])`},
	"order/nix-config-after-nix-command": {order: true},
}

// allowance is what a fix may change.
type allowance struct {
	// words may be added to commands.
	words []string
	// commands may go, each with the && or the semicolon after it.
	commands []string
	// replaced are words of commands and what may come in their place.
	replaced map[string]string
	// exec says that CMD and ENTRYPOINT may change from the shell form to the exec form of the same command.
	exec bool
	// order says that steps may change places.
	order bool
	// labels may be added, and the author may go.
	labels []string
	// rest matches parts of the text of a step that may go, but for the first group.
	rest string
}

// normaliser makes the same text of two builds that differ in what is allowed.
type normaliser struct {
	words, labels map[string]bool
	replaced      map[string]string
	exec, order   bool
	blind         bool // to what commands do
	rest          []*regexp.Regexp
	commands      *regexp.Regexp
}

func newNormaliser(applied map[string]bool) *normaliser {
	n := &normaliser{words: map[string]bool{}, labels: map[string]bool{}, replaced: map[string]string{}}
	var commands []string
	for id := range applied {
		a := declared[id]
		for _, c := range a.commands {
			commands = append(commands, strings.ReplaceAll(regexp.QuoteMeta(c), " ", "( -[-a-z]+)* "))
		}
		for _, w := range a.words {
			n.words[w] = true
		}
		for _, l := range a.labels {
			n.labels[l] = true
		}
		for from, to := range a.replaced {
			n.replaced[from] = to
		}
		n.exec, n.order = n.exec || a.exec, n.order || a.order
		if a.rest != "" {
			n.rest = append(n.rest, regexp.MustCompile(a.rest))
		}
	}
	if commands != nil {
		slices.Sort(commands)
		n.commands = regexp.MustCompile(`(^|[;&|{( \n])(sudo )?\\?(` + strings.Join(commands, "|") +
			`)( -[-a-z]+)*(&&|;|\n)`)
	}
	return n
}

// compare says how two builds of a file differ, in what the rules whose fixes were applied may not change; "" when
// they do not.
func compare(before, after []buildkit.Build, applied map[string]bool) string {
	if len(before) != len(after) {
		return fmt.Sprintf("%d stages become %d", len(before), len(after))
	}
	n := newNormaliser(applied)
	for id := range applied {
		if strings.HasPrefix(id, "nix/") {
			n.blind = true
		}
	}
	for i := range before {
		a, b := n.lines(before[i]), n.lines(after[i])
		if n.order {
			slices.Sort(a)
			slices.Sort(b)
		}
		for k := range max(len(a), len(b)) {
			if k >= len(a) {
				return fmt.Sprintf("stage %d: new: %s", i, b[k])
			} else if k >= len(b) {
				return fmt.Sprintf("stage %d: lost: %s", i, a[k])
			} else if a[k] != b[k] {
				return fmt.Sprintf("stage %d:\n    %s\n    becomes\n    %s", i, a[k], b[k])
			}
		}
	}
	return ""
}

// lines are the normal form of a build.
func (n *normaliser) lines(b buildkit.Build) []string {
	var lines []string
	c := b.Config
	for label := range n.labels {
		delete(c.Labels, label)
	}
	author := b.Author
	if len(n.labels) > 0 {
		author = ""
	}
	c.Cmd, c.Entrypoint = n.command(c.Cmd), n.command(c.Entrypoint)
	lines = append(lines, "config "+text(struct {
		Author string
		ocispecs.ImageConfig
	}{author, c}))
	lines = append(lines, "more "+n.more(b.More))
	for _, s := range b.Steps {
		rest := s.Rest
		for _, part := range n.rest {
			rest = part.ReplaceAllString(rest, "$1")
		}
		if n.order {
			_, rest, _ = strings.Cut(rest, "{")
			rest = strings.ReplaceAll(rest, `"input":-1,`, "") // the first step, which begins with nothing
		}
		if n.blind && s.Args != nil {
			s.Args, s.Env = []string{"…"}, nil
		}
		lines = append(lines, fmt.Sprintf("run %q with %q and %s", n.run(s.Args), s.Env, rest))
	}
	return lines
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// more normalises the triggers of ONBUILD, which BuildKit keeps as text.
func (n *normaliser) more(more string) string {
	var m map[string]any
	if err := json.Unmarshal([]byte(more), &m); err != nil {
		return more
	}
	if triggers, is := m["OnBuild"].([]any); is {
		for i, t := range triggers {
			words := strings.Fields(fmt.Sprint(t))
			if len(words) > 0 {
				words[0] = strings.ToUpper(words[0])
			}
			triggers[i] = strings.Join(n.filter(words), " ")
		}
	}
	more = text(m)
	for _, part := range n.rest {
		more = part.ReplaceAllString(more, "$1")
	}
	return more
}

// filter leaves out the words that may be added, and replaces those that may be replaced.
func (n *normaliser) filter(words []string) []string {
	var kept []string
	for _, w := range words {
		if to, is := n.replaced[w]; is {
			w = to
		}
		if !n.words[w] {
			kept = append(kept, w)
		}
	}
	return kept
}

// run is the normal form of what a RUN starts.
func (n *normaliser) run(args []string) []string {
	if len(args) > 1 && isShell(args) {
		args = slices.Clone(args)
		args[len(args)-1] = n.script(args[len(args)-1])
		return args
	}
	return n.filter(args)
}

func isShell(args []string) bool { return len(args) > 2 && strings.HasSuffix(args[len(args)-2], "c") }

// command is the normal form of a CMD or an ENTRYPOINT.
func (n *normaliser) command(args []string) []string {
	if !n.exec || len(args) != 3 || !isShell(args) {
		return args
	}
	f, err := syntax.NewParser().Parse(strings.NewReader(args[2]), "")
	if err != nil || len(f.Stmts) != 1 || len(f.Stmts[0].Redirs) > 0 || f.Stmts[0].Background || f.Stmts[0].Negated {
		return args
	}
	call, is := f.Stmts[0].Cmd.(*syntax.CallExpr)
	if !is || len(call.Assigns) > 0 {
		return args
	}
	var words []string
	for i, w := range call.Args {
		value, ok := literal(w)
		if !ok {
			return args
		}
		if i > 0 || value != "exec" {
			words = append(words, value)
		}
	}
	return words
}

// literal is the value of a word that the shell expands in no way.
func literal(w *syntax.Word) (string, bool) {
	var b strings.Builder
	var parts func(list []syntax.WordPart, quoted bool) bool
	parts = func(list []syntax.WordPart, quoted bool) bool {
		for _, p := range list {
			switch p := p.(type) {
			case *syntax.Lit:
				if !quoted && strings.ContainsAny(p.Value, "*?[~{") {
					return false
				}
				for i := 0; i < len(p.Value); i++ {
					if c := p.Value[i]; c == '\\' && i+1 < len(p.Value) &&
						(!quoted || strings.IndexByte("\"\\$`", p.Value[i+1]) >= 0) {
						i++
					}
					b.WriteByte(p.Value[i])
				}
			case *syntax.SglQuoted:
				if p.Dollar {
					return false
				}
				b.WriteString(p.Value)
			case *syntax.DblQuoted:
				if p.Dollar || !parts(p.Parts, true) {
					return false
				}
			default:
				return false
			}
		}
		return true
	}
	ok := parts(w.Parts, false)
	return b.String(), ok
}

// script is the normal form of a script: that of the shell's syntax tree, or the script as it is where it has none.
func (n *normaliser) script(s string) string {
	f, err := syntax.NewParser().Parse(strings.NewReader(s), "")
	if err != nil {
		return s
	}
	syntax.Walk(f, func(node syntax.Node) bool {
		call, is := node.(*syntax.CallExpr)
		if !is {
			return true
		}
		call.Args = slices.DeleteFunc(call.Args, func(w *syntax.Word) bool { return n.words[w.Lit()] })
		for _, w := range call.Args {
			if to, is := n.replaced[w.Lit()]; is {
				w.Parts = []syntax.WordPart{&syntax.Lit{Value: to}}
			}
		}
		return true
	})
	var b strings.Builder
	if err := syntax.NewPrinter(syntax.Minify(true)).Print(&b, f); err != nil {
		return s
	}
	if n.commands != nil {
		return n.commands.ReplaceAllString(b.String(), "$1")
	}
	return b.String()
}
