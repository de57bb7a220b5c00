package decide

import (
	"maps"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
)

// The environments in which a profile has to be looked at.
//
// Docker and containers/common leave rules out that ask for a capability, or for a release of the kernel, which the
// container does not have. Computed here is a small number of containers and kernels that stand for all of them:
// every combination of rules that is left in some container on some targeted kernel is left in one of the
// environments. TestEnvironmentsAgainstBruteForce checks that over all sets of seven capabilities. A rule that asks
// for n capabilities can be answered in n+1 ways, so there are up to maxEnvironments, and beyond them the result is
// incomplete.

// environment is a container and a kernel as far as rules ask about them.
type environment struct {
	// Has and Lacks are the capabilities that the container has and lacks, of those that rules ask about, sorted.
	Has, Lacks []string
	// Kernel is the oldest release of Linux of which all of this is so; the newest targeted one, or the zero Version
	// for every release, where no rule asks for one.
	Kernel seccomp.Version

	// named are the capabilities that rules about the syscall ask about, where Has and Lacks stand for others too with
	// which runc's border lies as high: see differ.containers. It is nil where they stand for themselves.
	named *ContainerCondition
}

// Host returns a host of the environment: one with the capabilities of a container that asks for none, but for those
// that are in question.
func (e environment) Host(l Loader, a *seccomp.Architecture) Host {
	caps := slices.DeleteFunc(DefaultCaps(l), func(c string) bool {
		return slices.Contains(e.Lacks, c) || slices.Contains(e.Has, c)
	})
	return Host{Arch: a, Caps: append(caps, e.Has...), Kernel: e.Kernel}
}

// key is equal for equal environments.
func (e environment) key() string {
	return strings.Join(e.Has, " ") + "|" + strings.Join(e.Lacks, " ") + "|" + e.Kernel.String()
}

// question is what a rule asks about the container: the rule is left where the container has all of has and none of
// lacks.
type question struct{ has, lacks []string }

func newQuestion(r *seccomp.Rule) question {
	text := func(list []seccomp.String) (out []string) {
		for _, s := range list {
			out = append(out, s.Text)
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	return question{text(r.Includes.Caps), text(r.Excludes.Caps)}
}

const (
	// fewCaps is the number of capabilities of which every set is an environment.
	fewCaps = 4
	// maxEnvironments bounds the number of sets of capabilities.
	maxEnvironments = 512
)

// environments returns the environments that rules distinguish. It reports false where they are too many.
func (t Targets) environments(rules []*seccomp.Rule) (out []environment, complete bool) {
	caps, questions := askedOf(rules)
	sets, complete := capSets(caps, questions)
	kernels := t.kernelsOf(rules)
	for _, has := range sets {
		lacks := slices.DeleteFunc(slices.Clone(caps), func(c string) bool { return slices.Contains(has, c) })
		for _, v := range kernels {
			out = append(out, environment{Has: has, Lacks: lacks, Kernel: v})
		}
	}
	return out, complete
}

// askedOf returns the capabilities that rules ask about, sorted, and what they ask, each once.
func askedOf(rules []*seccomp.Rule) (caps []string, questions []question) {
	for _, r := range rules {
		q := newQuestion(r)
		known := slices.ContainsFunc(questions, func(p question) bool {
			return slices.Equal(p.has, q.has) && slices.Equal(p.lacks, q.lacks)
		})
		if len(q.has)+len(q.lacks) > 0 && !known {
			questions = append(questions, q)
			caps = append(append(caps, q.has...), q.lacks...)
		}
	}
	slices.Sort(caps)
	return slices.Compact(caps), questions
}

// kernelsOf returns the oldest release of Linux for each answer that rules get which ask for one.
func (t Targets) kernelsOf(rules []*seccomp.Rule) (since []seccomp.Version) {
	kernels := t.Range("kernel")
	for _, r := range rules {
		for _, s := range []seccomp.String{r.Includes.MinKernel, r.Excludes.MinKernel} {
			v, ok := seccomp.ParseVersion(s.Text)
			v.Patch = 0
			targeted := kernels.From.Less(v) && (!t.Given("kernel") || !kernels.To.Less(v))
			if ok && targeted && !slices.Contains(since, v) {
				since = append(since, v)
			}
		}
	}
	slices.SortFunc(since, func(a, b seccomp.Version) int { return b.Compare(a) })
	since = append(since, kernels.From)
	if len(since) == 1 {
		since[0] = t.newestKernel()
	}
	return since
}

// choice is a decision for some capabilities whether the container has them.
type choice map[string]bool

// with returns the choice with one more capability, and false where it contradicts it.
func (made choice) with(c string, has bool) (choice, bool) {
	if was, ok := made[c]; ok {
		return made, was == has
	}
	next := maps.Clone(made)
	next[c] = has
	return next, true
}

// capSets returns sets of capabilities that between them answer the questions in every possible way: all sets of a few
// capabilities, and one set for each way for more.
func capSets(caps []string, questions []question) (sets [][]string, complete bool) {
	if len(caps) <= fewCaps {
		for bits := range 1 << len(caps) {
			var has []string
			for i, c := range caps {
				if bits&(1<<i) != 0 {
					has = append(has, c)
				}
			}
			sets = append(sets, has)
		}
		return sets, true
	}
	s := newCapSearch(caps, questions)
	return s.sets, s.complete
}

// capChoices is capSets, and leaves out of the sets those capabilities that do not matter there.
func capChoices(caps []string, questions []question) (choices []choice, complete bool) {
	if len(caps) > fewCaps {
		s := newCapSearch(caps, questions)
		return s.choices, s.complete
	}
	sets, complete := capSets(caps, questions)
	for _, has := range sets {
		made := choice{}
		for _, c := range caps {
			made[c] = slices.Contains(has, c)
		}
		choices = append(choices, made)
	}
	return choices, complete
}

func newCapSearch(caps []string, questions []question) *capSearch {
	s := &capSearch{
		caps: caps, questions: questions, usual: DefaultCaps(LoaderDocker), seen: map[string]bool{}, complete: true,
	}
	s.answer(0, choice{})
	return s
}

// capSearch looks for one set of capabilities for each way to answer questions.
type capSearch struct {
	caps      []string
	questions []question
	usual     []string // what a container has of the capabilities that no answer depends on
	sets      [][]string
	choices   []choice
	seen      map[string]bool
	complete  bool
}

// answer answers the questions from the nth on in every way that a choice allows.
func (s *capSearch) answer(n int, made choice) {
	if len(s.choices) == maxEnvironments {
		s.complete = false
		return
	}
	if n == len(s.questions) {
		s.add(made)
		return
	}
	// Each capability in turn is the first that makes the answer no; without one the answer is yes.
	ask := func(c string, has bool) bool {
		if no, ok := made.with(c, !has); ok {
			s.answer(n+1, no)
		}
		var ok bool
		made, ok = made.with(c, has)
		return ok
	}
	for _, c := range s.questions[n].has {
		if !ask(c, true) {
			return
		}
	}
	for _, c := range s.questions[n].lacks {
		if !ask(c, false) {
			return
		}
	}
	s.answer(n+1, made)
}

// add adds the set of a choice.
func (s *capSearch) add(made choice) {
	s.choices = append(s.choices, made)
	var has []string
	for _, c := range s.caps {
		if v, ok := made[c]; v || !ok && slices.Contains(s.usual, c) {
			has = append(has, c)
		}
	}
	if key := strings.Join(has, " "); !s.seen[key] {
		s.seen[key] = true
		s.sets = append(s.sets, has)
	}
}
