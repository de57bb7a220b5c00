package decisions

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers/seccomp/allow"
	"github.com/sandlint/sandlint/parsers/recording"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

// Or returns names as `"a", "b" or "c"`.
func Or(names []string) string { return list(quoted(names), "or") }

// Unusable is a call of a recording that names no syscall.
type Unusable struct {
	Line int
	Text string
}

// RecordedNames returns the syscalls of a recording, each once and in its order; those that it gives by numbers alone
// are looked up on the architecture that it names, else on the ABI. Unknown are those that no name is known for.
func RecordedNames(r *recording.Recording, abi string) (names []string, unknown []Unusable) {
	for _, c := range r.Calls {
		name := c.Name
		if name == "" {
			on := callABI(c, abi)
			s, ok := Named(on, c.Number)
			if !ok {
				text := fmt.Sprintf("no syscall has the number %d on %s", c.Number, on)
				unknown = append(unknown, Unusable{c.Line, text})
				continue
			}
			name = s.Name
		} else if _, ok := seccomp.LookupSyscall(name); !ok {
			text := fmt.Sprintf("syscall %q is unknown to libseccomp %s", name, seccomp.NewestLibseccomp())
			if near := seccomp.NearSyscalls(name); len(near) > 0 {
				text += "; it is not added, nor is " + Or(near)
			}
			unknown = append(unknown, Unusable{c.Line, text})
			continue
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, unknown
}

// callABI returns the ABI of a recorded call, given that of the machine.
func callABI(c recording.Call, native string) string {
	if a, ok := seccomp.LookupArchitecture(c.Arch); ok {
		return a.ABI
	}
	if c.Mode == recording.X32 {
		return "x32"
	}
	if c.Mode == recording.Bits32 {
		for _, a := range seccomp.Architectures() {
			if a.Native == native && a.Bits == 32 && a.ABI != "x32" && !strings.HasSuffix(a.ABI, "n32") {
				return a.ABI
			}
		}
	}
	return native
}

// Impossible returns an error where a syscall that the user named cannot be allowed under any target.
func Impossible(p *allow.Plan) error {
	for _, l := range p.Left {
		switch {
		case l.Reason != allow.Named:
		case l.State == allow.Nowhere:
			also := ""
			if same := elsewhere(l.Name, l.ABIs); same != "" {
				also = "; programs call " + same + " there"
			}
			return fmt.Errorf("syscall %q does not exist on %s, which the profile is for%s", l.Name,
				list(l.ABIs, "and"), also)
		case l.State == allow.Unresolved:
			return fmt.Errorf("no targeted libseccomp knows the syscall %q, so a rule about it would have no effect: "+
				"it exists %s", l.Name, sinceName(l.Name))
		}
	}
	return nil
}

func sinceName(name string) string {
	if s, ok := seccomp.LookupSyscall(name); ok {
		return since(s)
	}
	return ""
}

// elsewhere returns what does the same as a syscall on ABIs that do not have it: "openat" for open.
func elsewhere(name string, abis []string) string {
	var same []string
	for _, other := range seccomp.Equivalents(name) {
		s, ok := seccomp.LookupSyscall(other)
		if ok && !slices.ContainsFunc(abis, func(abi string) bool { return !s.On(abi) }) {
			same = append(same, other)
		}
	}
	return list(same, "or")
}

// PlanLines says in lines of text what a plan does and leaves, and why.
func PlanLines(p *allow.Plan) []string {
	file := p.Profile.Source
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	reasons := []struct {
		reason allow.Reason
		text   string
	}{{allow.Named, "as asked"}, {allow.Recorded, "as recorded"}}
	for _, r := range reasons {
		if names := added(p, func(a allow.Addition) bool { return a.Reason == r.reason }); names != nil {
			add("%s: allows %s, %s", file.Path, few(names), r.text)
		}
	}
	for _, who := range [][]string{{"runc", "crun"}, {"crun", "runc"}, {"runc"}, {"crun"}} {
		names := added(p, func(a allow.Addition) bool {
			return a.Reason == allow.Runtime && slices.Equal(a.Runtimes, who)
		})
		if names != nil {
			verb := "needs"
			if len(who) > 1 {
				verb = "need"
			}
			add("%s: allows %s, which %s %s to start a container", file.Path, few(names), list(who, "and"), verb)
		}
	}
	lines = append(lines, planNotes(p)...)
	return lines
}

func added(p *allow.Plan, which func(allow.Addition) bool) (names []string) {
	for _, a := range p.Added {
		if which(a) {
			names = append(names, a.Name)
		}
	}
	return names
}

// planNotes says what else there is to know about a plan.
func planNotes(p *allow.Plan) []string {
	file := p.Profile.Source
	var lines []string
	at := func(s source.Span, format string, args ...any) {
		lines = append(lines, place(file, s.Start)+": "+fmt.Sprintf(format, args...))
	}
	add := func(format string, args ...any) { lines = append(lines, file.Path+": "+fmt.Sprintf(format, args...)) }
	if len(p.Answered) > 0 {
		add("answers %s with ENOSYS, after which programs fall back on another call", few(p.Answered))
	}
	if len(p.Moved) > 0 {
		add("runc no longer answers ENOSYS to %s, since a higher number is named now; they get the default action, as "+
			"from crun", few(p.Moved))
	}
	for _, a := range p.Added {
		for _, n := range a.Denied {
			at(n.Span, "%s is taken out of this rule", a.Name)
		}
		if len(a.Missing) > 0 && a.Reason == allow.Named {
			also := ""
			if same := elsewhere(a.Name, a.Missing); same != "" {
				also = "; what does the same there is " + same
			}
			add("%s does not exist on %s%s", a.Name, list(a.Missing, "and"), also)
		}
		if len(a.Unknown) > 0 && a.Reason != allow.Runtime {
			add("%s stays refused with libseccomp %s, to which the name is unknown", a.Name, list(a.Unknown, "or"))
		}
		if a.Name == "clone3" {
			add("clone3 takes its flags in memory, which a filter does not see, so conditions on clone do not bind it")
		}
	}
	var names []string
	for _, l := range p.Left {
		switch l.State {
		case allow.Allowed:
			if l.Reason == allow.Named {
				names = append(names, l.Name)
			}
		case allow.Conditional:
			at(l.At.Span, "%s is left as it is: it is allowed for some arguments, and those of the recorded calls are "+
				"not known; name it to allow all its calls", l.Name)
		case allow.Answered:
			at(l.At.Span, "%s is left as it is: it is answered with ENOSYS, after which programs fall back on another "+
				"call; name it to allow it", l.Name)
		case allow.Nowhere:
			if l.Reason != allow.Named {
				add("%s was recorded, and does not exist on %s, which the profile is for", l.Name, list(l.ABIs, "and"))
			}
		case allow.Unresolved:
			if l.Reason != allow.Named {
				add("%s was recorded, and no targeted libseccomp knows it", l.Name)
			}
		}
	}
	if names != nil {
		add("%s %s allowed already", few(names), map[bool]string{true: "is", false: "are"}[len(names) == 1])
	}
	if !p.Changes() {
		add("nothing to add")
	}
	return lines
}

// few returns names as people list them, of many the first ones.
func few(names []string) string {
	const most = 12
	if len(names) > most {
		names = append(slices.Clone(names[:most-1]), fmt.Sprintf("%d more", len(names)-most+1))
	}
	return list(names, "and")
}
