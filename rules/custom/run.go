package custom

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/hcltext"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// meterKey is the key of what a rule may still cost in a file in what a pass remembers.
type meterKey struct{ rule *rule }

// evaluation is one rule at work on one node.
type evaluation struct {
	rule  *rule
	pass  *rules.Pass
	doc   *workspace.Document
	node  *Node
	meter *meter
}

// check applies a rule to a document.
func (r *rule) check(p *rules.Pass, doc *workspace.Document) {
	nodes := r.kind.nodesIn(p, doc, r.index)
	if len(nodes) == 0 {
		return
	}
	m, _ := p.Memo(meterKey{r}, func() any {
		return &meter{steps: fileSteps + len(doc.Source.Bytes)/byteSteps}
	}).(*meter)
	for _, n := range nodes {
		e := evaluation{rule: r, pass: p, doc: doc, node: n, meter: m}
		before := m.steps
		ok := e.run()
		p.Workspace.Spend(projectSteps * (1 + before - m.steps))
		if !ok {
			return
		}
	}
}

// run evaluates the rule, and reports false where it must not go on in this file.
func (e *evaluation) run() bool {
	v, ok := e.value(&e.rule.when, cty.Bool)
	if !ok {
		return false
	}
	if !v.IsKnown() || v.False() {
		return true
	}
	message, ok := e.text(&e.rule.message)
	if !ok {
		return false
	}
	if message == "" { // it depends on something that is not known
		message = e.rule.rule.Summary
	}
	place, ok := e.place(&e.rule.at)
	if !ok {
		return false
	}
	if place.File != nil && place.File.Path != e.doc.Source.Path {
		return true
	}
	f := rules.Finding{Message: oneLine(message), File: e.node.file, Span: place.Span}
	if place.File != nil {
		f.File = place.File
	}
	if e.rule.note != "" {
		f.Related = []rules.Related{{File: f.File, Span: f.Span, Message: e.rule.note}}
	}
	if e.rule.fix != nil {
		fix, ok := e.fix()
		if !ok {
			return false
		}
		if fix != nil {
			f.Fixes = []fixers.Fix{*fix}
		}
	}
	if e.node.profile != nil {
		f = rules.InHost(e.node.profile, f)
	}
	e.pass.Report(f)
	return true
}

// oneLine is a message as reports want it: one line, without a full stop.
func oneLine(s string) string { return strings.TrimSuffix(strings.Join(strings.Fields(s), " "), ".") }

// fail reports an error of the rule.
func (e *evaluation) fail(d *hcl.Diagnostic) {
	problem := source.Problem{Message: hcltext.Clip(hcltext.Sentence(d))}
	if d.Subject != nil {
		problem.Span = hcltext.SpanOf(*d.Subject)
	}
	e.pass.Fail(e.node.file, e.node.span, &Error{Source: e.rule.pack.Source, Problem: problem})
}

// value evaluates an expression to a value of a type, which may not be known.
func (e *evaluation) value(x *expression, want cty.Type) (cty.Value, bool) {
	ctx := e.rule.pack.compiler.ctx.NewChild()
	ctx.Variables = map[string]cty.Value{"node": e.node.object(x.node), meterName: e.meter.value()}
	if x.path || len(x.lists) > 0 {
		ctx.Variables["file"] = e.file(x)
	}
	v, diags := x.Value(ctx)
	if e.meter.reason != "" {
		e.fail(stopped(e.meter, x)[0])
		return cty.NilVal, false
	}
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			e.fail(d)
			return cty.NilVal, false
		}
	}
	at := x.Range()
	if v.IsKnown() && v.IsNull() {
		e.fail(&hcl.Diagnostic{Summary: "The value is null", Subject: &at})
		return cty.NilVal, false
	}
	out, err := convert.Convert(v, want)
	if err != nil || v.Type() != cty.DynamicPseudoType && !fits(v.Type(), want) {
		e.fail(&hcl.Diagnostic{Summary: "The value is a " + v.Type().FriendlyName() + ", not a " + want.FriendlyName(),
			Subject: &at})
		return cty.NilVal, false
	}
	return out, true
}

// text evaluates an expression to a text, "" where it is not known.
func (e *evaluation) text(x *expression) (string, bool) {
	v, ok := e.value(x, cty.String)
	if !ok || !v.IsKnown() {
		return "", ok
	}
	return v.AsString(), true
}

// file is the file as expressions see it, with the lists that they ask for.
func (e *evaluation) file(x *expression) cty.Value {
	out := map[string]cty.Value{"path": textValue(e.doc.Source.Path)}
	for _, sibling := range e.rule.kind.siblings() {
		for _, name := range x.lists {
			if sibling.List == name {
				out[name] = sibling.listIn(e.pass, e.doc)
			}
		}
	}
	return cty.ObjectVal(out)
}

// place returns the place of a target: the whole node where the part is not there.
func (e *evaluation) place(t *target) (Place, bool) {
	whole := e.node.whole
	if t.attribute < 0 {
		return whole, true
	}
	a := &e.node.kind.Attributes[t.attribute]
	if t.index == nil {
		if p, ok := a.place(e.node); ok {
			return p, true
		}
		return bare(whole), true
	}
	v, ok := e.value(t.index, cty.DynamicPseudoType)
	if !ok {
		return Place{}, false
	}
	var p Place
	found := false
	switch {
	case !v.IsWhollyKnown():
	case a.item != nil && v.Type() == cty.Number:
		if n, accuracy := v.AsBigFloat().Int64(); accuracy == 0 && n >= 0 {
			p, found = a.item(e.node, int(n))
		}
	case a.key != nil && v.Type() == cty.String:
		p, found = a.key(e.node, v.AsString())
	}
	if !found {
		return bare(whole), true
	}
	return p, true
}

// bare is a place for a finding alone.
func bare(p Place) Place { return Place{Span: p.Span, File: p.File} }

// fix returns the fix, nil where there is none: the file does not determine it, or the text cannot be changed there.
func (e *evaluation) fix() (*fixers.Fix, bool) {
	f := e.rule.fix
	title, ok := e.text(&f.title)
	if !ok || title == "" {
		return nil, ok
	}
	out := &fixers.Fix{Title: oneLine(title), Safety: f.safety}
	for n := range f.edits {
		edits, changes, ok := e.edit(&f.edits[n])
		if !ok || len(edits) == 0 {
			return nil, ok
		}
		out.Edits = append(out.Edits, edits...)
		out.Changes = append(out.Changes, changes...)
	}
	if out.Safety == fixers.Safe {
		out.Changes = withoutRights(out.Changes)
	}
	return out, true
}

func (e *evaluation) edit(x *edit) ([]fixers.Edit, fixers.Changes, bool) {
	place, ok := e.place(&x.target)
	if !ok {
		return nil, nil, false
	}
	if x.kind == "delete" {
		if place.Delete == nil {
			return nil, nil, true
		}
		edits, changes := place.Delete()
		return edits, changes, true
	}
	v, ok := e.value(x.text, cty.String)
	if !ok || !v.IsKnown() {
		return nil, nil, ok
	}
	write := map[string]func(string) ([]fixers.Edit, fixers.Changes){
		"replace": place.Write, "before": place.Before, "after": place.After,
	}[x.kind]
	if write == nil {
		return nil, nil, true
	}
	edits, changes := write(v.AsString())
	return edits, changes, true
}
