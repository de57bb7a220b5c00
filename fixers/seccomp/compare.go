// Package seccomp edits seccomp profiles in their own terms, and proves that an edited profile still decides as it did.
package seccomp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

// Syscalls declares that what is decided about syscalls, by name, may change.
type Syscalls []string

// Allows implements fixers.Change.
func (s Syscalls) Allows() string { return "the decisions about " + fixers.Enumerate(s) }

// AnyDecision declares that a profile may decide otherwise about any syscall.
type AnyDecision struct{}

// Allows implements fixers.Change.
func (AnyDecision) Allows() string { return "the decision about any syscall" }

// Compare returns in one sentence what changed between two texts of a profile that fixes, whose edits turned before
// into after, do not declare, and returns "" when nothing did. Both texts are read by encoding/json as runc, Docker,
// Podman and containerd do: the case of letters in the names of fields does not matter, and unknown fields and
// comments mean nothing. A known key that occurs twice in an object is refused, since its readers do not agree which
// one counts, unless a repair leaves it.
//
// What is compared is what the profile decides for every target: decide.Diff. A fix that adds or removes a name may
// move runc's border, and with it the answer to all syscalls in between. One that declares syscalls may do so, as
// long as no other call runs that did not, or the other way round. What it declares about a call that socketcall(2)
// or ipc(2) makes too, it declares about these. A profile that a target accepted must not be refused after the fix.
// Rules about a name that no libseccomp knows, and those that are not of the right shape, must stay as they are,
// since their effect is unknown. Outside of the rules, fields must mean the same: of archMap the first entry of each
// architecture counts, and errno in words gives the number where there is none.
//
// Syscalls that a fix declares may differ; with fixers.Repair and AnyDecision only the text after is read.
//
// In a file with SeccompProfile resources each of them is compared so, and all else must stay as it is.
func Compare(before, after *source.File, fixes []fixers.Fix, targets decide.Targets) string {
	return new(Memory).Compare(before, after, fixes, targets)
}

// Memory is what comparisons of several texts with one share. It belongs to one goroutine.
type Memory struct {
	text    string // the last one
	meaning *meaning
	err     error
	profile *seccomp.Profile
	known   []*seccomp.Profile // see Parsed
	// elements are the values in lists, such as rules, by their text: most are in the text after fixes as they were.
	elements map[elementKey]element
}

// elementKey is the text of a value in a list, and how deep it is nested.
type elementKey struct {
	depth int
	text  string
}

// element is a value in a list. Nobody changes it.
type element struct {
	value any
	twice bool // see decoder
}

// Parsed adds what Parse returned for a text, so the next comparison need not parse the same text again.
func (m *Memory) Parsed(p *seccomp.Profile) { m.known = append(m.known, p) }

// read reads the text before.
func (m *Memory) read(before *source.File) (*meaning, error) {
	if text := string(before.Bytes); m.text != text || m.meaning == nil && m.err == nil {
		m.text, m.profile = text, nil
		m.meaning, m.err = m.decode(before.Bytes)
	}
	return m.meaning, m.err
}

// parse returns the profile of the text before, which read has read.
func (m *Memory) parse(before *source.File) *seccomp.Profile {
	if m.profile == nil || m.profile.Source != before {
		m.profile = m.parsed(before)
	}
	return m.profile
}

// parsed returns what Parse returns for a file.
func (m *Memory) parsed(f *source.File) *seccomp.Profile {
	for _, p := range m.known {
		if p.Source == f || p.Source.Path == f.Path && bytes.Equal(p.Source.Bytes, f.Bytes) {
			return p
		}
	}
	return seccomp.Parse(f)
}

// Compare is the function Compare.
func (m *Memory) Compare(before, after *source.File, fixes []fixers.Fix, targets decide.Targets) string {
	defer func() { m.known = nil }()
	if seccomp.MentionsResource(before.Bytes) {
		return compareResources(before, after, fixes, targets)
	}
	return m.compareProfile(before, after, declarationOf(fixes), targets)
}

// declaration is what fixes declare.
type declaration struct {
	syscalls map[string]bool
	// repair says that there is nothing to compare but whether the text after can be read.
	repair bool
}

func declarationOf(fixes []fixers.Fix) declaration {
	d := declaration{syscalls: map[string]bool{}}
	for _, f := range fixes {
		d.repair = d.repair || fixers.Declares[fixers.Repair](f) || fixers.Declares[AnyDecision](f)
		for _, name := range slices.Concat(fixers.Declared[Syscalls](f)...) {
			d.syscalls[name] = true
			if s, ok := seccomp.LookupSyscall(name); ok && s.SocketCall != 0 {
				d.syscalls["socketcall"] = true
			} else if ok && s.IPC != 0 {
				d.syscalls["ipc"] = true
			}
		}
	}
	return d
}

// compareProfile is Compare for two texts of one profile.
func (m *Memory) compareProfile(before, after *source.File, fixes declaration, targets decide.Targets) string {
	declared, repair := fixes.syscalls, fixes.repair
	now, err := m.decode(after.Bytes)
	if repair && errors.Is(err, errTwice) {
		if _, old := m.read(before); errors.Is(old, errTwice) ||
			old != nil && len(m.parse(before).DuplicateFields) > 0 {
			return "" // no reader took the text before, and what occurs twice has a finding of its own
		}
	}
	if err != nil {
		return fmt.Sprintf("the result cannot be read: %v", err)
	}
	if repair {
		return ""
	}
	old, err := m.read(before)
	if err != nil {
		return fmt.Sprintf("the text before the fix cannot be read, so nothing can be compared: %v", err)
	}
	for _, key := range slices.Sorted(maps.Keys(old.fields)) {
		if old.fields[key] != now.fields[key] {
			return fmt.Sprintf("%s is %s after the fix, and was %s", key, orNone(now.fields[key]),
				orNone(old.fields[key]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(now.fields)) {
		if old.fields[key] != now.fields[key] {
			return fmt.Sprintf("%s is %s after the fix, and was %s", key, now.fields[key], orNone(old.fields[key]))
		}
	}
	difference := old.compareRules(now, declared, func(string) bool { return false })
	if difference == "" && len(declared) == 0 && !old.sharesCalls() {
		return "" // as it is written, already
	}
	was, is := m.parse(before), m.parsed(after)
	plain := !misshapen(was) && !misshapen(is) && (difference == "" || hostsKnown(was))
	if d := old.compareRules(now, declared, func(name string) bool {
		_, known := seccomp.LookupSyscall(name)
		return known && plain
	}); d != "" {
		return d
	}
	if len(declared) > 0 { // what DiffExcept leaves out, compareDecisions passes over
		return compareDecisions(decide.DiffExcept(was, is, targets, declared), declared)
	}
	return compareDecisions(decide.Diff(was, is, targets), declared)
}

// sharesCalls reports whether rules about different calls that socketcall(2) and ipc(2) make have different actions.
// Libseccomp may then refuse them in another order, though those about each call are in the same one.
func (m *meaning) sharesCalls() bool {
	first := ""
	for name, rules := range m.syscalls {
		s, ok := seccomp.LookupSyscall(name)
		if !ok || s.SocketCall == 0 && s.IPC == 0 && name != "socketcall" && name != "ipc" {
			continue
		}
		for _, r := range rules {
			action, _, _ := strings.Cut(r, " if ")
			if first == "" {
				first = action
			}
			if action != first {
				return true
			}
		}
	}
	return false
}

// Decidable reports whether the decisions of a profile can be compared, so a fix may remove rules that change none: all
// of it is read as what it stands for, and it is known for which machines it is.
func Decidable(p *seccomp.Profile) bool { return !misshapen(p) && hostsKnown(p) }

// hostsKnown reports whether a profile says for which machines it is. Without that, rules that decide alike on the
// usual ones may differ on others.
func hostsKnown(p *seccomp.Profile) bool {
	if len(p.Architectures)+len(p.ArchMap) > 0 {
		return true
	}
	for _, rule := range p.Rules {
		if len(rule.Includes.Arches)+len(rule.Excludes.Arches) > 0 {
			return false
		}
		for _, name := range rule.Names {
			if s, ok := seccomp.LookupSyscall(name.Text); ok && !s.On("x86_64") && !s.On("aarch64") {
				return false
			}
		}
	}
	return true
}

// misshapen reports whether a profile has parts that Parse does not read as what they stand for.
func misshapen(p *seccomp.Profile) bool {
	return slices.ContainsFunc(p.Problems, func(problem source.Problem) bool {
		return problem.Kind != seccomp.KindNoDefault && problem.Kind != seccomp.KindEmptyNames &&
			problem.Kind != seccomp.KindNoArgument && problem.Kind != seccomp.KindManyArguments
	})
}

// compareRules compares the rules about each syscall as they are written, except those about which decided says that
// their decisions are compared.
func (m *meaning) compareRules(now *meaning, declared map[string]bool, decided func(name string) bool) string {
	for _, name := range slices.Sorted(maps.Keys(m.syscalls)) {
		rules, ok := now.syscalls[name]
		switch {
		case declared[name] || decided(name):
		case !ok:
			return fmt.Sprintf("no rule names the syscall %q after the fix", name)
		case !slices.Equal(rules, m.syscalls[name]):
			return fmt.Sprintf("other rules decide about the syscall %q after the fix", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now.syscalls)) {
		if _, ok := m.syscalls[name]; !ok && !declared[name] && !decided(name) {
			return fmt.Sprintf("no rule named the syscall %q before the fix", name)
		}
	}
	return ""
}

// alone reports whether a syscall is made in one way only. Names of the others do not make runc's border, so a rule
// that allows them may not reach their own number, while the call goes through socketcall(2) or ipc(2) nevertheless.
func alone(name string) bool {
	s, ok := seccomp.LookupSyscall(name)
	return !ok || s.SocketCall == 0 && s.IPC == 0
}

// compareDecisions says what a difference holds that is not declared. Flags and the listener were compared as fields.
func compareDecisions(d *decide.Difference, declared map[string]bool) string {
	for _, c := range d.Whole {
		switch {
		case c.What == decide.WhatFlags, c.What == decide.WhatListener:
		case c.What != decide.WhatRefused:
			return fmt.Sprintf("the fix changes %s", c.What)
		case c.Before.Refusal == nil:
			return fmt.Sprintf("the profile is refused: %s; before the fix it is accepted", c.After.Refusal.Reason)
		}
	}
	for _, c := range d.Changes {
		if len(declared) > 0 && c.Cause == decide.CauseBorder &&
			(c.Effect == 0 || !slices.ContainsFunc(c.Syscalls, alone)) {
			continue // what that breaks is for seccomp/enosys-border to find
		}
		for _, name := range c.Syscalls {
			if !declared[name] {
				return changeText(&c, name)
			}
		}
	}
	return ""
}

// changeText returns in one sentence what changed about a syscall, for one of the targets for which it did.
func changeText(c *decide.Change, name string) string {
	if c.Before == nil {
		return fmt.Sprintf("the decisions about %q cannot be compared, because there are too many sets of capabilities",
			name)
	}
	on, example := "", ""
	if len(c.ABIs) > 0 {
		on = " on " + c.ABIs[0]
	}
	if !c.For.All() && len(c.Targets) > 0 {
		example = ", for example for " + c.Targets[0].String()
	}
	switch {
	case c.Unsure:
		return fmt.Sprintf("it is unknown whether %s decides about %q%s as %s did%s", c.After, name, on, c.Before,
			example)
	case c.Cause == decide.CauseBorder:
		return fmt.Sprintf("the decision about %q%s is %s after the fix, and was %s%s: the highest number that the "+
			"profile "+
			"names changed", name, on, c.After, c.Before, example)
	}
	return fmt.Sprintf("the decision about %q%s is %s after the fix, and was %s%s", name, on, c.After, c.Before,
		example)
}

func orNone(s string) string {
	if s == "" {
		return "absent"
	}
	return s
}

// meaning is a profile in a form in which equal decisions are equal texts.
type meaning struct {
	// fields are all but the rules, by name, as JSON; those that are absent or mean nothing are left out. What
	// surrounds the profile in a bundle is the field "config.json".
	fields map[string]string
	// syscalls are the rules that count, by name, in order.
	syscalls map[string][]string
}

type object = map[string]any

// decode is like read, and remembers the elements of lists.
func (m *Memory) decode(text []byte) (*meaning, error) {
	if m.elements == nil {
		m.elements = map[elementKey]element{}
	}
	d := newDecoder(text, m.elements)
	root, err := d.value(0)
	if err != nil {
		return read(text) // for its error
	}
	return d.meaning(root, text)
}

func read(text []byte) (*meaning, error) {
	d := newDecoder(text, nil)
	root, err := d.value(0)
	if err != nil {
		return nil, err
	}
	return d.meaning(root, text)
}

// meaning returns what a value means that is the first in a text.
func (d *decoder) meaning(root any, text []byte) (*meaning, error) {
	if d.twice {
		if p := seccomp.Parse(source.NewFile("profile.json", text)); len(p.DuplicateFields) > 0 {
			return nil, fmt.Errorf("the key %q %w", p.DuplicateFields[0].Near, errTwice)
		}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}
	m := &meaning{fields: map[string]string{}, syscalls: map[string][]string{}}
	profile, ok := root.(object)
	if !ok {
		m.fields["profile"] = compact(root)
		return m, nil
	}
	if linux, ok := profile["linux"].(object); ok && profile["ociVersion"] != nil {
		inner := linux["seccomp"]
		delete(linux, "seccomp")
		m.fields["config.json"] = compact(root)
		if profile, ok = inner.(object); !ok {
			m.fields["linux.seccomp"] = compact(inner)
			return m, nil
		}
	}
	return m, m.read(profile)
}

// errTwice is matched by the errors about a known key that occurs twice in one object.
var errTwice = errors.New("occurs twice in one object")

// isKnown reports whether a key means something in some object of a profile, or leads to the profile.
func isKnown(key string) bool {
	for _, fields := range [][]string{
		profileFields, archMapFields, ruleFields, argFields, filterFields, {"ociVersion", "linux", "seccomp"},
	} {
		if slices.ContainsFunc(fields, func(f string) bool { return strings.EqualFold(f, key) }) {
			return true
		}
	}
	return false
}

// maxDepth is how deep values may be nested, as in encoding/json.
const maxDepth = 10_000

// decoder reads JSON values.
type decoder struct {
	*json.Decoder
	twice    bool // whether a known key occurred twice in one object, maybe where no reader looks
	elements map[elementKey]element
}

// newDecoder returns a decoder that takes the elements of lists that it has read already from a map, where it is not
// nil, and adds the others. Then the errors may have other texts.
func newDecoder(text []byte, elements map[elementKey]element) *decoder {
	d := &decoder{Decoder: json.NewDecoder(bytes.NewReader(text)), elements: elements}
	d.UseNumber()
	return d
}

// element reads a value in a list.
func (d *decoder) element(depth int) (any, error) {
	if d.elements == nil {
		return d.value(depth)
	}
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return nil, err
	}
	key := elementKey{depth, string(raw)}
	e, ok := d.elements[key]
	if !ok {
		inner := newDecoder(raw, nil)
		var err error
		if e.value, err = inner.value(depth); err != nil {
			return nil, err
		}
		e.twice = inner.twice
		d.elements[key] = e
	}
	d.twice = d.twice || e.twice
	return e.value, nil
}

// value reads one value.
func (d *decoder) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("values are nested too deeply")
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		o := object{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			name := key.(string) // the decoder lets nothing else pass here
			if _, ok := o[name]; ok && isKnown(name) {
				d.twice = true
			}
			if o[name], err = d.value(depth + 1); err != nil {
				return nil, err
			}
		}
		_, err = d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := d.element(depth + 1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	return token, nil
}

// compact returns a value as JSON with sorted keys.
func compact(v any) string {
	text, err := json.Marshal(v)
	if err != nil { // what was decoded can be encoded
		return fmt.Sprint(v)
	}
	return string(text)
}

var (
	profileFields = []string{
		"defaultAction", "defaultErrnoRet", "defaultErrno", "architectures", "archMap", "flags", "listenerPath",
		"listenerMetadata", "syscalls",
	}
	archMapFields = []string{"architecture", "subArchitectures"}
	ruleFields    = []string{"names", "name", "action", "errnoRet", "errno", "args", "includes", "excludes"}
	argFields     = []string{"index", "value", "valueTwo", "op"}
	filterFields  = []string{"caps", "arches", "minKernel"}
)

// known returns the fields of o that its readers know, by their canonical names, without nulls.
func known(o object, fields []string) (object, error) {
	out := object{}
	for _, key := range slices.Sorted(maps.Keys(o)) {
		v := o[key]
		i := slices.IndexFunc(fields, func(f string) bool { return strings.EqualFold(f, key) })
		if i < 0 {
			continue
		}
		if _, ok := out[fields[i]]; ok {
			return nil, fmt.Errorf("the key %q %w, in different case", fields[i], errTwice)
		}
		if v != nil {
			out[fields[i]] = v
		}
	}
	return out, nil
}

func (m *meaning) read(o object) error {
	p, err := known(o, profileFields)
	if err != nil {
		return err
	}
	action := action(p["defaultAction"], p["defaultErrnoRet"], p["defaultErrno"])
	m.fields["defaultAction"] = action
	for _, key := range []string{"architectures", "archMap", "listenerPath", "listenerMetadata"} {
		if !empty(p[key]) {
			m.fields[key] = compact(p[key])
		}
	}
	if list, ok := set(p["architectures"]); ok && len(list) > 0 {
		m.fields["architectures"] = compact(list)
	}
	if flags, ok := p["flags"]; ok { // an empty list is not an absent one: runc and crun then set no flag of their own
		m.fields["flags"] = compact(flags)
		if list, ok := set(flags); ok {
			m.fields["flags"] = compact(list)
		}
	}
	if list, ok := p["archMap"].([]any); ok && len(list) > 0 {
		text := ""
		hosts := map[string]bool{}
		for _, v := range list {
			entry, ok := v.(object)
			if !ok {
				text += compact(v)
				continue
			}
			if entry, err = known(entry, archMapFields); err != nil {
				return err
			}
			if list, ok := set(entry["subArchitectures"]); ok {
				host, _ := entry["architecture"].(string) // is in the filter anyway
				entry["subArchitectures"] = slices.DeleteFunc(list, func(s string) bool { return s == host })
			}
			if name, ok := entry["architecture"].(string); ok {
				if hosts[name] {
					continue
				}
				hosts[name] = true
			}
			text += compact(entry)
		}
		m.fields["archMap"] = text
	}
	list, ok := p["syscalls"].([]any)
	if p["defaultAction"] != notify && !slices.ContainsFunc(list, notifies) {
		// Nothing is notified of a call. That crun connects nevertheless decides about none.
		delete(m.fields, "listenerPath")
		delete(m.fields, "listenerMetadata")
	}
	if !ok {
		if p["syscalls"] != nil {
			m.fields["syscalls"] = compact(p["syscalls"])
		}
		return nil
	}
	rules := map[string][]rule{}
	odd := 0
	for _, v := range list {
		o, ok := v.(object)
		if !ok {
			odd++ // counted apart, so another element may go
			m.fields[fmt.Sprintf("element %d of syscalls that is not a rule", odd)] = compact(v)
			continue
		}
		names, expanded, err := readRule(o)
		if err != nil {
			return err
		}
		for _, name := range names {
			rules[name] = append(rules[name], expanded...)
		}
	}
	for name, list := range rules {
		m.syscalls[name] = effective(list, action)
	}
	return nil
}

// notify is the action that hands a call to the listener.
const notify = "SCMP_ACT_NOTIFY"

// notifies reports whether an element of syscalls may have the action notify.
func notifies(v any) bool {
	o, ok := v.(object)
	if !ok {
		return false
	}
	for key, action := range o {
		if action == notify && strings.EqualFold(key, "action") {
			return true
		}
	}
	return false
}

// rule is one rule for one syscall.
type rule struct {
	action string
	// conditions are those that must all hold, sorted; none for a rule that always matches.
	conditions []string
	// filter is Docker's includes and excludes; "" for a rule that is always there.
	filter string
}

func (r rule) String() string {
	return r.action + " if " + strings.Join(r.conditions, " and ") + " where " + r.filter
}

// readRule returns the names of a rule, each once, and the rules that it stands for.
func readRule(o object) (names []string, rules []rule, err error) {
	r, err := known(o, ruleFields)
	if err != nil {
		return nil, nil, err
	}
	named := r["names"]
	if empty(named) && !empty(r["name"]) {
		named = []any{r["name"]}
		delete(r, "name")
	}
	names, ok := set(named)
	if !ok {
		names = []string{"names " + compact(named)} // no reader takes it
	}
	one := rule{action: action(r["action"], r["errnoRet"], r["errno"])}
	if !empty(r["name"]) {
		one.filter += "name " + compact(r["name"])
	}
	for _, key := range []string{"includes", "excludes"} {
		f, ok := r[key].(object)
		if !ok {
			if !empty(r[key]) {
				one.filter += key + compact(r[key])
			}
			continue
		}
		if f, err = known(f, filterFields); err != nil {
			return nil, nil, err
		}
		for _, k := range filterFields {
			if list, ok := set(f[k]); ok {
				f[k] = list
			}
			if empty(f[k]) {
				delete(f, k)
			}
		}
		if len(f) > 0 {
			one.filter += key + compact(f)
		}
	}
	conditions, alternatives, err := readArgs(r["args"])
	if err != nil {
		return nil, nil, err
	}
	if !alternatives {
		slices.Sort(conditions)
		one.conditions = slices.Compact(conditions)
		return names, []rule{one}, nil
	}
	for _, c := range conditions {
		one.conditions = []string{c}
		rules = append(rules, one)
	}
	return names, rules, nil
}

// maxArgs is the number of conditions that crun looks at.
const maxArgs = 6

// readArgs returns the conditions of a rule, and whether each of them is an alternative, as they are when two are
// about one argument.
func readArgs(v any) (conditions []string, alternatives bool, err error) {
	list, ok := v.([]any)
	if !ok {
		if !empty(v) {
			conditions = []string{"args " + compact(v)}
		}
		return conditions, false, nil
	}
	seen := map[string]bool{}
	always := true // no condition restricts anything
	for _, v := range list {
		if v == nil {
			continue
		}
		arg, ok := v.(object)
		if !ok {
			conditions, always = append(conditions, compact(v)), false
			continue
		}
		if arg, err = known(arg, argFields); err != nil {
			return nil, false, err
		}
		for _, k := range []string{"index", "value", "valueTwo"} {
			if arg[k] == nil {
				arg[k] = json.Number("0")
			}
		}
		mask, ok1 := number(arg["value"])
		value, ok2 := number(arg["valueTwo"])
		switch {
		case arg["op"] != "SCMP_CMP_MASKED_EQ":
			arg["valueTwo"] = nil // only that operator looks at it
			always = false
		case ok1 && ok2:
			arg["valueTwo"] = json.Number(strconv.FormatUint(value&mask, 10))
			always = always && mask == 0
		default:
			always = false
		}
		index := compact(arg["index"])
		alternatives = alternatives || seen[index]
		seen[index] = true
		conditions = append(conditions, compact(arg))
	}
	if always {
		return nil, false, nil
	}
	if alternatives && len(conditions) > maxArgs {
		return []string{"args " + strings.Join(conditions, " ")}, false, nil // runtimes do not agree
	}
	return conditions, alternatives, nil
}

// action returns an action with the errno that it gives.
func action(name, number, symbol any) string {
	text := compact(name)
	switch name {
	case "SCMP_ACT_KILL":
		return compact("SCMP_ACT_KILL_THREAD")
	case "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE":
		if word, ok := symbol.(string); ok && number == nil {
			if n, ok := seccomp.LookupErrno(word); ok && word != "" {
				number = json.Number(strconv.Itoa(int(n)))
			}
		}
		if number == nil {
			number = json.Number("1") // EPERM
		}
		text += " " + compact(number)
		if !empty(symbol) {
			text += " " + compact(symbol)
		}
	}
	return text
}

// effective returns the rules for one syscall that count.
func effective(rules []rule, defaultAction string) []string {
	if !slices.ContainsFunc(rules, func(r rule) bool { return r.filter != "" }) {
		rules = slices.DeleteFunc(slices.Clone(rules), func(r rule) bool { return r.action == defaultAction })
		if i := slices.IndexFunc(rules, func(r rule) bool { return len(r.conditions) == 0 }); i >= 0 {
			rules = rules[i : i+1]
		}
	}
	texts := make([]string, 0, len(rules))
	seen := make(map[string]bool, len(rules))
	for _, r := range rules {
		if text := r.String(); !seen[text] { // libseccomp takes a rule that it has as done
			seen[text] = true
			texts = append(texts, text)
		}
	}
	return texts
}

// set returns the strings of a list, each once and sorted, and false for a value that is not a list of strings. An
// absent list is empty.
func set(v any) ([]string, bool) {
	if v == nil {
		return []string{}, true
	}
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	out := make([]string, 0, len(list))
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return slices.Compact(out), true
}

// empty reports whether a value is one that its readers treat as absent.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case []string:
		return len(v) == 0
	case object:
		return len(v) == 0
	}
	return false
}

func number(v any) (uint64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	u, err := strconv.ParseUint(n.String(), 10, 64)
	return u, err == nil
}
