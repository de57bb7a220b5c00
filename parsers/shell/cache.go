package shell

import (
	"sync"

	"github.com/sandlint/sandlint/parsers/source"
)

// Cache remembers scripts that were read, for a caller that reads many of the same texts again and again, as the
// document of an editor has them after each key stroke. A script from it is what Parse would return. It keeps the
// scripts of at most a megabyte of text, and forgets first those that have not been asked for lately. It is safe for
// concurrent use. A nil Cache remembers nothing.
type Cache struct {
	mu         sync.Mutex
	young, old map[cacheKey][]remembered
	size       int // bytes of text in young
}

// cacheKey is what a script depends on, but for the values of variables and its place.
type cacheKey struct {
	text    string
	dialect Dialect
	first   bool // it is at the beginning of its file
	env     bool // variables are provided
}

// remembered is a script and the variables that were looked up for it.
type remembered struct {
	script *Script
	asked  []answer
}

type answer struct {
	name, value string
	known       bool
}

const (
	// maxCached is the size of the texts, in bytes, of one generation of a Cache.
	maxCached = 512 << 10
	// maxVariants is how many scripts of one text are remembered, which stand in different places or have other
	// variables.
	maxVariants = 8
)

// Parse is the function Parse.
func (c *Cache) Parse(view []byte, base int, d Dialect, env Env) *Script {
	if c == nil || d == None || len(view) > maxCached/4 {
		return Parse(view, base, d, env)
	}
	answers := map[string]answer{}
	known := func(r *remembered) bool {
		for n := range r.asked {
			was := &r.asked[n]
			now, ok := answers[was.name]
			if !ok {
				now.value, now.known = env(was.name)
				answers[was.name] = now
			}
			if now.value != was.value || now.known != was.known {
				return false
			}
		}
		return true
	}
	key := cacheKey{string(view), d, base == 0, env != nil}
	variants := c.find(key)
	nearest := -1
	for n := range variants {
		r := &variants[n]
		if !known(r) {
			continue
		}
		if r.script.Base == base {
			return r.script
		}
		if nearest < 0 || distance(r.script.Base, base) < distance(variants[nearest].script.Base, base) {
			nearest = n
		}
	}
	if nearest >= 0 {
		if moved := variants[nearest].script.moved(base); moved != nil {
			c.keep(key, remembered{moved, variants[nearest].asked})
			return moved
		}
	}
	var asked []answer
	recording := env
	if env != nil {
		seen := map[string]bool{}
		recording = func(name string) (string, bool) {
			value, ok := env(name)
			if !seen[name] {
				seen[name] = true
				asked = append(asked, answer{name, value, ok})
			}
			return value, ok
		}
	}
	s := Parse(view, base, d, recording)
	c.keep(key, remembered{s, asked})
	return s
}

// ParseJoined is the function ParseJoined.
func (c *Cache) ParseJoined(view []byte, base int, d Dialect, env Env) *Script {
	return c.Parse(joinLines(view), base, d, env)
}

func distance(a, b int) int { return max(a-b, b-a) }

// find returns the scripts of a text. The caller must not change the list.
func (c *Cache) find(key cacheKey) []remembered {
	c.mu.Lock()
	defer c.mu.Unlock()
	if list := c.young[key]; list != nil {
		return list
	}
	list := c.old[key]
	if list != nil {
		delete(c.old, key)
		c.add(key, list)
	}
	return list
}

// add adds a text to the newest ones. The caller holds mu.
func (c *Cache) add(key cacheKey, list []remembered) {
	if c.size += len(key.text) + 64; c.size > maxCached || c.young == nil {
		c.young, c.old, c.size = map[cacheKey][]remembered{}, c.young, len(key.text)+64
	}
	c.young[key] = list
}

// keep remembers a script, in the place of the nearest one of the same text where there are too many.
func (c *Cache) keep(key cacheKey, r remembered) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list, has := c.young[key]
	at := -1
	for n := range list {
		if at < 0 || distance(list[n].script.Base, r.script.Base) < distance(list[at].script.Base, r.script.Base) {
			at = n
		}
	}
	now := make([]remembered, 0, len(list)+1)
	now = append(now, list...) // another goroutine may be reading list
	if at >= 0 && (len(list) >= maxVariants || distance(list[at].script.Base, r.script.Base) <= len(key.text)) {
		now[at] = r
	} else {
		now = append(now, r)
	}
	if has {
		c.young[key] = now
		return
	}
	c.add(key, now)
}

// moved returns the script as Parse would return it for another place that is not the beginning of a file either; nil
// where that is not certain.
func (s *Script) moved(base int) *Script {
	m := mover{from: s.Base, by: base - s.Base, old: s}
	if s.Base == 0 || base == 0 || !m.measure() {
		return nil
	}
	out := &Script{Dialect: s.Dialect, Base: base, Functions: s.Functions}
	if s.Problem != nil {
		p := *s.Problem
		p.Span = m.span(p.Span)
		out.Problem = &p
	}
	m.commands = make([]Command, len(s.Commands))
	if s.Commands != nil {
		out.Commands = make([]*Command, len(s.Commands))
	}
	for n, c := range s.Commands {
		out.Commands[n] = &m.commands[n]
		m.command(c, &m.commands[n])
	}
	if s.chains != nil {
		out.chains = make([][]*Command, len(s.chains))
		for n, chain := range s.chains {
			out.chains[n] = m.list(chain)
		}
	}
	if m.failed {
		return nil
	}
	return out
}

// mover copies a script to another place.
type mover struct {
	from, by int
	old      *Script
	failed   bool // a command refers to one that is not part of the script

	commands []Command
	streams  map[*stream]*stream
	inputs   map[*input]*input
	slabs
}

// measure makes room for the parts of all commands, and reports whether these are numbered.
func (m *mover) measure() bool {
	pieces, words, redirs := 0, 0, 0
	for n, c := range m.old.Commands {
		if c.index != n {
			return false
		}
		words += len(c.Words)
		redirs += len(c.Redirs)
		for k := range c.Words {
			pieces += len(c.Words[k].Parts)
		}
	}
	m.pieces.free = make([]source.Piece, pieces)
	m.words.free = make([]Word, words)
	m.redirs.free = make([]Redir, redirs)
	return true
}

// span moves a span. One before the script is none.
func (m *mover) span(s source.Span) source.Span {
	if s.Start < m.from {
		return s
	}
	return s.Shift(m.by)
}

func (m *mover) parts(list []source.Piece) []source.Piece {
	if len(list) == 0 {
		return list
	}
	out := m.pieces.take(list)
	for n := range out {
		out[n].Span = m.span(out[n].Span)
	}
	return out
}

func (m *mover) word(w *Word) {
	w.Span = m.span(w.Span)
	w.Parts = m.parts(w.Parts)
}

func (m *mover) redir(r *Redir) {
	r.Span = m.span(r.Span)
	m.word(&r.Target)
	r.Heredoc = m.parts(r.Heredoc)
}

func (m *mover) command(from, to *Command) {
	*to = *from
	if len(from.Words) > 0 {
		to.Words = m.words.take(from.Words)
	}
	for n := range to.Words {
		m.word(&to.Words[n])
	}
	if len(from.Assigns) > 0 {
		to.Assigns = append([]Assign(nil), from.Assigns...)
	}
	for n := range to.Assigns {
		a := &to.Assigns[n]
		a.Span = m.span(a.Span)
		m.word(&a.Value)
	}
	if len(from.Redirs) > 0 {
		to.Redirs = m.slabs.redirs.take(from.Redirs)
	}
	for n := range to.Redirs {
		m.redir(&to.Redirs[n])
	}
	to.Span, to.Statement = m.span(from.Span), m.span(from.Statement)
	to.PipedFrom, to.PipesTo, to.Parent = m.other(from.PipedFrom), m.other(from.PipesTo), m.other(from.Parent)
	to.out, to.in, to.inner = m.stream(from.out), m.input(from.in), m.stream(from.inner)
}

// other returns the copy of a command.
func (m *mover) other(c *Command) *Command {
	if c == nil {
		return nil
	}
	if c.index >= len(m.old.Commands) || m.old.Commands[c.index] != c {
		m.failed = true
		return nil
	}
	return &m.commands[c.index]
}

func (m *mover) list(commands []*Command) []*Command {
	if commands == nil {
		return nil
	}
	out := make([]*Command, len(commands))
	for n, c := range commands {
		out[n] = m.other(c)
	}
	return out
}

// target returns a copy of the redirection of a stream or an input.
func (m *mover) target(r *Redir) *Redir {
	if r == nil {
		return nil
	}
	out := *r
	m.redir(&out)
	return &out
}

func (m *mover) stream(s *stream) *stream {
	if s == nil {
		return nil
	}
	if out := m.streams[s]; out != nil {
		return out
	}
	if m.streams == nil {
		m.streams = map[*stream]*stream{}
	}
	out := new(stream)
	m.streams[s] = out
	*out = *s
	out.redir, out.up = m.target(s.redir), m.stream(s.up)
	out.writers, out.shells = m.list(s.writers), m.list(s.shells)
	out.first, out.reader = m.other(s.first), m.other(s.reader)
	return out
}

func (m *mover) input(in *input) *input {
	if in == nil {
		return nil
	}
	if out := m.inputs[in]; out != nil {
		return out
	}
	if m.inputs == nil {
		m.inputs = map[*input]*input{}
	}
	out := &input{redir: m.target(in.redir), pipe: m.stream(in.pipe), readers: in.readers}
	m.inputs[in] = out
	return out
}
