package lsp

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// name is something that a Dockerfile gives a name: a stage or a variable.
type name struct {
	text     string
	stage    *dockerfile.Stage
	variable bool
	env      bool // set by ENV
	// defined is where the name is given, uses are all places that mean it, with that one.
	defined source.Span
	uses    []source.Span
}

// nameAt returns the name at an offset, nil if there is none.
func nameAt(f *dockerfile.File, offset int) *name {
	within := func(s source.Span) bool { return s.Start <= offset && offset <= s.End }
	for _, stage := range f.Stages {
		if stage.Name == "" {
			continue
		}
		n := stageName(f, stage)
		inOrder(n)
		for _, use := range n.uses {
			if within(use) {
				return n
			}
		}
	}
	for _, n := range variables(f) {
		inOrder(n)
		for _, use := range n.uses {
			if within(use) {
				return n
			}
		}
	}
	return nil
}

// inOrder sorts the places of a name.
func inOrder(n *name) {
	slices.SortFunc(n.uses, func(a, b source.Span) int { return a.Start - b.Start })
	n.uses = slices.Compact(n.uses)
}

// stageName returns a stage with all places that name it.
func stageName(f *dockerfile.File, stage *dockerfile.Stage) *name {
	own := stage.NameWord.Span
	n := &name{text: stage.NameWord.Text, stage: stage, defined: own, uses: []source.Span{own}}
	for _, other := range f.Stages {
		if other.Parent == stage && strings.EqualFold(other.Base.Text, stage.Name) {
			n.uses = append(n.uses, other.Base.Span)
		}
	}
	for _, in := range f.Instructions {
		if in.Stage == nil || in.Stage.Index <= stage.Index {
			continue
		}
		if f.StageNamed(stage.Name) != stage {
			continue // a later one has the name
		}
		for k := range in.Flags {
			n.uses = append(n.uses, fromIn(f, &in.Flags[k], stage.Name)...)
		}
	}
	return n
}

var (
	mountFrom = regexp.MustCompile(`\bfrom=([^,\s"']+)`)
	// reading is a variable that is read: $NAME or ${NAME…}.
	reading = regexp.MustCompile(`\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*))`)
)

// lastIn returns where the last occurrence of a text in a span is, the zero span if it is not there.
func lastIn(f *source.File, in source.Span, text string) source.Span {
	n := strings.LastIndex(f.Text(in), text)
	if n < 0 || text == "" {
		return source.Span{}
	}
	return source.Span{Start: in.Start + n, End: in.Start + n + len(text)}
}

// variables returns the variables that ARG and ENV set, each with the places that set and read the same one: the ARGs
// of one name whose value goes from one to the other are one variable, an ENV is its own.
func variables(f *dockerfile.File) []*name {
	var out []*name
	at := map[*dockerfile.Instruction]map[string]*name{}
	for _, in := range f.Instructions {
		if in.Name != "ARG" && in.Name != "ENV" {
			continue
		}
		for k := range in.Pairs {
			key := in.Pairs[k].Key
			var n *name
			if in.Name == "ARG" && !in.Pairs[k].HasValue { // takes the value of an ARG before the first FROM
				if v, ok := f.Lookup(in, key.Text); ok && v.From != nil && v.From != in {
					n = at[v.From][key.Text]
				}
				if n == nil {
					n = global(f, at, key.Text)
				}
			}
			if n == nil {
				n = &name{text: key.Text, variable: true, env: in.Name == "ENV", defined: key.Span}
				out = append(out, n)
			}
			n.uses = append(n.uses, key.Span)
			if at[in] == nil {
				at[in] = map[string]*name{}
			}
			at[in][key.Text] = n
		}
	}
	for _, in := range f.Instructions {
		text := f.Source.Text(in.Span)
		for _, m := range reading.FindAllStringSubmatchIndex(text, -1) {
			start, end := m[2], m[3]
			if start < 0 {
				start, end = m[4], m[5]
			}
			if m[0] > 0 && text[m[0]-1] == f.Escape {
				continue
			}
			v, ok := f.Lookup(in, text[start:end])
			if !ok || v.From == nil {
				continue
			}
			if n := at[v.From][text[start:end]]; n != nil {
				n.uses = append(n.uses, source.Span{Start: in.Span.Start + start, End: in.Span.Start + end})
			}
		}
	}
	return out
}

// global returns the ARG of a name before the first FROM.
func global(f *dockerfile.File, at map[*dockerfile.Instruction]map[string]*name, text string) *name {
	for _, in := range f.Instructions {
		if in.Stage != nil {
			return nil
		}
		if n := at[in][text]; n != nil {
			return n
		}
	}
	return nil
}

// definition leads to the instruction that names a stage or sets a variable, to what a bake or Compose file names or
// defines, and from a file that is named to it.
func definition(s *server, ctx context.Context, p *positionParams) ([]location, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	out := []location{}
	links, text := s.linksAt(ctx, p.TextDocument.URI)
	if text == nil {
		return out, nil
	}
	offset := text.offset(p.Position, s.encoding)
	if l := s.look(ctx, p.TextDocument.URI); l != nil {
		if d := l.checked.Document.Dockerfile; d != nil {
			if n := nameAt(d.File, offset); n != nil {
				return append(out, location{l.uri, l.text.span(n.defined, s.encoding)}), nil
			}
			if found := s.contextsAt(l, offset); len(found) > 0 {
				return found, nil
			}
		} else if found := s.definedByBuilds(l, offset); len(found) > 0 {
			return found, nil
		}
	}
	for _, link := range links {
		if link.span.Start <= offset && offset <= link.span.End && link.path != "" {
			out = append(out, location{URI: uriOf(link.path)})
		}
	}
	return out, nil
}

// references lists all places that mean the stage or variable at a place, those of bake and Compose files too.
func references(s *server, ctx context.Context, p *struct {
	positionParams
	Context struct {
		IncludeDeclaration bool `json:"includeDeclaration"`
	} `json:"context"`
}) ([]location, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	out := []location{}
	l := s.look(ctx, p.TextDocument.URI)
	if l == nil || l.checked.Document.Dockerfile == nil {
		return out, nil
	}
	if n := nameAt(l.checked.Document.Dockerfile.File, l.text.offset(p.Position, s.encoding)); n != nil {
		for _, use := range n.uses {
			if use != n.defined || p.Context.IncludeDeclaration {
				out = append(out, location{l.uri, l.text.span(use, s.encoding)})
			}
		}
		out = append(out, s.namedByBuilds(l, n)...)
	}
	return out, nil
}

// prepareRename returns what a rename at a place would change, nil where there is nothing to rename.
func prepareRename(s *server, ctx context.Context, p *positionParams) (any, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	l := s.look(ctx, p.TextDocument.URI)
	if l == nil || l.checked.Document.Dockerfile == nil {
		return nil, nil
	}
	offset := l.text.offset(p.Position, s.encoding)
	n := nameAt(l.checked.Document.Dockerfile.File, offset)
	if n == nil {
		return nil, nil
	}
	for _, use := range n.uses {
		if use.Start <= offset && offset <= use.End {
			return map[string]any{"range": l.text.span(use, s.encoding), "placeholder": n.text}, nil
		}
	}
	return nil, nil
}

var (
	stageNames    = regexp.MustCompile(`^[a-z][a-z0-9-_.]*$`)
	variableNames = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// rename renames a stage or an ARG where the Dockerfile alone decides what it is for. It is proved: the renamed file
// has the same stages, and the same words once variables are replaced.
func rename(s *server, ctx context.Context, p *struct {
	positionParams
	NewName string `json:"newName"`
}) (*workspaceEdit, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	l := s.look(ctx, p.TextDocument.URI)
	if l == nil || l.checked.Document.Dockerfile == nil {
		return nil, errors.New("there is nothing to rename")
	}
	d := l.checked.Document.Dockerfile
	n := nameAt(d.File, l.text.offset(p.Position, s.encoding))
	if n == nil {
		return nil, errors.New("there is no stage and no variable at this place")
	}
	if err := renamable(l, d, n, p.NewName); err != nil {
		return nil, err
	}
	edits := []textEdit{}
	var after []byte
	end := 0
	for _, use := range n.uses {
		edits = append(edits, textEdit{l.text.span(use, s.encoding), p.NewName})
		after = append(append(after, d.Source.Bytes[end:use.Start]...), p.NewName...)
		end = use.End
	}
	after = append(after, d.Source.Bytes[end:]...)
	if err := sameButFor(d.File, dockerfile.Parse(source.NewFile(d.Source.Path, after)), n, p.NewName); err != nil {
		return nil, err
	}
	if !s.client.Workspace.WorkspaceEdit.DocumentChanges {
		return &workspaceEdit{Changes: map[string][]textEdit{l.uri: edits}}, nil
	}
	return &workspaceEdit{DocumentChanges: []any{documentEdit{versionedDocument{l.uri, &l.version}, edits}}}, nil
}

// renamable returns why a name cannot be changed.
func renamable(l *looked, d *image.Dockerfile, n *name, now string) error {
	if n.stage != nil {
		if !stageNames.MatchString(strings.ToLower(now)) {
			return errors.New("the name of a stage begins with a letter and has only letters, digits, '-', '_' and '.'")
		}
		if d.StageNamed(now) != nil {
			return fmt.Errorf("there is a stage %q already", now)
		}
		if _, target := l.checked.Workspace.Builds(d.Images[n.stage.Index]); target {
			return errors.New("a build of the repository names this stage as its target")
		}
		for _, context := range []string{n.text, now} {
			if l.checked.Workspace.Replaces(d, context) {
				return fmt.Errorf("a build of the repository has a named context %q, which replaces a stage of that "+
					"name", context)
			}
		}
		return nil
	}
	switch {
	case !variableNames.MatchString(now):
		return errors.New("the name of a variable has only letters, digits and '_' and does not begin with a digit")
	case n.env:
		return errors.New("an ENV is part of the image, and programs in it may read it")
	case l.checked.Workspace.Passes(d, n.text):
		return fmt.Errorf("a build of the repository passes the argument %q", n.text)
	case regexp.MustCompile(`\b` + now + `\b`).Match(d.Source.Bytes):
		return fmt.Errorf("the name %q is in use already", now)
	}
	uses := map[source.Span]bool{}
	for _, use := range n.uses {
		uses[use] = true
	}
	for _, m := range regexp.MustCompile(`\b`+n.text+`\b`).FindAllIndex(d.Source.Bytes, -1) {
		if !uses[source.Span{Start: m[0], End: m[1]}] {
			line := d.Source.Position(m[0]).Line
			return fmt.Errorf("line %d has %q too, which may be the same variable", line, n.text)
		}
	}
	return nil
}

// sameButFor returns what is different in a file after a rename, but for the name.
func sameButFor(before, after *dockerfile.File, n *name, now string) error {
	changed := errors.New("the renamed file would build something else")
	if len(before.Instructions) != len(after.Instructions) || len(before.Stages) != len(after.Stages) ||
		len(before.Problems) != len(after.Problems) {
		return changed
	}
	for k, old := range before.Stages {
		other := after.Stages[k]
		switch {
		case (old.Parent == nil) != (other.Parent == nil),
			old.Parent != nil && old.Parent.Index != other.Parent.Index,
			old.Parent == nil && old.Image != other.Image:
			return changed
		}
	}
	for k, old := range before.Instructions {
		other := after.Instructions[k]
		if old.Name != other.Name || len(old.Words) != len(other.Words) || len(old.Pairs) != len(other.Pairs) ||
			len(old.Flags) != len(other.Flags) {
			return changed
		}
		for w := range old.Words {
			if len(old.Pairs) > 0 {
				break // the words of ARG and ENV are their pairs
			}
			a, knownA := before.Expand(old, old.Words[w].Text)
			b, knownB := after.Expand(other, other.Words[w].Text)
			if knownA != knownB || knownA && a != b && !(n.stage != nil && strings.EqualFold(a, n.text)) {
				return changed
			}
		}
		for w := range old.Pairs {
			a, b := &old.Pairs[w], &other.Pairs[w]
			x, knownX := before.Expand(old, a.Value.Text)
			y, knownY := after.Expand(other, b.Value.Text)
			renamed := a.Key.Text == n.text && b.Key.Text == now
			if a.Key.Text != b.Key.Text && !renamed || knownX != knownY || knownX && x != y {
				return changed
			}
		}
	}
	return nil
}

// linkTarget is a place that names a file or an address.
type linkTarget struct {
	span    source.Span
	path    string // absolute
	address string
	tooltip string
}

type documentLink struct {
	Range   Range  `json:"range"`
	Target  string `json:"target"`
	Tooltip string `json:"tooltip,omitempty"`
}

// documentLinks links what names files of the workspace, and rules in comments.
func documentLinks(s *server, ctx context.Context, p *documentParams) ([]documentLink, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	out := []documentLink{}
	links, text := s.linksAt(ctx, p.TextDocument.URI)
	for _, link := range links {
		target := link.address
		if link.path != "" {
			target = uriOf(link.path)
		}
		out = append(out, documentLink{text.span(link.span, s.encoding), target, link.tooltip})
	}
	return out, nil
}

// linksAt returns the links in an open document, and its text.
func (s *server) linksAt(ctx context.Context, uri string) ([]linkTarget, *text) {
	if d := s.settingsAt(uri); d != nil {
		return s.linksOfSettings(d), d.text
	}
	if l := s.look(ctx, uri); l != nil {
		return s.linksOf(l), l.text
	}
	return nil, nil
}

// linksOf returns the links in a document, in order.
func (s *server) linksOf(l *looked) []linkTarget {
	var out []linkTarget
	doc := l.checked.Document
	add := func(span source.Span, path string) {
		if path != "" && span.End > span.Start {
			out = append(out, linkTarget{span: span, path: path})
		}
	}
	ws := l.project.session.Workspace()
	if d := doc.Dockerfile; d != nil {
		for _, step := range d.Steps("COPY", "ADD") {
			if _, other := step.Flag("from"); other || len(step.Words) < 2 {
				continue
			}
			for _, word := range step.Words[:len(step.Words)-1] {
				if name, known := step.Expand(word.Text); known {
					if f, err := d.ReadContext(name); err == nil && f != nil {
						add(word.Span, ws.Abs(f))
					}
				}
			}
		}
	}
	for _, text := range doc.Texts {
		for k := range text.Includes {
			if in := &text.Includes[k]; in.File != nil {
				add(text.Fragment.Span(in.Path.Span), ws.Abs(in.File.Fragment.File))
			}
		}
	}
	l.buildLinks(add)
	return append(out, s.ruleLinks(l)...)
}

var directive = regexp.MustCompile(`sandlint:\s*ignore(?:-file)?\[([^\]\n]*)\]|` +
	`hadolint[ \t]+(?:global[ \t]+|stage[ \t]+)?ignore=([A-Za-z0-9, \t]+)`)

// ruleNames calls found with each name of a rule in comments for sandlint and hadolint.
func ruleNames(text []byte, found func(source.Span)) {
	for _, m := range directive.FindAllSubmatchIndex(text, -1) {
		start, end := m[2], m[3]
		if start < 0 {
			start, end = m[4], m[5]
		}
		for _, w := range words.FindAllIndex(text[start:end], -1) {
			found(source.Span{Start: start + w[0], End: start + w[1]})
		}
	}
}

var words = regexp.MustCompile(`[A-Za-z0-9/_*-]+`)

// ruleLinks returns the pages of the rules that comments name.
func (s *server) ruleLinks(l *looked) []linkTarget {
	var out []linkTarget
	ruleNames(l.text.bytes, func(span source.Span) {
		if r, _, err := rules.Find(s.opts.Packs, string(l.text.bytes[span.Start:span.End])); err == nil {
			if address := report.Address(s.pageOf(r)); address != "" {
				out = append(out, linkTarget{span: span, address: address, tooltip: r.Summary})
			}
		}
	})
	return out
}
