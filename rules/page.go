package rules

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/sandlint/sandlint/fixers"
)

// Page is the txtar beside a rule: the prose of its page, and its cases.
//
// The comment of the txtar is the prose, in Markdown. Each other file is named after the case it belongs to:
//
//	bad/Dockerfile          a file of the case "bad"; a case whose name does not begin with "good" must have findings
//	bad/want                the findings of this rule over the case, and the titles of their fixes
//	bad/fixed/Dockerfile    the file once the safe fixes are applied
//	bad/unsafe/Dockerfile   the file once all fixes are applied
//	bad/flags               targets for the case, one a line: nix=2.24; repeat=100 writes each line of the files that
//	                        has {{n}} in it a hundred times, with 0, 1, 2 and so on in its place
//
// Cases whose names begin with "good" have no findings.
type Page struct {
	Prose string
	Cases []Case
}

// Case is one case of a Page.
type Case struct {
	Name  string
	Files []txtar.File // names without that of the case
	Want  string
	Fixed []txtar.File
	// Unsafe are the files after safe and unsafe fixes.
	Unsafe []txtar.File
	Flags  []string
}

// Good reports whether the case must have no findings.
func (c *Case) Good() bool { return strings.HasPrefix(c.Name, "good") }

// ParsePage reads the txtar of a rule.
func ParsePage(b []byte) (Page, error) {
	archive := txtar.Parse(b)
	page := Page{Prose: string(archive.Comment)}
	for _, f := range archive.Files {
		name, rest, ok := strings.Cut(f.Name, "/")
		if !ok {
			return Page{}, fmt.Errorf("file %q of a rule's txtar belongs to no case", f.Name)
		}
		if n := len(page.Cases); n == 0 || page.Cases[n-1].Name != name {
			page.Cases = append(page.Cases, Case{Name: name})
		}
		c := &page.Cases[len(page.Cases)-1]
		switch dir, file, _ := strings.Cut(rest, "/"); {
		case rest == "want":
			c.Want = string(f.Data)
		case rest == "flags":
			c.Flags = strings.Fields(string(f.Data))
		case dir == "fixed" && file != "":
			c.Fixed = append(c.Fixed, txtar.File{Name: file, Data: f.Data})
		case dir == "unsafe" && file != "":
			c.Unsafe = append(c.Unsafe, txtar.File{Name: file, Data: f.Data})
		default:
			c.Files = append(c.Files, txtar.File{Name: rest, Data: f.Data})
		}
	}
	return page, nil
}

// PageFile returns the name of a rule's txtar in its pack's folder.
func (r *Rule) PageFile() string {
	return strings.ReplaceAll(path.Base(r.ID), "-", "_") + ".txtar"
}

// Page returns the page of one of the pack's rules.
func (p Pack) Page(r *Rule) (Page, error) {
	b, err := fs.ReadFile(p.Pages, r.PageFile())
	if err != nil {
		return Page{}, fmt.Errorf("reading the page of %s: %w", r.ID, err)
	}
	page, err := ParsePage(b)
	if err != nil {
		return Page{}, fmt.Errorf("reading the page of %s: %w", r.ID, err)
	}
	return page, nil
}

// Markdown returns the page of a rule as people read it: metadata, prose, an example that is found with its findings
// and fixed text, and one that is not.
func (r *Rule) Markdown(page Page) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s.\n\n", r.ID, strings.ToUpper(r.Summary[:1])+r.Summary[1:])
	b.WriteString("| severity | category | fix | since |\n|---|---|---|---|\n")
	severity := r.Severity.String()
	if r.Optional || r.Severity == Style {
		severity += ", off unless selected"
	}
	fmt.Fprintf(&b, "| %s | %s | %s | %s |\n\n", severity, r.Category, r.fixText(), r.Since)
	if len(r.Aliases) > 0 {
		fmt.Fprintf(&b, "Also known as %s.\n\n", strings.Join(r.Aliases, ", "))
	}
	if prose := strings.TrimSpace(page.Prose); prose != "" {
		b.WriteString(prose + "\n\n")
	}
	bad, good := false, false
	for _, c := range page.Cases {
		switch {
		case !c.Good() && !bad:
			bad = true
			b.WriteString("## Found\n\n")
			writeFiles(&b, c.Files)
			fence(&b, "", c.Want)
			if len(c.Fixed) > 0 {
				b.WriteString("With the safe fixes:\n\n")
				writeFiles(&b, c.Fixed)
			} else if len(c.Unsafe) > 0 {
				b.WriteString("With `--unsafe`:\n\n")
				writeFiles(&b, c.Unsafe)
			}
		case c.Good() && !good:
			good = true
			b.WriteString("## Not found\n\n")
			writeFiles(&b, c.Files)
		}
	}
	writeOptions(&b, r.OptionList())
	if len(r.References) > 0 {
		b.WriteString("## References\n\n")
		for _, ref := range r.References {
			fmt.Fprintf(&b, "- %s\n", ref)
		}
		b.WriteString("\n")
	}
	if r.Check.comments { // JSON has none
		fmt.Fprintf(
			&b,
			"To switch it off in one place, write `# sandlint: ignore[%s] reason` above the instruction or setting;\n"+
				"everywhere, `rule \"%s\" { enabled = false }` in `.sandlint.hcl`.\n",
			r.ID,
			r.ID,
		)
	} else {
		fmt.Fprintf(&b, "To switch it off, write `rule \"%s\" { enabled = false }` in `.sandlint.hcl`.\n", r.ID)
	}
	return b.String()
}

func writeOptions(b *strings.Builder, options []Option) {
	if len(options) == 0 {
		return
	}
	b.WriteString("## Options\n\n| option | type | default | what it does |\n|---|---|---|---|\n")
	for _, o := range options {
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", o.Name, o.Type, optionValue(o.Default), o.Doc)
	}
	b.WriteString("\n")
}

// optionValue returns the value of an option as the configuration writes it.
func optionValue(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("`%q`", v)
	case []string:
		quoted := make([]string, len(v))
		for n, s := range v {
			quoted[n] = strconv.Quote(s)
		}
		return "`[" + strings.Join(quoted, ", ") + "]`"
	}
	return fmt.Sprintf("`%v`", v)
}

func (r *Rule) fixText() string {
	if len(r.Fixes) == 0 {
		return "none"
	}
	var names []string
	for _, s := range r.Fixes {
		names = append(names, s.String())
	}
	return strings.Join(names, ", ")
}

// Fixable reports whether the rule has a fix of at least the given safety.
func (r *Rule) Fixable(least fixers.Safety) bool {
	for _, s := range r.Fixes {
		if s >= least {
			return true
		}
	}
	return false
}

func writeFiles(b *strings.Builder, files []txtar.File) {
	for _, f := range files {
		if len(files) > 1 {
			fmt.Fprintf(b, "`%s`:\n\n", f.Name)
		}
		language := languageOf(f.Name)
		fence(b, language, string(f.Data))
	}
}

func fence(b *strings.Builder, language, text string) {
	fmt.Fprintf(b, "```%s\n%s\n```\n\n", language, strings.TrimRight(text, "\n"))
}
