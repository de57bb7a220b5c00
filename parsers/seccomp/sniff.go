package seccomp

import (
	"bytes"
	"strings"

	"github.com/sandlint/sandlint/parsers/source"
)

// Sniff reports whether a file is a seccomp profile, an OCI bundle's config.json with one in it, or one with a
// SeccompProfile resource, in JSON or YAML. It looks at the names of the outermost object's fields only, and at files
// of other content not even at those, so it can be asked of every JSON and YAML file. A file that is called
// *seccomp*.json is a profile also when it is empty or broken.
func Sniff(f *source.File) bool {
	if MentionsResource(f.Bytes) && hasResource(f) {
		return true
	}
	base := strings.ToLower(f.Path[strings.LastIndexByte(f.Path, '/')+1:])
	named := strings.HasSuffix(base, ".json") && strings.Contains(base, "seccomp")
	b := f.Bytes
	if utf16(b) {
		return named || bytes.Contains(b, []byte("S\x00C\x00M\x00P\x00_\x00"))
	}
	actions := bytes.Contains(b, []byte("SCMP_ACT_"))
	if !named && !actions && !bytes.Contains(b, []byte("defaultAction")) &&
		!(bytes.Contains(b, []byte(`"ociVersion"`)) && bytes.Contains(b, []byte(`"seccomp"`))) {
		return false
	}

	yes, keys := false, 0
	var defaultAction, ociVersion, linux bool
	s := scanner{file: f}
	s.member = func(key []byte, value int) bool {
		keys++
		c := f.Bytes[value]
		switch {
		case strings.EqualFold(string(key), "defaultAction") && c == '"':
			defaultAction = true
			prefix := `"SCMP_ACT_`
			yes = named ||
				len(f.Bytes)-value >= len(prefix) && strings.EqualFold(string(f.Bytes[value:value+len(prefix)]), prefix)
		case strings.EqualFold(string(key), "syscalls") && c == '[':
			yes = named || actions || defaultAction
		case named &&
			(strings.EqualFold(string(key), "defaultAction") || strings.EqualFold(string(key), "syscalls") ||
				strings.EqualFold(string(key), "archMap")):
			yes = true // a known field with a value of the wrong type
		case string(key) == "ociVersion":
			ociVersion = true
		case string(key) == "linux" && c == '{':
			linux = true
		}
		yes = yes || ociVersion && linux && bytes.Contains(b, []byte(`"seccomp"`))
		return !yes
	}
	text, ok := s.scan()
	switch {
	case yes:
		return true
	case !ok: // not JSON
		return named ||
			actions && bytes.Contains(b, []byte("defaultAction")) &&
				bytes.HasPrefix(bytes.TrimLeft(b, "\xef\xbb\xbf \t\r\n"), []byte("{"))
	case keys > 0:
		return false
	}
	empty := strings.TrimSpace(string(text))
	return named && (empty == "{}" || empty == "[]" || empty == "null")
}
