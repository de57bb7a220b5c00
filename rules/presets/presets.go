// Package presets names choices of the rules that come with sandlint.
package presets

import (
	"slices"

	"github.com/sandlint/sandlint/rules"
)

// Preset is a named choice of the rules that come with sandlint. The rules of packs that a configuration loads are on
// with each.
type Preset struct {
	// Name is what a configuration calls it.
	Name string
	// Summary says which rules it has, and what it is for.
	Summary string
	// Has reports whether a rule is on.
	Has func(*rules.Rule) bool
}

// Recommended is the name of the preset that holds where none is named.
const Recommended = "recommended"

// Find returns the preset with a name; nil for none.
func Find(name string) *Preset {
	all := All()
	if n := slices.IndexFunc(all, func(p Preset) bool { return p.Name == name }); n >= 0 {
		return &all[n]
	}
	return nil
}

// All returns the presets, from the smallest to the largest.
func All() []Preset {
	return []Preset{
		{
			Name: "minimal",
			Summary: "what breaks a build, a Nix command or the start of a container: the errors that are not about " +
				"security. For an old repository, to begin with",
			Has: func(r *rules.Rule) bool {
				return always(r) || isDefault(r) && r.Severity == rules.Error && r.Category != rules.Security
			},
		},
		{
			Name: "security",
			Summary: "privileges, sandboxes, secrets and trust: the category security, and what keeps a file from " +
				"being read, since nothing behind that is looked at",
			Has: func(r *rules.Rule) bool { return always(r) || isDefault(r) && r.Category == rules.Security },
		},
		{
			Name: Recommended,
			Summary: "what is wrong or likely to bite, and nothing that depends on taste or on the policy of a team; " +
				"this holds where no preset is named",
			Has: isDefault,
		},
		{
			Name: "strict",
			Summary: "also pinned versions, caches in layers and other rules that are off by default because they " +
				"report much; not those of style, nor those that need a decision of the team",
			Has: func(r *rules.Rule) bool {
				return isDefault(r) || r.Severity > rules.Style && !slices.Contains(undecided, r.ID)
			},
		},
	}
}

// undecided are the rules that the preset strict leaves out: they are of use only to a team that decided for them, or
// with values in the configuration.
var undecided = []string{
	"dockerfile/consecutive-runs",       // a layer for each command is good for the build cache
	"dockerfile/empty-label",            // needs the names of labels
	"dockerfile/inline-ignore",          // reports all suppressions, so none could be left
	"dockerfile/label-not-email",        // needs the names of labels
	"dockerfile/missing-healthcheck",    // Kubernetes ignores HEALTHCHECK, and the image of a tool needs none
	"dockerfile/missing-label",          // needs the names of labels
	"dockerfile/undescribed-definition", // matters to users of "docker build --call outline"
	"dockerfile/unknown-label",          // needs the names of labels
}

// isDefault reports whether a rule is on where nothing says otherwise.
func isDefault(r *rules.Rule) bool { return !r.Optional && r.Severity > rules.Style }

// always reports whether each preset has a rule: what keeps a file from being read, and what is wrong with what people
// write for sandlint itself.
func always(r *rules.Rule) bool { return isDefault(r) && (r.Syntax || r.Pack() == "sandlint") }
