// Package rulestest runs the cases of a pack's rules: each rule's txtar is its test and its page.
//
// With -update it rewrites the expectations from what the rules find; read the difference before committing it. Run is
// the only test that a pack needs; what it checks holds for the rules of every pack.
package rulestest

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

var update = flag.Bool("update", false, "rewrite the expectations of the rules' cases")

// Updating reports whether the flag -update was given.
func Updating() bool { return *update }

// Run tests every rule of a pack. all are the packs whose rules must not panic on the cases. It is called from the
// pack's own folder.
func Run(t *testing.T, pack rules.Pack, all []rules.Pack) {
	files, err := filepath.Glob("*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]bool{}
	for i, r := range pack.Rules {
		pages[r.PageFile()] = true
		if i > 0 && pack.Rules[i-1].ID >= r.ID {
			t.Errorf("%s is not in order in the list of the pack", r.ID)
		}
		t.Run(filepath.Base(r.ID), func(t *testing.T) { runRule(t, pack, r, all) })
	}
	for _, f := range files {
		if !pages[f] {
			t.Errorf("%s belongs to no rule of the pack", f)
		}
	}
	checkFiles(t, pack)
}

// checkFiles checks the folder of a pack: it holds the list of the pack and one file for each rule, and what rules
// share is below internal.
func checkFiles(t *testing.T, pack rules.Pack) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if name == pack.Name+".go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(text, []byte("= &rules.Rule{")); n != 1 {
			t.Errorf("%s holds %d rules, want 1; what rules share belongs below internal", name, n)
		}
	}
}

func runRule(t *testing.T, pack rules.Pack, r *rules.Rule, all []rules.Pack) {
	checkMetadata(t, pack, r)
	b, err := os.ReadFile(r.PageFile())
	if err != nil {
		t.Fatal(err)
	}
	page, err := rules.ParsePage(b)
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(page.Prose) == "" {
		t.Errorf("%s has no prose", r.PageFile())
	}
	known := []rules.Pack{pack}
	if slices.ContainsFunc(page.Cases, func(c rules.Case) bool { return len(withRules(&c)) > 0 }) {
		known = all
	}
	set, err := rules.NewSet(known, rules.Selection{Only: []string{r.ID}})
	if err != nil {
		t.Fatal(err)
	}
	everything, err := rules.NewSet(all, rules.Selection{Only: []string{"all"}})
	if err != nil {
		t.Fatal(err)
	}
	good, bad, fixed, unsafe := 0, 0, 0, 0
	for i := range page.Cases {
		c := &page.Cases[i]
		t.Run(c.Name, func(t *testing.T) {
			set := set
			options, with := optionsOf(t, r, c), withRules(c)
			if options != nil || with != nil {
				set, err = rules.NewSet(known, rules.Selection{Only: append(with, r.ID), Options: options})
				if err != nil {
					t.Fatal(err)
				}
			}
			runCase(t, r, set, c)
			runVariants(t, set, everything, c)
		})
		if c.Good() {
			good++
		} else {
			bad++
		}
		fixed += len(c.Fixed)
		unsafe += len(c.Unsafe)
	}
	if *update {
		if out := format(page); !bytes.Equal(out, b) {
			if err := os.WriteFile(r.PageFile(), out, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	switch {
	case r.Check.IsOutside(): // a test of the package that makes the findings has the cases
	case bad == 0:
		t.Error("no case with a finding")
	case good == 0:
		t.Error("no case without a finding")
	case r.Fixable(fixers.Safe) && fixed == 0:
		t.Error("the rule says that it has a safe fix, and no case shows the fixed text")
	case r.Fixable(fixers.Unsafe) && !r.Fixable(fixers.Safe) && unsafe == 0:
		t.Error("the rule says that it has an unsafe fix, and no case shows the fixed text")
	}
}

// optionsOf returns the options of a rule that the flags of a case set, nil for none: "option.NAME=a,b" is a list of
// strings, also with one element or none.
func optionsOf(t *testing.T, r *rules.Rule, c *rules.Case) map[string]map[string]any {
	var out map[string]any
	for _, flag := range c.Flags {
		name, value, _ := strings.Cut(flag, "=")
		name, ok := strings.CutPrefix(name, "option.")
		if !ok {
			continue
		}
		option, err := r.Option(name)
		if err != nil {
			t.Fatal(err)
		}
		if out == nil {
			out = map[string]any{}
		}
		switch option.Default.(type) {
		case []string:
			list := []string{}
			if value != "" {
				list = strings.Split(value, ",")
			}
			out[name] = list
		case bool:
			out[name] = value == "true"
		case int:
			if out[name], err = strconv.Atoi(value); err != nil {
				t.Fatal(err)
			}
		default:
			out[name] = value
		}
	}
	if out == nil {
		return nil
	}
	return map[string]map[string]any{r.ID: out}
}

// withRules returns the other rules that a case is for: "with=nix/unknown-setting".
func withRules(c *rules.Case) []string {
	var out []string
	for _, flag := range c.Flags {
		if name, ok := strings.CutPrefix(flag, "with="); ok {
			out = append(out, name)
		}
	}
	return out
}

// everywhere is a policy that holds for all files.
type everywhere struct{ policy rules.Policy }

func (e *everywhere) Policy(string) *rules.Policy { return &e.policy }

// howChecked returns how a case is checked with a set: the flags "ignores=deny", "ignores=require_reason",
// "ignores=90d" and "now=2026-12-31".
func howChecked(t *testing.T, set *rules.Set, c *rules.Case) (rules.Policies, rules.CheckOptions) {
	all := &everywhere{*set.Policy("")}
	var opts rules.CheckOptions
	for _, flag := range c.Flags {
		name, value, _ := strings.Cut(flag, "=")
		switch days, isDays := strings.CutSuffix(value, "d"); {
		case name == "now":
			now, err := time.Parse(time.DateOnly, value)
			if err != nil {
				t.Fatal(err)
			}
			opts.Now = now
		case name != "ignores":
		case value == "require_reason":
			all.policy.Ignores.RequireReason = true
		case isDays:
			n, err := strconv.Atoi(days)
			if err != nil {
				t.Fatal(err)
			}
			all.policy.Ignores.Longest = time.Duration(n) * 24 * time.Hour
		default:
			all.policy.Ignores.Policy = value
		}
	}
	return all, opts
}

func checkMetadata(t *testing.T, pack rules.Pack, r *rules.Rule) {
	if r.Pack() != pack.Name {
		t.Errorf("%s is in pack %s", r.ID, pack.Name)
	}
	if r.Summary == "" || strings.HasSuffix(r.Summary, ".") || r.Since == "" || r.Severity == rules.Off {
		t.Errorf("%s has incomplete metadata: it needs a summary without a full stop, since and severity", r.ID)
	}
	if r.Check.Subject == "" {
		t.Errorf("%s has no Check", r.ID)
	}
	if !contains(rules.Categories(), r.Category) {
		t.Errorf("%s has the category %q; it is one of %q", r.ID, r.Category, rules.Categories())
	}
	r.OptionList() // panics on a declaration that is malformed
}

func runCase(t *testing.T, r *rules.Rule, set *rules.Set, c *rules.Case) {
	ws := load(t, c, c.Files)
	policies, opts := howChecked(t, set, c)
	opts.Fixes = true
	result := rules.Check(ws, policies, opts)
	for _, e := range result.Errors {
		t.Error(e)
	}
	for _, w := range result.Rejected {
		t.Errorf("fix %q was rejected: %s", w.Title, w.Reason)
	}
	got := rules.Listing(result.Findings, len(c.Files) > 1)
	if c.Good() && got != "" {
		t.Errorf("unexpected findings:\n%s", got)
	}
	if !c.Good() && got == "" {
		t.Errorf("no findings; a case without any has a name that begins with \"good\"")
	}
	var safety []fixers.Safety
	for _, f := range result.Findings {
		for _, fix := range f.Fixes {
			safety = append(safety, fix.Safety)
			if f.Rule.ID == r.ID && !contains(r.Fixes, fix.Safety) {
				t.Errorf("%s offers a fix that is %s, which its metadata does not list", r.ID, fix.Safety)
			}
		}
	}
	var fixed, unsafe []txtar.File
	if contains(safety, fixers.Safe) {
		fixed = applied(t, set, ws, c, false)
	}
	if contains(safety, fixers.Unsafe) {
		if unsafe = applied(t, set, ws, c, true); len(c.Unsafe) == 0 && !*update {
			unsafe = nil
		}
	}
	if *update {
		c.Want, c.Fixed, c.Unsafe = got, fixed, unsafe
		return
	}
	if diff := cmp.Diff(c.Want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(text(c.Fixed), text(fixed)); diff != "" {
		t.Errorf("safe fixes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(text(c.Unsafe), text(unsafe)); diff != "" {
		t.Errorf("all fixes (-want +got):\n%s", diff)
	}
}

// applied returns the files that the fixes change, with their new text.
func applied(t *testing.T, set *rules.Set, ws *workspace.Workspace, c *rules.Case, unsafe bool) []txtar.File {
	policies, opts := howChecked(t, set, c)
	result := rules.Fix(ws, policies, rules.FixOptions{CheckOptions: opts, Unsafe: unsafe})
	var out []txtar.File
	for _, w := range result.Rejected {
		t.Errorf("fix %q was rejected: %s", w.Title, w.Reason)
	}
	for _, f := range result.Files {
		out = append(out, txtar.File{Name: f.File.Path, Data: f.After})
	}
	return out
}

// runVariants runs a case in the forms that a txtar cannot hold: with CRLF, without final newline and with a byte order
// mark. The findings must be those of the plain form, at the same lines; a byte order mark may change them. With the
// heavy tests on, the fixes of the forms are proved too, and every other rule runs over them.
func runVariants(t *testing.T, set, everything *rules.Set, c *rules.Case) {
	repeated := slices.ContainsFunc(c.Flags, func(f string) bool { return strings.HasPrefix(f, "repeat=") })
	if repeated && !heavytest.On() { // such files are large
		return
	}
	policies, opts := howChecked(t, set, c)
	plain := rules.Check(load(t, c, c.Files), policies, opts)
	for _, v := range []struct {
		name string
		same bool
		make func([]byte) []byte
	}{
		{"crlf", true, func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) }},
		{"no-final-newline", true, func(b []byte) []byte { return bytes.TrimSuffix(b, []byte("\n")) }},
		{"bom", false, func(b []byte) []byte { return append([]byte("\ufeff"), b...) }},
	} {
		t.Run(v.name, func(t *testing.T) {
			files := make([]txtar.File, len(c.Files))
			for i, f := range c.Files {
				files[i] = txtar.File{Name: f.Name, Data: v.make(bytes.Clone(f.Data))}
			}
			ws := load(t, c, files)
			if heavytest.On() && !repeated {
				rules.Check(ws, everything, rules.CheckOptions{Fixes: true})
			}
			proved := opts
			proved.Fixes = heavytest.On()
			got := rules.Check(ws, policies, proved)
			if v.same && !contains(c.Flags, "variants=differ") {
				if diff := cmp.Diff(lines(plain.Findings), lines(got.Findings)); diff != "" {
					t.Errorf("findings differ from those of the plain form (-plain +variant):\n%s", diff)
				}
			}
			for _, w := range got.Rejected {
				t.Errorf("fix %q was rejected: %s", w.Title, w.Reason)
			}
			if !heavytest.On() {
				return
			}
			for _, w := range rules.Fix(ws, policies, rules.FixOptions{CheckOptions: opts, Unsafe: true}).Rejected {
				t.Errorf("fix %q was rejected: %s", w.Title, w.Reason)
			}
		})
	}
}

func lines(findings []rules.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, fmt.Sprintf("%s:%d %s %s", f.File.Path, f.File.LineOf(f.Span.Start), f.Severity, f.Message))
	}
	return out
}

// InMemory returns the workspace of files by their path below its root, with slashes. None of them lies on a disk,
// which would cost more than the rules.
func InMemory(tb testing.TB, targets workspace.Targets, texts map[string][]byte) *workspace.Workspace {
	tb.Helper()
	ws, err := rules.InMemory(targets, texts)
	if err != nil {
		tb.Fatal(err)
	}
	return ws
}

func load(t *testing.T, c *rules.Case, list []txtar.File) *workspace.Workspace {
	targets := workspace.DefaultTargets()
	times, wide := 1, false
	for _, flag := range c.Flags {
		consumer, version, ok := strings.Cut(flag, "=")
		switch {
		case !ok:
			t.Fatalf("flag %q is not of the form consumer=version", flag)
		case consumer == "encoding":
			wide = version == "utf-16"
		case contains([]string{"variants", "with", "ignores", "now"}, consumer), strings.HasPrefix(consumer, "option."):
		case consumer == "repeat":
			var err error
			if times, err = strconv.Atoi(version); err != nil {
				t.Fatal(err)
			}
		default:
			if err := targets.Set(consumer, version); err != nil {
				t.Fatal(err)
			}
		}
	}
	texts := map[string][]byte{}
	for _, f := range list {
		texts[f.Name] = repeated(f.Data, times)
		if wide {
			texts[f.Name] = inUTF16(f.Data)
		}
	}
	return InMemory(t, targets, texts)
}

// inUTF16 returns a text in UTF-16 with a byte order mark, little-endian.
func inUTF16(text []byte) []byte {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(strings.TrimPrefix(string(text), "\ufeff"))) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return out
}

// repeated writes each line with {{n}} in it some times.
func repeated(text []byte, times int) []byte {
	if times == 1 {
		return text
	}
	var out []byte
	for line := range bytes.Lines(text) {
		if !bytes.Contains(line, []byte("{{n}}")) {
			out = append(out, line...)
			continue
		}
		for n := range times {
			out = append(out, bytes.ReplaceAll(line, []byte("{{n}}"), []byte(strconv.Itoa(n)))...)
		}
	}
	return out
}

func text(files []txtar.File) string {
	return string(txtar.Format(&txtar.Archive{Files: files}))
}

// format writes a page back, with the expectations in their place.
func format(page rules.Page) []byte {
	a := &txtar.Archive{Comment: []byte(page.Prose)}
	add := func(c rules.Case, prefix string, files []txtar.File) {
		for _, f := range files {
			a.Files = append(a.Files, txtar.File{Name: c.Name + "/" + prefix + f.Name, Data: f.Data})
		}
	}
	for _, c := range page.Cases {
		add(c, "", c.Files)
		if len(c.Flags) > 0 {
			a.Files = append(a.Files,
				txtar.File{Name: c.Name + "/flags", Data: []byte(strings.Join(c.Flags, "\n") + "\n")})
		}
		if c.Want != "" {
			a.Files = append(a.Files, txtar.File{Name: c.Name + "/want", Data: []byte(c.Want)})
		}
		add(c, "fixed/", c.Fixed)
		add(c, "unsafe/", c.Unsafe)
	}
	return txtar.Format(a)
}

func contains[T comparable](list []T, v T) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}
