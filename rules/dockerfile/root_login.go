package dockerfile

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var rootLogin = &rules.Rule{
	ID:       "dockerfile/root-login",
	Summary:  "root gets no password or one that the file holds, or SSH lets root or users without a password in",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"CVE-2019-5021: the official Alpine images had an empty password for root",
		"sshd_config(5): PermitEmptyPasswords, PermitRootLogin",
	},
	Check: rules.OnCommand(func(p *rules.Pass, c *image.Command) {
		if c.Step.Name != "RUN" || !c.InDockerfile() || c.Uncalled || len(c.Words) == 0 ||
			c.Step.Dockerfile().Foreign() || c.Step.Image == nil {
			return
		}
		if at, message := opensRoot(c); message != "" &&
			(c.Step.Deferred || c.Step.Image.Ships()) {
			p.Report(rules.Finding{File: c.File, Span: at, Message: message})
		}
		if finding, ok := permitsRoot(c); ok && (c.Step.Deferred || c.Step.Image.Ships()) {
			p.Report(finding)
		}
	}, "chpasswd", "passwd", "usermod", "echo", "printf", "sed", "cat", "tee"),
}

// opensRoot returns what lets everyone log in as root, and its place.
func opensRoot(c *image.Command) (source.Span, string) {
	has := func(words ...string) bool {
		return slices.ContainsFunc(c.Words[1:], func(w shell.Word) bool { return slices.Contains(words, w.Text) })
	}
	const (
		known      = "root gets a password that everyone who can read the file or the image's history knows"
		noPassword = "root has no password from here on, so every user of the container can become root by su"
	)
	last := c.Words[len(c.Words)-1]
	switch c.Name {
	case "passwd":
		if has("-d", "--delete") && last.Text == "root" {
			return c.Span, "root has no password from here on, so every user of the container can become root by su"
		}
		if has("--stdin") && last.Text == "root" && literalInput(c) != "" {
			return c.Words[0].Span, known
		}
	case "usermod":
		for n, w := range c.Words[:len(c.Words)-1] {
			if (w.Text == "-p" || w.Text == "--password") && c.Words[n+1].Known && c.Words[n+1].Text == "" &&
				last.Text == "root" {
				return c.Span, "root has no password from here on, so every user of the container can become root by su"
			}
		}
	case "chpasswd":
		for line := range strings.Lines(literalInput(c)) {
			if password, ok := strings.CutPrefix(strings.TrimSpace(line), "root:"); ok && password != "" &&
				!strings.ContainsAny(password, "$`") && password != "!" && password != "*" {
				return c.Words[0].Span, known
			}
		}
	default:
		return emptyPasswords(c)
	}
	return source.Span{}, ""
}

// literalInput returns the text that a command reads, as far as an echo, a printf or a here-document says it.
func literalInput(c *image.Command) string {
	if from := c.PipedFrom; from != nil && (from.Name == "echo" || from.Name == "printf") {
		var b strings.Builder
		for _, w := range from.Words[1:] {
			if !w.Known {
				return ""
			}
			if !strings.HasPrefix(w.Text, "-") {
				b.WriteString(strings.ReplaceAll(w.Text, `\n`, "\n"))
				b.WriteByte('\n')
			}
		}
		return b.String()
	}
	for _, r := range c.Redirs {
		if r.Op == "<<<" && r.Target.Known {
			return r.Target.Text
		}
		var b strings.Builder
		for _, piece := range r.Heredoc {
			b.WriteString(piece.Text)
		}
		if b.Len() > 0 {
			return b.String()
		}
	}
	return ""
}

var permitsEmpty = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(^|[/\n\\|,])\s*PermitEmptyPasswords[ \t]+yes`)
})

// permitsEmptyPasswords reports whether a text has a line of sshd_config that lets users without a password in. The
// expression is asked only about texts that have the end of the keyword.
func permitsEmptyPasswords(text string) bool {
	return (strings.Contains(text, "mptyPasswords") || strings.Contains(text, "mptypasswords")) &&
		permitsEmpty().MatchString(text)
}

var permitsRootLogin = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(?:^|[/\n\\|,])\s*PermitRootLogin[ \t]+(yes)\b`)
})

// permitsRoot returns the finding for a command that writes that root may log in over SSH with a password.
func permitsRoot(c *image.Command) (finding rules.Finding, ok bool) {
	if c.Name == "sed" && !slices.ContainsFunc(c.Words, func(w shell.Word) bool {
		return strings.Contains(w.Text, "sshd_config")
	}) || c.Name != "sed" && !writesSSHD(c) {
		return finding, false
	}
	finding = rules.Finding{
		File: c.File,
		Message: "from here on root may log in over SSH with a password too, once it has one; " +
			"prohibit-password lets root in with a key alone",
	}
	var edits []fixers.Edit
	var removed, added []string
	verbatim := true // each word that says so stands in the file as it is
	for _, w := range c.Words[1:] {
		at := permitsRootLogin().FindAllStringSubmatchIndex(w.Text, -1)
		if c.Name == "sed" {
			at = slices.DeleteFunc(at, func(at []int) bool { return !substituted(w.Text, at[2]) })
		}
		if len(at) == 0 {
			continue
		}
		if !ok {
			finding.Span, ok = w.Span, true
		}
		n := strings.LastIndex(c.File.Text(w.Span), w.Text)
		verbatim = verbatim && n >= 0
		now, end := "", 0
		for _, match := range at {
			start := w.Span.Start + n + match[2]
			edits = append(edits, fixers.Edit{
				File: c.File, Span: source.Span{Start: start, End: start + len("yes")}, Text: "prohibit-password",
			})
			now += w.Text[end:match[2]] + "prohibit-password"
			end = match[3]
		}
		removed, added = append(removed, w.Text), append(added, now+w.Text[end:])
	}
	for _, r := range c.Redirs {
		var b strings.Builder
		for _, piece := range r.Heredoc {
			b.WriteString(piece.Text)
		}
		if permitsRootLogin().MatchString(b.String()) {
			if !ok {
				finding.Span, ok = r.Span, true
			}
			verbatim = false // no fix reaches into it
		}
	}
	if verbatim && len(edits) > 0 && !setsPassword(c.Step.Image) {
		finding.Fixes = []fixers.Fix{{
			Title: "Write prohibit-password", Safety: fixers.Unsafe, Edits: edits,
			Changes: fixers.Changes{fixdocker.Words{Removed: removed, Added: added}},
		}}
	}
	return finding, ok
}

// substituted reports whether an offset in a script of sed lies in what a match becomes.
func substituted(script string, at int) bool {
	if len(script) < 3 || script[0] != 's' {
		return false
	}
	parts := strings.Split(script, script[1:2])
	return len(parts) > 2 && at >= len(parts[0])+len(parts[1])+2
}

// writesSSHD reports whether a command writes to the configuration of sshd.
func writesSSHD(c *image.Command) bool {
	return slices.ContainsFunc(c.Writes(), func(w shell.Write) bool {
		return strings.Contains(w.Path.Text, "sshd_config")
	})
}

// setsPassword reports whether a stage gives a user a password, so root may log in with it on purpose.
func setsPassword(img *image.Image) bool {
	for at := img; at != nil; at = at.Parent {
		for _, s := range at.Steps() {
			for _, c := range s.Commands() {
				if c.Name == "chpasswd" || c.Name == "passwd" {
					return true
				}
			}
		}
	}
	return false
}

// emptyPasswords returns the place where a command writes that SSH lets users without a password in.
func emptyPasswords(c *image.Command) (source.Span, string) {
	const message = "the SSH server lets users without a password in from here on"
	for _, w := range c.Words[1:] {
		text := w.Text
		if c.Name == "sed" {
			if len(text) < 3 || text[0] != 's' {
				continue
			}
			parts := strings.Split(text, text[1:2])
			if len(parts) < 3 {
				continue
			}
			text = parts[2] // what the match becomes
		}
		if permitsEmptyPasswords(text) {
			return w.Span, message
		}
	}
	for _, r := range c.Redirs {
		if len(r.Heredoc) == 0 {
			continue
		}
		var b strings.Builder
		for _, piece := range r.Heredoc {
			b.WriteString(piece.Text)
		}
		if permitsEmptyPasswords(b.String()) {
			return r.Span, message
		}
	}
	return source.Span{}, ""
}
