package workspace

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

// Embedded is a profile that is the text of a key of a ConfigMap.
type Embedded struct {
	// Key is the key, and Object the name of the ConfigMap, as the file has them.
	Key, Object string
	// Profile is read from a file in which everything but the profile is blank, so its places are those of the file of
	// the ConfigMap. Where the bytes of the text are not those of the file, as in a scalar with escapes, its places are
	// those of the text alone, and the path of the file has the key at its end.
	*seccomp.Profile

	// Host is the file of the ConfigMap.
	Host *source.File

	at       source.Span // the text in Profile.Source, empty where its bytes are not the file's
	fragment *source.Fragment
}

// EmbeddedProfiles returns the profiles in the ConfigMaps of a file: a manifest, or a template of Helm as far as it
// does not depend on what Helm fills in.
func EmbeddedProfiles(f *source.File) []*Embedded {
	var out []*Embedded
	for _, p := range configMapProfiles(f) {
		e := &Embedded{
			Key: strings.Trim(f.Text(p.Uses[0].Span), "\"'"), Object: p.object, Profile: p.Profile,
			Host: f, fragment: p.Fragment,
		}
		if blank, at, ok := alone(p.Fragment); ok {
			e.Profile, e.at = seccomp.Parse(blank), at
		} else {
			e.Profile = seccomp.Parse(source.NewFile(f.Path+"#"+e.Key, p.Fragment.Text))
		}
		out = append(out, e)
	}
	return out
}

// alone returns a file in which everything but a text is blank, and the span of the text. It reports false where a byte
// of the text is not the file's own.
func alone(fr *source.Fragment) (*source.File, source.Span, bool) {
	f := fr.File
	out := bytes.Repeat([]byte(" "), len(f.Bytes))
	for n, c := range f.Bytes {
		if c == '\n' || c == '\r' {
			out[n] = c
		}
	}
	at := source.Span{}
	for _, p := range fr.Pieces {
		own := f.Text(p.Span)
		if p.Opaque || own != p.Text && !(p.Text == "\n" && own == "\r\n") && !(p.Text == "\n" && own == "") {
			return nil, at, false
		}
		copy(out[p.Span.Start:], own)
		if at.IsEmpty() {
			at = p.Span
		}
		at = at.Join(p.Span)
	}
	return source.NewFile(f.Path, out), at, !at.IsEmpty()
}

// Replaced returns the file of the ConfigMap with another text of the profile, given as the file that Profile.Source
// holds with changes inside the profile. It returns an error where the style of the scalar cannot hold the text.
func (e *Embedded) Replaced(after []byte) (*source.File, []byte, error) {
	before := e.Profile.Source.Bytes
	if bytes.Equal(before, after) {
		return e.Host, e.Host.Bytes, nil
	}
	if e.at.IsEmpty() {
		return e.Host, nil, errors.New("the text is in a scalar with escapes or folded lines; write it as a " +
			"literal block, after a |")
	}
	start := 0
	for start < min(len(before), len(after)) && before[start] == after[start] {
		start++
	}
	end := 0
	for end < min(len(before), len(after))-start && before[len(before)-1-end] == after[len(after)-1-end] {
		end++
	}
	changed := source.Span{Start: start, End: len(before) - end}
	if !e.at.Contains(changed) {
		return e.Host, nil, errors.New("the change is not inside the text of the profile")
	}
	text := append([]byte(nil), e.Host.Bytes[:start]...)
	text = append(append(text, after[start:len(after)-end]...), e.Host.Bytes[len(before)-end:]...)
	now := configMapProfiles(source.NewFile(e.Host.Path, text))
	old := configMapProfiles(e.Host)
	var want, is any
	for n := range now {
		if len(now) != len(old) || old[n].Uses[0].Span != now[n].Uses[0].Span {
			break
		}
		if !sameFragment(old[n].Fragment, e.fragment) {
			continue
		}
		if json.Unmarshal(after, &want) == nil && json.Unmarshal(now[n].Source.Bytes, &is) == nil &&
			reflect.DeepEqual(want, is) {
			return e.Host, text, nil
		}
	}
	return e.Host, nil, errors.New("the scalar cannot hold the text; write it as a literal block, after a |")
}

func sameFragment(a, b *source.Fragment) bool {
	return len(a.Pieces) > 0 && len(b.Pieces) > 0 && a.Pieces[0].Span == b.Pieces[0].Span
}

// Label returns what the profile is called beside the others of its file: its key, with the name of its ConfigMap where
// others have the key too.
func (e *Embedded) Label(all []*Embedded) string {
	for _, other := range all {
		if other != e && other.Key == e.Key {
			return strings.TrimPrefix(e.Object+"/"+e.Key, "/")
		}
	}
	return e.Key
}
