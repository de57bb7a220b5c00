package seccomp

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

// Requirement is what a profile should do after edits.
type Requirement struct {
	// Allow are syscalls to let run.
	Allow []Wanted
	// ENOSYS are syscalls to answer with ENOSYS.
	ENOSYS []string
}

// Wanted is a syscall to let run.
type Wanted struct {
	Name string
	// Beside is a syscall in whose list it belongs; "" for none.
	Beside string
	// Always says that all its calls are to run, whatever rules say about it now: it is removed from those that refuse
	// it, or let it run for some arguments only. Without that there are no edits where rules name it that are not plain
	// refusals.
	Always bool
	// When are conditions: the calls that meet all of them are to run, and it is left to the rules what happens to
	// others. It is for profiles that refuse by default.
	When []NewArg
}

// Equal reports whether two are the same.
func (w Wanted) Equal(o Wanted) bool {
	return w.Name == o.Name && w.Beside == o.Beside && w.Always == o.Always && slices.Equal(w.When, o.When)
}

// naming is a syscall's name in a rule.
type naming struct {
	name seccomp.String
	rule *seccomp.Rule
}

// Edits returns the edits that meet the requirement; none where they cannot be made.
func (r Requirement) Edits(profile *seccomp.Profile) []fixers.Edit {
	b := builder{profile: profile, into: map[*seccomp.Rule][]string{}}
	for _, a := range r.Allow {
		if !b.allow(a) {
			return nil
		}
	}
	for _, name := range r.ENOSYS {
		if !b.answer(name) {
			return nil
		}
	}
	for _, n := range b.taken {
		b.move(n)
	}
	for _, n := range b.freed {
		b.take(n)
	}
	return b.finish()
}

// builder collects the edits of one requirement.
type builder struct {
	profile *seccomp.Profile
	// into are names to add to rules.
	into map[*seccomp.Rule][]string
	// inserted are rules to add.
	inserted []NewRule
	// taken are names to remove from rules that refuse them with another answer than ENOSYS.
	taken []naming
	// freed are names to remove from rules that refuse them, which are allowed elsewhere.
	freed  []naming
	edits  []fixers.Edit
	failed bool // an edit cannot be made
	// emptied are the rules, by their indexes, of which no name is left.
	emptied []int
}

// add adds edits; nil are edits that cannot be made.
func (b *builder) add(edits []fixers.Edit) {
	b.failed = b.failed || edits == nil
	b.edits = append(b.edits, edits...)
}

// put adds a name to a rule, or where that is nil to a new rule.
func (b *builder) put(rule *seccomp.Rule, action string, errno uint16, name string) {
	if rule != nil {
		b.into[rule] = append(b.into[rule], name)
		return
	}
	b.insert(action, errno, name)
}

// insert adds a name to the new rule with an action for containers without capabilities.
func (b *builder) insert(action string, errno uint16, name string, caps ...string) {
	i := slices.IndexFunc(b.inserted, func(r NewRule) bool {
		return r.Action == action && r.Errno == errno && len(r.Args) == 0 && slices.Equal(r.ExcludesCaps, caps)
	})
	if i < 0 {
		i = len(b.inserted)
		b.inserted = append(b.inserted, NewRule{Action: action, Errno: errno, ExcludesCaps: caps})
	}
	b.inserted[i].Names = append(b.inserted[i].Names, name)
}

// allow lets a syscall run. It reports false where rules name it in a way that does not allow that.
func (b *builder) allow(a Wanted) bool {
	if len(a.When) > 0 {
		b.inserted = append(b.inserted,
			NewRule{Names: []string{a.Name}, Action: "SCMP_ACT_ALLOW", Args: a.When})
		return !b.profile.DefaultRuns()
	}
	listed := false // by a rule that lets all its calls run
	for _, n := range namings(b.profile, a.Name) {
		switch {
		case n.rule.Plain() && n.rule.Denies(),
			// Without the others, a rule for some arguments only has no effect.
			a.Always && (n.rule.Denies() || len(n.rule.Args) > 0 && runs(n.rule) && !b.profile.DefaultRuns()):
			b.freed = append(b.freed, n)
		case !a.Always:
			return false
		default:
			listed = listed || n.rule.Plain() && runs(n.rule)
		}
	}
	if b.profile.DefaultRuns() || listed {
		return true
	}
	into := guarding(b.profile, a.Beside)
	if into == nil {
		into = []*seccomp.Rule{Allowing(b.profile, a.Beside)}
	} else if b.profile.Mentions(a.Name) {
		return false // without what guards the rules it would be answered otherwise than before
	}
	for _, rule := range into {
		b.put(rule, "SCMP_ACT_ALLOW", 0, a.Name)
	}
	return true
}

// runs reports whether a rule lets calls run. It is false where the action is not known.
func runs(r *seccomp.Rule) bool {
	action, ok := seccomp.LookupAction(r.Action.Text)
	return ok && action.Runs
}

// guarding returns the rules that allow all calls of a syscall on some hosts or to some containers only; nil where
// another rule names it.
func guarding(profile *seccomp.Profile, name string) (in []*seccomp.Rule) {
	for _, r := range profile.Rules {
		if name == "" || !r.Lists(name) {
			continue
		}
		whole := *r
		whole.Includes, whole.Excludes = seccomp.Scope{}, seccomp.Scope{}
		if r.Plain() || !whole.Plain() || r.Denies() {
			return nil
		}
		in = append(in, r)
	}
	return in
}

func namings(profile *seccomp.Profile, name string) (in []naming) {
	for _, r := range profile.Rules {
		for _, s := range r.Names {
			if s.Text == name {
				in = append(in, naming{s, r})
			}
		}
	}
	return in
}

// answer makes a syscall answer ENOSYS. It reports false where rules name it in a way that does not allow that.
func (b *builder) answer(name string) bool {
	if !b.profile.Mentions(name) {
		b.put(answering(b.profile), "SCMP_ACT_ERRNO", 38, name)
		return true
	}
	if cap, ok := neededCap(b.profile, name); ok {
		b.insert("SCMP_ACT_ERRNO", 38, name, cap)
		return true
	}
	in := namings(b.profile, name)
	if len(in) != 1 || !in[0].rule.Plain() || !in[0].rule.Denies() {
		return false
	}
	b.taken = append(b.taken, in[0])
	return true
}

func (b *builder) isTaken(s seccomp.String) bool {
	return slices.ContainsFunc(slices.Concat(b.taken, b.freed),
		func(o naming) bool { return o.name.Span == s.Span })
}

// move moves a taken name to a rule that answers ENOSYS. Where all names of its rule are taken, the rule itself gets
// that errno.
func (b *builder) move(n naming) {
	whole := !slices.ContainsFunc(n.rule.Names, func(s seccomp.String) bool { return !b.isTaken(s) }) &&
		!slices.ContainsFunc(b.freed, func(o naming) bool { return o.rule == n.rule })
	if whole && len(b.into[n.rule]) == 0 {
		if n.name.Span == n.rule.Names[0].Span {
			b.add(SetErrno(b.profile, n.rule, 38))
		}
		return
	}
	b.put(answering(b.profile), "SCMP_ACT_ERRNO", 38, n.name.Text)
	b.take(n)
}

// take removes a name that is taken from its rule, with all others of that rule, and a rule that has no other names.
func (b *builder) take(n naming) {
	var drop []int
	for i, s := range n.rule.Names {
		if b.isTaken(s) {
			drop = append(drop, i)
		}
	}
	switch {
	case n.name.Span != n.rule.Names[drop[0]].Span: // done with the first of them
	case len(drop) == len(n.rule.Names) && len(b.into[n.rule]) == 0:
		b.emptied = append(b.emptied, slices.Index(b.profile.Rules, n.rule))
	default:
		b.add(RemoveStrings(b.profile, n.rule.Names, drop...))
	}
}

// finish returns all edits, in order of position; none where one of them cannot be made.
func (b *builder) finish() []fixers.Edit {
	none := b.leavesNone()
	if len(b.emptied) > 0 && !none {
		b.add(RemoveRules(b.profile, b.emptied...))
	}
	for _, r := range b.profile.Rules {
		if list := b.into[r]; list != nil {
			b.add(AddStrings(b.profile, r.Names, list...))
		}
	}
	if len(b.inserted) > 0 {
		for i := range b.inserted {
			slices.Sort(b.inserted[i].Names)
		}
		if b.profile.SyscallsSpan.IsEmpty() {
			b.add(insertSyscalls(b.profile, b.inserted))
		} else {
			edits := InsertRules(b.profile, len(b.profile.Rules), b.inserted...)
			if none && len(edits) == 1 { // they take the place of all others
				rules := b.profile.Rules
				edits[0].Span.Start = rules[0].Span.Start
				edits[0].Text = strings.TrimLeft(edits[0].Text, ", \t\r\n")
			}
			b.add(edits)
		}
	}
	if b.failed {
		return nil
	}
	slices.SortStableFunc(b.edits, func(a, b fixers.Edit) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
	var out []fixers.Edit
	for _, e := range b.edits {
		// Where a YAML list of names ends its rule, more names and another rule are inserted at one place.
		if n := len(out) - 1; n >= 0 && e.Span.IsEmpty() && e.Span == out[n].Span {
			out[n].Text += e.Text
		} else {
			out = append(out, e)
		}
	}
	return out
}

// leavesNone reports whether new rules take the place of all that a profile in JSON has.
func (b *builder) leavesNone() bool {
	emptied := slices.Compact(slices.Sorted(slices.Values(b.emptied)))
	return len(b.inserted) > 0 && len(emptied) > 0 && len(emptied) == len(b.profile.Rules) &&
		b.profile.Source.Bytes[b.profile.SyscallsSpan.Start] == '['
}

// Allowing returns the rule that lets all calls of a syscall run, or without such a rule the longest one that allows,
// which logs nothing; nil where there is none.
func Allowing(profile *seccomp.Profile, beside string) *seccomp.Rule {
	var longest *seccomp.Rule
	for _, r := range profile.Rules {
		if !runs(r) || !r.Plain() {
			continue
		}
		if beside != "" && r.Lists(beside) {
			return r
		}
		if r.Action.Text == "SCMP_ACT_ALLOW" && (longest == nil || len(r.Names) > len(longest.Names)) {
			longest = r
		}
	}
	return longest
}

// answering returns the rule that answers all calls of its syscalls with ENOSYS, nil where there is none.
func answering(profile *seccomp.Profile) *seccomp.Rule {
	for _, r := range profile.Rules {
		if r.Action.Text == "SCMP_ACT_ERRNO" && r.ErrnoRet.Known && r.ErrnoRet.Value == 38 &&
			(r.Errno.Text == "" || r.Errno.Text == "ENOSYS") && r.Plain() {
			return r
		}
	}
	return nil
}

// neededCap returns the only capability that a container needs for a syscall: all rules that name it let it run, and
// include this capability and nothing else.
func neededCap(profile *seccomp.Profile, name string) (string, bool) {
	cap := ""
	for _, r := range profile.Rules {
		if !r.Lists(name) {
			continue
		}
		in := &r.Includes
		without := *r
		without.Includes = seccomp.Scope{}
		if r.Denies() || !without.Plain() || len(in.Caps) != 1 || len(in.Arches) > 0 ||
			in.MinKernel.Text != "" || cap != "" && cap != in.Caps[0].Text {
			return "", false
		}
		cap = in.Caps[0].Text
	}
	return cap, cap != ""
}

// WithEdits returns a profile as it is after edits, nil where they cannot be made. Of a YAML file with several
// documents only that of the profile is read again, so places in the result are counted from its start.
func WithEdits(profile *seccomp.Profile, edits []fixers.Edit) *seccomp.Profile {
	part := document(profile, edits)
	file := source.NewFile(profile.Source.Path, profile.Source.Bytes[part.Start:part.End])
	moved := slices.Clone(edits)
	for n := range moved {
		if moved[n].File != profile.Source {
			return nil
		}
		moved[n].File, moved[n].Span = file, moved[n].Span.Shift(-part.Start)
	}
	text, err := fixers.Apply(file, moved)
	if err != nil {
		return nil
	}
	before, after := seccomp.ParseAll(file), seccomp.ParseAll(source.NewFile(file.Path, text))
	i := slices.IndexFunc(before,
		func(p *seccomp.Profile) bool { return p.Span == profile.Span.Shift(-part.Start) })
	if i < 0 || len(before) != len(after) {
		return nil
	}
	return after[i]
}

// document returns the YAML document that a profile is in, or the whole file where an edit lies outside of it.
func document(profile *seccomp.Profile, edits []fixers.Edit) source.Span {
	text := profile.Source.Bytes
	part := source.Span{Start: 0, End: len(text)}
	if profile.Dialect != seccomp.SPO {
		return part
	}
	// Three dashes at the start of a line begin a document, whatever stands before them.
	if n := bytes.LastIndex(text[:profile.Span.Start], []byte("\n---")); n >= 0 {
		part.Start = n + 1
	}
	if n := bytes.Index(text[profile.Span.End:], []byte("\n---")); n >= 0 {
		part.End = profile.Span.End + n + 1
	}
	for _, e := range edits {
		if !part.Contains(e.Span) {
			return source.Span{Start: 0, End: len(text)}
		}
	}
	return part
}

// Moved returns the syscalls that no rule names and that runc's border comes to lie above.
func Moved(before, after []*decide.Filter) []string {
	var out []string
	for i, f := range before {
		if i >= len(after) {
			break
		}
		for _, a := range f.Archs {
			from, ok := f.Border(a)
			to, _ := after[i].Border(a)
			if !ok || from >= to {
				continue
			}
			for _, name := range seccomp.Syscalls() {
				s, _ := seccomp.LookupSyscall(name)
				if n, ok := s.Number(a.ABI); ok && n > from && n < to && !after[i].Named(name) &&
					!slices.Contains(out, name) {
					out = append(out, name)
				}
			}
		}
	}
	return out
}
