package runs

import (
	"regexp"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/source"
)

// helmUse matches where a template of a Helm chart puts a value as it is into a security context: the path of the
// value, in the one form or the other. helmScalar matches where a value becomes one key, and helmBlock what opens and
// closes a block.
var (
	helmUse = sync.OnceValue(func() *regexp.Regexp {
		const into = `securityContext:\s*\{\{-?[ \t]*toYaml[ \t]+`
		return regexp.MustCompile(into + `\.Values((?:\.\w+)+)[ \t]*\|` +
			`|\{\{-?[ \t]*with[ \t]+\.Values((?:\.\w+)+)[ \t]*-?\}\}\s*` + into + `\.[ \t]*\|`)
	})
	helmScalar = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?m)^[ \t]*(?:- )?(privileged|procMount|type):[ \t]*` +
			`\{\{-?[ \t]*\.Values((?:\.\w+)+)[ \t]*(?:\|[ \t]*quote[ \t]*)?-?\}\}[ \t]*\r?$`)
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
		open := blocks(text)
		for _, at := range helmUse().FindAllStringSubmatchIndex(text, -1) {
			name := ""
			for _, group := range []int{2, 4} {
				if at[group] >= 0 {
					name = text[at[group]:at[group+1]]
				}
			}
			if depth := open(at[0]); depth != 0 || seen[name] {
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
			r := m.ofValue(chart, key)
			m.context(r, context, nil)
			confined = confined || r.Seccomp != nil && !r.Seccomp.Type.Is("Unconfined")
			m.out = append(m.out, r)
		}
		confined = m.scalars(chart, root, text, seen) || confined
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

// ofValue returns a run of which a value of a chart says something.
func (m *manifest) ofValue(chart string, key yamltree.Pair) *Run {
	return &Run{
		File: m.file, Span: key.Key.Inner, Whole: key.Span(), Host: Manifest, Engine: Kubernetes, Name: chart,
		Env: map[string]Value{},
	}
}

// scalars adds a run for each single value that a template puts into a security context, and reports whether one is a
// seccomp profile.
func (m *manifest) scalars(chart string, root *yamltree.Node, text string, seen map[string]bool) (confined bool) {
	open := blocks(text)
	for _, at := range helmScalar().FindAllStringSubmatchIndex(text, -1) {
		field, name, depth := text[at[2]:at[3]], text[at[4]:at[5]], open(at[0])
		if depth != 0 || seen[field+name] {
			continue
		}
		where := parents(text, at[2], 2)
		inContext := len(where) > 0 && where[0] == "securityContext"
		if field == "type" {
			inContext = len(where) > 1 && where[0] == "seccompProfile" && where[1] == "securityContext"
		}
		if !inContext {
			continue
		}
		seen[field+name] = true
		value := root
		var key yamltree.Pair
		for _, part := range strings.Split(name[1:], ".") {
			key = value.Pair(part)
			value = key.Value.Resolve()
		}
		if key.Key == nil {
			continue
		}
		r := m.ofValue(chart, key)
		switch v := m.scalar(value); {
		case !v.Known:
			continue
		case field == "privileged":
			r.Privileged = v
		case field == "procMount" && v.Text == "Unmasked":
			r.ProcMount = v
			v.Text = "unconfined"
			r.Options = append(r.Options, Option{Name: "systempaths", Value: v, Span: v.Span})
		case field == "type" && v.Text == "Unconfined":
			r.Seccomp = &Seccomp{Span: key.Span(), Type: v.Value}
			v.Text = "unconfined"
			r.Options = append(r.Options, Option{Name: "seccomp", Value: v, Span: v.Span})
		default:
			confined = confined || field == "type"
			continue
		}
		m.out = append(m.out, r)
	}
	return confined
}

// parents returns the keys of the mappings in a template around the line with an offset, the innermost first, at most
// so many: each is the nearest line above that is indented less, not too far away.
func parents(text string, at, most int) (keys []string) {
	start := strings.LastIndexByte(text[:at], '\n') + 1
	indent := len(text[start:at]) // a dash counts as indentation
	for n := 0; n < 50 && len(keys) < most && indent > 0 && start > 0; n++ {
		end := start - 1
		start = strings.LastIndexByte(text[:end], '\n') + 1
		line := strings.TrimRight(text[start:end], " \t\r")
		own := strings.TrimLeft(line, " -")
		if own == "" || own[0] == '#' || strings.HasPrefix(own, "{{") || len(line)-len(own) >= indent {
			continue
		}
		indent = len(line) - len(own)
		key, rest, _ := strings.Cut(own, ":")
		if rest != "" {
			return keys
		}
		keys = append(keys, key)
	}
	return keys
}

// blocks returns how many blocks of a template are open at an offset, for offsets that are asked in order.
func blocks(text string) func(at int) int {
	all, next, depth := helmBlock().FindAllStringSubmatchIndex(text, -1), 0, 0
	return func(at int) int {
		for ; next < len(all) && all[next][1] <= at; next++ {
			if text[all[next][2]:all[next][3]] == "end" {
				depth--
			} else {
				depth++
			}
		}
		return depth
	}
}
