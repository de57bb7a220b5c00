package page

import (
	"bytes"
	"flag"
	"html/template"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

var update = flag.Bool("update", false, "rewrite testdata/page.golden")

// hostile are texts that would do something in a page that is made carelessly.
var hostile = []string{
	`<script>alert(1)</script>`, `</script><script>alert(1)</script>`, `</style><img src=x onerror=alert(1)>`,
	`" onmouseover="alert(1)`, `' autofocus onfocus='alert(1)`, "` onload=alert(1)", `javascript:alert(1)`,
	`data:text/html,<script>alert(1)</script>`, `<svg/onload=alert(1)>`, `<!-- --><iframe srcdoc="<script>">`,
	`{{constructor.constructor('alert(1)')()}}`, `${alert(1)}`, "a\u2028alert(1)\u2029", "\u202ecod.exe\u2066",
	"\x00<b>\x1b[31m", "\xff\xfe<i>", `&lt;script&gt;&#x3c;script&#x3e;`, `<a href="javascript:alert(1)">x</a>`,
	`x" id="theme" data-n="`, `]]><![CDATA[<script>`, `<base href="https://evil.example/">`, `-->`, `<plaintext>`,
}

// everything returns a page in which each text is s.
func everything(s string) *Document {
	code := []CodeLine{{1, s, "^"}, {}, {3, "\t" + s, s}}
	finding := Finding{Number: 1, Severity: s, Message: s, Rule: s, Page: s, Aliases: []string{s}, Place: s, Code: code,
		Related: []Related{{s, s, code}},
		Fixes:   []Fix{{s, s, Diff{{s, 1, true, s}, {"", 2, false, s}}, s}, {s, "safe", nil, s}}}
	findings := Findings{Rules: []RuleCount{{s, s, s, s, 1}}, Files: []FileCount{{s, 1}}, Note: s,
		All: slices.Values([]Finding{finding})}
	event := func(kind string) NixEvent {
		return NixEvent{kind, s, []string{s}, []Setting{{s, s, s, true}}}
	}
	steps := []Step{{1, s, s, true, true, []NixEvent{event("command"), event(s), event("fails")}},
		{2, s, s, false, false, nil}}
	timeline := Timeline{s, []Stage{{s, s, s, []Platform{{s, true, s}}, steps, 3}}, s}
	profile := Profile{s, s, []string{s}, []string{s}, []string{s, s}}
	cell := Cell{s, s, s, []int{1, 7}, 2, 1}
	row := Row{s, 1, s, []Cell{cell, cell, cell}, s}
	decisions := Decisions{"x", []Profile{profile, profile, profile}, false, []Row{row}, s}
	comparison := Comparison{[]Change{{"widens", []string{s}, s, s, s, s, s, []string{s}}}, s}
	parts := []template.HTML{timeline.HTML(), decisions.HTML(), comparison.HTML(), Troubles{{s, s}}.HTML(),
		Heading("images", s, s), Note(s)}
	return &Document{s, []string{s}, []Link{{s, "findings"}, {s, "images"}}, func(yield func(template.HTML) bool) {
		for part := range findings.Parts() {
			yield(part)
		}
		for _, part := range parts {
			yield(part)
		}
	}, findings.Keys(), s}
}

// TestHostileTextIsText checks that the elements of a page and their attributes do not depend on what is in it, that no
// attribute can run anything, and that nothing invisible is in its text.
func TestHostileTextIsText(t *testing.T) {
	want := skeleton(t, everything("plain"))
	for _, s := range hostile {
		got := skeleton(t, everything(s))
		if !slices.Equal(got, want) {
			t.Errorf("%q changes the page:\n%s", s, firstDifference(want, got))
		}
	}
}

// TestGolden shows the markup of all parts, without the style sheets and the script.
func TestGolden(t *testing.T) {
	var b bytes.Buffer
	if err := everything("plain").Write(&b); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	for _, own := range []string{style, pageStyle, script} {
		if !strings.Contains(got, own) {
			t.Error("the page lacks a style sheet or its script")
		}
		got = strings.ReplaceAll(got, own, "")
		got = strings.ReplaceAll(got, strings.ReplaceAll(hashed(own), "'", "&#39;"), "HASH")
	}
	path := filepath.Join("testdata", "page.golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-update rewrites it (-want +got):\n%s", diff)
	}
}

// skeleton returns the elements and attributes of a page, with the values of those that the browser acts upon.
func skeleton(t *testing.T, d *Document) []string {
	t.Helper()
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(&b)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for n := range nodes(root) {
		switch n.Type {
		case html.TextNode:
			if strings.ContainsAny(n.Data, "\u202e\u2066\u2028\u2029\x00\x1b\x7f") {
				t.Errorf("invisible characters in the text %q", n.Data)
			}
		case html.CommentNode:
			t.Errorf("a comment %q", n.Data)
		case html.ElementNode:
			line := n.Data
			for _, a := range n.Attr {
				line += " " + a.Key
				switch a.Key {
				case "aria-label", "data-n", "content":
				default:
					line += "=" + a.Val
				}
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "srcdoc" {
					t.Errorf("element %s has the attribute %s", n.Data, a.Key)
				}
				if a.Key == "href" && !strings.HasPrefix(a.Val, "#") {
					t.Errorf("a link to %q", a.Val)
				}
			}
			out = append(out, line)
		}
	}
	return out
}

func nodes(n *html.Node) iter.Seq[*html.Node] {
	return func(yield func(*html.Node) bool) { walk(n, yield) }
}

func walk(n *html.Node, yield func(*html.Node) bool) bool {
	if !yield(n) {
		return false
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if !walk(c, yield) {
			return false
		}
	}
	return true
}

func firstDifference(want, got []string) string {
	for n := range min(len(want), len(got)) {
		if want[n] != got[n] {
			return "want " + want[n] + "\ngot  " + got[n]
		}
	}
	return "another number of elements"
}

func TestLinks(t *testing.T) {
	for address, linked := range map[string]bool{
		"https://example.org/page": true, "http://example.org": true, "javascript:alert(1)": false, "": false,
		"JAVASCRIPT:alert(1)": false, " https://example.org": false, "//example.org": false, "data:,x": false,
		"docs/rules/x.md": false,
	} {
		if got := strings.Contains(string(render(link(address, "x"))), "<a "); got != linked {
			t.Errorf("link to %q: %v, want %v", address, got, linked)
		}
	}
}
