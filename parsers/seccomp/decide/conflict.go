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
	gone    bool // another way took its place
}

// tree is what libseccomp knows about one system call.
type tree struct {
	all  bool // a rule without conditions decides
	ways []*way
	// Ways by their nodes: those that are these, those that begin with them, and those that contain them later on.
	exact, through, later map[string][]*way
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
	var first *ResolvedRule
	shared := false
	for _, n := range f.index.meeting {
		if first, shared = differ(first, n.Uses); shared {
			break
		}
	}
	out := map[*seccomp.Named]bool{}
	if shared {
		for _, n := range f.index.meeting {
			out[n] = true
		}
	}
	for _, n := range f.index.repeated {
		if _, differs := differ(nil, n.Uses); differs {
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
		*t = tree{all: true}
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
	for _, w := range ways {
		for _, earlier := range t.later[nodesKey(w)] {
			earlier.gone = earlier.gone || earlier.outcome == rule.outcome
		}
	}
	ways = slices.DeleteFunc(ways, func(w []comparison) bool {
		return anyPart(w, 1, func(key string) bool {
			return slices.ContainsFunc(t.exact[key], func(earlier *way) bool {
				return !earlier.gone && earlier.outcome == rule.outcome
			})
		})
	})
	var added []*way
	for _, w := range ways {
		key := nodesKey(w)
		for _, earlier := range t.through[key] {
			if !earlier.gone && earlier.outcome != rule.outcome && (len(w) < len(earlier.nodes) || !w[len(w)-1].high) {
				return *earlier, false
			}
		}
		shadowed := false // an earlier rule already decides there
		for n := 1; n <= len(w) && !shadowed; n++ {
			shadowed = slices.ContainsFunc(t.exact[nodesKey(w[:n])], func(earlier *way) bool { return !earlier.gone })
		}
		if !shadowed {
			added = append(added, &way{w, rule.outcome, rule.rule, rule.name, false})
		}
	}
	for _, w := range added {
		t.keep(w)
	}
	return way{}, true
}

// keep adds a way to the tree.
func (t *tree) keep(w *way) {
	if t.exact == nil {
		t.exact, t.through, t.later = map[string][]*way{}, map[string][]*way{}, map[string][]*way{}
	}
	t.ways = append(t.ways, w)
	key := nodesKey(w.nodes)
	t.exact[key] = append(t.exact[key], w)
	for n := 1; n <= len(w.nodes); n++ {
		key := nodesKey(w.nodes[:n])
		t.through[key] = append(t.through[key], w)
	}
	anyPart(w.nodes, 1, func(key string) bool {
		t.later[key] = append(t.later[key], w)
		return false
	})
}

// anyPart reports whether something holds for the key of a run of nodes that begins at one of them or later.
func anyPart(nodes []comparison, from int, holds func(key string) bool) bool {
	for i := from; i < len(nodes); i++ {
		for j := i + 1; j <= len(nodes); j++ {
			if holds(nodesKey(nodes[i:j])) {
				return true
			}
		}
	}
	return false
}

// nodesKey is equal for equal nodes.
func nodesKey(nodes []comparison) string {
	k := make([]byte, 0, 26*len(nodes))
	for _, n := range nodes {
		flags := byte(n.arg)
		if n.high {
			flags |= 8
		}
		if n.otherwise {
			flags |= 16
		}
		k = append(append(k, flags), n.op...)
		for i := range 4 {
			k = append(k, byte(n.mask>>(8*i)), byte(n.value>>(8*i)))
		}
	}
	return string(k)
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
