package dockerfile

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/sshd"
)

var privateKeyInLayer = &rules.Rule{
	ID:       "dockerfile/private-key-in-layer",
	Summary:  "a RUN makes a private key that stays in a layer of the image",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"CWE-321: Use of Hard-coded Cryptographic Key; CVE-2015-7255 and many like it: equal host keys on all devices",
	},
	Check: rules.OnCommand(func(p *rules.Pass, c *image.Command) {
		if c.Step.Name != "RUN" || c.Step.Deferred || !c.InDockerfile() ||
			c.Step.Dockerfile().Foreign() || c.Uncalled {
			return
		}
		kind, file, ok := makesKey(c.Command)
		if !ok || removesKey(c, file) || !c.Step.Image.Ships() ||
			file != "" && c.Step.Covered(path.Dir(c.Absolute(file))) ||
			file == "" && c.Step.Covered("/etc/ssh") {
			return
		}
		end := c.Words[0].Span.End
		if len(c.Words) > 1 {
			end = c.Words[1].Span.End
		}
		severity := rules.Warning
		if isHostKey(c, file) && sshd.Server(c.Step.Image) != nil {
			severity = rules.Error // the server is known to start with it
		}
		p.Report(rules.Finding{
			Severity: severity,
			File:     c.File, Span: source.Span{Start: c.Words[0].Span.Start, End: end},
			Message: fmt.Sprintf("this makes %s while the image is built, so all containers have the same one, and "+
				"everyone who has the image can read it", kind),
		})
	}, "ssh-keygen", "openssl", "keytool", "make-ssl-cert", "dropbearkey"),
}

// isHostKey reports whether a key that a command makes is one that an SSH server shows to its clients.
func isHostKey(c *image.Command, file string) bool {
	return c.Name == "ssh-keygen" && (file == "" || strings.HasPrefix(c.Absolute(file), "/etc/ssh/ssh_host_"))
}

// makesKey returns what private key a command makes and the file that it writes, "" where it does not name one.
func makesKey(c *shell.Command) (kind, file string, ok bool) {
	has := func(words ...string) bool {
		return slices.ContainsFunc(c.Words[1:], func(w shell.Word) bool { return slices.Contains(words, w.Text) })
	}
	behind := func(options ...string) string {
		for n, w := range c.Words[:len(c.Words)-1] {
			if n > 0 && slices.Contains(options, w.Text) {
				return c.Words[n+1].Text
			}
		}
		return ""
	}
	verb := ""
	if len(c.Words) > 1 {
		verb = c.Words[1].Text
	}
	switch c.Name {
	case "ssh-keygen":
		switch {
		case has("-A"):
			return "the host keys of the SSH server", "", true
		case has("-R", "-F", "-l", "-lf", "-y", "-e", "-i", "-s", "-H", "-B", "-L", "-Y", "-h", "-?", "-V", "-p"):
			return "", "", false
		case has("-t", "-f", "-N", "-b", "-q"):
			return "an SSH key", behind("-f"), true
		}
	case "dropbearkey":
		return "a key of the SSH server", behind("-f"), behind("-f") != "" && !has("-y")
	case "openssl":
		switch {
		case verb == "genrsa", verb == "genpkey", verb == "ecparam" && has("-genkey"):
			file = behind("-out")
			return "a private key", file, file != ""
		case verb == "req" && has("-newkey", "-new", "-x509") && has("-nodes", "-noenc") && has("-keyout"):
			return "the private key of a certificate", behind("-keyout"), true
		}
	case "keytool":
		return "a private key", behind("-keystore"), has("-genkey", "-genkeypair")
	case "make-ssl-cert":
		return "the private key of a certificate", "", verb == "generate-default-snakeoil"
	}
	return "", "", false
}

// removesKey reports whether the same RUN removes the key again, or the folder that it is in, so the layer has none.
func removesKey(c *image.Command, file string) bool {
	key := c.Absolute(file)
	if file == "" {
		key = "/etc/ssh/ssh_host_rsa_key"
	}
	for _, other := range c.Step.Commands() {
		if other.Name != "rm" && other.Name != "shred" && other.Name != "mv" {
			continue
		}
		for _, w := range other.Words[1:] {
			if strings.HasPrefix(w.Text, "-") {
				continue
			}
			name := other.Absolute(w.Text)
			if match, err := path.Match(name, key); name != "" && (name == key || err == nil && match ||
				strings.HasPrefix(key, name+"/")) {
				return true
			}
			if key == "" || strings.HasSuffix(w.Text, path.Base(key)) || !w.Known && strings.Contains(w.Text, "$") {
				return true // not known
			}
		}
	}
	return false
}
