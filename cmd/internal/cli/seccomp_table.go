package cli

import (
	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/decisions"
	"github.com/sandlint/sandlint/parsers/seccomp"
)

func (a *app) seccompTableCommand() *cobra.Command {
	var flags seccompFlags
	cmd := &cobra.Command{
		Use:   "table PROFILE|-",
		Short: "Show what a profile decides about every syscall",
		Long: `Show what a profile decides about every syscall, for each architecture. The table is that of the
first loader that reads the file, with runc and libseccomp in their newest releases, unless targets
name others; it says which others decide differently.`,
		Example: `  sandlint seccomp table seccomp.json
  sandlint seccomp table --arch all --format csv seccomp.json > seccomp.csv
  sandlint seccomp table --target crun=1.27 --cap SYS_ADMIN --format html seccomp.json > seccomp.html`,
		Args:              exactly(1, "one profile"),
		ValidArgsFunction: completeProfiles(1),
		RunE: func(_ *cobra.Command, args []string) error {
			scope, err := a.scope(&flags, args[0])
			if err != nil {
				return err
			}
			p, err := a.readProfile(args[0])
			if p == nil || err != nil {
				return err
			}
			a.noteRefusals(p, scope)
			t := decisions.NewTable(p, scope)
			switch flags.format {
			case "json":
				return t.WriteJSON(a.stdout)
			case "csv":
				return t.WriteCSV(a.stdout)
			case "html":
				a.hosted(p)
				return t.WriteHTML(a.stdout)
			}
			return t.WriteText(a.stdout, a.colored(a.stdout))
		},
	}
	flags.register(cmd, "text", "json", "csv", "html")
	return cmd
}

// hosted makes the file that a profile lies in its source, for the text beside a table. Places are the same in both.
func (a *app) hosted(p *seccomp.Profile) {
	if e := a.embedded[p.Source]; e != nil {
		p.Source = e.Host
	}
}
