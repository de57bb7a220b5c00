package builtin

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// profile is a profile as text, in the order in which Docker's own file has its fields.
type profile struct {
	DefaultAction   string    `json:"defaultAction"`
	DefaultErrnoRet uint64    `json:"defaultErrnoRet"`
	ArchMap         []archMap `json:"archMap"`
	Syscalls        []*rule   `json:"syscalls"`
}

type archMap struct {
	Architecture     string   `json:"architecture"`
	SubArchitectures []string `json:"subArchitectures"`
}

type rule struct {
	Names    []string `json:"names"`
	Action   string   `json:"action"`
	ErrnoRet *uint64  `json:"errnoRet,omitempty"`
	Args     []arg    `json:"args,omitempty"`
	Includes *scope   `json:"includes,omitempty"`
	Excludes *scope   `json:"excludes,omitempty"`
}

type arg struct {
	Index    uint64  `json:"index"`
	Value    uint64  `json:"value"`
	ValueTwo *uint64 `json:"valueTwo,omitempty"`
	Op       string  `json:"op"`
}

type scope struct {
	Caps      []string `json:"caps,omitempty"`
	Arches    []string `json:"arches,omitempty"`
	MinKernel string   `json:"minKernel,omitempty"`
}

// text returns the engine's profile with a number as JSON, indented by tabs and with a newline at its end.
func (e *Engine) text(number int) []byte {
	var p profile
	for _, r := range e.records {
		if !contains(r.in, number) {
			continue
		}
		switch r.kind {
		case "default":
			p.DefaultAction, p.DefaultErrnoRet = "SCMP_ACT_"+r.words[0], mustUint(r.words[1])
		case "arch":
			m := archMap{"SCMP_ARCH_" + r.words[0], []string{}}
			for _, sub := range r.words[1:] {
				m.SubArchitectures = append(m.SubArchitectures, "SCMP_ARCH_"+sub)
			}
			p.ArchMap = append(p.ArchMap, m)
		case "rule":
			if out := r.rule(number); len(out.Names) > 0 {
				p.Syscalls = append(p.Syscalls, out)
			}
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "\t")
	if err := enc.Encode(p); err != nil {
		panic(err) // it holds strings and numbers only
	}
	return b.Bytes()
}

// rule returns a rule as it is in the profile with a number.
func (r record) rule(number int) *rule {
	out := &rule{Action: "SCMP_ACT_" + r.words[0]}
	for _, name := range r.names {
		if name, in, some := strings.Cut(name, "@"); !some || contains(in, number) {
			out.Names = append(out.Names, name)
		}
	}
	includes := func() *scope {
		if out.Includes == nil {
			out.Includes = &scope{}
		}
		return out.Includes
	}
	excludes := func() *scope {
		if out.Excludes == nil {
			out.Excludes = &scope{}
		}
		return out.Excludes
	}
	for _, w := range r.words[1:] {
		key, text, _ := strings.Cut(w, "=")
		values := strings.Split(text, ",")
		switch key {
		case "errno":
			n := mustUint(text)
			out.ErrnoRet = &n
		case "arg":
			a := arg{Index: mustUint(values[0]), Op: "SCMP_CMP_" + values[1], Value: mustUint(values[2])}
			if len(values) > 3 {
				n := mustUint(values[3])
				a.ValueTwo = &n
			}
			out.Args = append(out.Args, a)
		case "caps":
			includes().Caps = values
		case "arches":
			includes().Arches = values
		case "kernel":
			includes().MinKernel = text
		case "not-caps":
			excludes().Caps = values
		case "not-arches":
			excludes().Arches = values
		default:
			panic("bad condition in the table of default profiles: " + w)
		}
	}
	return out
}

func mustUint(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		panic("bad number in the table of default profiles: " + s)
	}
	return n
}
