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
	ID:       "sandbox/void-security-option",
	Summary:  "a security option has no effect, because the container is privileged",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe},
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
		for _, o := range run.Options {
			if !o.Value.Known || o.Value.Overridable || !runs.Void(o) {
				continue
			}
			f := void(o.Value.File, o.Span, "%q has no effect: a privileged container is without this confinement",
				o.Value.File.Text(o.Span))
			f.Fixes = deleteItem(p, run, "security_opt", o.Value.File, o.Span)
			p.Report(f)
		}
		for _, c := range run.CapAdd {
			if c.Known && !c.Overridable {
				f := void(c.File, c.Span, "adding the capability %s has no effect: a privileged container has all",
					c.Text)
				f.Fixes = deleteItem(p, run, "cap_add", c.File, c.Span)
				p.Report(f)
			}
		}
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

// deleteItem returns the fix that deletes an item of a list of a service, or the whole list where it is the only one:
// for lists with one item a line.
func deleteItem(p *rules.Pass, run *runs.Run, key string, f *source.File, item source.Span) []fixers.Fix {
	if run.Host == runs.Devcontainer {
		return deleteValue(p, f, item)
	}
	list, ok := run.Keys[key]
	if !ok || f != run.File || !list.Contains(item) {
		return nil
	}
	n := f.LineOf(item.Start)
	if text := f.Text(f.Line(n)); !strings.HasPrefix(strings.TrimLeft(text, " \t"), "- ") || f.LineOf(list.Start) == n {
		return deleteValue(p, f, item)
	}
	indent := f.Text(f.Line(f.LineOf(list.Start)))
	indent = indent[:len(indent)-len(strings.TrimLeft(indent, " \t"))]
	if strings.Count(f.Text(run.Whole), "\n"+indent+key+":") > 1 {
		return nil // Compose refuses a key that occurs twice
	}
	items := 0
	for _, line := range strings.Split(f.Text(list), "\n") {
		if strings.HasPrefix(strings.TrimLeft(line, " \t"), "- ") {
			items++
		}
	}
	span := f.FullLine(n)
	if items == 1 {
		span = f.FullLine(f.LineOf(list.Start)).Join(span)
	}
	return []fixers.Fix{{
		Title: "Delete " + f.Text(item), Safety: fixers.Safe, Edits: []fixers.Edit{{File: f, Span: span}},
	}}
}

// deleteValue returns the fix that deletes an item of a list on one line, or of JSON.
func deleteValue(p *rules.Pass, f *source.File, item source.Span) []fixers.Fix {
	edit, change, ok := fixvalues.DeleteItem(f, p.Workspace.Outline(f), item)
	if !ok {
		return nil
	}
	return []fixers.Fix{{
		Title: "Delete " + strings.Trim(f.Text(item), `"'`), Safety: fixers.Safe, Edits: []fixers.Edit{edit},
		Changes: fixers.Changes{change},
	}}
}
