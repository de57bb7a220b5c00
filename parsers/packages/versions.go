package packages

import "strings"

// The functions below take the name and the version of a package apart, as the managers write them.

// cutAt cuts at the first of some characters, which is not the first of the text.
func cutAt(separators string) func(string) (Kind, string, string) {
	return func(text string) (Kind, string, string) {
		if n := strings.IndexAny(text, separators); n > 0 {
			return Named, text[:n], strings.TrimLeft(text[n:], separators)
		}
		return Named, text, ""
	}
}

// cutApt reads "name:arch=version" and "name/release".
func cutApt(text string) (Kind, string, string) {
	name, version, _ := strings.Cut(text, "=")
	if n := strings.IndexByte(name, '/'); n > 0 && version == "" {
		name, version = name[:n], name[n+1:]
	}
	name, _, _ = strings.Cut(name, ":")
	return Named, name, version
}

// cutRPM reads "name-version", "name-version-release.arch", "name=version" and "name >= version". A dash and a digit
// may also be part of a name ("java-11-openjdk"): a version is what only a release can follow.
func cutRPM(text string) (Kind, string, string) {
	if n := strings.IndexAny(text, "=<>"); n > 0 {
		return Named, strings.TrimSpace(text[:n]), strings.TrimLeft(text[n:], "=<> ")
	}
	for n := 1; n+1 < len(text); n++ {
		if text[n] != '-' || !startsVersion(text[n+1:]) {
			continue
		}
		version, release, has := strings.Cut(text[n+1:], "-")
		if strings.Contains(version, "$") || !has || startsVersion(release) && !strings.Contains(release, "-") {
			return Named, text[:n], text[n+1:]
		}
	}
	return Named, text, ""
}

// startsVersion reports whether a version may begin so: with a digit, a wildcard or a variable.
func startsVersion(s string) bool {
	return s != "" && (s[0] >= '0' && s[0] <= '9' || s[0] == '*' || s[0] == '$')
}

// cutPip reads a requirement: "name[extra]==1; marker", "name @ address", and for uv and poetry "name@1".
func cutPip(text string) (Kind, string, string) {
	text, _, _ = strings.Cut(text, ";")
	n := strings.IndexAny(text, "=<>!~@")
	if n <= 0 {
		name, _, _ := strings.Cut(text, "[")
		if strings.Contains(text, "/") || strings.HasPrefix(text, ".") {
			return Path, "", ""
		}
		return Named, strings.TrimSpace(name), ""
	}
	name, _, _ := strings.Cut(text[:n], "[")
	if strings.Contains(name, "/") {
		return Path, "", ""
	}
	return Named, strings.TrimSpace(name), strings.TrimLeft(text[n:], "=<>!~@ ")
}

// cutNPM reads "name@version", "@scope/name@version", "alias@npm:name@version", and the short forms of addresses:
// "user/repository#commit" and "github:user/repository".
func cutNPM(text string) (Kind, string, string) {
	scope := 0
	if strings.HasPrefix(text, "@") {
		if scope = strings.IndexByte(text, '/'); scope < 0 {
			return Named, text, ""
		}
	}
	name, version := text, ""
	for _, protocol := range []string{"file:", "link:", "portal:", "workspace:"} {
		if strings.HasPrefix(text, protocol) {
			return Path, "", ""
		}
	}
	if n := strings.IndexByte(text[scope:], '@'); n > 0 {
		name, version = text[:scope+n], text[scope+n+1:]
	}
	if scope == 0 && !strings.Contains(name, ":") && (strings.Count(name, "/") > 1 || strings.HasSuffix(name, "/")) {
		return Path, "", "" // a folder, since a repository has one slash
	}
	if scope == 0 && strings.ContainsAny(name, "/:") {
		_, version, _ = strings.Cut(text, "#")
		return URL, "", version
	}
	if rest, ok := strings.CutPrefix(version, "npm:"); ok {
		_, _, version = cutNPM(rest)
	}
	return Named, name, version
}
