package decisions

import (
	"fmt"
	"io"

	"github.com/sandlint/sandlint/parsers/recording"
	"github.com/sandlint/sandlint/parsers/seccomp"
)

// recordArchJSON is the architecture of a record: as it says it, as the kernel numbers it, and as profiles name it.
type recordArchJSON struct {
	Text    string  `json:"text"`
	Code    string  `json:"code,omitempty"`
	Name    string  `json:"name,omitempty"`
	Profile *string `json:"profile"`
}

// recordActionJSON is what a filter did: what it returned, and the names for it.
type recordActionJSON struct {
	Code    string `json:"code"`
	Kernel  string `json:"kernel,omitempty"`
	Profile string `json:"profile,omitempty"`
	Errno   uint16 `json:"errno,omitempty"` // 0 where the kernel wrote the record, which leaves it out
}

// recordProfileJSON is what a profile decides about the call.
type recordProfileJSON struct {
	Decides  bool          `json:"decides"`
	Refusals []refusalJSON `json:"refusals"`
	// Answers are those that are the action of the record where it decides so, else all.
	Answers []answerJSON `json:"answers"`
}

type recordJSON struct {
	Line    int                `json:"line"`
	Count   int                `json:"count"`
	Arch    recordArchJSON     `json:"arch"`
	Syscall *string            `json:"syscall"`
	Number  *int               `json:"number"`
	Action  *recordActionJSON  `json:"action"`
	Refused bool               `json:"refused"`
	Saw     string             `json:"saw"`
	Program string             `json:"program,omitempty"`
	Command string             `json:"command,omitempty"`
	Profile *recordProfileJSON `json:"profile"`
	Remedy  string             `json:"remedy"`
}

// WriteVerdictsJSON writes verdicts as one JSON value; rec has what could not be read.
func WriteVerdictsJSON(w io.Writer, verdicts []Verdict, p *seccomp.Profile, rec *recording.Recording) error {
	out := struct {
		Version   int          `json:"version"`
		File      *string      `json:"file"`
		Malformed int          `json:"malformed"`
		Records   []recordJSON `json:"records"`
	}{jsonVersion, nil, rec.Malformed, []recordJSON{}}
	file := "PROFILE"
	if p != nil {
		out.File, file = &p.Source.Path, p.Source.Path
	}
	for i := range verdicts {
		out.Records = append(out.Records, newRecordJSON(&verdicts[i], p, file))
	}
	return writeJSON(w, out)
}

func newRecordJSON(v *Verdict, p *seccomp.Profile, file string) recordJSON {
	e := v.Event
	out := recordJSON{
		Line: e.Line, Count: v.Count, Arch: recordArchJSON{Text: e.ArchText, Name: e.ArchName}, Refused: e.Refused(),
		Saw: v.sees(), Program: e.Program, Command: e.Command, Remedy: v.remedy(file),
	}
	if e.ArchCode != 0 {
		out.Arch.Code = fmt.Sprintf("%#x", e.ArchCode)
	}
	if v.Arch != nil {
		out.Arch.Profile = &v.Arch.Name
	}
	if v.Syscall != nil {
		n, _ := Number(v.Syscall, v.Arch.ABI)
		out.Syscall, out.Number = &v.Syscall.Name, &n
	} else if e.Syscall == "" {
		out.Number = &e.Number
	}
	if e.HasCode {
		out.Action = &recordActionJSON{fmt.Sprintf("%#x", e.Code), actionsOf[e.Action()].kernel, v.Action, 0}
		if e.Action() == recording.RetErrno {
			out.Action.Errno = e.Data()
		}
	}
	if v.Explanation != nil {
		one := &recordProfileJSON{
			Decides: len(v.Deciding) > 0, Refusals: newRefusalsJSON(p, v.Explanation.Refusals), Answers: []answerJSON{},
		}
		answers := v.Deciding
		if len(answers) == 0 {
			answers = v.Explanation.Answers
		}
		for _, a := range answers {
			one.Answers = append(one.Answers, newAnswerJSON(&a, v.Explanation.Args.any()))
		}
		out.Profile = one
	}
	return out
}
