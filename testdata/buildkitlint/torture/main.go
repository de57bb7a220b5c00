// Command torture applies all safe fixes of sandlint to real Dockerfiles, and asks BuildKit whether they did any harm:
//
//	cd testdata/buildkitlint
//	go run ./torture [-mutations 20] [-seed 1] [-keep FOLDER] [-rival "NAME COMMAND"] FOLDER…
//
// Each Dockerfile below a FOLDER is fixed with its neighbours, and then alone: as it is, with CRLF, with a byte order
// mark, and after random mutations. What must hold for each text:
//
//   - where BuildKit's parser, its check of the instructions and its converter accept it, they do so afterwards;
//   - the configuration of each stage's image and the steps that build it stay the same, but for what the table in
//     declared.go says of the rules whose fixes were applied;
//   - a second run changes nothing;
//   - git apply and patch make the same bytes of the diff.
//
// It prints a table and every failure, and its exit status is 1 when there is one. A rival is another program: its
// command gets the path of a file as last argument, and rewrites it. It is run on each Dockerfile alone, is allowed all
// changes that some rule of sandlint declares, and its failures are counted and not listed.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
	"github.com/sandlint/sandlint/testdata/buildkitlint/internal/buildkit"
	"github.com/sandlint/sandlint/testdata/buildkitlint/internal/corpus"
)

var (
	mutations = flag.Int("mutations", 20, "how many mutations to make of each file")
	seed      = flag.Uint64("seed", 1, "another seed makes other mutations")
	keep      = flag.String("keep", "", "a folder for the texts of failures, before and after")
	unsafe    = flag.Bool("unsafe", false, "apply unsafe fixes as well: what may change is then not compared")
	only      = flag.String("only", "", "the rules to apply, with commas; default: those that are on by default")
	verbose   = flag.Bool("v", false, "list the texts that BuildKit cannot convert")
	workers   = flag.Int("j", runtime.GOMAXPROCS(0), "how many texts to fix at a time")
)

func main() {
	flag.Func("rival", "another program, as \"NAME COMMAND ARGUMENT…\"; may be repeated", func(value string) error {
		words := strings.Fields(value)
		if len(words) < 2 {
			return errors.New("a name and a command are needed")
		}
		rivals = append(rivals, words)
		return nil
	})
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: torture [FLAGS] FOLDER…")
		os.Exit(2)
	}
	failed, err := run(flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
	if failed {
		os.Exit(1)
	}
}

// rivals are the programs to compare with.
var rivals [][]string

// row is a line of the table.
type row struct {
	rival                                                                      bool
	cpu                                                                        time.Duration // of a rival
	name                                                                       string
	texts, accepted, changed, broken, meaning, unstable, refused, incomparable int
}

// torturer is one run.
type torturer struct {
	set *rules.Set

	mu    sync.Mutex
	rows  []*row
	fixes map[string]int
	files map[string]int
	fails []string
	diffs map[*row][]change
}

// change is one changed text.
type change struct {
	name          string
	before, after []byte
}

func run(folders []string) (failed bool, err error) {
	selection := rules.Selection{}
	if *only != "" {
		selection.Only = strings.Split(*only, ",")
	}
	set, err := rules.NewSet(packs.All(), selection)
	if err != nil {
		return false, err
	}
	t := &torturer{set: set, fixes: map[string]int{}, files: map[string]int{}, diffs: map[*row][]change{}}
	together, alone := t.row("with their neighbours"), t.row("alone")
	crlf, mark, mutated := t.row("CRLF"), t.row("byte order mark"), t.row("mutated")
	var texts []change
	for _, folder := range folders {
		found, err := t.together(together, folder)
		if err != nil {
			return false, err
		}
		texts = append(texts, found...)
	}
	t.each(texts, func(c change) {
		t.alone(alone, c.name, c.before)
		t.alone(crlf, c.name+" (CRLF)", bytes.ReplaceAll(bytes.ReplaceAll(c.before, []byte("\r\n"), []byte("\n")),
			[]byte("\n"), []byte("\r\n")))
		t.alone(mark, c.name+" (mark)", append([]byte("\ufeff"), bytes.TrimPrefix(c.before, []byte("\ufeff"))...))
		for n := range *mutations {
			text := mutate(rand.New(rand.NewPCG(*seed, hash(c.name)+uint64(n))), c.before, texts)
			t.alone(mutated, fmt.Sprintf("%s (mutation %d)", c.name, n), text)
		}
	})
	for _, words := range rivals {
		r := t.row(words[0])
		r.rival = true
		t.each(texts, func(c change) { t.rival(r, words[1:], c) })
	}
	for _, r := range t.rows {
		if r.rival {
			continue
		}
		if err := t.apply(r, t.diffs[r]); err != nil {
			return false, err
		}
	}
	t.print()
	return len(t.fails) > 0, nil
}

func (t *torturer) row(name string) *row {
	t.rows = append(t.rows, &row{name: name})
	return t.rows[len(t.rows)-1]
}

// each calls do for all texts, several at a time.
func (t *torturer) each(texts []change, do func(change)) {
	next := make(chan change)
	var wg sync.WaitGroup
	for range *workers {
		wg.Go(func() {
			for c := range next {
				do(c)
			}
		})
	}
	for _, c := range texts {
		next <- c
	}
	close(next)
	wg.Wait()
}

// together fixes all files of a folder as a run of sandlint does, and returns its Dockerfiles.
func (t *torturer) together(r *row, folder string) ([]change, error) {
	found, err := corpus.Open(folder)
	if err != nil {
		return nil, err
	}
	result := rules.Fix(found.Workspace, t.set, rules.FixOptions{Unsafe: *unsafe})
	fixed := map[string]rules.FixedFile{}
	for _, f := range result.Files {
		fixed[f.File.Path] = f
	}
	second, err := rules.Load(workspace.Options{Dir: found.Dir, Files: overlay(found.Dir, result.Files)})
	if err != nil {
		return nil, err
	}
	again := map[string][]byte{}
	for _, f := range rules.Fix(second, t.set, rules.FixOptions{Unsafe: *unsafe}).Files {
		again[f.File.Path] = f.After
	}
	var texts []change
	for _, file := range found.Files {
		c := change{filepath.Join(filepath.Base(found.Dir), file.Path), file.Text, file.Text}
		f, changed := fixed[file.Path]
		if changed {
			c.after = f.After
		}
		last := c.after
		if text, more := again[file.Path]; more {
			last = text
		}
		texts = append(texts, change{c.name, file.Text, nil})
		t.judge(r, c, f.Applied, last)
	}
	return texts, nil
}

// overlay is the disk with the fixed files.
func overlay(dir string, fixed []rules.FixedFile) files.Tree {
	texts := map[string][]byte{}
	for _, f := range fixed {
		texts[filepath.Join(dir, filepath.FromSlash(f.File.Path))] = f.After
	}
	return files.Overlay(files.Disk{}, texts)
}

// alone fixes a text that has no neighbours.
func (t *torturer) alone(r *row, name string, text []byte) {
	fix := func(text []byte) ([]byte, []rules.AppliedFix) {
		ws, err := rules.Load(workspace.Options{Dir: "/project", Files: files.Memory(map[string][]byte{
			"/project/.git/HEAD": []byte("ref: refs/heads/main\n"), "/project/Dockerfile": text,
		})})
		if err != nil {
			t.fail(r, change{name, text, text}, "cannot be opened: "+err.Error())
			return text, nil
		}
		for _, f := range rules.Fix(ws, t.set, rules.FixOptions{Unsafe: *unsafe}).Files {
			return f.After, f.Applied
		}
		return text, nil
	}
	after, applied := fix(text)
	last := after
	if !bytes.Equal(text, after) {
		last, _ = fix(after)
	}
	t.judge(r, change{name, text, after}, applied, last)
}

// rival has another program fix a text.
func (t *torturer) rival(r *row, command []string, c change) {
	dir, err := os.MkdirTemp("", "torture-rival")
	if err != nil {
		t.fail(t.rows[0], c, err.Error())
		return
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "Dockerfile")
	fix := func(text []byte) []byte {
		if err := os.WriteFile(name, text, 0o644); err != nil {
			return text
		}
		cmd := exec.Command(command[0], append(slices.Clone(command[1:]), name)...)
		cmd.Dir = dir
		_ = cmd.Run() // whatever its exit status means
		if cmd.ProcessState != nil {
			t.mu.Lock()
			r.cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
			t.mu.Unlock()
		}
		after, err := os.ReadFile(name)
		if err != nil {
			return text
		}
		return after
	}
	after := fix(c.before)
	last := after
	if !bytes.Equal(after, c.before) {
		last = fix(after)
	}
	t.judge(r, change{c.name, c.before, after}, nil, last)
}

// judge says what is wrong with a fixed text, which a second run made last.
func (t *torturer) judge(r *row, c change, applied []rules.AppliedFix, last []byte) {
	_, _, err := buildkit.Parse(c.before)
	t.mu.Lock()
	r.texts++
	if err == nil {
		r.accepted++
	}
	t.mu.Unlock()
	if bytes.Equal(c.before, c.after) {
		return
	}
	t.mu.Lock()
	r.changed++
	t.diffs[r] = append(t.diffs[r], c)
	seen := map[string]bool{}
	for _, a := range applied {
		if r == t.rows[0] {
			t.fixes[a.Rule.ID]++
			if !seen[a.Rule.ID] {
				t.files[a.Rule.ID]++
			}
		}
		seen[a.Rule.ID] = true
	}
	t.mu.Unlock()
	if !bytes.Equal(c.after, last) {
		t.count(&r.unstable)
		t.fail(r, change{c.name, c.after, last}, "a second run changes the text")
	}
	if err != nil {
		return // nothing to keep
	}
	if _, _, err := buildkit.Parse(c.after); err != nil {
		t.count(&r.broken)
		t.fail(r, c, "BuildKit does not parse it any more: "+err.Error())
		return
	}
	before, err := buildkit.Convert(c.before)
	if err != nil {
		t.count(&r.incomparable)
		if *verbose {
			t.fail(r, c, "cannot be compared: "+err.Error())
		}
		return
	}
	after, err := buildkit.Convert(c.after)
	if err != nil {
		t.count(&r.broken)
		t.fail(r, c, "BuildKit does not convert it any more: "+err.Error())
		return
	}
	if *unsafe && !r.rival {
		return
	}
	if r.rival {
		for _, rule := range rules.All(packs.All()) {
			seen[rule.ID] = true
		}
	}
	if difference := compare(before, after, seen); difference != "" {
		t.count(&r.meaning)
		t.fail(r, c, fmt.Sprintf("%s (by %s)", difference, strings.Join(sortedKeys(seen), ", ")))
	}
}

func (t *torturer) count(n *int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	*n++
}

func (t *torturer) fail(r *row, c change, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.rival {
		return
	}
	t.fails = append(t.fails, fmt.Sprintf("%s: %s: %s", r.name, c.name, reason))
	if *keep == "" {
		return
	}
	name := filepath.Join(*keep, fmt.Sprintf("%03d", len(t.fails)))
	for suffix, text := range map[string][]byte{
		".before": c.before, ".after": c.after, ".why": []byte(c.name + ": " + reason + "\n"),
	} {
		if err := os.WriteFile(name+suffix, text, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "torture:", err)
		}
	}
}

func (t *torturer) print() {
	fmt.Printf("%-22s %7s %9s %8s %7s %16s %9s %14s %16s\n", "texts", "number", "accepted", "changed", "broken",
		"meaning changed", "unstable", "diffs refused", "not convertible")
	for _, r := range t.rows {
		fmt.Printf("%-22s %7d %9d %8d %7d %16d %9d %14d %16d\n", r.name, r.texts, r.accepted, r.changed, r.broken,
			r.meaning, r.unstable, r.refused, r.incomparable)
	}
	for _, r := range t.rows {
		if r.rival {
			fmt.Printf("%s: %.1f s CPU, a process a file, those of the second runs included\n", r.name, r.cpu.Seconds())
		}
	}
	fmt.Printf("\n%-40s %6s %6s\n", "safe fixes, with their neighbours", "fixes", "files")
	ids := sortedKeys(t.fixes)
	slices.SortStableFunc(ids, func(a, b string) int { return t.fixes[b] - t.fixes[a] })
	for _, id := range ids {
		fmt.Printf("%-40s %6d %6d\n", id, t.fixes[id], t.files[id])
	}
	slices.Sort(t.fails)
	fmt.Printf("\n%d failures\n", len(t.fails))
	for _, f := range t.fails {
		fmt.Println(f)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// mutate returns a text after a few random changes: lines are deleted, repeated, swapped, joined or taken from another
// file, and characters are deleted or inserted.
func mutate(g *rand.Rand, text []byte, all []change) []byte {
	lines := bytes.SplitAfter(slices.Clone(text), []byte("\n"))
	for range 1 + g.IntN(5) {
		n := g.IntN(len(lines))
		switch g.IntN(8) {
		case 0:
			lines = slices.Delete(lines, n, n+1)
		case 1:
			lines = slices.Insert(lines, g.IntN(len(lines)+1), lines[n])
		case 2:
			m := g.IntN(len(lines))
			lines[n], lines[m] = lines[m], lines[n]
		case 3:
			lines[n] = bytes.TrimRight(lines[n], "\r\n")
		case 4:
			other := bytes.SplitAfter(all[g.IntN(len(all))].before, []byte("\n"))
			lines = slices.Insert(lines, n, other[g.IntN(len(other))])
		case 5:
			if at := g.IntN(len(lines[n]) + 1); at < len(lines[n]) {
				lines[n] = slices.Delete(slices.Clone(lines[n]), at, at+1)
			}
		default:
			odd := []string{" ", "\t", "=", "#", "\"", "'", "\\", "\\\n", "$", "$X", "&&", ";", "|", "<<EOF", "(",
				"[", "]", ",", "-", "a", "1", "\r", "\n", "\u00a0", "\x00", "\xff", "`", "${A:-", "}", "--x "}
			at := g.IntN(len(lines[n]) + 1)
			lines[n] = slices.Concat(lines[n][:at], []byte(odd[g.IntN(len(odd))]), lines[n][at:])
		}
		if len(lines) == 0 {
			lines = [][]byte{[]byte("FROM alpine\n")}
		}
	}
	return bytes.Join(lines, nil)
}
