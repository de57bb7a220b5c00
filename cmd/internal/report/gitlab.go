package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/sandlint/sandlint/rules"
)

// gitlabIssue is one entry of a code quality report, as GitLab reads it: an array of the issues of Code Climate, with
// few of their fields. It shows no check_name, so the description begins with the rule's id.
type gitlabIssue struct {
	Type        string         `json:"type"`
	Description string         `json:"description"`
	CheckName   string         `json:"check_name"`
	Fingerprint string         `json:"fingerprint"`
	Severity    string         `json:"severity"`
	Categories  []string       `json:"categories"`
	Location    gitlabLocation `json:"location"`
}

type gitlabLocation struct {
	Path  string      `json:"path"`
	Lines gitlabLines `json:"lines"`
}

type gitlabLines struct {
	Begin int `json:"begin"`
	End   int `json:"end"`
}

// writeGitLab prints the array. Paths are relative to the root of the project: CI_PROJECT_DIR, or the repository's.
// GitLab takes findings with equal fingerprints for one, so no two have the same.
func writeGitLab(out io.Writer, r *Report) error {
	w := newJSONWriter(out)
	places := newPlaces(r.Dir, r.getenv("CI_PROJECT_DIR"))
	before := "\n "
	w.WriteByte('[')
	put := func(issue gitlabIssue) {
		issue.Type = "issue"
		issue.Location.Path, _ = places.of(issue.Location.Path)
		w.put(before, issue)
		before = ",\n "
	}
	for n, t := range troubles(r.Result) {
		sum := sha256.Sum256(fmt.Appendf(nil, "sandlint\x00%s\x00%s\x00%d", t.Path, t.Err, n))
		put(gitlabIssue{Description: "sandlint: " + shown(t.Err.Error()), CheckName: "sandlint",
			Fingerprint: hex.EncodeToString(sum[:]), Severity: "critical", Categories: []string{"Bug Risk"},
			Location: gitlabLocation{Path: t.Path, Lines: gitlabLines{1, 1}}})
	}
	all := merged(r.Result)
	for i, fingerprint := range rules.Fingerprints(r.tree(), all, r.Dir) {
		f := all[i]
		if f.Suppressed != nil {
			continue
		}
		span := trimNewlines(f.File, f.Span)
		issue := gitlabIssue{
			Description: shown(f.ID()) + ": " + shown(f.Message),
			CheckName:   f.ID(),
			Fingerprint: fingerprint,
			Location: gitlabLocation{Path: f.File.Path,
				Lines: gitlabLines{textPosition(f.File, span.Start).Line, textPosition(f.File, span.End).Line}},
		}
		switch f.Severity {
		case rules.Error:
			issue.Severity = "critical"
		case rules.Warning:
			issue.Severity = "major"
		case rules.Info:
			issue.Severity = "minor"
		default:
			issue.Severity = "info"
		}
		switch f.Rule.Category {
		case rules.Security:
			issue.Categories = []string{"Security"}
		case rules.Portability:
			issue.Categories = []string{"Compatibility"}
		case rules.Performance:
			issue.Categories = []string{"Performance"}
		case rules.Formatting:
			issue.Categories = []string{"Style"}
		default:
			issue.Categories = []string{"Bug Risk"}
		}
		put(issue)
	}
	w.WriteString("]\n")
	return w.end()
}
