package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/decisions"
	fixes "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
)

func (a *app) seccompResolveCommand() *cobra.Command {
	var flags seccompFlags
	cmd := &cobra.Command{
		Use:   "resolve PROFILE|-",
		Short: "Turn a profile for Docker or Podman into one for containerd",
		Long: `Print what Docker or Podman makes of a profile on one machine and for one container, as a profile
of the plain OCI form. containerd, and so most Kubernetes nodes, runc and crun silently drop archMap,
includes and excludes, so the rules that these restrict hold for every container; the plain form
decides for them as the original does for Docker.

Docker reads the profile unless a target names podman or cri-o. --caps is the whole set of
the container: default stands for the capabilities that it has without asking.`,
		Example: `  sandlint seccomp resolve --arch amd64 seccomp.json > containerd.json
  sandlint seccomp resolve --arch arm64 --caps default,SYS_PTRACE --kernel 6.1 seccomp.json
  sandlint seccomp resolve --arch amd64 --target podman=5 --caps none seccomp.json`,
		Args:              exactly(1, "one profile"),
		ValidArgsFunction: completeProfiles(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			scope, err := a.scope(&flags, args[0])
			if err != nil {
				return err
			}
			if len(scope.Archs) != 1 {
				return fmt.Errorf("%s needs one --arch, that of the machine; see %s --help", cmd.CommandPath(),
					cmd.CommandPath())
			}
			p, err := a.readProfile(args[0])
			if p == nil || err != nil {
				return err
			}
			return a.resolve(p, scope)
		},
	}
	flags.consumers(cmd)
	cmd.Flags().StringSliceVar(&flags.archs, "arch", nil, "`ARCHITECTURE` of the machine: amd64, arm64, s390x …")
	cmd.Flags().StringSliceVar(&flags.caps, "caps", []string{"default"},
		"`CAPABILITIES` of the container: a list of names, default, all, none")
	cmd.Flags().StringVar(&flags.kernel, "kernel", "",
		"`VERSION` of Linux, for the minKernel of rules (default: the newest)")
	completeArchs(cmd)
	completeCaps(cmd, "caps", "default", "all", "none")
	flags.exactCaps = true
	return cmd
}

func (a *app) resolve(p *seccomp.Profile, s decisions.Scope) error {
	loader := decide.LoaderDocker
	if loaders := s.Targets.Loaders(p); slices.Contains(loaders, decide.LoaderContainers) &&
		!slices.Contains(loaders, decide.LoaderDocker) {
		loader = decide.LoaderContainers
	}
	r := decide.Resolve(p, loader, decide.Host{Arch: s.Archs[0], Caps: s.Caps.For(loader), Kernel: s.Kernel})
	reason := ""
	switch {
	case len(p.Problems) > 0:
		reason = "its problems must be fixed first"
	case r.Off:
		reason = fmt.Sprintf("%s treats it as no profile, so containers run without a filter", loader)
	case len(r.Refused) > 0:
		reason = fmt.Sprintf("%s refuses it: %s", loader, r.Refused[0].Reason)
		if at := r.Refused[0].At.Span; !at.IsEmpty() {
			place := p.Source.Position(at.Start)
			reason = fmt.Sprintf("line %d, column %d: %s", place.Line, place.Column, reason)
		}
	}
	text := fixes.OCI(r)
	if reason == "" && text == nil {
		reason = "it is not a profile in JSON"
	}
	if reason != "" {
		a.warnf("%s cannot be resolved: %s", p.Source.Path, strings.TrimSuffix(reason, "."))
		a.setStatus(StatusUnreadable)
		return nil
	}
	_, err := a.stdout.Write(text)
	return err
}
