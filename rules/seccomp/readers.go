package seccomp

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// reads reports whether a loader is one of those that read the profile.
func reads(p *rules.Pass, profile *workspace.Profile, l decide.Loader) bool {
	return slices.Contains(profile.Loaders(p.Targets().Seccomp), l)
}

// runtimeReads reports whether a runtime, "runc" or "crun", reads the bytes of the file itself. All others get what a loader made of them.
func runtimeReads(p *rules.Pass, profile *workspace.Profile, runtime string) bool {
	return profile.Dialect == seccomp.Bundle && slices.Contains(p.Targets().Seccomp.Runtimes(), runtime)
}

// goReaders returns the programs that read the profile with Go's encoding/json, for messages; crun is the only one that does not.
func goReaders(p *rules.Pass, profile *workspace.Profile) []string {
	switch profile.Dialect {
	case seccomp.Bundle:
		if runtimeReads(p, profile, "runc") {
			return []string{"runc"}
		}
		return nil
	case seccomp.SPO:
		return []string{"the API server"}
	}
	return loaderNames(p, profile, decide.LoaderDocker, decide.LoaderContainers, decide.LoaderOCI)
}

// loaderNames returns the names of those of some loaders that read the profile.
func loaderNames(p *rules.Pass, profile *workspace.Profile, loaders ...decide.Loader) (names []string) {
	for _, l := range loaders {
		if reads(p, profile, l) {
			names = append(names, l.String())
		}
	}
	return names
}

// plainReader returns who reads the profile as LoaderOCI, for messages.
func plainReader(p *rules.Pass, profile *workspace.Profile) string {
	switch profile.Dialect {
	case seccomp.Bundle:
		return enumerate(p.Targets().Seccomp.Runtimes())
	case seccomp.SPO:
		return "the security-profiles-operator"
	}
	return decide.LoaderOCI.String()
}

// enumerate returns "a", "a and b" or "a, b and c".
func enumerate(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// verb returns "s" where a verb has one subject: Docker reads, Docker and Podman read.
func verb(stem string, subjects []string) string {
	if len(subjects) == 1 {
		return stem + "s"
	}
	return stem
}

// texts returns the texts of strings.
func texts(list []seccomp.String) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.Text
	}
	return out
}

// set returns the texts of strings as a set.
func set(list []seccomp.String) map[string]bool {
	texts := make(map[string]bool, len(list))
	for _, s := range list {
		texts[s.Text] = true
	}
	return texts
}

// has reports whether one of some strings has a text.
func has(list []seccomp.String, text string) bool {
	return slices.ContainsFunc(list, func(s seccomp.String) bool { return s.Text == text })
}
