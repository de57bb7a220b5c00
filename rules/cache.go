package rules

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules/cached"
)

// This file remembers what was found in a file from one run to the next. A result is stored with every question that
// was asked of the files, of the workspace and of the configuration while it was made, and with a hash of the answers.
// It is used again where all answers are the same. What is not the result of one file is never stored: rules about the
// workspace, suppressions without use, accepted findings, baselines.

// askedPolicy is the question for the policy of a file.
const askedPolicy = 'y'

// cachedChunk is how many files are looked up at once.
const cachedChunk = 512

// caching is a check with a cache.
type caching struct {
	ws       *workspace.Workspace
	policies Policies
	opts     CheckOptions
	cache    *cached.Cache
	anchor   string // the repository of the working directory, to which stored paths are relative; "" for none

	answers sync.Map // to questions that are not about files, by the question
	verdict sync.Map // of parts, by their hash

	mu    sync.Mutex
	parts map[*files.Observation]*cachedPart
}

// cachedPart is an observation that results have in common, as it is stored.
type cachedPart struct {
	once   sync.Once
	hash   string // "" where it cannot be stored
	value  []byte
	stored atomic.Bool
}

// checkCached is like checkFile for all entries.
func checkCached(
	ws *workspace.Workspace, policies Policies, entries []*workspace.Entry, opts CheckOptions,
) []fileResult {
	k := &caching{ws: ws, policies: policies, opts: opts, cache: opts.Cache,
		anchor: ws.Anchor(), parts: map[*files.Observation]*cachedPart{}}
	out := make([]fileResult, 0, len(entries))
	done := 0
	for chunk := range slices.Chunk(entries, cachedChunk) {
		keys := make([]string, len(chunk))
		each(ws, len(chunk), nil, func(n int) { keys[n] = k.key(chunk[n]) })
		found := k.cache.Store.Get(keys)
		results := make([]fileResult, len(chunk))
		known := make([]bool, len(chunk))
		each(ws, len(chunk), nil, func(n int) {
			if keys[n] != "" && n < len(found) {
				results[n], known[n] = k.recall(chunk[n], found[n])
			}
		})
		var missing []int
		var look []*workspace.Entry
		for n := range chunk {
			if !known[n] {
				missing, look = append(missing, n), append(look, chunk[n])
			}
		}
		if k.cache.Before != nil && len(look) > 0 {
			k.cache.Before(look)
		}
		done += len(chunk) - len(missing)
		if opts.Progress != nil {
			opts.Progress(done, len(entries))
		}
		progress := func(int, int) {
			if done++; opts.Progress != nil {
				opts.Progress(done, len(entries))
			}
		}
		values := make([][]cached.Value, len(missing))
		each(ws, len(missing), progress, func(m int) {
			n := missing[m]
			results[n], values[m] = k.check(chunk[n], keys[n])
		})
		if all := slices.Concat(values...); len(all) > 0 {
			k.cache.Store.Put(all)
		}
		out = append(out, results...)
	}
	return out
}

// key returns the key under which the results of a file are stored, "" where they are not.
func (k *caching) key(e *workspace.Entry) string {
	policy := k.cache.Policy(e.Abs)
	text, err := k.ws.Text(e)
	if err != nil || policy == "" || e.Stdin {
		return ""
	}
	return files.Hash("sandlint check", k.cache.Program, files.Portable(k.anchor, k.ws.Dir()),
		fmt.Sprint(k.opts.NoIgnores, k.opts.Fixes), k.ws.Describe(e), policy, string(text.Bytes))
}

// day is what a result depends on where a suppression ends some day.
func (k *caching) day() string {
	if k.opts.Now.IsZero() {
		return "none"
	}
	return k.opts.Now.UTC().Format(time.DateOnly)
}

// observing are policies that know for which files they were asked.
type observing struct {
	Policies
	mu    sync.Mutex
	asked map[files.Question]bool
}

func (o *observing) Policy(abs string) *Policy {
	o.mu.Lock()
	o.asked[files.Question{Op: askedPolicy, Name: abs}] = true
	o.mu.Unlock()
	return o.Policies.Policy(abs)
}

// check checks a file, and returns what to store.
func (k *caching) check(e *workspace.Entry, key string) (fileResult, []cached.Value) {
	if key == "" {
		return checkFile(k.ws, k.policies, e, k.opts), nil
	}
	var r fileResult
	policies := &observing{Policies: k.policies, asked: map[files.Question]bool{}}
	opts := k.opts
	opts.dated = &atomic.Bool{}
	seen := k.ws.Observed(func(ws *workspace.Workspace) { r = checkFile(ws, policies, e, opts) })
	for q := range policies.asked {
		seen.Questions[q] = true
	}
	if r.err != nil || len(r.failed)+len(r.elsewhere) > 0 || r.noted == nil {
		return r, nil
	}
	for rule := range r.noted.skipped {
		if rule.Check.external {
			return r, nil // its program failed
		}
	}
	stored := storedResult{}
	if stored.Questions, stored.Place = k.questions(e, seen.Questions); stored.Questions == nil {
		return r, nil
	}
	if opts.dated.Load() {
		stored.Day = k.day()
	}
	var values []cached.Value
	answers := []string{}
	for part := range seen.Parts {
		p := k.part(e, part)
		if p.hash == "" {
			return r, nil
		}
		if !p.stored.Swap(true) {
			values = append(values, cached.Value{Bytes: p.value})
		}
		stored.Parts = append(stored.Parts, p.hash)
	}
	slices.Sort(stored.Parts)
	for _, part := range stored.Parts {
		answer, ok := k.partAnswers(e, part)
		if !ok {
			return r, nil
		}
		answers = append(answers, answer)
	}
	questions, ok := k.questionsOf(e, stored.Questions)
	if !ok {
		return r, nil
	}
	own, ok := k.hash(stored.Questions, questions, false)
	if !ok {
		return r, nil
	}
	stored.Answers = files.Hash(append(answers, own)...)
	w := storing{k: k, entry: e, out: &stored, questions: seen.Questions, index: map[string]int{}}
	if !w.result(&r) {
		return r, nil
	}
	value := encode(&stored)
	if stored.Place == "" && k.names(value) { // something that was found says where the repository lies
		stored.Place = k.place()
		value = encode(&stored)
	}
	if value == nil {
		return r, nil
	}
	return r, append(values, cached.Value{Key: key, Bytes: value})
}

// storedQuestion is a question as it is stored: the operation, the root and the name. Paths in the repository of the
// working directory are relative to it: after the operation, "r" says so of the root, and "n" of the name.
type storedQuestion [3]string

func (k *caching) stored(q files.Question) storedQuestion {
	op := string(rune(q.Op))
	root, name := files.Portable(k.anchor, q.Root), files.Portable(k.anchor, q.Name)
	if root != q.Root {
		op += "r"
	}
	if name != q.Name {
		op += "n"
	}
	return storedQuestion{op, root, name}
}

// question returns the question that was stored; one without an operation for a text that is none.
func (k *caching) question(s storedQuestion) files.Question {
	if s[0] == "" {
		return files.Question{}
	}
	q := files.Question{Op: s[0][0], Root: s[1], Name: s[2]}
	if strings.Contains(s[0][1:], "r") {
		q.Root = files.FromPortable(k.anchor, q.Root)
	}
	if strings.Contains(s[0][1:], "n") {
		q.Name = files.FromPortable(k.anchor, q.Name)
	}
	return q
}

// place is where results hold that depend on something outside of the repository of the working directory.
func (k *caching) place() string { return cmp.Or(k.anchor, k.ws.Dir()) }

// names reports whether a value that is to be stored has the path of the repository in it.
func (k *caching) names(value []byte) bool {
	anchor, _ := json.Marshal(k.anchor)
	return k.anchor == "" || bytes.Contains(value, bytes.Trim(anchor, `"`))
}

// questions returns questions as they are stored, nil where one of them may not be: see allowed. The second result is
// where they may be asked, "" for everywhere.
func (k *caching) questions(e *workspace.Entry, set map[files.Question]bool) (out []storedQuestion, place string) {
	out = make([]storedQuestion, 0, len(set))
	for q := range set {
		if !k.allowed(e, q) {
			return nil, ""
		}
		s := k.stored(q)
		if filepath.IsAbs(s[1]) || filepath.IsAbs(s[2]) {
			place = k.place()
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b storedQuestion) int { return slices.Compare(a[:], b[:]) })
	return out, place
}

// allowed reports whether a question may be asked because a stored result says so: it is about the repository of the
// file, or about whether a folder above is one.
func (k *caching) allowed(e *workspace.Entry, q files.Question) bool {
	switch q.Op {
	case files.AskedText, files.AskedStat, files.AskedLstat, files.AskedList, files.AskedReal:
	default:
		return q.Root == "" && len(q.Name) < 1<<16
	}
	root := k.ws.Root(e.Abs)
	inside := func(name string) bool {
		return filepath.IsAbs(name) && filepath.Clean(name) == name &&
			(files.Inside(root, name) || files.Inside(k.ws.Dir(), name))
	}
	above := func(name string) bool {
		return filepath.IsAbs(name) && filepath.Clean(name) == name &&
			(files.Inside(name, root) || files.Inside(name, k.ws.Dir()))
	}
	if q.Root != "" && !inside(q.Root) {
		return false
	}
	if inside(q.Name) {
		return true
	}
	if q.Op == files.AskedText || q.Op == files.AskedList {
		return false
	}
	return above(q.Name) || filepath.Base(q.Name) == ".git" && above(filepath.Dir(q.Name))
}

// questionsOf returns questions that were stored. It is false where one of them may not be asked.
func (k *caching) questionsOf(e *workspace.Entry, list []storedQuestion) ([]files.Question, bool) {
	out := make([]files.Question, 0, len(list))
	for _, stored := range list {
		q := k.question(stored)
		if !k.allowed(e, q) {
			return nil, false
		}
		out = append(out, q)
	}
	return out, true
}

// hash returns the hash of the answers to questions, which are in order, and stored as list says. It is false where one
// of them is not certain. With fresh, what was not asked in this run is.
func (k *caching) hash(list []storedQuestion, questions []files.Question, fresh bool) (string, bool) {
	parts := make([]string, 0, 4*len(list))
	for n, stored := range list {
		q := questions[n]
		answer, ok := k.answer(q, fresh)
		if !ok {
			return "", false
		}
		if real, ok := strings.CutPrefix(answer, "="); ok && q.Op == files.AskedReal {
			answer = "=" + files.Portable(k.anchor, real)
		}
		parts = append(parts, stored[0], stored[1], stored[2], answer)
	}
	return files.Hash(parts...), true
}

func (k *caching) answer(q files.Question, fresh bool) (string, bool) {
	switch q.Op {
	case 0:
		return "", false
	case files.AskedText, files.AskedStat, files.AskedLstat, files.AskedList, files.AskedReal:
		return k.ws.Answer(q, fresh)
	}
	if known, ok := k.answers.Load(q); ok {
		return known.(string), true
	}
	answer, ok := "", true
	if q.Op == askedPolicy {
		answer = k.cache.Policy(q.Name)
	} else {
		answer, ok = k.ws.Answer(q, fresh)
	}
	if ok {
		k.answers.Store(q, answer)
	}
	return answer, ok && answer != ""
}

// storedPart is a cachedPart as it is stored.
type storedPart struct {
	Questions []storedQuestion
	Place     string `json:",omitempty"` // see storedResult
	Parts     []string
}

// maxParts bounds the parts of a stored result, and those of a part.
const maxParts = 64

// part returns an observation as it is stored.
func (k *caching) part(e *workspace.Entry, seen *files.Observation) *cachedPart {
	k.mu.Lock()
	p := k.parts[seen]
	if p == nil {
		p = &cachedPart{}
		k.parts[seen] = p
	}
	k.mu.Unlock()
	p.once.Do(func() {
		stored := storedPart{}
		if stored.Questions, stored.Place = k.questions(e, seen.Questions); stored.Questions == nil {
			return
		}
		for inner := range seen.Parts {
			in := k.part(e, inner)
			if in.hash == "" {
				return
			}
			stored.Parts = append(stored.Parts, in.hash)
		}
		slices.Sort(stored.Parts)
		value := encode(&stored)
		if value == nil {
			return
		}
		p.value, p.hash = value, cached.Hash(value)
	})
	return p
}

// encode returns a value as JSON, nil where it is too large, or JSON cannot hold it: it has no text that is not UTF-8,
// for which package json writes an escape.
func encode(value any) []byte {
	b, err := json.Marshal(value)
	if err != nil || len(b) > files.MaxSize || bytes.Contains(b, []byte(`\ufffd`)) {
		return nil
	}
	return b
}

// partAnswers returns the hash of the answers to the questions of a stored part, as they are now.
func (k *caching) partAnswers(e *workspace.Entry, hash string) (string, bool) {
	known, _ := k.verdict.LoadOrStore(hash, sync.OnceValue(func() string {
		value := k.partValue(hash)
		var stored storedPart
		if value == nil || json.Unmarshal(value, &stored) != nil || len(stored.Parts) > maxParts ||
			slices.Contains(stored.Parts, hash) || stored.Place != "" && stored.Place != k.place() {
			return ""
		}
		questions, ok := k.questionsOf(e, stored.Questions)
		if !ok {
			return ""
		}
		answers, ok := k.hash(stored.Questions, questions, true)
		if !ok {
			return ""
		}
		all := []string{answers}
		for _, inner := range stored.Parts {
			answer, ok := k.partAnswers(e, inner)
			if !ok {
				return ""
			}
			all = append(all, answer)
		}
		return files.Hash(all...)
	}))
	answers := known.(func() string)()
	return answers, answers != ""
}

// partValue returns the value of a part, from this run or from the store.
func (k *caching) partValue(hash string) []byte {
	k.mu.Lock()
	for _, p := range k.parts {
		if p.hash == hash {
			defer k.mu.Unlock()
			return p.value
		}
	}
	k.mu.Unlock()
	return k.cache.Store.Value(hash)
}

// recall returns the first stored result of a file that still holds.
func (k *caching) recall(e *workspace.Entry, values [][]byte) (fileResult, bool) {
	for _, value := range values {
		var stored storedResult
		if json.Unmarshal(value, &stored) != nil || stored.Day != "" && stored.Day != k.day() ||
			stored.Place != "" && stored.Place != k.place() || len(stored.Parts) > maxParts {
			continue
		}
		questions, ok := k.questionsOf(e, stored.Questions)
		if !ok {
			continue
		}
		own, ok := k.hash(stored.Questions, questions, true)
		if !ok {
			continue
		}
		asked := make(map[files.Question]bool, len(questions))
		for _, q := range questions {
			asked[q] = true
		}
		answers := []string{}
		for _, part := range stored.Parts {
			var answer string
			if answer, ok = k.partAnswers(e, part); !ok {
				break
			}
			answers = append(answers, answer)
		}
		if !ok || files.Hash(append(answers, own)...) != stored.Answers {
			continue
		}
		r := reading{k: k, entry: e, in: &stored, questions: asked}
		if out, ok := r.result(); ok {
			for q := range asked {
				if q.Op == askedPolicy {
					k.policies.Policy(q.Name) // as the check did; others are asked for without a trace
				}
			}
			return out, true
		}
	}
	return fileResult{}, false
}

// plain reports whether a text has no control characters: what a report prints has none but in what it quotes.
func plain(texts ...string) bool {
	return !slices.ContainsFunc(texts, func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool {
			return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0
		})
	})
}
