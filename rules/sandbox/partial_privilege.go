package sandbox

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixvalues "github.com/sandlint/sandlint/fixers/values"
	"github.com/sandlint/sandlint/parsers/runs"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/starts"
)

var partialPrivilege = &rules.Rule{
	ID:       "sandbox/partial-privilege",
	Summary:  "a container has some of the privileges that a sandbox inside it needs, which is not enough",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"measured with bubblewrap 0.8.0 and Nix 2.8.0 and 2.34.8 in containers of runc under Docker's default profile",
		"containers/bubblewrap#505, ocaml/opam#4327; NixOS/nix#13128: a masked /proc",
	},
	Check: rules.OnRun(func(p *rules.Pass, run *runs.Run) {
		if starts.PodmanOnly(p, run) || run.Engine == runs.Kubernetes || run.MayBePrivileged() || !run.Certain() {
			return
		}
		seccomp, hasSeccomp := run.Option("seccomp")
		open := hasSeccomp && seccomp.Value.Is("unconfined")
		admin, hasAdmin := run.Adds("SYS_ADMIN")
		own := hasSeccomp && !open
		if !hasSeccomp && !hasAdmin {
			return // it has no privilege, which is another rule's
		}
		n := starts.Of(p, run).Sandbox()
		if n == nil {
			return
		}
		_, unmasked := run.Has("systempaths", "unconfined")
		finding := rules.Finding{Related: []rules.Related{n.Place}}
		what := "it fails"
		if n.Nix && n.Fallback {
			what = "it fails or, with a newer Nix, builds without its sandbox"
		}
		switch {
		case hasSeccomp && (unmasked || !n.Proc):
			return // whether a profile of one's own allows the calls is the profile's matter
		case own:
			finding.File, finding.Span = seccomp.Value.File, seccomp.Span
			finding.Message = fmt.Sprintf("a profile that allows the calls lets %s make its namespaces, but not mount "+
				"/proc in them while paths of /proc are masked, so %s; systempaths=unconfined is missing",
				n.Label, what)
		case open:
			finding.File, finding.Span = seccomp.Value.File, seccomp.Span
			finding.Message = fmt.Sprintf("without a profile %s can make its namespaces, but not mount /proc in them "+
				"while paths of /proc are masked, so %s; systempaths=unconfined is missing",
				n.Label, what)
		default:
			finding.File, finding.Span = admin.File, admin.Span
			finding.Message = fmt.Sprintf("SYS_ADMIN does not let %s make its sandbox: Docker's profile refuses "+
				"pivot_root even with it, so %s; what it needs is a profile that allows the calls", n.Label, what)
		}
		if hasSeccomp {
			finding.Fixes = unmask(p, run, finding.File, seccomp.Span)
		}
		p.Report(finding)
	}),
}

// unmask returns the fix that adds systempaths=unconfined beside another security option of a service.
func unmask(p *rules.Pass, run *runs.Run, f *source.File, option source.Span) []fixers.Fix {
	if run.Host != runs.Compose || f != run.File {
		return nil
	}
	const text = "systempaths=unconfined"
	edit, change, ok := fixvalues.AddItem(f, p.Workspace.Outline(f), option, text)
	if !ok {
		return nil
	}
	return []fixers.Fix{{
		Title: "Add " + text + ", with which nothing of /proc and /sys is masked", Safety: fixers.Unsafe,
		Edits: []fixers.Edit{edit}, Changes: fixers.Changes{change},
	}}
}
