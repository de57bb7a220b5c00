package dockerfile

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/sshd"
)

var emptyAuthorizedKeys = &rules.Rule{
	ID:       "dockerfile/empty-authorized-keys",
	Summary:  "a container writes its only SSH key from an argument or a variable that may be missing",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"POSIX, Shell Command Language, 2.6.2 Parameter Expansion: ${parameter:?word}",
	},
	Check: rules.OnImage(func(p *rules.Pass, img *image.Image) {
		if img.Dockerfile.Foreign() || img.Windows() {
			return
		}
		server := sshd.Server(img)
		if server == nil || !img.Final() || setsPassword(img) {
			return
		}
		var only *image.Command
		for _, s := range sshd.Starts(img) {
			for _, c := range s.Commands() {
				switch {
				case c.Unread != image.Read && !startsServer(c) || c.Name == "chpasswd" || c.Name == "passwd":
					return
				case slices.Contains([]string{"chmod", "chown", "mkdir", "touch"}, c.Name):
				case !bytes.Contains(c.File.Bytes[c.Span.Start:c.Span.End], []byte("authorized_keys")) &&
					!writesKeys(c):
				case only != nil || !writesKeys(c):
					return
				default:
					only = c
				}
			}
		}
		if only == nil {
			return
		}
		if finding, ok := checkKeys(img, only); ok {
			finding.Related = []rules.Related{{File: server.File, Span: server.Span, Message: "sshd is started here"}}
			p.Report(finding)
		}
	}),
}

// startsServer reports whether a command starts an SSH server, or what the container is given.
func startsServer(c *image.Command) bool {
	first := strings.ToLower(c.Words[0].Text)
	return strings.Contains(first, "sshd") || first == "$@"
}

// writesKeys reports whether a command replaces the file of keys that may log in.
func writesKeys(c *image.Command) bool {
	for _, w := range c.Writes() {
		if strings.HasSuffix(w.Path.Text, "/authorized_keys") && w.Truncate {
			return true
		}
	}
	return false
}

// parameter matches a word that is the value of one argument or variable.
var parameter = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^"?\$(?:([1-9]|[A-Za-z_]\w*)|\{([1-9]|[A-Za-z_]\w*)\})"?$`)
})

// checkKeys returns the finding about the command that writes the keys.
func checkKeys(img *image.Image, c *image.Command) (finding rules.Finding, ok bool) {
	if c.Name != "echo" && c.Name != "printf" || c.Maybe || c.Guard != "" || c.Function != "" || len(c.Words) < 2 {
		return finding, false
	}
	if c.Name == "echo" && len(c.Words) != 2 || c.Name == "printf" && (len(c.Words) != 3 || !c.Words[1].Known) {
		return finding, false
	}
	word := c.Words[len(c.Words)-1]
	text := c.File.Text(word.Span)
	m := parameter().FindStringSubmatch(text)
	if m == nil {
		return finding, false
	}
	name := m[1] + m[2]
	what, when, severity := fmt.Sprintf("the argument %q", "$"+name), "without arguments", rules.Warning
	if name[0] > '9' {
		what, when, severity = fmt.Sprintf("the variable %q", name), "without it", rules.Info
		if _, set := c.Step.Lookup(name); set || c.Assigned(name).Set {
			return finding, false
		}
	} else if givesArguments(img, c) {
		return finding, false
	}
	if checked(c.File.Bytes, name) {
		return finding, false
	}
	finding = rules.Finding{
		File: c.File, Span: word.Span, Severity: severity,
		Message: fmt.Sprintf("%s is empty in a container that is started %s, and with it authorized_keys, so the SSH "+
			"server runs and lets nobody in", what, when),
	}
	return finding, true
}

// givesArguments reports whether the image itself gives an argument to the script that a command stands in, so it is
// never empty.
func givesArguments(img *image.Image, c *image.Command) bool {
	starts := sshd.Starts(img)
	return len(starts) > 1 || len(c.Callers) != 1 || len(c.Callers[0].Words) != 1
}

// checked reports whether a script looks at an argument or variable elsewhere, or stops at all that are not set.
func checked(script []byte, name string) bool {
	if bytes.Contains(script, []byte("nounset")) || unset().Match(script) {
		return true
	}
	if name[0] <= '9' && (bytes.Contains(script, []byte("$#")) || bytes.Contains(script, []byte("${#"))) {
		return true
	}
	uses := regexp.MustCompile(`\$\{?#?`+name+`\b`).FindAllIndex(script, 2)
	others := slices.ContainsFunc([]string{"shift", "set --", "read "}, func(word string) bool {
		return bytes.Contains(script, []byte(word))
	})
	return len(uses) != 1 || others
}

// unset matches the setting with which a shell stops where it expands what is not set.
var unset = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)(?:\bset|^#!.*sh)\s+-[a-zA-Z]*u`) })
