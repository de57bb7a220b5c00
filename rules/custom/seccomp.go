package custom

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// seccompKinds are the kinds of node in seccomp profiles.
func seccompKinds() []*Kind {
	return []*Kind{profileKind(), seccompRuleKind(), decisionKind()}
}

// profileFile is the name of a profile in tests.
const profileFile = "seccomp.json"

// profileNode is a profile with the versions that decisions are asked for.
type profileNode struct {
	*workspace.Profile
	targets   decide.Targets
	handle    cty.Value
	decisions map[string]*decision // made by decision
}

// decision returns what the profile decides about a syscall, made once.
func (p *profileNode) decision(syscall string) *decision {
	d := p.decisions[syscall]
	if d == nil {
		d = &decision{profile: p, syscall: syscall}
		d.make()
		p.decisions[syscall] = d
	}
	return d
}

// profileType is the type of node.profile, which the function decides takes.
var profileType = cty.Capsule("profile", reflect.TypeFor[profileNode]())

type profilesKey struct{}

// profileNodes returns the profiles of a document, made once for all kinds.
func profileNodes(p *rules.Pass, doc *workspace.Document) []*profileNode {
	out, _ := p.Memo(profilesKey{}, func() any {
		var out []*profileNode
		for _, profile := range doc.Profiles {
			n := &profileNode{Profile: profile, targets: p.Targets().Seccomp, decisions: map[string]*decision{}}
			n.handle = cty.CapsuleVal(profileType, n)
			out = append(out, n)
		}
		return out
	}).([]*profileNode)
	return out
}

// node returns a node of the profile.
func (p *profileNode) node(k *Kind, subject any, whole Place) *Node {
	return &Node{kind: k, subject: subject, file: p.Source, span: whole.Span, whole: whole, profile: p.Profile}
}

// edited returns edits with their changes, nothing where the profile is so broken that no fix of it can be proved.
func (p *profileNode) edited(edits []fixers.Edit, changes fixers.Change) ([]fixers.Edit, fixers.Changes) {
	if len(edits) == 0 || len(p.DuplicateFields) > 0 ||
		slices.ContainsFunc(p.Problems, func(pr source.Problem) bool { return pr.Kind == seccomp.KindJSON }) {
		return nil, nil
	}
	return edits, fixers.Changes{changes}
}

// text is the place of a string that stands alone.
func (p *profileNode) text(s seccomp.String, changes func(becomes string) fixers.Change) (Place, bool) {
	if s.Span.IsEmpty() {
		return Place{}, false
	}
	return Place{Span: s.Span, Write: func(text string) ([]fixers.Edit, fixers.Changes) {
		return p.edited(fixseccomp.ReplaceString(p.Profile.Profile, s, text), changes(text))
	}}, true
}

// element is the place of a string in a list.
func (p *profileNode) element(list []seccomp.String, i int, changes func(names ...string) fixers.Change) (Place, bool) {
	if i >= len(list) {
		return Place{}, false
	}
	s := list[i]
	out, _ := p.text(s, func(becomes string) fixers.Change { return changes(s.Text, becomes) })
	insert := func(i int) func(string) ([]fixers.Edit, fixers.Changes) {
		return func(text string) ([]fixers.Edit, fixers.Changes) {
			return p.edited(fixseccomp.InsertString(p.Profile.Profile, list, i, text), changes(text))
		}
	}
	out.Before, out.After = insert(i), insert(i+1)
	out.Delete = func() ([]fixers.Edit, fixers.Changes) {
		return p.edited(fixseccomp.RemoveString(p.Profile.Profile, list, i), changes(s.Text))
	}
	return out, true
}

// anyDecision declares that the profile may decide otherwise about everything.
func anyDecision(...string) fixers.Change { return fixseccomp.AnyDecision{} }

// stringList is a list of strings of a profile.
func stringList(list []seccomp.String) cty.Value {
	texts := make([]string, len(list))
	for n, s := range list {
		texts[n] = s.Text
	}
	return textList(texts, nil)
}

// numberValue is a number of a profile, not known where it is none.
func numberValue(n seccomp.Number) cty.Value {
	if !n.Known {
		return cty.UnknownVal(cty.Number)
	}
	return cty.NumberUIntVal(n.Value)
}

// errnoText is the name of an error number that a profile gives, "" without one.
func errnoText(ret seccomp.Number, name seccomp.String) cty.Value {
	switch {
	case name.Text != "":
		if number, ok := seccomp.LookupErrno(name.Text); ok {
			return textValue(seccomp.ErrnoName(number))
		}
		return cty.UnknownVal(cty.String)
	case ret.Span.IsEmpty():
		return textValue("")
	case !ret.Known || ret.Value > 0xffff:
		return cty.UnknownVal(cty.String)
	}
	return textValue(seccomp.ErrnoName(uint16(ret.Value)))
}

// dialects are the names of the forms of profiles.
var dialects = map[seccomp.Dialect]string{seccomp.OCI: "oci", seccomp.Docker: "docker",
	seccomp.Containers: "containers", seccomp.Bundle: "bundle", seccomp.SPO: "spo"}

func profileOf(n *Node) *profileNode { return n.subject.(*profileNode) }

func profileKind() *Kind {
	k := &Kind{
		Name: "seccomp.profile", List: "profiles", File: profileFile,
		Doc: "a seccomp profile: a file, a resource of the security-profiles-operator, a key of a ConfigMap, a label",
		Example: `  when    = node.default_action == "SCMP_ACT_ALLOW"
  at      = node.default_action
  message = "every syscall that is not listed is allowed"

  fix {
    title         = "refuse what is not listed"
    applicability = "unsafe"
    replace {
      target = node.default_action
      with   = "SCMP_ACT_ERRNO"
    }
  }
`,
		Bad: "{\n  \"defaultAction\": \"SCMP_ACT_ALLOW\",\n  \"syscalls\": []\n}\n",
		Attributes: []Attribute{
			attribute("default_action", "the action for what no rule decides about, such as `SCMP_ACT_ERRNO`; \"\" "+
				"without one", cty.String, func(p *profileNode) cty.Value { return textValue(p.DefaultAction.Text) }).
				at(func(n *Node) (Place, bool) {
					return profileOf(n).text(profileOf(n).DefaultAction,
						func(string) fixers.Change { return fixseccomp.AnyDecision{} })
				}),
			attribute("default_errno", "the name of the error that goes with it, such as `ENOSYS`; \"\" without one",
				cty.String, func(p *profileNode) cty.Value { return errnoText(p.DefaultErrnoRet, p.DefaultErrno) }),
			attribute("architectures", "the names in architectures", cty.List(cty.String),
				func(p *profileNode) cty.Value { return stringList(p.Architectures) }).
				items(func(n *Node, i int) (Place, bool) {
					return profileOf(n).element(profileOf(n).Architectures, i, anyDecision)
				}),
			attribute("archmap", "the architectures of Docker's archMap, by host", cty.Map(cty.List(cty.String)),
				func(p *profileNode) cty.Value {
					out := map[string]cty.Value{}
					for _, m := range p.ArchMap {
						if _, taken := out[m.Architecture.Text]; !taken { // the first one counts
							out[m.Architecture.Text] = stringList(m.SubArchitectures)
						}
					}
					if len(out) == 0 {
						return cty.MapValEmpty(cty.List(cty.String))
					}
					return cty.MapVal(out)
				}),
			attribute("hosts", "the architectures of the machines that it is made for", cty.List(cty.String),
				func(p *profileNode) cty.Value {
					var out []string
					for _, a := range p.Hosts() {
						out = append(out, a.Name)
					}
					return textList(out, nil)
				}),
			attribute("flags", "the flags, such as `SECCOMP_FILTER_FLAG_LOG`", cty.List(cty.String),
				func(p *profileNode) cty.Value { return stringList(p.Flags) }).
				items(func(n *Node, i int) (Place, bool) {
					return profileOf(n).element(profileOf(n).Flags, i, anyDecision)
				}),
			attribute("listener", "the path of the socket of the agent that decides, \"\" without one", cty.String,
				func(p *profileNode) cty.Value { return textValue(p.ListenerPath.Text) }),
			attribute("dialect", "`oci`, `docker`, `containers` (Podman's fields), `bundle` (a whole config.json) or "+
				"`spo` (a SeccompProfile)", cty.String,
				func(p *profileNode) cty.Value { return textValue(dialects[p.Dialect]) }),
			attribute("name", "the name of a SeccompProfile, else \"\"", cty.String,
				func(p *profileNode) cty.Value { return textValue(p.Name.Text) }),
			attribute("syscalls", "the names in all rules, once each, sorted", cty.List(cty.String),
				func(p *profileNode) cty.Value {
					var out []string
					for name := range p.Named() {
						out = append(out, name)
					}
					slices.Sort(out)
					return textList(out, nil)
				}),
			attribute("used_by", "what puts it in force in this repository: `compose`, `kubernetes`, `daemon`, "+
				"`label` or `ConfigMap`", cty.List(cty.String), func(p *profileNode) cty.Value {
				var out []string
				for _, use := range p.Uses {
					if !slices.Contains(out, string(use.Kind)) {
						out = append(out, string(use.Kind))
					}
				}
				return textList(out, nil)
			}),
			attribute("read_by", readByDoc, cty.List(cty.String), (*profileNode).readers),
			attribute("profile", profileDoc, profileType, func(p *profileNode) cty.Value { return p.handle }),
		},
	}
	k.nodes = func(p *rules.Pass, doc *workspace.Document, _ string) []*Node {
		var out []*Node
		for _, profile := range profileNodes(p, doc) {
			at := profile.DefaultAction.Span
			if at.IsEmpty() { // the brace alone
				at = source.Span{Start: profile.Span.Start, End: min(profile.Span.Start+1, profile.Span.End)}
			}
			n := profile.node(k, profile, Place{Span: at})
			n.span = profile.Span
			out = append(out, n)
		}
		return out
	}
	return k
}

const (
	profileDoc = "the profile itself, for the function decides"
	readByDoc  = "the programs that read the file: `docker`, `podman`, `containerd`; those with which the " +
		"repository uses it, or else those that read all fields that it has"
)

// readers are the loaders that read the profile.
func (p *profileNode) readers() cty.Value {
	var out []string
	for _, l := range p.Loaders(p.targets) {
		out = append(out, strings.ToLower(l.String()))
	}
	return textList(out, nil)
}

// seccompRule is one rule of a profile.
type seccompRule struct {
	*seccomp.Rule
	profile *profileNode
	index   int
}

func seccompRuleOf(n *Node) *seccompRule { return n.subject.(*seccompRule) }

// syscalls declares that what is decided about the syscalls of the rule, and about others, may change.
func (r *seccompRule) syscalls(more ...string) fixers.Change {
	out := fixseccomp.Syscalls(slices.Clone(more))
	for _, name := range r.Names {
		out = append(out, name.Text)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var conditionType = cty.Object(map[string]cty.Type{
	"index": cty.Number, "op": cty.String, "value": cty.Number, "value_two": cty.Number,
})

func seccompRuleKind() *Kind {
	scope := func(name, doc string, pick func(*seccomp.Rule) []seccomp.String) Attribute {
		return attribute(name, doc, cty.List(cty.String),
			func(r *seccompRule) cty.Value { return stringList(pick(r.Rule)) }).
			items(func(n *Node, i int) (Place, bool) {
				r := seccompRuleOf(n)
				return r.profile.element(pick(r.Rule), i, func(...string) fixers.Change { return r.syscalls() })
			})
	}
	k := &Kind{
		Name: "seccomp.rule", List: "rules", File: profileFile, Doc: "one rule of a seccomp profile",
		Example: `  when    = contains(node.names, "bpf") && contains(node.caps, "CAP_SYS_ADMIN")
  at      = node.names[index(node.names, "bpf")]
  message = "bpf is allowed with CAP_SYS_ADMIN; CAP_BPF is enough for it"

  fix {
    title         = "leave bpf out"
    applicability = "unsafe"
    delete {
      target = node.names[index(node.names, "bpf")]
    }
  }
`,
		Bad: "{\n  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n  \"syscalls\": [\n    {\"names\": [\"bpf\", \"mount\"], " +
			"\"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"caps\": [\"CAP_SYS_ADMIN\"]}}\n  ]\n}\n",
		Attributes: []Attribute{
			attribute("names", "the syscalls that it names", cty.List(cty.String),
				func(r *seccompRule) cty.Value { return stringList(r.Names) }).
				items(func(n *Node, i int) (Place, bool) {
					r := seccompRuleOf(n)
					return r.profile.name(r.Rule, r.index, i)
				}).at(func(n *Node) (Place, bool) {
				at := seccompRuleOf(n).NamesSpan
				return Place{Span: at}, !at.IsEmpty()
			}),
			attribute("action", "what it does: `SCMP_ACT_ALLOW`", cty.String,
				func(r *seccompRule) cty.Value { return textValue(r.Action.Text) }).
				at(func(n *Node) (Place, bool) {
					r := seccompRuleOf(n)
					return r.profile.text(r.Action, func(string) fixers.Change { return r.syscalls() })
				}),
			attribute("errno", "the name of the error that goes with the action, such as `EPERM`; \"\" where the rule "+
				"gives none", cty.String, func(r *seccompRule) cty.Value { return errnoText(r.ErrnoRet, r.Errno) }).
				at(func(n *Node) (Place, bool) {
					r := seccompRuleOf(n)
					at := r.ErrnoRet.Span
					if at.IsEmpty() {
						at = r.Errno.Span
					}
					if at.IsEmpty() {
						at = r.Action.Span
					}
					return Place{Span: at, Write: func(text string) ([]fixers.Edit, fixers.Changes) {
						number, ok := seccomp.LookupErrno(text)
						if !ok {
							return nil, nil
						}
						return r.profile.edited(fixseccomp.SetErrno(r.profile.Profile.Profile, r.Rule, number),
							r.syscalls())
					}}, !at.IsEmpty()
				}),
			attribute("args", "the conditions on arguments: objects of index, op (`SCMP_CMP_EQ`), value and value_two",
				cty.List(conditionType), func(r *seccompRule) cty.Value {
					var out []cty.Value
					for _, a := range r.Args {
						out = append(out, cty.ObjectVal(map[string]cty.Value{
							"index": numberValue(a.Index), "op": textValue(a.Op.Text), "value": numberValue(a.Value),
							"value_two": numberValue(a.ValueTwo),
						}))
					}
					return list(conditionType, out)
				}).items(func(n *Node, i int) (Place, bool) {
				if args := seccompRuleOf(n).Args; i < len(args) {
					return Place{Span: args[i].Span}, true
				}
				return Place{}, false
			}),
			scope("caps", "the capabilities in includes, of which a container needs one",
				func(r *seccomp.Rule) []seccomp.String { return r.Includes.Caps }),
			scope("excludes_caps", "the capabilities in excludes",
				func(r *seccomp.Rule) []seccomp.String { return r.Excludes.Caps }),
			scope("arches", "the hosts in includes, as Docker names them: `amd64`",
				func(r *seccomp.Rule) []seccomp.String { return r.Includes.Arches }),
			scope("excludes_arches", "the hosts in excludes",
				func(r *seccomp.Rule) []seccomp.String { return r.Excludes.Arches }),
			attribute("min_kernel", "the release of Linux in includes, \"\" without one", cty.String,
				func(r *seccompRule) cty.Value { return textValue(r.Includes.MinKernel.Text) }),
			attribute("comment", "its comment", cty.String,
				func(r *seccompRule) cty.Value { return textValue(r.Comment.Text) }),
			attribute("index", "its number, from 0", cty.Number,
				func(r *seccompRule) cty.Value { return number(r.index) }),
			attribute("default_action", "the default action of the profile", cty.String,
				func(r *seccompRule) cty.Value { return textValue(r.profile.DefaultAction.Text) }),
			attribute("read_by", readByDoc, cty.List(cty.String),
				func(r *seccompRule) cty.Value { return r.profile.readers() }),
			attribute("profile", profileDoc, profileType, func(r *seccompRule) cty.Value { return r.profile.handle }),
		},
	}
	k.nodes = func(p *rules.Pass, doc *workspace.Document, _ string) []*Node {
		var out []*Node
		for _, profile := range profileNodes(p, doc) {
			for i, rule := range profile.Rules {
				r := &seccompRule{rule, profile, i}
				out = append(out, profile.node(k, r, profile.ruleAt(rule, i)))
			}
		}
		return out
	}
	return k
}

// ruleAt is the place of a rule with its braces.
func (p *profileNode) ruleAt(rule *seccomp.Rule, index int) Place {
	return Place{Span: rule.Span, Delete: func() ([]fixers.Edit, fixers.Changes) {
		r := &seccompRule{rule, p, index}
		edits := fixseccomp.RemoveRules(p.Profile.Profile, index)
		if edits == nil {
			edits = fixseccomp.RemoveElement(p.Profile.Profile, rule.Span) // beside a null
		}
		return p.edited(edits, r.syscalls())
	}}
}

// name is the place of a name in a rule. To delete the only one deletes the rule.
func (p *profileNode) name(rule *seccomp.Rule, index, i int) (Place, bool) {
	out, ok := p.element(rule.Names, i, func(names ...string) fixers.Change { return fixseccomp.Syscalls(names) })
	if !ok {
		return out, false
	}
	if len(rule.Names) == 1 {
		out.Delete = p.ruleAt(rule, index).Delete
	}
	if rule.LegacyName {
		out.Before, out.After = nil, nil
	}
	return out, true
}

// decision is what a profile decides about one syscall.
type decision struct {
	profile *profileNode
	syscall string

	outcomes []decide.Outcome            // those that are possible
	archs    map[string][]decide.Outcome // by architecture
	depends  bool                        // on arguments
	first    *decide.Decision            // the first one that a rule makes
}

// make asks the filters that most people get.
func (d *decision) make() {
	d.archs = map[string][]decide.Outcome{}
	s, _ := seccomp.LookupSyscall(d.syscall)
	for _, f := range d.profile.Usual(d.profile.targets) {
		for _, a := range f.Archs {
			if s == nil || !s.On(a.ABI) {
				continue
			}
			x := f.Decide(a, d.syscall)
			add := func(o decide.Outcome) {
				if !slices.Contains(d.archs[a.Name], o) {
					d.archs[a.Name] = append(d.archs[a.Name], o)
				}
				if !slices.Contains(d.outcomes, o) {
					d.outcomes = append(d.outcomes, o)
				}
			}
			add(x.Outcome)
			for _, c := range x.Cases {
				add(c.Outcome)
				d.depends = d.depends || c.Outcome != x.Outcome
			}
			if d.first == nil && (x.Step == decide.StepRule || x.Step == decide.StepConditions) {
				d.first = &x
			}
		}
	}
}

// actionOf is the action of outcomes, not known where there are several or none.
func actionOf(outcomes []decide.Outcome) cty.Value {
	for _, o := range outcomes {
		if o.Action != outcomes[0].Action {
			return cty.UnknownVal(cty.String)
		}
	}
	return knownText(firstOf(outcomes).Action, len(outcomes) > 0 && outcomes[0].Action != "")
}

func firstOf(outcomes []decide.Outcome) (o decide.Outcome) {
	if len(outcomes) > 0 {
		o = outcomes[0]
	}
	return o
}

func decisionKind() *Kind {
	k := &Kind{
		Name: "seccomp.decision", File: profileFile, Index: "the name of a syscall", checkIndex: checkSyscall,
		Doc: "what a profile decides about one syscall, for the hosts that it is for, the programs that read it and " +
			"their newest targeted releases, in a container that asks for no more than usual",
		Example: `  when    = node.allowed
  message = "${node.syscall} is allowed: one process can read another"
`,
		Bad: "{\n  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n  \"syscalls\": [\n    {\"names\": [\"ptrace\"], " +
			"\"action\": \"SCMP_ACT_ALLOW\"}\n  ]\n}\n",
		Attributes: []Attribute{
			attribute("syscall", "the syscall that \"on\" names", cty.String,
				func(d *decision) cty.Value { return textValue(d.syscall) }),
			attribute("action", "what happens to its calls, such as `SCMP_ACT_ERRNO`; not known where that depends on "+
				"arguments, hosts or programs", cty.String, func(d *decision) cty.Value {
				return actionOf(d.outcomes)
			}),
			attribute("allowed", "whether its calls are carried out, as with SCMP_ACT_ALLOW and SCMP_ACT_LOG; not "+
				"known where only some are", cty.Bool, func(d *decision) cty.Value {
				runs, refused := 0, 0
				for _, o := range d.outcomes {
					switch {
					case o.Action == "":
						return cty.UnknownVal(cty.Bool)
					case o.Runs():
						runs++
					default:
						refused++
					}
				}
				return knownBool(runs > 0, (runs > 0) != (refused > 0))
			}),
			attribute("errno", "the name of the error that its calls fail with, such as `EPERM`; \"\" with another "+
				"action", cty.String, func(d *decision) cty.Value {
				o := firstOf(d.outcomes)
				if o.Action != "SCMP_ACT_ERRNO" {
					return knownText("", len(d.outcomes) == 1)
				}
				return knownText(seccomp.ErrnoName(o.Errno), len(d.outcomes) == 1)
			}),
			attribute("conditional", "whether its arguments decide", cty.Bool, func(d *decision) cty.Value {
				return cty.BoolVal(d.depends)
			}),
			attribute("named", "whether a rule names it, in force or not", cty.Bool,
				func(d *decision) cty.Value { return cty.BoolVal(d.profile.Mentions(d.syscall)) }),
			attribute("archs", "the action by architecture, such as `SCMP_ARCH_X86_64`, of those that have the syscall",
				cty.Map(cty.String), func(d *decision) cty.Value {
					out := map[string]cty.Value{}
					for name, outcomes := range d.archs {
						out[name] = actionOf(outcomes)
					}
					return textMap(out)
				}),
			attribute("profile", profileDoc, profileType, func(d *decision) cty.Value { return d.profile.handle }),
		},
	}
	k.nodes = func(p *rules.Pass, doc *workspace.Document, index string) []*Node {
		var out []*Node
		for _, profile := range profileNodes(p, doc) {
			d := profile.decision(index)
			out = append(out, profile.node(k, d, d.at()))
		}
		return out
	}
	return k
}

// at is the place of the name in the rule that decides, else of the default action.
func (d *decision) at() Place {
	p := d.profile
	if d.first != nil {
		rule, name := d.first.Rule, d.first.Name
		if rule == nil {
			rule, name = d.first.Cases[0].Rule, d.first.Cases[0].Name
		}
		if index := slices.Index(p.Rules, rule); index >= 0 {
			if i := slices.IndexFunc(rule.Names, func(s seccomp.String) bool { return s.Span == name.Span }); i >= 0 {
				if place, ok := p.name(rule, index, i); ok {
					return place
				}
			}
		}
	}
	if place, ok := p.text(p.DefaultAction,
		func(string) fixers.Change { return fixseccomp.AnyDecision{} }); ok {
		return place
	}
	return Place{Span: source.Span{Start: p.Span.Start, End: min(p.Span.Start+1, p.Span.End)}}
}

// checkSyscall returns what is wrong with the name of a syscall.
func checkSyscall(name string) error {
	if _, ok := seccomp.LookupSyscall(name); ok {
		return nil
	}
	near := seccomp.NearSyscalls(name)
	if len(near) > 3 {
		near = near[:3]
	}
	for n := range near {
		near[n] = quoted(near[n])
	}
	if len(near) == 0 {
		return fmt.Errorf("there is no syscall %q", name)
	}
	return fmt.Errorf("there is no syscall %q; did you mean %s?", name, strings.Join(near, " or "))
}

// architectureNamed returns the architecture that profiles or platforms call so: SCMP_ARCH_X86_64, amd64.
func architectureNamed(name string) (*seccomp.Architecture, error) {
	if a, ok := seccomp.LookupArchitecture(name); ok {
		return a, nil
	}
	if a, ok := seccomp.ArchitectureOf(name); ok {
		return a, nil
	}
	if near := seccomp.NearestArchitecture(name); near != "" {
		return nil, fmt.Errorf("there is no architecture %q; did you mean %q?", name, near)
	}
	return nil, fmt.Errorf("there is no architecture %q; they are called SCMP_ARCH_X86_64, or amd64", name)
}

// modelFunctions are the functions that ask the model.
func modelFunctions() []Function {
	return []Function{
		{
			"decides", "decides(profile, syscall, architecture)",
			"The action that a seccomp profile (node.profile) decides on for a syscall on an architecture, such as " +
				"SCMP_ARCH_X86_64 or amd64. It is not known where arguments or programs decide, and \"\" where the " +
				"profile is not for the architecture or that has no such syscall.", "", "", decidesFunction,
		},
	}
}

var decidesFunction = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "profile", Type: profileType}, text("syscall"), text("architecture")},
	Type: func(args []cty.Value) (cty.Type, error) {
		if v := args[1]; v.IsKnown() && !v.IsNull() {
			if err := checkSyscall(v.AsString()); err != nil {
				return cty.NilType, function.NewArgError(1, err)
			}
		}
		if v := args[2]; v.IsKnown() && !v.IsNull() {
			if _, err := architectureNamed(v.AsString()); err != nil {
				return cty.NilType, function.NewArgError(2, err)
			}
		}
		return cty.String, nil
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		a, err := architectureNamed(args[2].AsString())
		if err != nil {
			return cty.NilVal, function.NewArgError(2, err)
		}
		profile, ok := args[0].EncapsulatedValue().(*profileNode)
		if !ok {
			return cty.UnknownVal(cty.String), nil
		}
		outcomes, asked := profile.decision(args[1].AsString()).archs[a.Name]
		if !asked {
			return textValue(""), nil
		}
		return actionOf(outcomes), nil
	},
})
