package seccomp

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"

	"github.com/sandlint/sandlint/parsers/source"
)

// maxChecked is how many values of a profile are held against the schema. Docker's default profile has about 600; a
// filter that the kernel accepts has room for some thousand.
const maxChecked = 50_000

// check holds the profile against the JSON schema of its form, and records where it breaks it.
func (p *Profile) check(root *hujson.Value) {
	seen := map[source.Problem]bool{}
	p.validate(root, false, seen)
	if p.Dialect == SPO {
		p.lost(root)
		return
	}
	if len(p.DuplicateFields) > 0 {
		p.validate(root, true, seen) // the value that crun takes
	}
}

// validate runs the schema over the value that consumers see: unknown fields and those that are null left out, known
// fields under their proper name, and of a field that is there twice the last one or, for crun, the first.
func (p *Profile) validate(root *hujson.Value, first bool, seen map[source.Problem]bool) {
	schema := ociSchema
	switch p.Dialect {
	case Docker, Containers:
		schema = dockerSchema
	case SPO:
		schema = spoSchema
	}
	r := reader{first: first, literal: p.Dialect == SPO, left: maxChecked}
	for _, e := range violations(schema(), r.value(root, p.object())) {
		problem, ok := p.problem(e, root, first)
		if !ok {
			continue
		}
		if problem.Kind == KindShape {
			problem.Kind = p.shapeKind(e)
		}
		if !seen[problem] {
			seen[problem] = true
			p.Problems = append(p.Problems, problem)
		}
	}
}

// reader makes the values that are checked.
type reader struct {
	first   bool
	literal bool // names in another case are other names
	left    int
}

// value returns v as the schemas see it; kind is the object that v, or each of its elements, is.
func (r *reader) value(v *hujson.Value, kind *object) any {
	r.left--
	switch x := v.Value.(type) {
	case *hujson.Object:
		out := make(map[string]any, len(x.Members))
		if kind == nil {
			return out
		}
		for i := range x.Members {
			if r.left <= 0 {
				break
			}
			m := &x.Members[i]
			f := kind.lookup(text(&m.Name))
			if f == nil || r.literal && f.name != text(&m.Name) || isNull(&m.Value) ||
				f.name == "name" && isEmpty(&m.Value) {
				continue
			}
			if _, taken := out[f.name]; taken && r.first {
				continue
			}
			out[f.name] = r.value(&m.Value, f.in)
		}
		return out
	case *hujson.Array:
		out := make([]any, 0, len(x.Elements))
		for i := range x.Elements {
			if r.left <= 0 {
				break
			}
			out = append(out, r.value(&x.Elements[i], kind))
		}
		return out
	case hujson.Literal:
		switch x.Kind() {
		case '"':
			return text(v)
		case 't', 'f':
			return x.Bool()
		case '0':
			// JSON Schema calls 5.0 and 5e0 integers, the consumers do not; and nobody should work out 1e999999999.
			if _, err := strconv.ParseUint(string(x), 10, 64); err != nil {
				return json.Number("0.5")
			}
			return json.Number(x)
		}
	}
	return nil
}

// find returns the value that a path of field names and indices leads to.
func find(v *hujson.Value, kind *object, steps []string, first bool) *hujson.Value {
	for _, step := range steps {
		switch x := v.Value.(type) {
		case *hujson.Object:
			var next *hujson.Value
			var in *object
			for i := range x.Members {
				m := &x.Members[i]
				f := kind.lookup(text(&m.Name))
				if f == nil || f.name != step || isNull(&m.Value) || next != nil && first {
					continue
				}
				next, in = &m.Value, f.in
			}
			if next == nil {
				return v
			}
			v, kind = next, in
		case *hujson.Array:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(x.Elements) {
				return v
			}
			v = &x.Elements[i]
		}
	}
	return v
}

// problem puts a violation into words, and finds its place. It reports false for one that says nothing
// of its own.
func (p *Profile) problem(e violation, root *hujson.Value, first bool) (source.Problem, bool) {
	steps := e.steps
	v := find(root, p.object(), steps, first)
	problem := source.Problem{Span: span(v), Kind: KindShape}
	subject := p.subject(steps)
	if p.Dialect == SPO {
		var ok bool
		problem.Message, ok = p.resourceProblem(e, steps, v, subject)
		if e.keyword == missing {
			problem.Span = begin(v)
			if null := nullMember(v, e.property); null != nil {
				problem.Span = span(null)
			}
		}
		if e.keyword == repeated && e.element < len(elements(v)) {
			problem.Span = span(&elements(v)[e.element])
		}
		return problem, ok
	}
	switch e.keyword {
	case missing:
		property := e.property
		if property == "names" && p.Dialect == Bundle && hasName(v) {
			return source.Problem{}, false // the old form is reported at the field itself
		}
		problem.Span.End = problem.Span.Start + 1 // the brace: the object may be long
		if null := nullMember(v, property); null != nil {
			problem.Span = span(null)
		}
		switch {
		case len(steps) == 0 && property == "defaultAction":
			problem.Kind = KindNoDefault
			problem.Message = subject + ` has no "defaultAction"`
		case property == "name" || property == "names" && p.Dialect != OCI && p.Dialect != Bundle:
			problem.Message = subject + ` has neither "names" nor "name"`
		case property == "index" || property == "value":
			problem.Message = fmt.Sprintf("%s has no %q, so runc and crun read it as 0", subject, property)
		default:
			problem.Message = fmt.Sprintf("%s has no %q", subject, property)
		}
	case wrongType:
		expected := e.expected
		problem.Message = fmt.Sprintf("%s is %s, not %s", subject, describe(v), typeName(expected))
		switch {
		case isNull(v) && len(steps) == 0:
			problem.Kind = KindNoProfile
			problem.Message = subject + " is null"
		case v.Value.Kind() == '[' && len(steps) == 0:
			problem.Kind = KindNoProfile
			problem.Message = subject + " is an array, not an object"
		case isNull(v) && len(steps) == 2 && steps[0] == "syscalls":
			problem.Message = subject + " is null, on which Docker and Podman crash"
		case expected == "integer" && v.Value.Kind() == '0' && numeric(string(v.Value.(hujson.Literal))):
			problem.Message = fmt.Sprintf("%s is %s, which does not fit in 64 bits", subject, describe(v))
		}
	case tooFew:
		problem.Message = subject + " is empty, so the rule does nothing"
	case tooMany:
		problem.Message = fmt.Sprintf("%s has %d conditions; a syscall has 6 arguments, and crun up to 1.29 reads "+
			"the first 6 conditions only", subject, len(elements(v)))
	case tooShort:
		problem.Message = subject + " is an empty string"
	case tooBig:
		problem.Message = fmt.Sprintf("%s is %s; the arguments of a syscall have the indices 0 to 5", subject,
			describe(v))
	default:
		return source.Problem{}, false
	}
	return problem, true
}

// resourceProblem is problem for a SeccompProfile, which the API server holds against the schema of the CRD. Actions,
// operators and flags that the CRD does not list are unknown to everyone, and not a matter of shape.
func (p *Profile) resourceProblem(e violation, steps []string, v *hujson.Value,
	subject string) (message string, ok bool) {
	const refused = ", so the API server refuses the resource"
	switch e.keyword {
	case missing:
		property := e.property
		return fmt.Sprintf("%s has no %q%s", subject, property, refused), true
	case wrongType:
		expected := e.expected
		return fmt.Sprintf("%s is %s, not %s%s", subject, describe(v), typeName(expected), refused), true
	case tooFew:
		return subject + " is empty" + refused, true
	case tooMany:
		return fmt.Sprintf("%s has %d conditions; a SeccompProfile takes 6", subject, len(elements(v))), true
	case tooShort:
		return subject + " is an empty string, which runc refuses", true
	case unmatched:
		return subject + " is not in /var/run/security-profiles-operator/" + refused, true
	case repeated:
		if steps[len(steps)-1] == "names" {
			return "", false // as in other profiles a repeated name is no matter of shape
		}
		return fmt.Sprintf("element %d of %s occurs twice%s", e.element+1, subject, refused), true
	case unlisted:
		if steps[0] == "architectures" {
			_, known := LookupArchitecture(text(v))
			return fmt.Sprintf("%s is %q, which the CRD does not list%s", subject, text(v), refused), known
		}
		return fmt.Sprintf("%s is %q, not \"Enabled\" or \"Disabled\"%s", subject, text(v), refused), true
	case tooBig:
		switch steps[len(steps)-1] {
		case "index":
			return fmt.Sprintf("%s is %s; the arguments of a syscall have the indices 0 to 5", subject, describe(v)),
				true
		case "errnoRet":
			return fmt.Sprintf("%s is %s, which does not fit in the operator's 32 bits", subject, describe(v)), true
		}
		return fmt.Sprintf("%s is %s; a SeccompProfile cannot hold numbers above 9223372036854775807", subject,
			describe(v)), true
	case tooSmall:
		return fmt.Sprintf("%s is %s, which is below 0%s", subject, describe(v), refused), true
	}
	return "", false
}

// begin returns the place where an object begins: its brace, or its first key in YAML.
func begin(v *hujson.Value) source.Span {
	s := span(v)
	if object, ok := v.Value.(*hujson.Object); ok && len(object.Members) > 0 &&
		object.Members[0].Name.StartOffset == s.Start {
		return span(&object.Members[0].Name)
	}
	s.End = min(s.End, s.Start+1)
	return s
}

// lost records the fields of a SeccompProfile that are legal but do not arrive at the node.
func (p *Profile) lost(root *hujson.Value) {
	note := func(v *hujson.Value, message string) {
		p.Problems = append(p.Problems, source.Problem{Span: span(v), Kind: KindShape, Message: message})
	}
	if v := member(root, "defaultErrnoRet"); v != nil {
		note(v, `"defaultErrnoRet" is not a field of a SeccompProfile, so it does not reach the node, where EPERM `+
			`is the default`)
	}
	syscalls := member(root, "syscalls")
	if syscalls == nil {
		return
	}
	list := elements(syscalls)
	for i := range list {
		if v := member(&list[i], "errnoRet"); v != nil && v.Value.Kind() == '0' {
			if n, err := strconv.ParseUint(string(v.Value.(hujson.Literal)), 10, 64); err == nil && n == 0 {
				note(v,
					`"errnoRet" is 0, which the operator leaves out of the file that it writes, so the call answers `+
						`EPERM`)
			}
		}
	}
}

func typeName(schemaType string) string {
	switch schemaType {
	case "integer":
		return "an unsigned integer"
	case "array", "object":
		return "an " + schemaType
	}
	return "a " + schemaType
}

// subject names the value that a path leads to: `rule 3`, `"errnoRet"`, `element 2 of "names"`.
func (p *Profile) subject(steps []string) string {
	if len(steps) == 0 {
		switch p.Dialect {
		case Bundle:
			return "linux.seccomp"
		case SPO:
			return "spec"
		}
		return "profile"
	}
	last := steps[len(steps)-1]
	i, err := strconv.Atoi(last)
	if err != nil {
		return strconv.Quote(last)
	}
	switch list := steps[len(steps)-2]; list {
	case "syscalls":
		return "rule " + strconv.Itoa(i+1)
	case "args":
		return "argument condition " + strconv.Itoa(i+1)
	default:
		return fmt.Sprintf("element %d of %q", i+1, list)
	}
}

// describe says what a value is.
func describe(v *hujson.Value) string {
	switch v.Value.Kind() {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 'n':
		return "null"
	}
	return clip(v.Value.(hujson.Literal))
}

// hasName reports whether a rule gives its syscall by name.
func hasName(rule *hujson.Value) bool {
	name := member(rule, "name")
	return name != nil && name.Value.Kind() == '"' && !isEmpty(name)
}

func isEmpty(v *hujson.Value) bool { return v.Value.Kind() == '"' && text(v) == "" }

func nullMember(v *hujson.Value, name string) *hujson.Value {
	object, ok := v.Value.(*hujson.Object)
	if !ok {
		return nil
	}
	for i := range object.Members {
		if m := &object.Members[i]; isNull(&m.Value) && strings.EqualFold(text(&m.Name), name) {
			return &m.Value
		}
	}
	return nil
}
