package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules/custom"
)

func (a *app) newCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "new",
		Short:   "Begin something new",
		Long:    `Begin something new: a rule in a rule pack, with tests that pass, to be changed.`,
		Example: `  sandlint new rule acme/base-image-registry --on dockerfile.from`,
		Args:    cobra.ArbitraryArgs,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return a.noCommand(cmd, args) }
	cmd.AddCommand(a.newRuleCommand())
	return cmd
}

func (a *app) newRuleCommand() *cobra.Command {
	var on, file string
	cmd := &cobra.Command{
		Use:   "rule PACK/NAME",
		Short: "Write a rule with its tests into a rule pack",
		Long: `Write a rule into a rule pack, with a bad and a good test that pass, to be changed. It goes to the end
of the pack's file: lint/PACK.hcl, or what --file names. A file that is not there is made, and the
line that the configuration needs is printed.`,
		Example: `  sandlint new rule acme/base-image-registry --on dockerfile.from
  sandlint new rule acme/no-sandbox --on nix.setting --file rules/nix.hcl`,
		Args: exactly(1, "the id of the rule, as in acme/base-image-registry"),
		RunE: func(_ *cobra.Command, args []string) error { return a.newRule(args[0], on, file) },
	}
	cmd.Flags().StringVar(&on, "on", "dockerfile.instruction", "the `KIND` of node that the rule is about")
	cmd.Flags().StringVar(&file, "file", "", "the `FILE` of the pack (default: lint/PACK.hcl)")
	_ = cmd.MarkFlagFilename("file", "hcl")
	_ = cmd.RegisterFlagCompletionFunc("on",
		func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var out []string
			for _, k := range custom.Kinds() {
				out = append(out, k.Name+"\t"+k.Doc)
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		})
	return cmd
}

// isRuleID matches the id of a rule of a pack.
var isRuleID = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*/[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
})

func (a *app) newRule(id, on, file string) error {
	if !isRuleID().MatchString(id) {
		return fmt.Errorf("%q is not of the form pack/name, in small letters, digits and dashes", id)
	}
	pack, name, _ := strings.Cut(id, "/")
	kind := custom.FindKind(on)
	if kind == nil {
		var all []string
		for _, k := range custom.Kinds() {
			all = append(all, k.Name)
		}
		slices.Sort(all)
		if near := source.Nearest(on, all); near != "" {
			return fmt.Errorf("--on: there is no kind of node %q; did you mean %q?", on, near)
		}
		return fmt.Errorf("--on: there is no kind of node %q; the kinds are %s", on, strings.Join(all, ", "))
	}
	dir, err := a.getwd()
	if err != nil {
		return fmt.Errorf("finding the working directory: %w", err)
	}
	if file == "" {
		file = "lint/" + pack + ".hcl"
	}
	full := absolute(dir, filepath.FromSlash(file))
	rule := custom.Scaffold(name, kind)
	before, err := files.ReadNamed(files.Disk{}, dir, full)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text := fmt.Sprintf("pack %q {\n  version = \"0.1.0\"\n}\n\n%s", pack, rule)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return outputError{fmt.Errorf("making the folder of %s: %w", file, files.Cause(err))}
		}
		put := func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		}
		if err := writeFile(dir, full, put); err != nil {
			return fmt.Errorf("writing %s: %w", file, err)
		}
	case err != nil:
		return fmt.Errorf("reading %s: %w", file, err)
	default:
		f := source.NewFile(shown(dir, full), before)
		s, problems := custom.Read(f)
		if len(problems) > 0 {
			return &config.Error{Source: f, Problems: problems}
		}
		if s.Name != pack {
			return fmt.Errorf("%s is the pack %q, not %q", shown(dir, full), s.Name, pack)
		}
		if s.HasRule(name) {
			return fmt.Errorf("%s has a rule %q already", shown(dir, full), name)
		}
		after := append(bytes.TrimRight(slices.Clone(before), "\n"), "\n\n"+rule...)
		if err := fixers.WriteFile(f, full, after); err != nil {
			return outputError{fmt.Errorf("writing %s: %w", file, err)}
		}
	}
	fmt.Fprintf(a.stdout, "%s has the rule %s; run its tests with: sandlint test %s\n", shown(dir, full), id,
		shown(dir, full))
	a.hintPacks(dir, full)
	return nil
}

// hintPacks prints what the configuration needs for a pack that it does not name.
func (a *app) hintPacks(dir, full string) {
	conf := config.Find(dir)
	base := dir
	if conf != "" {
		base = filepath.Dir(conf)
		refs, err := config.PackRefs(dir, conf, func(path string) string { return shown(dir, path) })
		if err != nil {
			return
		}
		for _, ref := range refs {
			named := absolute(base, filepath.FromSlash(ref))
			if named == full || named == filepath.Dir(full) {
				return
			}
		}
	}
	rel, err := filepath.Rel(base, full)
	if err != nil {
		return
	}
	fmt.Fprintf(a.stdout, "check and fix use the pack once %s has: packs = [\"./%s\"]\n", config.Name,
		path.Clean(filepath.ToSlash(rel)))
}
