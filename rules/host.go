package rules

import (
	"slices"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// InHost maps a finding about a profile that lies in another file from the profile's own text to that file, with its
// related places and fixes. It drops a fix where the text that it edits is not verbatim in the host file, or the host's
// quotes cannot hold the new text.
func InHost(profile *workspace.Profile, f Finding) Finding {
	fr := profile.Fragment
	if fr == nil {
		return f
	}
	if f.File == profile.Source {
		f.File, f.Span = fr.File, fr.Span(f.Span)
	}
	f.Related = slices.Clone(f.Related)
	for n := range f.Related {
		if r := &f.Related[n]; r.File == profile.Source {
			r.File, r.Span = fr.File, fr.Span(r.Span)
		}
	}
	var fixes []fixers.Fix
	for _, fix := range f.Fixes {
		if fix, ok := fixInHost(profile, fix); ok {
			fixes = append(fixes, fix)
		}
	}
	f.Fixes = fixes
	return f
}

func fixInHost(profile *workspace.Profile, fix fixers.Fix) (fixers.Fix, bool) {
	edits := make([]fixers.Edit, len(fix.Edits))
	embedded := false
	for n, e := range fix.Edits {
		if e.File != profile.Source {
			edits[n] = e
			continue
		}
		e = narrow(e)
		span, text, ok := profile.Fragment.Edit(e.Span, e.Text)
		if !ok {
			span, text, ok = profile.Fragment.EditBlock(e.Span, e.Text)
		}
		if !ok {
			return fix, false
		}
		edits[n] = fixers.Edit{File: profile.Fragment.File, Span: span, Text: text}
		embedded = true
	}
	fix.Edits = edits
	fix.Changes = fix.Changes.When(embedded, fixers.Embedded{})
	return fix, true
}

// narrow removes from an edit the text at both ends that it does not change, so it need not write the quotes around a
// name that it replaces.
func narrow(e fixers.Edit) fixers.Edit {
	old := e.File.Text(e.Span)
	start := 0
	for start < len(old) && start < len(e.Text) && old[start] == e.Text[start] {
		start++
	}
	end := 0
	for end < len(old)-start && end < len(e.Text)-start && old[len(old)-1-end] == e.Text[len(e.Text)-1-end] {
		end++
	}
	e.Text = e.Text[start : len(e.Text)-end]
	e.Span = source.Span{Start: e.Span.Start + start, End: e.Span.End - end}
	return e
}
