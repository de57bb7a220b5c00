package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"github.com/sandlint/sandlint/cmd/internal/cli"
	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/rules/packs"
)

// TestDocs runs what the README and the guides show, so they cannot go stale. A guide is a story in one folder, which
// begins as a copy of testdata/docs/NAME, if there is one, with an empty .git. Its fenced blocks are taken in order, by
// their info string:
//
//	dockerfile title=PATH   the file PATH, with the text of the block; any language
//	console                 each line after "$ " is a command; below it is what it prints, on either stream
//	sh                      commands that must end with status 0 or 1
//	sh norun                commands that are not run, such as those that install something
//
// A line "…" in the output stands for any number of lines, and "…" in a line for any text. -update rewrites the output
// of commands that print something else. Every sandlint command, also in the text and in blocks that are not run, must
// have flags that exist; every relative link must lead to a file, and to a heading where it names one.
//
// Commands other than sandlint run with the heavy tests only; without them, a guide ends before the first one.
func TestDocs(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range guides(t, root) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".md"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			g := &guide{t: t, path: path, root: root, lines: strings.Split(string(text), "\n")}
			g.read()
			g.links()
			g.flags()
			g.run()
			if *update {
				if now := strings.Join(g.lines, "\n"); now != string(text) {
					if err := os.WriteFile(path, []byte(now), 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

// guides returns the README and all pages that are written by hand.
func guides(t *testing.T, root string) []string {
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	pages = append(pages, filepath.Join(root, "README.md"))
	return slices.DeleteFunc(pages, func(p string) bool {
		return slices.Contains([]string{"agreement.md", "packs-reference.md"}, filepath.Base(p)) // written by commands
	})
}

type guide struct {
	t      *testing.T
	path   string
	root   string
	lines  []string
	blocks []block
	prose  []string // the lines outside of blocks
}

// block is a fenced block: the lines from start up to end, in the lines of the guide.
type block struct {
	info       []string
	start, end int
	indent     string
}

func (b *block) title() string {
	for _, word := range b.info {
		if title, ok := strings.CutPrefix(word, "title="); ok {
			return title
		}
	}
	return ""
}

func (g *guide) read() {
	for n := 0; n < len(g.lines); n++ {
		trimmed := strings.TrimLeft(g.lines[n], " ")
		info, fenced := strings.CutPrefix(trimmed, "```")
		if !fenced {
			g.prose = append(g.prose, g.lines[n])
			continue
		}
		b := block{info: strings.Fields(info), start: n + 1, indent: g.lines[n][:len(g.lines[n])-len(trimmed)]}
		for n++; n < len(g.lines) && strings.TrimSpace(g.lines[n]) != "```"; n++ {
		}
		if n == len(g.lines) {
			g.t.Fatalf("line %d: the block does not end", b.start)
		}
		b.end = n
		g.blocks = append(g.blocks, b)
	}
}

func (g *guide) text(b *block) []string {
	var out []string
	for _, line := range g.lines[b.start:b.end] {
		out = append(out, strings.TrimPrefix(line, b.indent))
	}
	return out
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	inline  = regexp.MustCompile("`[^`]*`")
	code    = regexp.MustCompile("`(sandlint [^`]+)`")
	heading = regexp.MustCompile(`^#+ +(.*)`)
	noise   = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// links checks the relative links.
func (g *guide) links() {
	text := inline.ReplaceAllString(strings.Join(g.prose, "\n"), "")
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		if strings.Contains(m[1], "://") {
			continue
		}
		file, anchor, _ := strings.Cut(m[1], "#")
		target := g.path
		if file != "" {
			target = filepath.Join(filepath.Dir(g.path), filepath.FromSlash(file))
		}
		if _, err := os.Stat(target); err != nil {
			g.t.Errorf("the link to %s leads nowhere", m[1])
			continue
		}
		if anchor != "" && strings.HasSuffix(target, ".md") && !slices.Contains(anchors(g.t, target), anchor) {
			g.t.Errorf("the link to %s names no heading", m[1])
		}
	}
}

// anchors returns the anchors of a page's headings, as GitHub makes them.
func anchors(t *testing.T, path string) []string {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		if m := heading.FindStringSubmatch(line); m != nil {
			name := strings.ToLower(noise.ReplaceAllString(m[1], ""))
			out = append(out, strings.ReplaceAll(strings.TrimSpace(name), " ", "-"))
		}
	}
	return out
}

// flags checks the flags of all sandlint commands that are shown and not run.
func (g *guide) flags() {
	var commands []string
	for _, m := range code.FindAllStringSubmatch(strings.Join(g.prose, "\n"), -1) {
		commands = append(commands, strings.ReplaceAll(m[1], "\n", " "))
	}
	for _, b := range g.blocks {
		if slices.Contains(b.info, "norun") && b.info[0] == "sh" {
			commands = append(commands, strings.Join(g.text(&b), "\n"))
		}
	}
	for _, command := range commands {
		if strings.Contains(command, "…") || strings.Contains(command, "[") {
			continue // a pattern of a command
		}
		f, err := syntax.NewParser().Parse(strings.NewReader(command), "")
		if err != nil {
			g.t.Errorf("%q: %v", command, err)
			continue
		}
		syntax.Walk(f, func(n syntax.Node) bool {
			if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 0 && call.Args[0].Lit() == "sandlint" {
				g.known(call.Args[1:])
			}
			return true
		})
	}
}

// known checks the flags and the name of one sandlint command.
func (g *guide) known(words []*syntax.Word) {
	args, err := expand.Fields(&expand.Config{Env: expand.ListEnviron()}, words...)
	other := func(arg string) bool { return slices.Contains([]string{"help", "--version", "-V"}, arg) }
	if err != nil || slices.ContainsFunc(args, other) {
		return
	}
	var out bytes.Buffer
	if status := cli.Main(append(args, "--help"), strings.NewReader(""), &out, &out); status != 0 {
		g.t.Errorf("sandlint %s: %s", strings.Join(args, " "), out.String())
	}
}

var errProgram = errors.New("only the heavy tests start this program")

// run writes the files of the guide and runs its commands.
func (g *guide) run() {
	dir := g.t.TempDir()
	name := strings.TrimSuffix(filepath.Base(g.path), ".md")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(g.root, "testdata", "docs", name))); err != nil &&
		!errors.Is(err, os.ErrNotExist) {
		g.t.Fatal(err)
	}
	if name == "README" {
		if err := os.CopyFS(filepath.Join(dir, "testdata", "example"),
			os.DirFS(filepath.Join(g.root, "testdata", "example"))); err != nil {
			g.t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, ".git"), 0o755); err != nil {
		g.t.Fatal(err)
	}
	env := append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "GITHUB_") || strings.HasPrefix(v, "SANDLINT_")
	}), "SANDLINT_SHELLCHECK=none", "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1")
	moved := 0
	for n := range g.blocks {
		b := &g.blocks[n]
		b.start, b.end = b.start+moved, b.end+moved
		text := g.text(b)
		switch {
		case slices.Contains(b.info, "norun") || len(b.info) == 0:
		case b.title() != "":
			path := filepath.Join(dir, filepath.FromSlash(b.title()))
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755),
				os.WriteFile(path, []byte(strings.Join(text, "\n")+"\n"), 0o644)); err != nil {
				g.t.Fatal(err)
			}
		case b.info[0] == "console":
			now, err := g.console(dir, env, text)
			if errors.Is(err, errProgram) {
				g.t.Logf("line %d: %v", b.start, err)
				return
			}
			if err != nil {
				g.t.Fatalf("line %d: %v", b.start, err)
			}
			for n, line := range now {
				now[n] = strings.TrimRight(b.indent+line, " ")
			}
			g.lines = slices.Replace(g.lines, b.start, b.end, now...)
			moved += len(now) - (b.end - b.start)
		case b.info[0] == "sh":
			for _, command := range commandsOf(text) {
				out, status, err := shell(dir, env, command)
				if errors.Is(err, errProgram) {
					g.t.Logf("line %d: %v", b.start, err)
					return
				}
				if err != nil || status > 1 {
					g.t.Errorf("%s: status %d, %v\n%s", command, status, err, out)
				}
			}
		}
	}
}

// commandsOf returns the commands of a block, which may go on in further lines.
func commandsOf(lines []string) []string {
	var out []string
	more := false
	for _, line := range lines {
		if more {
			out[len(out)-1] += "\n" + line
		} else if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
		more = strings.HasSuffix(line, `\`)
	}
	return out
}

// console runs the commands of a block and returns the block as it should be.
func (g *guide) console(dir string, env, text []string) ([]string, error) {
	var out []string
	for n := 0; n < len(text); {
		command, ok := strings.CutPrefix(text[n], "$ ")
		if !ok {
			g.t.Fatalf("a console block has %q before its first command", text[n])
		}
		out = append(out, text[n])
		for n++; strings.HasSuffix(command, `\`) && n < len(text); n++ {
			command += "\n" + text[n]
			out = append(out, text[n])
		}
		from := n
		for n < len(text) && !strings.HasPrefix(text[n], "$ ") {
			n++
		}
		want := text[from:n]
		printed, status, err := shell(dir, env, command)
		if err != nil {
			return nil, err
		}
		if status > 1 {
			g.t.Errorf("%s: status %d", command, status)
		}
		got := strings.Split(strings.TrimRight(printed, "\n"), "\n")
		if printed == "" {
			got = nil
		}
		for n := range got {
			got[n] = strings.TrimRight(got[n], " ")
		}
		if matches(want, got) {
			out = append(out, want...)
			continue
		}
		if !*update {
			g.t.Errorf("%s prints something else (-want +got):\n%s", command, cmp.Diff(want, got))
		}
		out = append(out, got...)
	}
	return out, nil
}

const elision = "…"

// matches reports whether the lines that a command printed are those of the guide.
func matches(want, got []string) bool {
	if len(want) == 0 {
		return len(got) == 0
	}
	if strings.TrimSpace(want[0]) == elision {
		return anySuffix(want[1:], got)
	}
	if len(got) == 0 {
		return false
	}
	if want[0] != got[0] {
		parts := strings.Split(want[0], elision)
		if len(parts) == 1 {
			return false
		}
		for n := range parts {
			parts[n] = regexp.QuoteMeta(parts[n])
		}
		if !regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(got[0]) {
			return false
		}
	}
	return matches(want[1:], got[1:])
}

// anySuffix reports whether some last lines of got match.
func anySuffix(want, got []string) bool {
	for n := range len(got) + 1 {
		if matches(want, got[n:]) {
			return true
		}
	}
	return false
}

// shell runs a command line and returns what it prints and its exit status.
func shell(dir string, env []string, command string) (string, int, error) {
	f, err := syntax.NewParser().Parse(strings.NewReader(command), "")
	if err != nil {
		return "", 0, fmt.Errorf("%s: %w", command, err)
	}
	var out bytes.Buffer
	runner, err := interp.New(interp.Dir(dir), interp.Env(expand.ListEnviron(env...)),
		interp.StdIO(strings.NewReader(""), &out, &out),
		interp.ExecHandlers(func(next interp.ExecHandlerFunc) interp.ExecHandlerFunc {
			return func(ctx context.Context, args []string) error {
				if args[0] == "cat" {
					return cat(interp.HandlerCtx(ctx), args[1:])
				}
				if args[0] != "sandlint" && !heavytest.On() {
					return fmt.Errorf("%s: %w", args[0], errProgram)
				}
				return next(ctx, args)
			}
		}))
	if err != nil {
		return "", 0, err
	}
	err = runner.Run(context.Background(), f)
	var status interp.ExitStatus
	if errors.As(err, &status) {
		return out.String(), int(status), nil
	}
	return out.String(), 0, err
}

// cat prints files, so that a light test can show them.
func cat(h interp.HandlerContext, names []string) error {
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(h.Dir, name))
		if err != nil {
			return err
		}
		if _, err := io.Copy(h.Stdout, bytes.NewReader(b)); err != nil {
			return err
		}
	}
	return nil
}

// packLine is a line of the README's table of packs.
var packLine = regexp.MustCompile(`(?m)^\| \[(\w+)\]\(docs/rules/README.md\) \| (\d+) \| (\d+) \|`)

// TestReadmeCounts keeps the numbers of rules in the README.
func TestReadmeCounts(t *testing.T) {
	path := filepath.Join("..", "..", "README.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string][2]int{}
	for _, pack := range packs.All() {
		n := [2]int{}
		for _, r := range pack.Rules {
			n[0]++
			if len(r.Fixes) > 0 {
				n[1]++
			}
		}
		counts[pack.Name] = n
	}
	seen := 0
	now := packLine.ReplaceAllStringFunc(string(text), func(line string) string {
		pack := packLine.FindStringSubmatch(line)[1]
		seen++
		return fmt.Sprintf("| [%s](docs/rules/README.md) | %d | %d |", pack, counts[pack][0], counts[pack][1])
	})
	if seen != len(counts) {
		t.Errorf("the README lists %d packs, and there are %d", seen, len(counts))
	}
	if now != string(text) {
		if !*update {
			t.Fatal("the numbers of rules in the README are not those of today; -update rewrites them")
		}
		if err := os.WriteFile(path, []byte(now), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
