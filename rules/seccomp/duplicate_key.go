package seccomp

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var duplicateKey = &rules.Rule{
	ID:       "seccomp/duplicate-key",
	Summary:  "a field occurs twice in one object, and its readers disagree about which one counts",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Go, encoding/json: the last of several keys wins, in any case of letters; objects and the elements of " +
			"arrays are decoded over what is there",
		"crun, libocispec: the first key of the exact spelling wins (yajl, up to crun 1.27)",
		"RFC 8259, section 4: what software does with names that are not unique is unpredictable",
	},
	Check: rules.OnProfile(checkDuplicateKey),
}

func checkDuplicateKey(p *rules.Pass, profile *workspace.Profile) {
	// The occurrences of each field, by the key of the first.
	chains := map[source.Span][]seccomp.Field{}
	for _, field := range profile.DuplicateFields {
		if chains[field.Earlier] == nil {
			first := seccomp.Field{
				Name: seccomp.String{Text: field.Name.Text, Span: field.Earlier}, Value: field.EarlierValue,
			}
			chains[field.Earlier] = []seccomp.Field{first}
		}
		chains[field.Earlier] = append(chains[field.Earlier], field)
	}
	text := profile.Source.Text
	inGo := readers.Go(p, profile)
	done := map[source.Span]int{} // how many of each chain are reported
	for _, field := range profile.DuplicateFields {
		chain := chains[field.Earlier]
		n := done[field.Earlier]
		done[field.Earlier]++
		previous := chain[n]
		cased := text(previous.Name.Span) != text(field.Name.Span)
		what := fmt.Sprintf("%q occurs twice in the same object", field.Name.Text)
		if cased {
			what = fmt.Sprintf("%q is %s again", field.Name.Text, text(previous.Name.Span))
		}
		finding := report.At(profile, field.Name.Span, what)
		remove, which := chain[:len(chain)-1], "the first"
		if len(chain) > 2 {
			which = "all but the last"
		}
		switch {
		case text(previous.Value) == text(field.Value) && !cased:
			finding.Message += ", with the same value"
			finding.Severity = rules.Warning
		case len(inGo) == 0:
			finding.Message += "; crun takes the first one"
			if cased {
				finding.Message += fmt.Sprintf(" that is spelt %q", field.Near)
			} else if len(chain) == 2 {
				remove, which = chain[1:], "the second"
			}
		default:
			finding.Message += fmt.Sprintf("; %s %s the last one", phrase.List(inGo), phrase.Verb("take", inGo))
			if merges(field.Near) && profile.Dialect != seccomp.SPO {
				finding.Message += ", and what it lacks from the first"
			}
			if readers.RuntimeReads(p, profile, "crun") {
				finding.Message += ", crun the first"
				if cased {
					finding.Message += fmt.Sprintf(" that is spelt %q", field.Near)
				}
			}
		}
		finding.Related = []rules.Related{{File: profile.Source, Span: previous.Name.Span, Message: "it is here too"}}
		if n == 0 { // it mends the others too
			kept := chain[len(chain)-1]
			if remove[len(remove)-1] == kept {
				kept = chain[0]
			}
			if value := text(kept.Value); value != "" && value != "null" && value != "~" { // else it would be missing
				finding.Fixes = keepOne(profile, fmt.Sprintf("Remove %s %q", which, field.Name.Text), remove)
			}
		}
		p.Report(finding)
	}
}

// keepOne returns the fix that removes occurrences of a field; none where the file is not JSON, so nothing can be
// proved.
func keepOne(profile *workspace.Profile, title string, remove []seccomp.Field) []fixers.Fix {
	if slices.ContainsFunc(profile.Problems,
		func(problem source.Problem) bool { return problem.Kind == seccomp.KindJSON }) {
		return nil
	}
	fix := fixers.Fix{Title: title, Safety: fixers.Unsafe, Changes: fixers.Changes{fixers.Repair{}}}
	for _, field := range remove {
		edits := fixseccomp.RemoveField(profile.Profile, field.Value)
		if len(edits) == 0 {
			return nil
		}
		fix.Edits = append(fix.Edits, edits...)
	}
	return []fixers.Fix{fix}
}

// merges reports whether Go decodes a second value of a field over the first: one that is an object, or an array of
// objects.
func merges(field string) bool {
	switch field {
	case "syscalls", "args", "includes", "excludes", "archMap":
		return true
	}
	return false
}
