package decisions

import (
	"encoding/json"
	"io"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

// jsonVersion changes when a field of the JSON changes its meaning.
const jsonVersion = 1

// placeJSON is a place in a file: lines and columns count from 1, columns in code points; the offset is in bytes from
// 0.
type placeJSON struct {
	Path   string `json:"path"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Offset int    `json:"offset"`
}

func newPlaceJSON(f *source.File, s source.Span) *placeJSON {
	if s.IsEmpty() {
		return nil
	}
	p := f.Position(s.Start)
	return &placeJSON{f.Path, p.Line, p.Column, p.Offset}
}

// outcomeJSON is an action; Errno is that of SCMP_ACT_ERRNO and SCMP_ACT_TRACE.
type outcomeJSON struct {
	Action string  `json:"action"`
	Errno  *uint16 `json:"errno,omitempty"`
	Runs   bool    `json:"runs"`
}

func newOutcomeJSON(o decide.Outcome) outcomeJSON {
	out := outcomeJSON{Action: o.Action, Runs: o.Runs()}
	if o.Action == "SCMP_ACT_ERRNO" || o.Action == "SCMP_ACT_TRACE" {
		out.Errno = &o.Errno
	}
	return out
}

type conditionJSON struct {
	Arg   int     `json:"arg"`
	Op    string  `json:"op"`
	Value uint64  `json:"value"`
	Mask  *uint64 `json:"mask,omitempty"`
	Low   bool    `json:"low,omitempty"` // only the lower 32 bits are compared
	Text  string  `json:"text"`
}

func newConditionsJSON(conds []decide.Cond) []conditionJSON {
	out := []conditionJSON{}
	for _, c := range conds {
		one := conditionJSON{Arg: c.Arg, Op: c.Op, Value: c.Value, Low: c.Low, Text: c.String()}
		if c.Op == "SCMP_CMP_MASKED_EQ" {
			one.Mask = &c.Mask
		}
		out = append(out, one)
	}
	return out
}

// targetsJSON are all combinations of its lists.
type targetsJSON struct {
	Loaders       []string `json:"loaders"`
	Runtimes      []string `json:"runtimes"`
	Libseccomp    []string `json:"libseccomp"`
	Architectures []string `json:"architectures"`
}

func (v *view) targetsJSON(blocks []block) []targetsJSON {
	var out []targetsJSON
	for _, b := range blocks {
		var t targetsJSON
		for _, i := range b[byLoader] {
			t.Loaders = append(t.Loaders, v.loaders[i].String())
		}
		for _, i := range b[byRuntime] {
			t.Runtimes = append(t.Runtimes, v.runtimes[i])
		}
		for _, i := range b[byLibseccomp] {
			t.Libseccomp = append(t.Libseccomp, v.libseccomps[i])
		}
		for _, i := range b[byArch] {
			t.Architectures = append(t.Architectures, v.archNames[i])
		}
		out = append(out, t)
	}
	return out
}

// refusalJSON says who refuses a profile, so no container starts there.
type refusalJSON struct {
	By      string        `json:"by"` // in words
	Targets []targetsJSON `json:"targets"`
	Reason  string        `json:"reason"`
	Place   *placeJSON    `json:"place"`
}

func newRefusalsJSON(p *seccomp.Profile, refusals []Refused) []refusalJSON {
	out := []refusalJSON{}
	for _, r := range refusals {
		out = append(out, refusalJSON{r.By, r.view.targetsJSON(r.blocks), r.Reason, newPlaceJSON(p.Source, r.At)})
	}
	return out
}

type caseJSON struct {
	Outcome     outcomeJSON     `json:"outcome"`
	Conditions  []conditionJSON `json:"conditions"`
	Multiplexed bool            `json:"multiplexed"`
	Place       *placeJSON      `json:"place"`
}

type deadJSON struct {
	Reason  string     `json:"reason"`
	Message string     `json:"message"`
	Action  string     `json:"action"`
	Place   *placeJSON `json:"place"`
	By      *placeJSON `json:"by,omitempty"`
}

type answerJSON struct {
	Targets  []targetsJSON `json:"targets"`
	Absent   bool          `json:"absent"`
	NoFilter bool          `json:"noFilter"`
	Step     string        `json:"step"`
	// Outcome is what happens to the call: for the known arguments where they settle it, else where no case holds; null
	// where the known arguments leave several that are possible.
	Outcome *outcomeJSON `json:"outcome"`
	// Possible are the outcomes for the known arguments, one or, where it is unpredictable, several; null where no
	// argument is known or others matter.
	Possible []outcomeJSON `json:"possible"`
	Place    *placeJSON    `json:"place,omitempty"`
	Cases    []caseJSON    `json:"cases"`
	Overlaps [][2]int      `json:"overlaps"`
	// Miscompiled says that libseccomp is known to make something else of the cases for some arguments.
	Miscompiled bool       `json:"miscompiled"`
	Dead        []deadJSON `json:"dead"`
	// CannotStart are the runtimes that cannot start a container because of this answer.
	CannotStart []lackJSON `json:"cannotStart"`
}

// lackJSON is a RuntimeLack.
type lackJSON struct {
	Runtime           string   `json:"runtime"`
	Releases          string   `json:"releases"`
	WithoutNoNewPrivs bool     `json:"withoutNoNewPrivs"`
	ErrnoWouldDo      bool     `json:"errnoWouldDo"`
	After             string   `json:"after,omitempty"`
	Instead           []string `json:"instead"`
	Message           string   `json:"message"`
}

type explanationJSON struct {
	Asked      string         `json:"asked"`
	Name       string         `json:"name"`
	Known      bool           `json:"known"`
	Number     *int           `json:"number,omitempty"` // what was asked for, where no syscall has the number
	DidYouMean []string       `json:"didYouMean"`
	Numbers    map[string]int `json:"numbers"`
	Libseccomp string         `json:"libseccomp,omitempty"`
	Kernel     string         `json:"kernel,omitempty"`
	Answers    []answerJSON   `json:"answers"`
}

// stepNames are the names of the steps, for programs.
var stepNames = [...]string{
	decide.StepBorder: "border", decide.StepForeign: "foreign-abi", decide.StepDefault: "default",
	decide.StepRule: "rule", decide.StepConditions: "conditions", decide.StepKernel: "kernel",
}

var whyNames = [...]string{
	decide.UnknownName: "unknown-name", decide.NotOnABI: "not-on-abi", decide.EqualsDefault: "equals-default",
	decide.Shadowed: "shadowed", decide.LeftOut: "left-out",
}

// WriteExplanationsJSON writes explanations as one JSON value.
func WriteExplanationsJSON(w io.Writer, p *seccomp.Profile, explanations []*Explanation) error {
	out := struct {
		Version  int               `json:"version"`
		File     string            `json:"file"`
		Refusals []refusalJSON     `json:"refusals"`
		Syscalls []explanationJSON `json:"syscalls"`
	}{jsonVersion, p.Source.Path, []refusalJSON{}, []explanationJSON{}}
	if len(explanations) > 0 {
		out.Refusals = newRefusalsJSON(p, explanations[0].Refusals)
	}
	for _, e := range explanations {
		one := explanationJSON{
			Asked: e.Asked, Name: e.Name, Known: e.Syscall != nil, DidYouMean: append([]string{}, e.Near...),
			Numbers: map[string]int{}, Answers: []answerJSON{},
		}
		if e.number >= 0 {
			one.Number = &e.number
		}
		if s := e.Syscall; s != nil {
			one.Libseccomp, one.Kernel = s.Since.String(), s.Kernel
			for _, abi := range s.ABIs() {
				one.Numbers[abi], _ = Number(s, abi)
			}
		}
		for _, a := range e.Answers {
			one.Answers = append(one.Answers, newAnswerJSON(&a, e.Args.any()))
		}
		out.Syscalls = append(out.Syscalls, one)
	}
	return writeJSON(w, out)
}

// newAnswerJSON returns an answer; args says that arguments of the call are known.
func newAnswerJSON(a *Answer, args bool) answerJSON {
	f, d := a.view.profile.Source, &a.Decision
	out := answerJSON{
		Targets: a.view.targetsJSON(a.group.blocks), Absent: a.Absent, NoFilter: a.filter.Off, Step: stepNames[d.Step],
		Cases: []caseJSON{}, Overlaps: append([][2]int{}, a.Overlaps...), Miscompiled: a.Miscompiled,
		Dead: []deadJSON{}, CannotStart: []lackJSON{},
	}
	for _, l := range a.Lacks {
		out.CannotStart = append(out.CannotStart,
			lackJSON{
				l.Runtime, l.Releases, l.Without, l.Killed && l.After == "", l.After,
				append([]string{}, l.Others...), l.String(),
			})
	}
	if len(a.Possible) == 0 {
		outcome := newOutcomeJSON(d.Outcome)
		out.Outcome = &outcome
		if args && len(d.Cases) == 0 {
			out.Possible = []outcomeJSON{outcome}
		}
	} else if len(a.Possible) == 1 {
		outcome := newOutcomeJSON(a.Possible[0])
		out.Outcome = &outcome
	}
	switch {
	case a.filter.Off:
	case a.by != nil:
		out.Place = newPlaceJSON(f, a.by.Name.Span)
	case d.Step == decide.StepRule:
		out.Place = newPlaceJSON(f, d.Name.Span)
	case d.Step == decide.StepDefault, d.Step == decide.StepConditions:
		out.Place = newPlaceJSON(f, a.view.profile.DefaultAction.Span)
	}
	for _, o := range a.Possible {
		out.Possible = append(out.Possible, newOutcomeJSON(o))
	}
	for _, c := range d.Cases {
		out.Cases = append(out.Cases,
			caseJSON{
				newOutcomeJSON(c.Outcome), newConditionsJSON(c.Conds), c.Multiplexed, newPlaceJSON(f, c.Name.Span),
			})
	}
	for _, dead := range a.Dead {
		one := deadJSON{
			Reason: whyNames[dead.Why], Message: reasonWords(dead), Action: dead.Rule.Action.Text,
			Place: newPlaceJSON(f, dead.Name.Span),
		}
		if dead.Why == decide.Shadowed {
			one.By = newPlaceJSON(f, d.Name.Span)
		}
		out.Dead = append(out.Dead, one)
	}
	return out
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
