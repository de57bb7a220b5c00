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
	return bytes.Contains(b, []byte("ConfigMap")) && bytes.Contains(b, []byte("defaultAction")) &&
		(bytes.Contains(b, []byte("SCMP_ACT_")) || bytes.Contains(b, []byte("{{")))
}

// hasProfile reports whether a YAML file holds a profile: a SeccompProfile, or the text of one in a ConfigMap.
func hasProfile(f *source.File) bool {
	return seccomp.MentionsResource(f.Bytes) && seccomp.Sniff(f) || len(configMapProfiles(f)) > 0
}

// configMapProfiles returns the profiles that are the text of a key of a ConfigMap, in a manifest or in a template of
// Helm. A text that depends on what Helm fills in is left out, and so is one that quotes a profile among other words.
func configMapProfiles(f *source.File) []*Profile {
	profiles, _ := inConfigMaps(f)
	return profiles
}

// inConfigMaps returns the profiles of configMapProfiles, and the keys of those that are left out since they depend on
// what Helm fills in.
func inConfigMaps(f *source.File) (profiles []*Profile, templates []string) {
	if !mentionsConfigMap(f.Bytes) {
		return nil, nil
	}
	m := configMaps{file: f}
	for _, document := range yamltree.Parse(source.NewFile(f.Path, withoutActions(f.Bytes))).Documents {
		m.add(document)
	}
	return m.profiles, m.templates
}

// configMaps collects what the ConfigMaps of a file hold.
type configMaps struct {
	file      *source.File
	profiles  []*Profile
	templates []string
}

// add adds the profiles of an object: a ConfigMap, or a list with some.
func (m *configMaps) add(object *yamltree.Node) {
	f := m.file
	version, kind := object.Get("apiVersion"), object.Get("kind")
	if !version.IsScalar() || version.Text != "v1" || !kind.IsScalar() {
		return
	}
	switch kind.Text {
	case "List", "ConfigMapList":
		if items := object.Get("items"); items != nil && items.Kind == yamltree.Sequence {
			for _, item := range items.Items {
				m.add(item)
			}
		}
	case "ConfigMap":
		data := object.Get("data")
		if data == nil || data.Kind != yamltree.Mapping {
			return
		}
		use := UseConfigMap
		for _, pair := range data.Pairs {
			if pair.Key.Text == "daemon.json" { // Docker itself runs in the pod, and reads the profile
				use = UseDaemon
			}
		}
		for _, pair := range data.Pairs {
			v := pair.Value
			if v.Kind != yamltree.Scalar {
				continue
			}
			if text := f.Bytes[v.Span.Start:v.Span.End]; bytes.Contains(text, []byte("{{")) {
				if mentionsProfile(text) {
					m.templates = append(m.templates, f.Text(pair.Key.Span))
				}
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
			m.profiles = append(m.profiles, &Profile{
				Profile: profile, Fragment: fr, Uses: []Use{{Kind: use, File: f, Span: pair.Key.Span}},
				object: nameOf(f, object),
			})
		}
	}
}

// mentionsProfile reports whether a text has the words of a profile.
func mentionsProfile(text []byte) bool {
	return bytes.Contains(text, []byte("defaultAction")) && bytes.Contains(text, []byte("syscalls"))
}

// isProfileTemplate reports whether a JSON file of a profile is a template: where marks of a template language stand
// outside of its strings, or among its names and actions.
func isProfileTemplate(f *source.File) bool {
	if !marked(f.Bytes) {
		return false
	}
	quoted := false
	for i := 0; i < len(f.Bytes); i++ {
		switch c := f.Bytes[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case !quoted && marked(f.Bytes[i:min(i+2, len(f.Bytes))]):
			return true
		}
	}
	return inNames(f)
}

// inNames reports whether marks of a template language stand in the names and actions of a profile.
func inNames(f *source.File) bool {
	p := seccomp.Parse(f)
	words := append(slices.Clone(p.Architectures), p.DefaultAction)
	for _, r := range p.Rules {
		words = append(append(words, r.Names...), r.Action)
	}
	return slices.ContainsFunc(words, func(s seccomp.String) bool { return marked([]byte(s.Text)) })
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
