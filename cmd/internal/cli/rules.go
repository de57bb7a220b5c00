package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

func (a *app) rulesCommand() *cobra.Command {
	var flags runFlags
	var pack, format string
	cmd := &cobra.Command{
		Use:   "rules [PACK…]",
		Short: "List the rules",
		Long: `List the rules, of all packs or of those that are named: id, severity, safety of the fix, and what is
wrong where the rule finds something. Rules whose severity is in parentheses are off unless they are
selected or configured.`,
		Example: `  sandlint rules
  sandlint rules nix seccomp
  sandlint rules --format json`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return a.packNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			packs, _, err := a.configured(&flags)
			if err != nil {
				return err
			}
			if pack != "" {
				args = append(args, pack)
			}
			list, err := rulesOf(packs, args)
			if err != nil {
				return err
			}
			if format == "json" {
				return a.printRulesJSON(packs, list)
			}
			return a.printRules(list)
		},
	}
	flags.configFlags(cmd)
	cmd.Flags().StringVar(&pack, "pack", "", "list only the rules of this `PACK`")
	formatFlag(cmd, &format, "text", "json")
	_ = cmd.RegisterFlagCompletionFunc("pack",
		func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return a.packNames(), cobra.ShellCompDirectiveNoFileComp
		})
	return cmd
}

// rulesOf returns the rules of the named packs, or all rules when names is empty.
func rulesOf(packs []rules.Pack, names []string) ([]*rules.Rule, error) {
	if len(names) == 0 {
		return rules.All(packs), nil
	}
	var all []string
	byName := map[string]rules.Pack{}
	for _, p := range packs {
		all = append(all, p.Name)
		byName[p.Name] = p
	}
	var chosen []rules.Pack
	for _, name := range names {
		p, ok := byName[name]
		switch near := source.Nearest(name, all); {
		case ok && !slices.ContainsFunc(chosen, func(c rules.Pack) bool { return c.Name == name }):
			chosen = append(chosen, p)
		case !ok && near != "":
			return nil, fmt.Errorf("there is no pack %q; did you mean %q?", name, near)
		case !ok:
			return nil, fmt.Errorf("there is no pack %q; the packs are %s", name, strings.Join(all, ", "))
		}
	}
	return rules.All(chosen), nil
}

// isOff reports whether a rule runs only when it is selected or configured.
func isOff(r *rules.Rule) bool { return r.Optional || r.Severity <= rules.Style }

func (a *app) printRules(list []*rules.Rule) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RULE\tSEVERITY\tFIX\tSUMMARY")
	for _, r := range list {
		id := strings.Join(append([]string{r.ID}, r.Aliases...), ", ")
		severity, fix := r.Severity.String(), "-"
		if isOff(r) {
			severity = "(" + severity + ")"
		}
		if len(r.Fixes) > 0 {
			fix = strings.Join(fixNames(r), ", ")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", id, severity, fix, r.Summary)
	}
	return w.Flush()
}

func fixNames(r *rules.Rule) []string {
	names := []string{}
	for _, s := range r.Fixes {
		names = append(names, s.String())
	}
	return names
}

// optionJSON is an option of a rule.
type optionJSON struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Default any    `json:"default"`
	Doc     string `json:"doc"`
}

func newOptionsJSON(r *rules.Rule) []optionJSON {
	out := []optionJSON{}
	for _, o := range r.OptionList() {
		out = append(out, optionJSON{o.Name, o.Type, o.Default, o.Doc})
	}
	return out
}

func (a *app) printRulesJSON(packs []rules.Pack, list []*rules.Rule) error {
	type jsonRule struct {
		ID         string       `json:"id"`
		Aliases    []string     `json:"aliases"`
		Summary    string       `json:"summary"`
		Severity   string       `json:"severity"`
		Default    bool         `json:"default"`
		Category   string       `json:"category"`
		Since      string       `json:"since"`
		Fixes      []string     `json:"fixes"`
		Help       string       `json:"help"`
		Options    []optionJSON `json:"options"`
		References []string     `json:"references"`
	}
	out := []jsonRule{}
	for _, r := range list {
		_, pack, err := rules.Find(packs, r.ID)
		if err != nil {
			return err
		}
		out = append(out, jsonRule{
			ID:         r.ID,
			Aliases:    append([]string{}, r.Aliases...),
			Summary:    r.Summary,
			Severity:   r.Severity.String(),
			Default:    !isOff(r),
			Category:   string(r.Category),
			Since:      r.Since,
			Fixes:      fixNames(r),
			Help:       pack.PageAddress(r),
			Options:    newOptionsJSON(r),
			References: append([]string{}, r.References...),
		})
	}
	w := bufio.NewWriter(a.stdout)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return err
	}
	return w.Flush()
}
