package fixers

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/sandlint/sandlint/parsers/source"
)

// This file proves fixes that are shown and not applied: check lists each finding with its fixes.
//
// Each fix is proved in a batch of fixes that do not overlap, at most one for a finding, so a file with a thousand
// findings is linted two or three times and not a thousand times. That a batch passes does not strictly prove each of
// its members alone, since one may hide what another breaks; TestShownAlone applies those of the rules' cases alone.
// Where a batch fails since each of many fixes brings a finding where it edits, one of those that do the same is tried
// for all; where one of many twins, which write the same into equal text, brings one, that and the first and the last
// of them are tried for all. No fix is shown that was not proved, and some are rejected that were not tried alone.

// ErrUntried is matched by the errors about fixes that were not tried.
var ErrUntried = errors.New("fix was not tried")

// showBudget is the number of bytes that ProveAll may lint for files of some bytes. Fixes that do not overlap and pass
// need as many bytes as there are; each fix of a thousand that overlap needs as many for itself.
func showBudget(size int) int { return 64<<10 + 4*size }

// ProveAll proves all fixes of findings, each as if it were applied without those that overlap it. The result holds for
// each finding one error for each fix, in order: nil for a fix that is proved and for a manual one, an error that
// matches ErrRejected for one that failed, and one that matches ErrUntried for one that was left when the budget was
// used up. The other error is the checker's.
//
// The budget is counted in bytes linted and proportional to the files. So the cost is linear in the number of findings,
// and the result is the same on every machine.
func (p *Prover) ProveAll(findings []Finding) ([][]error, error) {
	s := &shower{p: p, left: showBudget(p.size), failures: map[string]int{}}
	verdicts := make([][]error, len(findings))
	fixes := 0
	for n := range findings {
		fixes += len(findings[n].Fixes)
	}
	all := make([]candidate, 0, fixes)
	for n := range findings {
		f := &findings[n]
		verdicts[n] = make([]error, len(f.Fixes))
		for m := range f.Fixes {
			switch {
			case f.Fixes[m].Safety == Manual:
			case len(f.Fixes[m].Edits) == 0:
				verdicts[n][m] = fmt.Errorf("%w: it has no edits", ErrRejected)
			default:
				all = append(all, candidate{finding: f, fix: &f.Fixes[m], of: &verdicts[n], verdict: &verdicts[n][m]})
			}
		}
	}
	for len(all) > 0 {
		var rest []candidate
		rest, all = alike(all)
		for len(rest) > 0 && s.left > 0 {
			var batch []candidate
			batch, rest = combine(rest, true)
			if err := s.prove(batch); err != nil {
				return nil, err
			}
		}
		s.leave(rest)
	}
	return verdicts, nil
}

type shower struct {
	p        *Prover
	left     int            // of the budget
	failures map[string]int // by rule
	last     failure        // of the last batch that was tried
}

// leave records that fixes were not tried.
func (s *shower) leave(batch []candidate) {
	for _, c := range batch {
		*c.verdict = fmt.Errorf("%w: the file has too many fixes that cannot be proved together", ErrUntried)
	}
}

// prove proves a batch or, by splitting it, finds the fixes that fail.
func (s *shower) prove(batch []candidate) error {
	if len(s.failures) > 0 {
		var worth []candidate
		for _, c := range batch {
			if s.failures[c.finding.Rule] < maxFailures {
				worth = append(worth, c)
			} else {
				*c.verdict = fmt.Errorf("%w: not tried, since %d other fixes of the rule failed", ErrRejected,
					maxFailures)
			}
		}
		batch = worth
	}
	if len(batch) == 0 {
		return nil
	}
	if s.left <= 0 {
		s.leave(batch)
		return nil
	}
	s.left -= s.p.size
	_, failed, err := s.p.try(batch, nil)
	if s.last = failed; err != nil || failed.reason == "" {
		return err
	}
	if len(batch) == 1 {
		s.failures[batch[0].finding.Rule]++
		*batch[0].verdict = fmt.Errorf("%w: %s", ErrRejected, failed.reason)
		return nil
	}
	if failed.rule != "" && failed.rule != batch[0].finding.Rule && isOne(batch) {
		s.failures[batch[0].finding.Rule]++
		for _, c := range batch {
			*c.verdict = fmt.Errorf("%w: %s", ErrRejected, failed.reason)
		}
		return nil
	}
	suspects, others := s.p.suspects(batch, failed)
	if len(suspects) > fewSuspects {
		return s.convict(suspects, others)
	}
	for n := range suspects {
		if twins, others := twinsOf(&suspects[n], batch); len(twins) > fewSuspects {
			return s.convictTwins(suspects[n], twins, others, failed.rule)
		}
	}
	return s.split(batch)
}

// isOne reports whether the fixes of a batch make the same text, and tolerate the same. Where that has a new finding of
// a rule that none of them is for, it has it too when one of them is tried alone.
func isOne(batch []candidate) bool {
	first := batch[0]
	return !slices.ContainsFunc(batch[1:], func(c candidate) bool {
		return c.finding.Rule != first.finding.Rule || c.finding.Severity != first.finding.Severity ||
			c.finding.Syntax != first.finding.Syntax || c.fix.Safety != first.fix.Safety ||
			Declares[Reveals](*c.fix) != Declares[Reveals](*first.fix) ||
			!slices.EqualFunc(c.fix.Edits, first.fix.Edits, equalEdits)
	})
}

// split proves the two halves of a batch.
func (s *shower) split(batch []candidate) error {
	if len(batch) < 2 {
		return s.prove(batch)
	}
	// The fixes of one rule tend to fail together.
	slices.SortStableFunc(batch, func(a, b candidate) int { return cmp.Compare(a.finding.Rule, b.finding.Rule) })
	half := len(batch) / 2
	if first, last := batch[0].finding.Rule, batch[len(batch)-1].finding.Rule; first != last {
		half = splitByRule(batch)
	}
	if err := s.prove(batch[:half]); err != nil {
		return err
	}
	return s.prove(batch[half:])
}

// fewSuspects is the number of suspects up to which halving finds the culprits as soon.
const fewSuspects = 4

// convict proves a batch that failed, some fixes of which brought a finding each where they edit: one of these is tried
// alone for all that do the same, and the others together.
func (s *shower) convict(suspects, others []candidate) error {
	first := suspects[0]
	alike := func(c candidate) bool {
		return c.finding.Rule == first.finding.Rule && c.fix.Title == first.fix.Title &&
			c.fix.Safety == first.fix.Safety
	}
	if err := s.prove(suspects[:1]); err != nil {
		return err
	}
	rest := suspects[1:]
	if *first.verdict != nil {
		for _, c := range rest {
			if alike(c) {
				*c.verdict = *first.verdict
			}
		}
		rest = slices.DeleteFunc(slices.Clone(rest), alike)
	}
	for _, part := range [][]candidate{others, rest} { // what brought nothing is more likely to pass
		if err := s.prove(part); err != nil {
			return err
		}
	}
	return nil
}

// twinsOf divides a batch: the twins of a fix, itself included, make the same of the same text for the same rule.
func twinsOf(c *candidate, batch []candidate) (twins, others []candidate) {
	for _, other := range batch {
		if other.finding.identity() == c.finding.identity() && other.fix.Title == c.fix.Title &&
			other.fix.Safety == c.fix.Safety {
			twins = append(twins, other)
		} else {
			others = append(others, other)
		}
	}
	return twins, others
}

// convictTwins proves a batch that failed since a rule has a new finding where one of many twins edits. Where that one
// fails alone for the same rule, and so do the first and the last of them, all do.
func (s *shower) convictTwins(suspect candidate, twins, others []candidate, rule string) error {
	tried := map[*error]bool{}
	guilty := true
	for _, c := range []candidate{suspect, twins[0], twins[len(twins)-1]} {
		if tried[c.verdict] || !guilty {
			continue
		}
		tried[c.verdict] = true
		if err := s.prove([]candidate{c}); err != nil {
			return err
		}
		guilty = errors.Is(*c.verdict, ErrRejected) && s.last.rule == rule
	}
	rest := slices.DeleteFunc(slices.Clone(twins), func(c candidate) bool { return tried[c.verdict] })
	if guilty {
		for _, c := range rest {
			*c.verdict = *suspect.verdict
		}
	} else if err := s.split(rest); err != nil {
		return err
	}
	return s.prove(others)
}

// suspects divides a batch that failed: one of the new findings is about a word that a suspect writes.
func (p *Prover) suspects(batch []candidate, failed failure) (suspects, others []candidate) {
	if len(failed.new) == 0 {
		return nil, batch
	}
	places := map[string][]source.Span{} // of the new findings, by path
	for _, f := range failed.new {
		places[f.Path] = append(places[f.Path], f.Span)
	}
	for _, spans := range places {
		slices.SortFunc(spans, func(a, b source.Span) int { return cmp.Compare(a.End, b.End) })
	}
	written := map[Edit]bool{} // the edits that make such a word
	for _, e := range p.words(batch, failed.files) {
		spans := places[e.file.Path]
		n, _ := slices.BinarySearchFunc(spans, e.span.Start+1, func(s source.Span, start int) int {
			return cmp.Compare(s.End, start)
		})
		written[e.edit] = slices.ContainsFunc(spans[n:min(n+maxNear, len(spans))], e.span.Overlaps)
	}
	for _, c := range batch {
		if slices.ContainsFunc(c.fix.Edits, func(e Edit) bool { return written[e] }) {
			suspects = append(suspects, c)
		} else {
			others = append(others, c)
		}
	}
	return suspects, others
}

// maxNear is how many findings are looked at for each edit: those that end behind its beginning.
const maxNear = 4

// written is the result of an edit: the words that it changes, in the text after a batch.
type written struct {
	edit Edit
	file *source.File
	span source.Span
}

// words returns what the edits of a batch made.
func (p *Prover) words(batch []candidate, after []*source.File) (out []written) {
	for _, c := range batch {
		for _, e := range c.fix.Edits {
			if i, ok := p.byPath[editPath(e)]; ok {
				out = append(out, written{edit: e, file: after[i]})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b written) int { return compareEdits(a.edit, b.edit) })
	out = slices.CompactFunc(out, func(a, b written) bool { return a.edit == b.edit })
	shift := 0
	for n := range out {
		w := &out[n]
		if n == 0 || w.file != out[n-1].file {
			shift = 0
		}
		text := w.file.Bytes
		start := w.edit.Span.Start + shift
		end := start + len(w.edit.Text)
		for start > 0 && text[start-1] > ' ' {
			start--
		}
		for end < len(text) && text[end] > ' ' {
			end++
		}
		w.span = source.Span{Start: start, End: end}
		shift += len(w.edit.Text) - w.edit.Span.Len()
	}
	return out
}

// splitByRule returns the boundary between two rules that is nearest to the middle of a batch sorted by rule.
func splitByRule(batch []candidate) int {
	best, middle := 0, len(batch)/2
	for n := 1; n < len(batch); n++ {
		if batch[n].finding.Rule != batch[n-1].finding.Rule && (best == 0 || abs(n-middle) < abs(best-middle)) {
			best = n
		}
	}
	return best
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
