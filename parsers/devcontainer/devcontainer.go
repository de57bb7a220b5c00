// Package devcontainer reads the parts of a devcontainer.json that say how the container is built and run, and that
// configure programs in it: the options of its features, and environment variables. The file is JSON with comments and
// trailing commas; expressions such as ${localEnv:NAME} in a string are opaque.
package devcontainer

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tailscale/hujson"

	"github.com/sandlint/sandlint/parsers/source"
)

// File is a devcontainer.json as read. It is immutable after Parse.
type File struct {
	Source *source.File
	// Options are the options of all features whose values are strings, in order.
	Options []Option
	// Env are the variables of containerEnv and remoteEnv.
	Env []Option
	// Image is the image of the container, Dockerfile, Context and Stage are how it is built otherwise.
	Image, Dockerfile, Context, Stage source.Value
	// Privileged is "true" or "false".
	Privileged source.Value
	// RunArgs are the words that docker run gets. CapAdd, SecurityOpt and Mounts are further options of it; a mount
	// that is an object is not among them.
	RunArgs, CapAdd, SecurityOpt, Mounts []source.Value
	// Compose are the Compose files, and Service is the service of theirs that is the container, where it is one.
	Compose []source.Value
	Service source.Value
	// User is the user of the container.
	User source.Value
	// Broken says that the file is not JSON with comments, so nothing else is known.
	Broken bool
}

// Option is a member whose value is a string.
type Option struct {
	// Feature is the id of the feature without its version, "" for an environment variable.
	Feature string
	Name    string
	// Value is the text of the string; Span covers it and its name.
	Value *source.Fragment
	Span  source.Span
}

// maxBrackets bounds the objects and arrays of a file that is read.
const maxBrackets = 20000

// Parse reads f. It never fails.
func Parse(f *source.File) *File {
	out := &File{Source: f}
	shift := 0
	if bytes.HasPrefix(f.Bytes, []byte("\ufeff")) {
		shift = len("\ufeff")
	}
	if bytes.Count(f.Bytes, []byte{'['})+bytes.Count(f.Bytes, []byte{'{'}) > maxBrackets {
		out.Broken = true
		return out
	}
	root, err := hujson.Parse(f.Bytes[shift:])
	if err != nil {
		out.Broken = true
		return out
	}
	r := reader{file: f, shift: shift}
	for name, v := range r.members(&root) {
		switch name.text {
		case "features":
			for id, options := range r.members(v) {
				feature := id.text
				if i := strings.LastIndexAny(feature, ":@"); i > strings.LastIndexByte(feature, '/') {
					feature = feature[:i]
				}
				out.Options = append(out.Options, r.strings(feature, options)...)
			}
		case "containerEnv", "remoteEnv":
			out.Env = append(out.Env, r.strings("", v)...)
		case "build":
			for name, v := range r.members(v) {
				switch name.text {
				case "dockerfile", "dockerFile":
					out.Dockerfile = r.value(v)
				case "context":
					out.Context = r.value(v)
				case "target":
					out.Stage = r.value(v)
				}
			}
		default:
			r.member(out, name.text, v)
		}
	}
	return out
}

type reader struct {
	file  *source.File
	shift int
}

type name struct {
	text string
	span source.Span
}

func (r reader) span(v *hujson.Value) source.Span {
	return source.Span{Start: v.StartOffset, End: v.EndOffset}.Shift(r.shift)
}

// members yields the members of an object, and nothing for another value.
func (r reader) members(v *hujson.Value) func(func(name, *hujson.Value) bool) {
	return func(yield func(name, *hujson.Value) bool) {
		object, ok := v.Value.(*hujson.Object)
		if !ok {
			return
		}
		for i := range object.Members {
			m := &object.Members[i]
			key, ok := m.Name.Value.(hujson.Literal)
			if ok && !yield(name{key.String(), r.span(&m.Name)}, &m.Value) {
				return
			}
		}
	}
}

func (r reader) strings(feature string, v *hujson.Value) []Option {
	var out []Option
	for key, value := range r.members(v) {
		if literal, ok := value.Value.(hujson.Literal); ok && literal.Kind() == '"' {
			span := r.span(value)
			out = append(out,
				Option{feature, key.text, source.NewFragment(r.file, r.pieces(span)), key.span.Join(span)})
		}
	}
	return out
}

// member reads a member that says how the container is run.
func (r reader) member(out *File, name string, v *hujson.Value) {
	switch name {
	case "image":
		out.Image = r.value(v)
	case "dockerFile":
		out.Dockerfile = r.value(v)
	case "context":
		out.Context = r.value(v)
	case "privileged":
		out.Privileged = r.value(v)
	case "runArgs":
		out.RunArgs = r.list(v)
	case "capAdd":
		out.CapAdd = r.list(v)
	case "securityOpt":
		out.SecurityOpt = r.list(v)
	case "mounts":
		out.Mounts = r.list(v)
	case "dockerComposeFile":
		out.Compose = r.list(v)
	case "service":
		out.Service = r.value(v)
	case "containerUser":
		out.User = r.value(v)
	}
}

// value returns a string, number or Boolean; the span of a string is that of its text. Another value is not known.
func (r reader) value(v *hujson.Value) source.Value {
	span := r.span(v)
	literal, ok := v.Value.(hujson.Literal)
	switch {
	case !ok || literal.Kind() == 'n':
		return source.Value{Span: span}
	case literal.Kind() == '"':
		span = source.Span{Start: span.Start + 1, End: span.End - 1}
		text := literal.String()
		if strings.Contains(text, "${") {
			return source.Value{Span: span}
		}
		return source.Value{Text: text, Known: true, Span: span}
	}
	return source.Value{Text: r.file.Text(span), Known: true, Span: span}
}

// list returns the elements of an array, or a value that stands for an array of one.
func (r reader) list(v *hujson.Value) []source.Value {
	array, ok := v.Value.(*hujson.Array)
	if !ok {
		return []source.Value{r.value(v)}
	}
	var out []source.Value
	for n := range array.Elements {
		out = append(out, r.value(&array.Elements[n]))
	}
	return out
}

// pieces returns the text of the JSON string at a span.
func (r reader) pieces(s source.Span) []source.Piece {
	var out []source.Piece
	src := r.file.Bytes
	start := s.Start + 1
	verbatim := func(end int) {
		if start < end {
			out = append(out, source.Piece{Text: string(src[start:end]), Span: source.Span{Start: start, End: end},
				Verbatim: true, Quoting: source.JSONString})
		}
	}
	for at := start; at < s.End-1; {
		switch {
		case src[at] == '\\':
			verbatim(at)
			n := 2
			if src[at+1] == 'u' {
				n = 6
				if at+12 < s.End && src[at+6] == '\\' && src[at+7] == 'u' && isSurrogate(src[at+2:at+6]) {
					n = 12
				}
			}
			n = min(n, s.End-1-at)
			text := hujson.Literal(`"` + string(src[at:at+n]) + `"`).String()
			out = append(out, source.Piece{Text: text, Span: source.Span{Start: at, End: at + n}})
			at += n
			start = at
		case bytes.HasPrefix(src[at:s.End-1], []byte("${")):
			n := bytes.IndexByte(src[at:s.End-1], '}')
			if n < 0 {
				at += 2
				continue
			}
			verbatim(at)
			out = append(out, source.Piece{Text: "x", Span: source.Span{Start: at, End: at + n + 1}, Opaque: true})
			at += n + 1
			start = at
		default:
			_, n := utf8.DecodeRune(src[at:])
			at += n
		}
	}
	verbatim(s.End - 1)
	return out
}

// isSurrogate reports whether four hexadecimal digits are the first half of a surrogate pair.
func isSurrogate(digits []byte) bool {
	n, err := strconv.ParseUint(string(digits), 16, 16)
	return err == nil && n >= 0xd800 && n < 0xdc00
}
