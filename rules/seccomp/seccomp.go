// Package seccomp holds the rules about seccomp profiles.
//
// One rule is one file, with its txtar beside it; the list below is sorted by id.
package seccomp

import (
	"embed"
	"strconv"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

//go:embed *.txtar
var pages embed.FS

// Pack is the pack "seccomp".
func Pack() rules.Pack {
	return rules.Pack{Name: "seccomp", Pages: pages, Rules: []*rules.Rule{
		architecturesAndArchmap,
		archmapDuplicate,
		argumentNotInSyscall,
		badMinKernel,
		contradictoryActions,
		dangerousSyscall,
		deadArgumentRule,
		defaultAllow,
		denylistGap,
		dockerFieldIgnored,
		duplicateKey,
		duplicateSyscall,
		errnoOnOtherAction,
		errnoOutOfRange,
		errnoZero,
		formatting,
		hostNotInArchmap,
		ioUringBesideDenied,
		killThread,
		legacyName,
		maskedValueOutsideMask,
		maskedWithoutValue,
		minKernelIgnored,
		miscasedField,
		miscompiledRules,
		missingDefaultAction,
		multiplexedArgument,
		nameAndNames,
		overlappingArgumentRules,
		podmanOnlyErrno,
		pointerArgument,
		profileDisablesSeccomp,
		repeatedArgumentIndex,
		ruleEqualsDefault,
		sameConditionTwice,
		speculationAllowed,
		syntax,
		syscallNewerThanLibseccomp,
		syscallNotOnArchitectures,
		unknownAction,
		unknownArchitecture,
		unknownCapability,
		unknownField,
		unknownFilterArch,
		unknownSyscall,
		upperBitsIgnored,
		userNamespacesAllowed,
		zeroMask,
	}}
}

// at returns a finding at a span of a profile.
func at(profile *workspace.Profile, span source.Span, message string) rules.Finding {
	return rules.Finding{File: profile.Source, Span: span, Message: message}
}

// replace returns a fix that writes text over a span of a profile; none where the profile is not JSON, or gives a field twice, so that no fix can be proved
// before that is mended.
func replace(profile *workspace.Profile, title string, safety fixers.Safety, span source.Span, text string, changes fixers.Changes) []fixers.Fix {
	return edited(profile, title, safety, fixseccomp.Replace(profile.Profile, span, text), changes)
}

// edited is replace with edits; none where there are no edits.
func edited(profile *workspace.Profile, title string, safety fixers.Safety, edits []fixers.Edit, changes fixers.Changes) []fixers.Fix {
	if len(edits) == 0 || !editable(profile) {
		return nil
	}
	return []fixers.Fix{{Title: title, Safety: safety, Changes: changes, Edits: edits}}
}

func isJSON(p source.Problem) bool { return p.Kind == seccomp.KindJSON }

// quoted returns a name as a JSON string. Names are ASCII letters, digits and underscores.
func quoted(name string) string { return strconv.Quote(name) }

// target returns the release of a consumer that the workspace is for, the oldest of several; false where the user named none.
func target(p *rules.Pass, consumer string) (seccomp.Version, bool) {
	return p.Targets().Seccomp.Range(consumer).From, p.Targets().Seccomp.Given(consumer)
}

// runs reports whether calls go through that only the default action decides. It is false where the action is not known.
func runs(profile *workspace.Profile) bool {
	action, ok := seccomp.LookupAction(profile.DefaultAction.Text)
	return ok && action.Runs
}
