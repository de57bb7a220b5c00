package nix

import (
	"path"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var sandboxPathsTooWide = &rules.Rule{
	ID:       "nix/sandbox-paths-too-wide",
	Summary:  "the sandbox of builds contains a path that defeats it",
	Severity: rules.Error,
	Category: rules.Security,
	Since:    "0.1.0",
	References: []string{
		"Nix manual, nix.conf: sandbox-paths",
	},
	Check: rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		if entry := inforce.Deciding(text, "sandbox"); entry != nil && entry.Value == "false" {
			return // there is no sandbox to defeat
		}
		for _, entry := range inforce.Contributing(text, "sandbox-paths") {
			for _, word := range entry.Words {
				if !text.File.Known(word.Span) {
					continue
				}
				_, outside, ok := strings.Cut(strings.TrimSuffix(word.Text, "?"), "=")
				if !ok {
					outside = strings.TrimSuffix(word.Text, "?")
				}
				why := tooWide(outside)
				if why == "" {
					continue
				}
				finding := nixtext.Atf(text, word.Span, "%q in %s exposes %s to every build", outside, entry.Name.Text,
					why)
				if p.Workspace.PlaceOf(text) == workspace.InImage {
					finding.Severity = rules.Warning
				}
				p.Report(finding)
			}
		}
	}),
}

// widePaths are the paths that a build must not see, with what they expose to it.
var widePaths = map[string]string{
	"/":             "the whole machine",
	"/etc":          "the configuration of the machine",
	"/home":         "the homes of all users",
	"/Users":        "the homes of all users",
	"/root":         "the home of root",
	"/var":          "the data of all services",
	"/var/lib":      "the data of all services",
	"/run":          "the sockets of all services",
	"/var/run":      "the sockets of all services",
	"/dev":          "the devices of the machine",
	"/proc":         "the processes of the machine",
	"/boot":         "the boot loader",
	"/nix":          "the whole store and the daemon's socket",
	"/nix/store":    "the whole store, beyond the build's inputs,",
	"/nix/var":      "the daemon's socket and the store's database",
	"/nix/var/nix":  "the daemon's socket and the store's database",
	"/etc/shadow":   "the password hashes",
	"/etc/ssh":      "the keys of the machine",
	"/run/secrets":  "the secrets of the machine",
	"/run/agenix":   "the secrets of the machine",
	"/run/agenix.d": "the secrets of the machine",
}

// controlSockets are sockets through which a process can run programs as root. The Nix daemon is among them because of
// what it does for trusted users.
var controlSockets = []string{
	"/docker.sock", "/containerd/containerd.sock", "/podman/podman.sock", "/crio/crio.sock", "/libvirt/libvirt-sock",
	"/incus/unix.socket", "/lxd/unix.socket",
	"/buildkit/buildkitd.sock",
}

// tooWide says what a path outside the sandbox exposes to builds that they must not have, or returns "".
func tooWide(outside string) string {
	if !strings.HasPrefix(outside, "/") {
		return ""
	}
	p := path.Clean(outside)
	if why := widePaths[p]; why != "" {
		return why
	}
	for _, socket := range controlSockets {
		if strings.HasSuffix(p, socket) && (strings.HasPrefix(p, "/run/") || strings.HasPrefix(p, "/var/")) {
			return "a service that runs programs as root"
		}
	}
	if dir, name := path.Split(p); (dir == "/home/" || dir == "/Users/") && name != "Shared" {
		return "the home of a user"
	}
	if strings.HasSuffix(p, "/.ssh") || strings.HasSuffix(p, "/.gnupg") || strings.HasSuffix(p, "/.aws") {
		return "keys of a user"
	}
	return ""
}
