// Package ignores reads the comments with which sandlint's findings are suppressed:
//
//	# sandlint: ignore[nix/unknown-setting, DL3006] until=2026-12-31 the reason
//	# sandlint: ignore-file[seccomp] the reason
//
// It knows neither rules nor what a comment covers. A comment that was meant to suppress something, and is written in
// another way, is read as far as possible and has a Problem.
package ignores

import (
	"slices"
	"strings"
	"time"

	"github.com/sandlint/sandlint/parsers/source"
)

// What a configuration may ask for, besides allowing comments that suppress findings: to report them, and to report
// them without heeding them.
const (
	Warn = "warn"
	Deny = "deny"
)

// Comment is one comment, as written.
type Comment struct {
	// Mark is what begins the comment: "#", "//", ";" or "/*". It is "" for text that is the value of a member.
	Mark string
	// File says that it is for the whole file: "ignore-file".
	File bool
	// Names are the rules that it lists, in order.
	Names []Name
	// Until is the last day on which it holds, at 00:00 UTC; the zero time without one.
	Until time.Time
	// Reason is the text behind, or "".
	Reason string
	// Problem says why the comment suppresses nothing, as the end of a sentence; "" for one that is well-formed. Words
	// are then what may be the rules that were meant.
	Problem string
	Words   []string
}

// Name is a name in the list of a comment. The span counts from the beginning of the comment's text.
type Name struct {
	Text string
	Span source.Span
}

const tool = "sandlint"

// verbs are what people write for "ignore", from the comments of other linters.
var verbs = []string{
	"allow", "disable", "disable-file", "disable-line", "disable-next-line", "enable", "file-ignore", "global-ignore",
	"ignore", "ignore-all", "ignore-file", "ignore-line", "ignore-next-line", "nolint", "noqa", "off", "skip",
	"skip-file", "suppress",
}

// Parse reads a comment from its mark to its end. It returns false for comments that are not for sandlint, and for
// prose about it.
func Parse(text string) (Comment, bool) {
	c := Comment{}
	rest, end := text, len(text)
	switch {
	case strings.HasPrefix(text, "//"):
		c.Mark, rest = "//", strings.TrimLeft(text, "/")
	case strings.HasPrefix(text, "/*"):
		c.Mark, rest = "/*", text[2:]
		if before, ok := strings.CutSuffix(strings.TrimRight(text, " \t\r"), "*/"); ok && len(before) >= 2 {
			rest, end = before[2:], len(before)
		}
	case strings.HasPrefix(text, "#"):
		c.Mark, rest = "#", strings.TrimLeft(text, "#")
	case strings.HasPrefix(text, ";"):
		c.Mark, rest = ";", strings.TrimLeft(text, ";")
	}
	rest = strings.TrimLeft(rest, blanks)
	if len(rest) < len(tool) || !strings.EqualFold(rest[:len(tool)], tool) {
		return c, false
	}
	exact := rest[:len(tool)] == tool
	rest = rest[len(tool):]
	after, colon := strings.CutPrefix(strings.TrimLeft(rest, blanks), ":")
	if !colon {
		if after = strings.TrimLeft(rest, blanks); len(after) == len(rest) {
			return c, false // another word, such as the name of a file
		}
	}
	after = strings.TrimLeft(after, blanks)
	n := strings.IndexFunc(after, func(r rune) bool {
		return r != '-' && (r < 'a' || 'z' < r) && (r < 'A' || 'Z' < r)
	})
	if n < 0 {
		n = len(after)
	}
	verb, after := after[:n], after[n:]
	c.File = strings.HasSuffix(strings.ToLower(verb), "file") || strings.HasPrefix(strings.ToLower(verb), "global")
	list, bracket := strings.CutPrefix(after, "[")
	if colon && exact && bracket && (verb == "ignore" || verb == "ignore-file") {
		c.list(list, end-len(list))
		return c, true
	}
	if !meant(verb, after, colon) {
		return c, false
	}
	c.Problem = `is not of the form "sandlint: ignore[RULE] reason"`
	c.Words, c.Reason = words(after)
	return c, true
}

const blanks = " \t\r"

// meant reports whether a comment that is not well-formed was meant to suppress something: by its first word, and what
// follows it.
func meant(verb, after string, colon bool) bool {
	lower := strings.ToLower(verb)
	known := slices.Contains(verbs, lower)
	next := byte(0)
	if after != "" {
		next = after[0]
	}
	switch {
	case verb == "":
		return false
	case colon:
		return known || next == '[' || source.Nearest(lower, []string{"ignore", "ignore-file"}) != ""
	case next == 0 || next == '\r':
		return known
	}
	return known && strings.IndexByte("=[:(", next) >= 0
}

// list reads what follows the opening bracket, which lies at an offset of the comment.
func (c *Comment) list(text string, at int) {
	list, rest, closed := strings.Cut(text, "]")
	if !closed {
		c.Problem = "has no closing bracket"
		c.Words, c.Reason = words(text)
		return
	}
	blank := false
	for part := range strings.SplitSeq(list, ",") {
		name := strings.TrimSpace(part)
		if name != "" {
			start := at + strings.Index(part, name)
			c.Names = append(c.Names, Name{name, source.Span{Start: start, End: start + len(name)}})
		}
		blank = blank || strings.ContainsAny(name, blanks)
		at += len(part) + 1
	}
	rest = strings.Trim(rest, blanks)
	date, hasDate := strings.CutPrefix(rest, "until=")
	if hasDate {
		date, rest, _ = strings.Cut(date, " ")
		until, err := time.Parse(time.DateOnly, date)
		if err != nil {
			c.Problem = `has the end date "` + clip(date) + `", which is not a date such as 2026-12-31`
		}
		c.Until = until
	}
	c.Reason = reason(rest)
	switch {
	case len(c.Names) == 0:
		c.Problem = "lists no rule"
	case blank:
		c.Problem = "has no commas between the rules"
		c.Words = strings.Fields(strings.ReplaceAll(list, ",", " "))
	}
}

// words divides the text of a comment that is not well-formed: into the words that may be rules, which other linters
// write behind "=", ":" or in brackets, and the rest.
func words(text string) (list []string, rest string) {
	text = strings.TrimLeft(text, "=:([ \t")
	for text != "" {
		n := strings.IndexAny(text, ",;)]= \t\r#")
		if n < 0 {
			n = len(text)
		}
		word := text[:n]
		if !isName(word) {
			break
		}
		list = append(list, word)
		separated := strings.TrimLeft(text[n:], blanks)
		next, more := strings.CutPrefix(separated, ",")
		text = strings.TrimLeft(next, blanks)
		if !more && (len(separated) == len(text[min(len(text), n):]) || !startsWithName(text)) {
			break
		}
	}
	text = strings.TrimLeft(text, ",;)] \t\r#")
	return list, reason(strings.TrimPrefix(text, "reason="))
}

func startsWithName(text string) bool {
	word, _, _ := strings.Cut(text, " ")
	return isName(strings.TrimRight(word, ",;)]"))
}

// isName reports whether a word has the form of an id of sandlint, such as "nix/unknown-setting", or of an alias, such
// as "DL3006" or "StageNameCasing".
func isName(word string) bool {
	word = strings.TrimSuffix(word, "/*")
	if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-/") != "" {
		return false
	}
	inside := word[1:]
	return strings.Contains(word, "/") || strings.ContainsAny(word, "0123456789") ||
		strings.ToLower(inside) != inside || word == "all"
}

// reason returns the reason of a comment without what may stand between it and the list.
func reason(text string) string {
	return strings.Trim(strings.TrimLeft(text, " \t:#-—–"), blanks)
}

// maxShown bounds what a problem quotes.
const maxShown = 20

func clip(s string) string {
	if len(s) <= maxShown {
		return strings.ToValidUTF8(s, "?")
	}
	return strings.ToValidUTF8(s[:maxShown], "?") + "…"
}

// Text returns a comment as it is written, from its mark on. It holds the Names, not the Words.
func (c *Comment) Text() string {
	var b strings.Builder
	if c.Mark != "" {
		b.WriteString(c.Mark + " ")
	}
	b.WriteString(tool + ": ignore")
	if c.File {
		b.WriteString("-file")
	}
	b.WriteString("[")
	for n, name := range c.Names {
		if n > 0 {
			b.WriteString(", ")
		}
		b.WriteString(name.Text)
	}
	b.WriteString("]")
	if !c.Until.IsZero() {
		b.WriteString(" until=" + c.Until.Format(time.DateOnly))
	}
	if c.Reason != "" {
		b.WriteString(" " + c.Reason)
	}
	if c.Mark == "/*" {
		b.WriteString(" */")
	}
	return b.String()
}
