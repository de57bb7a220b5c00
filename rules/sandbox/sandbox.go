// Package sandbox has the rules about sandboxes that are disabled, or that cannot work where they are used.
//
// One rule is one file, with its txtar beside it; the list below is sorted by id.
package sandbox

import (
	"embed"

	"github.com/sandlint/sandlint/rules"
)

//go:embed *.txtar
var pages embed.FS

// Pack is the pack "sandbox".
func Pack() rules.Pack {
	return rules.Pack{Name: "sandbox", Pages: pages, Rules: []*rules.Rule{
		aptSandboxDisabled,
		bazelSandboxDisabled,
		browserSandboxDisabled,
		bubblewrapInImageBuild,
		configureAsRoot,
		criuWithCudaPlugin,
		engineConfigurationBroken,
		entitlementMissing,
		entitlementUnused,
		guixSandboxDisabled,
		homebrewSandboxDisabled,
		missingSeccompProfile,
		nixSandboxDisabled,
		nixSandboxInImageBuild,
		nixSandboxWithoutPrivileges,
		nixSyscallFilterDisabled,
		nixSyscallFilterUnderEmulation,
		npmUnsafePerm,
		opamSandboxDisabled,
		pacmanSandboxDisabled,
		partialPrivilege,
		portageSandboxDisabled,
		privilegedContainer,
		privilegedForNestedSandbox,
		profileAtBuildTime,
		publicRootSSH,
		refusedSecurityContext,
		refusedUnderUsernsRemap,
		securityInsecure,
		stackedDisables,
		swiftSandboxDisabled,
		unconfinedSeccomp,
		voidSecurityOption,
	}}
}
