package rules

import (
	"fmt"
	"io/fs"
	"slices"
	"sync/atomic"
	"time"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules/cached"
)

// Pack is a set of rules with a common prefix.
type Pack struct {
	// Name is the part of the ids before the slash.
	Name string
	// Rules are sorted by id.
	Rules []*Rule
	// Pages holds one txtar for each rule, named after it: unknown_setting.txtar.
	Pages fs.FS
	// Help returns the address of a rule's page, "" for none. Nil means the page below the root of this project.
	Help func(*Rule) string
}

// PageAddress returns the address of the page of one of the pack's rules, "" for none.
func (p Pack) PageAddress(r *Rule) string {
	if p.Help == nil {
		return pageAddress(r)
	}
	return p.Help(r)
}

// pageAddress returns the address of the page of a rule that comes with sandlint.
func pageAddress(r *Rule) string { return "docs/rules/" + r.ID + ".md" }

// Selection says which rules run, and how severe they are. Names are ids, aliases, packs ("nix" or "nix/*"), or "all".
type Selection struct {
	// Preset says which of the rules that come with sandlint are on to begin with; nil means those that are on by
	// default. PresetFrom says what names it, for people.
	Preset     func(*Rule) bool
	PresetFrom string
	// Layers are what the parts of configurations say, the later above the earlier. Within one, the narrowest name
	// wins, and of names that are as narrow, the later. What follows is above them.
	Layers [][]Settings
	// Only, when not empty, switches off every rule that it does not name.
	Only []string
	// Select switches on rules that are off by default.
	Select []string
	// Ignore switches rules off; it wins over Select and Only.
	Ignore []string
	// Severity sets the severity by rule id or alias; Off switches the rule off.
	Severity map[string]Severity
	// Options sets options by rule id or alias, and by name: a bool, an int, a string or a []string.
	Options map[string]map[string]any
}

// CheckOptions say how Check runs.
type CheckOptions struct {
	// NoIgnores makes suppressions in files have no effect.
	NoIgnores bool
	// Dir is the working directory, absolute: see Fingerprints. Only Policy.Accepted needs it.
	Dir string
	// Now is the time by which suppressions end; none has ended where it is zero.
	Now time.Time
	// Partial says that files were left out that may influence what is found in others, and PacksUnread that rule packs
	// were. Suppressions that may serve for these are not called unused, or unknown.
	Partial, PacksUnread bool
	// Fixes makes Check prove the fixes of each finding; without it findings have none.
	Fixes bool
	// Changed, when not nil, are the absolute paths of the changed files of the workspace, which holds the whole
	// repository. Check reports all findings in them, and of other files those that depend on them: that are not there
	// while the changed files are empty. Fix changes them alone, and reports what is left in them.
	Changed []string
	// Progress, when not nil, is called from one goroutine after each file.
	Progress func(done, total int)
	// Stacks adds the stack to the error for a defect in a rule.
	Stacks bool

	// Cache, when not nil, keeps what is found in files from one run to the next.
	Cache *cached.Cache

	dated    *atomic.Bool // set where something depends on Now; may be nil
	unproved bool         // keeps all fixes
	internal bool         // leaves out the rules that ask other programs
	advises  bool         // with unproved: keeps of all fixes those alone that are done by hand

	stop func() bool // when not nil, reports whether the rest of the rules can be left out
}

// Active is a rule that runs.
type Active struct {
	*Rule
	// Effective is the severity of its findings unless one says otherwise, as configured.
	Effective Severity
	// Help is the address of its page, "" for none.
	Help string
	// Pack is the one that it belongs to.
	Pack Pack
}

// Result is what Check found.
type Result struct {
	// Rules are the rules of the run, sorted by id.
	Rules []Active
	// Findings are in order of path, position and rule id. Suppressed ones are not among them.
	Findings []Finding
	// Suppressed are the findings that a comment or the configuration switched off, in the same order.
	Suppressed []Finding
	// Checked is the number of files that were checked.
	Checked int
	// Skipped are files that were named but are of no kind that sandlint reads.
	Skipped []workspace.Skipped
	// Off is the number of rules that the configuration of the repository switches off, for some of its files at least.
	// Whoever reads that configuration sets it.
	Off int
	// Incomplete are files of which something was not looked at because it would cost too much, with the reason.
	Incomplete []workspace.Skipped
	// Errors are files that could not be read.
	Errors []workspace.FileError
	// Failed are the rules that could not judge something, sorted by id, each with its first error in the order of
	// findings.
	Failed []RuleError
	// Unwritten are files that could not be written with their fixes. Check has none; whoever writes adds them.
	Unwritten []workspace.FileError
	// Rejected are fixes that failed their proof, each with its reason: bugs in sandlint, shown by --verbose.
	Rejected []Rejected
	// Untried are fixes that are not offered because the file has too many that cannot be proved together.
	Untried []Rejected
}

// Help returns the address of the page of a rule, "" for none.
func (r *Result) Help(rule *Rule) string {
	for n := range r.Rules {
		if r.Rules[n].Rule == rule {
			return r.Rules[n].Help
		}
	}
	return pageAddress(rule)
}

// Page returns the page of a rule of the run.
func (r *Result) Page(rule *Rule) (Page, error) {
	for n := range r.Rules {
		if r.Rules[n].Rule == rule && r.Rules[n].Pack.Pages != nil {
			return r.Rules[n].Pack.Page(rule)
		}
	}
	return Page{}, fmt.Errorf("rule %s has no page", rule.ID)
}

// Rejected is a fix that is not offered because its proof failed.
type Rejected struct {
	Rule   *Rule
	File   *source.File
	Span   source.Span
	Title  string
	Reason string
}

// FixOptions say how Fix runs.
type FixOptions struct {
	CheckOptions
	// Unsafe applies unsafe fixes too.
	Unsafe bool
	// Leave, when not nil, reports which findings stay, whatever fixes they have. It is given the findings of some
	// files, and is called from several goroutines.
	Leave func([]Finding) []bool

	within map[string]bool // with Changed: the paths of the only files that may change

	textsAlone bool // After is not needed
}

// mayFix reports whether all files that a fix edits may change.
func (o *FixOptions) mayFix(fix *fixers.Fix) bool {
	outside := func(e fixers.Edit) bool { return !o.within[e.File.Path] }
	return o.within == nil || !slices.ContainsFunc(fix.Edits, outside)
}

// FixResult is what Fix did, in memory.
type FixResult struct {
	// Files are the files that changed, in order of path.
	Files []FixedFile
	// After is what Check finds once the fixes are applied.
	After *Result
	// Rejected are the fixes that failed their proof.
	Rejected []Rejected
	// Untried are the groups of files of which some fixes were not tried, since a budget was used up.
	Untried []Untried
}

// Untried is files, in order of path, that influence each other, and the number of findings whose fixes were not tried.
type Untried struct {
	Paths []string
	Fixes int
}

// FixedFile is one changed file.
type FixedFile struct {
	File    *source.File
	After   []byte
	Applied []AppliedFix
}

// AppliedFix is a fix that is part of a FixedFile.
type AppliedFix struct {
	Rule   *Rule
	Title  string
	Safety fixers.Safety
}
