package rules

import (
	"slices"
	"strings"
)

// Aliases come from other linters: hadolint's are of the form "DL3006", those of ShellCheck "SC2086", and BuildKit's
// are names such as "StageNameCasing".

// HadolintIDs returns the aliases that hadolint reports findings of a rule as: its own, and those of ShellCheck.
func (r *Rule) HadolintIDs() []string {
	var out []string
	for _, a := range r.Aliases {
		if isHadolint(a) {
			out = append(out, a)
		}
	}
	return out
}

func isHadolint(name string) bool { return isCode(name, "DL") || isCode(name, "SC") }

// ID returns the id that a finding is shown with: its rule's, or for a rule that reports under the codes of another
// program, such as ShellCheck, the pack and the code.
func (f *Finding) ID() string {
	if f.Rule.Codes != "" && len(f.As) > 0 {
		return f.Rule.Pack() + "/" + f.As[0]
	}
	return f.Rule.ID
}

// HadolintID returns the id that hadolint has for a finding, "" where it has none.
func (f *Finding) HadolintID() string {
	if len(f.As) > 0 {
		return f.As[0]
	}
	if ids := f.Rule.HadolintIDs(); len(ids) > 0 {
		return ids[0]
	}
	return ""
}

// Aliases returns those of the rule, without the ids of its other findings.
func (f *Finding) Aliases() []string {
	out := append([]string{}, f.Rule.Aliases...)
	if len(f.As) > 0 {
		out = append(slices.DeleteFunc(out, isHadolint), f.As...)
	}
	return out
}

// Partial reports whether a name is that of some of the rule's findings, and not of all.
func (r *Rule) Partial(name string) bool {
	name = withoutPack(name)
	if r.hasCode(name) {
		return true
	}
	return isHadolint(name) && r.named(name) && len(r.HadolintIDs()) > 1
}

// codes are severities of findings by their id, in upper case, where the user configured one of several ids of a rule.
// Off switches them off. "*" stands for the ids that are not listed.
type codes map[string]Severity

// asRule is the severity of findings that have that of their rule.
const asRule Severity = -1

// of returns the severity for an id.
func (c codes) of(id string) Severity {
	for _, key := range []string{strings.ToUpper(id), "*"} {
		if severity, isSet := c[key]; isSet {
			return severity
		}
	}
	return asRule
}

// forFinding returns the severity for the ids of a finding: the highest, but Off if one is. Without As,
// it has all ids of the rule.
func (c codes) forFinding(f *Finding) Severity {
	highest := asRule
	if len(c) == 0 {
		return highest
	}
	ids := f.As
	if len(ids) == 0 {
		ids = f.Rule.HadolintIDs()
	}
	for _, id := range ids {
		severity := c.of(id)
		if severity == Off {
			return Off
		}
		highest = max(highest, severity)
	}
	return highest
}

// buildKit reports whether BuildKit has a check for what the rule finds.
func (r *Rule) buildKit() bool { return slices.ContainsFunc(r.Aliases, isBuildKit) }

// isCode reports whether a name is a prefix and digits, in any case.
func isCode(name, prefix string) bool {
	if len(name) <= len(prefix) || !strings.EqualFold(name[:len(prefix)], prefix) {
		return false
	}
	return strings.Trim(name[len(prefix):], "0123456789") == ""
}

// isBuildKit reports whether a name is one of BuildKit's, in any case.
func isBuildKit(name string) bool {
	return slices.ContainsFunc(buildKitChecks, func(known string) bool { return strings.EqualFold(known, name) })
}

// buildKitChecks are the checks of BuildKit 0.34 (frontend/dockerfile/linter/ruleset.go).
var buildKitChecks = strings.Fields(`
	ConsistentInstructionCasing CopyIgnoredFile DuplicateStageName ExposeInvalidFormat ExposeProtoCasing FromAsCasing
	FromPlatformFlagConstDisallowed InvalidBaseImagePlatform InvalidDefaultArgInFrom InvalidDefinitionDescription
	JSONArgsRecommended LegacyKeyValueFormat MaintainerDeprecated MultipleInstructionsDisallowed NoEmptyContinuation
	RedundantTargetPlatform ReservedStageName SecretsUsedInArgOrEnv StageNameCasing UndefinedArgInFrom UndefinedVar
	WorkdirRelativePath`)

// hadolintRules are the numbers of the rules of hadolint 2.15.
var hadolintRules = strings.Fields(`
	1001 3000 3001 3002 3003 3004 3006 3007 3008 3009 3010 3011 3012 3013 3014 3015 3016 3018 3019 3020 3021 3022 3023
	3024 3025 3026 3027 3028 3029 3030 3032 3033 3034 3035 3036 3037 3038 3040 3041 3042 3043 3044 3045 3046 3047 3048
	3049 3050 3051 3052 3053 3054 3055 3056 3057 3058 3059 3060 3061 3062 3063 3064 3065 3066 3067 4000 4001 4003 4004
	4005 4006`)

// Elsewhere returns the ids of all rules of hadolint 2.15 and the names of all checks of BuildKit 0.34.
func (Pack) Elsewhere() []string {
	var out []string
	for _, number := range hadolintRules {
		out = append(out, "DL"+number)
	}
	return append(out, buildKitChecks...)
}

// KnownElsewhere reports whether a name is that of a rule of hadolint 2.15, a check of BuildKit 0.34, or has the form
// of one of ShellCheck's; sandlint need not have a rule for it.
func KnownElsewhere(name string) bool {
	return isCode(name, "DL") && slices.Contains(hadolintRules, name[2:]) || isBuildKit(name) ||
		isCode(name, "SC") && len(name) == len("SC2086")
}
