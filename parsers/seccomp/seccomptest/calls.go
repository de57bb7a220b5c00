package seccomptest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A call with its arguments is written as data/runtimes.txt has it: "fcntl(fd,3)". An argument is a number; fd for a
// descriptor other than 0, 1 and 2; ptr for an address; n for a size that starts do not have in common; uid and gid for
// those of the container; or _ for a value that depends on the machine or the container. 1..31 stands for as many
// calls, one with each of the numbers. What follows a ! is a call that must get through for the runtime to make the one
// before it.

// arguments says which arguments of syscalls are no constants of the runtime, other than addresses.
var arguments = map[string][]string{
	"close": {"fd"}, "close_range": {"fd", "fd"}, "epoll_ctl": {"fd", "", "fd"}, "faccessat": {"fd"},
	"faccessat2": {"fd"}, "fcntl": {"fd"}, "fstat": {"fd"}, "fstatfs": {"fd"}, "getdents64": {"fd"},
	"newfstatat": {"fd"}, "openat": {"fd"}, "openat2": {"fd"}, "read": {"fd", "", "n"}, "readlinkat": {"fd"},
	"setgid": {"gid"}, "setgroups": {"_", "_"}, "setresgid": {"gid", "gid", "gid"},
	"setresuid": {"uid", "uid", "uid"}, "setuid": {"uid"}, "statx": {"fd"}, "write": {"fd"}, "dup3": {"fd", "fd"},
	"fchdir": {"fd"}, "fchown": {"", "uid", "gid"},
}

const (
	prCapBSetRead, prCapBSetDrop, prCapAmbient = 23, 24, 47
	userAddresses                              = 1 << 47
)

// describe returns a call as text.
func describe(name string, registers []uint64) string {
	kinds := arguments[name]
	words := make([]string, len(registers))
	for i, v := range registers {
		kind := ""
		if i < len(kinds) {
			kind = kinds[i]
		}
		// Which capabilities there are depends on the kernel and on the container.
		if name == "prctl" && (i == 1 && (registers[0] == prCapBSetRead || registers[0] == prCapBSetDrop) ||
			i == 2 && registers[0] == prCapAmbient && v != 0) {
			kind = "_"
		}
		switch {
		case kind == "fd" && (v < 3 || v > 1000), kind == "n" && v&(v-1) == 0, kind == "":
			words[i] = strconv.FormatUint(v, 10)
			if v > 1<<32 && v < userAddresses {
				words[i] = "ptr"
			} else if v > 4096 {
				words[i] = "0x" + strconv.FormatUint(v, 16)
			}
		default:
			words[i] = kind
		}
	}
	return name + "(" + strings.Join(words, ",") + ")"
}

// nameOf returns the syscall of a call.
func nameOf(call string) string {
	name, _, _ := strings.Cut(call, "(")
	return name
}

// conditions returns the args of rules, in JSON, which together are about a call and as few others as can be, in a
// container of root; one of "" for a name alone and for a call of which no argument is known. Of 1..31 it takes 1.
func conditions(call string) []string {
	_, list, ok := strings.Cut(strings.TrimSuffix(call, ")"), "(")
	if !ok || list == "" {
		return []string{""}
	}
	var fixed []string
	descriptor := -1
	equal := func(i int, value uint64) string {
		return fmt.Sprintf(`{"index": %d, "value": %d, "op": "SCMP_CMP_EQ"}`, i, value)
	}
	for i, word := range strings.Split(list, ",") {
		switch word {
		case "ptr", "n", "_":
		case "uid", "gid":
			fixed = append(fixed, equal(i, 0))
		case "fd":
			if descriptor < 0 {
				descriptor = i
			}
		default:
			word, _, _ = strings.Cut(word, "..")
			v, _ := strconv.ParseUint(word, 0, 64)
			fixed = append(fixed, equal(i, v))
		}
	}
	join := func(list []string) string {
		if len(list) == 0 {
			return ""
		}
		return `, "args": [` + strings.Join(list, ", ") + `]`
	}
	if descriptor < 0 {
		return []string{join(fixed)}
	}
	var out []string
	for fd := range uint64(40) {
		if fd > 2 {
			out = append(out, join(append([]string{equal(descriptor, fd)}, fixed...)))
		}
	}
	return out
}

var (
	straceLine    = regexp.MustCompile(`^(\d+) +(.*)$`)
	straceResumed = regexp.MustCompile(`^<\.\.\. (\w+) resumed>.*?= (\S+)`)
	straceCall    = regexp.MustCompile(`^(\w+)\((.*?)(?:\) += (\S+).*| *<unfinished.*)$`)
)

// afterFilter returns the calls that are made under the filter before the container's program runs, from the output of
// strace -f -e raw=all.
func afterFilter(trace string) (calls []string) {
	type call struct {
		name      string
		registers []uint64
	}
	filtered := map[string]bool{} // threads
	open := map[string]call{}     // what threads are in
	for line := range strings.Lines(trace) {
		m := straceLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			continue
		}
		thread, result := m[1], ""
		var c call
		if r := straceResumed.FindStringSubmatch(m[2]); r != nil {
			c, result = open[thread], r[2]
		} else if r := straceCall.FindStringSubmatch(m[2]); r != nil {
			c.name, result = r[1], r[3]
			for word := range strings.SplitSeq(r[2], ",") {
				if v, err := strconv.ParseUint(strings.TrimSpace(word), 0, 64); err == nil {
					c.registers = append(c.registers, v)
				}
			}
			open[thread] = c
			if filtered[thread] {
				calls = append(calls, describe(c.name, c.registers))
			}
		}
		const loadFilter, setSeccomp = 1, 22 // SECCOMP_SET_MODE_FILTER, PR_SET_SECCOMP
		succeeded := result != "" && !strings.HasPrefix(result, "-")
		switch {
		case !succeeded || len(c.registers) == 0 && c.name != "clone3":
		case c.name == "seccomp" && c.registers[0] == loadFilter, c.name == "prctl" && c.registers[0] == setSeccomp:
			filtered, calls = map[string]bool{thread: true}, nil
		case filtered[thread] && (c.name == "clone" || c.name == "clone3"):
			filtered[result] = true
		case filtered[thread] && c.name == "execve":
			return calls
		}
	}
	return nil
}

// Trace starts a container under strace(1), and returns the calls that the runtime makes between putting the profile in
// force and becoming the container's program, with their arguments, sorted and each once; nil if it does not start.
func (r *Runtime) Trace(c Container) ([]string, error) {
	dir, err := os.MkdirTemp("", "trace")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	traced := *r
	file := filepath.Join(dir, "trace")
	traced.wrap = func(args []string) []string {
		return append([]string{"strace", "-f", "-q", "-e", "raw=all", "-o", file}, r.wrap(args)...)
	}
	result, err := traced.Start(c)
	if err != nil || !result.Started() {
		return nil, err
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	calls := afterFilter(string(raw))
	slices.Sort(calls)
	return slices.Compact(calls), nil
}

// inRanges puts calls together that differ in one number alone, if those numbers follow one another.
func inRanges(calls []string) (out []string) {
	type group struct {
		head, tail string
		numbers    []int
	}
	var groups []*group
	byKey := map[string]*group{}
	for _, call := range calls {
		name, list, _ := strings.Cut(call, "(")
		first, tail, _ := strings.Cut(list, ",")
		n, err := strconv.Atoi(first)
		if name != "rt_sigaction" || err != nil {
			out = append(out, call)
			continue
		}
		g := byKey[tail]
		if g == nil {
			g = &group{head: name + "(", tail: "," + tail}
			byKey[tail] = g
			groups = append(groups, g)
		}
		g.numbers = append(g.numbers, n)
	}
	for _, g := range groups {
		slices.Sort(g.numbers)
		for start, i := 0, 0; i < len(g.numbers); i++ {
			if i+1 == len(g.numbers) || g.numbers[i+1] != g.numbers[i]+1 {
				word := strconv.Itoa(g.numbers[start])
				if i > start {
					word += ".." + strconv.Itoa(g.numbers[i])
				}
				out = append(out, g.head+word+g.tail)
				start = i + 1
			}
		}
	}
	slices.Sort(out)
	return out
}

// calls returns the calls, with their arguments, that the runtime makes in every start: of containers of root and of
// another user. Some of answers are given to syscalls. Those of Scheduler are left out.
func (m *Measurement) calls(answers denial) []string {
	count := map[string]int{}
	profile := answers
	if len(answers) == 0 {
		profile = with(eperm, "acct") // a profile that does nothing may not be put in force
	}
	each := 2
	if len(answers) > 0 {
		each = 1
	}
	for _, user := range []int{0, 1000} {
		for range each {
			calls, err := m.Runtime.Trace(Container{
				Profile: profile.profile(), NoNewPrivileges: m.NoNewPrivileges, UID: user, GID: user,
			})
			if err != nil {
				m.err = err
			}
			for _, call := range calls {
				count[call]++
			}
		}
	}
	var out []string
	for _, call := range slices.Sorted(maps.Keys(count)) {
		if count[call] == 2*each && (m.Runtime.Name != "runc" || !slices.Contains(Scheduler, nameOf(call))) {
			out = append(out, call)
		}
	}
	return inRanges(out)
}

// Calls are the needs of a runtime call by call.
type Calls struct {
	// Made are the calls that it makes in every start, so that to kill for one of them ends it; and Needed those of
	// which one must be allowed. Both are words of data/runtimes.txt.
	Made, Needed []string
}

// Calls measures the needs of a runtime call by call. Known is what Run returns: where one of several syscalls has to
// be allowed, what is called where each of the others is refused is looked at as well. Seen are the results for
// releases of the runtime that make the same calls, which are taken for this one; it adds to them.
func (m *Measurement) Calls(known *Needs, seen map[string]*Calls) (*Calls, error) {
	base := m.calls(nil)
	key := fmt.Sprint(m.Runtime.Name, m.NoNewPrivileges, known.Clauses, base)
	without := map[string][]string{} // what is called where a syscall is refused
	for _, c := range known.Clauses {
		for _, name := range c.AnyOf {
			if len(c.AnyOf) > 1 && without[name] == nil {
				without[name] = m.calls(with(c.Errnos[0], name))
				key += fmt.Sprint(name, without[name])
			}
		}
	}
	if same := seen[key]; same != nil {
		m.Log("the calls are those of another release")
		return same, m.err
	}
	calls := slices.Concat(append(slices.Collect(maps.Values(without)), base)...)
	slices.Sort(calls)
	calls = slices.Compact(calls)
	m.Log("%d calls: %s", len(calls), strings.Join(calls, " "))
	needed := map[string]bool{} // syscalls that have to be allowed
	for _, c := range known.Clauses {
		needed[c.AnyOf[0]] = needed[c.AnyOf[0]] || len(c.AnyOf) == 1
	}
	// What is not called where another syscall is refused need not be allowed then. Where a whole syscall may be
	// refused, one of its calls may depend on another.
	unless := func(call string) (word string) {
		if !needed[nameOf(call)] {
			for _, other := range base {
				if nameOf(other) == nameOf(call) && other != call {
					word += "!" + other
				}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(without)) {
			if len(without[name]) == 0 || slices.Contains(without[name], call) {
				continue
			}
			for _, other := range base {
				if nameOf(other) == name && other != call && !strings.Contains(word+"!", "!"+other+"!") {
					word += "!" + other
				}
			}
		}
		return word
	}
	n, found := &Needs{}, &Calls{}
	for _, call := range calls {
		if m.fails(with(kill, call)) {
			n.Made = append(n.Made, call)
			found.Made = append(found.Made, call+unless(call))
		}
	}
	m.clauses(n, calls)
	slices.SortFunc(n.Clauses, func(a, b Clause) int {
		if len(a.AnyOf) != len(b.AnyOf) {
			return len(a.AnyOf) - len(b.AnyOf)
		}
		return slices.Compare(a.AnyOf, b.AnyOf)
	})
	for _, c := range n.Clauses {
		word := c.String()
		if len(c.AnyOf) == 1 && !needed[nameOf(c.AnyOf[0])] && without[nameOf(c.AnyOf[0])] == nil {
			continue // it is not known what it depends on
		}
		if len(c.AnyOf) == 1 {
			call, errnos, _ := strings.Cut(word, "=")
			word = call + unless(call)
			if errnos != "" {
				word += "=" + errnos
			}
		}
		found.Needed = append(found.Needed, word)
	}
	m.Log("%d starts", m.starts)
	seen[key] = found
	return found, m.err
}
