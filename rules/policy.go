package rules

import (
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// Policy is what holds for some files of a run.
type Policy struct {
	// Set are the rules.
	Set *Set
	// Unheeded are the linters whose suppressions in the files have no effect: see Suppressors.
	Unheeded []string
	// Ignores says which suppressions are accepted in them. Accepted are the findings that the configuration accepts.
	Ignores  IgnorePolicy
	Accepted []Accepted
	// FailOn is the lowest severity that makes the run fail, above Error for none. The runner does not use it.
	FailOn Severity
}

// Policies say what holds for each file of a run. A Set is the case that its rules hold for all.
type Policies interface {
	// Policy returns what holds for the file at an absolute path: the same pointer for files with the same policy. It
	// is called from several goroutines. Files with one policy are for the same versions of the consumers: see
	// workspace.Options.TargetsOf.
	Policy(abs string) *Policy
}

// Policy implements Policies.
func (s *Set) Policy(string) *Policy { return &s.whole }

// policiesOf returns the policies of the files of a workspace, in the order of the files, each with one file; that of
// the working directory where there are none.
func policiesOf(ws *workspace.Workspace, policies Policies, entries []*workspace.Entry) (all []*Policy, of []string) {
	seen := map[*Policy]bool{}
	for _, e := range entries {
		if p := policies.Policy(e.Abs); !seen[p] {
			seen[p] = true
			all, of = append(all, p), append(of, e.Abs)
		}
	}
	if len(all) == 0 {
		abs := filepath.Join(ws.Dir(), "<none>")
		all, of = append(all, policies.Policy(abs)), append(of, abs)
	}
	return all, of
}

// active returns the rules of policies, sorted by id.
func active(policies []*Policy) []Active {
	if len(policies) == 1 {
		return policies[0].Set.Active()
	}
	var out []Active
	seen := map[string]bool{}
	for _, p := range policies {
		for _, a := range p.Set.Active() {
			if !seen[a.ID] {
				seen[a.ID] = true
				out = append(out, a)
			}
		}
	}
	sortActive(out)
	return out
}

// context is what a file is judged with.
type context struct {
	ws       *workspace.Workspace // as the file sees it
	policies Policies
	policy   *Policy // of the file
	ignoring
	noted *noted      // what is seen of suppressions, nil where nobody asks
	stop  func() bool // see CheckOptions.stop

	advises bool // see CheckOptions.advises
}

// ignoring says how a run treats suppressions, beside what policies say.
type ignoring struct {
	noIgnores bool // they have no effect
	now       time.Time
	dir       string
	dated     *atomic.Bool // see CheckOptions
}

func (o *CheckOptions) ignoring() ignoring { return ignoring{o.NoIgnores, o.Now, o.Dir, o.dated} }

// contextOf returns what an entry is judged with.
func contextOf(ws *workspace.Workspace, policies Policies, e *workspace.Entry, how ignoring) *context {
	return &context{ws: ws.For(e.Abs), policies: policies, policy: policies.Policy(e.Abs), ignoring: how}
}

// of returns the policy of a file in which something was found.
func (c *context) of(f *source.File, doc *workspace.Document) *Policy {
	if f.Path == doc.Source.Path {
		return c.policy
	}
	return c.policies.Policy(c.ws.Abs(f))
}

// elsewhere judges what was found in other files than the document, such as a script that it runs, as their own
// policies say: whether the rule is on there, and how severe it is.
func (c *context) elsewhere(all []Finding, doc *workspace.Document) []Finding {
	var out []Finding // made where something changes
	for n := range all {
		f := all[n]
		keep := true
		if other := c.of(f.File, doc); other != c.policy && !f.unselected {
			own := other.Set.configuredAs(f.Rule.ID)
			keep = own != nil && own.rate(&f)
			if out == nil {
				out = slices.Clone(all[:n])
			}
		}
		if keep && out != nil {
			out = append(out, f)
		}
	}
	if out == nil {
		return all
	}
	return out
}

// heed returns how suppressions in the files of a policy are treated.
func (c *context) heed(p *Policy) heed {
	return heed{by: p.Unheeded, policy: p.Ignores, now: c.now, dated: c.dated}
}

// configuredAs returns how a set has a rule, nil where it is off.
func (s *Set) configuredAs(id string) *configured {
	for _, list := range [][]configured{s.run, s.experimental} {
		for n := range list {
			if list[n].ID == id {
				return &list[n]
			}
		}
	}
	return nil
}
