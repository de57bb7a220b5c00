// Package dockerfile has the rules that concern only Dockerfiles.
//
// One rule is one file, with its txtar beside it; the list below is sorted by id. What rules share is below internal.
package dockerfile

import (
	"embed"

	"github.com/sandlint/sandlint/rules"
)

//go:embed *.txtar
var pages embed.FS

// Pack is the pack "dockerfile".
func Pack() rules.Pack {
	return rules.Pack{Name: "dockerfile", Pages: pages, Rules: []*rules.Rule{
		apkCacheLeft,
		aptGetRecommends,
		aptGetWithoutYes,
		aptListsLeft,
		aptUpdateAlone,
		badCheckOption,
		badChmod,
		badImageName,
		badMount,
		badPlatform,
		badPort,
		badSignal,
		badSubstitution,
		baseImagePlatform,
		cargoCacheLeft,
		circularStages,
		composerCacheLeft,
		constantPlatform,
		copyIgnoredFile,
		copyOfURL,
		debianFrontendInImage,
		dnfCacheLeft,
		dnfWithoutYes,
		duplicateStageName,
		emptyBaseImage,
		emptyContinuationLine,
		emptyRun,
		envKeyTwice,
		envUsesItself,
		exposeInvalidFormat,
		exposeProtocolCasing,
		foreignFrontend,
		fromAsCasing,
		frontendTooOld,
		goCacheLeft,
		inlineIgnore,
		instructionCasing,
		invalidByte,
		legacyKeyValue,
		linkedOwnerName,
		lostAnd,
		maintainerDeprecated,
		missingStage,
		npmCacheLeft,
		overriddenCommand,
		pacmanCacheLeft,
		pacmanWithoutNoconfirm,
		pipCacheLeft,
		platformArgumentDefault,
		redundantTargetPlatform,
		relativeWorkdir,
		requiredVariableUnset,
		reservedStageName,
		secretInArgOrEnv,
		shellFormCommand,
		stageNameCasing,
		syntax,
		undefinedArgInFrom,
		undefinedVariable,
		undescribedDefinition,
		unguardedPath,
		unknownFlag,
		unknownInstruction,
		unterminatedQuote,
		unterminatedValue,
		uvCacheLeft,
		valueAsArgument,
		yarnCacheLeft,
		yumCacheLeft,
		yumWithoutYes,
		zypperCacheLeft,
		zypperWithoutYes,
	}}
}
