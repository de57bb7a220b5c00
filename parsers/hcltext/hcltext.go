// Package hcltext guards HCL's parsers against hostile text. The parsers recurse without a limit, so a stack overflow
// could end the program, and for some texts they take time that grows with the square of the length. Whatever reads HCL
// or HCL's JSON asks Refuse first: the configuration, the definition files of docker buildx bake, rule packs.
package hcltext

import (
	"fmt"
)

// The limits, in what Refuse counts. No real file comes near them. Each bounds what was measured with hcl 2.25: for 64
// KiB of brackets or "[*]" a stack of hundreds of megabytes; for as much of heredoc lines, "$${", "%{if a}" or "f::"
// between one and seven seconds; and up to 700 bytes of tokens for one byte.
const (
	// MaxSize is the length in bytes of a text that is read.
	MaxSize = 128 << 10

	maxDepth        = 128
	maxUnary        = 1024
	maxHeredocs     = 256
	maxHeredocLines = 4096 // after the first heredoc begins
	maxSequences    = 1024 // of "${" and "%{", escaped or not
	maxQualified    = 1024 // of "::"
	maxSplats       = 1024 // of "[*]"
	maxConditionals = 4096 // of "?"
)

// Refuse returns why HCL's parsers must not read src, as the end of a sentence, and the offset of the byte that is too
// much; "" where they may. It counts in comments and strings too, so it is right for HCL and for JSON.
func Refuse(src []byte) (at int, why string) {
	if len(src) > MaxSize {
		return 0, fmt.Sprintf("the file is longer than %d KiB and is not read", MaxSize>>10)
	}
	var c counter
	for i := range src {
		if why := c.count(src, i); why != "" {
			return i, why + ", so the file is not read"
		}
	}
	return 0, ""
}

// counter counts what costs.
type counter struct {
	depth, unary, heredocs, lines, sequences, qualified, splats, conditionals int

	last byte // the last byte that is not blank
}

// count looks at the byte at i, and returns what there is too much of.
func (c *counter) count(src []byte, i int) string {
	b := src[i]
	previous := byte(0)
	if i > 0 {
		previous = src[i-1]
	}
	last := c.last
	switch b {
	case '\n':
		if c.heredocs > 0 {
			return more(&c.lines, maxHeredocLines, "lines follow the first heredoc")
		}
		return ""
	case ' ', '\t', '\r':
		return ""
	case '!', '-':
		c.last = b
		return more(&c.unary, maxUnary, "operators follow each other here")
	}
	c.unary, c.last = 0, b
	switch b {
	case '(', '[', '{':
		if previous == '$' || previous == '%' {
			if why := more(&c.sequences, maxSequences, "template sequences are in the text up to here"); why != "" {
				return why
			}
		}
		return more(&c.depth, maxDepth, "brackets are nested here")
	case ')', ']', '}':
		c.depth = max(c.depth-1, 0)
	case '<':
		if previous == '<' {
			return more(&c.heredocs, maxHeredocs, "heredocs are in the text up to here")
		}
	case ':':
		if previous == ':' {
			return more(&c.qualified, maxQualified, "double colons are in the text up to here")
		}
	case '*':
		if last == '[' {
			return more(&c.splats, maxSplats, "splat operators are in the text up to here")
		}
	case '?':
		return more(&c.conditionals, maxConditionals, "question marks are in the text up to here")
	}
	return ""
}

// more counts one more of something.
func more(n *int, most int, what string) string {
	if *n++; *n > most {
		return fmt.Sprintf("more than %d %s", most, what)
	}
	return ""
}
