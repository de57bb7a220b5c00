package dockerfile

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/sandlint/sandlint/parsers/source"
)

// This file decides which problems are reported. Our own checks know the words at fault but may be wrong; BuildKit is
// right by definition but knows only the instruction. So the checks collect faults, and BuildKit confirms them: a fault
// that BuildKit does not share is dropped, and an instruction without faults is not given to BuildKit at all.
//
// So a check that is too strict causes no false alarm, and an error is missed only where the checks see nothing wrong.
// agreement_test.go and the fuzz test compare the outcome with BuildKit's. Only an instruction that would overflow
// BuildKit's stack, and those after maxAsked, are decided by our checks alone.

// judge reports what BuildKit refuses in an instruction that has been read.
func (r *reader) judge(i *Instruction) {
	if _, known := keywordSet()[i.Name]; !known {
		r.unknownInstruction(i)
		return
	}
	r.afterUnknown = false
	r.check(i)
	own := len(r.faults)
	if t := i.Trigger; t != nil && i.Name == "ONBUILD" && own == 0 {
		if _, known := keywordSet()[t.Name]; !known {
			r.faults = append(r.faults, r.unknownKeyword(t, false))
		} else {
			r.check(t)
		}
	}
	if i.Name == "FROM" {
		r.from = true
	}
	if len(r.faults) > 0 || r.doubt != nil {
		r.confirm(i)
	}
	if !i.Broken && !r.from && !r.unknown && i.Name != "ARG" {
		i.Broken = true
		if !r.brokenFirst {
			r.problem(source.Problem{Span: i.Keyword, Kind: KindBeforeFrom,
				Message: fmt.Sprintf("%s is before the first FROM", i.Name)})
		}
		r.brokenFirst = true
	}
}

// unknownKeyword returns the problem of an instruction whose keyword BuildKit does not know. first says that the
// keyword is the first word of the line, so a lost continuation may explain it.
func (r *reader) unknownKeyword(i *Instruction, first bool) source.Problem {
	p := source.Problem{Span: i.Keyword, Kind: KindUnknownInstruction}
	if !strings.ContainsFunc(i.Name, func(c rune) bool { return c < 'A' || c > 'Z' }) {
		candidates := keywords()
		if !first { // a trigger
			candidates = slices.DeleteFunc(slices.Clone(candidates), neverTrigger)
		}
		p.Near = nearest(i.Name, candidates)
	}
	p.Message = fmt.Sprintf("instruction %s is unknown", quote(r.text[i.Keyword.Start:i.Keyword.End]))
	all := r.file.Instructions
	switch {
	case p.Near != "":
		p.Message += fmt.Sprintf("; did you mean %q?", p.Near)
	case first && i.Lines.Start < i.Keyword.Start && i.Index > 0 && all[i.Index-1].Lines.End == i.Lines.Start:
		p.Message += fmt.Sprintf("; the line above does not end in %q, so it is not continued here",
			string(r.file.Escape))
	}
	return p
}

// neverTrigger reports whether ONBUILD refuses an instruction.
func neverTrigger(keyword string) bool {
	return keyword == "ONBUILD" || keyword == "FROM" || keyword == "MAINTAINER"
}

// nearest returns the candidate that was most likely meant, or "". It adds to source.Nearest two letters in the wrong
// order: the most common typing error, but two edits, which are too many for a short name.
func nearest(name string, candidates []string) string {
	for _, c := range candidates {
		if len(c) != len(name) {
			continue
		}
		n := 0
		for n < len(c) && c[n] == name[n] {
			n++
		}
		if n+1 < len(c) && c[n] == name[n+1] && c[n+1] == name[n] && c[n+2:] == name[n+2:] {
			return c
		}
	}
	return source.Nearest(name, candidates)
}

// unknownInstruction reports an unknown keyword. Of several in a row without a near match it reports only the first,
// since they are lines of a command that lost its continuation, or the file is not a Dockerfile.
func (r *reader) unknownInstruction(i *Instruction) {
	i.Broken = true
	p := r.unknownKeyword(i, true)
	near := p.Near
	if !r.renames(i, near) {
		p.Near = "" // the message still says what was meant
	}
	if near != "" || !r.afterUnknown {
		r.problem(p)
	}
	r.unknown = true
	r.afterUnknown = near == ""
	r.nearFrom = r.nearFrom || near == "FROM"
}

// renames reports whether an unknown instruction is a good one under another keyword: BuildKit accepts it, and it does
// not come before the first FROM.
func (r *reader) renames(i *Instruction, keyword string) bool {
	if keyword == "" || !r.from && !r.nearFrom && keyword != "FROM" && keyword != "ARG" {
		return false
	}
	rest := r.text[i.Keyword.End:i.Lines.End]
	// An instruction with a here-document would begin to take the lines below.
	return strings.Contains(rest, "<<") || r.askText(keyword+rest) == nil
}

// maxAsked is how many instructions of one file are checked with BuildKit. Beyond it our own checks decide alone, or a
// file with many thousands of errors would take seconds.
const maxAsked = 512

// confirm reports the faults found in an instruction if BuildKit refuses it, too.
func (r *reader) confirm(i *Instruction) {
	at := i
	var err error
	if t := i.Trigger; t != nil && t.Name == "ONBUILD" {
		err = errNotAsked // a chain of them would overflow the stack of BuildKit's parser
	} else {
		err = r.ask(i)
	}
	if err == nil && i.Name == "ONBUILD" && i.Trigger != nil {
		// BuildKit checks the arguments of a trigger only when it runs, in the build of another image.
		at = i.Trigger
		err = r.ask(at)
	}
	if err == nil {
		return
	}
	at.Broken = true
	if len(r.faults) == 0 {
		r.fault(r.doubt.Value.Span, "flag --%s is not valid: %v", r.doubt.Name, err)
	}
	r.file.Problems = append(r.file.Problems, r.faults...)
}

// errNotAsked stands for BuildKit's error when BuildKit was not asked.
var errNotAsked = errors.New("instruction is not valid")

// ask returns BuildKit's error for an instruction, nil when BuildKit accepts it.
func (r *reader) ask(i *Instruction) error { return r.askText(r.text[i.Keyword.Start:i.Lines.End]) }

// askText is like ask, for the text of an instruction.
func (r *reader) askText(text string) error {
	r.asked++
	// Deeply nested substitutions would overflow the stack of BuildKit's lexer.
	if r.asked > maxAsked || strings.Contains(text, "<<") && strings.Count(text, "${") > 100*maxNesting {
		if len(r.faults) > 0 {
			return errNotAsked
		}
		return nil
	}
	if r.file.Escape != '\\' {
		text = "# escape=" + string(r.file.Escape) + "\n" + text
	}
	text, original := legible(text)
	tree, err := parser.Parse(strings.NewReader(text))
	if err != nil {
		return errors.New(original(err.Error()))
	}
	for _, node := range tree.AST.Children {
		node.PrevComment = nil // without a linter, BuildKit v0.34.2 panics at a comment "check=…"
		if _, err := instructions.ParseInstruction(node); err != nil {
			return errors.New(original(err.Error()))
		}
	}
	return nil
}

// check finds faults of an instruction with a known keyword.
func (r *reader) check(i *Instruction) {
	if len(r.faults) > 0 {
		return
	}
	if len(i.Flags) > 0 && !ignoresFlags(i.Name) && !(i.Name == "HEALTHCHECK" && i.Trigger == nil) {
		r.checkFlags(i)
	}
	if len(r.faults) > 0 {
		return
	}
	switch i.Name {
	case "FROM":
		r.checkFrom(i)
	case "COPY", "ADD":
		r.checkCopy(i)
	case "ENV", "LABEL", "ARG", "EXPOSE", "HEALTHCHECK", "SHELL":
		if len(i.Words) == 0 {
			r.fault(i.Keyword, "%s has no arguments", i.Name)
		}
	case "VOLUME":
		if len(i.Words) == 0 {
			r.fault(i.Keyword, "VOLUME has no arguments")
		}
		for _, w := range i.Words {
			if strings.TrimSpace(w.Text) == "" {
				r.fault(w.Span, "VOLUME has an empty path")
			}
		}
	case "MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR":
		if len(i.Words) == 0 {
			r.fault(i.Keyword, "%s has no argument", i.Name)
		}
	case "ONBUILD":
		switch {
		case i.Trigger == nil:
			r.fault(i.Keyword, "ONBUILD has no instruction")
		case neverTrigger(i.Trigger.Name):
			r.fault(i.Trigger.Keyword, "%s cannot be a trigger of ONBUILD", i.Trigger.Name)
			r.faults[len(r.faults)-1].Kind = KindTrigger
		}
	}
}

func (r *reader) checkFrom(i *Instruction) {
	words := i.Words
	switch {
	case len(words) == 0:
		r.fault(i.Keyword, "FROM has no image")
	case len(words) == 1:
	case strings.HasPrefix(words[1].Text, "#"):
		r.fault(words[1].Span.Join(words[len(words)-1].Span),
			"a comment needs a line of its own; here it is read as arguments of FROM")
	case !strings.EqualFold(words[1].Text, "AS"):
		r.fault(words[1].Span, `FROM has %s after the image; only "AS" and a stage name can follow it`,
			quote(words[1].Text))
	case len(words) == 2:
		r.fault(words[1].Span, "AS has no stage name")
	case len(words) > 3 && strings.HasPrefix(words[3].Text, "#"):
		r.fault(words[3].Span.Join(words[len(words)-1].Span),
			"a comment needs a line of its own; here it is read as arguments of FROM")
	case len(words) > 3:
		r.fault(words[3].Span, "FROM has %s after the stage name; nothing can follow it", quote(words[3].Text))
	case !validStageName(strings.ToLower(words[2].Text)):
		r.fault(words[2].Span,
			"stage name %s is invalid; it must begin with a letter and consist of letters, digits, '-', '_' and '.'",
			quote(words[2].Text))
	}
}

// validStageName reports whether s matches ^[a-z][a-z0-9-_.]*$, where '-' is itself since a class precedes it.
func validStageName(s string) bool {
	for n := 0; n < len(s); n++ {
		c := s[n]
		if 'a' <= c && c <= 'z' {
			continue
		}
		if n == 0 || !isDigit(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return s != ""
}

func (r *reader) checkCopy(i *Instruction) {
	switch len(i.Words) {
	case 0:
		r.fault(i.Keyword, "%s has no arguments", i.Name)
	case 1:
		r.fault(i.Words[0].Span, "%s has only one argument, so there is no destination", i.Name)
	default:
		dest := i.Words[len(i.Words)-1]
		if word, _ := legible(dest.Text); strings.Contains(word, "<<") && parser.MustParseHeredoc(word) != nil {
			r.fault(dest.Span, "destination of %s is a heredoc", i.Name)
		}
	}
}

// checkFlags finds unknown flags and values that their flags do not accept.
func (r *reader) checkFlags(i *Instruction) {
	specs := flagTable()[i.Name]
	for n := range i.Flags {
		f := &i.Flags[n]
		k := slices.IndexFunc(specs, func(s flagSpec) bool { return s.name == f.Name })
		if k < 0 {
			r.unknownFlag(i, f)
			continue
		}
		if specs[k].kind != stringsFlag &&
			slices.ContainsFunc(i.Flags[:n], func(g Flag) bool { return g.Name == f.Name }) {
			r.fault(f.Span, "flag --%s is given twice", f.Name)
			continue
		}
		has := f.Value.Span.Start > 0
		switch {
		case specs[k].kind == boolFlag:
			if v := strings.ToLower(f.Unquoted); has && v != "true" && v != "false" {
				r.faultNear(f.Span, f.Unquoted, []string{"false", "true"},
					"flag --%s is %s; it can only be true or false", f.Name, quote(f.Unquoted))
			}
		case !has:
			r.fault(f.Span, "flag --%s has no value", f.Name)
		case i.Name == "HEALTHCHECK":
			r.checkHealthcheckFlag(f)
		case i.Name == "RUN":
			r.checkRunFlag(f)
		}
	}
}

func (r *reader) unknownFlag(i *Instruction, f *Flag) {
	start := min(f.Span.Start+2, f.Span.End)
	end := f.Span.End
	if f.Value.Span.Start > 0 {
		end = max(start, f.Value.Span.Start-1)
	}
	p := source.Problem{Span: source.Span{Start: start, End: end}, Kind: KindUnknownFlag,
		Near: nearest(f.Name, FlagNames(i.Name))}
	p.Message = fmt.Sprintf("%s has no flag %s", i.Name, quote("--"+f.Name))
	if p.Near != "" {
		p.Message += fmt.Sprintf("; did you mean %q?", "--"+p.Near)
	}
	r.faults = append(r.faults, p)
}

func (r *reader) checkHealthcheckFlag(f *Flag) {
	v := f.Unquoted
	if v == "" {
		return
	}
	if f.Name == "retries" {
		if n, err := strconv.ParseInt(v, 10, 32); err != nil || n < 0 {
			r.fault(f.Value.Span, "flag --retries is %s; it must be a whole number", quote(v))
		}
		return
	}
	switch d, err := time.ParseDuration(v); {
	case err != nil:
		r.fault(f.Value.Span, `flag --%s is %s; it must be a duration such as "30s"`, f.Name, quote(v))
	case d != 0 && d < time.Millisecond:
		r.fault(f.Value.Span, "flag --%s is %s; the shortest duration is 1ms", f.Name, quote(v))
	}
}

func (r *reader) checkRunFlag(f *Flag) {
	switch v := f.Unquoted; f.Name {
	case "network":
		if v != "default" && v != "none" && v != "host" {
			r.faultNear(f.Value.Span, v, []string{"default", "host", "none"},
				"network mode %s is unknown; it can be default, none or host", quote(v))
		}
	case "security":
		if v != "sandbox" && v != "insecure" {
			r.faultNear(f.Value.Span, v, []string{"insecure", "sandbox"},
				"security mode %s is unknown; it can be sandbox or insecure", quote(v))
		}
	case "device":
		r.doubt = f
	case "mount":
		switch {
		case v == "":
			r.fault(f.Span, "flag --mount has no value")
		case strings.Contains(v, `"`):
			r.doubt = f
		case strings.Contains(v, "$"):
			for field := range strings.SplitSeq(v, ",") {
				key, value, has := strings.Cut(field, "=")
				if at := strings.IndexByte(value, '$'); has && strings.ToLower(key) == "from" && at >= 0 &&
					at != len(value)-1 {
					r.fault(f.Value.Span,
						`"from" of --mount has a variable, which BuildKit does not expand there; a stage can be `+
							`named instead`)
					break
				}
			}
		}
	}
}
