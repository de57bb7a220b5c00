// Package phrase has the parts of messages.
package phrase

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Quoted returns names as `"a", "b" and "c"`, of many the first ones.
func Quoted(names []string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = fmt.Sprintf("%q", name)
	}
	return Few(list)
}

// Few joins names, of many the first ones.
func Few(names []string) string {
	const most = 8
	if len(names) > most {
		names = append(slices.Clone(names[:most-1]), fmt.Sprintf("%d more", len(names)-most+1))
	}
	return List(names)
}

// List returns "a", "a and b" or "a, b and c".
func List(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// Verb returns "s" where a verb has one subject: Docker reads, Docker and Podman read.
func Verb(stem string, subjects []string) string {
	if len(subjects) == 1 {
		return stem + "s"
	}
	return stem
}

// Quote returns a name as a JSON string. Names are ASCII letters, digits and underscores.
func Quote(name string) string { return strconv.Quote(name) }
