package dockerfile

import (
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/sandlint/sandlint/parsers/source"
)

// Frontend is the program that a syntax directive asks for to read the file.
type Frontend struct {
	// Image is the reference as written, such as "docker/dockerfile:1.4", and At its place.
	Image string
	At    source.Span
	// Repository is Image without tag and digest.
	Repository string
	// Foreign says that it is not BuildKit's frontend for Dockerfiles: the file may be in any language.
	Foreign bool
	// Newer says that the frontend is, or may be, newer than the BuildKit of this package, or is a copy of which only
	// the name is known; what this package does not know it may know.
	Newer bool

	tag     string
	version release // the zero value where the tag pins none
	labs    bool    // the channel with experimental features
}

// release is a version of BuildKit's frontend for Dockerfiles: major, minor and patch.
type release [3]int

// Grammar names the grammar of this package, for messages.
const Grammar = "BuildKit 0.34"

// newestRelease is the frontend of the BuildKit in go.mod, v0.34.2, by the table of flags in its
// frontend/dockerfile/docs/reference.md.
var newestRelease = release{1, 27, anyPatch}

// anyPatch is the patch of a tag without one, which stands for the newest.
const anyPatch = 1 << 20

func (v release) String() string { return strconv.Itoa(v[0]) + "." + strconv.Itoa(v[1]) }

// frontendRepositories are the repositories of BuildKit's frontend for Dockerfiles on Docker Hub.
var frontendRepositories = []string{"docker/dockerfile", "docker/dockerfile-upstream"}

// hubNames are the names of Docker Hub in a reference.
var hubNames = []string{"docker.io/", "index.docker.io/", "registry-1.docker.io/", "registry.hub.docker.com/"}

// frontendTag matches the tags that name a release: "1.4", "1.4.0-labs", "1.2-experimental", "1.20.0-rc1".
var frontendTag = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(\d{1,4})(?:\.(\d{1,4}))?(?:\.(\d{1,4}))?(?:-rc\d+)?(-labs|-experimental)?$`)
})

// frontend returns what the syntax directive asks for, nil without one. Besides the directive of a Dockerfile, BuildKit
// accepts one in a // comment or a JSON object, and ignores a line with #! before it.
func (f *File) frontend() *Frontend {
	for _, d := range f.Directives {
		if d.Name == "syntax" {
			if d.Value[0] == ' ' {
				return nil // it names nothing
			}
			return newFrontend(d.Value, d.At.Start)
		}
	}
	text := f.Source.Bytes
	head := strings.TrimPrefix(string(text[:min(len(text), 64)]), byteOrderMark)
	head = strings.TrimLeft(head, " \t\r\n")
	if !strings.HasPrefix(head, "//") && !strings.HasPrefix(head, "{") && !strings.HasPrefix(head, "#!") {
		return nil
	}
	image, value, _, ok := parser.DetectSyntax(text)
	if !ok || image == "" {
		return nil
	}
	return newFrontend(value, max(0, strings.Index(string(text), value)))
}

// newFrontend reads the value of a syntax directive, which stands at an offset of the file. Only its first word counts.
func newFrontend(value string, at int) *Frontend {
	image, _, _ := strings.Cut(value, " ")
	f := &Frontend{Image: image, At: source.Span{Start: at, End: at + len(image)}}
	name, digest, _ := strings.Cut(image, "@")
	tag := ""
	if n := strings.LastIndexByte(name, ':'); n > strings.LastIndexByte(name, '/') {
		name, tag = name[:n], name[n+1:]
	}
	f.Repository = name
	for _, hub := range hubNames {
		name = strings.TrimPrefix(name, hub)
	}
	if !slices.Contains(frontendRepositories, name) {
		host, rest, _ := strings.Cut(name, "/")
		mirror := (strings.ContainsAny(host, ".:") || host == "localhost") &&
			slices.ContainsFunc(frontendRepositories, func(r string) bool { return strings.HasSuffix("/"+rest, "/"+r) })
		f.Foreign, f.Newer = !mirror, mirror
	}
	f.tag = tag
	f.readTag(digest)
	return f
}

// readTag finds out which release the tag pins.
func (f *Frontend) readTag(digest string) {
	tag := f.tag
	m := frontendTag().FindStringSubmatch(tag)
	switch {
	case tag == "" && digest == "", tag == "latest", tag == "stable":
	case m == nil:
		f.Newer = true // "master", "labs", or a digest alone
	case m[2] == "": // the newest of a major version
		f.Newer = f.Newer || m[4] != "" || m[1] != "1"
	default:
		f.labs = m[4] != ""
		f.version[0], _ = strconv.Atoi(m[1])
		f.version[1], _ = strconv.Atoi(m[2])
		f.version[2] = anyPatch
		if m[3] != "" {
			f.version[2], _ = strconv.Atoi(m[3])
		}
		f.Newer = f.Newer || slices.Compare(f.version[:], newestRelease[:]) > 0
	}
}

// Tag returns the tag of the image, such as "1.4" or "1.4.0-labs", or "".
func (f *Frontend) Tag() string { return f.tag }

// Before reports whether the frontend is known to be older than a release, such as 1.18.
func (f *Frontend) Before(major, minor int) bool {
	return f.lacks(since{stable: release{major, minor, 0}})
}

// Feature is a use of something that the frontend of the file does not have yet.
type Feature struct {
	// Name is what it is, for a message, and At its place.
	Name string
	At   source.Span
	// Since is the first release that has it.
	Since string
}

// since is the release that brought a feature, and the one that had it first in the channel labs, which was called
// experimental before 1.2; the zero value where it did not begin there.
type since struct{ stable, labs release }

// flagsSince is when flags came that are not as old as the frontend. Flags that are not listed are in all releases.
//
// Source: the tags dockerfile/0.9.0 to dockerfile/1.26.0 of github.com/moby/buildkit,
// frontend/dockerfile/instructions/parse.go and commands_run*.go, with the build tags in
// frontend/dockerfile/release/*/tags; the release notes of the same tags.
var flagsSince = map[string]map[string]since{
	"ADD": {
		"checksum":     {release{1, 6, 0}, release{1, 5, 0}},
		"chmod":        {stable: release{1, 2, 0}},
		"exclude":      {release{1, 19, 0}, release{1, 7, 0}},
		"keep-git-dir": {release{1, 6, 0}, release{1, 5, 0}},
		"link":         {stable: release{1, 4, 0}},
		"unpack":       {stable: release{1, 17, 0}},
	},
	"COPY": {
		"chmod":   {stable: release{1, 2, 0}},
		"exclude": {release{1, 19, 0}, release{1, 7, 0}},
		"link":    {stable: release{1, 4, 0}},
		"parents": {release{1, 20, 0}, release{1, 7, 0}},
	},
	"HEALTHCHECK": {"start-interval": {stable: release{1, 6, 0}}},
	"RUN": {
		"device":   {release{1, 27, 0}, release{1, 14, 0}},
		"mount":    {release{1, 2, 0}, release{0, 9, 0}},
		"network":  {release{1, 3, 0}, release{1, 1, 6}},
		"security": {release{1, 20, 0}, release{1, 1, 2}},
	},
}

// The rest of what came later, with the same source: parser/parser.go, shell/lex.go and dockerfile2llb/convert.go.
var (
	heredocsSince       = since{release{1, 4, 0}, release{1, 3, 0}}
	spacedHeredocsSince = since{stable: release{1, 16, 0}}
	severalArgsSince    = since{stable: release{1, 2, 0}}
	secretEnvSince      = since{stable: release{1, 10, 0}}
	tmpfsSizeSince      = since{stable: release{1, 4, 0}}
	chmodVariableSince  = since{stable: release{1, 10, 0}}
	chmodSymbolsSince   = since{release{1, 14, 0}, release{1, 13, 0}}
	bareModifiersSince  = since{stable: release{1, 6, 0}}
	patternsSince       = since{stable: release{1, 7, 0}}
)

// lacks reports whether the frontend is known to be older than a feature.
func (f *Frontend) lacks(s since) bool {
	if f == nil || f.Foreign || f.version == (release{}) {
		return false
	}
	first := s.stable
	if f.labs && s.labs != (release{}) {
		first = s.labs
	}
	return slices.Compare(f.version[:], first[:]) < 0
}

// LacksFlag reports whether the frontend is known to be older than a flag of an instruction, which some release has.
func (f *Frontend) LacksFlag(instruction, flag string) bool {
	s, ok := flagsSince[instruction][flag]
	return ok && f.lacks(s)
}

// TooNew returns what the file uses and its frontend does not have, each feature at the first place.
func (f *File) TooNew() []Feature {
	if !f.Frontend.lacks(since{stable: newestRelease}) {
		return nil
	}
	u := uses{frontend: f.Frontend, seen: map[string]bool{}}
	for _, i := range f.Instructions {
		u.instruction(i)
	}
	return u.found
}

// uses collects the features that a frontend lacks.
type uses struct {
	frontend *Frontend
	found    []Feature
	seen     map[string]bool
}

func (u *uses) add(s since, at source.Span, name string) {
	if !u.frontend.lacks(s) || u.seen[name] {
		return
	}
	u.seen[name] = true
	u.found = append(u.found, Feature{Name: name, At: at, Since: s.stable.String()})
}

func (u *uses) instruction(i *Instruction) {
	for n := range i.Flags {
		u.flag(i, &i.Flags[n])
	}
	if i.Name == "ARG" && len(i.Words) > 1 {
		u.add(severalArgsSince, i.Words[1].Span, "more than one argument of ARG")
	}
	// The trigger of an ONBUILD is read by the frontend of the build that runs it, except for its here-documents.
	for _, h := range i.Heredocs {
		operator := strings.TrimLeft(i.file.Source.Text(h.Operator), "0123456789")
		u.add(heredocsSince, h.Operator, "a here-document")
		if after := strings.TrimPrefix(strings.TrimPrefix(operator, "<<"), "-"); after != strings.TrimSpace(after) &&
			!u.frontend.lacks(heredocsSince) {
			u.add(spacedHeredocsSince, h.Operator, "a here-document with white space after \"<<\"")
		}
	}
	if i.expands() {
		u.substitutions(i)
	}
}

func (u *uses) flag(i *Instruction, f *Flag) {
	s, listed := flagsSince[i.Name][f.Name]
	if listed && u.frontend.lacks(s) {
		u.add(s, f.Span, i.Name+" --"+f.Name)
		return
	}
	switch {
	case f.Name == "chmod" && (i.Name == "COPY" || i.Name == "ADD"):
		if strings.Contains(f.Unquoted, "$") {
			u.add(chmodVariableSince, f.Value.Span, "a variable in --chmod")
		} else if strings.Trim(f.Unquoted, "0123456789") != "" {
			u.add(chmodSymbolsSince, f.Value.Span, "a mode that is not octal in --chmod")
		}
	case f.Name == "mount" && i.Name == "RUN" && !strings.Contains(f.Unquoted, `"`):
		fields := map[string]string{}
		for field := range strings.SplitSeq(f.Unquoted, ",") {
			key, value, _ := strings.Cut(field, "=")
			fields[strings.ToLower(key)] = strings.ToLower(value)
		}
		if _, ok := fields["env"]; ok && fields["type"] == "secret" {
			u.add(secretEnvSince, f.Value.Span, "a secret in a variable, env= of RUN --mount,")
		}
		if _, ok := fields["size"]; ok && fields["type"] == "tmpfs" {
			u.add(tmpfsSizeSince, f.Value.Span, "size= of RUN --mount=type=tmpfs")
		}
	}
}

// expands reports whether BuildKit expands variables in the arguments of the instruction.
func (i *Instruction) expands() bool {
	switch i.Name {
	case "FROM", "ENV", "ARG", "LABEL", "USER", "WORKDIR", "EXPOSE", "VOLUME", "STOPSIGNAL", "COPY", "ADD":
		return !i.Broken
	}
	return false
}

// substitutions finds modifiers of variables that came later than ${name:-word} and its like.
func (u *uses) substitutions(i *Instruction) {
	for _, w := range i.Words {
		if !strings.Contains(w.Text, "${") {
			continue
		}
		for modifier := range modifiers(w.Text, i.file.Escape) {
			switch modifier {
			case '#', '%', '/':
				u.add(patternsSince, w.Span, "a pattern in the substitution of a variable")
			case '-', '+':
				u.add(bareModifiersSince, w.Span, "a substitution without ':'")
			}
		}
	}
}

// modifiers returns the character after the name of each ${name…} in a word. As in BuildKit's lexer, single quotes
// outside of double quotes and the escape character keep a dollar.
func modifiers(text string, escape byte) iter.Seq[byte] {
	return func(yield func(byte) bool) {
		quote := byte(0)
		for n := 0; n < len(text); n++ {
			switch c := text[n]; {
			case c == escape && quote != '\'':
				n++
			case quote == 0 && (c == '\'' || c == '"'):
				quote = c
			case c == quote:
				quote = 0
			case quote != '\'' && strings.HasPrefix(text[n:], "${"):
				end := n + 2
				for end < len(text) && (isAlphanumeric(text[end]) || text[end] == '_') {
					end++
				}
				if end > n+2 && end < len(text) && !yield(text[end]) {
					return
				}
			}
		}
	}
}

// Foreign reports whether another frontend than BuildKit's own reads the file, so the file may be in any language.
func (f *File) Foreign() bool { return f.Frontend != nil && f.Frontend.Foreign }
