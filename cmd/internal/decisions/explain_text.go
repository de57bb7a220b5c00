package decisions

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

// printer writes text for people.
type printer struct {
	*bufio.Writer
	color bool
}

func newPrinter(w io.Writer, color bool) *printer { return &printer{bufio.NewWriter(w), color} }

const (
	bold   = "\x1b[1m"
	dim    = "\x1b[2m"
	red    = "\x1b[1;31m"
	green  = "\x1b[1;32m"
	yellow = "\x1b[1;33m"
	blue   = "\x1b[1;34m"
)

func (w *printer) paint(style, s string) string {
	if !w.color || s == "" {
		return s
	}
	return style + s + "\x1b[0m"
}

// outcomeStyle is the colour of an outcome.
func outcomeStyle(o decide.Outcome) string {
	switch {
	case o.Runs():
		return green
	case o.Action == "SCMP_ACT_NOTIFY", o.Action == "SCMP_ACT_TRACE":
		return yellow
	}
	return red
}

// sentence returns what happens to a call, after "the call ".
func sentence(o decide.Outcome) string {
	switch o.Action {
	case "SCMP_ACT_ALLOW":
		return "is allowed"
	case "SCMP_ACT_LOG":
		return "is allowed, and logged by the kernel"
	case "SCMP_ACT_ERRNO":
		if o.Errno == 0 {
			return "returns 0 without having been made"
		}
		return "fails with " + seccomp.ErrnoName(o.Errno)
	case "SCMP_ACT_KILL_THREAD":
		return "kills the thread, as signal SIGSYS does"
	case "SCMP_ACT_KILL_PROCESS":
		return "kills the process, as signal SIGSYS does"
	case "SCMP_ACT_TRAP":
		return "is not made, and raises signal SIGSYS"
	case "SCMP_ACT_TRACE":
		return "is passed to a tracer, and fails with ENOSYS where there is none"
	case "SCMP_ACT_NOTIFY":
		return "is passed to the program that listens at listenerPath"
	case "":
		return "is not decided: the profile has no default action, and runtimes refuse it"
	}
	return fmt.Sprintf("is not decided: runtimes refuse the action %q", o.Action)
}

// WriteExplanations writes explanations as text.
func WriteExplanations(out io.Writer, explanations []*Explanation, color bool) error {
	w := newPrinter(out, color)
	for i, e := range explanations {
		if i > 0 {
			fmt.Fprintln(w)
		}
		w.explanation(e)
	}
	return w.Flush()
}

func (w *printer) explanation(e *Explanation) {
	name := w.paint(bold, report.Visible(e.Name))
	switch {
	case e.Syscall == nil:
		near := ""
		if len(e.Near) > 0 {
			near = "; did you mean " + list(quoted(e.Near), "or") + "?"
		}
		if e.number >= 0 {
			fmt.Fprintf(w, "%s: no name known; no syscall has this number on %s\n", name, e.numbersOf)
			break
		}
		fmt.Fprintf(w, "%s: unknown to libseccomp %s%s\n", name, seccomp.NewestLibseccomp(), near)
		w.unknown(e)
		return
	case e.Asked != e.Name:
		fmt.Fprintf(w, "%s (%s on %s): %s\n", name, report.Visible(e.Asked), e.numbersOf, e.facts())
	default:
		fmt.Fprintf(w, "%s: %s\n", name, e.facts())
	}
	for _, a := range e.Answers {
		w.answer(e, &a)
	}
	if len(e.Answers) == 0 && len(e.Refusals) > 0 {
		fmt.Fprintf(w, "  no container starts: %s\n", refusedWords(e.Refusals))
	}
}

// refusedWords returns the first reason for which a profile is refused.
func refusedWords(refusals []Refused) string {
	return "the profile is refused by " + report.Visible(refusals[0].By) + ": " + report.Visible(refusals[0].Reason)
}

// unknown reports where a profile has a name that is not a syscall.
func (w *printer) unknown(e *Explanation) {
	var shown []source.Span
	for _, a := range e.Answers {
		for _, d := range a.Dead {
			if !slices.Contains(shown, d.Name.Span) {
				shown = append(shown, d.Name.Span)
				fmt.Fprintf(w, "    %s: no effect (%s): %s\n", w.place(a.view.profile, d.Name.Span),
					strings.TrimPrefix(d.Rule.Action.Text, "SCMP_ACT_"), w.deadWhy(&a, d))
				w.source(a.view.profile.Source, d.Name.Span)
			}
		}
	}
	if len(shown) == 0 {
		fmt.Fprintln(w, "    the profile does not name it either")
	}
}

// facts returns what is known of the syscall: its numbers on the architectures that are looked at, and since when it
// exists.
func (e *Explanation) facts() string {
	s := e.Syscall
	var facts []string
	on := map[int][]string{}
	var numbers []int
	if len(e.Answers) == 0 {
		return since(s)
	}
	for _, arch := range e.Answers[0].view.archs {
		if n, ok := Number(s, arch.ABI); ok {
			if on[n] == nil {
				numbers = append(numbers, n)
			}
			on[n] = append(on[n], ArchName(arch))
		}
	}
	for _, n := range numbers {
		facts = append(facts, fmt.Sprintf("number %d on %s", n, list(on[n], "and")))
	}
	facts = append(facts, since(s))
	return strings.Join(facts, ", ")
}

// since says since which releases a syscall exists.
func since(s *seccomp.Syscall) string {
	var facts []string
	if s.Kernel != "" {
		facts = append(facts, "Linux "+s.Kernel)
	}
	facts = append(facts, "libseccomp "+s.Since.String())
	text := "since " + list(facts, "and")
	if builds := buildsBefore(s); len(builds) > 0 {
		text += " (and in the build " + list(builds, "and") + ")"
	}
	if !s.Last.IsZero() {
		text += ", last in libseccomp " + s.Last.String()
	}
	if s.Removed != "" {
		text += ", removed in Linux " + s.Removed
	}
	return text
}

// buildsBefore returns the builds of libseccomp that know a name before its first release does.
func buildsBefore(s *seccomp.Syscall) []string {
	var builds []string
	for _, l := range (decide.Targets{}).Libseccomps() {
		if l.Build != "" && l.Version.Less(s.Since) && l.Knows(s) {
			builds = append(builds, l.Build)
		}
	}
	return builds
}

func (w *printer) answer(e *Explanation, a *Answer) {
	headline, style := a.headline()
	for i, b := range a.group.blocks {
		end := ","
		if i == len(a.group.blocks)-1 {
			end = ": " + w.paint(style, headline)
		}
		fmt.Fprintf(w, "  %s%s\n", a.view.who(b), end)
	}
	w.why(e, a)
	for _, l := range a.Lacks {
		fmt.Fprintf(w, "    %s\n", l)
	}
	w.dead(a)
	w.through(e, a)
}

// through reports the other way into the kernel that 32-bit programs have for some calls.
func (w *printer) through(e *Explanation, a *Answer) {
	s := e.Syscall
	if s == nil || a.Decision.Step == decide.StepForeign {
		return
	}
	var archs []string
	for _, p := range a.group.points {
		if name := ArchName(p.arch); s.Multiplexed(p.arch.ABI) && !slices.Contains(archs, name) {
			archs = append(archs, name)
		}
	}
	if len(archs) > 0 {
		fmt.Fprintf(w, "    on %s programs can also make it through %s, about which the profile decides separately\n",
			list(archs, "and"), multiplexer(s))
	}
}

// multiplexer returns the call and the sub-call that do the same as a syscall: "socketcall(1, …)".
func multiplexer(s *seccomp.Syscall) string {
	if s.SocketCall != 0 {
		return fmt.Sprintf("socketcall(%d, …)", s.SocketCall)
	}
	return fmt.Sprintf("ipc(%d, …)", s.IPC)
}

// headline returns what happens to the call, and the colour for it.
func (a *Answer) headline() (text, style string) {
	switch d := &a.Decision; {
	case a.Absent && a.Decision.Step != decide.StepForeign:
		return "the syscall does not exist there", dim
	case len(a.Possible) == 1:
		return "the call " + sentence(a.Possible[0]), outcomeStyle(a.Possible[0])
	case len(a.Possible) > 1:
		return "it is unpredictable whether the call " + alternatives(a.Possible), yellow
	case d.Step == decide.StepConditions:
		return "the arguments decide", yellow
	default:
		return "the call " + sentence(d.Outcome), outcomeStyle(d.Outcome)
	}
}

func alternatives(outcomes []decide.Outcome) string {
	var words []string
	for _, o := range outcomes {
		words = append(words, sentence(o))
	}
	return list(words, "or")
}

// why reports what decides.
func (w *printer) why(e *Explanation, a *Answer) {
	p, d := a.view.profile, &a.Decision
	switch {
	case a.filter.Off:
		fmt.Fprintln(w,
			"    a file without a default action and without rules is treated as no profile, and containers run "+
				"without a filter")
	case d.Step == decide.StepForeign:
		fmt.Fprintf(w,
			"    the profile does not list %s, and libseccomp kills calls from an ABI that the filter is not for\n",
			a.arch.Name)
		w.defined(p, p.Architectures)
	case d.Step == decide.StepKernel:
		since, _ := a.filter.Unfiltered(a.arch, e.Name)
		fmt.Fprintf(w, "    Linux %d.%d and newer make this call on %s without asking any filter\n", since.Major,
			since.Minor, ArchName(a.arch))
	case d.Step == decide.StepBorder:
		w.border(e, a)
	case a.Absent:
	case d.Step == decide.StepRule:
		fmt.Fprintf(w, "    %s: %s\n", w.place(p, d.Name.Span), w.decides(a))
		w.rule(p, d.Name, d.Rule)
	case d.Step == decide.StepConditions:
		w.cases(e, a)
	default:
		w.byDefault(a, "no rule decides, so the default action does")
	}
}

func (w *printer) decides(a *Answer) string {
	if slices.ContainsFunc(a.Dead, func(d decide.Dead) bool { return d.Why == decide.Shadowed }) {
		return "this rule decides, the first without conditions on arguments"
	}
	return "this rule decides"
}

// byDefault reports that the default action holds.
func (w *printer) byDefault(a *Answer, text string) {
	p := a.view.profile
	if p.DefaultAction.Span.IsEmpty() {
		fmt.Fprintf(w, "    %s\n", text)
		return
	}
	fmt.Fprintf(w, "    %s: %s\n", w.place(p, p.DefaultAction.Span), text)
	w.source(p.Source, p.DefaultAction.Span, p.DefaultErrnoRet.Span, p.DefaultErrno.Span)
}

// border reports runc's answer for numbers that the profile does not reach.
func (w *printer) border(e *Explanation, a *Answer) {
	p := a.view.profile
	fmt.Fprintln(w, "    runc answers ENOSYS to numbers above the highest that the profile names, before the filter "+
		"runs")
	type number struct {
		n              int
		archs, highest []string
	}
	var numbers []*number
	for _, pt := range a.group.points {
		border, ok := pt.filter.Border(pt.arch)
		if !ok {
			continue
		}
		n := e.number
		if e.Syscall != nil {
			n, _ = Number(e.Syscall, pt.arch.ABI)
		}
		i := slices.IndexFunc(numbers, func(known *number) bool { return known.n == n })
		if i < 0 {
			i = len(numbers)
			numbers = append(numbers, &number{n: n})
		}
		if arch := ArchName(pt.arch); !slices.Contains(numbers[i].archs, arch) {
			numbers[i].archs = append(numbers[i].archs, arch)
		}
		highest := fmt.Sprint(border + numberOffsets[pt.arch.ABI])
		if name, at, ok := highestNamed(pt, border); ok {
			highest += " (" + name.Text + ", " + w.place(p, at) + ")"
		}
		if !slices.Contains(numbers[i].highest, highest) {
			numbers[i].highest = append(numbers[i].highest, highest)
		}
	}
	for _, n := range numbers {
		fmt.Fprintf(w, "    its number is %d on %s, and the highest number that is named and known is %s\n", n.n,
			list(n.archs, "and"), list(n.highest, "or"))
	}
}

// highestNamed returns the name to which runc's border belongs, as libseccomp counts, with its place.
func highestNamed(pt point, border int) (name seccomp.String, at source.Span, ok bool) {
	for _, r := range pt.filter.Rules {
		for _, name := range r.Names {
			if s, ok := seccomp.LookupSyscall(name.Text); ok {
				if n, ok := s.Number(pt.arch.ABI); ok && n == border {
					return name, name.Span, true
				}
			}
		}
	}
	return seccomp.String{}, source.Span{}, false
}

// cases reports which outcome holds under which conditions.
func (w *printer) cases(e *Explanation, a *Answer) {
	p, d := a.view.profile, &a.Decision
	for _, c := range d.Cases {
		holds := len(c.Conds) == 0 // for the known arguments
		verb := "the call " + sentence(c.Outcome)
		switch {
		case !holds:
			verb += " if " + a.conditions(e, c)
		case len(a.Possible) == 1: // which the headline says
			verb = "this rule holds for these arguments"
		}
		if c.Multiplexed {
			verb += fmt.Sprintf(", a sub-call that is %s, which the rule names", c.Name.Text)
		}
		fmt.Fprintf(w, "    %s: %s\n", w.place(p, c.Name.Span), verb)
		if holds {
			w.rule(p, c.Name, c.Rule)
		}
	}
	switch {
	case len(a.Possible) > 1:
	case len(d.Cases) == 0:
		w.byDefault(a, "no rule holds for these arguments, so the default action does")
	case len(a.Possible) == 0:
		w.byDefault(a, "otherwise it "+sentence(d.Outcome)+", as the default action says")
	}
	if a.Miscompiled {
		fmt.Fprintln(w, "    libseccomp is known to miscompile such conditions for some arguments")
	}
	for _, o := range a.Overlaps {
		fmt.Fprintf(w,
			"    the rules at %s and %s can hold for one call; neither their order nor the release of libseccomp "+
				"determines which one it then uses\n",
			w.place(p, d.Cases[o[0]].Name.Span), w.place(p, d.Cases[o[1]].Name.Span))
	}
}

// conditions returns the conditions of a case in words, with the names of arguments where the architecture has them.
func (a *Answer) conditions(e *Explanation, c decide.Case) string {
	var words []string
	for _, cond := range c.Conds {
		words = append(words, condition(e.Syscall, a.arch, cond))
	}
	return strings.Join(words, " and ")
}

// condition returns a condition in words: "arg0 (clone_flags) & 0x7e020000 == 0".
func condition(s *seccomp.Syscall, arch *seccomp.Architecture, c decide.Cond) string {
	text := c.String()
	if s == nil || !s.ArgsKnown || c.Arg >= len(s.Args) || arch.Bits != 64 && arch.ABI != "x32" ||
		s.Name == "clone" && (c.Arg > 2 || arch.ABI == "s390x") {
		return text
	}
	arg := fmt.Sprintf("arg%d", c.Arg)
	return arg + " (" + s.Args[c.Arg].Name + ")" + strings.TrimPrefix(text, arg)
}

// dead reports which rules have no part in the decision.
func (w *printer) dead(a *Answer) {
	p := a.view.profile
	for _, d := range a.Dead {
		if a.Absent && d.Why == decide.NotOnABI {
			continue
		}
		fmt.Fprintf(w, "    %s: no effect (%s): %s\n", w.place(p, d.Name.Span),
			strings.TrimPrefix(d.Rule.Action.Text, "SCMP_ACT_"), w.deadWhy(a, d))
	}
}

func (w *printer) deadWhy(a *Answer, d decide.Dead) string {
	if d.Why == decide.Shadowed && d.By != nil {
		return "the rule at " + w.place(a.view.profile, a.Decision.Name.Span) + " has no conditions and decides alone"
	}
	return report.Visible(reasonWords(d))
}

func (w *printer) place(p *seccomp.Profile, s source.Span) string {
	return report.Visible(place(p.Source, s.Start))
}

// rule shows the lines of a rule: those of the name, of the action and the errno, and of the conditions.
func (w *printer) rule(p *seccomp.Profile, name seccomp.String, r *seccomp.Rule) {
	w.source(p.Source, name.Span, r.Action.Span, r.ErrnoRet.Span, r.Errno.Span)
}

func (w *printer) defined(p *seccomp.Profile, names []seccomp.String) {
	if len(names) > 0 {
		w.source(p.Source, names[0].Span)
	}
}

// source shows the lines in which spans begin, each once and in order.
func (w *printer) source(f *source.File, spans ...source.Span) {
	var lines []int
	at := map[int]source.Span{}
	for _, s := range spans {
		if s.IsEmpty() {
			continue
		}
		n := f.LineOf(s.Start)
		if _, ok := at[n]; !ok {
			lines = append(lines, n)
			at[n] = s
		}
	}
	slices.Sort(lines)
	for _, n := range lines {
		fmt.Fprintf(w, "      %s %s\n", w.paint(blue, fmt.Sprintf("%4d |", n)), around(f, f.Line(n), at[n]))
	}
}

// around returns a line of source without its indentation; of a long one the part around a span.
func around(f *source.File, line, span source.Span) string {
	const before, most = 30, 100
	text := f.Text(line)
	lead := len(text) - len(strings.TrimLeft(text, " \t"))
	runes := []rune(text[lead:])
	if len(runes) <= most {
		return report.Visible(string(runes))
	}
	start := max(0,
		len([]rune(f.Text(source.Span{Start: line.Start + lead, End: max(span.Start, line.Start+lead)})))-before)
	end := min(len(runes), start+most)
	text = report.Visible(string(runes[start:end]))
	if start > 0 {
		text = "…" + text
	}
	if end < len(runes) {
		text += "…"
	}
	return text
}

func quoted(words []string) []string {
	var out []string
	for _, w := range words {
		out = append(out, fmt.Sprintf("%q", w))
	}
	return out
}
