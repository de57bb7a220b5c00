package recording

import (
	"bytes"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Strace reads the output of strace: with the numbers of processes (-f), times (-t, -r, -T), numbers (-n), addresses
// (-i, -k) and raw arguments or without them, and the tables of -c. The error is one of the reader, or ErrTooLarge;
// what was read until then is returned too.
func Strace(in io.Reader) (*Recording, error) {
	s := straceReader{rec: &Recording{}, modes: map[string]Mode{}}
	err := lines(in, s.line)
	return s.rec, err
}

// straceReader is the state of a reading.
type straceReader struct {
	rec *Recording
	// modes are those of the processes that do not run in the machine's own, by their numbers; "" is a program that is
	// traced alone.
	modes map[string]Mode
	// alone is the number of the process that "" is, as far as strace said it.
	alone string
	// calls is the column of the number of calls in a table, counted from 0; -1 for none. Table says that one goes on.
	calls int
	table bool
	// mode is that of a table.
	mode Mode
}

var (
	modeLine  = lazy(`\[ Process PID=([0-9]+)(?:<[^>]*>)? runs in (32 bit|64 bit|x32) mode\. \]`)
	tableMode = lazy(`^System call usage summary for (.+) mode:`)
	// before is what stands before a call: the number of the process, times, the address and the number of the call.
	before = lazy(`^(?:\[pid +([0-9]+)(?:<[^>]*>)?\]|([0-9]+)(?:<[^>]*>)?|[0-9]*[:.][0-9:.]+|` +
		`\( *\+ *[0-9.]+\)|\[ *[0-9a-fx?]+\]) +`)
	callName = lazy(`^(syscall_)?(0x[0-9a-f]+|[a-z_][a-z0-9_]*)\(`)
	resumed  = lazy(`^<\.\.\. (syscall_)?(0x[0-9a-f]+|[a-z_][a-z0-9_]*) resumed>`)
	isName   = lazy(`^(syscall_)?(0x[0-9a-f]+|[a-z_][a-z0-9_]*)$`)
)

// lazy compiles an expression when it is first used: most runs read no recording.
func lazy(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// modeOf returns the mode that strace names.
func modeOf(words string) Mode {
	switch words {
	case "32 bit":
		return Bits32
	case "x32":
		return X32
	}
	return Native
}

func (s *straceReader) line(n int, line []byte, cut bool) {
	text := bytes.TrimLeft(line, " \t")
	if m := modeLine().FindSubmatch(text[:min(len(text), maxHead)]); m != nil {
		s.setMode(string(m[1]), modeOf(string(m[2])))
		return
	}
	if m := tableMode().FindSubmatch(text); m != nil {
		s.mode = modeOf(string(m[1]))
		return
	}
	if s.inTable(n, text) {
		return
	}
	pid := ""
	for range 8 {
		m := before().FindSubmatch(text)
		if m == nil {
			break
		}
		if id := string(m[1]) + string(m[2]); id != "" {
			pid = id
		}
		text = text[len(m[0]):]
	}
	switch {
	case len(text) == 0, bytes.HasPrefix(text, []byte("> ")), bytes.HasPrefix(text, []byte("--- ")):
		return
	case bytes.HasPrefix(text, []byte("+++ ")):
		delete(s.modes, pid)
		if pid == s.alone {
			delete(s.modes, "")
		}
		return
	case bytes.HasPrefix(text, []byte("strace: ")), bytes.HasPrefix(text, []byte("<... ??? resumed>")),
		bytes.HasPrefix(text, []byte("<unfinished ")), bytes.HasPrefix(text, []byte("???(")):
		return
	}
	if m := resumed().FindSubmatch(text); m != nil {
		s.add(n, m[1], m[2], s.modeOf(pid), 0)
		return
	}
	m := callName().FindSubmatch(text)
	if m == nil || !cut && !complete(text) {
		s.rec.malformed(n)
		return
	}
	s.add(n, m[1], m[2], s.modeOf(pid), 1)
}

// complete reports whether what looks like a call is one: it has a result, or goes on later.
func complete(text []byte) bool {
	return bytes.Contains(text, []byte("<unfinished ")) || bytes.Contains(text, []byte(" = ")) ||
		bytes.Contains(text, []byte("strace: Process ")) // whose line it breaks
}

// maxHead is how many bytes of a line are looked at where only short lines are meant.
const maxHead = 1 << 10

// maxModes bounds what is remembered of processes.
const maxModes = 1 << 14

func (s *straceReader) setMode(pid string, m Mode) {
	if m == Native {
		delete(s.modes, pid)
	} else if len(s.modes) < maxModes {
		s.modes[pid] = m
	}
	// A program that is traced alone has no number on its lines.
	if s.alone = pid; m == Native {
		delete(s.modes, "")
	} else {
		s.modes[""] = m
	}
}

func (s *straceReader) modeOf(pid string) Mode { return s.modes[pid] }

// add records a call by what stands for its name.
func (s *straceReader) add(line int, prefix, name []byte, mode Mode, count int) {
	c := Call{Mode: mode, Line: line}
	if c.Name = string(prefix) + string(name); len(prefix) > 0 || strings.HasPrefix(c.Name, "0x") {
		number, err := strconv.ParseUint(strings.TrimPrefix(string(name), "0x"), 16, 31)
		if err != nil || !strings.HasPrefix(string(name), "0x") {
			s.rec.malformed(line)
			return
		}
		c.Name, c.Number = "", int(number)
	}
	s.rec.add(c, count)
}

// inTable reads a line of a table, and reports whether it is one.
func (s *straceReader) inTable(n int, text []byte) bool {
	words := strings.Fields(string(text[:min(len(text), maxHead)]))
	if len(words) > 1 && words[len(words)-1] == "syscall" && strings.Contains(string(text), "calls") {
		s.table, s.calls = true, -1
		column := 0
		for _, w := range words {
			switch w {
			case "%": // of "% time", which is one column
				column--
			case "calls":
				s.calls = column
			}
			column++
		}
		return true
	}
	if !s.table || len(words) == 0 {
		return false
	}
	last := words[len(words)-1]
	switch {
	case strings.Trim(last, "-") == "":
		return true
	case last == "total":
		s.table, s.mode = false, Native
		return true
	case len(words) < 2 || !isNumber(words[0]):
		s.table = false
		return false
	}
	m := isName().FindStringSubmatch(last)
	if m == nil {
		s.rec.malformed(n)
		return true
	}
	count := 1
	if s.calls >= 0 && s.calls < len(words)-1 {
		if many, err := strconv.ParseUint(words[s.calls], 10, 31); err == nil {
			count = int(many)
		}
	}
	s.add(n, []byte(m[1]), []byte(m[2]), s.mode, count)
	return true
}

func isNumber(word string) bool {
	_, err := strconv.ParseFloat(word, 64)
	return err == nil
}
