package fixers

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// This file proves fixes and applies those that are proved.
//
// A proof applies fixes in memory, lints the result (Checker.Lint) and compares it with the original in the meaning of
// the format (Checker.Compare). It passes when
//
//   - the edits apply and change something;
//   - the result has no new syntax finding;
//   - the findings that the fixes are for are gone, and none is new, whatever its severity. There are three exceptions:
//     what a syntax error hid may come to light when it is mended; an unsafe fix, and one of what did nothing before
//     (Reveals), may bring notes (Finding.Note), as the former of lower severity; and an unsafe fix of what did nothing
//     may bring findings of other rules about what it does, of the same severity at most;
//   - the meaning changed only as the fixes declare (Fix.Changes).
//
// Findings are compared by count, not by place, since edits move text: a group is a rule in a file at a severity, an
// identity a rule about one text. A proof costs one Lint of all files and one Compare for each edited file; nothing is
// written.
//
// Fixes are proved in batches of those that do not overlap. When a batch fails it is halved, and the halves are tried,
// so k bad fixes among n cost about k·log n proofs. maxFailures bounds what one bad rule can cost, and a budget what
// one set of files can: it is counted in bytes linted, so it is the same on every machine.
//
// ProveAll is for showing fixes: its batches are taken of the text as it is, and it looks first for the culprits where
// the new findings stand (show.go). Run is for applying them: it
// joins the halves that passed, and each batch that passes makes new texts, on which Run starts over until nothing is
// left. It stops a cycle by the hashes of the texts that a file has had.

// Finding is what the proof needs to know of a finding.
type Finding struct {
	// Path is the file in which the finding is reported.
	Path string
	// Rule is the id of the rule that reports it.
	Rule string
	// Severity is its rank; a higher one is worse.
	Severity int
	// Key distinguishes the findings of one rule in one file by what they are about: normalised text, never a position,
	// so the same finding in shifted text has the same key. Findings about equal text share a key and are counted.
	Key string
	// Span is its place in the file. The proof uses it only to find out sooner which fix brought a finding.
	Span source.Span
	// Message is what a person reads.
	Message string
	// Syntax says that the consumer of the file stops at this place.
	Syntax bool
	// Note says that the finding only informs: its severity is below that of a warning.
	Note bool
	// Fixes are alternatives, best first. Their edits are of the files given to Lint.
	Fixes []Fix
}

// Checker is what the proof knows of rules and formats.
type Checker interface {
	// Lint returns the findings of files, in any order. The files are all those that can influence each other: a
	// Dockerfile and the nix.conf that it copies, or one file alone. A file that was not edited is the same
	// *source.File in every call, so Lint can keep what it made of it. An error ends the whole run.
	Lint(files []*source.File) ([]Finding, error)
	// Compare says in one sentence what changed in the meaning of file n that fixes, whose edits turned before[n] into
	// after[n], do not declare; "" when nothing did. It ignores the edits of fixes in other files, and reads these as
	// they were before.
	Compare(before, after []*source.File, n int, fixes []Fix) string
}

// Prover proves fixes of one set of files.
type Prover struct {
	checker  Checker
	files    []*source.File
	byPath   map[string]int
	findings []Finding
	groups   map[group]int    // how many findings each has
	known    map[identity]int // see identities
	size     int              // of all files, in bytes
}

// NewProver returns a prover for files. The findings are those that Lint returns for the files.
func NewProver(files []*source.File, findings []Finding, c Checker) *Prover {
	p := &Prover{
		checker:  c,
		files:    files,
		findings: findings,
		byPath:   make(map[string]int, len(files)),
		groups:   count(findings),
	}
	for i, f := range files {
		p.byPath[f.Path] = i
		p.size += len(f.Bytes)
	}
	return p
}

// Prove returns nil when fix, applied alone, is proved to fix finding and to do nothing else: it applies, the result
// has no new syntax finding, the finding is gone, no new finding has come (but for lesser ones that a syntax error
// hid, notes that an unsafe fix brings, and what it reveals), and the meaning changed only as the fix declares. Else
// the error says what is wrong; it matches ErrRejected unless the checker itself failed.
//
// It costs one Lint, and one Compare for each edited file; ProveAll proves many fixes for little more.
func (p *Prover) Prove(finding Finding, fix Fix) error {
	if fix.Safety == Manual || len(fix.Edits) == 0 {
		return fmt.Errorf("%w: it is advice and has no edits", ErrRejected)
	}
	_, failed, err := p.try([]candidate{{finding: &finding, fix: &fix}}, nil)
	if reason := failed.reason; err == nil && reason != "" {
		err = fmt.Errorf("%w: %s", ErrRejected, reason)
	}
	return err
}

// ErrRejected is matched by the errors that say why the proof rejected a fix.
var ErrRejected = errors.New("fix is not proved")

// group is a kind of finding that the proof counts. A finding whose message merely reads differently after a fix, since
// the fix edited the text that it is about, stays in its group.
type group struct {
	path, rule string
	severity   int
	syntax     bool
	note       bool
}

// identity is what makes a finding the same finding before and after a fix.
type identity struct{ path, rule, key string }

func (f *Finding) group() group       { return group{f.Path, f.Rule, f.Severity, f.Syntax, f.Note} }
func (f *Finding) identity() identity { return identity{f.Path, f.Rule, f.Key} }

func count(findings []Finding) map[group]int {
	out := map[group]int{}
	for i := 0; i < len(findings); {
		g, first := findings[i].group(), i
		for i++; i < len(findings) && findings[i].group() == g; i++ {
			continue
		}
		out[g] += i - first
	}
	return out
}

// identities returns how many findings have each identity.
func (p *Prover) identities() map[identity]int {
	if p.known == nil {
		p.known = make(map[identity]int, len(p.findings))
		for i := range p.findings {
			p.known[p.findings[i].identity()]++
		}
	}
	return p.known
}

// trial is a batch of fixes that passed its proof.
type trial struct {
	after   *Prover // the texts and findings after it
	changed []int   // the indexes of the files that it changed
	taken   []candidate
	added   map[group]int // new findings
}

// failure is why a batch did not pass its proof.
type failure struct {
	reason string         // "" for one that passed
	rule   string         // that has a new finding, where this is the reason
	files  []*source.File // the texts after it
	new    []Finding      // the findings in them that should not be there, as far as they are known
}

// try applies a batch of fixes and proves them together. It returns the trial, or why the proof failed, or the error of
// the checker. Findings in allowed may be new whatever their severity.
func (p *Prover) try(taken []candidate, allowed map[group]int) (*trial, failure, error) {
	files, changed, err := p.apply(taken)
	if err != nil {
		return nil, failure{reason: err.Error()}, nil
	}
	findings, err := p.checker.Lint(files)
	if err != nil {
		return nil, failure{}, err
	}
	t := &trial{changed: changed, taken: taken, added: map[group]int{}}
	t.after = &Prover{checker: p.checker, files: files, byPath: p.byPath, findings: findings, groups: count(findings)}
	for _, f := range files {
		t.after.size += len(f.Bytes)
	}

	fixed := map[identity]int{}
	fixedIn := map[group]int{}
	for _, c := range taken {
		fixed[c.finding.identity()]++
		fixedIn[c.finding.group()]++
	}
	if failed := p.newFinding(t, fixedIn, allowed); failed.reason != "" {
		return nil, failed, nil
	}
	if rule := p.unfixed(t, fixed); rule != "" {
		return nil, failure{reason: "the finding is still there (" + rule + ")"}, nil
	}
	fixes := make([][]Fix, len(files))
	for _, c := range taken {
		for _, i := range p.edited(c.fix) {
			if fixes[i] == nil {
				fixes[i] = make([]Fix, 0, len(taken))
			}
			fixes[i] = append(fixes[i], *c.fix)
		}
	}
	for _, i := range changed {
		if difference := p.checker.Compare(p.files, files, i, fixes[i]); difference != "" {
			return nil, failure{reason: difference}, nil
		}
	}
	return t, failure{}, nil
}

// unfixed returns the rule of a finding that is still there after its fix, "" where all are gone. Fixed counts what is
// to be gone. What has the identity of one that is gone may be another finding, whose text another fix changed: it
// stands where that one stood.
func (p *Prover) unfixed(t *trial, fixed map[identity]int) string {
	var unexplained map[identity]bool
	left := make(map[identity]int, len(fixed)) // how many of them are there after the trial
	for i := range t.after.findings {
		if id := t.after.findings[i].identity(); fixed[id] > 0 {
			left[id]++
		}
	}
	for _, c := range t.taken {
		id := c.finding.identity()
		if left[id] <= p.identities()[id]-fixed[id] {
			continue
		}
		if unexplained == nil {
			unexplained = p.unexplained(t)
		}
		if unexplained[id] {
			return c.finding.Rule
		}
	}
	return ""
}

// place is where a rule has a finding.
type place struct {
	path, rule string
	span       source.Span
}

func (f *Finding) place() place { return place{f.Path, f.Rule, f.Span} }

// unexplained returns the identities of the findings after a trial that do not stand where a finding stood that it does
// not fix.
func (p *Prover) unexplained(t *trial) map[identity]bool {
	edits := map[string][]Edit{}
	taken := map[place]bool{}
	for _, c := range t.taken {
		taken[c.finding.place()] = true
		for _, e := range c.fix.Edits {
			edits[editPath(e)] = append(edits[editPath(e)], e)
		}
	}
	shifts := map[string]shift{}
	for path, list := range edits {
		shifts[path] = newShift(list)
	}
	left := map[place]bool{}
	for i := range p.findings {
		if at := p.findings[i].place(); !taken[at] {
			at.span = shifts[at.path].span(at.span)
			left[at] = true
		}
	}
	out := map[identity]bool{}
	for i := range t.after.findings {
		if f := &t.after.findings[i]; !left[f.place()] {
			out[f.identity()] = true
		}
	}
	return out
}

// shift finds places of a text in what edits made of it.
type shift struct {
	ends []int // where the edits end, in order
	by   []int // by how many bytes each and those before it move what follows
}

func newShift(edits []Edit) shift {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, compareEdits)
	sorted = slices.CompactFunc(sorted, equalEdits)
	var s shift
	total := 0
	for _, e := range sorted {
		total += len(e.Text) - e.Span.Len()
		s.ends, s.by = append(s.ends, e.Span.End), append(s.by, total)
	}
	return s
}

// span returns the place of a span after the edits. What is inserted at its start stands before it, what is inserted at
// its end belongs to it.
func (s shift) span(at source.Span) source.Span {
	moved := func(offset int) int {
		n, _ := slices.BinarySearch(s.ends, offset+1)
		if n == 0 {
			return offset
		}
		return offset + s.by[n-1]
	}
	return source.Span{Start: moved(at.Start), End: moved(at.End)}
}

// edited returns the indexes of the files that a fix edits, sorted.
func (p *Prover) edited(f *Fix) []int {
	var out []int
	for _, e := range f.Edits {
		if i, ok := p.byPath[editPath(e)]; ok && (len(out) == 0 || out[len(out)-1] != i) {
			out = append(out, i)
		}
	}
	if len(out) > 1 {
		slices.Sort(out)
		out = slices.Compact(out)
	}
	return out
}

// apply returns the files with all edits of taken made, and the indexes of those that changed.
func (p *Prover) apply(taken []candidate) (files []*source.File, changed []int, err error) {
	edits := map[int][]Edit{}
	for _, c := range taken {
		for _, e := range c.fix.Edits {
			i, ok := p.byPath[editPath(e)]
			if !ok {
				return nil, nil, fmt.Errorf("it edits %q, which is not one of the files", editPath(e))
			}
			edits[i] = append(edits[i], e)
		}
	}
	files = slices.Clone(p.files)
	for _, i := range slices.Sorted(maps.Keys(edits)) {
		f := p.files[i]
		text, err := Apply(f, edits[i])
		if err != nil {
			return nil, nil, err
		}
		if after := source.NewFile(f.Path, text); !sameFile(f, after) {
			files[i] = after
			changed = append(changed, i)
		}
	}
	if len(changed) == 0 {
		return nil, nil, errors.New("it changes nothing")
	}
	return files, changed, nil
}

// tolerates reports whether the fix of c may bring a finding of g: one that the syntax error hid; a note, where the fix
// is unsafe or reveals what a text does; or, where it is unsafe, what another rule says of the name that it mends.
func (c *candidate) tolerates(g group) bool {
	unsafe := c.fix.Safety == Unsafe
	switch {
	case g.syntax || g.severity > c.finding.Severity:
		return false
	case unsafe && Declares[Reveals](*c.fix) && g.rule != c.finding.Rule:
		return true
	}
	return g.severity < c.finding.Severity && (c.finding.Syntax || g.note && (unsafe || Declares[Reveals](*c.fix)))
}

// newFinding fills in t.added, and says which new finding fails the proof: one that not all of the fixes tolerate.
func (p *Prover) newFinding(t *trial, fixedIn, allowed map[group]int) failure {
	var worst *group
	for g, n := range t.after.groups {
		if n -= p.groups[g] - fixedIn[g]; n > 0 {
			n -= p.downgraded(t, g, fixedIn)
		}
		if n <= 0 {
			continue
		}
		t.added[g] = n
		if n <= allowed[g] ||
			!slices.ContainsFunc(t.taken, func(c candidate) bool { return !c.tolerates(g) }) {
			continue
		}
		if worst == nil || compareGroups(g, *worst) < 0 {
			worst = &g
		}
	}
	if worst == nil {
		return failure{}
	}
	what := "a new finding has come"
	if worst.syntax {
		what = "the result does not parse"
	}
	if fixedIn[*worst] > 0 {
		what = "the finding is still there, or another one has come"
	}
	failed := failure{files: t.after.files, rule: worst.rule}
	var messages []string
	for i := range t.after.findings {
		f := &t.after.findings[i]
		if f.group() == *worst && t.after.identities()[f.identity()] > p.identities()[f.identity()] {
			messages = append(messages, f.Message)
			failed.new = append(failed.new, *f)
		}
	}
	if len(messages) > 0 {
		what += ": " + slices.Min(messages)
	}
	if len(failed.new) == 0 {
		failed.new = p.newIn(t, *worst)
	}
	failed.reason = what + " (" + worst.rule + ")"
	return failed
}

// newIn returns the findings of a group after a trial of whose identity the group had fewer before: those that had
// another severity, where no identity is new.
func (p *Prover) newIn(t *trial, g group) (out []Finding) {
	before := map[identity]int{}
	for i := range p.findings {
		if f := &p.findings[i]; f.group() == g {
			before[f.identity()]++
		}
	}
	for i := range t.after.findings {
		f := &t.after.findings[i]
		if f.group() != g {
			continue
		}
		if before[f.identity()]--; before[f.identity()] < 0 {
			out = append(out, *f)
		}
	}
	return out
}

// downgraded returns how many findings of g's rule with a higher severity than g are gone without having been fixed. As
// many findings of g are not new, but these at a lower severity.
func (p *Prover) downgraded(t *trial, g group, fixedIn map[group]int) int {
	gone := 0
	for worse, n := range p.groups {
		if worse.path == g.path && worse.rule == g.rule && worse.syntax == g.syntax && worse.severity > g.severity {
			gone += n - fixedIn[worse] - t.after.groups[worse]
		}
	}
	return max(gone, 0)
}

// compareGroups puts the worst group first.
func compareGroups(a, b group) int {
	if a.syntax != b.syntax {
		if a.syntax {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(b.severity, a.severity), strings.Compare(a.rule, b.rule), strings.Compare(a.path, b.path))
}

// Options say which fixes Run applies.
type Options struct {
	// Unsafe applies unsafe fixes too.
	Unsafe bool
	// Findings are those of the files, where the caller has them; nil makes Run lint the files first.
	Findings []Finding
}

// Result is what Run did, in memory.
type Result struct {
	// Files are the results in the order in which the files were given.
	Files []FileResult
	// Findings are those of the final texts.
	Findings []Finding
	// Untried is the number of findings with fixes that were not tried, since the budget of the files was used up.
	Untried int
}

// FileResult is what Run did to one file. A fix that edits several files is listed with each.
type FileResult struct {
	// Before is the file as given. After is the same value when nothing changed.
	Before, After *source.File
	// Applied are the fixes that made After, in the order in which they were applied.
	Applied []Applied
	// Rejected are the fixes that failed their proof.
	Rejected []Rejected
	// Cycles are the places where rules undo each other's fixes.
	Cycles []Cycle
}

// Applied is one fix that was applied.
type Applied struct {
	Rule, Title string
	Safety      Safety
}

// Rejected is one fix that failed its proof, which is a defect of the rule that made it. Finding is what it was for.
type Rejected struct {
	Rule, Title string
	Finding     Finding
	Reason      string
}

// Cycle says that the fixes of rules would restore an earlier text of the file. The last of these fixes is not applied.
type Cycle struct {
	// Rules are the ids, sorted.
	Rules []string
}

// Run applies the fixes of files until none is left that can be applied, and proves each step. In each pass it applies
// and proves together all fixes that do not overlap. When that fails, it halves the batch until the fixes at fault are
// found, and tries these again only when all else is done and the text has changed. So a second Run on the result
// changes nothing, unless the budget was used up. The result does not depend on the order of files or findings. The
// error is the checker's.
func Run(files []*source.File, opts Options, c Checker) (Result, error) {
	findings := opts.Findings
	if findings == nil {
		var err error
		if findings, err = c.Lint(files); err != nil {
			return Result{}, err
		}
	}
	p := NewProver(files, findings, c)
	r := &runner{
		unsafe:   opts.Unsafe,
		left:     runBudget(p.size),
		rejected: map[attempt]bool{},
		undone:   map[attempt]bool{},
		failures: map[string]int{},
		listed:   map[listing]bool{},
		seen:     make([]map[[sha256.Size]byte]int, len(files)),
	}
	r.result.Files = make([]FileResult, len(files))
	for i, f := range files {
		r.result.Files[i].Before = f
	}
	for {
		candidates := r.candidates(p)
		if r.left <= 0 {
			r.result.Untried = len(candidates)
			break
		}
		worth, _ := alike(candidates)
		taken, _ := combine(worth, false)
		if len(taken) == 0 && !r.retry {
			break
		}
		if len(taken) == 0 {
			// A second run would try these again on the new text, so this one does.
			clear(r.rejected)
			clear(r.failures)
			r.retry = false
			continue
		}
		t, err := r.settle(p, taken)
		if err != nil {
			return Result{}, err
		}
		if t != nil && r.accept(p, t) {
			p = t.after
		}
	}
	for i, f := range p.files {
		r.result.Files[i].After = f
	}
	r.result.Findings = p.findings
	return r.result, nil
}

// runBudget is the number of bytes that Run may lint for files of some bytes: far more than fixes that do not overlap
// need, and proportional to the files, since each fix of a thousand that overlap takes a pass of its own.
func runBudget(size int) int { return 4<<20 + 32*size }

// attempt is one fix for one finding. Twins are findings that share an identity; they are numbered in order of
// position.
type attempt struct {
	identity
	twin  int
	title string
}

// listing is a rejected fix in the result of file i.
type listing struct {
	i int
	identity
	title string
}

type runner struct {
	unsafe bool
	left   int // of the budget
	// rejected are the fixes that failed, and undone those that are part of a cycle; neither is tried again.
	rejected, undone map[attempt]bool
	// retry says that the text changed since a fix was rejected.
	retry bool
	// failures counts the rejected fixes of each rule.
	failures map[string]int
	// listed are the fixes in the lists of rejected ones.
	listed map[listing]bool
	// seen holds, for each file, the hashes of the texts that it has had, with the number of fixes applied by then.
	seen   []map[[sha256.Size]byte]int
	result Result
}

// candidates returns the fix to try for each finding that has one.
func (r *runner) candidates(p *Prover) []candidate {
	var fixable []candidate
	for n := range p.findings {
		f := &p.findings[n]
		for m := range f.Fixes {
			if r.applies(&f.Fixes[m]) {
				// The fix only gives the finding its place among its twins.
				fixable = append(fixable, candidate{finding: f, fix: &f.Fixes[m]})
				break
			}
		}
	}
	slices.SortStableFunc(fixable, func(a, b candidate) int {
		return cmp.Or(compareEdits(a.fix.Edits[0], b.fix.Edits[0]), compareCandidates(a, b))
	})
	twins := map[identity]int{}
	var out []candidate
	for _, c := range fixable {
		id := c.finding.identity()
		c.twin = twins[id]
		twins[id]++
		for m := range c.finding.Fixes {
			c.fix = &c.finding.Fixes[m]
			if r.applies(c.fix) && !r.rejected[c.attempt()] && !r.undone[c.attempt()] {
				out = append(out, c)
				break
			}
		}
	}
	return out
}

// alike returns candidates that tolerate the same findings, so that a batch tolerates them too: those for syntax
// findings, else the safe ones, else all; and the others. Both are in order.
func alike(all []candidate) (chosen, others []candidate) {
	for _, take := range []func(candidate) bool{
		func(c candidate) bool { return c.finding.Syntax },
		func(c candidate) bool { return c.fix.Safety == Safe },
	} {
		n := 0
		for _, c := range all {
			if take(c) {
				n++
			}
		}
		switch n {
		case 0:
			continue
		case len(all):
			return all, nil
		}
		chosen, others = make([]candidate, 0, n), make([]candidate, 0, len(all)-n)
		for _, c := range all {
			if take(c) {
				chosen = append(chosen, c)
			} else {
				others = append(others, c)
			}
		}
		return chosen, others
	}
	return all, nil
}

func (r *runner) applies(fix *Fix) bool {
	return len(fix.Edits) > 0 && fix.Applies(r.unsafe)
}

func (c *candidate) attempt() attempt { return attempt{c.finding.identity(), c.twin, c.fix.Title} }

// maxFailures is the number of failed fixes after which a rule's other fixes are rejected untried: one bad rule must
// not cost a Lint for each of the thousand places that it reports.
const maxFailures = 32

// settle proves a batch or, by splitting it, a large part of it. It returns nil when no part can be proved.
func (r *runner) settle(p *Prover, taken []candidate) (*trial, error) {
	var worth []candidate
	for _, c := range taken {
		if r.failures[c.finding.Rule] < maxFailures {
			worth = append(worth, c)
		} else {
			r.reject(p, c, fmt.Sprintf("not tried, since %d other fixes of the rule failed", maxFailures))
		}
	}
	if taken = worth; len(taken) == 0 || r.left <= 0 {
		return nil, nil
	}
	t, failed, err := r.try(p, taken, nil)
	if err != nil || t != nil {
		return t, err
	}
	if len(taken) == 1 {
		r.failures[taken[0].finding.Rule]++
		r.reject(p, taken[0], failed.reason)
		return nil, nil
	}
	left, err := r.settle(p, taken[:len(taken)/2])
	if err != nil {
		return nil, err
	}
	right, err := r.settle(p, taken[len(taken)/2:])
	if err != nil || left == nil {
		return right, err
	}
	if right == nil {
		return left, nil
	}
	allowed := maps.Clone(left.added)
	for g, n := range right.added {
		allowed[g] += n
	}
	both, _, err := r.try(p, slices.Concat(left.taken, right.taken), allowed)
	if err != nil || both != nil {
		return both, err
	}
	return left, nil // the next pass tries the right part on the new text
}

// try is Prover.try, and pays for it.
func (r *runner) try(p *Prover, taken []candidate, allowed map[group]int) (*trial, failure, error) {
	r.left -= p.size
	return p.try(taken, allowed)
}

func (r *runner) reject(p *Prover, c candidate, reason string) {
	r.rejected[c.attempt()] = true
	at := p.edited(c.fix)
	if len(at) == 0 { // a fix that edits none of the files
		at = []int{p.byPath[c.finding.Path]}
	}
	for _, i := range at {
		if key := (listing{i, c.finding.identity(), c.fix.Title}); !r.listed[key] {
			r.listed[key] = true
			list := &r.result.Files[i].Rejected
			*list = append(*list, Rejected{c.finding.Rule, c.fix.Title, *c.finding, reason})
		}
	}
}

// accept records a trial. It reports false, and records a cycle, when the trial would restore an earlier text of a
// file.
func (r *runner) accept(p *Prover, t *trial) bool {
	hashes := make([][sha256.Size]byte, len(t.changed))
	taken := make([][]*candidate, len(p.files)) // by file
	for n := range t.taken {
		for _, i := range p.edited(t.taken[n].fix) {
			taken[i] = append(taken[i], &t.taken[n])
		}
	}
	for n, i := range t.changed {
		file := &r.result.Files[i]
		if r.seen[i] == nil {
			r.seen[i] = map[[sha256.Size]byte]int{sha256.Sum256(p.files[i].Bytes): 0}
		}
		hashes[n] = sha256.Sum256(t.after.files[i].Bytes)
		since, ok := r.seen[i][hashes[n]]
		if !ok {
			continue
		}
		var rules []string
		for _, a := range file.Applied[since:] {
			rules = append(rules, a.Rule)
		}
		for _, c := range taken[i] {
			rules = append(rules, c.finding.Rule)
			r.undone[c.attempt()] = true
		}
		slices.Sort(rules)
		file.Cycles = append(file.Cycles, Cycle{slices.Compact(rules)})
		return false
	}
	for n, i := range t.changed {
		file := &r.result.Files[i]
		unlisted := false
		for _, c := range taken[i] {
			file.Applied = append(file.Applied, Applied{c.finding.Rule, c.fix.Title, c.fix.Safety})
			key := listing{i, c.finding.identity(), c.fix.Title}
			unlisted = unlisted || r.listed[key]
			delete(r.listed, key)
		}
		if unlisted {
			file.Rejected = slices.DeleteFunc(file.Rejected, func(old Rejected) bool {
				return !r.listed[listing{i, old.Finding.identity(), old.Title}]
			})
		}
		r.seen[i][hashes[n]] = len(file.Applied)
	}
	r.retry = len(r.rejected) > 0
	return true
}
