package nixuse

import (
	"regexp"
	"sync"
)

// pattern is a regular expression that is compiled on first use, so it costs nothing at start.
type pattern struct {
	get func() *regexp.Regexp
}

func lazyRegexp(expr string) pattern {
	return pattern{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })}
}

func (p pattern) MatchString(s string) bool            { return p.get().MatchString(s) }
func (p pattern) FindStringSubmatch(s string) []string { return p.get().FindStringSubmatch(s) }

func (p pattern) FindAllStringSubmatch(s string) [][]string {
	return p.get().FindAllStringSubmatch(s, -1)
}

func (p pattern) FindAllString(s string) []string { return p.get().FindAllString(s, -1) }

func (p pattern) ReplaceAllStringFunc(s string, f func(string) string) string {
	return p.get().ReplaceAllStringFunc(s, f)
}
