package dockerfile

import (
	"errors"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/sandlint/sandlint/parsers/source"
)

// This file computes the variables of a Dockerfile, ENV and ARG, as BuildKit v0.34.2 does
// (frontend/dockerfile/dockerfile2llb): those before the first FROM, those of each stage, and what a stage inherits
// from the stage that it is built on.
//
// The variables after each instruction are a version, an immutable treap that shares most of its nodes with the version
// before, so every instruction has its own and a look-up anywhere takes logarithmic time. Versions are computed once,
// when a rule first asks.
//
// A value is known only if a build without --build-arg has it for certain. Since values can double with each
// instruction, a budget bounds the bytes that expansion may produce; beyond it values are not known, but never wrong
// (TestBudget). scope_test.go has the cases.

// Value is the value of a variable at some instruction.
type Value struct {
	// Text is the value. If it is not known, it is the value as written, or "" if the file has none.
	Text string
	// Known says that a build without --build-arg uses Text.
	Known bool
	// Overridable says that a --build-arg may change it: it is an ARG, or depends on one.
	Overridable bool
	// Span is where the value is written. For an ARG without a default, it is that of the name.
	Span source.Span
	// From is the instruction that contains Span: the ENV or ARG that sets the value. An ARG without a default may take
	// its value from an ARG before the first FROM; then From is that one. It is nil for an automatic argument before
	// the first FROM.
	From *Instruction
}

// automaticArgs are the arguments that BuildKit v0.34.2 sets from the platforms and the target of a build
// (frontend/dockerfile/dockerfile2llb/platform.go).
var automaticArgs = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{"TARGETSTAGE": true}
	for _, side := range []string{"BUILD", "TARGET"} {
		for _, part := range []string{"PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT"} {
			set[side+part] = true
		}
	}
	return set
})

// lazy is what is computed from a file when it is first needed.
type lazy struct {
	outerOnce sync.Once
	outer     scope // the instructions before the first FROM

	stagesOnce sync.Once
	stages     []stageScope

	budget int // bytes that expansion may still produce, since values can double with each instruction

	// variables are those that are set, by the tree of the scope, once the scopes are made.
	variables map[int]map[string]bool
	namesOnce sync.Once
	names     map[int]*source.Names // of variables

	settersOnce sync.Once
	setters     map[string][]*Instruction // see Setters
}

// scope is the variables in force over a run of instructions.
type scope struct {
	versions []version // in order; the first holds from the start
	from     int       // index of the stage's FROM; variables set before it are inherited
	open     bool      // variables that are not set here may come from an unknown image
	outer    bool      // the scope of FROM, where an ARG without a default counts as not set
	tree     int       // the stage at the root of those that it is based on, counted from 1; 0 for that of FROM
}

// version is the variables in force after an instruction.
type version struct {
	after  int // index of the instruction
	root   *binding
	opaque bool // a variable whose name is not known was set
}

type stageScope struct {
	scope
	shells  []shellSetting
	onbuild []*Instruction // triggers that set a variable or a shell in the stages built on this one
}

type shellSetting struct {
	after int // index of the SHELL instruction
	words []Word
}

// binding is a node of a treap from names to values. Bindings are immutable, so versions share them.
type binding struct {
	name        string
	value       Value
	unset       bool   // an ARG without a value
	index       int    // of the instruction that set it
	image       *Value // the last value set by ENV, which the image keeps
	priority    uint32
	left, right *binding
}

// reading is the state of a variable at some instruction.
type reading struct {
	value Value
	unset bool
	image *Value
}

// read returns a variable of s in version v, and false when it is not set. An ARG is visible in the stages built on its
// own, but there the variables of the image, from ENV and the base image, are set again and hide it.
func (s *scope) read(v version, name string) (reading, bool) {
	b := v.root.get(name)
	if b == nil {
		return reading{}, false
	}
	r := reading{b.value, b.unset, b.image}
	if b.index < s.from {
		if b.image != nil {
			r.value, r.unset = *b.image, false
		} else if s.open {
			r.value.Known = false
		}
	}
	return r, true
}

func (b *binding) get(name string) *binding {
	for b != nil && b.name != name {
		if name < b.name {
			b = b.left
		} else {
			b = b.right
		}
	}
	return b
}

// set returns the treap with a binding added or replaced.
func (b *binding) set(add *binding) *binding {
	if b == nil {
		return add
	}
	n := *b
	switch {
	case add.name == b.name:
		n.value, n.unset, n.index, n.image = add.value, add.unset, add.index, add.image
	case add.name < b.name:
		n.left = b.left.set(add)
		if l := n.left; l.priority > n.priority {
			n.left = l.right
			l.right = &n
			return l
		}
	default:
		n.right = b.right.set(add)
		if r := n.right; r.priority > n.priority {
			n.right = r.left
			r.left = &n
			return r
		}
	}
	return &n
}

func newBinding(name string, v Value, index int) *binding {
	h := uint32(2166136261)
	for n := 0; n < len(name); n++ {
		h = (h ^ uint32(name[n])) * 16777619
	}
	return &binding{name: name, value: v, index: index, priority: h}
}

// at returns the version in force just before the instruction with the given index.
func (s *scope) at(index int) version {
	n := sort.Search(len(s.versions), func(n int) bool { return s.versions[n].after >= index })
	if n == 0 {
		return version{}
	}
	return s.versions[n-1]
}

// last returns the version in force at the end.
func (s *scope) last() version {
	if len(s.versions) == 0 {
		return version{}
	}
	return s.versions[len(s.versions)-1]
}

// outerScope returns the variables of the instructions before the first FROM, which every FROM sees.
func (f *File) outerScope() *scope {
	f.lazy.outerOnce.Do(func() {
		f.lazy.budget = 4*len(f.Source.Bytes) + 8<<20
		s := &f.lazy.outer
		s.outer = true
		for _, i := range f.Instructions {
			if i.Name == "FROM" {
				break
			}
			if i.Name == "ARG" {
				s.versions = append(s.versions, f.apply(s, i, i.Index))
			}
		}
	})
	return &f.lazy.outer
}

// stageScopes returns the variables of each stage.
func (f *File) stageScopes() []stageScope {
	f.lazy.stagesOnce.Do(func() {
		f.outerScope()
		scopes := make([]stageScope, len(f.Stages))
		for n, stage := range f.Stages {
			s := &scopes[n]
			from := stage.From.Index
			s.from = from
			s.open = stage.Image != "scratch"
			s.tree = n + 1
			if p := stage.Parent; p != nil {
				parent := &scopes[p.Index]
				s.tree = parent.tree
				s.open = parent.open
				start := parent.last()
				start.after = from
				s.versions = append(s.versions, start)
				if len(parent.shells) > 0 {
					s.shells = append(s.shells, shellSetting{from, parent.shells[len(parent.shells)-1].words})
				}
				for _, t := range parent.onbuild {
					if f.lazy.budget -= 64; f.lazy.budget < 0 {
						end := s.last()
						end.opaque = true
						s.versions = append(s.versions, end)
						break
					}
					f.extend(s, t, from)
				}
			}
			for _, i := range stage.Instructions {
				f.extend(s, i, i.Index)
			}
		}
		f.lazy.stages = scopes
	})
	return f.lazy.stages
}

// extend adds what i sets to s, as an instruction with the given index.
func (f *File) extend(s *stageScope, i *Instruction, index int) {
	switch i.Name {
	case "ENV", "ARG":
		s.versions = append(s.versions, f.apply(&s.scope, i, index))
	case "SHELL":
		if i.Exec && len(i.Words) > 0 {
			s.shells = append(s.shells, shellSetting{index, i.Words})
		}
	case "ONBUILD":
		if t := i.Trigger; t != nil && (t.Name == "ENV" || t.Name == "ARG" || t.Name == "SHELL") {
			s.onbuild = append(s.onbuild, t)
		}
	}
}

// apply returns the variables in force after i, an ENV or ARG at the end of s. BuildKit v0.34.2 keeps both kinds in one
// table, where the later one wins, so an ENV hides an ARG above it and an ARG with a value hides an ENV above it.
func (f *File) apply(s *scope, i *Instruction, index int) version {
	set := f.lazy.variables[s.tree]
	if set == nil {
		if f.lazy.variables == nil {
			f.lazy.variables = map[int]map[string]bool{}
		}
		set = map[string]bool{}
		f.lazy.variables[s.tree] = set
	}
	before := s.last()
	v := before
	v.after = index
	for n := range i.Pairs {
		p := &i.Pairs[n]
		if i.Name == "ENV" {
			name, known, _ := f.evaluate(s, before, p.Key)
			if !known {
				v.opaque = true
				continue
			}
			text, known, overridable := f.evaluate(s, before, p.Value)
			b := newBinding(name,
				Value{Text: text, Known: known, Overridable: overridable, Span: p.Value.Span, From: i}, index)
			b.image = &b.value
			v.root = v.root.set(b)
			set[name] = true
			continue
		}
		name := p.Key.Text
		if name == "BUILDKIT_SBOM_SCAN_CONTEXT" || name == "BUILDKIT_SBOM_SCAN_STAGE" {
			continue // BuildKit reads these itself and never sets them
		}
		old, has := s.read(v, name)
		b := newBinding(name, Value{Overridable: true, Span: p.Key.Span, From: i}, index)
		b.image = old.image
		switch global := f.outerBinding(s, name); {
		case p.HasValue:
			text, known, _ := f.evaluate(s, v, p.Value)
			b.value = Value{Text: text, Known: known, Overridable: true, Span: p.Value.Span, From: i}
		case global != nil && !global.unset:
			b.value = global.value
		case automaticArgs()[name] && (global == nil || s.outer):
		case has:
			b.value, b.unset = old.value, old.unset
			b.value.Overridable = true
		default:
			b.unset = true
		}
		v.root = v.root.set(b)
		set[name] = true
	}
	return v
}

// outerBinding returns the binding from before the first FROM of a name that an ARG in the stage of s declares, or nil.
func (f *File) outerBinding(s *scope, name string) *binding {
	if s.outer {
		return nil
	}
	return f.outerScope().last().root.get(name)
}

// scopeAt returns the scope of an instruction and the variables in force just before it, and false for the trigger of
// an ONBUILD, which runs in the build of another image.
func (f *File) scopeAt(at *Instruction) (*scope, version, bool) {
	here := at.Index >= len(f.Instructions) || f.Instructions[at.Index] == at ||
		f.Instructions[at.Index].Name != "ONBUILD"
	switch {
	case at.Stage == nil:
		s := f.outerScope()
		return s, s.at(at.Index), here
	case at.Stage.From == at:
		s := f.outerScope()
		return s, s.last(), true
	}
	s := &f.stageScopes()[at.Stage.Index].scope
	if !here {
		return s, s.last(), false
	}
	return s, s.at(at.Index), true
}

// Lookup returns the value of a variable just before an instruction runs, as BuildKit resolves it, and false when
// nothing in the file sets it there; then it may still come from the base image. It searches the instructions above in
// the stage, then the stages that it is built on. FROM sees the ARGs before the first FROM. An ARG without a value, and
// every variable in the trigger of an ONBUILD, is found but not known.
func (f *File) Lookup(at *Instruction, name string) (Value, bool) {
	s, v, here := f.scopeAt(at)
	r, ok := s.read(v, name)
	switch {
	case ok:
		r.value.Known = r.value.Known && here && !v.opaque
		return r.value, true
	case s.outer && automaticArgs()[name]:
		return Value{Overridable: true}, true
	}
	return Value{}, v.opaque
}

// Expand returns a word of an instruction with variables expanded and quotes and escapes removed, as BuildKit does for
// the words of ENV, LABEL, WORKDIR, COPY and the like (but not for those of RUN, CMD and ENTRYPOINT). If the file does
// not determine the outcome, it returns the word as written and false.
func (f *File) Expand(at *Instruction, word string) (text string, known bool) {
	if f.isPlain(word) {
		return word, true
	}
	s, v, here := f.scopeAt(at)
	if !here && strings.Contains(word, "$") {
		return word, false
	}
	text, known, _ = f.expandIn(s, v, word)
	if !known {
		return word, false
	}
	return text, true
}

// Shell returns the words of the SHELL that runs the shell form of an instruction, nil for the default of the image's
// platform. They are those of the last SHELL above in the stage, or in the stages that it is built on.
func (f *File) Shell(at *Instruction) []Word {
	if at.Stage == nil || at.Stage.From == at {
		return nil
	}
	shells := f.stageScopes()[at.Stage.Index].shells
	n := sort.Search(len(shells), func(n int) bool { return shells[n].after >= at.Index })
	if n == 0 {
		return nil
	}
	return shells[n-1].words
}

// isPlain reports whether expanding word does not change it.
func (f *File) isPlain(word string) bool {
	for n := 0; n < len(word); n++ {
		if c := word[n]; c == '$' || c == '"' || c == '\'' || c == f.Escape {
			return false
		}
	}
	return true
}

// expandIn expands a word with the given variables of a scope.
func (f *File) expandIn(s *scope, v version, word string) (text string, known, overridable bool) {
	if f.isPlain(word) {
		return word, true, false
	}
	if n := len(word) - 1; n > 0 && (word[0] == '"' || word[0] == '\'') && word[n] == word[0] && f.isPlain(word[1:n]) {
		return word[1:n], true, false
	}
	e := environment{scope: s, version: v}
	if e.left = f.allowance(word); e.left == 0 {
		return "", false, false
	}
	lex := lexer(f.Escape)
	defer lexers.Put(lex)
	text, err := processWord(lex, word, &e)
	for _, name := range e.missing {
		e.unknown = e.unknown || usesPlainly(word, name)
	}
	if err != nil || e.unknown || e.left < 0 {
		return "", false, e.overridable
	}
	return text, true, e.overridable
}

// evaluate expands a word whose value is kept, and charges the budget for it. If the value is not known, it returns the
// word as written.
func (f *File) evaluate(s *scope, v version, w Word) (text string, known, overridable bool) {
	if f.lazy.budget > 0 {
		text, known, overridable = f.expandIn(s, v, w.Text)
	}
	if !known {
		return w.Text, false, overridable
	}
	if strings.Contains(w.Text, "$") {
		f.lazy.budget -= len(text)
	}
	return text, true, overridable
}

// allowance returns how many bytes of values may be put into a word, 0 when it cannot be expanded at all. Replacing a
// pattern can multiply the length of a value by that of the word, so a longer word gets less.
func (f *File) allowance(word string) int {
	if strings.Count(word, "${") > maxNesting {
		return 0
	}
	return min(1<<16, 1<<24/len(word))
}

// legible returns a form of text for which BuildKit's lexer prints nothing to standard error, and a function that
// returns the original form of what the lexer made of it. Invalid bytes become U+FFFD for good, as in the lexer, and
// each NUL stands as a code point that no text uses.
func legible(text string) (string, func(string) string) {
	if !utf8.ValidString(text) {
		text = string([]rune(text))
	}
	if strings.IndexByte(text, 0) < 0 {
		return text, func(s string) string { return s }
	}
	mark := '\uFDD0' // the first of 32 noncharacters
	for mark < '\uFDEF' && strings.ContainsRune(text, mark) {
		mark++
	}
	return strings.ReplaceAll(text, "\x00", string(mark)), func(s string) string {
		return strings.ReplaceAll(s, string(mark), "\x00")
	}
}

// processWord is lex.ProcessWord, which prints to standard error, for any word.
func processWord(lex *shell.Lex, word string, env shell.EnvGetter) (string, error) {
	word, original := legible(word)
	text, _, err := lex.ProcessWord(word, env)
	if err != nil {
		err = errors.New(original(err.Error()))
	}
	return original(text), err
}

// environment gives variables to BuildKit's lexer and records what it read.
type environment struct {
	scope   *scope
	version version
	left    int // bytes of values that may still be returned

	unknown     bool     // a variable was read whose value is not known
	overridable bool     // a variable was read that a --build-arg may change
	missing     []string // arguments without a value that were read
}

// Get implements shell.EnvGetter.
func (e *environment) Get(name string) (string, bool) {
	r, ok := e.scope.read(e.version, name)
	switch {
	case e.version.opaque, ok && !r.unset && !r.value.Known, !ok && e.scope.outer && automaticArgs()[name]:
		e.unknown = true
		return "", false
	case !ok || r.unset:
		e.overridable = e.overridable || ok
		if e.scope.outer {
			e.missing = append(e.missing, name)
		} else if ok || e.scope.open || name == "PATH" {
			e.unknown = true
		}
		return "", false
	}
	e.overridable = e.overridable || r.value.Overridable
	if e.left -= len(r.value.Text); e.left < 0 {
		return "", false
	}
	return r.value.Text, true
}

// Keys implements shell.EnvGetter. The lexer does not call it.
func (e *environment) Keys() []string { return nil }

// usesPlainly reports whether word has the variable name in a form that is empty when it is not set: $x, ${x} and
// patterns, but not ${x:-y} or ${x:+y}.
func usesPlainly(word, name string) bool {
	for {
		n := strings.IndexByte(word, '$')
		if n < 0 {
			return false
		}
		word = word[n+1:]
		braced := strings.HasPrefix(word, "{")
		rest, ok := strings.CutPrefix(strings.TrimPrefix(word, "{"), name)
		if !ok {
			continue
		}
		next, _ := utf8.DecodeRuneInString(rest)
		if unicode.IsLetter(next) || unicode.IsDigit(next) || next == '_' {
			continue
		}
		if !braced || !strings.HasPrefix(rest, "-") && !strings.HasPrefix(rest, ":-") &&
			!strings.HasPrefix(rest, "+") && !strings.HasPrefix(rest, ":+") {
			return true
		}
	}
}

// expandDefaults expands a word of FROM. It returns "" if the word uses an argument without a value.
func (f *File) expandDefaults(word string) string {
	if f.isPlain(word) {
		return word
	}
	s := f.outerScope()
	text, known, _ := f.expandIn(s, s.last(), word)
	if !known {
		return ""
	}
	return text
}

// expandPlatform expands a platform, and leaves arguments without a value as they are.
func (f *File) expandPlatform(word string) string {
	if f.isPlain(word) {
		return word
	}
	e := defaults{environment{scope: f.outerScope(), left: f.allowance(word)}}
	if e.left == 0 {
		return word
	}
	e.version = e.scope.last()
	lex := lexer(f.Escape)
	defer lexers.Put(lex)
	lex.SkipUnsetEnv = true
	text, err := processWord(lex, word, &e)
	if err != nil || e.left < 0 {
		return word
	}
	return text
}

// automatic are the arguments that BuildKit sets in every build, except for TARGETVARIANT and BUILDVARIANT, which most
// platforms do not have. A default in an ARG before the first FROM replaces the value.
var automatic = []string{
	"TARGETPLATFORM", "TARGETOS", "TARGETARCH", "BUILDPLATFORM", "BUILDOS", "BUILDARCH",
}

// defaults returns only values that are known, and automatic arguments as a reference to themselves.
type defaults struct{ environment }

// Get implements shell.EnvGetter.
func (d *defaults) Get(name string) (string, bool) {
	if r, ok := d.scope.read(d.version, name); !ok || !r.value.Known {
		return "$" + name, slices.Contains(automatic, name)
	}
	return d.environment.Get(name)
}

// Variables returns the names of the variables that ENV and ARG of the file set just before an instruction runs,
// sorted. Lookup returns what each holds.
func (f *File) Variables(at *Instruction) []string {
	_, v, _ := f.scopeAt(at)
	var names []string
	var visit func(*binding)
	visit = func(b *binding) {
		if b != nil {
			visit(b.left)
			names = append(names, b.name)
			visit(b.right)
		}
	}
	visit(v.root)
	return names
}

// NearestVariable returns the one of Variables that was most likely meant by a name, or "": see source.Nearest.
func (f *File) NearestVariable(at *Instruction, name string) string {
	s, v, _ := f.scopeAt(at)
	f.stageScopes()
	f.lazy.namesOnce.Do(func() {
		f.lazy.names = map[int]*source.Names{}
		for tree, set := range f.lazy.variables {
			f.lazy.names[tree] = source.NewNames(slices.Sorted(maps.Keys(set)))
		}
	})
	names := f.lazy.names[s.tree]
	if names == nil {
		return ""
	}
	return names.NearestOf(name, func(variable string) bool { return v.root.get(variable) != nil })
}

// Setters returns the instructions ENV and ARG, but those of ONBUILD, that name a variable as one that they set, in
// order.
func (f *File) Setters(variable string) []*Instruction {
	f.lazy.settersOnce.Do(func() {
		f.lazy.setters = map[string][]*Instruction{}
		for _, i := range f.Instructions {
			if i.Name != "ENV" && i.Name != "ARG" {
				continue
			}
			for n := range i.Pairs {
				name := i.Pairs[n].Key.Text
				if all := f.lazy.setters[name]; len(all) == 0 || all[len(all)-1] != i {
					f.lazy.setters[name] = append(all, i)
				}
			}
		}
	})
	return f.lazy.setters[variable]
}
