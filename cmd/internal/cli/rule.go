package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/rules"
)

func (a *app) ruleCommand() *cobra.Command {
	var flags runFlags
	cmd := &cobra.Command{
		Use:   "rule ID",
		Short: "Explain a rule",
		Long: `Explain a rule: what it looks for, why that bites, what to do, and examples of what it finds and
what it does not. An alias, such as DL3006, does as well as the id.`,
		Example: `  sandlint rule nix/unknown-setting`,
		Args:    exactly(1, "the id of one rule"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return a.ruleNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			r, pack, err := rules.Find(a.packs(), args[0])
			if err != nil { // it may be one of a pack
				packs, conf, confErr := a.configured(&flags)
				if confErr != nil {
					return confErr
				}
				if len(conf.Packs) > 0 {
					r, pack, err = rules.Find(packs, args[0])
				}
				if err != nil {
					return err
				}
			}
			page, err := pack.Page(r)
			if err != nil {
				return err
			}
			text := r.Markdown(page)
			if a.colored(a.stdout) {
				text = highlight(text)
			}
			_, err = io.WriteString(a.stdout, text)
			return err
		},
	}
	flags.configFlags(cmd)
	return cmd
}

// highlight makes Markdown headings bold, except lines of code that look like headings.
func highlight(markdown string) string {
	var b strings.Builder
	code := false
	for line := range strings.Lines(markdown) {
		text := strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(text, "```"):
			code = !code
		case !code && strings.HasPrefix(text, "#"):
			line = fmt.Sprintf("\x1b[1m%s\x1b[0m\n", text)
		}
		b.WriteString(line)
	}
	return b.String()
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
