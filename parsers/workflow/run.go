package workflow

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/source"
)

// This file looks at what differs from run to run: the event, the inputs of whoever starts or calls the workflow, and
// conditions about them. An expression such as
//
//	${{ github.event_name == 'pull_request' && 'linux/amd64' || 'linux/amd64,linux/arm64' }}
//
// has two values. A job is read once for each: a world holds what one kind of run decides, and what is decided once is
// the same everywhere in that run. Only what decides the builds is kept separate; a condition in a tag costs nothing.

const (
	// maxWorlds bounds the kinds of run that a job is read for with one row of its matrix; further ones are not seen.
	maxWorlds = 24
	// maxCalls bounds the calls of a workflow that are looked at.
	maxCalls = 64
)

// Project is what Parse finds outside of the workflow itself.
type Project struct {
	// Action returns the file of a composite action by its folder, which is relative to the repository, or nil.
	Action func(dir string) *source.File
	// Calls yields the calls by the workflows of the same repository, which have the paths of Call.Workflow, always in
	// the same order. Only the first 64 are asked for, so a caller need not read what comes behind them.
	Calls iter.Seq[*Call]
}

// Call is a call of a reusable workflow of the same repository, in one kind of run.
type Call struct {
	// Workflow is the path of the workflow that is called, relative to the repository.
	Workflow string
	// File and Span are the place of the call.
	File *source.File
	Span source.Span

	events []string
	inputs map[string]val
	run    string // see Combination.Run
}

// key identifies a call by all that the called workflow sees.
func (c *Call) key() string {
	out := c.Workflow + "\n" + strings.Join(c.events, ",")
	for _, name := range sortedKeys(c.inputs) {
		s, ok := c.inputs[name].string()
		out += fmt.Sprintf("\n%s=%q %t", name, s, ok)
	}
	return out
}

// triggers are how a workflow is started, and its inputs.
type triggers struct {
	events   []string // but for workflow_dispatch and workflow_call
	dispatch *yamltree.Node
	called   *yamltree.Node
	// isDispatched and isCalled say that the workflow has these triggers.
	isDispatched, isCalled bool
	calls                  []*Call
}

// newTriggers reads the triggers of a workflow.
func newTriggers(on *yamltree.Node, calls iter.Seq[*Call]) *triggers {
	in := &triggers{}
	if calls != nil {
		for c := range calls {
			if in.calls = append(in.calls, c); len(in.calls) == maxCalls {
				break
			}
		}
	}
	add := func(event string, n *yamltree.Node) {
		switch event {
		case "workflow_dispatch":
			in.isDispatched, in.dispatch = true, n.Get("inputs").Resolve()
		case "workflow_call":
			in.isCalled, in.called = true, n.Get("inputs").Resolve()
		default:
			in.events = append(in.events, event)
		}
	}
	switch on = on.Resolve(); {
	case on.IsNull():
	case on.Kind == yamltree.Scalar:
		add(on.Text, nil)
	case on.Kind == yamltree.Sequence:
		for _, item := range on.Items {
			if item = item.Resolve(); item.IsScalar() {
				add(item.Text, nil)
			}
		}
	case on.Kind == yamltree.Mapping:
		for entry := range on.All() {
			add(entry.Key.Text, entry.Value.Resolve())
		}
	}
	return in
}

// world is what one kind of run decides.
type world struct {
	chosen map[string]int
	met    []decision // in the order in which they were met
	fixed  int        // how many of met belong to another world that this one is part of
}

// within returns a world in which everything is open that w has not decided.
func (w *world) within() *world {
	return &world{chosen: maps.Clone(w.chosen), met: slices.Clone(w.met), fixed: len(w.met)}
}

// decision is something that differs from run to run.
type decision struct {
	key    string
	labels []string // what a run with each of the choices is like, for Combination.Run
}

// choose returns what the run decides of several things: an index of labels. ok is false where that is left open.
func (sc *scope) choose(key string, labels []string) (n int, ok bool) {
	w := sc.world
	if w == nil || len(labels) == 0 {
		return 0, false
	}
	if n, ok := w.chosen[key]; ok {
		return n, true
	}
	if !sc.forking {
		return 0, false
	}
	w.chosen[key] = 0
	w.met = append(w.met, decision{key, labels})
	return 0, true
}

// next turns w into the next world, and reports whether there is one.
func (w *world) next() bool {
	for n := len(w.met) - 1; n >= w.fixed; n-- {
		d := w.met[n]
		w.met = w.met[:n+1]
		if w.chosen[d.key]+1 < len(d.labels) {
			w.chosen[d.key]++
			return true
		}
		delete(w.chosen, d.key)
		w.met = w.met[:n]
	}
	return false
}

// run describes the runs of a world; "" where all runs are alike.
func (w *world) run() string {
	var out []string
	for _, d := range w.met {
		if label := d.labels[w.chosen[d.key]]; len(d.labels) > 1 || strings.HasPrefix(d.key, "input ") {
			out = append(out, label)
		}
	}
	return strings.Join(out, ", ")
}

// either decides a condition that is not known, by its text.
func (sc *scope) either(condition string) answer {
	if condition == "" || len(condition) > 200 {
		return unsure
	}
	n, ok := sc.choose("? "+condition, []string{
		fmt.Sprintf("where %q is true", condition), fmt.Sprintf("where %q is false", condition),
	})
	switch {
	case !ok:
		return unsure
	case n == 0:
		return yes
	}
	return no
}

const (
	keyStart = "start"
	keyEvent = "event"
)

// start returns the call that started the run, whether it was started by hand, and whether it is known.
func (sc *scope) start() (call *Call, dispatched, called, ok bool) {
	in := sc.triggers
	if in == nil {
		return nil, false, false, false
	}
	var labels []string
	for _, c := range in.calls {
		label := "called by " + c.File.Path
		if c.run != "" {
			label += ", " + c.run
		}
		labels = append(labels, label)
	}
	calls := len(labels)
	if in.isCalled && calls == 0 {
		labels = append(labels, "called with its defaults")
	}
	byHand := len(labels)
	if in.isDispatched {
		labels = append(labels, "started by hand")
	}
	if len(in.events) > 0 {
		labels = append(labels, "started by "+strings.Join(in.events, " or "))
	}
	if event, ok := sc.decided(keyEvent); ok { // the start follows from the event
		names := in.eventNames()
		if event < len(names) && names[event] == "workflow_dispatch" {
			return nil, true, false, true
		}
		return nil, false, false, true
	}
	n, ok := sc.choose(keyStart, labels)
	switch {
	case !ok:
		return nil, false, false, false
	case n < calls:
		return in.calls[n], false, true, true
	case n < byHand:
		return nil, false, true, true
	case in.isDispatched && n == byHand:
		return nil, true, false, true
	}
	return nil, false, false, true
}

// decided returns what the run has decided already.
func (sc *scope) decided(key string) (int, bool) {
	if sc.world == nil {
		return 0, false
	}
	n, ok := sc.world.chosen[key]
	return n, ok
}

// eventNames are the events that start a workflow which no other one calls.
func (in *triggers) eventNames() []string {
	if in.isDispatched {
		return append([]string{"workflow_dispatch"}, in.events...)
	}
	return in.events
}

// event returns the value of github.event_name.
func (sc *scope) event() val {
	in := sc.triggers
	if in == nil {
		return val{}
	}
	names := in.eventNames()
	if _, ok := sc.decided(keyStart); ok || in.isCalled {
		call, dispatched, called, ok := sc.start()
		switch {
		case !ok:
			return val{}
		case dispatched:
			return str("workflow_dispatch")
		case call != nil:
			names = call.events
		case called:
			return val{}
		default:
			names = in.events
		}
		return sc.oneOf("event of the start", "for the event ", names)
	}
	return sc.oneOf(keyEvent, "for the event ", names)
}

// oneOf returns one of several strings, as the run decides.
func (sc *scope) oneOf(key, what string, names []string) val {
	if len(names) == 1 {
		return str(names[0])
	}
	labels := make([]string, len(names))
	for n, name := range names {
		labels[n] = what + name
	}
	if n, ok := sc.choose(key, labels); ok {
		return str(names[n])
	}
	return val{}
}

// input returns the value of an input of the workflow, or of the composite action.
func (sc *scope) input(name string) val {
	if sc.arguments != nil {
		return lookup(sc.arguments, name)
	}
	call, dispatched, called, ok := sc.start()
	switch {
	case !ok:
		return val{}
	case call != nil || called:
		declared := member(sc.triggers.called, name)
		if call != nil {
			if v, ok := call.inputs[strings.ToLower(name)]; ok {
				return typed(v, declared.Get("type"))
			}
		}
		return sc.standard(name, declared)
	case dispatched:
		return sc.byHand(name, member(sc.triggers.dispatch, name))
	}
	return val{kind: null}
}

// member returns the value of a key, whatever its case.
func member(n *yamltree.Node, name string) *yamltree.Node {
	if n == nil || n.Kind != yamltree.Mapping {
		return nil
	}
	for entry := range n.All() {
		if strings.EqualFold(entry.Key.Text, name) {
			return entry.Value.Resolve()
		}
	}
	return nil
}

// standard returns the default of an input of a workflow that others call.
func (sc *scope) standard(name string, declared *yamltree.Node) val {
	d := declared.Get("default").Resolve()
	if d.IsNull() {
		if kind := declared.Get("type"); kind.IsScalar() && kind.Text == "boolean" {
			return boolVal(false)
		}
		if r := declared.Get("required"); r.IsScalar() && r.Text == "true" {
			return val{}
		}
		return str("")
	}
	return sc.literal(d)
}

// typed converts the value that a call gives to an input.
func typed(v val, kind *yamltree.Node) val {
	if s, ok := v.string(); ok && kind.IsScalar() && kind.Text == "boolean" {
		switch s {
		case "true":
			return boolVal(true)
		case "false":
			return boolVal(false)
		}
	}
	return v
}

// byHand returns the value of an input of a run that was started by hand.
func (sc *scope) byHand(name string, declared *yamltree.Node) val {
	d := declared.Get("default").Resolve()
	kind := ""
	if k := declared.Get("type").Resolve(); k.IsScalar() {
		kind = k.Text
	}
	var values []val
	var labels []string
	add := func(v val, label string) {
		if s, ok := v.string(); ok {
			values, labels = append(values, v), append(labels, fmt.Sprintf(label, s, name))
		}
	}
	if !d.IsNull() {
		add(sc.literal(d), "with the default %[1]q of the input %[2]q")
	}
	switch kind {
	case "boolean":
		for _, b := range []bool{false, true} {
			if v := boolVal(b); len(values) == 0 || values[0].b != b {
				add(v, "with %s for the input %q")
			}
		}
	case "choice":
		options := declared.Get("options").Resolve()
		if options == nil || options.Kind != yamltree.Sequence {
			break
		}
		for _, o := range options.Items {
			v := sc.literal(o.Resolve())
			if s, _ := v.string(); len(values) == 0 || values[0].s != s {
				add(v, "with %q for the input %q")
			}
		}
	}
	n, ok := sc.choose("input "+strings.ToLower(name), labels)
	if !ok {
		return val{}
	}
	return values[n]
}

// literal returns a default or an option, which holds no expressions that matter here.
func (sc *scope) literal(n *yamltree.Node) val {
	if !n.IsScalar() || strings.Contains(n.Text, "${{") {
		return val{}
	}
	return sc.node(n)
}

// worlds calls read for each kind of run of a job, until nothing new is decided in it.
func (p *parser) worlds(w *world, read func(w *world) *Combination) []*Combination {
	var out []*Combination
	for range maxWorlds {
		var c *Combination
		for range 4 {
			met := len(w.met)
			c = read(w)
			if len(w.met) == met {
				break
			}
		}
		if c != nil {
			c.Run = w.run()
			if n, ok := w.chosen[keyStart]; ok && n < len(p.triggers.calls) {
				c.Call = p.triggers.calls[n]
			}
			out = append(out, c)
		}
		if !w.next() {
			break
		}
	}
	return out
}

// calls notes the call of a workflow of the same repository.
func (p *parser) call(c *Combination, job *yamltree.Node, sc *scope) {
	name, ok := strings.CutPrefix(c.Job.Uses.Text, "./")
	if !ok || !c.Job.Uses.Known {
		return
	}
	call := &Call{
		Workflow: name, File: p.file.Source, Span: c.Job.Uses.Span, inputs: map[string]val{},
	}
	in := sc.fork()
	for entry := range job.Get("with").All() {
		v := in.node(entry.Value)
		if _, ok := v.string(); !ok {
			v = val{}
		}
		v.node = nil
		call.inputs[strings.ToLower(entry.Key.Text)] = v
	}
	if v := sc.event(); v.kind == text {
		call.events = []string{v.s}
	} else if sc.triggers != nil {
		call.events = sc.triggers.eventNames()
		if given, _, called, ok := sc.start(); ok && called && given != nil {
			call.events = given.events
		}
	}
	c.call = call
}

// addCalls adds the calls of the combinations of a job to the file, each once.
func (p *parser) addCalls(j *Job) {
	for _, c := range j.Combinations {
		if c.call == nil || len(p.file.Calls) >= maxCalls {
			continue
		}
		c.call.run = c.Run
		key := c.call.key()
		if !slices.ContainsFunc(p.file.Calls, func(o *Call) bool { return o.key() == key }) {
			p.file.Calls = append(p.file.Calls, c.call)
		}
	}
}
