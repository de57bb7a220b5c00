// Package allow extends a seccomp profile in place by syscalls that should run under it, and by what the runtimes need
// themselves to start a container. What it returns is proved: the syscalls run on every target that knows them, and
// nothing else is decided otherwise than before, but for what the plan says.
package allow

import (
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

// Reason is why a syscall is to run.
type Reason int

const (
	// Named: the user named it, so all its calls are to run.
	Named Reason = iota
	// Recorded: a program made it, with arguments that are not known.
	Recorded
	// Runtime: a runtime makes it before the container's program runs.
	Runtime
)

// Wanted is a syscall that is to run.
type Wanted struct {
	Name   string
	Reason Reason
}

// Addition is a syscall that the plan allows.
type Addition struct {
	Wanted
	// Runtimes are those that need it, for Runtime: "runc", "crun".
	Runtimes []string
	// Denied are the places of its name in rules that refuse it now, or let it run for some arguments only.
	Denied []seccomp.String
	// Missing are the ABIs of the profile that do not have it, where others do.
	Missing []string
	// Unknown are the targeted builds of libseccomp that do not know it, so it stays as it is with them.
	Unknown []string
}

// State says why the plan leaves a syscall as it is.
type State int

const (
	// Allowed: it runs already, on every target that knows it.
	Allowed State = iota
	// Conditional: it was recorded, and the profile lets it run for some arguments.
	Conditional
	// Answered: it was recorded, and a rule answers it with ENOSYS, after which programs fall back on another call.
	Answered
	// Nowhere: no ABI of the profile has it.
	Nowhere
	// Unresolved: no targeted build of libseccomp knows it.
	Unresolved
)

// Left is a syscall that the plan leaves as it is.
type Left struct {
	Wanted
	State State
	// At is the rule that decides, for Conditional and Answered.
	At seccomp.String
	// ABIs are those of the profile, for Nowhere.
	ABIs []string
}

// Plan is how a profile is extended.
type Plan struct {
	Profile *seccomp.Profile
	// After is the text of the whole file afterwards; the same as before where there is nothing to do.
	After []byte
	// Added are what is allowed, in order of the request, what runtimes need last.
	Added []Addition
	// Left are what stays as it is, in order of the request.
	Left []Left
	// Answered are the syscalls that are answered with ENOSYS: those that runc answered so before, since they lay
	// above all numbers that the profile named, and from which programs fall back; and clone3 where the profile
	// restricts clone.
	Answered []string
	// Moved are further syscalls that runc answered so, and that get the default action now, as with crun.
	Moved []string
}

// Changes reports whether there is something to do.
func (p *Plan) Changes() bool { return string(p.After) != string(p.Profile.Source.Bytes) }

// NotEditableError says why a profile cannot be extended.
type NotEditableError struct {
	// At is the place; empty for the whole profile.
	At     source.Span
	Reason string
}

func (e *NotEditableError) Error() string { return e.Reason }

// New returns how to extend a profile for the targets. The error is a *NotEditableError.
func New(p *seccomp.Profile, targets decide.Targets, wanted []Wanted) (*Plan, error) {
	if err := editable(p); err != nil {
		return nil, err
	}
	e := &extender{
		profile: p, targets: targets, plan: &Plan{Profile: p, After: p.Source.Bytes},
		compiled: map[*seccomp.Profile][]*decide.Filter{},
	}
	e.before = e.points(p)
	if len(e.before) == 0 {
		return nil, &NotEditableError{Reason: e.refusal()}
	}
	for _, w := range wanted {
		if !slices.ContainsFunc(e.plan.Added, func(a Addition) bool { return a.Name == w.Name }) {
			e.want(w)
		}
	}
	if err := e.extend(); err != nil {
		return nil, err
	}
	return e.plan, nil
}

// editable returns an error for a profile whose meaning after an edit cannot be compared with that before.
func editable(p *seccomp.Profile) error {
	for _, problem := range p.Problems {
		switch problem.Kind {
		case seccomp.KindEmptyNames, seccomp.KindNoArgument, seccomp.KindManyArguments:
		default:
			return &NotEditableError{problem.Span, problem.Message}
		}
	}
	if len(p.DuplicateFields) > 0 {
		f := p.DuplicateFields[0]
		return &NotEditableError{
			f.Name.Span, fmt.Sprintf("%q occurs twice, and its readers do not agree which one counts", f.Name.Text),
		}
	}
	return nil
}

// extender is the state of one run.
type extender struct {
	profile *seccomp.Profile
	targets decide.Targets
	plan    *Plan
	before  []point
	refused string // the first reason for which a target refuses the profile
	// compiled are the results of filters.
	compiled map[*seccomp.Profile][]*decide.Filter
}

// point is a filter and an architecture that it is for.
type point struct {
	filter *decide.Filter
	arch   *seccomp.Architecture
}

// filters returns the filters of all targets that accept a profile.
func (e *extender) filters(p *seccomp.Profile) []*decide.Filter {
	if out, ok := e.compiled[p]; ok {
		return out
	}
	type host struct {
		loader decide.Loader
		arch   *seccomp.Architecture
	}
	resolved := map[host]*decide.Resolved{}
	var out []*decide.Filter
	for _, t := range e.targets.AllTargets(p) {
		key := host{t.Loader, t.Host.Arch}
		r := resolved[key]
		if r == nil {
			r = decide.Resolve(p, t.Loader, t.Host)
			resolved[key] = r
		}
		f := r.Compile(t.Runtime, t.RuntimeVersion, t.Libseccomp)
		if refusals := f.Refusals(); len(refusals) > 0 {
			if e.refused == "" {
				e.refused = fmt.Sprintf("%s refuses it: %s", t, refusals[0].Reason)
			}
			continue
		}
		if !f.Off {
			out = append(out, f)
		}
	}
	e.compiled[p] = out
	return out
}

func (e *extender) points(p *seccomp.Profile) (out []point) {
	for _, f := range e.filters(p) {
		for _, a := range f.Archs {
			out = append(out, point{f, a})
		}
	}
	return out
}

func (e *extender) refusal() string {
	if e.refused != "" {
		return e.refused
	}
	return "its loaders treat it as no profile, so containers run without a filter and everything is allowed"
}

// view is what the targets decide about a syscall.
type view struct {
	open, closed, partly int
	answered             int // of closed, those that a rule answers with ENOSYS
	at                   seccomp.String
	has, lacks           []string // ABIs
	unknown              []string // builds of libseccomp
	knownSomewhere       bool
}

func look(points []point, name string) (v view) {
	s, ok := seccomp.LookupSyscall(name)
	if !ok {
		return v
	}
	note := func(list *[]string, word string) {
		if !slices.Contains(*list, word) {
			*list = append(*list, word)
		}
	}
	for _, p := range points {
		if !s.On(p.arch.ABI) {
			note(&v.lacks, p.arch.ABI)
			continue
		}
		note(&v.has, p.arch.ABI)
		if !p.filter.Target.Libseccomp.Knows(s) {
			note(&v.unknown, p.filter.Target.Libseccomp.String())
			continue
		}
		v.knownSomewhere = true
		d := p.filter.Decide(p.arch, name)
		runs := 0
		if d.Outcome.Runs() {
			runs++
		}
		for _, c := range d.Cases {
			if c.Outcome.Runs() {
				runs++
			}
		}
		switch {
		case runs == len(d.Cases)+1:
			v.open++
		case runs > 0:
			v.partly++
			v.at = d.Cases[0].Name
		default:
			v.closed++
			if d.Step == decide.StepRule && d.Outcome == (decide.Outcome{Action: "SCMP_ACT_ERRNO", Errno: 38}) {
				v.answered++
				if v.at.Span.IsEmpty() {
					v.at = d.Name
				}
			}
		}
	}
	return v
}

// want decides what is to be done for a syscall.
func (e *extender) want(w Wanted) {
	if slices.ContainsFunc(e.plan.Left, func(l Left) bool { return l.Name == w.Name }) {
		return
	}
	v := look(e.before, w.Name)
	leave := func(s State) { e.plan.Left = append(e.plan.Left, Left{Wanted: w, State: s, At: v.at, ABIs: v.lacks}) }
	switch {
	case len(v.has) == 0:
		leave(Nowhere)
	case !v.knownSomewhere:
		leave(Unresolved)
	case v.closed+v.partly == 0:
		leave(Allowed)
	case w.Reason == Recorded && v.partly > 0:
		leave(Conditional)
	case w.Reason == Recorded && v.answered == v.closed && fallsBack(e.before, w.Name):
		leave(Answered)
	case w.Reason == Recorded && w.Name == "clone3" && look(e.before, "clone").partly > 0:
		// To allow it would void the conditions on clone: its flags lie in memory, which a filter does not see.
		e.plan.Answered = append(e.plan.Answered, w.Name)
	default:
		e.plan.Added = append(e.plan.Added, e.addition(w, v))
	}
}

func (e *extender) addition(w Wanted, v view) Addition {
	a := Addition{Wanted: w, Missing: v.lacks, Unknown: v.unknown}
	for _, r := range e.profile.Rules {
		for _, n := range r.Names {
			if n.Text == w.Name && (r.Denies() || len(r.Args) > 0) {
				a.Denied = append(a.Denied, n)
			}
		}
	}
	return a
}

// fallsBack reports whether programs do without a syscall that is answered with ENOSYS, since what they make instead
// may run.
func fallsBack(points []point, name string) bool {
	for _, f := range seccomp.FallbackCapable() {
		if f.Name == name {
			return slices.ContainsFunc(f.To, func(to string) bool {
				v := look(points, to)
				return v.open+v.partly > 0
			})
		}
	}
	return false
}

// maxRounds bounds how often what an edit brings with it is looked for. Two are usual.
const maxRounds = 8

// extend makes the edits, with what they bring with them, and proves the result.
func (e *extender) extend() error {
	after := e.profile
	var edits []fixers.Edit
	for range maxRounds {
		if len(e.plan.Added)+len(e.plan.Answered) > 0 {
			if edits = e.requirement().Edits(e.profile); edits == nil {
				return &NotEditableError{Reason: "its layout does not allow the edit"}
			}
			if after = fixseccomp.WithEdits(e.profile, edits); after == nil {
				return &NotEditableError{Reason: "its layout does not allow the edit"}
			}
		}
		if !e.runtimes(after) && !e.border(after) {
			return e.prove(edits, after)
		}
	}
	return &NotEditableError{Reason: "the edits bring more and more edits with them"}
}

func (e *extender) requirement() fixseccomp.Requirement {
	r := fixseccomp.Requirement{ENOSYS: e.plan.Answered}
	for _, a := range e.plan.Added {
		r.Allow = append(r.Allow, fixseccomp.Wanted{Name: a.Name, Always: true})
	}
	return r
}

// border adds what runc answered with ENOSYS, since it lay above all numbers that the profile named, and no longer
// would, as far as programs fall back where the answer is ENOSYS and only then. It reports whether there is anything.
func (e *extender) border(after *seccomp.Profile) bool {
	e.plan.Moved = nil
	more := false
	for _, name := range fixseccomp.Moved(e.filters(e.profile), e.filters(after)) {
		switch {
		case slices.Contains(e.plan.Answered, name):
		case !e.profile.Mentions(name) && fallsBack(e.points(after), name):
			e.plan.Answered = append(e.plan.Answered, name)
			more = true
		default:
			e.plan.Moved = append(e.plan.Moved, name)
		}
	}
	return more
}

// prove checks what New promises.
func (e *extender) prove(edits []fixers.Edit, after *seccomp.Profile) error {
	if len(edits) == 0 {
		return nil
	}
	text, err := fixers.Apply(e.profile.Source, edits)
	if err != nil {
		return err
	}
	declared := slices.Concat(e.plan.Answered, e.plan.Moved)
	for _, a := range e.plan.Added {
		declared = append(declared, a.Name)
	}
	slices.Sort(declared)
	fix := fixers.Fix{Edits: edits, Changes: fixers.Changes{fixseccomp.Syscalls(declared)}}
	result := source.NewFile(e.profile.Source.Path, text)
	if d := fixseccomp.Compare(e.profile.Source, result, []fixers.Fix{fix}, e.targets); d != "" {
		return &NotEditableError{Reason: d}
	}
	points := e.points(after)
	if len(points) < len(e.before) {
		return &NotEditableError{Reason: "with these syscalls allowed, " + e.refusal()}
	}
	for _, a := range e.plan.Added {
		if v := look(points, a.Name); v.closed+v.partly > 0 {
			return &NotEditableError{
				Reason: fmt.Sprintf("the rules about %q cannot be made to allow all its calls", a.Name),
			}
		}
	}
	e.plan.After = text
	return nil
}
