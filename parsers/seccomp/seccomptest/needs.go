package seccomptest

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Needs is what a release of a runtime needs of a profile to start a container.
type Needs struct {
	// Made are the syscalls that it makes in every start once the filter is in force, so that to kill for one of them
	// ends it; sorted.
	Made []string
	// Chance are those that it makes in some starts only, and those of Go's scheduler that runc makes; sorted. They are
	// left out of what follows.
	Chance []string
	// Clauses are the sets of syscalls of which one at least must be allowed, the shortest first. No container starts
	// where one of them is not met, and one starts where all are and every other syscall of Made and Chance is
	// answered with an errno.
	Clauses []Clause
	// Instead are the syscalls that it makes where others of Made are answered with an errno.
	Instead []Fallback
	// Notify are the syscalls of which a listener cannot be notified, even if it lets all calls go on: the runtime
	// makes them before it hands the listener over, or refuses them; sorted.
	Notify []string
}

// Clause is syscalls of which one must be allowed.
type Clause struct {
	AnyOf []string
	// Errnos are those of Errnos with which a refusal of all of AnyOf lets no container start.
	Errnos []int
}

// Fallback is what a runtime makes where After is answered with one of Errnos, and ends when it is killed for it. What
// a clause names beside After is not among it.
type Fallback struct {
	After  string
	Errnos []int
	Makes  []string
}

// String returns "faccessat2=1,38 geteuid", as data/runtimes.txt has it.
func (f Fallback) String() string {
	var errnos []string
	for _, e := range f.Errnos {
		errnos = append(errnos, strconv.Itoa(e))
	}
	return f.After + "=" + strings.Join(errnos, ",") + " " + strings.Join(f.Makes, " ")
}

// Errnos are the answers that are tried: EPERM, EACCES, EINVAL and ENOSYS.
var Errnos = []int{1, 13, 22, 38}

const (
	eperm  = 1
	enosys = 38
	kill   = -1
	notify = -2
)

// Scheduler are the calls of Go's runtime that it makes when it has to: when threads wait, a goroutine has run long, or
// memory is needed (runtime/sys_linux_amd64.s). How often runc makes them depends on the load of the machine.
var Scheduler = []string{
	"brk", "clone", "clone3", "epoll_create1", "epoll_ctl", "epoll_pwait", "eventfd2", "exit", "futex", "getpid",
	"gettid", "madvise", "mincore", "mmap", "mprotect", "munmap", "nanosleep", "pipe2", "restart_syscall",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_getaffinity", "sched_yield", "set_robust_list",
	"rseq", "sigaltstack", "tgkill", "timer_create", "timer_delete", "timer_settime",
}

// Measurement measures the needs of a runtime.
type Measurement struct {
	Runtime         *Runtime
	NoNewPrivileges bool
	// Names are all syscalls that there are.
	Names []string
	// Guess are needs that a similar release was seen to have, which saves time; nil for none.
	Guess *Needs
	// Log is called with what was found.
	Log func(format string, args ...any)

	starts int
	err    error
}

// denial is how syscalls are answered, or calls with their arguments; all others are allowed.
type denial map[string]int

func (d denial) profile() string {
	by := map[int][]string{}
	for name, answer := range d {
		by[answer] = append(by[answer], name)
	}
	var rules []string
	for answer, names := range by {
		slices.Sort(names)
		names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return strings.Contains(name, "(") })
		action := fmt.Sprintf(`"SCMP_ACT_ERRNO", "errnoRet": %d`, answer)
		switch answer {
		case kill:
			action = `"SCMP_ACT_KILL_PROCESS"`
		case notify:
			action = `"SCMP_ACT_NOTIFY"`
		}
		if len(names) > 0 {
			rules = append(rules, fmt.Sprintf(`{"names": ["%s"], "action": %s}`, strings.Join(names, `", "`), action))
		}
		for _, call := range by[answer] {
			if strings.Contains(call, "(") {
				for _, args := range conditions(call) {
					rules = append(rules, fmt.Sprintf(`{"names": [%q], "action": %s%s}`, nameOf(call), action, args))
				}
			}
		}
	}
	slices.Sort(rules)
	listener := ""
	if by[notify] != nil {
		listener = `"listenerPath": "LISTENER", `
	}
	return `{"defaultAction": "SCMP_ACT_ALLOW", ` + listener + `"syscalls": [` + strings.Join(rules, ", ") + `]}`
}

func with(answer int, names ...string) denial {
	d := denial{}
	for _, name := range names {
		d[name] = answer
	}
	return d
}

// starts reports whether a container starts in one of several tries.
func (m *Measurement) startsIn(tries int, d denial) bool {
	for range tries {
		if m.err != nil {
			return false
		}
		m.starts++
		result, err := m.Runtime.Start(Container{
			Profile: d.profile(), NoNewPrivileges: m.NoNewPrivileges, Patience: 6 * time.Second,
		})
		if err != nil {
			m.err = err
			return false
		}
		if result.Started() {
			return true
		}
	}
	return false
}

// fails reports whether no container starts.
func (m *Measurement) fails(d denial) bool { return !m.startsIn(2, d) }

// breaking finds the syscalls for which an answer may keep a container from starting, each alone.
func (m *Measurement) breaking(answer int, names []string) []string {
	return m.breakingAfter(denial{}, answer, names)
}

// breakingAfter is breaking where other syscalls are answered as well.
func (m *Measurement) breakingAfter(base denial, answer int, names []string) []string {
	d := with(answer, names...)
	maps.Copy(d, base)
	if len(names) == 0 || m.err != nil || m.startsIn(1, d) {
		return nil
	}
	if len(names) == 1 {
		return names
	}
	half := len(names) / 2
	return append(m.breakingAfter(base, answer, names[:half]), m.breakingAfter(base, answer, names[half:])...)
}

// fallbacks finds what the runtime makes where one of n.Made is answered with an errno; names are those to try.
func (m *Measurement) fallbacks(n *Needs, names []string) {
	for _, after := range n.Made {
		byMakes := map[string]*Fallback{}
		for _, errno := range Errnos {
			base := with(errno, after)
			if m.fails(base) {
				continue
			}
			var makes []string
			for _, name := range m.breakingAfter(base, kill, names) {
				d := with(kill, name)
				maps.Copy(d, base)
				if m.fails(d) && !slices.ContainsFunc(n.Clauses, func(c Clause) bool {
					return slices.Contains(c.AnyOf, after) && slices.Contains(c.AnyOf, name)
				}) {
					makes = append(makes, name)
				}
			}
			if makes == nil {
				continue
			}
			slices.Sort(makes)
			key := strings.Join(makes, " ")
			if byMakes[key] == nil {
				byMakes[key] = &Fallback{After: after, Makes: makes}
			}
			byMakes[key].Errnos = append(byMakes[key].Errnos, errno)
		}
		for _, key := range slices.Sorted(maps.Keys(byMakes)) {
			n.Instead = append(n.Instead, *byMakes[key])
		}
	}
}

// Run measures.
func (m *Measurement) Run() (*Needs, error) {
	n := &Needs{}
	var names []string // those to try
	for _, name := range m.Names {
		if name != "exit_group" { // which the container's program needs
			names = append(names, name)
		}
	}
	without := func(list []string, drop ...[]string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(name string) bool {
			return slices.ContainsFunc(drop, func(d []string) bool { return slices.Contains(d, name) })
		})
	}
	var known []string
	if m.Guess != nil {
		known = slices.Clone(m.Guess.Made)
	}
	n.Chance = nil
	if m.Runtime.Name == "runc" {
		names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(Scheduler, name) })
		if m.Guess == nil {
			for range 4 {
				n.Chance = append(n.Chance, m.breaking(kill, without(Scheduler, n.Chance))...)
			}
		}
	}
	// What is not known is tried several times, since some of it is made by chance.
	for range 4 {
		known = append(known, m.breaking(kill, without(names, known))...)
	}
	slices.Sort(known)
	for _, name := range known {
		if m.fails(with(kill, name)) {
			n.Made = append(n.Made, name)
		} else {
			n.Chance = append(n.Chance, name)
		}
	}
	slices.Sort(n.Chance)
	m.Log("made %v, by chance %v", n.Made, n.Chance)
	m.clauses(n, without(names, n.Chance))
	slices.SortFunc(n.Clauses, func(a, b Clause) int {
		if len(a.AnyOf) != len(b.AnyOf) {
			return len(a.AnyOf) - len(b.AnyOf)
		}
		return slices.Compare(a.AnyOf, b.AnyOf)
	})
	m.fallbacks(n, without(names, n.Chance, n.Made))
	for _, name := range m.breaking(notify, names) {
		if m.fails(with(notify, name)) {
			n.Notify = append(n.Notify, name)
		}
	}
	slices.Sort(n.Notify)
	m.Log("not to be notified of: %v; %d starts", n.Notify, m.starts)
	return n, m.err
}

// clauses finds the clauses over names: all sets, as small as can be, that let no container start when they are
// refused. It is done when a container starts with each choice that meets all of them and nothing else.
func (m *Measurement) clauses(n *Needs, names []string) {
	for _, name := range n.Made {
		m.add(n, []string{name})
	}
	if m.Guess != nil {
		for _, c := range m.Guess.Clauses {
			if len(c.AnyOf) > 1 && !slices.ContainsFunc(c.AnyOf,
				func(name string) bool { return !slices.Contains(names, name) }) {
				m.add(n, c.AnyOf)
			}
		}
	}
	for _, errno := range []int{eperm, enosys} {
		started := map[string]bool{}
		for m.err == nil {
			choice, ok := m.untried(n, errno, started)
			if !ok {
				break
			}
			var refused []string
			for _, name := range names {
				if !slices.Contains(choice, name) {
					refused = append(refused, name)
				}
			}
			if m.startsIn(3, with(errno, refused...)) {
				started[strings.Join(choice, " ")] = true
				continue
			}
			minimal := m.shrink(errno, refused)
			if !m.add(n, minimal) {
				m.Log("with errno %d nothing starts without %v, but to refuse %v alone lets it start", errno, refused,
					minimal)
				break
			}
		}
	}
}

// add adds a clause, with the errnos with which it holds. It reports false for one that is met with every errno.
func (m *Measurement) add(n *Needs, names []string) bool {
	c := Clause{AnyOf: slices.Sorted(slices.Values(names))}
	known := func(errno int) bool { // by a clause of fewer syscalls
		return slices.ContainsFunc(n.Clauses, func(o Clause) bool {
			return slices.Contains(o.Errnos, errno) && !slices.ContainsFunc(o.AnyOf,
				func(name string) bool { return !slices.Contains(names, name) })
		})
	}
	for i, errno := range Errnos {
		if known(errno) {
			continue
		}
		if tries := 3; i > 0 && len(c.Errnos) == i {
			tries = 1 // it hardly differs
			if !m.startsIn(tries, with(errno, names...)) {
				c.Errnos = append(c.Errnos, errno)
			}
		} else if !m.startsIn(tries, with(errno, names...)) {
			c.Errnos = append(c.Errnos, errno)
		}
	}
	if len(c.Errnos) == 0 {
		return false
	}
	m.Log("%s", c)
	n.Clauses = append(n.Clauses, c)
	return true
}

// untried returns a smallest choice of syscalls that meets all clauses that hold with an errno and that was not tried.
func (m *Measurement) untried(n *Needs, errno int, tried map[string]bool) ([]string, bool) {
	choices := [][]string{{}}
	for _, c := range n.Clauses {
		if !slices.Contains(c.Errnos, errno) {
			continue
		}
		var next [][]string
		for _, choice := range choices {
			if slices.ContainsFunc(c.AnyOf, func(name string) bool { return slices.Contains(choice, name) }) {
				next = append(next, choice)
				continue
			}
			for _, name := range c.AnyOf {
				next = append(next, slices.Sorted(slices.Values(append(slices.Clone(choice), name))))
			}
		}
		choices = minimal(next)
	}
	for _, choice := range choices {
		if !tried[strings.Join(choice, " ")] {
			return choice, true
		}
	}
	return nil, false
}

// minimal returns the sets that contain no other one.
func minimal(sets [][]string) (out [][]string) {
	slices.SortStableFunc(sets, func(a, b []string) int { return len(a) - len(b) })
	for _, s := range sets {
		if !slices.ContainsFunc(out, func(o []string) bool {
			return !slices.ContainsFunc(o, func(name string) bool { return !slices.Contains(s, name) })
		}) {
			out = append(out, s)
		}
	}
	return out
}

// shrink returns a smallest part of names that lets no container start where it is refused.
func (m *Measurement) shrink(errno int, names []string) []string {
	var part []string
	for m.err == nil && !m.fails(with(errno, part...)) {
		n := sort.Search(len(names), func(n int) bool {
			return m.err != nil || m.fails(with(errno, append(slices.Clone(part), names[:n]...)...))
		})
		if n == 0 || n > len(names) {
			break
		}
		part = append(part, names[n-1])
		names = names[:n-1]
	}
	// To refuse more may help: the fall-back from faccessat2(2) in Go takes what getuid(2) returns for a user's number,
	// and lets others than root run what everybody may.
	for i := range part {
		for j := range i {
			if pair := []string{part[j], part[i]}; len(part) > 2 && m.fails(with(errno, pair...)) {
				return pair
			}
		}
	}
	return part
}

// String returns a clause as it stands in the data file: "close", "faccessat|faccessat2=1,13,22" with errnos where it
// does not hold for all.
func (c Clause) String() string {
	s := strings.Join(c.AnyOf, "|")
	if !slices.Equal(c.Errnos, Errnos) {
		var list []string
		for _, e := range c.Errnos {
			list = append(list, strconv.Itoa(e))
		}
		s += "=" + strings.Join(list, ",")
	}
	return s
}
