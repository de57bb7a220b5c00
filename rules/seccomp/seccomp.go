// Package seccomp holds the rules about seccomp profiles.
//
// One rule is one file, with its txtar beside it; the list below is sorted by id. What several rules ask is in
// packages by topic below internal: who reads a profile (readers), which names targets lack (support), the effect of
// a rule beside others (mentions), which conditions a rule has and where they meet (conditions), what programs need
// (programs) and how a profile is made to allow it (requirement), what a profile lets through (reach), errnos,
// kernels and abis; findings and fixes are made by report and fixes, their words by phrase.
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
		probedSyscallKilled,
		processCannotRun,
		profileDisablesSeccomp,
		profileOfPrivilegedContainer,
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
