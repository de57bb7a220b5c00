package workspace

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

// mentionsConfigMap reports whether a YAML file may hold a profile in a ConfigMap: the words are in it.
func mentionsConfigMap(b []byte) bool {
	return bytes.Contains(b, []byte("ConfigMap")) && bytes.Contains(b, []byte("SCMP_ACT_")) &&
		bytes.Contains(b, []byte("defaultAction"))
}

// hasProfile reports whether a YAML file holds a profile: a SeccompProfile, or the text of one in a ConfigMap.
func hasProfile(f *source.File) bool {
	return seccomp.MentionsResource(f.Bytes) && seccomp.Sniff(f) || len(configMapProfiles(f)) > 0
}

// configMapProfiles returns the profiles that are the text of a key of a ConfigMap, in a manifest or in a template of
// Helm. A text that depends on what Helm fills in is left out, and so is one that quotes a profile among other words.
func configMapProfiles(f *source.File) []*Profile {
	if !mentionsConfigMap(f.Bytes) {
		return nil
	}
	tree := yamltree.Parse(source.NewFile(f.Path, withoutActions(f.Bytes)))
	var out []*Profile
	for _, document := range tree.Documents {
		out = appendConfigMap(out, f, document)
	}
	return out
}

// appendConfigMap adds the profiles of an object: a ConfigMap, or a list with some.
func appendConfigMap(out []*Profile, f *source.File, object *yamltree.Node) []*Profile {
	version, kind := object.Get("apiVersion"), object.Get("kind")
	if !version.IsScalar() || version.Text != "v1" || !kind.IsScalar() {
		return out
	}
	switch kind.Text {
	case "List", "ConfigMapList":
		if items := object.Get("items"); items != nil && items.Kind == yamltree.Sequence {
			for _, item := range items.Items {
				out = appendConfigMap(out, f, item)
			}
		}
	case "ConfigMap":
		data := object.Get("data")
		if data == nil || data.Kind != yamltree.Mapping {
			return out
		}
		use := UseConfigMap
		for _, pair := range data.Pairs {
			if pair.Key.Text == "daemon.json" { // Docker itself runs in the pod, and reads the profile
				use = UseDaemon
			}
		}
		for _, pair := range data.Pairs {
			v := pair.Value
			if v.Kind != yamltree.Scalar || bytes.Contains(f.Bytes[v.Span.Start:v.Span.End], []byte("{{")) {
				continue
			}
			fr := v.Fragment(f)
			if !seccomp.Sniff(source.NewFile("data", fr.Text)) {
				continue
			}
			profile := seccomp.Parse(source.NewFile(f.Path, fr.Text))
			broken := slices.ContainsFunc(profile.Problems,
				func(p source.Problem) bool { return p.Kind == seccomp.KindJSON })
			if broken && !(files.IsJSON(pair.Key.Text) && beginsProfile().Match(fr.Text)) {
				continue
			}
			out = append(out, &Profile{
				Profile: profile, Fragment: fr, Uses: []Use{{Kind: use, File: f, Span: pair.Key.Span}},
				object: nameOf(f, object),
			})
		}
	}
	return out
}

// nameOf returns the name in the metadata of an object, as the file has it.
func nameOf(f *source.File, object *yamltree.Node) string {
	if name := object.Get("metadata").Get("name"); name.IsScalar() {
		return strings.Trim(f.Text(name.Span), "\"'")
	}
	return ""
}

// beginsProfile matches the beginning of a profile, for a text that is no JSON: a broken one, or a log, or prose.
var beginsProfile = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*\{\s*"(defaultAction|defaultErrnoRet|archMap|architectures|flags|listenerPath|` +
		`listenerMetadata|syscalls)"\s*:`)
})

// withoutActions returns a template of Helm as YAML, in which every byte keeps its place: a line of actions alone is a
// comment, and another action is a word.
func withoutActions(b []byte) []byte {
	if !bytes.Contains(b, []byte("{{")) {
		return b
	}
	out := bytes.Clone(b)
	inside := make([]bool, len(b))
	for at := 0; ; {
		n := bytes.Index(b[at:], []byte("{{"))
		if n < 0 {
			break
		}
		start := at + n
		if n = bytes.Index(b[start:], []byte("}}")); n < 0 {
			break
		}
		for at = start; at < start+n+len("}}"); at++ {
			if inside[at] = b[at] != '\n' && b[at] != '\r'; inside[at] {
				out[at] = 'x'
			}
		}
	}
	start := 0
	for line := range bytes.Lines(out) {
		alone := true
		for i, c := range line {
			alone = alone && (inside[start+i] || c == ' ' || c == '\t' || c == '\r' || c == '\n')
		}
		if i := bytes.IndexByte(line, 'x'); alone && i >= 0 {
			line[i] = '#'
		}
		start += len(line)
	}
	return out
}
