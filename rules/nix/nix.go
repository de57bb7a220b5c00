// Package nix holds the rules about nix.conf text: files, and fragments of Dockerfiles and scripts.
//
// One rule is one file, with its txtar beside it; the list below is sorted by id.
package nix

import (
	"embed"

	"github.com/sandlint/sandlint/rules"
)

//go:embed *.txtar
var pages embed.FS

// Pack is the pack "nix".
func Pack() rules.Pack {
	return rules.Pack{Name: "nix", Pages: pages, Rules: []*rules.Rule{
		acceptFlakeConfig,
		accessTokensShape,
		assignmentSpacing,
		autoAllocateUIDsInDocker,
		autoOptimiseStoreDarwin,
		badBool,
		badEnum,
		badInt,
		badMachine,
		badStoreURL,
		buildUsersGroupMissing,
		canonicalFormat,
		commaInList,
		credentialsInURL,
		deprecatedAlias,
		determinateExtraConfGrammar,
		determinateManagedFile,
		devcontainerExtraNixConfig,
		duplicateSetting,
		duplicateSubstituter,
		extraBeforeBase,
		featureNotEnabled,
		foreignSyntax,
		gatedSetting,
		gcKeepsGenerations,
		gluedLines,
		hashTruncatesValue,
		hiddenCharacters,
		includeArity,
		includeCycle,
		includeMissing,
		includeNoEffect,
		installNixActionFeatures,
		installerConfigIgnored,
		intOverflow,
		intSuffixVersion,
		invalidValue,
		kvmFeatureForced,
		lineContinuation,
		literalBackslashN,
		malformedPublicKey,
		maxJobsZero,
		minFreeAboveMaxFree,
		misplacedWord,
		missingEquals,
		missingFinalNewline,
		nativeCodeInEval,
		negativeCache,
		noTimeout,
		notAppendableExtra,
		otherDistribution,
		overriddenDefaultList,
		oversubscribedCores,
		packageInBaseImage,
		plainHTTPSubstituter,
		pluginFiles,
		quotedValue,
		redundantSetting,
		relativePath,
		removedFeature,
		removedSetting,
		sandboxFallback,
		sandboxPathsTooWide,
		sandboxRelaxed,
		secretInFile,
		signaturesDisabled,
		strayShellText,
		substituterWithoutKey,
		syntax,
		trustedGitHubLogin,
		trustedUsersNonroot,
		trustedUsersWildcard,
		unknownFeature,
		unknownSetting,
		unpinnedNixpkgs,
		unreadConfigurationPath,
		userFileRestrictedSetting,
		writableNixConf,
		wrongOperator,
	}}
}
