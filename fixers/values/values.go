// Package values compares two versions of a file of nested values, such as YAML, JSON or HCL, and makes edits in it.
//
// Every value of the file but those that fixes declare must be the same, in the same order, and all comments must be
// there. What the values mean is not its matter: the reader of the format compares that.
package values

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/outline"
)

// Items declares that items are removed from the list at Path and added to it. A list that gets its first item may
// appear, and one that loses its last may go.
type Items struct {
	Path           string
	Removed, Added []string
}

// Scalar declares that the value at Path is another. "" for Was stands for a value that is added, and "" for Is for one
// that is removed.
type Scalar struct{ Path, Was, Is string }

// Inserted declares that a text is inserted in one of the values.
type Inserted struct{ Text string }

// Allows implements fixers.Change.
func (i Items) Allows() string {
	return "the items " + fixers.Enumerate(append(slices.Clone(i.Removed), i.Added...)) + " of " + i.Path
}

// Allows implements fixers.Change.
func (s Scalar) Allows() string { return "the value of " + s.Path }

// Allows implements fixers.Change.
func (i Inserted) Allows() string { return "the text " + i.Text }

// Declared reports whether a fix declares a change of this package.
func Declared(f fixers.Fix) bool {
	return fixers.Declares[Items](f) || fixers.Declares[Scalar](f) || fixers.Declares[Inserted](f)
}

// Compare says in one sentence what changed in a file besides what fixes declare. It is "" when nothing did.
func Compare(before, after *outline.Outline, fixes []fixers.Fix) string {
	if after.Broken && !before.Broken {
		return "the result has a syntax error"
	}
	if !slices.Equal(before.Comments, after.Comments) {
		return "a comment changed"
	}
	old, now := slices.Clone(before.Values), slices.Clone(after.Values)
	for _, c := range fixers.Declared[Items](fixes...) {
		was, is := count(old, c.Path+"[]"), count(now, c.Path+"[]")
		for _, text := range c.Removed {
			if !take(&old, c.Path+"[]", text) {
				return "the list " + c.Path + " has no item " + text
			}
		}
		for _, text := range c.Added {
			if !take(&now, c.Path+"[]", text) {
				return "the list " + c.Path + " did not get the item " + text
			}
		}
		if was == 0 || is == 0 {
			takeEmpty(&old, c.Path)
			takeEmpty(&now, c.Path)
		}
	}
	for _, c := range fixers.Declared[Scalar](fixes...) {
		if c.Was != "" && !take(&old, c.Path, c.Was) {
			return "the value of " + c.Path + " was another"
		}
		if c.Is != "" && !take(&now, c.Path, c.Is) {
			return "the value of " + c.Path + " became another"
		}
	}
	inserted := fixers.Declared[Inserted](fixes...)
	if len(old) != len(now) {
		return "values were removed or added"
	}
	for n, a := range old {
		b := now[n]
		if a == b {
			continue
		}
		at := -1
		if a.Path == b.Path && a.Quoted == b.Quoted {
			at = slices.IndexFunc(inserted, func(i Inserted) bool { return gained(a.Text, b.Text, i.Text) })
		}
		if at < 0 {
			return "the value of " + a.Path + " changed"
		}
		inserted = slices.Delete(inserted, at, at+1)
	}
	return ""
}

// gained reports whether a text is another one with an insertion.
func gained(was, is, text string) bool {
	for at := 0; len(was)+len(text) == len(is) && at <= len(was); at++ {
		if is[:at] == was[:at] && is[at:at+len(text)] == text && is[at+len(text):] == was[at:] {
			return true
		}
	}
	return false
}

func count(list []outline.Value, path string) int {
	n := 0
	for _, v := range list {
		if v.Path == path {
			n++
		}
	}
	return n
}

// take removes a value from a list, and reports whether it was there.
func take(list *[]outline.Value, path, text string) bool {
	at := slices.IndexFunc(*list, func(v outline.Value) bool { return v.Path == path && v.Text == text })
	if at < 0 {
		return false
	}
	*list = slices.Delete(*list, at, at+1)
	return true
}

// takeEmpty removes a list itself, where it is there.
func takeEmpty(list *[]outline.Value, path string) {
	if !take(list, path, "[]") {
		take(list, path, "")
	}
}

// Title returns the path without the number of a document, for people.
func Title(path string) string {
	if number, rest, ok := strings.Cut(path, ":"); ok && strings.Trim(number, "0123456789") == "" {
		return rest
	}
	return path
}
