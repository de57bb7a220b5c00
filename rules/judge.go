package rules

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/ignores"
	"github.com/sandlint/sandlint/parsers/outline"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// This file judges the comments that suppress findings, at the end of a run: only then is it known which were of use. A
// name is unused where its rule looked at the whole file and nothing was suppressed. A rule that did not run, or could
// not judge everything, leaves that open.

// OnIgnores makes the check of a rule about one suppression: a comment, or a block "accept" of the configuration.
func OnIgnores(check func(*Pass, *IgnoreComment)) Adapter {
	return Adapter{Subject: "a suppression", comments: true, ignores: check}
}

// judge judges the comments of one file.
type judge struct {
	set   *Set
	opts  *CheckOptions
	ran   map[*Rule]bool // that looked at the whole file; nil where none did
	keys  map[string]bool
	known map[string][]*Rule
	// syntax are the places in the file, in order, past which its reader does not look, so other rules may not either.
	syntax []int
}

// syntaxIn returns the places of findings in a file that are about its syntax, in order.
func syntaxIn(path string, lists ...[]Finding) []int {
	var out []int
	for _, list := range lists {
		for n := range list {
			if list[n].Rule.Syntax && list[n].File.Path == path {
				out = append(out, list[n].Span.Start)
			}
		}
	}
	slices.Sort(out)
	return out
}

// hidden reports whether the rules that a name means may not have seen all of what a comment covers.
func (j *judge) hidden(c *IgnoreComment, name string) bool {
	if !slices.ContainsFunc(j.rules(name), func(r *Rule) bool { return !r.Syntax }) {
		return false
	}
	return slices.ContainsFunc(c.targets, func(target source.Span) bool {
		n, _ := slices.BinarySearch(j.syntax, target.Start)
		return n < len(j.syntax) && j.syntax[n] <= target.End
	})
}

// useKey identifies a use of a name by what it covers and not by its place, which edits move.
func useKey(path, name, covered string) string {
	return path + "\x00" + strings.ToLower(name) + "\x00" + covered
}

// covered returns what identifies the part of a file that a comment covers: its first line.
func covered(f *source.File, target source.Span) string {
	return strings.TrimSpace(f.Text(f.Line(f.LineOf(target.Start))))
}

// rules returns the rules that a name means.
func (j *judge) rules(name string) []*Rule {
	list, ok := j.known[name]
	if !ok {
		list, _ = match(j.set.all, name)
		j.known[name] = list
	}
	return list
}

// judged reports whether the run can say that a name is unused.
func (j *judge) judged(name string) bool {
	list := j.rules(name)
	single := len(list) == 1 && list[0].named(name)
	any := false
	for _, r := range list {
		switch {
		case r.Check.ignores != nil || r.Check.outside || j.opts.Partial && !r.alone():
			return false
		case !j.ran[r] && (single || !r.Optional && r.Severity > Style):
			return false
		}
		any = any || j.ran[r]
	}
	if single && any && list[0].Partial(name) {
		n := slices.IndexFunc(j.set.run, func(c configured) bool { return c.Rule == list[0] })
		return n < 0 || j.set.run[n].codes.of(withoutPack(name)) != Off
	}
	return any
}

// alone reports whether what a rule finds in a file depends on no file beside those that it leads to.
func (r *Rule) alone() bool {
	return r.Check.workspace == nil && (r.Pack() == "dockerfile" || r.Pack() == "shellcheck")
}

// judge sets the states of comments and returns what the rules about them find.
func (j *judge) judge(
	ws *workspace.Workspace, comments []*IgnoreComment, used func(c *IgnoreComment, n int) bool,
) []Finding {
	var out []Finding
	for _, c := range comments {
		if c.By == "sandlint" {
			c.States = make([]NameState, len(c.Names))
			for n, name := range c.Names {
				s := &c.States[n]
				switch {
				case used(c, n):
				case len(j.rules(name.Text)) == 0:
					if s.Unknown = !KnownElsewhere(name.Text) && !j.unread(name.Text); s.Unknown {
						s.Near = source.Nearest(name.Text, names(j.set.all, true))
					}
				default:
					s.Unused = j.judged(name.Text) && !j.hidden(c, name.Text)
				}
			}
			c.meant(j)
		} else if c.By != byAccept && !used(c, 0) {
			continue // of another linter, and of no use here
		}
		for n := range j.set.run {
			rule := &j.set.run[n]
			if rule.Check.ignores != nil {
				rule.Check.ignores(&Pass{Rule: rule.Rule, Workspace: ws, configured: rule,
					report: func(f Finding) { out = append(out, f) }}, c)
			}
		}
	}
	return out
}

// unread reports whether a name may be that of a rule in a pack that the run did not read.
func (j *judge) unread(name string) bool {
	pack, _, _ := strings.Cut(name, "/")
	return j.opts.PacksUnread && !slices.ContainsFunc(j.set.all, func(r *Rule) bool { return r.Pack() == pack })
}

// meant finds out which rules a comment that is not well-formed was to suppress.
func (c *IgnoreComment) meant(j *judge) {
	known := func(word string) bool { return len(j.rules(word)) > 0 || KnownElsewhere(word) }
	if len(c.Words) > 0 && !slices.ContainsFunc(c.Words, func(word string) bool { return !known(word) }) {
		mended := c.Comment
		mended.Names = nil
		for _, word := range c.Words {
			mended.Names = append(mended.Names, ignores.Name{Text: word})
		}
		c.mended = mended.Text()
	}
}

// comments judges the suppressions of all files, once everything else was found.
func (c *checked) comments(ws *workspace.Workspace, policies Policies, opts CheckOptions, accepting acceptances) {
	s := c.seen()
	c.judges = make([]*judge, len(c.files))
	about := fileResult{}
	var provable []int
	for n, e := range c.entries {
		r := &c.files[n]
		own := contextOf(ws, policies, e, opts.ignoring())
		if r.noted == nil || len(r.noted.comments) == 0 || !own.policy.Set.judges() {
			continue
		}
		j := &judge{
			set: own.policy.Set, opts: &opts, keys: s.keys, known: s.rulesOf(own.policy.Set),
			syntax: syntaxIn(e.Path, r.findings, r.suppressed),
		}
		if r.err == nil && len(r.incomplete) == 0 && c.whole.err == nil {
			j.ran = map[*Rule]bool{}
			for _, rule := range r.ran {
				j.ran[rule] = !rule.Check.idle && !s.failed[e.Path][rule] && !r.noted.skipped[rule]
			}
		}
		c.judges[n] = j
		found := j.judge(own.ws, r.noted.comments, s.used)
		if len(found) == 0 {
			continue
		}
		doc, err := ws.Open(e)
		if err != nil {
			continue
		}
		withdrawInValues(found, doc)
		findings, suppressed := own.always().divide(found, doc)
		r.about = findings
		about.suppressed = append(about.suppressed, suppressed...)
		if offered(findings) {
			provable = append(provable, n)
		}
	}
	if opts.Fixes {
		results := make([]fileResult, len(provable))
		each(ws, len(provable), nil, func(k int) {
			n := provable[k]
			results[k].rejected, results[k].untried = proveComments(ws, policies, opts.ignoring(), c.entries[n],
				c.judges[n], c.files[n].about)
		})
		for _, r := range results {
			about.rejected, about.untried = append(about.rejected, r.rejected...), append(about.untried, r.untried...)
		}
	}
	for n := range c.files {
		about.findings = append(about.findings, c.files[n].about...)
	}
	complete := s.complete && len(ws.Errors) == 0 && !opts.Partial
	about.findings = append(about.findings, accepting.judge(ws, &opts, s, complete)...)
	about.finish(opts)
	c.about = about
}

// judges reports whether a rule of the set is about suppressions.
func (s *Set) judges() bool {
	return slices.ContainsFunc(s.run, func(r configured) bool { return r.Check.ignores != nil })
}

// always returns the context with suppressions in force whatever is configured for them: what is found about
// suppressions is suppressed so.
func (c *context) always() *context {
	out, policy := *c, *c.policy
	policy.Ignores = IgnorePolicy{}
	out.policy, out.noted = &policy, nil
	return &out
}

// seen is what a check saw of the suppressions in all files.
type seen struct {
	uses     map[use]bool
	keys     map[string]bool
	failed   map[string]map[*Rule]bool // by path
	complete bool
	known    map[*Set]map[string][]*Rule // what names mean
}

func (c *checked) seen() *seen {
	s := &seen{uses: map[use]bool{}, keys: map[string]bool{}, failed: map[string]map[*Rule]bool{}, complete: true,
		known: map[*Set]map[string][]*Rule{}}
	for _, r := range append([]fileResult{c.whole}, c.files...) {
		for _, e := range r.failed {
			if s.failed[e.File.Path] == nil {
				s.failed[e.File.Path] = map[*Rule]bool{}
			}
			s.failed[e.File.Path][e.Rule] = true
		}
		s.complete = s.complete && (r.err == nil || r.foreign()) && len(r.incomplete)+len(r.failed) == 0
		if r.noted != nil {
			maps.Copy(s.uses, r.noted.uses)
			maps.Copy(s.keys, r.noted.keys)
		}
	}
	return s
}

func (s *seen) rulesOf(set *Set) map[string][]*Rule {
	if s.known[set] == nil {
		s.known[set] = map[string][]*Rule{}
	}
	return s.known[set]
}

func (s *seen) used(c *IgnoreComment, n int) bool { return s.uses[use{c.File.Path, c.Span.Start, n}] }

// judge returns what is found about the accepted findings. Several policies may have the same.
func (x acceptances) judge(ws *workspace.Workspace, opts *CheckOptions, s *seen, complete bool) []Finding {
	type place struct {
		path  string
		start int
	}
	at := func(a *Accepted) place { return place{a.File.Path, a.Span.Start} }
	needed, known := map[place]bool{}, map[place]bool{}
	judges := make([]*judge, len(x.list))
	for n, a := range x.list {
		set := a.policy.Set
		j := &judge{set: set, opts: opts, keys: s.keys, known: s.rulesOf(set), ran: map[*Rule]bool{}}
		for k := range set.run {
			j.ran[set.run[k].Rule] = !set.run[k].Check.idle
		}
		judges[n] = j
		for k := range a.policy.Accepted {
			one := &a.policy.Accepted[k]
			if one.File != nil && (a.used[one] || !complete || !j.judged(cmp.Or(one.Rule, "all"))) {
				needed[at(one)] = true
			}
		}
	}
	var out []Finding
	for n, a := range x.list {
		list := a.comments(func(one *Accepted) bool { return !needed[at(one)] })
		list = slices.DeleteFunc(list, func(c *IgnoreComment) bool {
			p := place{c.File.Path, c.Span.Start}
			seen := known[p]
			known[p] = true
			return seen
		})
		found := judges[n].judge(ws, list, nil)
		proveAccepted(found, list)
		out = append(out, found...)
	}
	return out
}

// foreign reports whether a file is not what its name says.
func (r *fileResult) foreign() bool { return r.err != nil && isForeign(r.err.Err) }

// proveComments proves the fixes of what the rules about the comments in one file found.
func proveComments(
	ws *workspace.Workspace, policies Policies, how ignoring, entry *workspace.Entry, j *judge, findings []Finding,
) (rejected, untried []Rejected) {
	doc, err := ws.Open(entry)
	if err != nil {
		return nil, nil
	}
	c := &checker{ws: ws, policies: policies, ignoring: how, comments: j, entries: []*workspace.Entry{entry},
		original: []*source.File{doc.Source}, fixless: true}
	all, err := c.lint(c.original)
	if err != nil {
		for n := range findings {
			findings[n].Fixes = nil
		}
		return nil, nil
	}
	return c.proveAll(c.original, all, findings)
}

// compareComments says in one sentence what changed in a file besides comments of sandlint; "" when nothing did.
func compareComments(c *Comparison, format *Format) string {
	name := c.Before.Path
	if files.IsYAML(name) {
		before, after := outline.YAML(c.Before), outline.YAML(c.After)
		if !after.Broken && slices.Equal(before.Values, after.Values) {
			return ""
		}
	}
	old, now := c.Old(), c.New()
	if old == nil || now == nil {
		return "the file cannot be read"
	}
	declared := ""
	if format != nil && format.Compare != nil {
		if declared = format.Compare(c); declared == "" {
			return ""
		}
	}
	if files.IsYAML(name) { // where a comment may be a part of a value
		if declared == "" {
			declared = "a value changed"
		}
		return declared
	}
	if withoutComments(c.Before, marksOf(old)) == withoutComments(c.After, marksOf(now)) {
		if isScript(old) && insideText(c.Before, c.After) {
			return "the comment is a part of a text"
		}
		return ""
	}
	return "something else than a comment changed"
}

// withoutComments returns the lines of a file without the comments of sandlint.
func withoutComments(f *source.File, marks []string) string {
	var b strings.Builder
	at := 0
	for _, c := range ignores.Find(f, marks, ignores.Lines, nil) {
		start, end := removal(f, c.Comment)
		b.WriteString(f.Text(source.Span{Start: at, End: start}))
		at = max(at, end)
	}
	b.WriteString(f.Text(source.Span{Start: at, End: len(f.Bytes)}))
	return b.String()
}

// removal returns what goes with a comment: its line where it stands alone, else the blanks before it.
func removal(f *source.File, comment source.Span) (start, end int) {
	line := f.LineOf(comment.Start)
	before := f.Text(source.Span{Start: f.Line(line).Start, End: comment.Start})
	bare := strings.TrimRight(strings.TrimPrefix(before, "\ufeff"), " \t")
	if bare == "" {
		full := f.FullLine(line)
		return full.Start + len(before) - len(strings.TrimPrefix(before, "\ufeff")), full.End
	}
	return comment.Start - len(before) + len(strings.TrimRight(before, " \t")), comment.End
}

// Works reports whether the suppression has an effect where something is found.
func (c *IgnoreComment) Works() bool {
	return c.Problem == "" && !c.Expired && c.Policy.Policy != ignores.Deny && (c.By == "sandlint" || c.By == byAccept)
}

// NameSpan returns the place of name n of the list.
func (c *IgnoreComment) NameSpan(n int) source.Span {
	if c.inHost {
		return c.Span
	}
	return c.Names[n].Span.Shift(c.Span.Start)
}

// Remove returns the fix that removes the suppression as a whole; none where the file does not hold it verbatim.
func (c *IgnoreComment) Remove(title string) []fixers.Fix {
	edit := fixers.Edit{File: c.File, Span: c.Span}
	switch {
	case c.inHost || c.By != "sandlint" && c.By != byAccept:
		return nil
	case c.By == byAccept:
		edit.Span.Start, edit.Span.End = blockLines(c.File, c.Span)
	case c.Mark != "" && !c.afterMark():
		edit.Span.Start, edit.Span.End = removal(c.File, c.Span)
	}
	return []fixers.Fix{{Title: title, Safety: fixers.Safe, Edits: []fixers.Edit{edit}}}
}

// afterMark reports whether the comment stands behind a byte order mark that Nix takes for a word, so the line stays.
func (c *IgnoreComment) afterMark() bool {
	return string(c.File.Bytes[:c.Span.Start]) == "\ufeff" && files.KindByPath(c.File.Path) == files.KindNixConf
}

// blockLines returns the whole lines of a block, with the comments above and the empty line before these.
func blockLines(f *source.File, block source.Span) (start, end int) {
	first, last := f.LineOf(block.Start), f.LineOf(block.End)
	for first > 1 && strings.HasPrefix(strings.TrimSpace(f.Text(f.Line(first-1))), "#") {
		first--
	}
	start, end = f.FullLine(first).Start, f.FullLine(last).End
	if first > 1 && strings.TrimSpace(f.Text(f.Line(first-1))) == "" {
		start = f.FullLine(first - 1).Start
	}
	return start, end
}

// Without returns the fix that removes name n of the list, with the comment where it is the only one.
func (c *IgnoreComment) Without(n int, title string) []fixers.Fix {
	if len(c.Names) < 2 {
		return c.Remove(title)
	}
	if c.inHost {
		return nil
	}
	span := c.Names[n].Span
	if n > 0 {
		span.Start = c.Names[n-1].Span.End
	} else {
		span.End = c.Names[1].Span.Start
	}
	return []fixers.Fix{{Title: title, Safety: fixers.Safe,
		Edits: []fixers.Edit{{File: c.File, Span: span.Shift(c.Span.Start)}}}}
}

// Rename returns the fix that writes another name for name n.
func (c *IgnoreComment) Rename(n int, name string) []fixers.Fix {
	if c.inHost {
		return nil
	}
	return []fixers.Fix{{Title: "Rename to " + name, Safety: fixers.Safe,
		Edits: []fixers.Edit{{File: c.File, Span: c.Names[n].Span.Shift(c.Span.Start), Text: name}}}}
}

// Mend returns the fix that writes a comment that is not well-formed as it was meant, or moves it to where it has an
// effect. It removes one of which nobody knows what it was for.
func (c *IgnoreComment) Mend() []fixers.Fix {
	if c.inHost || c.Mark == "" {
		return nil
	}
	if len(c.Words) == 0 && len(c.Names) > 0 && !c.wholeFile() {
		return nil // its date is wrong, which only the author knows
	}
	if c.wholeFile() && len(c.Words) == 0 && len(c.Names) > 0 && c.Span.Start >= c.head {
		start, end := removal(c.File, c.Span)
		at := c.File.Line(c.File.LineOf(c.head)).Start
		if at == 0 && strings.HasPrefix(c.File.Text(c.File.Span()), "\ufeff") {
			at = len("\ufeff")
		}
		edits := []fixers.Edit{
			{File: c.File, Span: source.Span{Start: at, End: at}, Text: c.Text() + c.File.NewlineAt(at)},
			{File: c.File, Span: source.Span{Start: start, End: end}},
		}
		return []fixers.Fix{{Title: "Move the comment to the head of the file", Safety: fixers.Safe, Edits: edits}}
	}
	if c.mended == "" {
		return c.Remove("Remove the comment")
	}
	return []fixers.Fix{{Title: "Write it as " + c.mended, Safety: fixers.Safe,
		Edits: []fixers.Edit{{File: c.File, Span: c.Span, Text: c.mended}}}}
}
