package files

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"sync"
)

// Question is something that was asked of a tree, or of what belongs to the same run: see Ask.
type Question struct {
	// Op is what was asked: one of the constants Asked…, or a letter of another package.
	Op byte
	// Root is the folder that bounded the call, "" for none.
	Root string
	// Name is the path.
	Name string
}

// What the methods of a Tree ask.
const (
	AskedText  = 'o'
	AskedStat  = 's'
	AskedLstat = 'l'
	AskedList  = 'd'
	AskedReal  = 'r'
)

// Witness is a tree that knows, as a hash, what it answered to each question. Made for it, Observe finds out on which
// questions a result depends: it is the same as long as the answers are.
type Witness struct {
	under Tree

	mu      sync.Mutex
	answers map[Question]string // "" for a question that got two answers
}

// NewWitness returns a witness of what a tree answers.
func NewWitness(under Tree) *Witness { return &Witness{under: under, answers: map[Question]string{}} }

// WitnessOf returns the witness that a tree rests on, nil where there is none.
func WitnessOf(t Tree) *Witness {
	for {
		switch x := t.(type) {
		case *Witness:
			return x
		case *overlay:
			t = x.under
		case *recorder:
			t = x.Tree
		default:
			return nil
		}
	}
}

// Answered returns the hash of the answer that a question got in this run; false where it was not asked, or answered
// in two ways because a file changed meanwhile.
func (w *Witness) Answered(q Question) (string, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	answer := w.answers[q]
	return answer, answer != ""
}

// Answer is like Answered, and asks a question that was not asked before.
func (w *Witness) Answer(q Question) (string, bool) {
	w.mu.Lock()
	_, asked := w.answers[q]
	w.mu.Unlock()
	if !asked {
		switch q.Op {
		case AskedText:
			if f, err := w.Open(q.Root, q.Name); err == nil {
				f.Close()
			}
		case AskedStat:
			_, _ = w.Stat(q.Root, q.Name)
		case AskedLstat:
			_, _ = w.Lstat(q.Root, q.Name)
		case AskedList:
			_, _ = w.List(q.Root, q.Name)
		case AskedReal:
			_, _ = w.Real(q.Name)
		}
	}
	return w.Answered(q)
}

// answer records the hash of an answer.
func (w *Witness) answer(q Question, hash string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if before, asked := w.answers[q]; asked && before != hash {
		hash = ""
	}
	w.answers[q] = hash
}

// failure is the answer of a call that failed: what the error says, since a report shows it.
func failure(err error) string { return "!" + fmt.Sprint(Cause(err)) }

// Open implements Tree. It reads the file at once, so that what is read of it later is what was hashed.
func (w *Witness) Open(root, name string) (fs.File, error) {
	q := Question{AskedText, root, name}
	f, err := w.under.Open(root, name)
	if err != nil {
		w.answer(q, failure(err))
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || info.Size() > MaxSize {
		w.answer(q, "") // nothing is said of it
		return f, nil
	}
	text, err := io.ReadAll(io.LimitReader(f, MaxSize+2))
	f.Close()
	if err != nil {
		w.answer(q, "")
	} else {
		w.answer(q, fmt.Sprintf("%x %s", sha256.Sum256(text), described(info, nil)))
	}
	return &readText{info: info, Reader: bytes.NewReader(text), err: err}, nil
}

// readText is a file that was read.
type readText struct {
	info fs.FileInfo
	*bytes.Reader
	err error // that ended it
}

func (f *readText) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *readText) Close() error               { return nil }
func (f *readText) Read(b []byte) (int, error) {
	n, err := f.Reader.Read(b)
	if errors.Is(err, io.EOF) && f.err != nil {
		err = f.err
	}
	return n, err
}

// described is the answer of Stat and Lstat: what a FileInfo says but for times.
func described(info fs.FileInfo, err error) string {
	switch {
	case err != nil:
		return failure(err)
	case info.Mode().IsRegular():
		return fmt.Sprintf("%v %d", info.Mode(), info.Size())
	}
	return info.Mode().String()
}

// Stat implements Tree.
func (w *Witness) Stat(root, name string) (fs.FileInfo, error) {
	info, err := w.under.Stat(root, name)
	w.answer(Question{AskedStat, root, name}, described(info, err))
	return info, err
}

// Lstat implements Tree.
func (w *Witness) Lstat(root, name string) (fs.FileInfo, error) {
	info, err := w.under.Lstat(root, name)
	w.answer(Question{AskedLstat, root, name}, described(info, err))
	return info, err
}

// List implements Tree.
func (w *Witness) List(root, name string) ([]fs.DirEntry, error) {
	entries, err := w.under.List(root, name)
	h := sha256.New()
	for _, e := range entries {
		fmt.Fprintf(h, "%d %s %v\n", len(e.Name()), e.Name(), e.Type())
	}
	text := fmt.Sprintf("%x", h.Sum(nil))
	if err != nil {
		text += failure(err)
	}
	w.answer(Question{AskedList, root, name}, text)
	return entries, err
}

// Real implements Tree.
func (w *Witness) Real(name string) (string, error) {
	real, err := w.under.Real(name)
	if err != nil {
		w.answer(Question{AskedReal, "", name}, failure(err))
	} else {
		w.answer(Question{AskedReal, "", name}, "="+real)
	}
	return real, err
}

// Observation is what a result depends on: the questions that were asked while it was made, directly or for a value of
// a Cache. Parts are results that it depends on, whose questions are not among its own.
type Observation struct {
	Questions map[Question]bool
	Parts     map[*Observation]bool
}

// observation returns the questions of a value that is made, the same at each call.
func (u *uses) observation() *Observation {
	u.onceObserved.Do(func() { u.observed = &Observation{Questions: u.asked, Parts: u.parts} })
	return u.observed
}

// Observe calls use with a tree over t, which rests on a Witness, and returns the questions on which what use does
// depends.
func Observe(t Tree, use func(Tree)) *Observation {
	if r, ok := t.(*recorder); ok {
		t = r.Tree
	}
	seen := &uses{}
	use(newRecorder(t, seen))
	out := &Observation{Questions: seen.asked, Parts: seen.parts}
	if out.Questions == nil {
		out.Questions = map[Question]bool{}
	}
	return out
}

// Ask records that what is made with a tree depends on the answer to a question that is not the tree's. It does nothing
// with a tree that Observe did not make.
func Ask(t Tree, q Question) {
	if r, ok := t.(*recorder); ok {
		r.ask(q)
	}
}

// DependOn records that what is made with a tree depends on an observation. It does nothing with a tree that Observe
// did not make.
func DependOn(t Tree, part *Observation) {
	if r, ok := t.(*recorder); ok && r.witnessed && part != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.uses.parts == nil {
			r.uses.parts = map[*Observation]bool{}
		}
		r.uses.parts[part] = true
	}
}

// Observed reports whether a tree is one of Observe, or of a value that a Cache makes over a Witness.
func Observed(t Tree) bool {
	r, ok := t.(*recorder)
	return ok && r.witnessed
}

// As returns a tree whose questions are recorded as those of another one are: where Observe made that one.
func As(like, t Tree) Tree {
	if r, ok := like.(*recorder); ok && r.witnessed {
		return &recorder{Tree: t, uses: r.uses, mu: r.mu, witnessed: true}
	}
	return t
}

// Hash returns the hash of a list of strings, in hexadecimal digits. No two lists have the same.
func Hash(parts ...string) string {
	h := sha256.New()
	var n [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		io.WriteString(h, p)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// Folders returns the folders in which something changes where an answer does, sorted: those that were listed, and
// those of everything else that was asked for.
func (w *Witness) Folders() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	set := map[string]bool{}
	for q := range w.answers {
		if q.Op == AskedList {
			set[q.Name] = true
		} else {
			set[filepath.Dir(q.Name)] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}
