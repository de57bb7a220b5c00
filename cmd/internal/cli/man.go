package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manCommand is hidden: packagers run it, and users have the pages then.
func (a *app) manCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "man FOLDER",
		Short: "Write the manual pages to a folder",
		Long: `Write a manual page for sandlint and for each of its commands to a folder that exists:
sandlint.1, sandlint-check.1 and so on.

The environment variable SOURCE_DATE_EPOCH sets the date in them.`,
		Example: "  sandlint man /usr/local/share/man/man1",
		Args:    exactly(1, "a folder"),
		Hidden:  true,
		RunE: func(_ *cobra.Command, args []string) error {
			root.DisableAutoGenTag = true
			dir, err := a.getwd()
			if err != nil {
				return fmt.Errorf("finding the working directory: %w", err)
			}
			header := &doc.GenManHeader{Section: "1", Source: "sandlint " + Version, Manual: "sandlint"}
			if err := doc.GenManTree(root, header, absolute(dir, args[0])); err != nil {
				return outputError{fmt.Errorf("writing the manual pages: %w", err)}
			}
			return nil
		},
	}
}
