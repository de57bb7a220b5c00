// Package nix holds the rules about nix.conf text: files, and fragments of Dockerfiles and scripts.
//
// One rule is one file, with its txtar beside it; the list below is sorted by id.
package nix

import (
	"embed"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
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
		foreignSyntax,
		gatedSetting,
		gluedLines,
		hashTruncatesValue,
		hiddenCharacters,
		includeArity,
		includeCycle,
		includeMissing,
		includeNoEffect,
		installNixActionFeatures,
		intOverflow,
		intSuffixVersion,
		invalidValue,
		kvmFeatureForced,
		lineContinuation,
		literalBackslashN,
		malformedPublicKey,
		maxJobsZero,
		minFreeAboveMaxFree,
		missingEquals,
		missingFinalNewline,
		nativeCodeInEval,
		negativeCache,
		noTimeout,
		notAppendableExtra,
		otherDistribution,
		overriddenDefaultList,
		plainHTTPSubstituter,
		pluginFiles,
		quotedValue,
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
		trustedUsersNonroot,
		trustedUsersWildcard,
		unknownFeature,
		unknownSetting,
		userFileRestrictedSetting,
		writableNixConf,
		wrongOperator,
	}}
}

// at returns a finding at a span of a nix.conf text.
func at(text *nixuse.Text, span source.Span, message string) rules.Finding {
	return rules.Finding{File: text.Fragment.File, Span: text.Fragment.Span(span), Message: message}
}

// fix returns a fix of a nix.conf text. Where the text is a fragment of another file, it changes the instruction that holds it.
func fix(text *nixuse.Text, title string, safety fixers.Safety, edits []fixers.Edit, changes fixers.Changes) fixers.Fix {
	changes.Instructions = !text.Fragment.Whole()
	return fixers.Fix{Title: title, Safety: safety, Edits: edits, Changes: changes}
}

// replace returns the edit that replaces a span of the text, if its host lets it.
func replace(text *nixuse.Text, span source.Span, with string) ([]fixers.Edit, bool) {
	s, with, ok := text.Fragment.Edit(span, with)
	if !ok {
		return nil, false
	}
	return []fixers.Edit{{File: text.Fragment.File, Span: s, Text: with}}, true
}

// known reports whether a text's entry holds no part whose value cannot be known.
func known(text *nixuse.Text, entry *nixconf.Entry) bool {
	return text.Fragment.Known(entry.Span)
}

// problemsOf calls report for the problems of the text that are of one of the given kinds.
func problemsOf(text *nixuse.Text, report func(source.Problem), kinds ...string) {
	for _, problem := range text.Problems {
		for _, kind := range kinds {
			if problem.Kind == kind && !commaBroken(text, problem) {
				report(problem)
			}
		}
	}
}

// sameSource returns the entries of what was written directly before text to the same file, and those of text: no Nix command ran between, and
// nothing replaced the file, so that Nix reads them as one.
func sameSource(text *nixuse.Text) []located {
	var out []located
	if e := text.Event; e != nil && text.Image != nil && text.Append && text.Host == nixuse.HostWrite {
		events := text.Image.Events
		for n := slices.Index(events, e) - 1; n >= 0; n-- {
			other := events[n]
			if other.Kind != nixuse.WriteConfig || other.ByInstaller || other.Maybe || other.Text == nil {
				break
			}
			if other.Path != e.Path || other.Text.Fragment.File != text.Fragment.File {
				continue
			}
			out = append(locate(other.Text), out...)
			if other.Truncate {
				break
			}
		}
	}
	return append(out, locate(text)...)
}

// located is an entry and the text that it stands in.
type located struct {
	text  *nixuse.Text
	entry *nixconf.Entry
}

func locate(text *nixuse.Text) []located {
	var out []located
	for _, entry := range text.Entries {
		out = append(out, located{text, entry})
	}
	return out
}

// beforeLix292 returns the targets without Lix 2.92 and newer, which reads ~ in include and optimises the store on macOS as it should.
func beforeLix292(ts nixconf.Targets) nixconf.Targets {
	var out nixconf.Targets
	for _, t := range ts {
		if t.Distribution == nixconf.Lix {
			if t.From.AtLeast(2, 92) {
				continue
			}
			if t.To.AtLeast(2, 92) {
				t.To = nixconf.Version{Major: 2, Minor: 91}
			}
		}
		out = append(out, t)
	}
	return out
}
