package sandbox

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixvalues "github.com/sandlint/sandlint/fixers/values"
	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var voidSecurityOption = &rules.Rule{
	ID:          "sandbox/void-security-option",
	Summary:     "a security option has no effect, because the container is privileged",
	Severity:    rules.Info,
	Category:    rules.Correctness,
	Since:       "0.1.0",
	Unnecessary: true,
	Fixes:       []fixers.Safety{fixers.Safe},
	References: []string{
		"moby, oci/caps: a privileged container has all capabilities, whatever is added or dropped",
		"moby, daemon/seccomp_linux.go, daemon/oci_linux.go: no default profile and no masked paths",
	},
	Check: rules.OnRun(func(p *rules.Pass, run *runs.Run) {
		if !run.IsPrivileged() || run.Privileged.Overridable || run.Engine != runs.Docker {
			return
		}
		place := []rules.Related{
			{File: run.Privileged.File, Span: run.Privileged.Span, Message: "it is privileged here"},
		}
		void := func(f *source.File, span source.Span, format string, args ...any) rules.Finding {
			return rules.Finding{File: f, Span: span, Message: fmt.Sprintf(format, args...), Related: place}
		}
		options, added := voidItems{key: "security_opt"}, voidItems{key: "cap_add"}
		for _, o := range run.Options {
			if !o.Value.Known || o.Value.Overridable || !runs.Void(o) {
				continue
			}
			options.add(void(o.Value.File, o.Span, "%q has no effect: a privileged container is without this "+
				"confinement", o.Value.File.Text(o.Span)))
		}
		for _, c := range run.CapAdd {
			if c.Known && !c.Overridable {
				added.add(void(c.File, c.Span, "adding the capability %s has no effect: a privileged container has "+
					"all", c.Text))
			}
		}
		options.report(p, run)
		added.report(p, run)
		for _, c := range run.CapDrop {
			if c.Known && !c.Overridable {
				f := void(c.File, c.Span, "dropping the capability %s has no effect: a privileged container has all",
					c.Text)
				f.Severity = rules.Warning
				p.Report(f)
			}
		}
	}),
}

// voidItems are the findings about the items of one list of a service.
type voidItems struct {
	key      string
	findings []rules.Finding

	lists map[*source.File]*fixvalues.Lists
	lines *itemLines // see deleteLine
}

func (v *voidItems) add(f rules.Finding) { v.findings = append(v.findings, f) }

// report reports the findings. Where a list has nothing but such items, the fix of each deletes it as a whole.
func (v *voidItems) report(p *rules.Pass, run *runs.Run) {
	for _, f := range v.findings {
		if _, own := run.Keys[v.key]; own && f.File == run.File || run.Host == runs.Devcontainer {
			f.Fixes = v.fixes(p, run, f)
		}
		p.Report(f)
	}
}

// fixes returns the fix that deletes an item, or its list.
func (v *voidItems) fixes(p *rules.Pass, run *runs.Run, of rules.Finding) []fixers.Fix {
	if !p.WantsFixes() {
		return nil
	}
	fix := fixers.Fix{Title: "Delete " + strings.Trim(of.File.Text(of.Span), `"'`), Safety: fixers.Safe}
	outline := p.Workspace.Outline(of.File)
	if v.lists[of.File] == nil {
		v.lists = map[*source.File]*fixvalues.Lists{of.File: fixvalues.NewLists(of.File, outline)}
	}
	var change fixers.Change
	edit, items, ok := v.lists[of.File].Delete(of.Span, len(v.findings))
	if ok {
		fix.Title = "Delete " + items.Path[strings.LastIndexByte(items.Path, '.')+1:]
		change = items
	} else {
		edit, change, ok = fixvalues.DeleteItem(of.File, outline, of.Span)
	}
	switch {
	case ok:
		fix.Changes = fixers.Changes{change}
	case run.Host != runs.Devcontainer:
		edit, ok = v.deleteLine(run, of)
	}
	if !ok {
		return nil
	}
	fix.Edits = []fixers.Edit{edit}
	return []fixers.Fix{fix}
}

// itemLines is what deleteLine knows of the lines of a list.
type itemLines struct {
	items    int  // lines that begin an item
	repeated bool // the key of the list occurs twice, which Compose refuses
}

// deleteLine returns the edit that deletes an item of a list of one item a line, with a comment behind it, or the whole
// list where it is the only one.
func (v *voidItems) deleteLine(run *runs.Run, of rules.Finding) (fixers.Edit, bool) {
	f, list := of.File, run.Keys[v.key]
	n := f.LineOf(of.Span.Start)
	if text := f.Text(f.Line(n)); !list.Contains(of.Span) || f.LineOf(list.Start) == n ||
		!strings.HasPrefix(strings.TrimLeft(text, " \t"), "- ") {
		return fixers.Edit{}, false
	}
	if v.lines == nil {
		v.lines = &itemLines{}
		indent := f.Text(f.Line(f.LineOf(list.Start)))
		indent = indent[:len(indent)-len(strings.TrimLeft(indent, " \t"))]
		v.lines.repeated = strings.Count(f.Text(run.Whole), "\n"+indent+v.key+":") > 1
		for line := range strings.Lines(f.Text(list)) {
			if strings.HasPrefix(strings.TrimLeft(line, " \t"), "- ") {
				v.lines.items++
			}
		}
	}
	if v.lines.repeated {
		return fixers.Edit{}, false
	}
	span := f.FullLine(n)
	if v.lines.items == 1 {
		span = f.FullLine(f.LineOf(list.Start)).Join(span)
	}
	return fixers.Edit{File: f, Span: span}, true
}
