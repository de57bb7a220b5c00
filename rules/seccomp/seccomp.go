// Package seccomp holds the rules about seccomp profiles.
//
// One rule is one file, with its txtar beside it; the list below is sorted by id. The files without a txtar hold what several rules ask: who reads a profile (readers.go), which
// names targets lack (lacks.go), what becomes of a rule beside others (mentions.go), which conditions a rule has and where they meet (arguments.go, conditions.go), what programs
// and runtimes need (programs.go), what a profile lets through (reach.go), and errnos and kernels (errno.go, min_kernel.go).
package seccomp

import (
	"embed"

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
