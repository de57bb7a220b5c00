package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/decisions"
	"github.com/sandlint/sandlint/parsers/seccomp/builtin"
)

func (a *app) seccompProfilesCommand() *cobra.Command {
	var flags seccompFlags
	cmd := &cobra.Command{
		Use:   "profiles [NAME]",
		Short: "List the default profiles of engines, or print one",
		Long: `List the built-in profiles: those that Docker, Podman and containerd apply to a container whose user
names none, with the releases that they came with. Such a name can stand wherever a command takes a
PROFILE. docker@29 is that of the newest known Docker 29, docker that of the newest known Docker;
between two known releases the profile of the earlier one is in force. runtime-default is what
Kubernetes' RuntimeDefault and nerdctl stand for with containerd; CRI-O has Podman's.

With a NAME, that profile is printed as JSON in Docker's form; places such as docker@29:12:3 in the
output of other commands are in this text. Docker and Podman resolve their profile for each container.
Containerd has code instead of a file; its text here, resolved in the same way for the host and the
container, is what that code makes. Another reader takes the text as its own dialect says.`,
		Example: `  sandlint seccomp profiles
  sandlint seccomp profiles docker@29 > seccomp.json
  sandlint seccomp diff docker@28 docker@29`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("%s takes one name; see %s --help", cmd.CommandPath(), cmd.CommandPath())
			}
			return nil
		},
		ValidArgsFunction: completeProfiles(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				p, err := builtin.Lookup(args[0])
				if err != nil {
					return err
				}
				_, err = a.stdout.Write(p.Source.Bytes)
				return err
			}
			if flags.format == "json" {
				return decisions.WriteProfilesJSON(a.stdout)
			}
			return decisions.WriteProfiles(a.stdout)
		},
	}
	formatFlag(cmd, &flags.format, "text", "json")
	return cmd
}
