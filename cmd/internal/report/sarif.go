package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/secret"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// SARIF 2.1.0, as OASIS has it (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html), and as GitHub's code
// scanning reads it: paths are relative to the root of the repository, and no more results than it takes.

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	// sarifResults is how many results of a run GitHub takes.
	sarifResults = 25000
	// sarifDescription is how long the description of a rule may be for GitHub, in characters.
	sarifDescription = 1024
	// sarifSnippet is how many bytes of source a region carries at most.
	sarifSnippet = 2048
	// sarifRoot is the name of the root of the repository.
	sarifRoot = "REPOSITORYROOT"
)

type sarifText struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name            string      `json:"name"`
	InformationURI  string      `json:"informationUri"`
	Version         string      `json:"version"`
	SemanticVersion string      `json:"semanticVersion"`
	Rules           []sarifRule `json:"rules"`
	Notifications   []sarifRule `json:"notifications"`
}

type sarifRule struct {
	ID                   string               `json:"id"`
	Name                 string               `json:"name"`
	ShortDescription     sarifText            `json:"shortDescription"`
	FullDescription      sarifText            `json:"fullDescription"`
	Help                 sarifText            `json:"help"`
	HelpURI              string               `json:"helpUri,omitempty"`
	DefaultConfiguration sarifConfiguration   `json:"defaultConfiguration"`
	Properties           *sarifRuleProperties `json:"properties,omitempty"`
}

type sarifConfiguration struct {
	Level string `json:"level"`
}

type sarifRuleProperties struct {
	Tags             []string `json:"tags"`
	Precision        string   `json:"precision"`
	ProblemSeverity  string   `json:"problem.severity"`
	SecuritySeverity string   `json:"security-severity,omitempty"`
}

type sarifResult struct {
	RuleID              string             `json:"ruleId"`
	RuleIndex           int                `json:"ruleIndex"`
	Kind                string             `json:"kind"`
	Level               string             `json:"level"`
	Message             sarifText          `json:"message"`
	Locations           []sarifLocation    `json:"locations"`
	RelatedLocations    []sarifLocation    `json:"relatedLocations,omitempty"`
	PartialFingerprints map[string]string  `json:"partialFingerprints"`
	BaselineState       string             `json:"baselineState,omitempty"`
	Suppressions        []sarifSuppression `json:"suppressions,omitzero"` // nil, or a list that may be empty
	Fixes               []sarifFix         `json:"fixes,omitempty"`
}

type sarifLocation struct {
	ID               int           `json:"id,omitempty"`
	PhysicalLocation sarifPhysical `json:"physicalLocation"`
	Message          *sarifText    `json:"message,omitempty"`
}

type sarifPhysical struct {
	ArtifactLocation sarifArtifactLocation `json:"artifactLocation"`
	Region           *sarifRegion          `json:"region,omitempty"`
	ContextRegion    *sarifRegion          `json:"contextRegion,omitempty"`
}

type sarifArtifactLocation struct {
	URI       string `json:"uri"`
	URIBaseID string `json:"uriBaseId,omitempty"`
	Index     *int   `json:"index,omitempty"`
}

type sarifRegion struct {
	StartLine   int        `json:"startLine"`
	StartColumn int        `json:"startColumn,omitempty"`
	EndLine     int        `json:"endLine"`
	EndColumn   int        `json:"endColumn,omitempty"`
	Snippet     *sarifText `json:"snippet,omitempty"`
}

type sarifSuppression struct {
	Kind          string         `json:"kind"`
	Status        string         `json:"status"`
	Justification string         `json:"justification,omitempty"`
	Location      *sarifLocation `json:"location,omitempty"`
}

type sarifFix struct {
	Description     sarifText          `json:"description"`
	ArtifactChanges []sarifChange      `json:"artifactChanges"`
	Properties      sarifFixProperties `json:"properties"`
}

type sarifFixProperties struct {
	Applicability string `json:"applicability"`
}

type sarifChange struct {
	ArtifactLocation sarifArtifactLocation `json:"artifactLocation"`
	Replacements     []sarifReplacement    `json:"replacements"`
}

type sarifReplacement struct {
	DeletedRegion   sarifRegion `json:"deletedRegion"`
	InsertedContent sarifText   `json:"insertedContent"`
}

type sarifArtifact struct {
	Location       sarifArtifactLocation `json:"location"`
	Roles          []string              `json:"roles"`
	Encoding       string                `json:"encoding,omitempty"`
	SourceLanguage string                `json:"sourceLanguage,omitempty"`
}

type sarifInvocation struct {
	ExecutionSuccessful bool                `json:"executionSuccessful"`
	ExitCode            int                 `json:"exitCode"`
	Notifications       []sarifNotification `json:"toolExecutionNotifications"`
}

type sarifNotification struct {
	Descriptor     sarifReference  `json:"descriptor"`
	Level          string          `json:"level"`
	Message        sarifText       `json:"message"`
	Locations      []sarifLocation `json:"locations,omitempty"`
	AssociatedRule *sarifReference `json:"associatedRule,omitempty"`
}

type sarifReference struct {
	ID    string `json:"id"`
	Index *int   `json:"index,omitempty"`
}

// sarifNotices are the kinds of notification: id, level and description.
var sarifNotices = [][3]string{
	{"unreadable-file", "error", "A file could not be read, so it was not checked."},
	{"unwritten-fix", "error", "A file could not be written with its fixes."},
	{"failed-rule", "error", "A rule could not judge something."},
	{"incomplete-check", "warning", "A part of a file was not checked."},
	{"skipped-file", "note", "A file that was named was not checked."},
	{"results-left-out", "warning", "Results are missing from this report."},
}

// CutError says that a report does not hold all findings, because its readers would refuse them.
type CutError struct {
	format    string
	kept, all int
}

func (e CutError) Error() string {
	return fmt.Sprintf("the %s report holds the %d most severe of %d findings, since GitHub takes no more", e.format,
		e.kept, e.all)
}

// sarifWriter makes the values of a report.
type sarifWriter struct {
	*jsonWriter
	report    *Report
	pages     pages
	places    *places
	rules     []sarifRule
	ruleIndex map[string]int
	artifacts []sarifArtifact
	index     map[string]int // of artifacts, by path
	files     map[*source.File]*sarifFile
}

// sarifFile is what is remembered of a file.
type sarifFile struct {
	hashes  []string
	valid   bool          // it is UTF-8
	secrets []source.Span // passwords and tokens, in order
}

func writeSARIF(out io.Writer, r *Report) error {
	w := &sarifWriter{jsonWriter: newJSONWriter(out), report: r, pages: newPages(r.Result), ruleIndex: map[string]int{},
		places: newPlaces(r.Dir, ""), index: map[string]int{}, files: map[*source.File]*sarifFile{},
		rules: []sarifRule{}, artifacts: []sarifArtifact{}}
	all := merged(r.Result)
	if r.getenv("GITHUB_ACTIONS") == "true" {
		// GitHub opens an alert for each result, suppressed or not.
		all = slices.DeleteFunc(all, func(f *rules.Finding) bool { return f.Suppressed != nil })
	}
	prints := rules.Fingerprints(r.tree(), all, r.Dir)
	kept := mostSevere(all, sarifResults)
	suppressed := slices.ContainsFunc(all, func(f *rules.Finding) bool { return f.Suppressed != nil })
	for _, f := range all {
		w.rule(f)
	}
	cut := CutError{"sarif", len(kept), len(all)}

	invocation, notices := w.invocation(cut)

	fmt.Fprintf(w, "{\"$schema\": %q,\n \"version\": \"2.1.0\",\n \"runs\": [{\n", sarifSchema)
	w.put(`  "tool": `, sarifTool{sarifDriver{Name: "sandlint", InformationURI: "https://github.com/sandlint/sandlint",
		Version: r.Version, SemanticVersion: r.Version, Rules: w.rules, Notifications: notices}})
	w.put(",\n  \"automationDetails\": ", map[string]string{"id": "sandlint/"})
	w.WriteString(",\n  \"columnKind\": \"utf16CodeUnits\"")
	w.put(",\n  \"originalUriBaseIds\": ", map[string]any{sarifRoot: map[string]any{
		"description": sarifText{Text: "The root of the repository."}}})
	w.WriteString(",\n  \"results\": [")
	before := "\n   "
	for _, i := range kept {
		w.put(before, w.result(all[i], prints[i], suppressed))
		before = ",\n   "
	}
	w.put("],\n  \"invocations\": ", []sarifInvocation{invocation})
	w.put(",\n  \"artifacts\": ", w.artifacts)
	w.WriteString("}]}\n")
	if err := w.end(); err != nil || cut.kept == cut.all {
		return err
	}
	return cut
}

// mostSevere returns the indexes of at most n findings, in order: the most severe ones.
func mostSevere(all []*rules.Finding, n int) []int {
	out := make([]int, len(all))
	for i := range out {
		out[i] = i
	}
	if len(out) <= n {
		return out
	}
	sort.SliceStable(out, func(a, b int) bool { return all[out[a]].Severity > all[out[b]].Severity })
	out = out[:n]
	slices.Sort(out)
	return out
}

func sarifLevel(s rules.Severity) string {
	switch s {
	case rules.Error:
		return "error"
	case rules.Warning:
		return "warning"
	}
	return "note"
}

// rule returns the index of the rule of a finding.
func (w *sarifWriter) rule(f *rules.Finding) int {
	id := f.ID()
	if n, ok := w.ruleIndex[id]; ok {
		return n
	}
	n := len(w.rules)
	w.ruleIndex[id] = n
	severity := f.Rule.Severity
	for _, active := range w.report.Result.Rules {
		if active.Rule == f.Rule {
			severity = active.Effective
		}
	}
	summary := sentence(f.Rule.Summary)
	out := sarifRule{
		ID:                   id,
		Name:                 pascalCase(id),
		ShortDescription:     sarifText{Text: summary},
		FullDescription:      sarifText{Text: summary},
		Help:                 sarifText{Text: summary},
		HelpURI:              w.pages.of(f.Rule),
		DefaultConfiguration: sarifConfiguration{sarifLevel(severity)},
		Properties:           sarifProperties(f.Rule, severity),
	}
	if page, err := w.report.Result.Page(f.Rule); err == nil {
		if prose := strings.TrimSpace(page.Prose); prose != "" {
			out.Help.Text = summary + "\n\n" + prose
			for _, paragraph := range strings.Split(prose, "\n\n") {
				if !strings.HasPrefix(paragraph, "#") {
					out.FullDescription.Text = cutRunes(summary+" "+strings.Join(strings.Fields(paragraph), " "),
						sarifDescription)
					break
				}
			}
		}
		out.Help.Markdown = f.Rule.Markdown(page)
	}
	w.rules = append(w.rules, out)
	return n
}

// sarifProperties are those that GitHub shows and filters by. Security rules have the middle of the range that GitHub
// calls high, medium and low: how bad it is depends on what is built and run.
func sarifProperties(r *rules.Rule, severity rules.Severity) *sarifRuleProperties {
	out := &sarifRuleProperties{Tags: []string{string(r.Category), r.Pack()}, Precision: "high"}
	switch severity {
	case rules.Error:
		out.ProblemSeverity = "error"
	case rules.Warning:
		out.ProblemSeverity = "warning"
	default:
		out.ProblemSeverity = "recommendation"
	}
	if r.Category == rules.Security {
		out.SecuritySeverity = map[string]string{"error": "8.0", "warning": "5.5",
			"recommendation": "2.0"}[out.ProblemSeverity]
	}
	out.Tags = append(out.Tags, r.Aliases[:min(len(r.Aliases), 8)]...) // ten are shown
	return out
}

// sentence returns a summary as a sentence.
func sentence(s string) string {
	if s == "" {
		return s
	}
	r, size := utf8.DecodeRuneInString(s)
	return strings.ToUpper(string(r)) + s[size:] + "."
}

// pascalCase returns the last part of an id in the form of a name: "UnknownSetting".
func pascalCase(id string) string {
	var b strings.Builder
	for _, word := range strings.Split(id[strings.LastIndexByte(id, '/')+1:], "-") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

// cutRunes shortens s to n characters.
func cutRunes(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

func (w *sarifWriter) result(f *rules.Finding, fingerprint string, suppressed bool) sarifResult {
	out := sarifResult{
		RuleID:        f.ID(),
		RuleIndex:     w.rule(f),
		Kind:          "fail",
		Level:         sarifLevel(f.Severity),
		Message:       sarifText{Text: sarifMessage(f)},
		Locations:     []sarifLocation{{PhysicalLocation: w.physical(f.File, f.Span)}},
		BaselineState: string(f.Baseline),
		PartialFingerprints: map[string]string{
			"primaryLocationLineHash": w.lineHash(f.File, f.Span),
			"nodeHash/v1":             fingerprint,
		},
	}
	out.Locations[0].PhysicalLocation.ContextRegion = w.context(f.File, f.Span)
	for i, rel := range f.Related {
		out.RelatedLocations = append(out.RelatedLocations, sarifLocation{ID: i + 1,
			PhysicalLocation: w.physical(rel.File, rel.Span), Message: &sarifText{Text: shown(rel.Message)}})
	}
	if suppressed {
		out.Suppressions = []sarifSuppression{}
		if f.Suppressed != nil {
			out.Suppressions = append(out.Suppressions, w.suppression(f.Suppressed))
		}
	}
	for _, fix := range f.Fixes {
		if sf, ok := w.fix(fix); ok {
			out.Fixes = append(out.Fixes, sf)
		}
	}
	return out
}

// sarifMessage returns the message of a finding, with links to the related places, without which GitHub does not show
// them. What would be a link or a placeholder in the message itself is escaped.
func sarifMessage(f *rules.Finding) string {
	var b strings.Builder
	b.WriteString(escapePlaceholders(strings.ReplaceAll(shown(f.Message), "](", "] (")))
	for i, rel := range f.Related {
		b.WriteString([]string{" (", ", "}[min(i, 1)])
		text := strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`).Replace(shown(rel.Message))
		fmt.Fprintf(&b, "[%s](%d)", escapePlaceholders(text), i+1)
	}
	if len(f.Related) > 0 {
		b.WriteByte(')')
	}
	return b.String()
}

// escapePlaceholders doubles the braces around numbers. The standard asks for that of all braces, but GitHub shows
// doubled ones as they are.
func escapePlaceholders(s string) string {
	if !strings.Contains(s, "{") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		n := i + 1
		for n < len(s) && '0' <= s[n] && s[n] <= '9' {
			n++
		}
		if s[i] == '{' && n > i+1 && n < len(s) && s[n] == '}' {
			b.WriteString("{" + s[i:n+1] + "}")
			i = n + 1
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// location returns where a file is.
func (w *sarifWriter) location(path string, f *source.File) sarifArtifactLocation {
	n, known := w.index[path]
	if !known {
		n = len(w.artifacts)
		w.index[path] = n
		place, inside := w.places.of(path)
		at := sarifArtifactLocation{URI: escapedPath(place), URIBaseID: sarifRoot}
		if !inside && strings.HasPrefix(place, "/") {
			at = sarifArtifactLocation{URI: "file://" + at.URI}
		} else if !inside && len(place) > 1 && place[1] == ':' {
			at = sarifArtifactLocation{URI: "file:///" + place[:1] + ":" + escapedPath(place[2:])}
		}
		artifact := sarifArtifact{Location: at, Roles: []string{"analysisTarget"}}
		if f != nil && w.file(f).valid {
			artifact.Encoding = "UTF-8"
		}
		w.artifacts = append(w.artifacts, artifact)
	}
	out := w.artifacts[n].Location
	out.Index = &n
	return out
}

func (w *sarifWriter) file(f *source.File) *sarifFile {
	out := w.files[f]
	if out == nil {
		out = &sarifFile{valid: utf8.Valid(f.Bytes), secrets: secret.Places(f.Bytes)}
		w.files[f] = out
	}
	return out
}

// lineHash returns the hash of the first line of a span.
func (w *sarifWriter) lineHash(f *source.File, span source.Span) string {
	file := w.file(f)
	if file.hashes == nil {
		file.hashes = lineHashes(f.Bytes)
	}
	return file.hashes[w.region(f, trimNewlines(f, span)).StartLine-1]
}

func (w *sarifWriter) physical(f *source.File, span source.Span) sarifPhysical {
	span = trimNewlines(f, span)
	region := w.region(f, span)
	region.Snippet = w.snippet(f, span)
	return sarifPhysical{ArtifactLocation: w.location(f.Path, f), Region: &region}
}

func (w *sarifWriter) region(f *source.File, span source.Span) sarifRegion {
	start, end := textPosition(f, span.Start), textPosition(f, span.End)
	return sarifRegion{StartLine: start.Line, StartColumn: start.UTF16, EndLine: end.Line, EndColumn: end.UTF16}
}

// context returns the lines of a span and the one before and after.
func (w *sarifWriter) context(f *source.File, span source.Span) *sarifRegion {
	region := w.region(f, trimNewlines(f, span))
	first, last := max(1, region.StartLine-1), min(f.Lines(), region.EndLine+1)
	snippet := w.snippet(f, source.Span{Start: f.FullLine(first).Start, End: f.Line(last).End})
	if snippet == nil {
		return nil
	}
	return &sarifRegion{StartLine: first, EndLine: last, Snippet: snippet}
}

// snippet returns the text of a span, nil where it is long, is not UTF-8, or holds a password.
func (w *sarifWriter) snippet(f *source.File, span source.Span) *sarifText {
	if span.Len() > sarifSnippet {
		return nil
	}
	text := f.Bytes[span.Start:span.End]
	secrets := w.file(f).secrets
	next := sort.Search(len(secrets), func(n int) bool { return secrets[n].End > span.Start })
	if !utf8.Valid(text) || next < len(secrets) && secrets[next].Start < span.End {
		return nil
	}
	return &sarifText{Text: string(bytes.TrimPrefix(text, []byte(byteOrderMark)))}
}

func (w *sarifWriter) suppression(s *rules.Suppression) sarifSuppression {
	out := sarifSuppression{Kind: "external", Status: "accepted", Justification: shown(s.Reason)}
	if s.Kind == rules.KindInline {
		out.Kind = "inSource"
	}
	if s.File != nil {
		at := w.physical(s.File, s.Span)
		out.Location = &sarifLocation{PhysicalLocation: at}
	}
	return out
}

// fix reports false for one that SARIF cannot carry: advice without edits, text that is not UTF-8 or holds a password,
// and the byte order mark, which is no part of the text there.
func (w *sarifWriter) fix(fix fixers.Fix) (sarifFix, bool) {
	out := sarifFix{Description: sarifText{Text: shown(fix.Title)},
		Properties: sarifFixProperties{fix.Safety.String()}}
	changes := map[*source.File]int{}
	for _, e := range fix.Edits {
		marked := bytes.HasPrefix(e.File.Bytes, []byte(byteOrderMark))
		if !utf8.ValidString(e.Text) || secret.Holds([]byte(e.Text)) || !w.file(e.File).valid ||
			marked && e.Span.Start < len(byteOrderMark) {
			return sarifFix{}, false
		}
		n, known := changes[e.File]
		if !known {
			n = len(out.ArtifactChanges)
			changes[e.File] = n
			out.ArtifactChanges = append(out.ArtifactChanges,
				sarifChange{ArtifactLocation: w.location(e.File.Path, e.File)})
		}
		change := &out.ArtifactChanges[n]
		change.Replacements = append(change.Replacements,
			sarifReplacement{w.region(e.File, e.Span), sarifText{Text: e.Text}})
	}
	return out, len(fix.Edits) > 0
}

// invocation says how the run went, with the kinds of notification that it has.
func (w *sarifWriter) invocation(cut CutError) (sarifInvocation, []sarifRule) {
	res := w.report.Result
	out := sarifInvocation{ExitCode: w.report.Status, Notifications: []sarifNotification{},
		ExecutionSuccessful: len(res.Errors)+len(res.Unwritten)+len(res.Failed) == 0}
	kinds := []sarifRule{}
	add := func(kind, path, message string) *sarifNotification {
		n := slices.IndexFunc(kinds, func(k sarifRule) bool { return k.ID == kind })
		if n < 0 {
			n = len(kinds)
			for _, notice := range sarifNotices {
				if text := (sarifText{Text: notice[2]}); notice[0] == kind {
					kinds = append(kinds, sarifRule{ID: kind, Name: pascalCase(kind), ShortDescription: text,
						FullDescription: text, Help: text, DefaultConfiguration: sarifConfiguration{notice[1]}})
				}
			}
		}
		note := sarifNotification{Descriptor: sarifReference{kind, &n}, Level: kinds[n].DefaultConfiguration.Level,
			Message: sarifText{Text: escapePlaceholders(shown(message))}}
		if path != "" {
			note.Locations = []sarifLocation{{PhysicalLocation: sarifPhysical{ArtifactLocation: w.location(path, nil)}}}
		}
		out.Notifications = append(out.Notifications, note)
		return &out.Notifications[len(out.Notifications)-1]
	}
	for _, e := range res.Errors {
		add("unreadable-file", e.Path, e.Err.Error())
	}
	for _, e := range res.Unwritten {
		add("unwritten-fix", e.Path, e.Err.Error())
	}
	for _, e := range res.Failed {
		note := add("failed-rule", e.File.Path, e.Err.Error())
		note.AssociatedRule = &sarifReference{ID: e.Rule.ID}
		note.Locations[0].PhysicalLocation = w.physical(e.File, e.Span)
	}
	for _, s := range res.Incomplete {
		add("incomplete-check", s.Path, s.Reason)
	}
	for _, s := range res.Skipped {
		if s.Named {
			add("skipped-file", s.Path, s.Reason)
		}
	}
	if cut.kept < cut.all {
		add("results-left-out", "", cut.Error())
	}
	return out, kinds
}
