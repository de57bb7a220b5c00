package seccomp

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tailscale/hujson"

	"github.com/sandlint/sandlint/parsers/source"
)

// object is a kind of JSON object and the fields that its readers know.
type object struct {
	fields []field
}

// exact returns the field with a name, or nil.
func (o *object) exact(key string) *field {
	for i := range o.fields {
		if o.fields[i].name == key {
			return &o.fields[i]
		}
	}
	return nil
}

type field struct {
	name string
	// in is the kind of the object that is the value, or of the elements of the array that is the value.
	in *object
	// dialect is the form that the field makes the file, OCI for a field that all forms have.
	dialect Dialect
}

var (
	filterObject  = object{[]field{{name: "caps"}, {name: "arches"}, {name: "minKernel"}}}
	argObject     = object{[]field{{name: "index"}, {name: "value"}, {name: "valueTwo"}, {name: "op"}}}
	archMapObject = object{[]field{{name: "architecture"}, {name: "subArchitectures"}}}
	ruleObject    = object{[]field{
		{name: "names"}, {name: "action"}, {name: "args", in: &argObject}, {name: "errnoRet"},
		{name: "name", dialect: Docker}, {name: "comment", dialect: Docker},
		{name: "includes", in: &filterObject, dialect: Docker}, {name: "excludes", in: &filterObject, dialect: Docker},
		{name: "errno", dialect: Containers},
	}}
	profileObject = object{[]field{
		{name: "defaultAction"}, {name: "defaultErrnoRet"}, {name: "architectures"}, {name: "flags"},
		{name: "listenerPath"}, {name: "listenerMetadata"},
		{name: "syscalls", in: &ruleObject},
		{name: "archMap", in: &archMapObject, dialect: Docker},
		{name: "defaultErrno", dialect: Containers},
	}}
)

// lookup returns the field that a key means to a reader that ignores the case of letters, as Go's encoding/json does,
// or nil.
func (o *object) lookup(key string) *field {
	if f := o.exact(key); f != nil {
		return f
	}
	for i := range o.fields {
		if strings.EqualFold(o.fields[i].name, key) {
			return &o.fields[i]
		}
	}
	return nil
}

// Parse reads a profile, or the linux.seccomp of a whole config.json. Of a file with several SeccompProfiles it reads
// the first. It reads what it can of any text, and never returns nil.
func Parse(f *source.File) *Profile { return ParseAll(f)[0] }

// ParseAll reads the profiles of a file, in order. Only files with SeccompProfile resources can have several, in
// documents of their own or in a list; there is always one.
func ParseAll(f *source.File) []*Profile {
	var profiles []*Profile
	resources := MentionsResource(f.Bytes)
	if resources && isYAML(f) {
		profiles = parseYAML(f)
	}
	if len(profiles) == 0 {
		profiles = parseJSON(f, resources)
	}
	for _, p := range profiles {
		p.finish()
	}
	return profiles
}

// finish puts what was found in order, and prepares Named.
func (p *Profile) finish() {
	slices.SortStableFunc(p.Problems, func(a, b source.Problem) int {
		return cmp.Or(cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(a.Span.End, b.Span.End),
			cmp.Compare(a.Message, b.Message))
	})
	slices.SortFunc(p.Surplus, func(a, b source.Span) int { return cmp.Compare(a.Start, b.Start) })
	for _, fields := range [][]Field{p.UnknownFields, p.MiscasedFields, p.DuplicateFields} {
		slices.SortStableFunc(fields, func(a, b Field) int { return cmp.Compare(a.Name.Span.Start, b.Name.Span.Start) })
	}
	p.named = p.Named()
}

// parseJSON reads a JSON file. Resources says that there may be SeccompProfiles in it.
func parseJSON(f *source.File, resources bool) []*Profile {
	p := &Profile{Source: f}
	s := scanner{file: f}
	text, ok := s.scan()
	p.Problems, p.Surplus = s.problems, s.surplus
	if !ok {
		return []*Profile{p}
	}
	root, err := hujson.Parse(text)
	if err != nil { // the scanner refuses all that hujson refuses
		p.Problems = append(p.Problems,
			source.Problem{Span: source.Span{Start: 0, End: len(text)}, Kind: KindJSON, Message: "text is not JSON"})
		return []*Profile{p}
	}
	if resources {
		if found := resourcesIn(&root); len(found) > 0 {
			all := make([]*Profile, len(found))
			for i, r := range found {
				all[i] = &Profile{Source: f}
				if i == 0 {
					all[i] = p
				}
				all[i].readResource(r)
			}
			return all
		}
	}
	p.read(root)
	return []*Profile{p}
}

// repeated notes the members of an object above the profile that have one of some names and repeat an earlier one.
func (p *Profile) repeated(v *hujson.Value, names ...string) {
	obj, ok := v.Value.(*hujson.Object)
	if !ok {
		return
	}
	first := map[string]*hujson.ObjectMember{}
	for i := range obj.Members {
		m := &obj.Members[i]
		name := text(&m.Name)
		if !slices.Contains(names, name) {
			continue
		}
		if first[name] == nil {
			first[name] = m
			continue
		}
		p.DuplicateFields = append(p.DuplicateFields, Field{
			Name: String{name, span(&m.Name)}, Near: name, Value: span(&m.Value), Earlier: span(&first[name].Name),
			EarlierValue: span(&first[name].Value),
		})
	}
}

func (p *Profile) read(root hujson.Value) {
	if linux := member(&root, "linux"); linux != nil && member(&root, "ociVersion") != nil {
		p.Dialect = Bundle
		p.repeated(&root, "ociVersion", "linux")
		p.repeated(linux, "seccomp")
		if process := member(&root, "process"); process != nil {
			if v := member(process, "noNewPrivileges"); v != nil {
				p.NoNewPrivileges = v.Value.Kind() == 't'
			}
			p.User = user(process)
		}
		profile := member(linux, "seccomp")
		if profile == nil || isNull(profile) {
			return
		}
		root = *profile
	}
	p.Span = span(&root)
	p.profile(&root)
	p.check(&root)
}

// user returns what process.user of a bundle says; nil where that is no pair of numbers.
func user(process *hujson.Value) *User {
	v := member(process, "user")
	if v == nil || isNull(v) {
		return &User{}
	}
	if _, ok := v.Value.(*hujson.Object); !ok {
		return nil
	}
	var u User
	for name, id := range map[string]*uint32{"uid": &u.UID, "gid": &u.GID} {
		m := member(v, name)
		if m == nil || isNull(m) {
			continue
		}
		literal, ok := m.Value.(hujson.Literal)
		if !ok {
			return nil
		}
		n, err := strconv.ParseUint(string(literal), 10, 32)
		if err != nil {
			return nil
		}
		*id = uint32(n)
	}
	return &u
}

// member returns the value of the last member with a key, as Go's encoding/json does, or nil.
func member(v *hujson.Value, key string) *hujson.Value {
	object, ok := v.Value.(*hujson.Object)
	if !ok {
		return nil
	}
	for i := len(object.Members) - 1; i >= 0; i-- {
		if m := &object.Members[i]; text(&m.Name) == key {
			return &m.Value
		}
	}
	return nil
}

// path is the way from the profile to an object; nil is the profile itself. It is put into words only for the few
// fields that are recorded.
type path struct {
	up    *path
	name  string
	index int // -1 for the value of name itself
}

func (p *path) String() string {
	if p == nil {
		return ""
	}
	s := p.up.String()
	if s != "" {
		s += "."
	}
	s += p.name
	if p.index >= 0 {
		s += "[" + strconv.Itoa(p.index) + "]"
	}
	return s
}

// members calls read with each member of an object whose name is a field of kind, and records what is odd about the
// others. A value that is no object has no members.
func (p *Profile) members(v *hujson.Value, kind *object, at *path, read func(name string, v *hujson.Value)) {
	obj, ok := v.Value.(*hujson.Object)
	if !ok {
		return
	}
	var seen [16]*hujson.ObjectMember // the first member of each field, by index in kind.fields
	unknown := len(p.UnknownFields)
	for i := range obj.Members {
		m := &obj.Members[i]
		key := String{text(&m.Name), span(&m.Name)}
		f := kind.lookup(key.Text)
		if p.Dialect == SPO && f != nil && f.name != key.Text { // the API server compares names literally
			p.UnknownFields = append(p.UnknownFields,
				Field{Name: key, Near: f.name, Value: span(&m.Value), Path: at.String()})
			continue
		}
		if f == nil {
			p.UnknownFields = append(p.UnknownFields,
				Field{Name: key, Near: kind.near(key.Text), Value: span(&m.Value), Path: at.String()})
			continue
		}
		if f.name != key.Text && f.name != "comment" {
			p.MiscasedFields = append(p.MiscasedFields,
				Field{Name: key, Near: f.name, Value: span(&m.Value), Path: at.String()})
		}
		for j := range kind.fields {
			if f != &kind.fields[j] {
				continue
			}
			switch first := seen[j]; {
			case first == nil:
				seen[j] = m
			case f.name != "comment":
				p.DuplicateFields = append(p.DuplicateFields, Field{
					Name: key, Near: f.name, Value: span(&m.Value), Earlier: span(&first.Name),
					EarlierValue: span(&first.Value), Path: at.String(),
				})
			}
		}
		if p.Dialect < Bundle && f.dialect > p.Dialect {
			p.Dialect = f.dialect
		}
		read(f.name, &m.Value)
	}
	for i := unknown; i < len(p.UnknownFields); i++ {
		u := &p.UnknownFields[i]
		if j := slices.IndexFunc(kind.fields, func(f field) bool { return f.name == u.Near }); j >= 0 &&
			seen[j] != nil && u.Path == at.String() {
			u.Near = ""
		}
	}
}

func (o *object) near(key string) string {
	names := make([]string, len(o.fields))
	for i, f := range o.fields {
		names[i] = f.name
	}
	return source.Nearest(key, names)
}

// elements returns the elements of an array; none for another value.
func elements(v *hujson.Value) []hujson.Value {
	if array, ok := v.Value.(*hujson.Array); ok {
		return array.Elements
	}
	return nil
}

// object returns the kind of object that the profile is.
func (p *Profile) object() *object {
	if p.Dialect == SPO {
		return &resourceObject
	}
	return &profileObject
}

func (p *Profile) profile(v *hujson.Value) {
	p.members(v, p.object(), nil, func(name string, v *hujson.Value) {
		switch name {
		case "baseProfileName":
			p.BaseProfileName.read(v)
		case "defaultAction":
			p.DefaultAction.read(v)
		case "defaultErrnoRet":
			if p.Dialect != SPO { // which has no such field
				p.DefaultErrnoRet.read(v)
			}
		case "defaultErrno":
			p.DefaultErrno.read(v)
		case "architectures":
			p.Architectures = stringList(v)
		case "archMap":
			p.ArchMap, p.ArchMapSpan = nil, source.Span{}
			if v.Value.Kind() == '[' {
				p.ArchMapSpan = span(v)
			}
			for i := range elements(v) {
				if v := &elements(v)[i]; !isNull(v) {
					p.ArchMap = append(p.ArchMap, p.archMap(v, &path{nil, name, i}))
				}
			}
		case "flags":
			p.Flags, p.FlagsGiven = stringList(v), v.Value.Kind() == '['
		case "listenerPath":
			p.ListenerPath.read(v)
		case "listenerMetadata":
			p.ListenerMetadata.read(v)
		case "syscalls":
			p.Rules, p.SyscallsSpan = nil, source.Span{}
			list := elements(v)
			if v.Value.Kind() == '[' {
				p.SyscallsSpan = span(v)
			}
			rules := make([]Rule, len(list))
			for i := range list {
				if isNull(&list[i]) {
					continue
				}
				p.rule(&rules[i], &list[i], &path{nil, name, i})
				p.Rules = append(p.Rules, &rules[i])
			}
		}
	})
}

func (p *Profile) archMap(v *hujson.Value, at *path) ArchMap {
	m := ArchMap{Span: span(v)}
	p.members(v, &archMapObject, at, func(name string, v *hujson.Value) {
		switch name {
		case "architecture":
			m.Architecture.read(v)
		case "subArchitectures":
			m.SubArchitectures = stringList(v)
		}
	})
	return m
}

func (p *Profile) rule(r *Rule, v *hujson.Value, at *path) {
	r.Span = span(v)
	kind := &ruleObject
	if p.Dialect == SPO {
		kind = &resourceRule
	}
	p.members(v, kind, at, func(name string, v *hujson.Value) {
		switch name {
		case "names":
			r.Names, r.NamesSpan = stringList(v), source.Span{}
			if v.Value.Kind() == '[' {
				r.NamesSpan = span(v)
			}
		case "name":
			r.Name.read(v)
		case "action":
			r.Action.read(v)
		case "errnoRet":
			if r.ErrnoRet.read(v); p.Dialect == SPO && r.ErrnoRet.Value == 0 && r.ErrnoRet.Known {
				r.ErrnoRet = Number{} // the operator loses it
			}
		case "errno":
			r.Errno.read(v)
		case "args":
			r.Args, r.ArgsSpan = nil, source.Span{}
			if v.Value.Kind() == '[' {
				r.ArgsSpan = span(v)
			}
			for i := range elements(v) {
				if v := &elements(v)[i]; !isNull(v) {
					r.Args = append(r.Args, p.arg(v, &path{at, name, i}))
				}
			}
		case "comment":
			r.Comment.read(v)
		case "includes":
			r.Includes = p.filter(v, &path{at, name, -1})
		case "excludes":
			r.Excludes = p.filter(v, &path{at, name, -1})
		}
	})
	if r.Name.Text != "" && len(r.Names) == 0 && p.Dialect != SPO {
		r.Names, r.NamesSpan, r.LegacyName = []String{r.Name}, r.Name.Span, true
	}
}

func (p *Profile) arg(v *hujson.Value, at *path) Arg {
	a := Arg{Span: span(v)}
	p.members(v, &argObject, at, func(name string, v *hujson.Value) {
		switch name {
		case "index":
			a.Index.read(v)
		case "value":
			a.Value.read(v)
		case "valueTwo":
			a.ValueTwo.read(v)
		case "op":
			a.Op.read(v)
		}
	})
	return a
}

func (p *Profile) filter(v *hujson.Value, at *path) Scope {
	if v.Value.Kind() != '{' {
		return Scope{}
	}
	f := Scope{Span: span(v)}
	p.members(v, &filterObject, at, func(name string, v *hujson.Value) {
		switch name {
		case "caps":
			f.Caps = stringList(v)
		case "arches":
			f.Arches = stringList(v)
		case "minKernel":
			f.MinKernel.read(v)
		}
	})
	return f
}

// read sets s to a string; other values leave it as it is, as null does in Go.
func (s *String) read(v *hujson.Value) {
	if v.Value.Kind() == '"' {
		*s = String{text(v), span(v)}
	}
}

// read sets n to a number.
func (n *Number) read(v *hujson.Value) {
	if v.Value.Kind() == '0' {
		value, err := strconv.ParseUint(string(v.Value.(hujson.Literal)), 10, 64)
		*n = Number{value, err == nil, span(v)}
		if err != nil {
			n.Value = 0
		}
	}
}

// stringList returns the strings of an array, without its other elements.
func stringList(v *hujson.Value) []String {
	elements := elements(v)
	if len(elements) == 0 {
		return nil
	}
	list := make([]String, 0, len(elements))
	for i := range elements {
		if v := &elements[i]; v.Value.Kind() == '"' {
			list = append(list, String{text(v), span(v)})
		}
	}
	return list
}

// text returns what a JSON string stands for; invalid UTF-8 becomes U+FFFD, as in Go's encoding/json.
func text(v *hujson.Value) string {
	literal := v.Value.(hujson.Literal)
	for _, c := range literal {
		if c == '\\' || c >= utf8.RuneSelf {
			return literal.String()
		}
	}
	return string(literal[1 : len(literal)-1])
}

func span(v *hujson.Value) source.Span { return source.Span{Start: v.StartOffset, End: v.EndOffset} }

func isNull(v *hujson.Value) bool { return v.Value.Kind() == 'n' }
