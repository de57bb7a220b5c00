// Package requirement makes the edits after which a profile allows what programs need.
package requirement

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/programs"
	"github.com/sandlint/sandlint/rules/seccomp/internal/reach"
)

// Requirement is what a fix wants the profile to do.
type Requirement struct {
	// Allow are syscalls to let run, with a syscall in whose list they belong; "" for none.
	Allow []Wanted
	// ENOSYS are syscalls to answer with ENOSYS.
	ENOSYS []string
}

// Wanted is a syscall to allow, and one in whose list it belongs; "" for none.
type Wanted struct{ Name, Beside string }

// Fix returns the unsafe fix that meets the requirement. What it changes besides, since runc answers ENOSYS to what
// lies above all names, it answers with ENOSYS too, as far as programs fall back from there, and declares the rest.
// There is none where that cannot be done in the layout of the file.
func (r Requirement) Fix(p *rules.Pass, profile *workspace.Profile) []fixers.Fix {
	if !fixes.Editable(profile) || profile.SyscallsSpan.IsEmpty() {
		return nil
	}
	before := programs.Filters(p, profile)
	weights := programs.Burdens(p, profile, before)
	for range 3 {
		edits := r.edits(profile)
		if edits == nil {
			return nil
		}
		fixed := WithEdits(profile, edits)
		if fixed == nil {
			return nil
		}
		after := programs.Filters(p, fixed)
		var more []string
		for _, b := range programs.Burdens(p, fixed, after) {
			i := slices.IndexFunc(weights,
				func(old programs.Burden) bool { return old.Name == b.Name && old.By == b.By })
			if i < 0 || weights[i].Severity < b.Severity {
				more = append(more, b.Name)
			}
		}
		if len(more) > 0 {
			if slices.ContainsFunc(more,
				func(name string) bool { return slices.Contains(r.ENOSYS, name) || reach.Named(profile, name) }) {
				return nil
			}
			r.ENOSYS = append(slices.Clip(r.ENOSYS), more...)
			continue
		}
		var allow []string
		for _, a := range r.Allow {
			allow = append(allow, a.Name)
		}
		title := "Answer " + phrase.Few(r.ENOSYS) + " with ENOSYS"
		switch {
		case len(allow) > 0 && len(r.ENOSYS) > 0:
			title = "Allow " + phrase.Few(allow) + ", and answer " + phrase.Few(r.ENOSYS) + " with ENOSYS"
		case len(allow) > 0:
			title = "Allow " + phrase.Few(allow)
		}
		changed := slices.Concat(allow, r.ENOSYS, Moved(before, after))
		guarded := programs.GuardedTime64(fixed, after)
		for i, g := range programs.GuardedTime64(profile, before) {
			if i < len(guarded) {
				changed = append(changed, Moved(g.Filters, guarded[i].Filters)...)
			}
		}
		return []fixers.Fix{
			{Title: title, Safety: fixers.Unsafe, Edits: edits, Changes: fixers.Changes{fixseccomp.Syscalls(changed)}},
		}
	}
	return nil
}

// WithEdits returns a profile as it is after edits, nil where they cannot be made. Of a YAML file with several
// documents only that of the profile is read again, so places in the result are counted from its start.
func WithEdits(profile *workspace.Profile, edits []fixers.Edit) *workspace.Profile {
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
	i := slices.IndexFunc(before, func(p *seccomp.Profile) bool { return p.Span == profile.Span.Shift(-part.Start) })
	if i < 0 || len(before) != len(after) {
		return nil
	}
	return &workspace.Profile{
		Profile: after[i], Fragment: profile.Fragment, Instruction: profile.Instruction, Uses: profile.Uses,
	}
}

// document returns the YAML document that a profile is in, or the whole file where an edit lies outside of it.
func document(profile *workspace.Profile, edits []fixers.Edit) source.Span {
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

// edits returns the edits that meet the requirement; none where they cannot be made.
func (r Requirement) edits(profile *workspace.Profile) []fixers.Edit {
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
	profile *workspace.Profile
	// into are names to add to rules.
	into map[*seccomp.Rule][]string
	// inserted are rules to add.
	inserted []fixseccomp.NewRule
	// taken are names to remove from rules that refuse them with another answer than ENOSYS.
	taken []reach.Naming
	// freed are names to remove from rules that refuse them, which are allowed elsewhere.
	freed  []reach.Naming
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
	i := slices.IndexFunc(b.inserted, func(r fixseccomp.NewRule) bool {
		return r.Action == action && r.Errno == errno && slices.Equal(r.ExcludesCaps, caps)
	})
	if i < 0 {
		i = len(b.inserted)
		b.inserted = append(b.inserted, fixseccomp.NewRule{Action: action, Errno: errno, ExcludesCaps: caps})
	}
	b.inserted[i].Names = append(b.inserted[i].Names, name)
}

// allow lets a syscall run. It reports false where rules name it in a way that does not allow that.
func (b *builder) allow(a Wanted) bool {
	if reach.Named(b.profile, a.Name) {
		for _, n := range namings(b.profile, a.Name) {
			if !reach.Plain(n.Rule) || !reach.Denies(n.Rule) {
				return false
			}
			b.freed = append(b.freed, n)
		}
	}
	if reach.DefaultRuns(b.profile) {
		return true
	}
	into := guarding(b.profile, a.Beside)
	if into == nil {
		into = []*seccomp.Rule{Allowing(b.profile, a.Beside)}
	} else if reach.Named(b.profile, a.Name) {
		return false // without what guards the rules it would be answered otherwise than before
	}
	for _, rule := range into {
		b.put(rule, "SCMP_ACT_ALLOW", 0, a.Name)
	}
	return true
}

// guarding returns the rules that allow all calls of a syscall on some hosts or to some containers only; nil where
// another rule names it.
func guarding(profile *workspace.Profile, name string) (in []*seccomp.Rule) {
	for _, r := range profile.Rules {
		if name == "" || !reach.Names(r, name) {
			continue
		}
		whole := *r
		whole.Includes, whole.Excludes = seccomp.Scope{}, seccomp.Scope{}
		if reach.Plain(r) || !reach.Plain(&whole) || reach.Denies(r) {
			return nil
		}
		in = append(in, r)
	}
	return in
}

func namings(profile *workspace.Profile, name string) (in []reach.Naming) {
	for _, r := range profile.Rules {
		for _, s := range r.Names {
			if s.Text == name {
				in = append(in, reach.Naming{Name: s, Rule: r})
			}
		}
	}
	return in
}

// answer makes a syscall answer ENOSYS. It reports false where rules name it in a way that does not allow that.
func (b *builder) answer(name string) bool {
	if !reach.Named(b.profile, name) {
		b.put(answering(b.profile), "SCMP_ACT_ERRNO", 38, name)
		return true
	}
	if cap, ok := neededCap(b.profile, name); ok {
		b.insert("SCMP_ACT_ERRNO", 38, name, cap)
		return true
	}
	in := namings(b.profile, name)
	if len(in) != 1 || !reach.Plain(in[0].Rule) || !reach.Denies(in[0].Rule) {
		return false
	}
	b.taken = append(b.taken, in[0])
	return true
}

func (b *builder) isTaken(s seccomp.String) bool {
	return slices.ContainsFunc(slices.Concat(b.taken, b.freed),
		func(o reach.Naming) bool { return o.Name.Span == s.Span })
}

// move moves a taken name to a rule that answers ENOSYS. Where all names of its rule are taken, the rule itself gets
// that errno.
func (b *builder) move(n reach.Naming) {
	whole := !slices.ContainsFunc(n.Rule.Names, func(s seccomp.String) bool { return !b.isTaken(s) }) &&
		!slices.ContainsFunc(b.freed, func(o reach.Naming) bool { return o.Rule == n.Rule })
	if whole && len(b.into[n.Rule]) == 0 {
		if n.Name.Span == n.Rule.Names[0].Span {
			b.add(fixseccomp.SetErrno(b.profile.Profile, n.Rule, 38))
		}
		return
	}
	b.put(answering(b.profile), "SCMP_ACT_ERRNO", 38, n.Name.Text)
	b.take(n)
}

// take removes a name that is taken from its rule, with all others of that rule, and a rule that has no other names.
func (b *builder) take(n reach.Naming) {
	var drop []int
	for i, s := range n.Rule.Names {
		if b.isTaken(s) {
			drop = append(drop, i)
		}
	}
	switch {
	case n.Name.Span != n.Rule.Names[drop[0]].Span: // done with the first of them
	case len(drop) == len(n.Rule.Names) && len(b.into[n.Rule]) == 0:
		b.emptied = append(b.emptied, slices.Index(b.profile.Rules, n.Rule))
	default:
		b.add(fixseccomp.RemoveStrings(b.profile.Profile, n.Rule.Names, drop...))
	}
}

// finish returns all edits, in order of position; none where one of them cannot be made.
func (b *builder) finish() []fixers.Edit {
	if len(b.emptied) > 0 {
		b.add(fixseccomp.RemoveRules(b.profile.Profile, b.emptied...))
	}
	for _, r := range b.profile.Rules {
		if list := b.into[r]; list != nil {
			b.add(fixseccomp.AddStrings(b.profile.Profile, r.Names, list...))
		}
	}
	if len(b.inserted) > 0 {
		for i := range b.inserted {
			slices.Sort(b.inserted[i].Names)
		}
		b.add(fixseccomp.InsertRules(b.profile.Profile, len(b.profile.Rules), b.inserted...))
	}
	if b.failed {
		return nil
	}
	slices.SortFunc(b.edits, func(a, b fixers.Edit) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
	return b.edits
}

// Allowing returns the rule that allows all calls of a syscall, or without such a rule the longest one that allows;
// nil where there is none.
func Allowing(profile *workspace.Profile, beside string) *seccomp.Rule {
	var longest *seccomp.Rule
	for _, r := range profile.Rules {
		action, ok := seccomp.LookupAction(r.Action.Text)
		if !ok || !action.Runs || !reach.Plain(r) {
			continue
		}
		if beside != "" && reach.Names(r, beside) {
			return r
		}
		if longest == nil || len(r.Names) > len(longest.Names) {
			longest = r
		}
	}
	return longest
}

// answering returns the rule that answers all calls of its syscalls with ENOSYS, nil where there is none.
func answering(profile *workspace.Profile) *seccomp.Rule {
	for _, r := range profile.Rules {
		if r.Action.Text == "SCMP_ACT_ERRNO" && r.ErrnoRet.Known && r.ErrnoRet.Value == 38 &&
			(r.Errno.Text == "" || r.Errno.Text == "ENOSYS") && reach.Plain(r) {
			return r
		}
	}
	return nil
}

// neededCap returns the only capability that a container needs for a syscall: all rules that name it let it run, and
// include this capability and nothing else.
func neededCap(profile *workspace.Profile, name string) (string, bool) {
	cap := ""
	for _, r := range profile.Rules {
		if !reach.Names(r, name) {
			continue
		}
		in := &r.Includes
		without := *r
		without.Includes = seccomp.Scope{}
		if reach.Denies(r) || !reach.Plain(&without) || len(in.Caps) != 1 || len(in.Arches) > 0 ||
			in.MinKernel.Text != "" || cap != "" && cap != in.Caps[0].Text {
			return "", false
		}
		cap = in.Caps[0].Text
	}
	return cap, cap != ""
}
