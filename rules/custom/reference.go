package custom

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

//go:generate go run gen/main.go

// Reference returns the reference page of the language: all kinds of node with their attributes, and all functions.
func Reference() []byte {
	var b strings.Builder
	b.WriteString(`<!-- Written by "go generate ./rules/custom" from the kinds and functions in rules/custom. -->

# Rule packs: kinds of node, attributes and functions

docs/packs.md says how rules are written. This page lists what they can be about, and what their expressions can ask.

Every expression can use ` + "`node`, `file`, `var` and `local`" + `. What the files do not determine
is unknown: a condition that depends on it is unknown as well, and the rule is silent. What is merely not there is "", an
empty list or an empty map.

In the tables, a check mark under "place" means that ` + "`at`" + ` and the targets of fixes can name
the attribute (node.words), its elements (node.words[0], node.flags["from"]), or both. Attributes marked with * are not
there in the lists of ` + "`file`" + `.

`)
	b.WriteString("## Kinds\n\n")
	for _, k := range Kinds() {
		fmt.Fprintf(&b, "- [%s](#%s): %s\n", k.Name, strings.ReplaceAll(k.Name, ".", ""), k.Doc)
	}
	b.WriteString("\n")
	for _, k := range Kinds() {
		k.describe(&b)
	}
	b.WriteString("## Functions\n\n| call | value | example |\n|---|---|---|\n")
	for _, f := range append(Functions(), modelFunctions()...) {
		example := ""
		if f.Example != "" {
			example = fmt.Sprintf("`%s` is `%s`", f.Example, f.Gives)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", cell(f.Usage), cell(f.Doc), cell(example))
	}
	return []byte(b.String())
}

// cell is a text in a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func (k *Kind) describe(b *strings.Builder) {
	fmt.Fprintf(b, "### %s\n\n%s.", k.Name, strings.ToUpper(k.Doc[:1])+k.Doc[1:])
	if k.Index != "" {
		fmt.Fprintf(b, " `on` needs %s in []: `on = %s[\"…\"]`.", k.Index, k.Name)
	}
	if k.List != "" {
		fmt.Fprintf(b, " All of the file are `file.%s`.", k.List)
	}
	b.WriteString("\n\n| attribute | type | what | place |\n|---|---|---|---|\n")
	for n := range k.Attributes {
		a := &k.Attributes[n]
		name := a.Name
		if a.Costly {
			name += "*"
		}
		place := ""
		whole, element := a.HasPlace()
		switch {
		case whole && element:
			place = "✓, elements"
		case whole:
			place = "✓"
		case element:
			place = "elements"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", name, typeName(a.Type), cell(a.Doc), place)
	}
	on := k.Name
	if k.Index != "" {
		on += `["ptrace"]`
	}
	fmt.Fprintf(b, "\n```hcl\nrule \"example\" {\n  summary = \"…\"\n  on      = %s\n%s}\n```\n\n", on, k.Example)
}

// typeName is a type for people.
func typeName(t cty.Type) string {
	switch {
	case t == cty.String:
		return "text"
	case t == cty.Number:
		return "number"
	case t == cty.Bool:
		return "true or false"
	case t.IsListType():
		return "list of " + plural(typeName(t.ElementType()))
	case t.IsMapType():
		return "map of " + plural(typeName(t.ElementType()))
	case t.IsObjectType():
		return "object"
	}
	return "profile"
}

func plural(s string) string {
	if s == "true or false" || strings.HasSuffix(s, "s") {
		return s
	}
	return s + "s"
}
