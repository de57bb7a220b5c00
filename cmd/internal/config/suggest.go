package config

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/hcltext"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/custom"
	"github.com/sandlint/sandlint/rules/presets"
)

// This file says what can be written at a place of a configuration, for editors. Names and values are those of Schema;
// only what the schema leaves open is added here.

// Suggest returns what can be written at an offset of a configuration at an absolute path, and where that which is
// typed there begins. The text may be incomplete.
func Suggest(path string, text []byte, offset int, known Known) (from int, list []hcltext.Suggestion) {
	p, ok := hcltext.PlaceAt(text, offset)
	if !ok {
		return offset, nil
	}
	// The rules of its packs, where all but the line is right.
	packs := known.Packs
	rest := source.NewFile(path, hcltext.Without(text, offset))
	if conf, err := parseAt("", path, rest, filepath.ToSlash, known); err == nil {
		packs = slices.Concat(packs, conf.RulePacks())
	}
	return suggest(packs, p)
}

// suggest is Suggest for a place, with the rules that it may name.
func suggest(packs []rules.Pack, p hcltext.Place) (from int, list []hcltext.Suggestion) {
	if p.Header != "" {
		if p.Header == "rule" && p.Quoted {
			return p.Word, ruleNames(packs)
		}
		return p.Word, nil
	}
	body, known := Schema(packs), true
	for _, b := range p.Blocks {
		body, known = member(body, b.Type)
		if !known {
			return p.Word, nil
		}
		if of, labelled := body["additionalProperties"].(object); labelled {
			body = of
		}
		if items, several := body["items"].(object); several {
			body = items
		}
	}
	if n := len(p.Blocks); n > 1 && p.Blocks[n-1].Type == "options" {
		return p.Word, optionsOf(packs, p.Blocks[n-2].Labels, p.Attribute)
	}
	if p.Attribute == "" {
		properties, _ := body["properties"].(object)
		for name, about := range properties {
			is := about.(object)
			doc, _ := is["description"].(string)
			kind := hcltext.Attribute
			if isBlock(is) {
				kind = hcltext.SubBlock
			}
			list = append(list, hcltext.Suggestion{Name: name, Doc: doc, Kind: kind})
		}
		slices.SortFunc(list, func(a, b hcltext.Suggestion) int { return strings.Compare(a.Name, b.Name) })
		return p.Word, list
	}
	about, known := member(body, p.Attribute)
	if !known {
		return p.Word, nil
	}
	if values, ok := about["enum"].([]string); ok {
		for _, v := range values {
			s := hcltext.Suggestion{Name: v, Kind: hcltext.String}
			if p.Attribute == "preset" {
				s.Doc = presets.Find(v).Summary
			}
			list = append(list, s)
		}
		return p.Word, list
	}
	if about["type"] == "boolean" && !p.Quoted {
		return p.Word, []hcltext.Suggestion{{Name: "true", Kind: hcltext.Word}, {Name: "false", Kind: hcltext.Word}}
	}
	return p.Word, openValues(packs, p.PathOf(), p.Attribute)
}

// member returns the schema of a member.
func member(body object, name string) (object, bool) {
	properties, _ := body["properties"].(object)
	is, ok := properties[name].(object)
	return is, ok
}

// isBlock reports whether a member is a block in HCL: an object, or a list of them.
func isBlock(is object) bool {
	items, list := is["items"].(object)
	return is["type"] == "object" || list && items["type"] == "object"
}

// openValues returns values of the attributes for which the schema accepts any string.
func openValues(packs []rules.Pack, path, name string) (list []hcltext.Suggestion) {
	add := func(doc string, names ...string) {
		for _, name := range names {
			list = append(list, hcltext.Suggestion{Name: name, Doc: doc, Kind: hcltext.String})
		}
	}
	inTarget := strings.HasSuffix(path, "target")
	switch {
	case inTarget && name == "platform":
		add("", slices.DeleteFunc(dockerfile.Platforms(), func(p string) bool { return p[0] == '$' })...)
	case inTarget:
		if newest := workspace.Newest(name); newest != "" {
			add("the newest release that is known", newest)
		}
	case name == "select" || name == "ignore" || path == "accept" && name == "rule":
		return ruleNames(packs)
	case name == "packs":
		for _, builtin := range custom.Builtin() {
			add("a pack that comes with sandlint", custom.Scheme+builtin)
		}
	case name == "suppressions":
		add("", rules.Suppressors()...)
	}
	return list
}

// ruleNames returns what names rules: ids, aliases, packs.
func ruleNames(packs []rules.Pack) (list []hcltext.Suggestion) {
	for _, r := range rules.All(packs) {
		list = append(list, hcltext.Suggestion{Name: r.ID, Doc: r.Summary, Kind: hcltext.String})
		for _, alias := range r.Aliases {
			list = append(list, hcltext.Suggestion{Name: alias, Doc: r.ID + ": " + r.Summary, Kind: hcltext.String})
		}
	}
	for _, p := range packs {
		list = append(list, hcltext.Suggestion{Name: p.Name, Doc: "all rules of the pack", Kind: hcltext.String})
	}
	return append(list, hcltext.Suggestion{Name: "all", Doc: "all rules", Kind: hcltext.String})
}

// optionsOf returns the options of a rule, or the values of one of them.
func optionsOf(packs []rules.Pack, labels []string, attribute string) (list []hcltext.Suggestion) {
	if len(labels) != 1 {
		return nil
	}
	r, _, err := rules.Find(packs, labels[0])
	if err != nil {
		return nil
	}
	for _, o := range r.OptionList() {
		_, isBool := o.Default.(bool)
		switch {
		case attribute == "":
			list = append(list, hcltext.Suggestion{Name: o.Name, Doc: o.Doc, Kind: hcltext.Attribute})
		case attribute == o.Name && isBool:
			list = append(list, hcltext.Suggestion{Name: "true", Kind: hcltext.Word},
				hcltext.Suggestion{Name: "false", Kind: hcltext.Word})
		}
	}
	return list
}

// SuggestInPack is Suggest for a rule pack.
func SuggestInPack(text []byte, offset int) (from int, list []hcltext.Suggestion) {
	return custom.Suggest(text, offset)
}

// IsPack reports whether a text in HCL is a rule pack: it has a block that names one. The text may be incomplete.
func IsPack(text []byte) bool {
	for line := range bytes.Lines(text) {
		rest, ok := bytes.CutPrefix(line, []byte("pack "))
		if ok && bytes.HasPrefix(bytes.TrimSpace(rest), []byte{'"'}) {
			return true
		}
	}
	return false
}

// Check returns what is wrong with the text of a configuration at an absolute path, and warnings about it. Problems of
// other files, such as those that it extends, stand where it names them. Messages call other files what shown returns
// for their paths.
func Check(
	path string, text []byte, shown func(path string) string, known Known,
) (wrong, warnings []source.Problem) {
	f := source.NewFile(shown(path), text)
	conf, err := parseAt("", path, f, shown, known)
	if err == nil {
		return nil, conf.Warnings
	}
	var e *Error
	if !errors.As(err, &e) {
		return []source.Problem{{Message: err.Error()}}, nil
	}
	for _, one := range append([]*Error{e}, e.More...) {
		if one.Source.Path == f.Path {
			wrong = append(wrong, one.Problems...)
			continue
		}
		wrong = append(wrong, source.Problem{Span: mention(f, shown, one.Source.Path), Message: one.Error()})
	}
	return wrong, nil
}

// mention returns where a configuration names another file, or the file of a pack in a folder that it names.
func mention(f *source.File, shown func(path string) string, path string) source.Span {
	base := filepath.Dir(f.Path)
	r := &hcltext.Reader{File: f}
	body := r.Parse()
	for _, name := range []string{"extends", "packs"} {
		a := body.Attributes[name]
		if a == nil {
			continue
		}
		for _, ref := range r.Strings(a.Expr, a.Name) {
			full := filepath.FromSlash(ref.Text)
			if !filepath.IsAbs(full) {
				full = filepath.Join(base, full)
			}
			if full == filepath.FromSlash(path) || full == filepath.Dir(filepath.FromSlash(path)) {
				return hcltext.SpanOf(ref.At)
			}
		}
	}
	return source.Span{}
}

// CheckPack returns what is wrong with the text of a rule pack at an absolute path. Messages call it shown.
func CheckPack(path, shown string, text []byte, known Known) []source.Problem {
	s, problems := custom.Read(source.NewFile(shown, text))
	if len(problems) > 0 {
		return problems
	}
	_, problems = s.Pack(custom.Options{Version: known.Version, Known: known.Packs, Unset: true,
		Read: besides(known.tree(), "", path)})
	return problems
}
