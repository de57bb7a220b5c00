package dockerfile

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/dockerfile/internal/words"
)

var undefinedVariable = &rules.Rule{
	ID:       "dockerfile/undefined-variable",
	Aliases:  []string{"UndefinedVar"},
	Summary:  "an instruction uses a variable that nothing sets, so it is empty",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"BuildKit v0.34.2, frontend/dockerfile/dockerfile2llb/validations.go: reportUnmatchedVariables",
		"ORNL/DataFed#1121, cue-lang/cue#3440, docker/buildx#2751",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Dockerfile().Foreign() {
			return
		}
		f := s.Dockerfile().Source
		for w := range words.Of(s) {
			for _, u := range w.Unset {
				if !u.Plain || !isName(u.Name) || setsOther(s, w.Pair, u.Name) {
					continue
				}
				u := unsetUse{s, &w, u.Name, w.At(f, u.Name)}
				if finding, ok := u.finding(); ok {
					p.Report(finding)
				}
			}
		}
		if s.Name == "RUN" && s.Onbuild == nil && !s.Broken && !s.Exec {
			for _, u := range globalsInScript(s) {
				if finding, ok := u.finding(); ok {
					p.Report(finding)
				}
			}
		}
	}, "ENV", "LABEL", "COPY", "ADD", "WORKDIR", "USER", "VOLUME", "STOPSIGNAL", "ARG", "RUN"),
}

// setsOther reports whether an ENV sets a variable in a pair before the given one, which is the matter of
// dockerfile/env-uses-itself.
func setsOther(s *image.Step, pair *dockerfile.Pair, name string) bool {
	for n := range s.Pairs {
		switch other := &s.Pairs[n]; {
		case s.Name != "ENV" || other == pair:
			return false
		case other.Key.Text == name:
			return true
		}
	}
	return false
}

// unsetUse is a use of a variable that nothing in the file sets.
type unsetUse struct {
	step *image.Step
	word *words.Word
	name string
	at   source.Span
}

func (u *unsetUse) finding() (rules.Finding, bool) {
	f := u.step.Dockerfile().Source
	finding := rules.Finding{File: f, Span: u.at}
	sets, known := u.step.Image.BaseSets(u.name)
	if sets {
		return finding, false
	}
	global := globalArg(u.step.Dockerfile(), u.name)
	if global != nil && (known || !uses(u.step.Image.Root().Stage.Base.Text, u.name)) {
		line := f.LineOf(global.Keyword.Start)
		finding.Message = fmt.Sprintf("%s is not set in this stage, so it is empty: the ARG on line %d stands "+
			"before FROM, "+
			"and only FROM sees it", u.name, line)
		finding.Related = []rules.Related{{File: f, Span: global.Keyword, Message: "the ARG that FROM sees"}}
		arg := "ARG "
		if keyword := f.Text(u.step.Keyword); keyword == strings.ToLower(keyword) {
			arg = "arg "
		}
		finding.Fixes = []fixers.Fix{{
			Title: fmt.Sprintf("Declare %s in this stage too", u.name), Safety: fixers.Unsafe,
			Edits:   fixdocker.InsertAfter(u.step.Dockerfile().File, u.step.Image.Stage.From, arg+u.name),
			Changes: fixers.Changes{fixdocker.NewInstructions{"ARG"}},
		}}
		return finding, true
	}
	if !known {
		return finding, false
	}
	if guarded, ok := u.pathList(); ok {
		if pathReaders[u.name] != "" || u.name == "MANPATH" || u.name == "INFOPATH" {
			// dockerfile/unguarded-path reports the former; to man and info an empty element is their own list.
			return finding, false
		}
		finding.Message = fmt.Sprintf("%s is not set here, so the list has an empty element", u.name)
		finding.Fixes = []fixers.Fix{guarded}
		return finding, true
	}
	finding.Message = fmt.Sprintf("nothing sets %s before this, so it is empty", u.name)
	if later := u.later(); later > 0 {
		finding.Message += fmt.Sprintf("; line %d sets it later", later)
	} else if near := u.step.NearestVariable(u.name); near != "" && len(u.name) > 3 {
		finding.Message += fmt.Sprintf("; did you mean %s?", near)
		finding.Fixes = []fixers.Fix{renameVariable(f, u.at, u.name, near)}
	}
	return finding, true
}

// globalArg returns the ARG before the first FROM that declares a variable, nil without one.
func globalArg(d *image.Dockerfile, name string) *dockerfile.Instruction {
	for _, i := range d.Setters(name) {
		if i.Stage != nil {
			break
		}
		if i.Name == "ARG" {
			return i
		}
	}
	return nil
}

// later returns the line of the first ENV or ARG of the stage below that sets the variable, 0 without one.
func (u *unsetUse) later() int {
	d, stage := u.step.Dockerfile(), u.step.Image.Stage
	all, after := d.Setters(u.name), max(u.step.Index, stage.From.Index)
	n := sort.Search(len(all), func(n int) bool { return all[n].Index > after })
	if n == len(all) || all[n].Stage != stage {
		return 0
	}
	return d.Source.LineOf(all[n].Keyword.Start)
}

// pathList returns the fix that guards the use where the value of ENV is a list with colons and the variable one end of
// it.
func (u *unsetUse) pathList() (fixers.Fix, bool) {
	pair := u.word.Pair
	if u.step.Name != "ENV" || pair == nil || pair.Key.Text != u.name {
		return fixers.Fix{}, false
	}
	f := u.step.Dockerfile().Source
	value := u.word.Span
	edit := fixers.Edit{File: f, Span: u.at}
	switch {
	case u.at == value:
		return fixers.Fix{}, false
	case u.at.Start > value.Start && f.Bytes[u.at.Start-1] == ':':
		edit.Span.Start--
		edit.Text = fmt.Sprintf("${%s:+:$%s}", u.name, u.name)
	case u.at.End < value.End && f.Bytes[u.at.End] == ':':
		edit.Span.End++
		edit.Text = fmt.Sprintf("${%s:+$%s:}", u.name, u.name)
	default:
		return fixers.Fix{}, false
	}
	return fixers.Fix{
		Title: "Write the colon only where the variable is set", Safety: fixers.Unsafe, Edits: []fixers.Edit{edit},
		Changes: fixers.Changes{fixdocker.Variables{u.name}},
	}, true
}

// shellSets are variables that a shell, the runtime or BuildKit set for every RUN.
var shellSets = strings.Fields("HOME PATH PWD OLDPWD HOSTNAME SHLVL SHELL UID EUID PPID IFS RANDOM SECONDS LINENO " +
	"OSTYPE " +
	"MACHTYPE HOSTTYPE TERM HTTP_PROXY HTTPS_PROXY FTP_PROXY NO_PROXY ALL_PROXY")

// globalsInScript returns the uses of arguments from before the first FROM in the script of a RUN, of each the first
// one, where neither the stage nor the script sets them.
func globalsInScript(s *image.Step) []unsetUse {
	d := s.Dockerfile()
	if d.Instructions[0].Name != "ARG" || d.Escape == '`' {
		return nil
	}
	script := s.Script()
	if script == nil || !script.Dialect.POSIX() || script.Problem != nil {
		return nil
	}
	var out []unsetUse
	for _, part := range scripts(s) {
		text := string(part.view)
		if strings.Contains(text, "<<'") || strings.Contains(text, `<<"`) || sourcing(text) {
			continue // text that is not expanded, or another script that may set anything
		}
		var seen []string
		plainUses(text, func(name string, at, end int) {
			if slices.Contains(seen, name) || len(seen) > maxNames {
				return
			}
			seen = append(seen, name)
			if slices.Contains(shellSets, strings.ToUpper(name)) || globalArg(d, name) == nil || assigns(text, name) {
				return
			}
			if _, set := s.Lookup(name); !set {
				span := source.Span{Start: part.base + at, End: part.base + end}
				out = append(out, unsetUse{s, &words.Word{}, name, span})
			}
		})
	}
	return out
}

// maxNames bounds the names of one script that are looked up.
const maxNames = 100

// sourcing reports whether a script has a command that reads another script.
func sourcing(text string) bool {
	const blanks = " \t\n\f\r"
	for _, word := range []string{".", "source", "eval"} {
		for from := 0; ; {
			n := strings.Index(text[from:], word)
			if n < 0 {
				break
			}
			start := from + n
			from = start + len(word)
			if (start == 0 || strings.IndexByte(blanks+";&|({", text[start-1]) >= 0) &&
				from < len(text) && strings.IndexByte(blanks, text[from]) >= 0 {
				return true
			}
		}
	}
	return false
}

// plainUses calls use for each place in a script where the shell expands a variable in a form that is empty when it is
// not set.
func plainUses(text string, use func(name string, at, end int)) {
	single, double := false, false
	for n := 0; n < len(text); n++ {
		switch c := text[n]; {
		case c == '\'' && !double:
			single = !single
		case single:
		case c == '\\':
			n++
		case c == '"':
			double = !double
		case c == '$':
			rest := text[n+1:]
			braced := strings.HasPrefix(rest, "{")
			rest = strings.TrimPrefix(rest, "{")
			length := 0
			for length < len(rest) && inName(rest[length]) {
				length++
			}
			end := len(text) - len(rest) + length
			if name := rest[:length]; isName(name) && (!braced || strings.HasPrefix(rest[length:], "}")) {
				if braced {
					end++
				}
				use(name, n, end)
			}
		}
	}
}

// assigns reports whether a script may set a variable: it has the name without a "$".
func assigns(text, name string) bool {
	for from := 0; ; {
		n := strings.Index(text[from:], name)
		if n < 0 {
			return false
		}
		start, end := from+n, from+n+len(name)
		from = end
		before := start > 0 && (text[start-1] == '$' || text[start-1] == '{' || inName(text[start-1]) ||
			text[start-1] == '-')
		if after := end < len(text) && inName(text[end]); before || after {
			continue
		}
		return true
	}
}
