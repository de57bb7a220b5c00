package cli

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/rules"
)

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Work with configuration files",
		Long: `Work with configuration files: ` + config.Name + `, which is HCL, and those of hadolint, which sandlint
reads where there is none of its own.`,
		Example: `  sandlint config migrate -w`,
		Args:    cobra.ArbitraryArgs,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return a.noCommand(cmd, args) }
	cmd.AddCommand(a.initConfigCommand(), a.showConfigCommand(), a.checkConfigCommand(), a.schemaCommand(),
		a.migrateCommand())
	return cmd
}

func (a *app) migrateCommand() *cobra.Command {
	var write bool
	cmd := &cobra.Command{
		Use:   "migrate [FILE]",
		Short: "Turn hadolint's configuration into a " + config.Name,
		Long: `Print the ` + config.Name + ` that does what a .hadolint.yaml does: the same rules are on, with the
same severities and options. Without FILE, it is the nearest .hadolint.yaml upwards, the one that
"sandlint check" reads while there is no ` + config.Name + `. Names and keys that hadolint does not know
are reported on standard error.`,
		Example: `  sandlint config migrate
  sandlint config migrate -w && git rm .hadolint.yaml`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return exactly(1, "one file, or none")(cmd, args)
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.migrate(args, write) },
	}
	cmd.Flags().BoolVarP(&write, "write", "w", false, "write "+config.Name+" beside the file instead of printing it")
	return cmd
}

func (a *app) migrate(args []string, write bool) error {
	dir, err := a.getwd()
	if err != nil {
		return fmt.Errorf("finding the working directory: %w", err)
	}
	path := ""
	if len(args) > 0 {
		path = absolute(dir, args[0])
	} else if path = config.FindHadolint(dir); path == "" {
		return fmt.Errorf("there is no .hadolint.yaml in %s or above", filepath.ToSlash(dir))
	}
	text, conf, err := config.Migrate(dir, path, shown(dir, path), a.packs())
	if err != nil {
		return err
	}
	a.problems(conf.Source, conf.Warnings, rules.Warning)
	put := func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	}
	if !write {
		return put(a.stdout)
	}
	target := filepath.Join(filepath.Dir(path), config.Name)
	if _, err := (files.Disk{}).Lstat("", target); err == nil {
		return fmt.Errorf("%s exists; it is not overwritten", report.Visible(shown(dir, target)))
	}
	if err := writeFile(dir, target, put); err != nil {
		return fmt.Errorf("writing %s: %w", config.Name, err)
	}
	return nil
}
