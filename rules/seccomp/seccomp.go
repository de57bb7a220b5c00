// Package seccomp holds the rules about seccomp profiles.
//
// One rule is one file, with its txtar beside it; the list below is sorted by id. The files without a txtar hold what several rules ask: who reads a profile (readers.go), which
// names targets lack (lacks.go), what becomes of a rule beside others (mentions.go), which conditions a rule has and where they meet (arguments.go, conditions.go), what programs
// and runtimes need (programs.go), what a profile lets through (reach.go), and errnos and kernels (errno.go, min_kernel.go).
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
		badArgumentValue,
		badMinKernel,
		clone3NotENOSYS,
		contradictoryActions,
		dangerousSyscall,
		deadArgumentRule,
		defaultAllow,
		denylistGap,
		dockerFieldIgnored,
		duplicateArchitecture,
		duplicateKey,
		duplicateSyscall,
		emptyName,
		emptyNames,
		enosysBorder,
		errnoOnOtherAction,
		errnoOutOfRange,
		errnoZero,
		filterTooLarge,
		flagNotSupported,
		foreignEndian,
		formatting,
		hostNotInArchmap,
		invalidJSON,
		ioUringBesideDenied,
		killThread,
		legacyName,
		listenerWithoutNotify,
		maskedValueOutsideMask,
		maskedWithoutValue,
		minKernelIgnored,
		miscasedField,
		miscompiledRules,
		missingDefaultAction,
		missingSubArchitecture,
		missingTime64,
		multiplexedArgument,
		nameAndNames,
		noENOSYSFallback,
		notifyDefault,
		notifyWithoutListener,
		notifyWrite,
		nullRule,
		overlappingArgumentRules,
		podmanOnlyErrno,
		pointerArgument,
		processCannotRun,
		profileDisablesSeccomp,
		repeatedArgumentIndex,
		ruleEqualsDefault,
		runtimeCannotStart,
		sameConditionTwice,
		sandboxBlocked,
		speculationAllowed,
		syntax,
		syscallNewerThanLibseccomp,
		syscallNotOnArchitectures,
		unknownAction,
		unknownArchitecture,
		unknownCapability,
		unknownField,
		unknownFilterArch,
		unknownFlag,
		unknownOperator,
		unknownSyscall,
		upperBitsIgnored,
		userNamespacesAllowed,
		waitKillableWithoutNotify,
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

// runs reports whether calls go through that only the default action decides. It is false where the action is not known.
func runs(profile *workspace.Profile) bool {
	action, ok := seccomp.LookupAction(profile.DefaultAction.Text)
	return ok && action.Runs
}
