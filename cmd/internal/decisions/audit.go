package decisions

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/recording"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
)

// Records are records of the kernel, equal ones together.
type Records struct {
	list  []Verdict
	index map[recordKey]int
}

type recordKey struct {
	arch, text, name string
	number           int
	code             uint32
	hasCode          bool
}

// maxRecords bounds how many different records are remembered.
const maxRecords = 1 << 14

// Add adds a record.
func (r *Records) Add(e recording.Event) {
	key := recordKey{e.Arch, "", e.Syscall, e.Number, e.Code, e.HasCode}
	if e.Arch == "" {
		key.text = e.ArchText
	}
	if i, ok := r.index[key]; ok {
		r.list[i].Count++
		return
	}
	if len(r.list) == maxRecords {
		return
	}
	if r.index == nil {
		r.index = map[recordKey]int{}
	}
	r.index[key] = len(r.list)
	r.list = append(r.list, newVerdict(e))
}

// Empty reports whether there is no record.
func (r *Records) Empty() bool { return len(r.list) == 0 }

// Verdict says what a record of the kernel is about.
type Verdict struct {
	// Event is the first of the records, and Count how many there are.
	Event recording.Event
	Count int
	// Arch is the architecture of the call; nil where profiles have no name for it.
	Arch *seccomp.Architecture
	// Syscall is nil where the architecture has none of the number or the name.
	Syscall *seccomp.Syscall
	// Action is what the filter did, as profiles name it; "" for a code that the kernel does not know, or none.
	Action string
	// Explanation is what the profile decides about the call; nil without a profile.
	Explanation *Explanation
	// Deciding are the answers of Explanation that are the action of the record, or may be.
	Deciding []Answer
}

// actionsOf are the actions of profiles by what filters return.
var actionsOf = map[uint32]struct{ profile, kernel string }{
	recording.RetKillProcess: {"SCMP_ACT_KILL_PROCESS", "SECCOMP_RET_KILL_PROCESS"},
	recording.RetKillThread:  {"SCMP_ACT_KILL_THREAD", "SECCOMP_RET_KILL_THREAD"},
	recording.RetTrap:        {"SCMP_ACT_TRAP", "SECCOMP_RET_TRAP"},
	recording.RetErrno:       {"SCMP_ACT_ERRNO", "SECCOMP_RET_ERRNO"},
	recording.RetNotify:      {"SCMP_ACT_NOTIFY", "SECCOMP_RET_USER_NOTIF"},
	recording.RetTrace:       {"SCMP_ACT_TRACE", "SECCOMP_RET_TRACE"},
	recording.RetLog:         {"SCMP_ACT_LOG", "SECCOMP_RET_LOG"},
	recording.RetAllow:       {"SCMP_ACT_ALLOW", "SECCOMP_RET_ALLOW"},
}

func newVerdict(e recording.Event) Verdict {
	v := Verdict{Event: e, Count: 1}
	if e.Arch == "" && e.ArchText == "" { // most people's
		e.Arch = "SCMP_ARCH_X86_64"
	}
	if a, ok := seccomp.LookupArchitecture(e.Arch); ok {
		v.Arch = a
		if s, ok := seccomp.LookupSyscall(e.Syscall); ok && s.On(a.ABI) {
			v.Syscall = s
		} else if s, ok := Named(a.ABI, e.Number); ok && e.Syscall == "" {
			v.Syscall = s
		}
	}
	if e.HasCode {
		v.Action = actionsOf[e.Action()].profile
	}
	return v
}

// asked is the word by which Explain finds the call; "" where it cannot.
func (v *Verdict) asked() string {
	switch {
	case v.Arch == nil:
		return ""
	case v.Syscall != nil:
		return v.Syscall.Name
	case v.Event.Syscall == "" && v.Event.Number < 1<<31:
		return strconv.Itoa(v.Event.Number)
	}
	return ""
}

// Audit says what records are about, and what a profile decides about their calls; p is nil for none.
func Audit(r *Records, p *seccomp.Profile, s Scope) []Verdict {
	verdicts := r.list
	if p == nil {
		return verdicts
	}
	byArch := map[*seccomp.Architecture][]int{}
	var order []*seccomp.Architecture
	for i := range verdicts {
		if v := &verdicts[i]; v.asked() != "" {
			if byArch[v.Arch] == nil {
				order = append(order, v.Arch)
			}
			byArch[v.Arch] = append(byArch[v.Arch], i)
		}
	}
	for _, arch := range order {
		var asked []string
		for _, i := range byArch[arch] {
			asked = append(asked, verdicts[i].asked())
		}
		one := s
		one.Archs, one.AllArchs = []*seccomp.Architecture{arch}, false
		for n, e := range Explain(p, one, asked, Args{}) {
			v := &verdicts[byArch[arch][n]]
			v.Explanation = e
			for _, a := range e.Answers {
				if v.may(&a) {
					v.Deciding = append(v.Deciding, a)
				}
			}
		}
	}
	return verdicts
}

// may reports whether a decision may be that of the record.
func (v *Verdict) may(a *Answer) bool {
	if a.filter.Off {
		return false
	}
	is := func(o decide.Outcome) bool {
		switch {
		case !v.Event.HasCode:
			return !o.Runs()
		case o.Action != v.Action:
			return false
		}
		return v.Event.Data() == 0 || o.Errno == v.Event.Data()
	}
	return is(a.Decision.Outcome) ||
		slices.ContainsFunc(a.Decision.Cases, func(c decide.Case) bool { return is(c.Outcome) })
}

// AnyUnknown reports whether a record names no syscall.
func AnyUnknown(verdicts []Verdict) bool {
	return slices.ContainsFunc(verdicts, func(v Verdict) bool { return v.Syscall == nil })
}

// archWords returns the architecture of the call in words.
func (v *Verdict) archWords() string {
	switch {
	case v.Arch != nil:
		return ArchName(v.Arch)
	case v.Event.ArchName != "":
		return v.Event.ArchName
	}
	return "an unknown architecture (" + v.Event.ArchText + ")"
}

// name returns the syscall, or its number.
func (v *Verdict) name() string {
	switch {
	case v.Syscall != nil:
		return v.Syscall.Name
	case v.Event.Syscall != "":
		return v.Event.Syscall
	}
	return strconv.Itoa(v.Event.Number)
}

// sees returns what the program saw of the call, as a sentence.
func (v *Verdict) sees() string {
	e := v.Event
	if !e.HasCode {
		return "the record does not say what the filter did"
	}
	switch e.Action() {
	case recording.RetKillProcess:
		return "the whole process was killed, as by signal SIGSYS (exit status 159 in a shell)"
	case recording.RetKillThread:
		return "the thread was killed, as by signal SIGSYS; a program of one thread ends with status 159 in a shell"
	case recording.RetTrap:
		return "the call was not made, and the thread got signal SIGSYS, which ends the process unless it is handled"
	case recording.RetErrno:
		if e.Data() == 0 {
			return "the call was not made, and failed with an errno, which the kernel does not log"
		}
		return "the call was not made, and failed with " + seccomp.ErrnoName(e.Data())
	case recording.RetNotify:
		return "the call was passed to the program that listens, which answers it; without one it fails with ENOSYS"
	case recording.RetTrace:
		return "the call was passed to a tracer; without one it fails with ENOSYS"
	case recording.RetLog:
		return "the call was made as without a filter"
	case recording.RetAllow:
		return "the call was made; the kernel logs that of audited processes only"
	}
	return "the kernel does not know this action, and kills the process"
}

// remedy returns what to do, as a sentence; file is the profile, or "PROFILE".
func (v *Verdict) remedy(file string) string {
	foreign := slices.ContainsFunc(v.Deciding, func(a Answer) bool { return a.Decision.Step == decide.StepForeign })
	known := v.Syscall != nil
	switch {
	case v.Event.HasCode && !v.Event.Refused() && !known:
		return "nothing was refused"
	case v.Event.HasCode && !v.Event.Refused():
		return "nothing was refused; to allow it in a profile that refuses it: sandlint seccomp allow " + file + " " +
			v.Syscall.Name
	case v.Arch == nil:
		return "profiles have no name for the architecture, so no rule can allow its calls"
	case foreign:
		return "list " + v.Arch.Name + " in the profile's architectures, if programs of " + ArchName(v.Arch) +
			" should run"
	case !known:
		return "no profile can name the call: programs should take ENOSYS for an answer"
	case v.Explanation != nil && len(v.Deciding) == 0:
		return ""
	}
	allow := "to allow it: sandlint seccomp allow " + file + " " + v.Syscall.Name
	i := slices.IndexFunc(seccomp.FallbackCapable(), func(f seccomp.Fallback) bool { return f.Name == v.Syscall.Name })
	if i < 0 {
		return allow
	}
	f := seccomp.FallbackCapable()[i]
	fallback := "programs (" + f.By + ") fall back on " + list(f.To, "or")
	if v.answered() {
		return "none is needed: the answer is ENOSYS, after which " + fallback + "; " + allow
	}
	return allow + "; or answer it with ENOSYS, after which " + fallback
}

// answered reports whether all that may have decided so answers with ENOSYS.
func (v *Verdict) answered() bool {
	return len(v.Deciding) > 0 && !slices.ContainsFunc(v.Deciding, func(a Answer) bool {
		return len(a.Decision.Cases) > 0 || a.Decision.Outcome.Action != "SCMP_ACT_ERRNO" ||
			a.Decision.Outcome.Errno != 38
	})
}

// WriteVerdicts writes verdicts as text.
func WriteVerdicts(out io.Writer, verdicts []Verdict, p *seccomp.Profile, color bool) error {
	w := newPrinter(out, color)
	for i := range verdicts {
		if i > 0 {
			fmt.Fprintln(w)
		}
		w.verdict(&verdicts[i], p)
	}
	return w.Flush()
}

func (w *printer) verdict(v *Verdict, p *seccomp.Profile) {
	e := v.Event
	name := w.paint(bold, report.Visible(v.name()))
	switch {
	case v.Syscall != nil:
		n, _ := Number(v.Syscall, v.Arch.ABI)
		fmt.Fprintf(w, "%s on %s: number %d, %s\n", name, v.archWords(), n, since(v.Syscall))
	case e.Syscall != "":
		fmt.Fprintf(w, "%s on %s: no such syscall\n", name, report.Visible(v.archWords()))
	default:
		fmt.Fprintf(w, "%s on %s: no name known; no syscall has this number\n", name, report.Visible(v.archWords()))
	}
	if e.ArchText == "" {
		w.fact("assumed", "the record does not say the architecture")
	}
	if v.Count > 1 {
		w.fact("records", fmt.Sprint(v.Count))
	}
	if who := v.who(); who != "" {
		w.fact("program", report.Visible(who))
	}
	if e.HasCode {
		action := fmt.Sprintf("%#x is no action of the kernel", e.Code)
		if v.Action != "" {
			action = fmt.Sprintf("%s: %s (%#x)", v.Action, actionsOf[e.Action()].kernel, e.Code)
		}
		w.fact("action", action)
	}
	w.fact("program saw", v.sees())
	file := "PROFILE"
	if p != nil {
		file = report.Visible(p.Source.Path)
		w.decided(v, p)
	}
	if r := v.remedy(file); r != "" {
		w.fact("remedy", r)
	}
}

// who returns what the record says of the program.
func (v *Verdict) who() string {
	who := v.Event.Program
	if v.Event.Command != "" && who != "" {
		who += " (" + v.Event.Command + ")"
	} else if who == "" {
		who = v.Event.Command
	}
	if v.Event.Compat && v.Arch != nil && v.Arch.Bits == 32 {
		if who != "" {
			who += ", "
		}
		who += "in 32-bit mode of a 64-bit kernel"
	}
	return who
}

// decided writes what the profile decides about the call.
func (w *printer) decided(v *Verdict, p *seccomp.Profile) {
	e := v.Explanation
	file := report.Visible(p.Source.Path)
	switch {
	case e == nil:
	case len(e.Answers) == 0 && len(e.Refusals) > 0:
		w.fact("profile", "no container starts with "+file+": "+refusedWords(e.Refusals))
	case len(v.Deciding) > 0:
		w.fact("profile", file+" decides so:")
		for _, a := range v.Deciding {
			w.answer(e, &a)
		}
	default:
		w.fact("profile", file+" does not decide so; another filter did, that of another profile or one that the "+
			"program or its parent loaded itself, since the strictest of all filters holds:")
		for _, a := range e.Answers {
			w.answer(e, &a)
		}
	}
}
