// Package entitle makes the fixes that give an entitlement of BuildKit to a build, or take one away, in the files that
// describe builds: bake files, Compose files, workflows, and scripts.
package entitle

import (
	"regexp"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/fixers"
	fixvalues "github.com/sandlint/sandlint/fixers/values"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/outline"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// means is what an entitlement lets the RUN instructions of a build do.
var means = map[string]string{
	"security.insecure": "the build may do what a privileged container may",
	"network.host":      "the build may use the network of the machine",
}

// Grant returns the fix that gives an entitlement to the build that is described at a place, nil where that is not
// certain.
func Grant(w *workspace.Workspace, f *source.File, place source.Span, entitlement string) []fixers.Fix {
	edit, change, ok := grant(w.Outline, f, place, entitlement)
	if !ok {
		return nil
	}
	return []fixers.Fix{{
		Title: "Grant " + entitlement + ": " + means[entitlement], Safety: fixers.Unsafe,
		Edits: []fixers.Edit{edit}, Changes: fixers.Changes{change},
	}}
}

func grant(
	outlined func(*source.File) *outline.Outline, f *source.File, place source.Span, entitlement string,
) (fixers.Edit, fixers.Change, bool) {
	switch {
	case strings.HasSuffix(f.Path, ".hcl"):
		return grantHCL(f, outlined(f), place, entitlement)
	case files.IsJSON(f.Path):
		return grantJSON(f, outlined(f), place, entitlement)
	case files.IsYAML(f.Path):
		o := outlined(f)
		n := o.At(place)
		if n < 0 || o.Broken {
			return fixers.Edit{}, nil, false
		}
		path := o.Values[n].Path
		if path == "services" { // the key of a service
			path = "services." + f.Text(place)
		}
		switch {
		case strings.HasSuffix(path, ".uses"):
			return grantAction(f, o, strings.TrimSuffix(path, ".uses")+".with", entitlement)
		case strings.HasPrefix(path, "services."):
			return grantService(f, o, path, entitlement)
		}
	}
	return grantCommand(f, place, entitlement)
}

// grantHCL adds the entitlement to a target of a bake file.
func grantHCL(
	f *source.File, o *outline.Outline, place source.Span, entitlement string,
) (edit fixers.Edit, _ fixers.Change, ok bool) {
	for n, v := range o.Values {
		whole := o.Spans[n].Whole
		if v.Text != "{}" || !strings.HasPrefix(v.Path, "target.") || whole.Start != place.Start {
			continue
		}
		path := v.Path + ".entitlements"
		change := fixvalues.Items{Path: path, Added: []string{entitlement}}
		if at := o.Find(path); at >= 0 {
			list := o.Spans[at].Value
			last := o.Find(path + "[]")
			if o.Values[at].Text != "[]" || last < 0 {
				return edit, nil, false
			}
			for k := range o.Values {
				if o.Values[k].Path == path+"[]" && list.Contains(o.Spans[k].Whole) {
					last = k
				}
			}
			end := o.Spans[last].Whole.End
			return fixers.Edit{
				File: f, Span: source.Span{Start: end, End: end}, Text: `, "` + entitlement + `"`,
			}, change, true
		}
		brace := o.Spans[n].Value.Start + 1
		line := f.Line(f.LineOf(brace - 1))
		if strings.TrimSpace(f.Text(source.Span{Start: brace, End: line.End})) != "" {
			edit, ok = openBlock(f, o.Spans[n].Value, `entitlements = ["`+entitlement+`"]`)
			return edit, change, ok
		}
		at := f.FullLine(f.LineOf(brace - 1)).End
		indent := "  "
		next := f.Text(f.Line(f.LineOf(brace-1) + 1))
		if trimmed := strings.TrimSpace(next); trimmed != "" && trimmed != "}" {
			indent = next[:len(next)-len(strings.TrimLeft(next, " \t"))]
		}
		return fixers.Edit{
			File: f, Span: source.Span{Start: at, End: at},
			Text: indent + `entitlements = ["` + entitlement + `"]` + lineEnd(f),
		}, change, true
	}
	return edit, nil, false
}

// openBlock returns the edit that adds an attribute to a block of HCL on one line, which has room for one alone: each
// gets a line. It is false for another block.
func openBlock(f *source.File, block source.Span, attribute string) (edit fixers.Edit, ok bool) {
	line := f.Line(f.LineOf(block.Start))
	inner := source.Span{Start: block.Start + 1, End: block.End - 1}
	text := strings.TrimSpace(f.Text(inner))
	if !line.Contains(block) || !strings.HasSuffix(f.Text(block), "}") || strings.ContainsAny(text, "#") ||
		strings.Contains(text, "//") || strings.Contains(text, "/*") {
		return edit, false
	}
	end := lineEnd(f)
	before := f.Text(source.Span{Start: line.Start, End: block.Start})
	indent := before[:len(before)-len(strings.TrimLeft(before, " \t"))]
	lines := end + indent + "  " + attribute + end
	if text != "" {
		lines += indent + "  " + text + end
	}
	return fixers.Edit{File: f, Span: inner, Text: lines + indent}, true
}

// grantJSON adds the entitlement to a target of a bake file in JSON.
func grantJSON(
	f *source.File, o *outline.Outline, place source.Span, entitlement string,
) (edit fixers.Edit, _ fixers.Change, ok bool) {
	n := o.At(place)
	for n >= 0 && o.Values[n].Text != "{}" {
		n--
	}
	// The place is the key of the target, so the smallest value around it is that of all targets.
	for n++; n < len(o.Values) && !o.Spans[n].Whole.Contains(place); n++ {
	}
	if o.Broken || n >= len(o.Values) || o.Values[n].Text != "{}" || !strings.HasPrefix(o.Values[n].Path, "target.") {
		return edit, nil, false
	}
	path := o.Values[n].Path + ".entitlements"
	change := fixvalues.Items{Path: path, Added: []string{entitlement}}
	if at := o.Find(path); at >= 0 {
		last := at + o.Count(path+"[]")
		if o.Values[at].Text != "[]" || last == at || last >= len(o.Values) || o.Values[last].Path != path+"[]" ||
			o.Count(path) > 1 {
			return edit, nil, false
		}
		end := o.Spans[last].Whole.End
		edit = fixers.Edit{File: f, Span: source.Span{Start: end, End: end}, Text: `, "` + entitlement + `"`}
		return edit, change, true
	}
	brace := o.Spans[n].Value.Start + 1
	text := `"entitlements": ["` + entitlement + `"]`
	if n+1 < len(o.Values) && strings.HasPrefix(o.Values[n+1].Path, o.Values[n].Path+".") {
		first := o.Spans[n+1].Whole.Start
		gap := f.Text(source.Span{Start: brace, End: first})
		if gap == "" {
			gap = " "
		}
		text += "," + gap
		brace = first
	}
	return fixers.Edit{File: f, Span: source.Span{Start: brace, End: brace}, Text: text}, change, true
}

// grantAction adds the input "allow" to an action.
func grantAction(f *source.File, o *outline.Outline, with, entitlement string) (fixers.Edit, fixers.Change, bool) {
	if o.Find(with+".allow") >= 0 {
		return fixers.Edit{}, nil, false // with another value
	}
	return addKey(f, o, with, "allow: "+entitlement, fixvalues.Scalar{Path: with + ".allow", Is: entitlement})
}

// grantService adds the entitlement to the build of a service.
func grantService(f *source.File, o *outline.Outline, path, entitlement string) (fixers.Edit, fixers.Change, bool) {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, "services."), ".")
	build := "services." + name + ".build"
	if o.Find(build+".entitlements") >= 0 {
		return fixers.Edit{}, nil, false
	}
	return addKey(f, o, build, "entitlements: ["+entitlement+"]",
		fixvalues.Items{Path: build + ".entitlements", Added: []string{entitlement}})
}

// addKey adds a line before the first key of a mapping in block style.
func addKey(
	f *source.File, o *outline.Outline, path, text string, change fixers.Change,
) (edit fixers.Edit, _ fixers.Change, ok bool) {
	n := o.Find(path)
	if n < 0 || n+1 >= len(o.Values) || o.Values[n].Text != "{}" || !strings.HasPrefix(o.Values[n+1].Path, path+".") {
		return edit, nil, false
	}
	first := o.Spans[n+1].Whole.Start
	line := f.Line(f.LineOf(first))
	indent := f.Text(source.Span{Start: line.Start, End: first})
	if strings.Trim(indent, " ") != "" { // in braces
		return edit, nil, false
	}
	return fixers.Edit{
		File: f, Span: source.Span{Start: line.Start, End: line.Start}, Text: indent + text + lineEnd(f),
	}, change, true
}

func lineEnd(f *source.File) string {
	if strings.HasSuffix(f.Text(f.FullLine(1)), "\r\n") {
		return "\r\n"
	}
	return "\n"
}

var buildCommand = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\bdocker(?:[ \t]+buildx)?[ \t]+(?:build|bake)\b`)
})

// grantCommand adds the option --allow to a command that builds.
func grantCommand(f *source.File, place source.Span, entitlement string) (edit fixers.Edit, _ fixers.Change, ok bool) {
	at := buildCommand().FindAllIndex(f.Bytes[place.Start:place.End], -1)
	if len(at) != 1 {
		return edit, nil, false
	}
	end := place.Start + at[0][1]
	text := " --allow " + entitlement
	return fixers.Edit{
		File: f, Span: source.Span{Start: end, End: end}, Text: text,
	}, fixvalues.Inserted{Text: text}, true
}

// Withdraw returns the fix that takes away an entitlement that stands at a place, nil where that is not certain.
func Withdraw(w *workspace.Workspace, f *source.File, place source.Span) []fixers.Fix {
	if !strings.HasSuffix(f.Path, ".hcl") && !files.IsYAML(f.Path) && !files.IsJSON(f.Path) {
		return nil
	}
	o := w.Outline(f)
	edit, change, ok := fixvalues.DeleteItem(f, o, place)
	if !ok {
		return nil
	}
	return []fixers.Fix{{
		Title: "Delete " + f.Text(place), Safety: fixers.Safe, Edits: []fixers.Edit{edit},
		Changes: fixers.Changes{change},
	}}
}
