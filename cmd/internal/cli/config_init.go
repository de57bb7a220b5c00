package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/files"
)

// starter is the text of "sandlint config init".
const starter = `# The configuration of sandlint, which holds for the files in this folder and below, but for those
# that have a nearer one. "sandlint config show PATH" shows what holds for a file, and why.

# The rules to begin with: minimal, security, recommended or strict.
preset = "recommended"

# The lowest severity that makes the exit status 1: error, warning, info, style or never.
fail_on = "warning"

# Files and folders that a search leaves out.
# exclude = ["third_party", "**/testdata/**"]

# Rules to switch on or off: ids, aliases such as DL3008, packs, or all.
# select = ["dockerfile/apt-unpinned"]
# ignore = ["dockerfile/no-user"]

# The releases that the files are for. Without them, sandlint takes those in wide use.
# target {
#   nix      = "2.24"
#   platform = ["linux/amd64", "linux/arm64"]
# }

# How severe a rule is, and which of its fixes are applied: none, safe or unsafe.
# rule "nix/no-timeout" {
#   severity = "warning"
#   fix      = "unsafe"
# }

# Other settings for some files.
# override {
#   paths  = ["legacy/**"]
#   ignore = ["nix/unknown-setting"]
# }
`

func (a *app) initConfigCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Write a " + config.Name + " to begin with",
		Long: `Write a ` + config.Name + ` with comments to the working directory. It changes nothing yet: its
values are the defaults. A file that is there is not overwritten.`,
		Example: `  sandlint config init`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := a.getwd()
			if err != nil {
				return fmt.Errorf("finding the working directory: %w", err)
			}
			target := filepath.Join(dir, config.Name)
			if _, err := (files.Disk{}).Lstat("", target); err == nil {
				return fmt.Errorf("%s exists; it is not overwritten", config.Name)
			}
			if path := config.FindHadolint(dir); path != "" {
				a.warnf("%s does not count beside a %s; \"sandlint config migrate\" makes one of it",
					shown(dir, path), config.Name)
			}
			if err := writeFile(dir, target, func(w io.Writer) error {
				_, err := io.WriteString(w, starter)
				return err
			}); err != nil {
				return fmt.Errorf("writing %s: %w", config.Name, err)
			}
			fmt.Fprintf(a.stdout, "%s is written; \"sandlint config show\" shows what it says\n", config.Name)
			return nil
		},
	}
}

func (a *app) checkConfigCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE…]",
		Short: "Check configuration files",
		Long: `Check configuration files with what they extend and the rule packs that they name, and report what is
wrong with them. Without FILE, it is the nearest ` + config.Name + ` upwards and all below the working
directory.

Exit status: 0 all can be used, 2 one cannot, or there is none.`,
		Example: `  sandlint config check
  sandlint config check lint/base.hcl`,
		RunE: func(_ *cobra.Command, args []string) error { return a.checkConfigs(args) },
	}
}

func (a *app) checkConfigs(args []string) error {
	dir, err := a.getwd()
	if err != nil {
		return fmt.Errorf("finding the working directory: %w", err)
	}
	tree := files.Disk{}
	var paths []string
	for _, name := range args {
		paths = append(paths, absolute(dir, name))
	}
	if len(args) == 0 {
		if path := config.Find(dir); path != "" {
			paths = []string{path}
		}
		opts := files.WalkOptions{Root: files.Root(tree, dir, dir)}
		if err := files.Walk(tree, opts, dir, func(v *files.Visit) error {
			if v.Err == nil && !v.Pruned && filepath.Base(v.Name) == config.Name && !v.Ignored() && !v.Entry.IsDir() &&
				!slices.Contains(paths, v.Name) {
				paths = append(paths, v.Name)
			}
			return nil
		}); err != nil {
			return fmt.Errorf("searching the working directory: %w", err)
		}
		if len(paths) == 0 {
			return fmt.Errorf("there is no %s in %s, above or below", config.Name, filepath.ToSlash(dir))
		}
	}
	var wrong []error
	for _, path := range paths {
		conf, err := a.loadConfig(dir, path)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		a.warnings(conf)
		fmt.Fprintf(a.stdout, "%s: no problems\n", report.Visible(shown(dir, path)))
	}
	return config.JoinErrors(wrong)
}

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print a JSON Schema of configurations",
		Long: `Print a JSON Schema of what a ` + config.Name + ` may say, as JSON says the same: a block without a label
is an object, an override block an element of a list, and a block with a label a member of its name.

Editors use JSON Schemas for JSON alone, and check no HCL by them. The schema is for programs that
write configurations, or that complete their names; "sandlint config check" is what checks a file.`,
		Example: `  sandlint config schema`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			packs, _, err := a.configured(&runFlags{noConfig: true})
			if err != nil {
				return err
			}
			return a.printJSON(config.Schema(packs))
		},
	}
}
