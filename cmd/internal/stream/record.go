// Package stream answers records: small projects that come on standard input, one after the other, and whose findings
// go to standard output, one line each, in the same order. It reads the records, hands them to workers, and keeps one
// bad record from having an effect on another. What a record's files mean is the business of a Judge.
package stream

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// Record is one project.
type Record struct {
	// ID is what the answer is known by; it need not be unique.
	ID string
	// Files are those of the project, by their clean paths below its root, with slashes.
	Files map[string]File
	// Targets are the versions of consumers that the record is for, in order, each as "CONSUMER=VERSION".
	Targets []string
}

// File is a file or a symbolic link of a record.
type File struct {
	// Text is the content of a file, or where a link leads.
	Text []byte
	// Link says that it is a symbolic link, and Executable that the file can be run.
	Link, Executable bool
}

// The codes of errors. Every other record is answered as if the one with the error were not there.
const (
	// Invalid: the record is not of the form that docs/fleet.md describes.
	Invalid = "invalid"
	// TooLarge: the record, or its answer, has more bytes than allowed.
	TooLarge = "too_large"
	// TooSlow: the record needs more steps than allowed.
	TooSlow = "too_slow"
	// Configuration: the configuration in the record, or a target, cannot be used.
	Configuration = "configuration"
	// Defect: sandlint failed.
	Defect = "defect"
)

// Error is the answer for a record that cannot be checked.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	// Line is the line of standard input, from 1, for a record that cannot be read; else 0.
	Line int `json:"line,omitempty"`
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func invalid(format string, args ...any) *Error {
	return &Error{Code: Invalid, Message: fmt.Sprintf(format, args...)}
}

// answer returns the line of an error, without its end. A record without an id has the id null.
func (e *Error) answer(id *string) []byte {
	return encode(struct {
		ID    *string `json:"id"`
		Error *Error  `json:"error"`
	}{id, e})
}

func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // strings and numbers
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

const (
	// maxPath is how many bytes a path may have, maxName how many one name in it, as on Linux, and maxFolders how many
	// folders it may lead through.
	maxPath    = 4096
	maxName    = 255
	maxFolders = 255
	// maxID is how many bytes an id may have.
	maxID = 4096
)

// lineRecord is a record as a line of JSON has it.
type lineRecord struct {
	ID      *string              `json:"id"`
	Files   []lineFile           `json:"files"`
	Targets map[string]oneOrMany `json:"targets"`
}

type lineFile struct {
	Path       string  `json:"path"`
	Content    *string `json:"content"`
	Base64     *string `json:"base64"`
	Link       *string `json:"link"`
	Executable *bool   `json:"executable"`
}

// oneOrMany is a string or a list of strings.
type oneOrMany []string

func (o *oneOrMany) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]string)(o))
	}
	*o = make(oneOrMany, 1)
	return json.Unmarshal(b, &(*o)[0])
}

// parseLine reads a record from a line of JSON. With an error, the id is nil where it could not be read.
func parseLine(line []byte) (*Record, *string, *Error) {
	if !utf8.Valid(line) {
		return nil, readID(line), invalid("the line is not valid UTF-8; \"base64\" holds any bytes")
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	var in lineRecord
	if err := dec.Decode(&in); err != nil {
		return nil, readID(line), invalid("%s", cause(err))
	}
	if rest := bytes.TrimSpace(line[dec.InputOffset():]); len(rest) > 0 {
		return nil, in.ID, invalid("something follows the record on its line")
	}
	switch {
	case in.ID == nil, *in.ID == "":
		return nil, nil, invalid("the record has no \"id\"")
	case len(*in.ID) > maxID:
		return nil, nil, invalid("the \"id\" has more than %d bytes", maxID)
	case loneSurrogate(line):
		return nil, in.ID, invalid("a text has half of a surrogate pair (\\ud800 to \\udfff), which is no character")
	}
	rec := &Record{ID: *in.ID, Files: make(map[string]File, len(in.Files))}
	for n := range in.Files {
		if err := rec.addLine(&in.Files[n]); err != nil {
			return nil, in.ID, err
		}
	}
	for _, consumer := range slices.Sorted(maps.Keys(in.Targets)) {
		for _, version := range in.Targets[consumer] {
			rec.Targets = append(rec.Targets, consumer+"="+version)
		}
	}
	if err := rec.check(); err != nil {
		return nil, in.ID, err
	}
	return rec, in.ID, nil
}

// cause returns what is wrong with a line, in words that do not depend on names of Go.
func cause(err error) string {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Sprintf("%q is a JSON %s, which it must not be", kind.Field, kind.Value)
	case errors.As(err, &kind):
		return fmt.Sprintf("the record is a JSON %s, and not an object", kind.Value)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the JSON is cut off"
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Sprintf("a record has no field %s", name)
	}
	return "the JSON is wrong: " + strings.TrimPrefix(err.Error(), "json: ")
}

// loneSurrogate reports whether valid JSON has an escape of half a surrogate pair without its other half.
func loneSurrogate(line []byte) bool {
	for rest := line; ; {
		n := bytes.IndexByte(rest, '\\')
		if n < 0 || n+1 >= len(rest) {
			return false
		}
		rest = rest[n:]
		high, low := escape(rest), rune(0)
		if len(rest) >= 12 {
			low = escape(rest[6:])
		}
		switch {
		case high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000:
			rest = rest[12:]
		case high >= 0xd800 && high < 0xe000:
			return true
		default:
			rest = rest[2:]
		}
	}
}

// escape returns the code unit of the \uXXXX that a text begins with, 0 where it begins with none.
func escape(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0
	}
	var unit rune
	for _, c := range text[2:6] {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if digit < 0 {
			return 0
		}
		unit = unit<<4 | rune(digit)
	}
	return unit
}

// readID returns the id of a line that is not a record, nil where no string of that name comes before the mistake.
func readID(line []byte) *string {
	dec := json.NewDecoder(bytes.NewReader(line))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	for {
		name, err := dec.Token()
		if err != nil {
			return nil
		}
		if name == "id" {
			id, err := dec.Token()
			if text, ok := id.(string); err == nil && ok && text != "" && len(text) <= maxID {
				return &text
			}
			return nil
		}
		if !skipValue(dec) {
			return nil
		}
	}
}

// skipValue reads a value, whatever it holds.
func skipValue(dec *json.Decoder) bool {
	depth := 0
	for {
		t, err := dec.Token()
		if err != nil {
			return false
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth <= 0 {
			return depth == 0
		}
	}
}

// addLine adds a file of a line.
func (r *Record) addLine(in *lineFile) *Error {
	name, wrong := cleanPath(in.Path)
	if wrong != nil {
		return wrong
	}
	if _, twice := r.Files[name]; twice {
		return invalid("the path %q is there twice", name)
	}
	f := File{Executable: in.Executable == nil || *in.Executable}
	given := 0
	for _, text := range []*string{in.Content, in.Base64, in.Link} {
		if text != nil {
			given++
			f.Text = []byte(*text)
		}
	}
	switch {
	case given != 1:
		return invalid("the file %q needs one of \"content\", \"base64\" and \"link\"", name)
	case in.Base64 != nil:
		b, err := base64.StdEncoding.DecodeString(*in.Base64)
		if err != nil {
			return invalid("the base64 of %q is wrong: %v", name, err)
		}
		f.Text = b
	case in.Link != nil:
		if in.Executable != nil {
			return invalid("the link %q cannot be \"executable\"", name)
		}
		f.Link = true
		if err := checkLink(name, *in.Link); err != nil {
			return err
		}
	}
	r.Files[name] = f
	return nil
}

func checkLink(name, target string) *Error {
	if target == "" || len(target) > maxPath || strings.Contains(target, "\x00") {
		return invalid("the link %q leads to no path", name)
	}
	return nil
}

// cleanPath returns the path of a file in the form that Record.Files has.
func cleanPath(name string) (string, *Error) {
	switch {
	case name == "":
		return "", invalid("a file has no \"path\"")
	case len(name) > maxPath:
		return "", invalid("a path has more than %d bytes: %q…", maxPath, strings.ToValidUTF8(name[:100], "?"))
	case strings.Contains(name, "\x00"):
		return "", invalid("the path %q has a NUL byte", name)
	case path.IsAbs(name), !filepath.IsLocal(filepath.FromSlash(name)) && !strings.Contains(name, ".."):
		return "", invalid("the path %q is not relative to the root of the record", name)
	}
	folders := 0
	for part := range strings.SplitSeq(name, "/") {
		if folders++; folders > maxFolders+1 {
			return "", invalid("the path %q… leads through more than %d folders", name[:100], maxFolders)
		}
		if part == ".." {
			return "", invalid("the path %q has the name \"..\"", name)
		}
		if len(part) > maxName {
			return "", invalid("a name in a path has more than %d bytes: %q…", maxName,
				strings.ToValidUTF8(part[:100], "?"))
		}
	}
	clean := path.Clean(name)
	if clean == "." || strings.HasSuffix(name, "/") {
		return "", invalid("the path %q is that of a folder", name)
	}
	return clean, nil
}

// check reports a path that leads through a file.
func (r *Record) check() *Error {
	for _, name := range slices.Sorted(maps.Keys(r.Files)) {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, isFile := r.Files[dir]; isFile {
				return invalid("the path %q leads through %q, which is a file", name, dir)
			}
		}
	}
	return nil
}

// pack returns a record as bytes for a worker, which unpack reads.
func (r *Record) pack() []byte {
	var b []byte
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	text(r.ID)
	for name, f := range r.Files {
		text(name)
		kind := byte(0)
		if f.Link {
			kind |= 1
		}
		if f.Executable {
			kind |= 2
		}
		b = append(b, kind)
		b = binary.AppendUvarint(b, uint64(len(f.Text)))
		b = append(b, f.Text...)
	}
	return b
}

func unpack(b []byte) *Record {
	take := func() []byte {
		size, n := binary.Uvarint(b)
		text := b[n : n+int(size)]
		b = b[n+int(size):]
		return text
	}
	r := &Record{ID: string(take()), Files: map[string]File{}}
	for len(b) > 0 {
		name := string(take())
		kind := b[0]
		b = b[1:]
		r.Files[name] = File{Text: take(), Link: kind&1 != 0, Executable: kind&2 != 0}
	}
	return r
}
