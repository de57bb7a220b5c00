package decisions

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
)

const htmlHead = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline';` +
	` script-src 'unsafe-inline'">
<style>
body{font:14px/1.4 system-ui,sans-serif;margin:1rem auto;max-width:70rem;padding:0 1rem}
h1{font-size:1.2rem}
form{position:sticky;top:0;padding:.5rem 0;background:Canvas}
input,select{font:inherit;padding:.2rem .4rem;margin-right:.5rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.15rem .6rem .15rem 0;vertical-align:top;` +
	`border-bottom:1px solid color-mix(in srgb,CanvasText 12%,Canvas)}
td:nth-child(2){text-align:right;font-variant-numeric:tabular-nums}
td:nth-child(3){font-family:ui-monospace,monospace}
.y td:nth-child(4){color:light-dark(#116329,#5fd38a)}
.n td:nth-child(4){color:light-dark(#b3261e,#ff8a80)}
.c td:nth-child(4){color:light-dark(#7a5200,#f0c060)}
td:nth-child(6){color:GrayText}
h2{font-size:1rem}
pre{font:12px/1.5 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
pre span{display:block;scroll-margin-top:4rem}
pre span::before{content:attr(data-n);display:inline-block;width:3.5rem;color:GrayText}
pre span:target{background:Mark;color:MarkText}
</style>
`

const htmlScript = `<script>
const rows=[...document.querySelectorAll("tbody tr")],form=document.forms[0],shown=document.querySelector("output");
function filter(){
let n=0;const words=form.q.value.toLowerCase().split(/\s+/).filter(Boolean);
for(const r of rows){const t=r.textContent.toLowerCase();
r.hidden=!((!form.a.` +
	`value||r.cells[0].t` +
	`extContent===form.a` +
	`.value)&&(!form.k.value||r.className===form.k.value)&&(!form.d.value||!!r.cells[5].textContent)&&words.every(w=>t.includes(w)));if(!r.hidden)n++}
shown.textContent=n+" of "+rows.length}
form.addEventListener("input",filter);form.addEventListener("submit",e=>e.preventDefault());filter();
</script>
`

// WriteHTML writes the table as a page that needs nothing else, in which rows can be filtered.
func (t *Table) WriteHTML(out io.Writer) error {
	w := bufio.NewWriter(out)
	e := html.EscapeString
	f := t.view.profile.Source
	path := f.Path
	if filepath.IsAbs(path) { // which means nothing to those whom the page is sent to
		path = filepath.Base(path)
	}
	path = e(strings.ToValidUTF8(path, "\ufffd"))
	fmt.Fprint(w, htmlHead)
	fmt.Fprintf(w, "<title>%s</title>\n<h1>%s</h1>\n<p>%s", path, path, e(t.target()))
	if c := t.container(); c != "" {
		fmt.Fprintf(w, ", %s", e(c))
	}
	fmt.Fprintln(w, ".")
	if len(t.others) > 0 {
		fmt.Fprintf(w, "Others differ: %s.\n", e(strings.Join(t.others, ", ")))
	}
	fmt.Fprintln(w, "<ul>")
	for i := range t.archs {
		fmt.Fprintf(w, "<li>%s: %s\n", e(ArchName(t.archs[i].arch)), e(t.archs[i].summary()))
	}
	fmt.Fprint(w, "</ul>\n<form><input name=q type=search placeholder=\"Filter\" aria-label=\"Filter\" autofocus> "+
		"<select name=a aria-label=\"Architecture\"><option value=\"\">all architectures")
	for i := range t.archs {
		fmt.Fprintf(w, "<option>%s", e(ArchName(t.archs[i].arch)))
	}
	fmt.Fprint(w, "</select> <select name=k aria-label=\"Decision\"><option value=\"\">all decisions<option "+
		"value=y>allowed<option value=c>by arguments<option value=n>not allowed</select> "+
		"<select name=d aria-label=\"Others\"><option value=\"\">all rows<option value=d>rows in which others differ"+
		"</select> <output></output></form>\n")
	fmt.Fprintln(w, "<table><thead><tr><th>Architecture<th>Number<th>Syscall<th>Decision<th>Decided by<th>Others"+
		"<tbody>")
	for _, r := range t.all() {
		class := "n"
		switch {
		case r.decision.Step == decide.StepConditions:
			class = "c"
		case r.decision.Outcome.Runs():
			class = "y"
		}
		fmt.Fprintf(w, "<tr class=%s><td>%s<td>%d<td>%s<td>%s<td>%s<td>%s\n", class, e(ArchName(r.arch)), r.number,
			e(r.name), e(r.decisionText()), t.decidedBy(&r), e(strings.Join(r.others, "; ")))
	}
	fmt.Fprint(w, "</table>\n<h2>The profile</h2>\n<pre>")
	for n := 1; n <= f.Lines(); n++ {
		line := strings.ToValidUTF8(strings.TrimRight(f.Text(f.Line(n)), "\r\n"), "\ufffd")
		fmt.Fprintf(w, "<span id=L%d data-n=%d>%s</span>", n, n, e(line))
	}
	fmt.Fprint(w, "</pre>\n", htmlScript)
	return w.Flush()
}

// decidedBy says in few words what decides, as HTML with links to the lines of the profile.
func (t *Table) decidedBy(r *archRow) string {
	d, f := &r.decision, t.view.profile.Source
	var names []seccomp.String
	switch d.Step {
	case decide.StepBorder:
		return fmt.Sprintf("runc: above %d, the highest number that is named", d.Border+numberOffsets[r.arch.ABI])
	case decide.StepForeign:
		return "libseccomp: the profile does not list " + html.EscapeString(r.arch.Name)
	case decide.StepKernel:
		return "Linux, which asks no filter about it"
	case decide.StepDefault:
		if at := t.view.profile.DefaultAction.Span; !at.IsEmpty() {
			return fmt.Sprintf("<a href=#L%d>default action</a>", f.LineOf(at.Start))
		}
		return "default action"
	case decide.StepRule:
		names = []seccomp.String{d.Name}
	case decide.StepConditions:
		for _, c := range d.Cases {
			names = append(names, c.Name)
		}
	}
	var lines []int
	for _, name := range names {
		lines = append(lines, f.LineOf(name.Span.Start))
	}
	slices.Sort(lines)
	lines = slices.Compact(lines)
	const most = 8
	var links []string
	for i, n := range lines {
		if i == most {
			links = append(links, fmt.Sprintf("%d more", len(lines)-most))
			break
		}
		links = append(links, fmt.Sprintf("<a href=#L%d>%d</a>", n, n))
	}
	if len(lines) == 1 {
		return "line " + links[0]
	}
	return "lines " + list(links, "and")
}
