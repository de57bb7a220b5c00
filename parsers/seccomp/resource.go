package seccomp

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/source"
)

// resourceGroup is the API group of the security-profiles-operator, with the slash before the version.
const resourceGroup = "security-profiles-operator.x-k8s.io/"

// The objects of a SeccompProfile. Besides the fields that the CRD declares they have those of Docker's form that
// change which calls a rule is for: the API server removes them, as a plain reader of OCI's form does.
var (
	resourceRule = object{fields: []field{
		{name: "names"}, {name: "action"}, {name: "args", in: &argObject}, {name: "errnoRet"},
		{name: "name", dialect: Docker}, {name: "includes", in: &filterObject, dialect: Docker},
		{name: "excludes", in: &filterObject, dialect: Docker},
	}}
	resourceObject = object{fields: []field{
		{name: "defaultAction"}, {name: "architectures"}, {name: "flags"}, {name: "listenerPath"},
		{name: "listenerMetadata"}, {name: "baseProfileName"}, {name: "state"},
		{name: "syscalls", in: &resourceRule},
		{name: "defaultErrnoRet", dialect: Docker}, {name: "archMap", in: &archMapObject, dialect: Docker},
	}}
)

// MentionsResource reports whether a text may hold a SeccompProfile resource: the words are in it. One that Helm
// fills in before it is YAML does not count.
func MentionsResource(b []byte) bool {
	return bytes.Contains(b, []byte(resourceGroup)) && bytes.Contains(b, []byte("SeccompProfile")) &&
		!bytes.Contains(b, []byte("{{"))
}

// isYAML reports whether a file is YAML rather than JSON.
func isYAML(f *source.File) bool {
	switch name := strings.ToLower(f.Path); {
	case strings.HasSuffix(name, ".yaml"), strings.HasSuffix(name, ".yml"):
		return true
	case strings.HasSuffix(name, ".json"):
		return false
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(f.Bytes, []byte("\xef\xbb\xbf")), " \t\r\n")
	return len(text) > 0 && text[0] != '{' && text[0] != '['
}

// hasResource reports whether a SeccompProfile is in a file.
func hasResource(f *source.File) bool {
	documents, _ := documentsOf(f)
	for i := range documents {
		if len(resourcesIn(&documents[i])) > 0 {
			return true
		}
	}
	return false
}

// documentsOf returns the documents of a YAML file, or the value of a JSON file, as far as they can be read. Whole is
// false where that is not all.
func documentsOf(f *source.File) (documents []hujson.Value, whole bool) {
	whole = true
	if isYAML(f) {
		tree := yamltree.Parse(f)
		for _, problem := range tree.Problems {
			whole = whole && problem.Kind == yamltree.KindDuplicateKey
		}
		for _, document := range tree.Documents {
			c := converter{left: maxNodes}
			documents = append(documents, c.value(document))
			whole = whole && c.left > 0
		}
		return documents, whole
	}
	s := scanner{file: f}
	text, ok := s.scan()
	if !ok {
		return nil, false
	}
	root, err := hujson.Parse(text)
	if err != nil {
		return nil, false
	}
	return []hujson.Value{root}, len(s.problems) == 0
}

// resource is one SeccompProfile.
type resource struct {
	name, namespace String
	kind            source.Span
	spec            *hujson.Value // nil when absent or null
}

// resourcesIn returns the SeccompProfiles of a document: itself, or the items of a list.
func resourcesIn(v *hujson.Value) []resource { return appendResources(nil, v, false) }

func appendResources(out []resource, v *hujson.Value, typed bool) []resource {
	version, kind := member(v, "apiVersion"), member(v, "kind")
	isText := func(v *hujson.Value) bool { return v != nil && v.Value.Kind() == '"' }
	switch {
	case isText(version) && isText(kind):
	case typed && version == nil && kind == nil: // an item of a SeccompProfileList need not say what it is
		return append(out, resourceOf(v, v))
	default:
		return out
	}
	own := strings.HasPrefix(text(version), resourceGroup)
	switch kindName := text(kind); {
	case own && kindName == "SeccompProfile":
		return append(out, resourceOf(v, kind))
	case kindName == "List" && text(version) == "v1" || own && kindName == "SeccompProfileList":
		if items := member(v, "items"); items != nil {
			list := elements(items)
			for i := range list {
				out = appendResources(out, &list[i], kindName != "List")
			}
		}
	}
	return out
}

func resourceOf(v, kind *hujson.Value) resource {
	r := resource{kind: span(kind)}
	if kind == v {
		r.kind.End = r.kind.Start
	}
	if meta := member(v, "metadata"); meta != nil {
		for key, s := range map[string]*String{"name": &r.name, "namespace": &r.namespace} {
			if m := member(meta, key); m != nil {
				s.read(m)
			}
		}
	}
	if r.spec = member(v, "spec"); r.spec != nil && isNull(r.spec) {
		r.spec = nil
	}
	return r
}

// readResource reads one SeccompProfile into p.
func (p *Profile) readResource(r resource) {
	p.Dialect, p.Name, p.Namespace = SPO, r.name, r.namespace
	if r.spec == nil {
		p.Problems = append(p.Problems,
			source.Problem{
				Span: r.kind, Kind: KindShape, Message: `SeccompProfile has no "spec", so the API server refuses it`,
			})
		return
	}
	p.Span = span(r.spec)
	p.profile(r.spec)
	p.check(r.spec)
}

// parseYAML reads the SeccompProfiles of a YAML file; none where there are none.
func parseYAML(f *source.File) []*Profile {
	tree := yamltree.Parse(f)
	var out []*Profile
	for n, document := range tree.Documents {
		c := converter{left: maxNodes}
		root := c.value(document)
		found := resourcesIn(&root)
		if len(found) == 0 {
			continue
		}
		start, end := document.Span.Start, len(f.Bytes)
		if n == 0 {
			start = 0
		}
		if n+1 < len(tree.Documents) {
			end = tree.Documents[n+1].Span.Start
		}
		for i, r := range found {
			p := &Profile{Source: f}
			if i == 0 {
				for _, problem := range tree.Problems {
					// A repeated key is a field of its object, and reported as that.
					if problem.Span.Start >= start && problem.Span.Start < max(end, start+1) &&
						problem.Kind != yamltree.KindDuplicateKey {
						problem.Kind = KindJSON
						p.Problems = append(p.Problems, problem)
					}
				}
				if c.left <= 0 {
					p.Problems = append(p.Problems,
						source.Problem{
							Span: r.kind, Kind: KindJSON,
							Message: "the aliases of the document expand to more text than any profile has, so it " +
								"is not read to the end",
						})
				}
			}
			p.readResource(r)
			out = append(out, p)
		}
	}
	return out
}

// maxNodes is how many values one document is read to: aliases can make a small one stand for a large one.
const maxNodes = 1 << 20

// converter makes the JSON that clients of the API server make of YAML (sigs.k8s.io/yaml 1.6), in which each value
// has the place of its YAML node.
type converter struct {
	left, depth int
}

func (c *converter) value(n *yamltree.Node) hujson.Value {
	c.left--
	n = n.Resolve()
	if n == nil || c.left <= 0 || c.depth == maxDepth {
		return hujson.Value{Value: hujson.Literal("null")}
	}
	v := hujson.Value{StartOffset: n.Span.Start, EndOffset: n.Span.End}
	c.depth++
	defer func() { c.depth-- }()
	switch n.Kind {
	case yamltree.Mapping:
		o := &hujson.Object{Members: make([]hujson.ObjectMember, 0, len(n.Pairs))}
		own := make(map[string]bool, len(n.Pairs))
		merges := false
		for _, pair := range n.Pairs {
			key := pair.Key.Resolve()
			switch {
			case key == nil || key.Kind != yamltree.Scalar:
			case key.Style == yamltree.Plain && key.Text == "<<":
				merges = true
			default:
				own[key.Text] = true
				c.member(o, key, pair.Value)
			}
		}
		if merges {
			for pair := range n.All() {
				if !own[pair.Key.Text] {
					c.member(o, pair.Key, pair.Value)
				}
			}
		}
		v.Value = o
	case yamltree.Sequence:
		a := &hujson.Array{Elements: make([]hujson.ArrayElement, 0, len(n.Items))}
		for _, item := range n.Items {
			a.Elements = append(a.Elements, c.value(item))
		}
		v.Value = a
	case yamltree.Scalar:
		v.Value = scalar(n)
	default:
		v.Value = hujson.Literal("null")
	}
	return v
}

func (c *converter) member(o *hujson.Object, key, value *yamltree.Node) {
	name := hujson.Value{StartOffset: key.Span.Start, EndOffset: key.Span.End, Value: hujson.String(key.Text)}
	o.Members = append(o.Members, hujson.ObjectMember{Name: name, Value: c.value(value)})
}

// scalar returns what a scalar without type becomes in JSON, by the rules of YAML 1.1 as go-yaml 2 has them.
func scalar(n *yamltree.Node) hujson.Literal {
	if n.Style != yamltree.Plain || n.Tag == "!!str" || n.Tag == "!" {
		return hujson.String(n.Text)
	}
	switch n.Text {
	case "", "~", "null", "Null", "NULL":
		return hujson.Literal("null")
	case "true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON":
		return hujson.Literal("true")
	case "false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF":
		return hujson.Literal("false")
	}
	if c := n.Text[0]; c != '-' && c != '+' && c != '.' && (c < '0' || c > '9') {
		return hujson.String(n.Text)
	}
	plain := strings.ReplaceAll(n.Text, "_", "")
	if i, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return hujson.Int(i)
	}
	if u, err := strconv.ParseUint(plain, 0, 64); err == nil {
		return hujson.Uint(u)
	}
	if number([]byte(plain)) && numeric(strings.TrimPrefix(plain, "-")) {
		return hujson.Literal(plain) // more than 64 bits
	}
	if x, err := strconv.ParseFloat(plain, 64); err == nil && strings.Trim(plain, "+-.0123456789eE") == "" {
		if text, err := json.Marshal(x); err == nil {
			return hujson.Literal(text) // 5.0 becomes 5
		}
	}
	return hujson.String(n.Text)
}

// SplitResources returns the SeccompProfiles of a file as the profiles of OCI's form that the operator makes of them,
// in JSON and in order, and what is left of the file without them, each as the API server's clients read it. It
// reports false for a file that cannot be read or has none.
func SplitResources(f *source.File) (profiles [][]byte, rest []byte, ok bool) {
	if !MentionsResource(f.Bytes) {
		return nil, nil, false
	}
	documents, whole := documentsOf(f)
	if !whole {
		return nil, nil, false
	}
	for i := range documents {
		for _, r := range resourcesIn(&documents[i]) {
			profiles = append(profiles, cutProfile(r.spec))
		}
		rest = append(append(rest, pack(documents[i])...), '\n')
	}
	return profiles, rest, len(profiles) > 0
}

// cutProfile removes the fields of OCI's form from a spec and returns them.
func cutProfile(spec *hujson.Value) []byte {
	if spec == nil {
		return []byte("null")
	}
	obj, ok := spec.Value.(*hujson.Object)
	if !ok {
		return pack(*spec)
	}
	var own, others hujson.Object
	for _, m := range obj.Members {
		if f := profileObject.exact(text(&m.Name)); f != nil && f.name != "defaultErrnoRet" {
			if f.name == "syscalls" {
				loseErrnos(&m.Value)
			}
			own.Members = append(own.Members, m)
		} else {
			others.Members = append(others.Members, m)
		}
	}
	out := pack(hujson.Value{Value: &own})
	spec.Value = &others
	return out
}

// loseErrnos removes the numbers 0 from rules, as the operator does.
func loseErrnos(v *hujson.Value) {
	list := elements(v)
	for i := range list {
		if rule, ok := list[i].Value.(*hujson.Object); ok {
			rule.Members = slices.DeleteFunc(rule.Members, func(m hujson.ObjectMember) bool {
				var n Number
				n.read(&m.Value)
				return text(&m.Name) == "errnoRet" && n.Known && n.Value == 0
			})
		}
	}
}

// pack returns a value as JSON without blanks.
func pack(v hujson.Value) []byte {
	v.Minimize()
	return v.Pack()
}
