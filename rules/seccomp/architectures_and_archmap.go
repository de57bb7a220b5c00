package seccomp

import (
	"fmt"

	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var architecturesAndArchmap = &rules.Rule{
	ID:       "seccomp/architectures-and-archmap",
	Summary:  "the profile has both architectures and archMap, so Docker and Podman refuse it",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"moby/profiles v0.2.4, seccomp/seccomp_linux.go: \"both 'architectures' and 'archMap' are specified in the " +
			"seccomp profile, use either 'architectures' or 'archMap'\"",
		"containers/common v0.67.0, pkg/seccomp/seccomp_linux.go: getArchitectures",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		refuse := readers.Loaders(p, profile, decide.LoaderDocker, decide.LoaderContainers)
		if len(refuse) == 0 || len(profile.Architectures) == 0 || len(profile.ArchMap) == 0 {
			return
		}
		finding := report.At(profile, archMapKey(profile),
			fmt.Sprintf(`the profile has both "architectures" and "archMap", so %s %s it`, phrase.List(refuse),
				phrase.Verb("refuse", refuse)))
		finding.Related = []rules.Related{
			{File: profile.Source, Span: profile.Architectures[0].Span, Message: `the elements of "architectures"`},
		}
		p.Report(finding)
	}),
}

// archMapKey returns the key of archMap, or where that cannot be found the bracket of its value.
func archMapKey(profile *workspace.Profile) source.Span {
	if key, ok := fixseccomp.FieldKey(profile.Profile, profile.ArchMapSpan); ok {
		return key
	}
	return source.Span{Start: profile.ArchMapSpan.Start, End: profile.ArchMapSpan.Start + 1}
}
