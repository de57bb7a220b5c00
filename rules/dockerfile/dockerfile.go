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
		badPort,
		duplicateStageName,
		emptyContinuationLine,
		envKeyTwice,
		exposeInvalidFormat,
		exposeProtocolCasing,
		apkCacheLeft,
		aptGetRecommends,
		aptGetWithoutYes,
		aptListsLeft,
		composerCacheLeft,
		dnfCacheLeft,
		dnfWithoutYes,
		foreignFrontend,
		fromAsCasing,
		frontendTooOld,
		inlineIgnore,
		instructionCasing,
		invalidByte,
		legacyKeyValue,
		maintainerDeprecated,
		overriddenCommand,
		platformArgumentDefault,
		redundantTargetPlatform,
		relativeWorkdir,
		reservedStageName,
		shellFormCommand,
		stageNameCasing,
		npmCacheLeft,
		pacmanCacheLeft,
		pacmanWithoutNoconfirm,
		pipCacheLeft,
		syntax,
		unguardedPath,
		unknownFlag,
		unknownInstruction,
		unterminatedQuote,
		valueAsArgument,
		uvCacheLeft,
		yarnCacheLeft,
		yumCacheLeft,
		yumWithoutYes,
		zypperCacheLeft,
		zypperWithoutYes,
	}}
}
