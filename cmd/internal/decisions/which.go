package decisions

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/seccomp"
)

// Facts are what is known of a syscall.
type Facts struct {
	// Asked is what was asked for: a name or a number.
	Asked   string
	Syscall *seccomp.Syscall // nil where there is none
	// ABIs are those on which a number that was asked for is this syscall; nil for a name.
	ABIs []string
	// Near are the names that were probably meant, where there is no such syscall.
	Near []string
}

// Which returns the facts about syscalls, for a number one for each syscall that has it on one of the architectures;
// on any for nil.
func Which(asked []string, archs []*seccomp.Architecture) []Facts {
	var out []Facts
	for _, word := range asked {
		if n, err := strconv.ParseUint(word, 0, 31); err == nil {
			out = append(out, whichNumber(word, int(n), archs)...)
			continue
		}
		f := Facts{Asked: word}
		if s, ok := seccomp.LookupSyscall(word); ok {
			f.Syscall = s
		} else {
			f.Near = seccomp.NearSyscalls(word)
		}
		out = append(out, f)
	}
	return out
}

func whichNumber(word string, n int, archs []*seccomp.Architecture) []Facts {
	abis := seccomp.ABIs()
	if archs != nil {
		abis = nil
		for _, a := range archs {
			abis = append(abis, a.ABI)
		}
	}
	var out []Facts
	index := map[*seccomp.Syscall]int{}
	for _, abi := range abis {
		s, ok := Named(abi, n)
		if !ok {
			continue
		}
		i, known := index[s]
		if !known {
			i = len(out)
			index[s] = i
			out = append(out, Facts{Asked: word, Syscall: s})
		}
		out[i].ABIs = append(out[i].ABIs, abi)
	}
	if len(out) == 0 {
		return []Facts{{Asked: word}}
	}
	return out
}

// WriteFacts writes facts as text. Numbers are shown for the given architectures only, for nil on all.
func WriteFacts(out io.Writer, facts []Facts, archs []*seccomp.Architecture, color bool) error {
	w := newPrinter(out, color)
	for i, f := range facts {
		if i > 0 {
			fmt.Fprintln(w)
		}
		w.facts(f, archs)
	}
	return w.Flush()
}

func (w *printer) facts(f Facts, archs []*seccomp.Architecture) {
	s := f.Syscall
	if s == nil {
		name := w.paint(bold, report.Visible(f.Asked))
		switch _, err := strconv.Atoi(f.Asked); {
		case err == nil:
			fmt.Fprintf(w, "%s: no syscall has this number\n", name)
		case len(f.Near) > 0:
			fmt.Fprintf(w, "%s: unknown to libseccomp %s; did you mean %s?\n", name, seccomp.NewestLibseccomp(),
				list(quoted(f.Near), "or"))
		default:
			fmt.Fprintf(w, "%s: unknown to libseccomp %s\n", name, seccomp.NewestLibseccomp())
		}
		return
	}
	fmt.Fprintf(w, "%s", w.paint(bold, s.Name))
	if len(f.ABIs) > 0 {
		fmt.Fprintf(w, " is %s on %s", report.Visible(f.Asked), list(f.ABIs, "and"))
	}
	fmt.Fprintln(w)
	w.fact("since", strings.TrimPrefix(since(s), "since "))
	w.numbers(s, archs)
	if s.ArgsKnown {
		w.arguments(s)
	}
	if s.SocketCall != 0 || s.IPC != 0 {
		w.fact("also",
			fmt.Sprintf("%s on %s, where conditions on its arguments look at other registers", multiplexer(s),
				list(multiplexing(s), "and")))
	}
	if same := seccomp.Equivalents(s.Name); len(same) > 0 {
		w.fact("same effect", strings.Join(same, ", "))
	}
}

// fact writes a line with a heading, broken into several where it is long.
func (w *printer) fact(heading, text string) {
	const column, width = 13, 100
	fmt.Fprintf(w, "  %-*s", column, heading)
	w.wrap(text, column+2, width)
}

// wrap writes words, the first line from where it is, the others indented; no line but one with a long word is longer
// than width.
func (w *printer) wrap(text string, indent, width int) {
	at := indent
	for i, word := range strings.Fields(text) {
		switch n := columns(word); {
		case i == 0:
			at += n
		case at+1+n > width:
			fmt.Fprintf(w, "\n%*s", indent, "")
			at = indent + n
		default:
			fmt.Fprint(w, " ")
			at += 1 + n
		}
		fmt.Fprint(w, word)
	}
	fmt.Fprintln(w)
}

// columns returns how many columns a word takes, without the escape sequences of its colour.
func columns(word string) int {
	n, escape := 0, false
	for _, r := range word {
		switch {
		case r == '\x1b':
			escape = true
		case escape:
			escape = r != 'm'
		default:
			n++
		}
	}
	return n
}

// numbers writes the numbers, the ABIs with the same one together.
func (w *printer) numbers(s *seccomp.Syscall, archs []*seccomp.Architecture) {
	on := map[int][]string{}
	var order []int
	var lacking []string
	for _, abi := range abisOf(archs) {
		n, ok := Number(s, abi)
		if !ok {
			lacking = append(lacking, abi)
			continue
		}
		if on[n] == nil {
			order = append(order, n)
		}
		on[n] = append(on[n], abi)
	}
	heading := "numbers"
	for _, n := range order {
		w.fact(heading, fmt.Sprintf("%d on %s", n, list(on[n], "and")))
		heading = ""
	}
	if len(lacking) > 0 && len(s.ABIs()) > 0 {
		w.fact(heading, "none on "+list(lacking, "and"))
	}
}

// abisOf returns the ABIs of architectures, each once; of nil all there are.
func abisOf(archs []*seccomp.Architecture) []string {
	if archs == nil {
		return seccomp.ABIs()
	}
	var out []string
	for _, a := range archs {
		out = appendNew(out, a.ABI)
	}
	return out
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// classWords say what a filter can see of an argument.
var classWords = [...]string{
	seccomp.Pointer: "a filter sees the address only", seccomp.Int64: "64 bits",
	seccomp.Int32: "32 bits of the 64 that a filter compares",
	seccomp.Int16: "16 bits of the 64 that a filter compares",
}

var classNames = [...]string{
	seccomp.Pointer: "pointer", seccomp.Int64: "int64", seccomp.Int32: "int32", seccomp.Int16: "int16",
}

func (w *printer) arguments(s *seccomp.Syscall) {
	if len(s.Args) == 0 {
		w.fact("arguments", "none")
		return
	}
	heading := "arguments"
	for i, a := range s.Args {
		w.fact(heading, fmt.Sprintf("arg%d %s (%s): %s", i, a.Name, a.Type, classWords[a.Class]))
		heading = ""
	}
}

// multiplexing returns the ABIs on which a syscall can be made through another one.
func multiplexing(s *seccomp.Syscall) []string {
	var out []string
	for _, abi := range seccomp.ABIs() {
		if s.Multiplexed(abi) {
			out = append(out, abi)
		}
	}
	return out
}

type paramJSON struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Class string `json:"class"`
}

type factsJSON struct {
	Asked      string         `json:"asked"`
	Known      bool           `json:"known"`
	DidYouMean []string       `json:"didYouMean,omitempty"`
	Name       string         `json:"name,omitempty"`
	ABIs       []string       `json:"abis,omitempty"`
	Numbers    map[string]int `json:"numbers,omitempty"`
	Libseccomp string         `json:"libseccomp,omitempty"`
	// LastLibseccomp is the last release that knows the name; it is there for names that the newest does not know.
	LastLibseccomp string `json:"lastLibseccomp,omitempty"`
	// Builds are builds of distributions that know the name before libseccomp's release does.
	Builds     []string    `json:"builds,omitempty"`
	Kernel     string      `json:"kernel,omitempty"`
	Removed    string      `json:"removed,omitempty"`
	Arguments  []paramJSON `json:"arguments,omitempty"`
	SocketCall int         `json:"socketcall,omitempty"`
	IPC        int         `json:"ipc,omitempty"`
	Equivalent []string    `json:"equivalent,omitempty"`
}

// WriteFactsJSON writes facts as one JSON value. ABIs are those on which a number that was asked for is the syscall.
func WriteFactsJSON(w io.Writer, facts []Facts, archs []*seccomp.Architecture) error {
	out := struct {
		Version    int         `json:"version"`
		Libseccomp string      `json:"libseccomp"`
		Syscalls   []factsJSON `json:"syscalls"`
	}{jsonVersion, seccomp.NewestLibseccomp().String(), []factsJSON{}}
	for _, f := range facts {
		one := factsJSON{Asked: f.Asked, Known: f.Syscall != nil, DidYouMean: f.Near, ABIs: f.ABIs}
		if s := f.Syscall; s != nil {
			one.Name, one.Libseccomp, one.Builds, one.Kernel, one.Removed = s.Name, s.Since.String(), buildsBefore(s),
				s.Kernel, s.Removed
			one.SocketCall, one.IPC, one.Equivalent = s.SocketCall, s.IPC, seccomp.Equivalents(s.Name)
			if !s.Last.IsZero() {
				one.LastLibseccomp = s.Last.String()
			}
			one.Numbers = map[string]int{}
			for _, abi := range abisOf(archs) {
				if n, ok := Number(s, abi); ok {
					one.Numbers[abi] = n
				}
			}
			for _, a := range s.Args {
				one.Arguments = append(one.Arguments, paramJSON{a.Name, a.Type, classNames[a.Class]})
			}
		}
		out.Syscalls = append(out.Syscalls, one)
	}
	return writeJSON(w, out)
}
