package rules

import (
	"embed"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// Pack is a set of rules with a common prefix.
type Pack struct {
	// Name is the part of the ids before the slash.
	Name string
	// Rules are sorted by id.
	Rules []*Rule
	// Pages holds one txtar for each rule, named after it: unknown_setting.txtar.
	Pages embed.FS
}

// Selection says which rules run, and how severe they are. Names are ids, aliases, packs ("nix" or "nix/*"), or "all".
type Selection struct {
	// Only, when not empty, switches every rule off that it does not name.
	Only []string
	// Select switches rules on that are off by default.
	Select []string
	// Ignore switches rules off; it wins over Select and Only.
	Ignore []string
	// Severity sets the severity by rule id or alias; Off switches the rule off.
	Severity map[string]Severity
}

// CheckOptions say how Check runs.
type CheckOptions struct {
	// NoIgnores makes suppressions in files have no effect.
	NoIgnores bool
	// Fixes asks for the fixes of each finding, proved; without it findings carry none.
	Fixes bool
	// Progress, when not nil, is called from one goroutine after each file.
	Progress func(done, total int)
}

// Result is what Check found.
type Result struct {
	// Findings are in order of path, position and rule id. Suppressed ones are not among them.
	Findings []Finding
	// Suppressed are the findings that a comment switched off, in the same order.
	Suppressed []Finding
	// Checked is the number of files that were looked at.
	Checked int
	// Skipped are files that were named but are of no kind that sandlint reads.
	Skipped []workspace.Skipped
	// Errors are files that could not be read.
	Errors []workspace.FileError
	// Withheld are fixes that failed their proof, each with its reason: bugs in sandlint, shown by --verbose.
	Withheld []Withheld
}

// Withheld is a fix that was not offered since its proof failed.
type Withheld struct {
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
}

// FixResult is what Fix did, in memory.
type FixResult struct {
	// Files are the files that changed, in order of path.
	Files []FixedFile
	// After is what Check finds once the fixes are applied.
	After *Result
	// Withheld are the fixes that failed their proof.
	Withheld []Withheld
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
