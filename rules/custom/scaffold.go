package custom

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
)

// goodFile is a file in which the example of a kind finds nothing.
func (k *Kind) goodFile() string {
	if k.Good != "" {
		return k.Good
	}
	switch k.format() {
	case "dockerfile":
		return "FROM scratch\n"
	case "seccomp":
		return "{\"defaultAction\": \"SCMP_ACT_ERRNO\"}\n"
	}
	return "# nothing\n"
}

// Scaffold returns the text of a pack's block for a new rule on a kind, with its tests: the kind's example, to be
// changed.
func Scaffold(name string, k *Kind) string {
	var b strings.Builder
	on := k.Name
	if k.Index != "" {
		on += `["ptrace"]`
	}
	fmt.Fprintf(&b, "rule %s {\n", quoted(name))
	fmt.Fprintf(&b, "  summary  = %s\n", quoted("say in one sentence what is wrong where the rule finds something"))
	fmt.Fprintf(&b, "  on       = %s\n  severity = \"warning\"\n%s\n", on, k.Example)
	for _, t := range []struct{ name, kind, text string }{
		{"what is wrong", "bad", k.Bad}, {"what is right", "good", k.goodFile()},
	} {
		fmt.Fprintf(&b, "  test %s {\n    %s = %s\n  }\n", quoted(t.name), t.kind, textTokens(t.text).Bytes())
	}
	b.WriteString("}\n")
	return string(hclwrite.Format([]byte(b.String())))
}
