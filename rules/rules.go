// Package rules defines what a rule is and what it finds, and runs rules over a workspace. The rules themselves are in
// the packs below this folder: one rule, one file, and beside it the txtar that is both its test and its page.
//
// Rules are values and run at the same time on different files; everything concurrent is in the runner (check.go). A
// new rule is a file in a pack and a line in the pack's list. A new kind of subject is a function in subject.go, and a
// new kind of file a Format. Configurations and reports use the names of severities and categories, so these must not
// change.
package rules

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// Severity says how much a finding matters.
type Severity int

const (
	// Off switches a rule off; no finding has it.
	Off Severity = iota
	// Style is taste. Rules of this severity are off unless selected.
	Style
	// Info is worth knowing.
	Info
	// Warning is likely to bite.
	Warning
	// Error says that the file does not do what it says, or opens a hole.
	Error
)

var severityNames = [...]string{"off", "style", "info", "warning", "error"}

func (s Severity) String() string { return severityNames[s] }

// ParseSeverity returns the severity with the given name: off, style, info, warning or error.
func ParseSeverity(name string) (Severity, error) {
	for i, n := range severityNames {
		if n == name {
			return Severity(i), nil
		}
	}
	return Off, fmt.Errorf("unknown severity %q; it is one of %s", name, strings.Join(severityNames[:], ", "))
}

// Category groups rules across packs, by what they protect.
type Category string

const (
	// Correctness: the file does not do what it says.
	Correctness Category = "correctness"
	// Security: the file opens a hole, or hides one.
	Security Category = "security"
	// Portability: the file works in some places and not in others.
	Portability Category = "portability"
	// Performance: the file costs more than it has to.
	Performance Category = "performance"
	// Formatting: the file can be read more easily.
	Formatting Category = "style"
)

// Categories are all categories.
func Categories() []Category {
	return []Category{Correctness, Security, Portability, Performance, Formatting}
}

// Rule is one thing that sandlint can find. A rule is a value: it has no state, and its functions are sequential
// and may run at the same time on different files.
type Rule struct {
	// ID is pack, slash and a name in kebab-case for what is wrong: "nix/unknown-setting". It is never changed without
	// an alias.
	ID string
	// Aliases are other ids of the rule that users know, such as "DL3006"; they are accepted wherever an id is.
	Aliases []string
	// Summary is one sentence in the present tense, without a full stop, that says what is wrong.
	Summary string
	// Severity is that of its findings, unless a finding says otherwise.
	Severity Severity
	// Category groups rules across packs.
	Category Category
	// Since is the release of sandlint that introduced the rule.
	Since string
	// Syntax says that the consumer cannot read the file past what the rule finds; no fix may cause such a finding.
	Syntax bool
	// Unnecessary says that what it finds does nothing, so editors show the place faded; Deprecated that its consumer
	// still accepts it but wants something else in its place, so editors strike it out.
	Unnecessary, Deprecated bool
	// Fixes are the safeties of the fixes that the rule can offer; none when it has no fix.
	Fixes []fixers.Safety
	// Optional says that the rule is off unless it is selected or configured.
	Optional bool
	// References are the sources of the claim: documents, source files and issues, by name.
	References []string

	// Codes is the prefix of ids that are aliases too, without being listed: "SC" for those of ShellCheck. Each finding
	// says in As which one it has.
	Codes string
	// Options is a struct of the rule's options with their defaults, nil for a rule without: see OptionsOf.
	Options any
	// Check is the rule's subject and function: see OnText, OnStep, OnCommand and so on.
	Check Adapter
}

// Pack returns the part of the id before the slash.
func (r *Rule) Pack() string {
	pack, _, _ := strings.Cut(r.ID, "/")
	return pack
}

// Finding is one place where a rule found what it looks for.
type Finding struct {
	// Rule is the rule that reports it.
	Rule *Rule
	// Severity is the rule's, as configured, unless the rule set another one for this finding.
	Severity Severity
	// Message is one sentence, lower case, without a full stop.
	Message string
	// File and Span are the place, as tight as can be.
	File *source.File
	Span source.Span
	// Related are other places that explain the finding.
	Related []Related
	// Fixes are alternatives, best first. The runner leaves only those that passed their proof.
	Fixes []fixers.Fix
	// Offered are the safeties of the fixes that the rule offered, in order, where the runner removed all of Fixes
	// unproved.
	Offered []fixers.Safety
	// As are those of the rule's hadolint and ShellCheck ids that this finding has, where the rule has several, such as
	// "DL4003". Empty means all of them. Suppressions, selections and reports go by them.
	As []string
	// Suppressed says why the finding is not reported; nil for one that is.
	Suppressed *Suppression
	// Baseline says whether the finding was there before; "" in a run that compares with nothing.
	Baseline BaselineState

	natural    Severity // before the configuration sets another one
	unselected bool     // its rule is off, and counts in proofs
	// proveRemoved is set where it is about a block "accept": see Accepted.Prove.
	proveRemoved func(removed []source.Span, after []byte) error
}

// BaselineState says how a finding compares with a baseline, or with an earlier state of the files. In a run that
// compares, each finding has one.
type BaselineState string

const (
	// BaselineNew is a finding that was not there before.
	BaselineNew BaselineState = "new"
	// BaselineUnchanged is one that was, which is suppressed.
	BaselineUnchanged BaselineState = "unchanged"
)

// Related is a place that explains a finding.
type Related struct {
	File    *source.File
	Span    source.Span
	Message string
}

// Suppression says what suppresses a finding.
type Suppression struct {
	// Kind is KindInline, KindAccepted, or one of those of package baseline.
	Kind string
	// Reason is the reason that the author gives, or "".
	Reason string
	// File and Span are the place of the comment.
	File *source.File
	Span source.Span
}

// The kinds of suppression.
const (
	// KindInline is a comment in the file, KindAccepted a block "accept" of the configuration. SARIF calls the former
	// "inSource" and the latter "external".
	KindInline   = "inline"
	KindAccepted = "accepted"
)

// Pass is one rule at work on one subject.
type Pass struct {
	// Rule is the rule at work.
	Rule *Rule
	// Workspace is what the subject belongs to. It is a snapshot: its files stay as they are while the rule runs.
	Workspace *workspace.Workspace

	configured *configured
	report     func(Finding)
	fail       func(RuleError)
	memo       map[any]any
	fixless    bool
	advises    bool // with fixless: fixes that are done by hand count
	noted      *noted
}

// Unsure records that the rule did not look at the whole file, so that no suppression of its findings there is called
// unused.
func (p *Pass) Unsure() {
	if p.noted != nil {
		p.noted.skipped[p.Rule] = true
	}
}

// WantsFixes reports whether the fixes of findings count. They do not where a proof only counts what is found after
// the edits of others, or nobody asks for fixes, so a rule whose fixes cost more than its findings need not make them
// then, but for those that are done by hand.
func (p *Pass) WantsFixes() bool { return !p.fixless }

// RuleError is a rule that could not judge something: an expression of a rule pack fails, or costs too much.
type RuleError struct {
	// Rule is the rule.
	Rule *Rule
	// File and Span are what it was to judge.
	File *source.File
	Span source.Span
	// Err says why it could not.
	Err error
}

// Fail records that the rule cannot judge something. The run reports the first of these errors of each rule, and ends
// with an error.
func (p *Pass) Fail(file *source.File, span source.Span, err error) {
	if p.fail != nil {
		p.fail(RuleError{Rule: p.Rule, File: file, Span: span, Err: err})
	}
}

// Memo returns what make made of a key the first time, for the rules that look at the same text of the same file. Keys
// are compared with ==, and belong to the package that defines their type.
func (p *Pass) Memo(key any, make func() any) any {
	if value, ok := p.memo[key]; ok {
		return value
	}
	value := make()
	if p.memo != nil {
		p.memo[key] = value
	}
	return value
}

// Report records a finding. Rule is filled in, and Severity too where it is Off.
func (p *Pass) Report(f Finding) {
	f.Rule = p.Rule
	if f.Severity == Off {
		f.Severity = p.Rule.Severity
	}
	f.natural, f.unselected = f.Severity, p.configured.unselected
	switch {
	case p.fixless && p.advises:
		f.Fixes = adviceOf(f.Fixes)
	case p.fixless:
		f.Fixes = nil
	}
	if p.configured.rate(&f) {
		p.report(f)
	}
}

// adviceOf returns those of some fixes that are done by hand.
func adviceOf(all []fixers.Fix) []fixers.Fix {
	var out []fixers.Fix
	for _, fix := range all {
		if fix.Safety == fixers.Manual {
			out = append(out, fix)
		}
	}
	return out
}

// ReportText records a finding at a span of a nix.conf text. The message is formatted as by fmt.Sprintf.
func (p *Pass) ReportText(text *nixuse.Text, span source.Span, format string, args ...any) {
	p.Report(Finding{File: text.Fragment.File, Span: text.Fragment.Span(span), Message: fmt.Sprintf(format, args...)})
}

// Targets returns the versions of the consumers that the workspace is for.
func (p *Pass) Targets() workspace.Targets { return p.Workspace.Targets }
