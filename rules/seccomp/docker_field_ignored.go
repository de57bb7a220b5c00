package seccomp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/seccomp/internal/fixes"
	"github.com/sandlint/sandlint/rules/seccomp/internal/kernels"
	"github.com/sandlint/sandlint/rules/seccomp/internal/literals"
	"github.com/sandlint/sandlint/rules/seccomp/internal/phrase"
	"github.com/sandlint/sandlint/rules/seccomp/internal/readers"
	"github.com/sandlint/sandlint/rules/seccomp/internal/report"
)

var dockerFieldIgnored = &rules.Rule{
	ID: "seccomp/docker-field-ignored",
	Summary: "a field that Docker and Podman read is in a profile for a consumer that ignores it, so its rule " +
		"means something else",
	Severity: rules.Error,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"containerd, contrib/seccomp/seccomp.go: WithProfile decodes into LinuxSeccomp " +
			"of the OCI runtime specification",
		"OCI runtime specification v1.3.0, config-linux.md, Seccomp",
		"Docker's default profile read by containerd, run by runc 1.1.5 and 1.5.1 and crun 1.8.1 and 1.27: mount, " +
			"bpf, unshare, setns and init_module are allowed, 32-bit programs are killed",
		"kubernetes/kubernetes#39128: the content of a Localhost profile is opaque to Kubernetes",
	},
	Check: rules.OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
		if !readers.Reads(p, profile, decide.LoaderOCI) {
			return
		}
		reader := readers.Plain(p, profile)
		ignore := "ignores"
		if strings.Contains(reader, " and ") {
			ignore = "ignore"
		}
		fixes := resolved(p, profile)
		report := func(value source.Span, field, effect string) {
			span, ok := fixseccomp.FieldKey(profile.Profile, value)
			if !ok {
				span = source.Span{Start: value.Start, End: value.Start + 1}
			}
			finding := report.At(profile, span, fmt.Sprintf("%s %s %q, so %s", reader, ignore, field, effect))
			finding.Fixes, fixes = fixes, nil // once: it is about the whole file
			p.Report(finding)
		}
		if lost := lostArchitectures(profile); len(lost) > 0 {
			whose := "its"
			if len(lost) > 1 {
				whose = "their"
			}
			report(profile.ArchMapSpan, "archMap",
				fmt.Sprintf("the filter lacks %s, and %s programs are killed", phrase.List(lost), whose))
		}
		for _, rule := range profile.Rules {
			switch {
			case rule.LegacyName:
				report(rule.Name.Span, "name", lostRule(p, profile, rule))
				continue // there is no rule to apply
			case rule.Name.Text != "" && !literals.Has(rule.Names, rule.Name.Text):
				report(rule.Name.Span, "name", fmt.Sprintf("the rule is not about %q", rule.Name.Text))
			}
			if sameAsDefault(profile, rule) {
				continue
			}
			if where := dropped(p, rule, rule.Includes, true); where != "" {
				report(rule.Includes.Span, "includes", holds(rule)+where)
			}
			if where := dropped(p, rule, rule.Excludes, false); where != "" {
				report(rule.Excludes.Span, "excludes", holds(rule)+where)
			}
		}
	}),
}

// resolved returns the fix that writes what Docker hands to the runtime on the one host that the profile is for, for
// a container that asks for no capabilities.
func resolved(p *rules.Pass, profile *workspace.Profile) []fixers.Fix {
	host, ok := onlyHost(p, profile)
	if !ok {
		return nil
	}
	r := decide.Resolve(profile.Profile, decide.LoaderDocker,
		decide.Host{Arch: host, Caps: decide.DefaultCaps(decide.LoaderDocker)})
	return fixes.Edited(profile,
		fmt.Sprintf("Write what Docker makes of the profile on %s with its default capabilities", host.GOARCH),
		fixers.Unsafe, fixseccomp.ReplaceByOCI(r), fixers.Changes{fixseccomp.AnyDecision{}})
}

// onlyHost returns the machine of the only targeted platform, or the only one that the profile is made for.
func onlyHost(p *rules.Pass, profile *workspace.Profile) (*seccomp.Architecture, bool) {
	if platforms := p.Targets().Platforms; len(platforms) == 1 {
		_, arch, _ := strings.Cut(platforms[0], "/")
		arch, _, _ = strings.Cut(arch, "/")
		return seccomp.ArchitectureOf(arch)
	}
	if hosts := profile.Hosts(); len(hosts) == 1 && len(p.Targets().Platforms) == 0 && hosts[0].GOARCH != "" {
		return hosts[0], true
	}
	return nil, false
}

// lostArchitectures returns the architectures that only archMap adds to the filter.
func lostArchitectures(profile *workspace.Profile) (lost []string) {
	seen := literals.Set(profile.Architectures)
	for _, entry := range profile.ArchMap {
		for _, sub := range entry.SubArchitectures {
			if !seen[sub.Text] {
				lost = append(lost, sub.Text)
			}
			seen[sub.Text] = true
		}
	}
	return shorten(lost, "architectures")
}

// lostRule returns what happens to a rule without names.
func lostRule(p *rules.Pass, profile *workspace.Profile, rule *seccomp.Rule) string {
	effect := fmt.Sprintf("%q is left to the default action", rule.Name.Text)
	runtimes := p.Targets().Seccomp.Runtimes()
	switch {
	case len(runtimes) == 2:
		return "with runc " + effect + ", and crun refuses the profile"
	case runtimes[0] == "crun":
		return "the rule has no names, and the profile is refused"
	}
	return effect
}

// shorten returns no more than three of some names, the last of which then says how many others there are.
func shorten(names []string, what string) []string {
	if len(names) > 3 {
		return []string{names[0], names[1], fmt.Sprintf("%d other %s", len(names)-2, what)}
	}
	return names
}

// holds returns the beginning of a sentence about where a rule holds.
func holds(rule *seccomp.Rule) string {
	names := shorten(literals.Texts(rule.Names), "syscalls")
	action := strings.TrimPrefix(rule.Action.Text, "SCMP_ACT_")
	if len(names) == 0 {
		return "the rule holds"
	}
	return fmt.Sprintf("%s for %s holds", action, phrase.List(names))
}

// dropped says where a rule holds for a reader that ignores its includes or excludes and where it should not; "" when
// that is nowhere.
func dropped(p *rules.Pass, rule *seccomp.Rule, scope seccomp.Scope, includes bool) string {
	var where []string
	with, on, from := " with ", " on ", " from Linux "
	if includes {
		with, on, from = " without ", " on other hosts than ", " before Linux "
	}
	if len(scope.Caps) > 0 {
		where = append(where, with+or(shorten(literals.Texts(scope.Caps), "capabilities")))
	}
	if len(scope.Arches) > 0 && reachesHost(p, rule, scope.Arches, includes) {
		where = append(where, on+or(shorten(literals.Texts(scope.Arches), "hosts")))
	}
	if least, ok := kernels.ParseMin(scope.MinKernel.Text); ok && !(includes && kernels.Always(p, least)) {
		where = append(where, from+scope.MinKernel.Text)
		if !includes {
			where[len(where)-1] += " on"
		}
	}
	if len(where) == 0 {
		return ""
	}
	return " also" + strings.Join(where, " and")
}

// reachesHost reports whether a rule is about a syscall of a host that its arches keep it from: one that is not among
// those of includes, or is among those of excludes. The hosts are those of the targeted platforms, else the 64-bit
// ones.
func reachesHost(p *rules.Pass, rule *seccomp.Rule, arches []seccomp.String, includes bool) bool {
	platforms := p.Targets().Platforms
	for _, host := range seccomp.Architectures() {
		if literals.Has(arches, host.Docker) || literals.Has(arches, host.Containers) {
			if includes {
				continue
			}
		} else if !includes {
			continue
		}
		if len(platforms) > 0 && !slices.ContainsFunc(platforms, func(s string) bool {
			return s == "linux/"+host.GOARCH || strings.HasPrefix(s, "linux/"+host.GOARCH+"/")
		}) {
			continue
		}
		if host.GOARCH == "" || len(platforms) == 0 && host.Bits != 64 {
			continue
		}
		if slices.ContainsFunc(rule.Names, func(name seccomp.String) bool {
			s, ok := seccomp.LookupSyscall(name.Text)
			return ok && s.On(host.ABI)
		}) {
			return true
		}
	}
	return false
}

// or returns "a", "a or b" or "a, b or c".
func or(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// sameAsDefault reports whether a rule does what happens without it, so runtimes drop it.
func sameAsDefault(profile *workspace.Profile, rule *seccomp.Rule) bool {
	if rule.Action.Text != profile.DefaultAction.Text {
		return false
	}
	action, ok := seccomp.LookupAction(rule.Action.Text)
	return ok && (!action.Errno || errnoValue(rule.ErrnoRet) == errnoValue(profile.DefaultErrnoRet))
}

// errnoValue returns the number that an absent or given errnoRet stands for.
func errnoValue(n seccomp.Number) uint16 {
	if n.Span.IsEmpty() {
		return 1 // EPERM
	}
	return uint16(n.Value)
}
