package lsp

import (
	"bytes"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/rules"
)

// Kinds of completion items.
const (
	itemFunction   = 3
	itemVariable   = 6
	itemProperty   = 10
	itemValue      = 12
	itemKeyword    = 14
	itemReference  = 18
	itemEnumMember = 20
)

type completionItem struct {
	Label    string   `json:"label"`
	Kind     int      `json:"kind"`
	Detail   string   `json:"detail,omitempty"`
	Tags     []int    `json:"tags,omitempty"`
	TextEdit textEdit `json:"textEdit"`
}

// completing is a place where something is typed: the line up to it, and where the word begins that is completed.
type completing struct {
	s      *server
	l      *looked
	offset int
	line   string // up to the place
	word   int    // offset
	items  []completionItem
}

// completion offers names and values.
func completion(s *server, ctx context.Context, p *positionParams) ([]completionItem, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	if d := s.settingsAt(p.TextDocument.URI); d != nil {
		return s.completeSettings(d, p.Position), nil
	}
	l := s.look(ctx, p.TextDocument.URI)
	if l == nil {
		return []completionItem{}, nil
	}
	c := &completing{s: s, l: l, offset: l.text.offset(p.Position, s.encoding), items: []completionItem{}}
	start := bytes.LastIndexByte(l.text.bytes[:c.offset], '\n') + 1
	c.line = string(l.text.bytes[start:c.offset])
	c.word = c.offset
	for c.word > start && isWordByte(l.text.bytes[c.word-1]) {
		c.word--
	}
	doc := l.checked.Document
	switch {
	case inDirective.MatchString(c.line):
		c.rules()
	case len(doc.Profiles) > 0 && doc.Dockerfile == nil:
		c.seccomp()
	case c.inNix():
	case c.inCapabilities():
	case doc.Dockerfile != nil:
		c.dockerfile(doc.Dockerfile.File)
	}
	return c.items, nil
}

func isWordByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b == '-' || b >= 0x80
}

func (c *completing) add(kind int, detail string, labels ...string) {
	at := Range{c.l.text.position(c.word, c.s.encoding), c.l.text.position(c.offset, c.s.encoding)}
	typed := strings.ToLower(string(c.l.text.bytes[c.word:c.offset]))
	for _, label := range labels {
		if strings.Contains(strings.ToLower(label), typed) {
			edit := textEdit{at, label}
			c.items = append(c.items, completionItem{Label: label, Kind: kind, Detail: detail, TextEdit: edit})
		}
	}
}

var inDirective = regexp.MustCompile(`#.*(sandlint:\s*ignore(-file)?\[[^\]]*|hadolint\s.*ignore=[^\s]*)$`)

// rules offers the ids of rules in a comment.
func (c *completing) rules() {
	for c.word > 0 && (isWordByte(c.l.text.bytes[c.word-1]) || c.l.text.bytes[c.word-1] == '/') {
		c.word--
	}
	for _, r := range rules.All(c.s.opts.Packs) {
		c.add(itemReference, r.Summary, r.ID)
		for _, alias := range r.Aliases {
			c.add(itemReference, r.ID+": "+r.Summary, alias)
		}
	}
}

var (
	listItem     = regexp.MustCompile(`^\s*-\s*["']?[A-Za-z_]*$`)
	capabilities = regexp.MustCompile(`^\s*cap_(add|drop)\s*:(\s*\[[^\]]*)?$`)
)

// maxAbove is how many lines above a place are read for the key that it belongs to.
const maxAbove = 100

// inCapabilities offers capabilities in the lists cap_add and cap_drop of a Compose file, and reports whether the place
// is in one.
func (c *completing) inCapabilities() bool {
	if c.l.checked.Entry.Kind != files.KindCompose {
		return false
	}
	inside := capabilities.MatchString(c.line) // cap_add: [A
	n := int(c.l.text.position(c.offset, UTF8).Line)
	for above := n - 1; !inside && listItem.MatchString(c.line) && above >= max(0, n-maxAbove); above-- {
		start, end := c.l.text.line(above)
		line := strings.TrimSpace(string(c.l.text.bytes[start:end]))
		inside = capabilities.MatchString(line)
		if line != "" && !strings.HasPrefix(line, "-") && !strings.HasPrefix(line, "#") {
			break
		}
	}
	if !inside {
		return false
	}
	for _, name := range append(seccomp.Capabilities(), "ALL") {
		c.add(itemEnumMember, "capability", strings.TrimPrefix(name, "CAP_"))
	}
	return true
}

// inNix offers settings and values of Nix, and reports whether the place is in a nix.conf text.
func (c *completing) inNix() bool {
	doc := c.l.checked.Document
	for _, text := range doc.Texts {
		if text.Fragment.Whole() {
			c.nix(text, c.line)
			return true
		}
		for _, e := range text.Entries {
			at := text.Fragment.Span(e.Span)
			if at.Start > c.offset || c.offset > at.End {
				continue
			}
			if name := text.Fragment.Span(e.Name.Span); c.offset <= name.End {
				c.word = name.Start
				c.nix(text, string(c.l.text.bytes[name.Start:c.offset]))
			} else {
				c.nix(text, e.Name.Text+" = ")
			}
			return true
		}
	}
	return false
}

// nix offers what can follow in a line of nix.conf.
func (c *completing) nix(text *nixuse.Text, line string) {
	if strings.Contains(line, "#") {
		return
	}
	name, _, value := strings.Cut(line, "=")
	name = strings.TrimSpace(name)
	if !value {
		if strings.ContainsAny(strings.TrimSpace(line), " \t") {
			return
		}
		for _, known := range nixSettings(text.Targets) {
			facts, _ := newest(text.Targets, known)
			c.add(itemProperty, string(facts.Kind), known)
			if facts.Appendable {
				c.add(itemProperty, string(facts.Kind)+", appended", "extra-"+known)
			}
		}
		return
	}
	facts, ok := newest(text.Targets, name)
	switch {
	case !ok:
	case facts.Name == "experimental-features":
		for _, t := range text.Targets {
			if releases := t.Releases(); len(releases) > 0 {
				c.add(itemEnumMember, string(t.Distribution), t.Distribution.Features(releases[len(releases)-1])...)
			}
		}
	case facts.Kind == nixconf.KindBool:
		c.add(itemValue, "", "true", "false")
	default:
		c.add(itemEnumMember, "", facts.Enum...)
	}
	seen := map[string]bool{}
	c.items = slices.DeleteFunc(c.items, func(i completionItem) bool {
		was := seen[i.Label]
		seen[i.Label] = true
		return was
	})
}

// nixSettings returns the settings of the newest release of each distribution.
func nixSettings(ts nixconf.Targets) []string {
	var out []string
	for _, t := range ts {
		if releases := t.Releases(); len(releases) > 0 {
			out = append(out, t.Distribution.Settings(releases[len(releases)-1])...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var (
	jsonKey     = regexp.MustCompile(`"([A-Za-z]+)"\s*:\s*[\["][^\]{}]*$`)
	instruction = regexp.MustCompile(`^\s*[A-Za-z]*$`)
	keyword     = regexp.MustCompile(`^\s*(?i:ONBUILD\s+)?([A-Za-z]+)\s`)
	fromFlag    = regexp.MustCompile(`(--from=|[,=]from=)[^\s,]*$`)
	fromLine    = regexp.MustCompile(`^(?i)\s*FROM\s+(--platform=\S+\s+)?\S*$`)
	flagStart   = regexp.MustCompile(`\s--[a-z-]*$`)
	variable    = regexp.MustCompile(`\$\{?[A-Za-z0-9_]*$`)
	platform    = regexp.MustCompile(`--platform=\S*$`)
	mountType   = regexp.MustCompile(`--mount=(?:[^\s]*,)?type=[a-z]*$`)
	mountValue  = regexp.MustCompile(`--mount=[^\s]*\bsharing=[a-z]*$`)
	mountKey    = regexp.MustCompile(`--mount=([^\s]*,)?[a-z]*$`)
	kindOfMount = regexp.MustCompile(`\btype=([a-z]+)`)
	networkFlag = regexp.MustCompile(`\s--network=[a-z]*$`)
	security    = regexp.MustCompile(`\s--security=[a-z]*$`)
)

// seccomp offers what can stand in a string of a profile.
func (c *completing) seccomp() {
	// The key may stand lines above, since lists are long.
	const near = 64 << 10
	m := jsonKey.FindSubmatch(c.l.text.bytes[max(0, c.offset-near):c.offset])
	if m == nil {
		return
	}
	switch string(m[1]) {
	case "names", "name":
		c.add(itemValue, "syscall", seccomp.Syscalls()...)
	case "action", "defaultAction":
		for _, a := range seccomp.Actions() {
			c.add(itemEnumMember, "action", a.Name)
		}
	case "architectures", "architecture", "subArchitectures":
		for _, a := range seccomp.Architectures() {
			c.add(itemEnumMember, "architecture", a.Name)
		}
	case "caps":
		c.add(itemEnumMember, "capability", seccomp.Capabilities()...)
	case "op":
		c.add(itemEnumMember, "operator", seccomp.Operators()...)
	}
}

// mount offers the keys of a mount that it does not have yet.
func (c *completing) mount(before string) {
	if before == "" {
		c.add(itemProperty, "key of a mount", "type")
	}
	kind := "bind"
	if m := kindOfMount.FindStringSubmatch(before); m != nil {
		kind = m[1]
	}
	for _, key := range image.MountOptions(kind) {
		if !strings.Contains(","+before, ","+key+"=") {
			c.add(itemProperty, "key of a "+kind+" mount", key)
		}
	}
}

// instructions are those of Dockerfiles.
var instructions = []string{"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL",
	"ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}

// dockerfile offers what can stand in a Dockerfile.
func (c *completing) dockerfile(f *dockerfile.File) {
	var at *dockerfile.Instruction
	for _, in := range f.Instructions {
		if in.Span.Start <= c.offset {
			at = in
		}
	}
	inside := at != nil && c.offset <= at.Span.End && c.l.text.position(at.Span.Start, UTF8).Line !=
		c.l.text.position(c.offset, UTF8).Line
	switch {
	case variable.MatchString(c.line):
		if at != nil {
			for _, name := range f.Variables(at) {
				detail := ""
				if v, ok := f.Lookup(at, name); ok && v.Known {
					detail = v.Text
				}
				c.add(itemVariable, detail, name)
			}
		}
	case platform.MatchString(c.line):
		c.word = strings.LastIndex(c.line, "=") + 1 + c.offset - len(c.line)
		c.add(itemValue, "", dockerfile.Platforms()...)
	case fromFlag.MatchString(c.line), fromLine.MatchString(c.line):
		for _, stage := range f.Stages {
			if stage.Name != "" && stage.From.Span.End < c.offset {
				c.add(itemReference, "stage from "+stage.Base.Text, stage.NameWord.Text)
			}
		}
	case mountType.MatchString(c.line):
		c.add(itemEnumMember, "mount", image.MountKinds()...)
	case mountValue.MatchString(c.line):
		c.add(itemEnumMember, "sharing", image.MountSharing()...)
	case mountKey.MatchString(c.line):
		c.mount(mountKey.FindStringSubmatch(c.line)[1])
	case networkFlag.MatchString(c.line):
		c.add(itemEnumMember, "network", "default", "none", "host")
	case security.MatchString(c.line):
		c.add(itemEnumMember, "security mode", "sandbox", "insecure")
	case flagStart.MatchString(c.line):
		if m := keyword.FindStringSubmatch(c.line); m != nil {
			c.word = strings.LastIndex(c.line, "--") + c.offset - len(c.line) + len("--")
			c.add(itemProperty, "flag of "+strings.ToUpper(m[1]), dockerfile.FlagNames(strings.ToUpper(m[1]))...)
		}
	case !inside && instruction.MatchString(c.line):
		c.add(itemKeyword, "", instructions...)
	}
}
