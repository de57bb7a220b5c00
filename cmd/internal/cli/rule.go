package cli

import (
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/rules"
)

func (a *app) ruleCommand() *cobra.Command {
	var flags runFlags
	var format string
	cmd := &cobra.Command{
		Use:   "rule ID|PACK",
		Short: "Explain a rule, or list the rules of a pack",
		Long: `Explain a rule: what it looks for, why that bites, what to do, and examples of what it finds and
what it does not. An alias, such as DL3006, does as well as the id. For a pack, list its rules.

On a terminal the page is laid out for it; elsewhere, and with --format markdown, it is Markdown.`,
		Example: `  sandlint rule nix/unknown-setting
  sandlint rule DL3006
  sandlint rule seccomp
  sandlint rule --format markdown order/nix-config-after-nix-command > page.md`,
		Args: exactly(1, "the id of one rule, or the name of a pack"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return append(a.ruleNames(), a.packNames()...), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.explainRule(&flags, args[0], format) },
	}
	flags.configFlags(cmd)
	formatFlag(cmd, &format, "auto", "text", "markdown")
	return cmd
}

// explainRule prints the page of a rule, or the rules of a pack.
func (a *app) explainRule(flags *runFlags, name, format string) error {
	packs := a.packs()
	r, pack, err := rules.Find(packs, name)
	if err != nil && !named(packs, name) { // it may be in a pack of the configuration
		all, conf, failed := a.configured(flags)
		if failed != nil {
			return failed
		}
		if len(conf.AllPacks()) > 0 {
			packs = all
			r, pack, err = rules.Find(packs, name)
		}
	}
	if named(packs, name) {
		list, err := rulesOf(packs, []string{name})
		if err != nil {
			return err
		}
		return a.printRules(list)
	}
	if err != nil {
		return err
	}
	p, err := pack.Page(r)
	if err != nil {
		return err
	}
	text := r.Markdown(p)
	color := a.colored(a.stdout)
	if format == "text" || format == "auto" && (color || a.isTerminal(a.stdout)) {
		return report.WritePage(a.stdout, text, color, a.width(a.stdout))
	}
	_, err = io.WriteString(a.stdout, text)
	return err
}

// named reports whether one of packs has that name.
func named(packs []rules.Pack, name string) bool {
	return slices.ContainsFunc(packs, func(p rules.Pack) bool { return p.Name == name })
}

// ruleNames returns the ids and aliases of all rules, for completion.
func (a *app) ruleNames() []string {
	var out []string
	for _, r := range rules.All(a.packs()) {
		out = append(out, r.ID+"\t"+r.Summary)
		for _, alias := range r.Aliases {
			out = append(out, alias+"\t"+r.ID)
		}
	}
	return out
}

func (a *app) packNames() []string {
	var out []string
	for _, p := range a.packs() {
		out = append(out, p.Name)
	}
	return out
}
