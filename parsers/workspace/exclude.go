package workspace

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

const (
	// maxPattern is the length in bytes of an exclude pattern, which is that of the longest path of Linux.
	maxPattern = 4096
	// MaxExclude is how many exclude patterns there may be, with each alternative of a brace counted.
	MaxExclude = 2000
)

// ExpandExclude returns the patterns without braces that a doublestar pattern stands for: "a/{b,c}" is "a/b" and "a/c".
// To match "{a,b}{a,b}…" as it is written takes time that doubles with each pair of braces. The error completes a
// sentence that begins with the pattern.
func ExpandExclude(pattern string) ([]string, error) {
	switch {
	case len(pattern) > maxPattern:
		return nil, fmt.Errorf("is longer than %d bytes", maxPattern)
	case !doublestar.ValidatePattern(pattern):
		return nil, fmt.Errorf("is malformed")
	}
	var out []string
	todo := []string{pattern} // the next one is the last
	for len(todo) > 0 {
		next := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		open := braceAt(next, 0)
		if open == len(next) {
			out = append(out, next)
			continue
		}
		alternatives, end := alternatives(next, open)
		for n := len(alternatives) - 1; n >= 0; n-- {
			todo = append(todo, joined(next[:open], alternatives[n]+next[end:]))
		}
		if len(out)+len(todo) > MaxExclude {
			return nil, fmt.Errorf("has more than %d alternatives", MaxExclude)
		}
	}
	return out, nil
}

// joined returns the pattern before a brace with what follows. For doublestar, stars before a brace are one star, even
// where "**/" would come of it.
func joined(before, after string) string {
	kept := strings.TrimRight(before, "*")
	stars := len(before) - len(kept)
	if escapes := len(kept) - len(strings.TrimRight(kept, `\`)); stars > 0 && escapes%2 == 1 {
		kept += "*"
		stars--
	}
	if stars == 0 {
		return before + after
	}
	return kept + "*" + strings.TrimLeft(after, "*")
}

// alternatives returns what stands between the commas of the brace that opens at open, and where it ends.
func alternatives(pattern string, open int) (out []string, end int) {
	depth, start := 0, open+1
	for at := open; at < len(pattern); at = braceAt(pattern, at+1) {
		switch pattern[at] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return append(out, pattern[start:at]), at + 1
			}
		case ',':
			if depth == 1 {
				out = append(out, pattern[start:at])
				start = at + 1
			}
		}
	}
	return append(out, pattern[start:]), len(pattern) // not in a valid pattern
}

// braceAt returns where the next brace, or comma inside of braces, stands that is neither escaped nor in a class; the
// length of the pattern if there is none. Without a brace before from, a comma is text.
func braceAt(pattern string, from int) int {
	for i := from; i < len(pattern); i++ {
		switch pattern[i] {
		case '\\':
			i++
		case '[':
			for i++; i < len(pattern) && pattern[i] != ']'; i++ {
				if pattern[i] == '\\' {
					i++
				}
			}
		case '{', '}':
			return i
		case ',':
			if from > 0 {
				return i
			}
		}
	}
	return len(pattern)
}

// Patterns are doublestar patterns of paths, such as those of exclude, relative to one folder.
type Patterns struct {
	base     string
	patterns []string // without braces and without a slash at the end
}

// NewPatterns returns patterns that are relative to a folder, base, which is absolute. The error says which is wrong.
func NewPatterns(base string, patterns []string) (Patterns, error) {
	x := Patterns{base: base}
	for _, p := range patterns {
		expanded, err := ExpandExclude(p)
		if err != nil {
			return x, fmt.Errorf("exclude pattern %q %w", p, err)
		}
		for _, one := range expanded {
			x.patterns = append(x.patterns, strings.TrimSuffix(one, "/"))
		}
		if len(x.patterns) > MaxExclude {
			return x, fmt.Errorf("there are more than %d exclude patterns", MaxExclude)
		}
	}
	return x, nil
}

// Match reports whether a pattern matches an absolute path or a folder that it lies in.
func (x Patterns) Match(abs string) bool {
	if len(x.patterns) == 0 {
		return false
	}
	rel, err := filepath.Rel(x.base, abs)
	if err != nil {
		return false
	}
	rel = filepath.ToSlash(rel)
	for _, pattern := range x.patterns {
		// "vendor/**" excludes the directory itself, and "vendor" everything below it.
		if doublestar.MatchUnvalidated(pattern, rel) || doublestar.MatchUnvalidated(pattern+"/**", rel) {
			return true
		}
	}
	return false
}
