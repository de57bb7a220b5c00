package decide

import (
	"slices"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// Conflict is a rule that libseccomp refuses with EEXIST, and the runtime the whole profile with it, because of what
// an earlier rule does.
type Conflict struct {
	// Rule and Name are those that are refused.
	Rule *seccomp.Rule
	Name seccomp.String
	// Earlier and EarlierName are those that they conflict with.
	Earlier     *seccomp.Rule
	EarlierName seccomp.String
	// Arch is the architecture on which they meet.
	Arch *seccomp.Architecture
	// Conds are the conditions of the rule there.
	Conds []Cond
	// Outcome and EarlierOutcome are what the rules do.
	Outcome, EarlierOutcome Outcome
	// Through is "socketcall" or "ipc" where the rules meet in that call, which libseccomp filters along with theirs;
	// "" otherwise.
	Through string
}

// Conflicts returns the rules that libseccomp refuses, each once, in order of the file for each architecture. The
// runtime stops at the first.
//
// Libseccomp keeps the conditions about a syscall as a tree of comparisons: of the upper and the lower word of an
// argument on 64-bit ABIs, those of a lower argument first. It refuses a rule of which one way through the tree ends
// where an earlier rule with another action ends, or where one goes on. Two rules with the same conditions do so, and
// so does a rule whose conditions are the first of those of an earlier one, or differ from them in the lower word of
// an inequality only.
func (f *Filter) Conflicts() (conflicts []Conflict) {
	contested := f.contested()
	if len(contested) == 0 {
		return nil
	}
	for _, a := range f.Archs {
		f.conflictsOn(a, contested, func(c Conflict) {
			if !slices.ContainsFunc(conflicts, func(other Conflict) bool { return other.Rule == c.Rule }) {
				conflicts = append(conflicts, c)
			}
		})
	}
	return conflicts
}

// comparison is a node of libseccomp's tree and the way out of it that a rule takes.
type comparison struct {
	arg       int
	high      bool // the upper word
	op        string
	mask      uint32
	value     uint32
	otherwise bool // the rule goes on where the comparison is false
}

// way is a rule's way through the tree, to its action.
type way struct {
	nodes   []comparison
	outcome Outcome
	rule    *seccomp.Rule
	name    seccomp.String
}

// tree is what libseccomp knows about one system call.
type tree struct {
	all  bool // a rule without conditions decides
	ways []way
}

// contested returns the names of calls to which rules give different actions; without that there are no
// conflicts. Calls that socketcall(2) and ipc(2) make all meet in these.
func (f *Filter) contested() map[*seccomp.Named]bool {
	differ := func(first *ResolvedRule, uses []seccomp.Use) (*ResolvedRule, bool) {
		for _, u := range uses {
			rule := f.live[u.Rule]
			switch {
			case rule == nil || rule.Outcome == f.Default:
			case first == nil:
				first = rule
			case first.Outcome != rule.Outcome:
				return first, true
			}
		}
		return first, false
	}
	meet := func(s *seccomp.Syscall) bool {
		return s.SocketCall != 0 || s.IPC != 0 || s.Name == "socketcall" || s.Name == "ipc"
	}
	var first *ResolvedRule
	shared := false
	for _, n := range f.index.names {
		if n.Syscall != nil && meet(n.Syscall) && !shared {
			first, shared = differ(first, n.Uses)
		}
	}
	out := map[*seccomp.Named]bool{}
	for _, n := range f.index.names {
		if n.Syscall == nil {
			continue
		}
		if _, differs := differ(nil, n.Uses); differs || shared && meet(n.Syscall) {
			out[n] = true
		}
	}
	return out
}

func (f *Filter) conflictsOn(a *seccomp.Architecture, contested map[*seccomp.Named]bool, report func(Conflict)) {
	trees := map[string]*tree{}
	for i, rule := range f.live {
		if rule == nil || rule.Outcome == f.Default {
			continue
		}
		parts := f.partsOf(i)
		for _, name := range rule.Names {
			n := f.index.names[name.Text]
			s := n.Syscall
			if !contested[n] || !f.Target.Libseccomp.Knows(s) {
				continue
			}
			add := func(call, through string, conds []Cond) {
				if a.Bits == 32 {
					conds = narrow(conds)
				}
				t := trees[call]
				if t == nil {
					t = &tree{}
					trees[call] = t
				}
				conds = slices.SortedFunc(slices.Values(conds), func(a, b Cond) int { return a.Arg - b.Arg })
				if earlier, ok := t.add(conds, a.Bits, way{outcome: rule.Outcome, rule: rule.Rule, name: name}); !ok {
					report(Conflict{
						rule.Rule, name, earlier.rule, earlier.name, a, conds, rule.Outcome, earlier.outcome, through,
					})
				}
			}
			for _, part := range parts {
				if s.Multiplexed(a.ABI) {
					call, number := "socketcall", s.SocketCall
					if number == 0 {
						call, number = "ipc", s.IPC
					}
					conds := append([]Cond{{Arg: 0, Op: "SCMP_CMP_EQ", Value: uint64(number)}},
						slices.DeleteFunc(slices.Clone(part), func(c Cond) bool { return c.Arg == 0 })...)
					add(call, call, conds)
				}
				// Where there is no multiplexing, libseccomp keeps rules about names that the architecture does not
				// have too.
				if s.On(a.ABI) || !seccomp.Multiplexes(a.ABI) {
					add(s.Name, "", part)
				}
			}
		}
	}
}

// add adds a rule, whose conditions are in order of the arguments. It returns the way of an earlier rule that it
// conflicts with, and false.
func (t *tree) add(conds []Cond, bits int, rule way) (way, bool) {
	switch {
	case t.all:
		return way{}, true
	case len(conds) == 0:
		t.all, t.ways = true, nil
		return way{}, true
	}
	ways := [][]comparison{nil}
	for _, c := range conds {
		var longer [][]comparison
		for _, w := range ways {
			for _, nodes := range c.comparisons(bits) {
				longer = append(longer, slices.Concat(w, nodes))
			}
		}
		ways = longer
	}
	// A rule that holds wherever one with the same action does that looks at lower arguments first takes its place,
	// and so the other way round.
	t.ways = slices.DeleteFunc(t.ways, func(earlier way) bool {
		return earlier.outcome == rule.outcome &&
			slices.ContainsFunc(ways, func(w []comparison) bool { return containsLater(earlier.nodes, w) })
	})
	ways = slices.DeleteFunc(ways, func(w []comparison) bool {
		return slices.ContainsFunc(t.ways,
			func(earlier way) bool { return earlier.outcome == rule.outcome && containsLater(w, earlier.nodes) })
	})
	var added []way
	for _, w := range ways {
		shadowed := false
		for _, earlier := range t.ways {
			n := commonPrefix(earlier.nodes, w)
			switch {
			case n == len(w) && earlier.outcome != rule.outcome && (n < len(earlier.nodes) || !w[n-1].high):
				return earlier, false
			case n == len(earlier.nodes): // the earlier rule already decides there
				shadowed = true
			}
		}
		if !shadowed {
			added = append(added, way{w, rule.outcome, rule.rule, rule.name})
		}
	}
	t.ways = append(t.ways, added...)
	return way{}, true
}

// containsLater reports whether whole contains part, but does not begin with it.
func containsLater(whole, part []comparison) bool {
	for i := 1; i+len(part) <= len(whole); i++ {
		if slices.Equal(whole[i:i+len(part)], part) {
			return true
		}
	}
	return false
}

func commonPrefix(a, b []comparison) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// comparisons returns the ways through libseccomp's comparisons by which the condition holds.
func (c Cond) comparisons(bits int) [][]comparison {
	const full = 1<<32 - 1
	node := func(high bool, op string, otherwise bool) comparison {
		n := comparison{c.Arg, high, op, full, uint32(c.Value), otherwise}
		if op == "SCMP_CMP_MASKED_EQ" {
			n.mask = uint32(c.Mask)
		}
		if high {
			n.value = uint32(c.Value >> 32)
			if op == "SCMP_CMP_MASKED_EQ" {
				n.mask = uint32(c.Mask >> 32)
			}
		}
		return n
	}
	const eq, gt, ge = "SCMP_CMP_EQ", "SCMP_CMP_GT", "SCMP_CMP_GE"
	low, otherwise := c.Op, false
	switch c.Op {
	case "SCMP_CMP_NE":
		low, otherwise = eq, true
	case "SCMP_CMP_LT":
		low, otherwise = ge, true
	case "SCMP_CMP_LE":
		low, otherwise = gt, true
	}
	last := node(false, low, otherwise)
	if bits == 32 {
		return [][]comparison{{last}}
	}
	switch c.Op {
	case "SCMP_CMP_NE":
		return [][]comparison{{node(true, eq, true)}, {node(true, eq, false), last}}
	case gt, ge:
		return [][]comparison{{node(true, gt, false)}, {node(true, gt, true), node(true, eq, false), last}}
	case "SCMP_CMP_LT", "SCMP_CMP_LE":
		return [][]comparison{
			{node(true, gt, true), node(true, eq, true)}, {node(true, gt, true), node(true, eq, false), last},
		}
	}
	return [][]comparison{{node(true, c.Op, false), last}}
}
