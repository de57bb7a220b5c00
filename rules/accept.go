package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// Accepted is one finding that the configuration accepts: a block "accept".
type Accepted struct {
	// Fingerprint is that of the finding, or its beginning, of at least MinFingerprint digits.
	Fingerprint string
	// Rule is the id of the finding's rule, "" where the block does not say it. It serves to find out whether the block
	// is still of use.
	Rule string
	// Reason is why, or "".
	Reason string
	// Until is the last day on which it holds, at 00:00 UTC; the zero time without one.
	Until time.Time
	// File and Span are the place of the block.
	File *source.File
	Span source.Span
	// Prove returns an error where a text of File that some blocks were removed from, in order, differs in something
	// else. It is nil where no fix is offered.
	Prove func(removed []source.Span, after []byte) error
}

// MinFingerprint is how many digits of a fingerprint must be given.
const MinFingerprint = 12

// acceptance finds the findings that are accepted. Nil accepts none.
type acceptance struct {
	policy   *Policy
	tree     files.Tree
	dir      string
	now      time.Time
	byPrefix map[string][]*Accepted
	used     map[*Accepted]bool
}

// acceptances are those of the policies of a run that accept something.
type acceptances struct {
	list     []*acceptance
	policies Policies
}

func acceptancesOf(
	ws *workspace.Workspace, policies Policies, entries []*workspace.Entry, how ignoring,
) acceptances {
	out := acceptances{policies: policies}
	all, _ := policiesOf(ws, policies, entries)
	for _, p := range all {
		if len(p.Accepted) > 0 {
			out.list = append(out.list, newAcceptance(ws, p, how))
		}
	}
	return out
}

func newAcceptance(ws *workspace.Workspace, policy *Policy, how ignoring) *acceptance {
	a := &acceptance{
		policy: policy, tree: ws.Files(), dir: how.dir, now: how.now, byPrefix: map[string][]*Accepted{},
		used: map[*Accepted]bool{},
	}
	for n := range policy.Accepted {
		if one := &policy.Accepted[n]; len(one.Fingerprint) >= MinFingerprint {
			prefix := strings.ToLower(one.Fingerprint[:MinFingerprint])
			a.byPrefix[prefix] = append(a.byPrefix[prefix], one)
		}
	}
	return a
}

// apply suppresses the accepted ones of findings, which may be in any order.
func (a *acceptance) apply(all []*Finding) {
	slices.SortStableFunc(all, CompareFindings)
	var each []*Finding // without those that were found twice
	for n, f := range all {
		if n == 0 || CompareFindings(all[n-1], f) != 0 {
			each = append(each, f)
		}
	}
	prints := Fingerprints(a.tree, each, a.dir)
	k := -1
	for n, f := range all {
		if n == 0 || CompareFindings(all[n-1], f) != 0 {
			k++
		}
		if f.Suppressed != nil {
			continue
		}
		for _, one := range a.byPrefix[prints[k][:MinFingerprint]] {
			if !strings.HasPrefix(prints[k], strings.ToLower(one.Fingerprint)) {
				continue
			}
			a.used[one] = true
			if !ended(one.Until, a.now) {
				f.Suppressed = &Suppression{Kind: KindAccepted, Reason: one.Reason, File: one.File, Span: one.Span}
			}
		}
	}
	for _, f := range all { // at last, since messages order the findings
		if f.Suppressed == nil {
			a.mention(f, prints, each)
		}
	}
}

// mention adds to a finding that it was accepted once.
func (a *acceptance) mention(f *Finding, prints []string, each []*Finding) {
	k, found := slices.BinarySearchFunc(each, f, CompareFindings)
	if !found {
		return
	}
	for _, one := range a.byPrefix[prints[k][:MinFingerprint]] {
		if strings.HasPrefix(prints[k], strings.ToLower(one.Fingerprint)) && ended(one.Until, a.now) {
			f.endedOn(one.Until, one.File, one.Span)
			return
		}
	}
}

// accept suppresses what is accepted of all that was found.
func (c *checked) accept(ws *workspace.Workspace, accepting acceptances) {
	if len(accepting.list) == 0 {
		return
	}
	var all []*Finding
	results := []*fileResult{&c.whole}
	for n := range c.files {
		results = append(results, &c.files[n])
	}
	for _, r := range results {
		for _, list := range [][]Finding{r.findings, r.suppressed} {
			for n := range list {
				all = append(all, &list[n])
			}
		}
	}
	accepting.apply(ws, all)
	for _, r := range results {
		left := r.findings[:0]
		for _, f := range r.findings {
			if f.Suppressed == nil {
				left = append(left, f)
				continue
			}
			f.Fixes = nil
			r.suppressed = append(r.suppressed, f)
		}
		r.findings = left
	}
}

// apply suppresses the accepted ones of findings, by the policies of their files.
func (x acceptances) apply(ws *workspace.Workspace, all []*Finding) {
	for _, a := range x.list {
		var own []*Finding
		for _, f := range all {
			if x.policies.Policy(ws.Abs(f.File)) == a.policy {
				own = append(own, f)
			}
		}
		a.apply(own)
	}
}

// without returns those of findings that are not accepted.
func (x acceptances) without(ws *workspace.Workspace, findings []Finding) []Finding {
	if len(x.list) == 0 {
		return findings
	}
	all := make([]*Finding, len(findings))
	for n := range findings {
		all[n] = &findings[n]
	}
	x.apply(ws, all)
	return slices.DeleteFunc(findings, func(f Finding) bool { return f.Suppressed != nil })
}

// comments returns the accepted findings as suppressions that are judged, by their files.
func (a *acceptance) comments(judged func(*Accepted) bool) []*IgnoreComment {
	var out []*IgnoreComment
	for n := range a.policy.Accepted {
		one := &a.policy.Accepted[n]
		if one.File == nil {
			continue
		}
		c := &IgnoreComment{By: byAccept, File: one.File, Span: one.Span, Policy: a.policy.Ignores, Now: a.now,
			prove:   one.Prove,
			Expired: ended(one.Until, a.now)}
		c.Policy.Policy = "" // which is about comments
		c.Until, c.Reason = one.Until, one.Reason
		c.States = []NameState{{Unused: !a.used[one] && judged(one)}}
		out = append(out, c)
	}
	return out
}

// byAccept is IgnoreComment.By for a block "accept".
const byAccept = "accept"

// proveAccepted removes the fixes that change more of the configuration than they say.
func proveAccepted(findings []Finding, about []*IgnoreComment) {
	for n := range findings {
		f := &findings[n]
		f.Fixes = slices.DeleteFunc(f.Fixes, func(fix fixers.Fix) bool {
			k := slices.IndexFunc(about, func(c *IgnoreComment) bool { return c.Span == f.Span })
			if k < 0 || about[k].prove == nil {
				return true
			}
			after, err := fixers.Apply(f.File, fix.Edits)
			return err != nil || about[k].prove([]source.Span{f.Span}, after) != nil
		})
	}
	for n := range findings {
		if k := slices.IndexFunc(about, func(c *IgnoreComment) bool { return c.Span == findings[n].Span }); k >= 0 {
			findings[n].proveRemoved = about[k].prove
		}
	}
}

// removeAccepted removes the blocks "accept" that findings with a fix are about from the files of the configuration.
// They are proved together.
func (f *fixing) removeAccepted() {
	var paths []string
	of := map[string][]Finding{}
	for _, finding := range f.out.After.Findings {
		if finding.proveRemoved != nil && len(finding.Fixes) > 0 {
			path := finding.File.Path
			if of[path] == nil {
				paths = append(paths, path)
			}
			of[path] = append(of[path], finding)
		}
	}
	for _, path := range paths {
		list := of[path]
		fixed := FixedFile{File: list[0].File}
		var edits []fixers.Edit
		var removed []source.Span
		for _, finding := range list {
			fix := finding.Fixes[0]
			edits, removed = append(edits, fix.Edits...), append(removed, finding.Span)
			fixed.Applied = append(fixed.Applied, AppliedFix{Rule: finding.Rule, Title: fix.Title, Safety: fix.Safety})
		}
		after, err := fixers.Apply(fixed.File, edits)
		if err != nil || list[0].proveRemoved(removed, after) != nil {
			continue
		}
		fixed.After = after
		f.out.Files = append(f.out.Files, fixed)
		f.out.After.Findings = slices.DeleteFunc(f.out.After.Findings, func(one Finding) bool {
			return one.proveRemoved != nil && one.File.Path == path && len(one.Fixes) > 0
		})
	}
}
