package compose

import "strings"

// maxTemplate bounds how deep variables with defaults nest in each other.
const maxTemplate = 16

// result is a string after its variables were replaced.
type result struct {
	text        string
	known       bool // no variable without a default
	overridable bool // a default was used
	invalid     bool
}

// interpolate replaces the variables of a string by their defaults, as compose-go's template package does in an empty
// environment.
func interpolate(text string, depth int) result {
	out := result{known: true}
	var b strings.Builder
	for text != "" {
		i := strings.IndexByte(text, '$')
		if i < 0 || i+1 == len(text) {
			break
		}
		b.WriteString(text[:i])
		text = text[i+1:]
		switch {
		case text[0] == '$':
			b.WriteByte('$')
			text = text[1:]
		case text[0] == '{':
			end := closing(text)
			n := nameLen(text[1:])
			if end < 0 || n == 0 || depth == maxTemplate {
				out.invalid = out.invalid || depth < maxTemplate
				out.known = false
				return out
			}
			op := text[1+n : end]
			text = text[end+1:]
			colon := strings.TrimPrefix(op, ":")
			switch {
			case op == "":
				out.known = false
			case colon != "" && colon[0] == '-':
				r := interpolate(colon[1:], depth+1)
				b.WriteString(r.text)
				out.known = out.known && r.known
				out.invalid = out.invalid || r.invalid
				out.overridable = true
			case colon != "" && (colon[0] == '+' || colon[0] == '?'):
				out.known = false
			default:
				out.known, out.invalid = false, true
				return out
			}
		case nameLen(text) > 0:
			text = text[nameLen(text):]
			out.known = false
		default:
			b.WriteByte('$')
		}
	}
	b.WriteString(text)
	out.text = b.String()
	return out
}

// closing returns the index of the brace that closes the one at the start of s, or -1.
func closing(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// nameLen returns the length of the variable name that s starts with.
func nameLen(s string) int {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || i > 0 && '0' <= c && c <= '9' {
			continue
		}
		return i
	}
	return len(s)
}
