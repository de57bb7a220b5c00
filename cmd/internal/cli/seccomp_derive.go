package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/decisions"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/nested"
	"github.com/sandlint/sandlint/parsers/source"
)

type deriveFlags struct {
	allowFlags
	tools, releases []string
	base            string
}

func (a *app) seccompDeriveCommand() *cobra.Command {
	var flags deriveFlags
	cmd := &cobra.Command{
		Use:   "derive [SYSCALL…]",
		Short: "Write the least extension of a default profile that a program needs",
		Long: `Print an engine's default profile with what a program needs besides, and nothing else: a program that
sandboxes others in a container (--for), one whose run was recorded (--from-strace, --from-audit), or
syscalls that are named. What the programs need was measured in containers of runc and crun, one name
at a time: without any of them the program fails. --for is one of
  bubblewrap    bwrap, and Flatpak, which runs it
  chromium      Chromium and its relatives with their sandbox, without --no-sandbox
  criu          criu restore of a process inside the container
  nix-sandbox   Nix with sandbox = true
  opam          opam's sandbox, which is bubblewrap, without --disable-sandboxing
  podman        podman run and podman build inside the container, with crun

The options of "docker run" or "podman run" that go with the profile, and what else to know, are
printed on standard error. The result is proved: each added syscall runs, and all other calls are
decided as by the base. An older program may need less: --release bubblewrap=0.12. For an existing
profile there is "seccomp allow".

Exit status: 2 for an unknown name, 3 when a file cannot be read or the base cannot be extended.`,
		Example: `  sandlint seccomp derive --for nix-sandbox > nix.json
  sandlint seccomp derive --for opam --release bubblewrap=0.8 > opam.json
  sandlint seccomp derive --for nix-sandbox --base podman@5.8
  strace -f -o run.log ./server; sandlint seccomp derive --from-strace run.log > server.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args)+len(flags.tools)+len(flags.strace)+len(flags.audit) == 0 {
				return fmt.Errorf("%s takes --for with one of %s, a recording, or syscalls; see %s --help",
					cmd.CommandPath(), strings.Join(nested.Names(), ", "), cmd.CommandPath())
			}
			stdin := 0
			for _, path := range slices.Concat([]string{flags.base}, flags.strace, flags.audit) {
				if path == "-" {
					stdin++
				}
			}
			if stdin > 1 {
				return errors.New("standard input can be the base or one recording, not both")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return seccomp.Syscalls(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.derive(&flags, args) },
	}
	flags.consumers(cmd)
	cmd.Flags().StringSliceVar(&flags.tools, "for", nil,
		"`PROGRAM` that is to work: "+strings.Join(nested.Names(), ", ")+" (repeatable)")
	cmd.Flags().StringVar(&flags.base, "base", "",
		"`PROFILE` to begin with: docker, podman, containerd, also with a release (docker@29), or a file (default: "+
			"docker, or what the targets name)")
	cmd.Flags().StringSliceVar(&flags.releases, "release", nil,
		"`PROGRAM=VERSION` where it is not the newest: "+strings.Join(nested.Programs(), ", "))
	flags.recordings(cmd)
	cmd.Flags().BoolVarP(&flags.quiet, "quiet", "q", false,
		"do not say what is added, why, and which options go with it")
	complete(cmd, "for", nested.Names()...)
	_ = cmd.RegisterFlagCompletionFunc("base", completeProfiles(0))
	formatFlag(cmd, &flags.format, "profile", "json")
	return cmd
}

func (a *app) derive(flags *deriveFlags, names []string) error {
	wish := decisions.Derivation{Releases: map[string]seccomp.Version{}}
	for _, name := range flags.tools {
		tool, ok := nested.Lookup(name)
		if !ok {
			near := ""
			if word := source.Nearest(name, nested.Names()); word != "" {
				near = fmt.Sprintf("did you mean %q? ", word)
			}
			return fmt.Errorf("--for %q is not known; %sthere are %s", name, near, strings.Join(nested.Names(), ", "))
		}
		if !slices.Contains(wish.Tools, tool) {
			wish.Tools = append(wish.Tools, tool)
		}
	}
	for _, word := range flags.releases {
		program, version, _ := strings.Cut(word, "=")
		v, ok := seccomp.ParseVersion(version)
		if !ok || !slices.Contains(nested.Programs(), program) {
			return fmt.Errorf("--release %q must have the form program=version, where the program is %s", word,
				decisions.Or(nested.Programs()))
		}
		wish.Releases[program] = v
	}
	scope, err := a.scope(&flags.seccompFlags)
	if err != nil {
		return err
	}
	base := flags.base
	if base == "" {
		base = decisions.DefaultBase(scope.Targets)
	}
	plan, err := a.extension(&flags.allowFlags, scope, base, wish.Wanted(), names)
	if plan == nil || err != nil {
		return err
	}
	p := plan.Profile
	wish.Podman = p.Engine == "podman" || p.Engine == "" && scope.Targets.Given("podman")
	if flags.format == "json" {
		return decisions.WriteDerivationJSON(a.stdout, &wish, plan)
	}
	if !flags.quiet {
		for _, line := range append(decisions.PlanLines(plan), wish.Lines(plan)...) {
			a.warnf("%s", line)
		}
	}
	_, after, err := a.inFile(plan.Profile.Source, plan.After)
	if err != nil {
		a.warnf("%v", err)
		a.setStatus(StatusUnreadable)
		return nil
	}
	return a.printed(after)
}
