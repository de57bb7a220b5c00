package rules

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/compose"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/outline"
	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// composeFormat are Compose files.
var composeFormat = Format{
	Format:       workspace.Format{Kind: files.KindCompose, Open: workspace.OpenCompose},
	Compare:      compareCompose,
	Suppressions: composeComments,
}

// recipeFormat are Makefiles and justfiles that run containers or write a nix.conf.
var recipeFormat = Format{
	Format: workspace.Format{
		Kind: files.KindRecipe, Claims: workspace.ClaimsRecipe, Open: workspace.OpenRecipe,
	},
	Compare:      compareHosted,
	Suppressions: hostComments,
	Language:     "make",
}

// packageFormat are package.json files whose scripts run containers. JSON has no comments.
var packageFormat = Format{
	Format: workspace.Format{
		Kind: files.KindPackage, Claims: workspace.ClaimsPackage, Open: workspace.OpenPackage,
	},
}

// podsFormat are Kubernetes manifests.
var podsFormat = Format{
	Format: workspace.Format{
		Kind: files.KindPods, Claims: workspace.ClaimsPods, Open: workspace.OpenPods,
	},
	Compare:      comparePods,
	Suppressions: runComments,
}

// quadletFormat are the units of Podman's Quadlet.
var quadletFormat = Format{
	Format: workspace.Format{
		Kind: files.KindQuadlet, Claims: runs.IsQuadlet, Open: workspace.OpenQuadlet,
	},
	Suppressions: quadletComments,
	Language:     "ini",
}

// valuesFormat are the values of Helm charts.
var valuesFormat = Format{
	Format: workspace.Format{
		Kind: files.KindValues, Claims: workspace.ClaimsValues, Open: workspace.OpenValues,
	},
	Suppressions: runComments,
}

// quadletComments finds the comments in a unit, each of which covers the next line.
func quadletComments(doc *workspace.Document, add func(comment, target source.Span)) {
	findComments(doc.Source, marksOf(doc), layoutOf(doc.Source.Path), nil, add)
}

// runParts returns the parts of a document that describe containers.
func runParts(doc *workspace.Document) []source.Span {
	var out []source.Span
	for _, run := range doc.Runs {
		if run.File.Path == doc.Source.Path {
			out = append(out, run.Whole)
		}
	}
	return append(out, spansOf(doc.Ignored, func(o runs.Option) source.Span { return o.Span })...)
}

// runComments finds the comments that cover the container or the line below them.
func runComments(doc *workspace.Document, add func(comment, target source.Span)) {
	findComments(doc.Source, marksOf(doc), layoutOf(doc.Source.Path), runParts(doc), add)
}

// composeComments finds the comments in a Compose file, which cover the service or the key below them.
func composeComments(doc *workspace.Document, add func(comment, target source.Span)) {
	var parts []source.Span
	for _, s := range doc.Value.(*compose.File).Services {
		parts = append(parts, s.Span)
		for _, key := range s.Keys {
			parts = append(parts, key)
		}
	}
	findComments(doc.Source, marksOf(doc), layoutOf(doc.Source.Path), parts, add)
}

// compareCompose says in one sentence what changed in a Compose file: how a service is run, or a line outside of the
// lists of privileges. It is "" when nothing did.
func compareCompose(c *Comparison) string {
	old, now := compose.Parse(c.Before), compose.Parse(c.After)
	if len(now.Problems) > len(old.Problems) {
		return "the result has a syntax error"
	}
	if difference, ok := compareYAML(c); ok {
		return difference
	}
	switch {
	case len(now.Services) != len(old.Services):
		return "the services changed"
	case aroundPrivileges(old) != aroundPrivileges(now):
		return "something else than the lists of privileges changed"
	}
	before, after := runs.OfCompose(old), runs.OfCompose(now)
	for n := range before {
		if before[n].Name != after[n].Name || before[n].Meaning() != after[n].Meaning() {
			return "the service " + strconv.Quote(before[n].Name) + " is run in another way"
		}
		if withoutValue(now, now.Services[n]) {
			return "Compose refuses a list that has no value"
		}
	}
	return ""
}

// comparePods says in one sentence what changed in a Kubernetes manifest besides what fixes declare.
func comparePods(c *Comparison) string {
	if difference, ok := compareYAML(c); ok {
		return difference
	}
	return "something else than the nix.conf text changed"
}

// compareYAML compares two versions of a YAML file by its values, where the fixes declare which change, or edit
// nix.conf text in it. It is false for other fixes.
func compareYAML(c *Comparison) (difference string, ok bool) {
	old, now := c.Old(), c.New()
	if old == nil || now == nil {
		return "the file cannot be read", true
	}
	if declaresValues(c.Fixes) {
		return compareValues(c), true
	}
	changed := 0
	for n, a := range old.Texts {
		if n >= len(now.Texts) || !bytes.Equal(a.Fragment.Text, now.Texts[n].Fragment.Text) {
			changed++
		}
	}
	if changed == 0 {
		return "", false
	}
	texts := func(doc *workspace.Document) *nixuse.Hosted {
		return &nixuse.Hosted{Source: doc.Source, Texts: doc.Texts}
	}
	if difference := compareEmbedded(texts(old), texts(now), c.Fixes, c.shared().nix); difference != "" {
		return difference, true
	}
	before, after := outline.YAML(c.Before), outline.YAML(c.After)
	if len(before.Values) != len(after.Values) || !slices.Equal(before.Comments, after.Comments) {
		return "other values or comments changed", true
	}
	for n, a := range before.Values {
		if b := after.Values[n]; a != b {
			if changed--; a.Path != b.Path || a.Quoted != b.Quoted || changed < 0 {
				return "the value of " + a.Path + " changed", true
			}
		}
	}
	return "", true
}

// withoutValue reports whether one of the lists from which fixes take items has no value, which Compose refuses.
func withoutValue(f *compose.File, s *compose.Service) bool {
	return slices.ContainsFunc(privilegeKeys, func(key string) bool {
		span, ok := s.Keys[key]
		return ok && strings.HasSuffix(f.Source.Text(span), ":")
	})
}

// privilegeKeys are the keys of a service from which fixes take items.
var privilegeKeys = []string{"security_opt", "cap_add"}

// aroundPrivileges returns the lines of a Compose file in which no list of privileges lies.
func aroundPrivileges(f *compose.File) string {
	skip := map[int]bool{}
	for _, s := range f.Services {
		for _, key := range privilegeKeys {
			if span, ok := s.Keys[key]; ok {
				for line := f.Source.LineOf(span.Start); line <= f.Source.LineOf(max(span.Start, span.End-1)); line++ {
					skip[line] = true
				}
			}
		}
	}
	var b strings.Builder
	for n := 1; n <= f.Source.Lines(); n++ {
		if !skip[n] {
			b.WriteString(f.Source.Text(f.Source.Line(n)))
			b.WriteByte('\n')
		}
	}
	return b.String()
}
