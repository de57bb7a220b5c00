// Package values compares two versions of a file of nested values, such as YAML, JSON or HCL, and makes edits in it.
//
// Every value of the file but those that fixes declare must be the same, in the same order, and all comments must be
// there. What the values mean is not its matter: the reader of the format compares that.
package values

import (
	"fmt"
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
	was, is := newBag(before.Values), newBag(after.Values)
	seen, lists := map[string]bool{}, map[*string]bool{}
	for _, c := range fixers.Declared[Items](fixes...) {
		if len(c.Removed) > 1 { // several fixes delete one list by the same edit
			if lists[&c.Removed[0]] && len(c.Added) == 0 {
				continue // this one has the list of another: see Lists
			}
			lists[&c.Removed[0]] = true
			same := fmt.Sprintf("%q", []any{c.Path, c.Removed, c.Added})
			if seen[same] {
				continue
			}
			seen[same] = true
		}
		for _, text := range c.Removed {
			if !was.take(c.Path+"[]", text) {
				return "the list " + c.Path + " has no item " + text
			}
		}
		for _, text := range c.Added {
			if !is.take(c.Path+"[]", text) {
				return "the list " + c.Path + " did not get the item " + text
			}
		}
		if before.Count(c.Path+"[]") == 0 || after.Count(c.Path+"[]") == 0 {
			for _, list := range []*bag{was, is} {
				if !list.take(c.Path, "[]") {
					list.take(c.Path, "")
				}
			}
		}
	}
	for _, c := range fixers.Declared[Scalar](fixes...) {
		if c.Was != "" && !was.take(c.Path, c.Was) {
			return "the value of " + c.Path + " was another"
		}
		if c.Is != "" && !is.take(c.Path, c.Is) {
			return "the value of " + c.Path + " became another"
		}
	}
	old, now := was.left(), is.left()
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

// bag holds the values of a file from which some are taken.
type bag struct {
	values []outline.Value
	at     map[[2]string][]int // by path and text
	gone   []bool
}

func newBag(list []outline.Value) *bag {
	b := &bag{values: list, at: make(map[[2]string][]int, len(list)), gone: make([]bool, len(list))}
	for n, v := range list {
		key := [2]string{v.Path, v.Text}
		b.at[key] = append(b.at[key], n)
	}
	return b
}

// take removes the first value with a path and a text, and reports whether there was one.
func (b *bag) take(path, text string) bool {
	key := [2]string{path, text}
	all := b.at[key]
	if len(all) == 0 {
		return false
	}
	b.gone[all[0]], b.at[key] = true, all[1:]
	return true
}

// left returns the values that were not taken.
func (b *bag) left() []outline.Value {
	var out []outline.Value
	for n, v := range b.values {
		if !b.gone[n] {
			out = append(out, v)
		}
	}
	return out
}

// Title returns the path without the number of a document, for people.
func Title(path string) string {
	if number, rest, ok := strings.Cut(path, ":"); ok && strings.Trim(number, "0123456789") == "" {
		return rest
	}
	return path
}
