package seccomp

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

// OCI returns what a loader hands to the runtime as a profile of the plain OCI form, which containerd, runc and crun
// read as the loader's runtime did: without archMap, includes, excludes, comments and errnos in words, with the
// architectures of the host, and with the rules that are in force there, in order. The indentation and the layout of
// lists are those of the file, and the text ends with a newline. It returns nil for a profile that the loader
// refuses, that has problems, or that switches seccomp off.
func OCI(r *decide.Resolved) []byte {
	text := oci(r, "")
	if text == "" {
		return nil
	}
	return []byte(text + newline(r.Profile))
}

// ReplaceByOCI replaces a profile by what OCI makes of it, and leaves what surrounds it as it is. It returns nil
// where OCI does, and for text that is not JSON.
func ReplaceByOCI(r *decide.Resolved) []fixers.Edit {
	p := r.Profile
	line := p.Source.Text(p.Source.Line(p.Source.LineOf(p.Span.Start)))
	text := oci(r, line[:len(line)-len(strings.TrimLeft(line, " \t"))])
	if text == "" || p.Source.Text(p.Span) == text {
		return nil
	}
	return []fixers.Edit{{File: p.Source, Span: p.Span, Text: text}}
}

func newline(p *seccomp.Profile) string { return p.Source.NewlineAt(p.Span.Start) }

func oci(r *decide.Resolved, base string) string {
	p := r.Profile
	if r.Off || len(r.Refused)+len(p.Problems) > 0 || p.Span.IsEmpty() || p.Source.Bytes[p.Span.Start] != '{' {
		return ""
	}
	l := styleOf(p)
	l.base = base
	var b bytes.Buffer
	l.write(&b, profileNode(r, l), 0)
	return b.String()
}

// node is a JSON value that is to be written: a literal, an object (with keys) or an array.
type node struct {
	literal  string
	keys     []string
	values   []node
	isObject bool
	lines    bool // one member or element a line
}

func (n *node) add(key string, v node) {
	n.keys = append(n.keys, key)
	n.values = append(n.values, v)
}

func text(s string) node     { return node{literal: quote(s)} }
func number64(n uint64) node { return node{literal: strconv.FormatUint(n, 10)} }

func stringsNode(list []seccomp.String, lines bool) node {
	n := node{lines: lines}
	for _, s := range list {
		n.values = append(n.values, text(s.Text))
	}
	return n
}

func profileNode(r *decide.Resolved, l *style) node {
	p := r.Profile
	out := node{isObject: true, lines: l.lines}
	out.add("defaultAction", text(p.DefaultAction.Text))
	addErrno(&out, "defaultErrnoRet", r.Loader, p.DefaultAction, p.DefaultErrnoRet, p.DefaultErrno, r.Default)
	if len(r.Architectures) > 0 {
		out.add("architectures", stringsNode(r.Architectures, l.listLines))
	}
	if len(p.Flags) > 0 {
		out.add("flags", stringsNode(p.Flags, l.listLines))
	}
	if p.ListenerPath.Text != "" {
		out.add("listenerPath", text(p.ListenerPath.Text))
	}
	if p.ListenerMetadata.Text != "" {
		out.add("listenerMetadata", text(p.ListenerMetadata.Text))
	}
	rules := node{lines: l.lines}
	for _, rule := range r.Rules {
		one := node{isObject: true, lines: l.spread(rule.Span)}
		one.add("names", stringsNode(rule.Names, l.spread(rule.NamesSpan)))
		one.add("action", text(rule.Action.Text))
		addErrno(&one, "errnoRet", r.Loader, rule.Action, rule.ErrnoRet, rule.Errno, rule.Outcome)
		if len(rule.Args) > 0 {
			args := node{lines: l.spread(rule.ArgsSpan)}
			for _, a := range rule.Args {
				arg := node{isObject: true, lines: l.spread(a.Span)}
				arg.add("index", number64(a.Index.Value))
				arg.add("value", number64(a.Value.Value))
				if a.ValueTwo.Known || a.Op.Text == "SCMP_CMP_MASKED_EQ" {
					arg.add("valueTwo", number64(a.ValueTwo.Value))
				}
				arg.add("op", text(a.Op.Text))
				args.values = append(args.values, arg)
			}
			one.add("args", args)
		}
		rules.values = append(rules.values, one)
	}
	out.add("syscalls", rules)
	return out
}

// addErrno adds the errno of an action as a number, where it means something.
func addErrno(to *node, key string, l decide.Loader, action seccomp.String, errno seccomp.Number, word seccomp.String,
	o decide.Outcome) {
	if known, ok := seccomp.LookupAction(action.Text); ok && !known.Errno {
		return
	}
	switch {
	case l == decide.LoaderContainers && word.Text != "":
		to.add(key, number64(uint64(o.Errno)))
	case errno.Known:
		to.add(key, number64(errno.Value))
	}
}

// style is how a file is written.
type style struct {
	source    *source.File
	lines     bool   // the profile is on several lines
	listLines bool   // lists have an element a line
	indent    string // of one level
	base      string // of the profile itself
	newline   string
	colon     string // between key and value
	comma     string // between what is on one line
	pad       string // inside of the braces of an object on one line
}

func styleOf(p *seccomp.Profile) *style {
	l := &style{source: p.Source, newline: newline(p), colon: ": ", comma: ", "}
	l.lines = l.spread(p.Span)
	whole := p.Source.Text(p.Span)
	if !strings.Contains(whole, `": `) && strings.Contains(whole, `":`) {
		l.colon, l.comma = ":", ","
	}
	l.indent = indentOf(p)
	switch {
	case len(p.ArchMap) > 0:
		l.listLines = l.spread(p.ArchMap[0].Span)
	case len(p.Architectures) > 0:
		_, l.listLines = indentation(p.Source, p.Architectures[0].Span.Start)
	default:
		l.listLines = slices.ContainsFunc(p.Rules, func(r *seccomp.Rule) bool { return l.spread(r.NamesSpan) })
	}
	for _, r := range p.Rules {
		if !l.spread(r.Span) && r.Span.Len() > 2 && p.Source.Bytes[r.Span.Start+1] == ' ' {
			l.pad = " "
		}
	}
	return l
}

// indentOf returns the blanks by which the first member of the profile stands further right than the line on which it
// begins; four blanks on one line.
func indentOf(p *seccomp.Profile) string {
	first := p.Source.LineOf(p.Span.Start)
	base := leading(p.Source, first)
	for n := first + 1; n <= p.Source.LineOf(p.Span.End-1); n++ {
		if text := p.Source.Text(p.Source.Line(n)); strings.HasPrefix(strings.TrimLeft(text, " \t"), `"`) {
			if indent, ok := strings.CutPrefix(leading(p.Source, n), base); ok {
				return indent
			}
			break
		}
	}
	return "    "
}

func leading(f *source.File, line int) string {
	text := f.Text(f.Line(line))
	return text[:len(text)-len(strings.TrimLeft(text, " \t"))]
}

// spread reports whether a part of the file is on several lines.
func (l *style) spread(s source.Span) bool { return strings.Contains(l.source.Text(s), "\n") }

func (l *style) write(b *bytes.Buffer, n node, depth int) {
	if n.literal != "" {
		b.WriteString(n.literal)
		return
	}
	begin, end := byte('['), byte(']')
	if n.isObject {
		begin, end = '{', '}'
	}
	b.WriteByte(begin)
	for i, v := range n.values {
		switch {
		case n.lines:
			if i > 0 {
				b.WriteByte(',')
			}
			l.line(b, depth+1)
		case i > 0:
			b.WriteString(l.comma)
		case n.isObject:
			b.WriteString(l.pad)
		}
		if n.isObject {
			b.WriteString(quote(n.keys[i]))
			b.WriteString(l.colon)
		}
		l.write(b, v, depth+1)
	}
	switch {
	case n.lines && len(n.values) > 0:
		l.line(b, depth)
	case n.isObject:
		b.WriteString(l.pad)
	}
	b.WriteByte(end)
}

func (l *style) line(b *bytes.Buffer, depth int) {
	b.WriteString(l.newline)
	b.WriteString(l.base)
	b.WriteString(strings.Repeat(l.indent, depth))
}
