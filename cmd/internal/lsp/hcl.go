package lsp

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/hcltext"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// This file is about what is written for sandlint itself in HCL: configurations and rule packs. They are no files of a
// workspace, so they are looked at by themselves, as their unsaved text is.

// settingsFile is an open configuration or rule pack.
type settingsFile struct {
	*document
	pack bool
}

// settingsAt returns a configuration or rule pack that is open, nil where a document is something else.
func (s *server) settingsAt(uri string) *settingsFile {
	if d := s.documentOf(uri); d != nil {
		return settingsOf(d)
	}
	return nil
}

func settingsOf(d *document) *settingsFile {
	switch {
	case d.path == "":
	case filepath.Base(d.path) == config.Name:
		return &settingsFile{d, false}
	case filepath.Ext(d.path) == ".hcl" && config.IsPack(d.text.bytes):
		return &settingsFile{d, true}
	}
	return nil
}

func (s *server) known() config.Known {
	return config.Known{Packs: s.opts.Packs, Version: s.opts.Version}
}

// settingsFound is what was found in the text of a configuration or rule pack, while no file on disk changes.
type settingsFound struct {
	document    *document
	diagnostics *shown
}

// diagnosticsOfSettings returns what is wrong with a configuration or a rule pack. The caller holds engine.
func (s *server) diagnosticsOfSettings(d *settingsFile) *shown {
	if found := s.found[d.uri]; found.document == d.document {
		return found.diagnostics
	}
	if s.found == nil {
		s.found = map[string]settingsFound{}
	}
	out := s.newShown(s.problemsOfSettings(d))
	s.found[d.uri] = settingsFound{d.document, out}
	return out
}

func (s *server) problemsOfSettings(d *settingsFile) []diagnostic {
	out := []diagnostic{}
	add := func(severity int, problems []source.Problem) {
		for _, p := range problems {
			out = append(out, diagnostic{Range: d.text.span(p.Span, s.encoding), Severity: severity, Source: "sandlint",
				Code: map[bool]string{false: "configuration", true: "pack"}[d.pack], Message: p.Message})
		}
	}
	if d.pack {
		add(severityError, config.CheckPack(d.path, filepath.Base(d.path), d.text.bytes, s.known()))
		return out
	}
	folder := filepath.Dir(d.path)
	shown := func(path string) string { // relative to the file
		if rel, err := filepath.Rel(folder, path); err == nil && filepath.IsLocal(rel) {
			path = rel
		}
		return filepath.ToSlash(path)
	}
	wrong, warnings := config.Check(d.path, d.text.bytes, shown, s.known())
	add(severityError, wrong)
	add(severityWarning, warnings)
	return out
}

// suggest returns what can be written at an offset, and where what is typed there begins.
func (s *server) suggest(d *settingsFile, offset int) (int, []hcltext.Suggestion) {
	if d.pack {
		return config.SuggestInPack(d.text.bytes, offset)
	}
	return config.Suggest(d.path, d.text.bytes, offset, s.known())
}

// completeSettings offers names and values.
func (s *server) completeSettings(d *settingsFile, at Position) []completionItem {
	offset := d.text.offset(at, s.encoding)
	from, list := s.suggest(d, offset)
	typed := strings.ToLower(string(d.text.bytes[from:offset]))
	out := []completionItem{}
	end := offset
	quoted := from > 0 && d.text.bytes[from-1] == '"'
	for quoted && end < len(d.text.bytes) && isNameByte(d.text.bytes[end]) {
		end++
	}
	span := d.text.span(source.Span{Start: from, End: end}, s.encoding)
	for _, one := range list {
		if !strings.Contains(strings.ToLower(one.Name), typed) {
			continue
		}
		item := completionItem{Label: one.Name, Detail: one.Doc, Kind: itemProperty,
			TextEdit: textEdit{span, one.Name}}
		switch one.Kind {
		case hcltext.Attribute:
			item.TextEdit.NewText += " = "
		case hcltext.SubBlock:
			item.Kind = itemKeyword
		case hcltext.String:
			item.Kind = itemEnumMember
			if !quoted {
				item.TextEdit.NewText = `"` + one.Name + `"`
			}
		case hcltext.Word:
			item.Kind = itemValue
		case hcltext.Call:
			item.Kind = itemFunction
			item.TextEdit.NewText += "("
		}
		out = append(out, item)
	}
	return out
}

// hoverSettings explains a name: the page of a rule, or what an attribute, a block or a function is.
func (s *server) hoverSettings(d *settingsFile, at Position) *hoverResult {
	offset := d.text.offset(at, s.encoding)
	for _, dots := range []bool{false, true} { // "file" in "file.path", and "dockerfile.from"
		end := offset
		for end < len(d.text.bytes) && (isNameByte(d.text.bytes[end]) || dots && d.text.bytes[end] == '.') {
			end++
		}
		from, list := s.suggest(d, end)
		if from > offset {
			continue
		}
		name := string(d.text.bytes[from:end])
		span := d.text.span(source.Span{Start: from, End: end}, s.encoding)
		if r, pack, err := rules.Find(s.opts.Packs, name); err == nil && from > 0 && d.text.bytes[from-1] == '"' {
			if page, err := pack.Page(r); err == nil {
				return &hoverResult{markupContent{"markdown", r.Markdown(page)}, &span}
			}
		}
		for _, one := range list {
			if one.Name == name && one.Doc != "" {
				return &hoverResult{markupContent{"markdown", "**" + name + "**: " + one.Doc}, &span}
			}
		}
	}
	return nil
}

func isNameByte(b byte) bool { return isWordByte(b) || b == '/' }

var quotedName = regexp.MustCompile(`"([A-Za-z][A-Za-z0-9/-]*)"`)

// linksOfSettings returns the links of a configuration: the files that it names, and the pages of the rules.
func (s *server) linksOfSettings(d *settingsFile) []linkTarget {
	if d.pack {
		return nil
	}
	var out []linkTarget
	r := &hcltext.Reader{File: source.NewFile(d.path, d.text.bytes)}
	body := r.Parse()
	for _, name := range []string{"extends", "packs", "baseline"} {
		a := body.Attributes[name]
		if a == nil {
			continue
		}
		for _, ref := range r.Strings(a.Expr, a.Name) {
			path := filepath.FromSlash(ref.Text)
			if !filepath.IsAbs(path) {
				path = filepath.Join(filepath.Dir(d.path), path)
			}
			if info, err := (files.Disk{}).Lstat("", path); err == nil && !info.IsDir() {
				out = append(out, linkTarget{span: hcltext.SpanOf(ref.At), path: path})
			}
		}
	}
	for _, m := range quotedName.FindAllSubmatchIndex(d.text.bytes, -1) {
		rule, _, err := rules.Find(s.opts.Packs, string(d.text.bytes[m[2]:m[3]]))
		if err != nil {
			continue
		}
		if address := report.Address(s.pageOf(rule)); address != "" {
			out = append(out, linkTarget{span: source.Span{Start: m[2], End: m[3]}, address: address,
				tooltip: rule.Summary})
		}
	}
	slices.SortStableFunc(out, func(a, b linkTarget) int { return a.span.Start - b.span.Start })
	return out
}
