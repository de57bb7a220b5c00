package dockerfile

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// The linters whose comments Suppressions returns.
const (
	// ByHadolint is "# hadolint ignore=DL3006,SC2086 # reason", with "stage" or "global" before "ignore".
	ByHadolint = "hadolint"
	// ByCheck is BuildKit's "# check=skip=StageNameCasing", as a directive or above an instruction.
	ByCheck = "check"
	// ByUtils is "# dockerfile-utils: ignore", which editors write.
	ByUtils = "dockerfile-utils"
)

// Suppression is a comment of another linter that switches rules off.
type Suppression struct {
	// By is the linter: one of the By constants.
	By string
	// Rules are the names that the comment lists. With All, it switches off every rule of that linter.
	Rules []string
	All   bool
	// Reason is what the author gives as the reason, or "".
	Reason string
	// Comment is the comment, from the '#' on, and Target the part of the file that it covers.
	Comment, Target source.Span
}

// Suppressions returns the comments with which other linters' rules are switched off in the file, in order. Each covers
// what that linter's documentation says:
//
//   - hadolint: the instruction below; with "stage", the rest of the stage, which for a comment before a FROM is the
//     stage that begins there; with "global", the file. hadolint 2.15.1 departs from this for "stage": it leaves out
//     the instruction directly below the comment, and includes the FROM of the next stage.
//   - BuildKit: as a directive the file, above an instruction that instruction, also where empty lines or other
//     comments lie between. Only the first check comment above an instruction counts (linter.go of BuildKit 0.34).
//   - dockerfile-utils: the instruction that begins on the next line (dockerValidator.js of 0.16).
func (f *File) Suppressions() []Suppression {
	var out []Suppression
	whole := f.Source.Span()
	for _, d := range f.Directives {
		if c, ok := ParseChecks(d.Value); ok && d.Name == "check" && c.skips() {
			out = append(out, Suppression{By: ByCheck, Rules: c.Skip, All: c.SkipAll, Comment: d.Span, Target: whole})
		}
	}
	n, checked := 0, false // the instruction below a comment, and whether it has a check comment
	for _, comment := range f.Comments {
		for n < len(f.Instructions) && f.Instructions[n].Span.End <= comment.Start {
			n, checked = n+1, false
		}
		var below *Instruction // nil at the end of the file
		if n < len(f.Instructions) {
			below = f.Instructions[n]
		}
		raw := f.Source.Bytes[comment.Start:comment.End]
		if len(raw) > 1 && !bytes.Contains(raw, []byte("=")) && !bytes.Contains(raw, []byte("ignore")) &&
			len(bytes.TrimSpace(raw)) > 1 {
			continue // most comments are prose
		}
		text := strings.TrimSpace(string(raw[1:]))
		inside := below != nil && below.Span.Start < comment.Start
		switch name, value, hasValue := strings.Cut(text, "="); {
		case text == "": // ends what BuildKit takes for the comments of the instruction
			checked = false
		case strings.HasPrefix(text, ByHadolint):
			if s, ok := f.hadolint(text, below, comment); ok {
				out = append(out, s)
			}
		case text == "dockerfile-utils: ignore":
			if below != nil && f.Source.LineOf(below.Keyword.Start) == f.Source.LineOf(comment.Start)+1 {
				out = append(out, Suppression{By: ByUtils, All: true, Comment: comment, Target: below.Span})
			}
		case hasValue && strings.EqualFold(strings.TrimSpace(name), "check") && below != nil && !inside && !checked:
			checked = true
			value, _, _ = strings.Cut(strings.TrimSpace(value), " ")
			if c, ok := ParseChecks(value); ok && c.skips() {
				out = append(out, Suppression{By: ByCheck, Rules: c.Skip, All: c.SkipAll, Comment: comment,
					Target: below.Span})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Suppression) int { return a.Comment.Start - b.Comment.Start })
	return out
}

// hadolint reads a comment of hadolint, without its '#'. The instruction below is the one that the comment lies in or
// before.
func (f *File) hadolint(text string, below *Instruction, comment source.Span) (Suppression, bool) {
	s := Suppression{By: ByHadolint, Comment: comment}
	before, list, ok := strings.Cut(text, "=")
	words := strings.Fields(before)
	list, reason, _ := strings.Cut(list, "#")
	if !ok || len(words) < 2 || words[0] != ByHadolint || words[len(words)-1] != "ignore" {
		return s, false
	}
	s.Reason = strings.TrimSpace(reason)
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); strings.ContainsAny(name, " \t") {
			return s, false // hadolint ignores such a comment altogether
		} else if name != "" {
			s.Rules = append(s.Rules, name)
		}
	}
	switch scope := words[1 : len(words)-1]; {
	case len(s.Rules) == 0 || len(scope) > 1:
		return s, false
	case len(scope) == 0:
		if below == nil || below.Span.Start >= comment.End && !slices.Contains(below.Comments, comment) {
			return s, false
		}
		s.Target = below.Span
	case scope[0] == "global":
		s.Target = f.Source.Span()
	case scope[0] == "stage" && below != nil:
		s.Target = source.Span{Start: comment.Start, End: f.endOfStage(below)}
	default:
		return s, false
	}
	return s, true
}

// endOfStage returns where the last instruction of an instruction's stage ends. What lies before the first FROM belongs
// to the first stage.
func (f *File) endOfStage(i *Instruction) int {
	stage := i.Stage
	if stage == nil && len(f.Stages) > 0 {
		stage = f.Stages[0]
	}
	switch {
	case stage == nil:
		return f.Instructions[len(f.Instructions)-1].Span.End
	case len(stage.Instructions) == 0:
		return stage.From.Span.End
	}
	return stage.Instructions[len(stage.Instructions)-1].Span.End
}

// Checks is the value of a check directive or comment of BuildKit: "skip=A,B;error=true;experimental=C".
type Checks struct {
	// Skip and Experimental are names of checks that are switched off and on. With SkipAll and ExperimentalAll, all
	// are.
	Skip, Experimental       []string
	SkipAll, ExperimentalAll bool
	// Error says that a finding makes the check fail.
	Error bool
}

func (c *Checks) skips() bool { return c.SkipAll || len(c.Skip) > 0 }

// ParseChecks reads the value of a check directive or comment. It returns false for one that BuildKit refuses.
func ParseChecks(value string) (Checks, bool) {
	var c Checks
	if strings.TrimSpace(value) == "" {
		return c, true
	}
	for _, option := range strings.SplitN(value, ";", 3) {
		name, v, ok := strings.Cut(option, "=")
		v = strings.TrimSpace(v)
		if !ok {
			return Checks{}, false
		}
		switch strings.TrimSpace(name) {
		case "skip":
			c.Skip, c.SkipAll = checkNames(v)
		case "experimental":
			c.Experimental, c.ExperimentalAll = checkNames(v)
		case "error":
			b, err := strconv.ParseBool(v)
			if err != nil {
				return Checks{}, false
			}
			c.Error = b
		default:
			return Checks{}, false
		}
	}
	return c, true
}

// checkNames reads a list of checks, or "all".
func checkNames(list string) (names []string, all bool) {
	if list == "all" {
		return nil, true
	}
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names, false
}

// Checks returns the value of the file's check directive, the zero value without a valid one.
func (f *File) Checks() Checks {
	for _, d := range f.Directives {
		if d.Name == "check" {
			c, _ := ParseChecks(d.Value)
			return c
		}
	}
	return Checks{}
}
