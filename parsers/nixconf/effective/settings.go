package effective

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
)

// Get returns the value in force of a setting, given by any of its names. A setting that nothing set has its default.
// For a name that the release does not have, the result has no Name and is not Known.
func (s *Settings) Get(name string) Setting {
	facts, ok := nixconf.Lookup(s.Distribution, s.Version, name)
	if !ok {
		return Setting{}
	}
	return s.state(facts).finish(s)
}

// state returns the state of a setting, which is the default where nothing set it.
func (s *Settings) state(facts nixconf.Facts) *state {
	if st, ok := s.states.Get(facts.Name); ok {
		return st
	}
	facts.Written, facts.Alias, facts.Extra = facts.Name, false, false
	return &state{facts: facts, onDefault: true, known: true}
}

// finish returns the setting that st describes.
func (st *state) finish(s *Settings) Setting {
	out := Setting{
		Name: st.facts.Name, Facts: st.facts, Set: len(st.origins) > 0,
		Origins: st.origins, Overridden: st.replaced,
		Value: st.value, Words: st.words,
	}
	value, known := st.base(s)
	out.Known = known
	if st.onDefault {
		out.Words = defaultWords(st.facts, value)
		out.Words = append(out.Words, st.words...)
		out.Value = value
	}
	if !st.facts.HasWords() {
		return out
	}
	if st.facts.Unordered {
		if !st.onDefault {
			out.Words = slices.Clone(out.Words)
		}
		key := func(e Element) string { return key(&st.facts, e.Text) }
		slices.SortStableFunc(out.Words, func(a, b Element) int { return strings.Compare(key(a), key(b)) })
		out.Words = slices.CompactFunc(out.Words, func(a, b Element) bool { return key(a) == key(b) })
	}
	var b strings.Builder
	for i, w := range out.Words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.Text)
	}
	out.Value = b.String()
	return out
}

// base returns the default, to which words may be appended, and whether the value is known.
func (st *state) base(s *Settings) (value string, known bool) {
	taint := s.taint
	if st.facts.Kind == nixconf.KindFeatures {
		taint = s.featureTaint
	}
	value, known = st.facts.Default, st.known && taint <= st.assigned
	if s.Platform == "darwin" {
		value = st.facts.DarwinDefault
	}
	if st.onDefault {
		known = known && st.facts.HasDefault && (s.Platform != "" || value == st.facts.DarwinDefault)
	}
	return value, known
}

// defaultWords returns the words of a setting's default.
func defaultWords(f nixconf.Facts, value string) []Element {
	if !f.HasDefault {
		return nil
	}
	words := []string{value}
	if f.HasWords() {
		words = strings.Fields(value)
	}
	out := make([]Element, len(words))
	for i, w := range words {
		out[i] = Element{Text: w, Origin: Origin{Source: -1}}
	}
	return out
}

// Names returns the settings that a source set, sorted.
func (s *Settings) Names() []string {
	out := make([]string, 0, s.states.Len())
	for name, st := range s.states.All() {
		if len(st.origins) > 0 {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out
}

// Bool returns the value of a boolean, or of an enumeration such as sandbox that is true or false, and whether it is
// known.
func (s *Settings) Bool(name string) (value, known bool) {
	set := s.Get(name)
	if !set.Known {
		return false, false
	}
	switch set.Value {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// Int returns the value of an integer and whether it is known. max-jobs = auto is not known, nor is a value beyond the
// range of int64.
func (s *Settings) Int(name string) (value int64, known bool) {
	set := s.Get(name)
	n, err := strconv.ParseInt(set.Value, 10, 64)
	if err != nil || !set.Known {
		return 0, false
	}
	return n, true
}

// Text returns the value as text and whether it is known.
func (s *Settings) Text(name string) (value string, known bool) {
	set := s.Get(name)
	return set.Value, set.Known
}

// List returns the words of a value, and whether these are all of them.
func (s *Settings) List(name string) (words []Element, known bool) {
	set := s.Get(name)
	return set.Words, set.Known
}

// Feature reports whether an experimental feature is on, and whether that is known. Features that are stable in the
// distribution are on. The features that the command line of a Nix command adds have to be among the sources.
func (s *Settings) Feature(name string) (on, known bool) {
	if _, stable := s.Distribution.HasFeature(s.Version, name); stable {
		return true, true
	}
	set := s.Get("experimental-features")
	if set.Name == "" {
		return false, true
	}
	on = slices.ContainsFunc(set.Words, func(e Element) bool { return e.Text == name })
	return on, set.Known
}
