package runs

import (
	"regexp"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/source"
)

// helmUse matches where a template of a Helm chart puts a value as it is into a security context: the path of the
// value, in the one form or the other. helmBlock matches what opens and closes a block.
var (
	helmUse = sync.OnceValue(func() *regexp.Regexp {
		const into = `securityContext:\s*\{\{-?[ \t]*toYaml[ \t]+`
		return regexp.MustCompile(into + `\.Values((?:\.\w+)+)[ \t]*\|` +
			`|\{\{-?[ \t]*with[ \t]+\.Values((?:\.\w+)+)[ \t]*-?\}\}\s*` + into + `\.[ \t]*\|`)
	})
	helmBlock = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\{\{-?\s*(if|with|range|define|block|end)\b`)
	})
)

// OfValues returns a run for each security context in the values.yaml of a Helm chart that a template puts into a pod
// or a container as it is and without a condition: what the chart does where nobody sets the value. Of a value that is
// used in another way nothing is known.
func OfValues(f *source.File, chart string, templates []*source.File) []*Run {
	root := yamltree.Parse(f).Root().Resolve()
	m := &manifest{in: in{f}}
	seen := map[string]bool{}
	confined := false
	for _, template := range templates {
		text := string(template.Bytes)
		for _, at := range helmUse().FindAllStringSubmatchIndex(text, -1) {
			name := ""
			for _, group := range []int{2, 4} {
				if at[group] >= 0 {
					name = text[at[group]:at[group+1]]
				}
			}
			if depth := blocks(text[:at[0]]); depth != 0 || seen[name] {
				continue
			}
			seen[name] = true
			context := root
			var key yamltree.Pair
			for _, part := range strings.Split(name[1:], ".") {
				key = context.Pair(part)
				context = key.Value.Resolve()
			}
			if context == nil || context.Kind != yamltree.Mapping || key.Key == nil {
				continue
			}
			r := &Run{
				File: f, Span: key.Key.Inner, Whole: key.Span(), Host: Manifest, Engine: Kubernetes, Name: chart,
				Env: map[string]Value{},
			}
			m.context(r, context, nil)
			confined = confined || r.Seccomp != nil && !r.Seccomp.Type.Is("Unconfined")
			m.out = append(m.out, r)
		}
	}
	if confined { // which of the contexts a container has in the end is not known
		for _, r := range m.out {
			if r.Seccomp != nil && r.Seccomp.Type.Is("Unconfined") {
				r.Seccomp, r.Options = nil, nil
			}
		}
	}
	return m.out
}

// blocks returns how many blocks of a template are open at the end of a text.
func blocks(text string) int {
	depth := 0
	for _, m := range helmBlock().FindAllStringSubmatch(text, -1) {
		if m[1] == "end" {
			depth--
		} else {
			depth++
		}
	}
	return depth
}
