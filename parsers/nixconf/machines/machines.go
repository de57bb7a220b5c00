// Package machines reads the list of remote machines that the setting builders holds, and the file that it names, as
// Nix does when a build starts. One bad column stops every build, of local derivations too.
//
// The grammar is that of src/libstore/machines.cc; where releases differ, a nixconf.Version decides. It was compared
// with builds by Nix 2.8.0, 2.26.3 and 2.34.8.
package machines

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/source"
)

// The columns of a machine, counted from 0 as in Nix's messages. "-" leaves one at its default, and so does its
// absence. Columns after the last are ignored.
const (
	Store     = iota // the store's URL, or a host name, which means ssh://
	Systems          // system types, with commas between
	Key              // the file with the private key
	Jobs             // how many builds at a time, unsigned
	Speed            // a factor: unsigned before Nix 2.20, a number since
	Features         // supported features, with commas between
	Mandatory        // features that a derivation must require, with commas between
	HostKey          // the host's public key, in Base64
)

// Entry is one machine, or one file of machines.
type Entry struct {
	// Columns are the words of a machine; nil for a file.
	Columns []nixconf.Word
	// File is the path behind an @, for an entry that IsFile.
	File nixconf.Word
	// Span is the entry without the blanks around it. It is empty for an entry of blanks only, which is one in OldOnly.
	Span source.Span
	// Old says that only releases before Nix 2.29 see the entry, and New that only later ones do: the old ones end a
	// comment at a semicolon, and do not remove the blanks around an entry.
	Old, New bool

	file bool
}

// Parse reads a list of machines. Offsets of spans are those in text plus base.
func Parse(text string, base int) []Entry {
	var out []Entry
	for start := 0; start <= len(text); {
		end := len(text)
		if n := strings.IndexByte(text[start:], '\n'); n >= 0 {
			end = start + n
		}
		out = parseLine(out, text[start:end], base+start)
		start = end + 1
	}
	return out
}

func parseLine(out []Entry, line string, base int) []Entry {
	comment := strings.IndexByte(line, '#')
	if comment < 0 {
		comment = len(line)
	}
	for start := 0; start <= len(line); {
		end := len(line)
		if n := strings.IndexByte(line[start:], ';'); n >= 0 {
			end = start + n
		}
		part := line[start:end]
		if start > comment { // an entry of its own to releases that end the comment at a semicolon
			part, _, _ = strings.Cut(part, "#")
			out = appendEntry(out, part, base+start, true)
		} else {
			out = appendEntry(out, part[:min(end, comment)-start], base+start, false)
		}
		start = end + 1
	}
	return out
}

const blanks = " \t\r"

func appendEntry(out []Entry, part string, base int, old bool) []Entry {
	if part == "" {
		return out
	}
	trimmed := strings.Trim(part, blanks)
	at := base + strings.Index(part, trimmed)
	e := Entry{Span: source.Span{Start: at, End: at + len(trimmed)}, Old: old}
	switch {
	case trimmed == "":
		e.Span, e.Old = source.Span{Start: base, End: base}, true
		return append(out, e)
	case trimmed[0] == '@' && (part[0] == '@' || !old):
		path := strings.TrimLeft(trimmed[1:], blanks)
		end := at + len(trimmed)
		e.file = true
		e.File = nixconf.Word{Text: path, Span: source.Span{Start: end - len(path), End: end}}
		if part[0] != '@' {
			e.New = true
			out = append(out, e)
			e = Entry{Span: e.Span, Old: true, Columns: words(trimmed, at)}
		}
		return append(out, e)
	}
	e.Columns = words(trimmed, at)
	return append(out, e)
}

func words(s string, base int) []nixconf.Word {
	var out []nixconf.Word
	for at := 0; at < len(s); {
		if strings.IndexByte(blanks, s[at]) >= 0 {
			at++
			continue
		}
		end := at
		for end < len(s) && strings.IndexByte(blanks, s[end]) < 0 {
			end++
		}
		out = append(out, nixconf.Word{Text: s[at:end], Span: source.Span{Start: base + at, End: base + end}})
		at = end
	}
	return out
}

// Column returns a column of a machine, and whether it is set.
func (e *Entry) Column(n int) (nixconf.Word, bool) {
	if n >= len(e.Columns) || e.Columns[n].Text == "-" {
		return nixconf.Word{}, false
	}
	return e.Columns[n], true
}

// IsFile reports whether the entry names a file of machines.
func (e *Entry) IsFile() bool { return e.file }

// Sees reports whether a release is known to read the entry.
func (e *Entry) Sees(d nixconf.Distribution, v nixconf.Version) bool {
	if !e.Old && !e.New {
		return true
	}
	switch d {
	case nixconf.Nix:
		return e.New == v.AtLeast(2, 29)
	case nixconf.Determinate: // 3.6 is made of Nix 2.29
		return e.New == v.AtLeast(3, 6)
	}
	return false // no Lix was run
}

// takesFractions reports whether a release takes a speed that is no integer. Of Lix this is not known.
func takesFractions(d nixconf.Distribution, v nixconf.Version) bool {
	return d != nixconf.Nix || v.AtLeast(2, 20)
}

// Check returns the column of a machine that a release refuses and what is wrong with it, in the order in which Nix
// finds it, or -1. A file is never refused: Nix ignores one that does not exist.
func (e *Entry) Check(d nixconf.Distribution, v nixconf.Version) (column int, what string) {
	if e.IsFile() {
		return -1, ""
	}
	if _, ok := e.Column(Store); !ok {
		return Store, "the URL of the machine's store is missing"
	}
	if w, ok := e.Column(Jobs); ok && !isUnsigned(w.Text) {
		return Jobs, fmt.Sprintf("column 4 is the number of jobs, an unsigned integer, not %s", nixconf.Quote(w.Text))
	}
	negative := false
	if w, ok := e.Column(Speed); ok {
		n, isNumber := parseFloat(w.Text)
		switch {
		case takesFractions(d, v) && !isNumber:
			return Speed, fmt.Sprintf("column 5 is the speed, a number, not %s", nixconf.Quote(w.Text))
		case !takesFractions(d, v) && !isUnsigned(w.Text):
			return Speed, fmt.Sprintf("column 5 is the speed, an unsigned integer, not %s", nixconf.Quote(w.Text))
		}
		negative = n < 0
	}
	if w, ok := e.Column(HostKey); ok && !isBase64(w.Text) {
		return HostKey, fmt.Sprintf("column 8 is the public key of the host in Base64, not %s", nixconf.Quote(w.Text))
	}
	if negative {
		return Speed, fmt.Sprintf("column 5 is the speed, which cannot be negative like %s",
			nixconf.Quote(e.Columns[Speed].Text))
	}
	return -1, ""
}

// isUnsigned reports whether boost::lexical_cast reads s as an unsigned int.
func isUnsigned(s string) bool {
	_, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 10, 32)
	return err == nil
}

// parseFloat reads what boost::lexical_cast reads as a float.
func parseFloat(s string) (float64, bool) {
	lower := strings.ToLower(s)
	switch strings.TrimLeft(lower, "+-") {
	case "inf", "infinity", "nan":
	default:
		if strings.Trim(lower, "0123456789.e+-") != "" {
			return 0, false
		}
	}
	n, err := strconv.ParseFloat(s, 32)
	return n, err == nil
}

// isBase64 reports whether Nix decodes s: digits of Base64 up to the first '='.
func isBase64(s string) bool {
	s, _, _ = strings.Cut(s, "=")
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '/') {
			return false
		}
	}
	return true
}

// File is a file of machines.
type File struct {
	Source  *source.File
	Entries []Entry
}

// ParseFile reads a file of machines.
func ParseFile(f *source.File) *File { return &File{Source: f, Entries: Parse(string(f.Bytes), 0)} }

// LooksLikeMachines reports whether a text is a file of machines: the store of an entry is reached by SSH, or its
// second column names a system, and no entry is a line of another kind of file.
func LooksLikeMachines(text []byte) bool {
	if len(text) > 1<<20 {
		return false
	}
	found := false
	for _, e := range Parse(string(text), 0) {
		if e.Old || len(e.Columns) == 0 {
			continue
		}
		store := e.Columns[Store].Text
		switch {
		case strings.HasPrefix(store, "ssh://"), strings.HasPrefix(store, "ssh-ng://"):
			found = true
		case len(e.Columns) > 1 && (strings.HasSuffix(e.Columns[Systems].Text, "-linux") ||
			strings.HasSuffix(e.Columns[Systems].Text, "-darwin")):
			found = true
		case len(e.Columns) > 1 && (e.Columns[1].Text == "=" || strings.HasSuffix(store, ":")):
			return false
		}
	}
	return found
}
