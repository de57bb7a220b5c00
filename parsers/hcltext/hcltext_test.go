package hcltext

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// fill returns text repeated to a length of size bytes at most.
func fill(text string, size int) string { return strings.Repeat(text, size/len(text)) }

// shapes are texts that cost hcl's parsers more than their length, by what is too much.
var shapes = map[string]string{
	"size":            fill("# x\n", MaxSize+4),
	"nesting":         "a = " + fill("[", 100_000),
	"parentheses":     "a = " + fill("(", 100_000),
	"blocks":          fill("a {\n", 100_000),
	"templates":       "a = " + fill(`"${`, 100_000),
	"not":             "a = " + fill("!", 100_000),
	"minus":           "a = " + fill("- ", 100_000),
	"heredocs":        fill("a = <<A\nA\n", 100_000),
	"heredoc lines":   "a = <<A\n" + fill("x\n", 100_000) + "A\n",
	"indented lines":  "a = <<-A\n" + fill("  x\n", 100_000) + "A\n",
	"false heredoc":   "# <<A\na = <<B\nA\n" + fill("x\n", 100_000) + "B\n",
	"escapes":         `a = "` + fill("$${", 100_000) + `"`,
	"directives":      `a = "` + fill("%{if a}", 100_000) + `"`,
	"loops":           `a = "` + fill("%{for a in b}", 100_000) + `"`,
	"functions":       "a = " + fill("f::", 100_000) + "g()",
	"splats":          "a = a" + fill("[*]", 100_000),
	"spaced splats":   "a = a" + fill("[ * ]", 100_000),
	"conditionals":    "a = " + fill("a?", 100_000),
	"conditionals, 2": "a = " + fill("a?1:", 100_000) + "1",
}

func TestRefuse(t *testing.T) {
	for name, text := range shapes {
		at, why := Refuse([]byte(text))
		if !strings.HasSuffix(why, "not read") || at < 0 || at >= len(text) {
			t.Errorf("%s: %d, %q", name, at, why)
		}
	}
	if _, why := Refuse(nil); why != "" {
		t.Error(why)
	}
}

// TestAccepted are texts that a person would write.
func TestAccepted(t *testing.T) {
	for name, text := range map[string]string{
		"globs":    fill(`"**/*.{a,b}", `, 60_000),
		"globs, 2": "a = [" + fill(`"a?b/[!x]*",`, 16_000) + "]",
		"rules":    fill("rule \"a\" {\n  severity = \"error\" # see https://x.example/?q\n}\n", 100_000),
		"heredoc":  "a = <<EOT\n" + fill("RUN echo ${x} -- a\n", 16_000) + "EOT\n",
		"rulers":   fill("# "+strings.Repeat("-", 78)+"\n# text\n", 60_000),
	} {
		if at, why := Refuse([]byte(text)); why != "" {
			t.Errorf("%s: %d, %s", name, at, why)
		}
	}
}

// BenchmarkParse parses the most of each shape that Refuse lets through.
func BenchmarkParse(b *testing.B) {
	for name, text := range shapes {
		src := []byte(text)
		src = src[:min(len(src), MaxSize)]
		if at, why := Refuse(src); why != "" {
			src = src[:at]
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				hclsyntax.ParseConfig(src, "x", hcl.InitialPos)
			}
		})
	}
}
