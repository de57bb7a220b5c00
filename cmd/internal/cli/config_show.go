package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/presets"
)

func (a *app) showConfigCommand() *cobra.Command {
	var flags runFlags
	var all bool
	var format string
	cmd := &cobra.Command{
		Use:   "show [PATH]",
		Short: "Show what holds for a file, and what says so",
		Long: `Show every value that holds for the file at PATH, which need not exist, and what says so: a file and a
line, a flag, an environment variable, a preset, or "default". Without PATH, it is any file in the
working directory.

Of the rules, those are listed that the configuration or a flag changes; --all lists all, and the
format json always does.`,
		Example: `  sandlint config show
  sandlint config show --all images/Dockerfile
  sandlint config show --format json --target nix=2.24 nix.conf`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return exactly(1, "one path, or none")(cmd, args)
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			return a.showConfig(&flags, args, all, format)
		},
	}
	flags.consumers(cmd)
	flags.hadolint = true
	cmd.Flags().StringSliceVar(&flags.selected, "select", nil, "as for check: switch on `RULES` that are off")
	cmd.Flags().StringSliceVar(&flags.ignored, "ignore", nil, "as for check: switch off `RULES`")
	cmd.Flags().StringSliceVar(&flags.only, "only", nil, "as for check: apply only these `RULES`")
	cmd.Flags().StringVar(&flags.failOn, "fail-on", "", "as for check: lowest `SEVERITY` that makes the exit status 1")
	cmd.Flags().BoolVar(&all, "all", false, "list all rules")
	a.completeRules(cmd)
	formatFlag(cmd, &format, "text", "json")
	return cmd
}

// shownConfig is what "sandlint config show" prints.
type shownConfig struct {
	Path string `json:"path"`
	// Files are the configuration files that hold for the path, the later above the earlier.
	Files []string `json:"files"`
	// Excluded is whether a configuration excludes the path.
	Excluded bool         `json:"excluded"`
	Values   []shownValue `json:"values"`
	Rules    []shownRule  `json:"rules"`
}

// shownValue is one value, and what says so.
type shownValue struct {
	Name  string `json:"name"`
	Value any    `json:"value"` // a string or a list of strings
	From  string `json:"from"`
}

// shownRule is what holds for a rule. From are the sources of what is not its own: of "enabled", "severity", "fix", and
// the names of options after "option ".
type shownRule struct {
	Rule     string            `json:"rule"`
	Enabled  bool              `json:"enabled"`
	Severity string            `json:"severity"`
	Fix      string            `json:"fix,omitempty"`
	Options  map[string]any    `json:"options,omitempty"`
	From     map[string]string `json:"from"`
}

// byDefault is the source of what nothing sets.
const byDefault = "default"

func (a *app) showConfig(f *runFlags, args []string, all bool, format string) error {
	dir, err := a.getwd()
	if err != nil {
		return fmt.Errorf("finding the working directory: %w", err)
	}
	path := filepath.Join(dir, "file")
	named := "."
	if len(args) > 0 {
		named = args[0]
		if path = absolute(dir, named); folderOf(dir, named, "") == path {
			path = filepath.Join(path, "file") // what holds for the files of a folder
		}
	}
	p, err := a.policies(f, dir, a.packs(), []string{named}, nil)
	if err != nil {
		return err
	}
	policy := p.of(path)
	if err := p.problem(); err != nil {
		return err
	}
	conf := p.nearest.Of(path)
	parts := conf.Parts(path)
	says := config.Join(parts)
	out := shownConfig{Path: named, Files: []string{}, Excluded: p.nearest.Excluded(path)}
	for _, part := range parts {
		if name := part.Name(); name != "" && !slices.Contains(out.Files, name) {
			out.Files = append(out.Files, name)
		}
	}
	files := shownValue{"configuration", out.Files, "the nearest upwards"}
	switch {
	case f.noConfig || f.noRepoConfig && len(out.Files) == 0:
		files.From = "--no-config"
	case f.config != "":
		files.From = "--config"
	case a.getenv("SANDLINT_CONFIG") != "":
		files.From = "SANDLINT_CONFIG"
	}
	out.Values = append([]shownValue{files}, a.shownValues(f, conf, &says)...)
	for _, r := range rules.All(slices.Concat(p.packs, conf.RulePacks())) {
		out.Rules = append(out.Rules, shownRuleOf(policy.Set.Explain(r)))
	}
	if format == "json" {
		return a.printJSON(out)
	}
	return a.writeShown(&out, all)
}

// shownValues returns what holds besides the rules.
func (a *app) shownValues(f *runFlags, conf *config.Config, says *config.Effective) []shownValue {
	from := func(key string) string { return cmp.Or(says.From[key], byDefault) }
	failOn := shownValue{"fail_on", cmp.Or(f.failOn, says.FailOn, "warning"), from("fail_on")}
	if f.failOn != "" {
		failOn.From = "--fail-on"
	}
	heeded := slices.DeleteFunc(rules.Suppressors(), func(s string) bool { return slices.Contains(says.Unheeded, s) })
	out := []shownValue{
		{"preset", cmp.Or(says.Preset, presets.Recommended), from("preset")},
		failOn,
		{"suppressions", heeded, from("suppressions")},
	}
	for _, one := range conf.All() {
		add := func(key string, value any) {
			out = append(out, shownValue{key, value, config.Place(config.NameOf(one), one.Lines[key])})
		}
		if len(one.Exclude) > 0 {
			add("exclude", one.Exclude)
		}
		if len(one.Packs) > 0 {
			var names []string
			for _, pack := range one.Packs {
				names = append(names, pack.Name)
			}
			add("packs", names)
		}
		if one.Lines["baseline"] > 0 {
			add("baseline", one.Baseline)
		}
	}
	given := map[string][]string{}
	for _, flag := range f.targets {
		consumer, version, _ := strings.Cut(flag, "=")
		given[consumer] = append(given[consumer], version)
	}
	for _, consumer := range workspace.Consumers() {
		v := shownValue{"target." + consumer, given[consumer], "--target"}
		if len(given[consumer]) == 0 {
			var versions []string
			for _, t := range says.Targets {
				if t.Consumer == consumer {
					versions = append(versions, t.Version)
				}
			}
			v.Value, v.From = versions, from(v.Name)
		}
		if len(v.Value.([]string)) == 0 {
			v.Value = []string{}
		}
		out = append(out, v)
	}
	return out
}

// shownRuleOf returns what holds for a rule.
func shownRuleOf(s rules.Settings) shownRule {
	out := shownRule{Rule: s.Name, Enabled: *s.Enabled, Severity: s.Severity.String(), Fix: s.Fix, From: s.From}
	if len(s.Options) > 0 {
		out.Options = s.Options
	}
	return out
}

// writeShown prints what holds as text.
func (a *app) writeShown(out *shownConfig, all bool) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n", report.Visible(out.Path))
	if out.Excluded {
		b.WriteString("it is excluded, so a search leaves it out\n")
	}
	b.WriteString("\n")
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tVALUE\tFROM")
	for _, v := range out.Values {
		text := fmt.Sprint(v.Value)
		if list, ok := v.Value.([]string); ok {
			text = cmp.Or(strings.Join(list, ", "), "releases in wide use")
			if len(list) == 0 && v.From != byDefault {
				text = "none"
			} else if v.Name == "configuration" && len(list) == 0 {
				text = "none"
			} else if len(list) == 0 && slices.Contains([]string{"target.builder", "target.platform"}, v.Name) {
				text = "what the files say"
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", v.Name, report.Visible(text), report.Visible(v.From))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	b.WriteString("\n")
	w = tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	left, on, heading := 0, 0, "RULE\tVALUE\tFROM\n"
	for _, r := range out.Rules {
		if !all && r.plain() {
			left++
			if r.Enabled {
				on++
			}
			continue
		}
		if heading != "" {
			fmt.Fprint(w, heading)
			heading = ""
		}
		state := r.Severity
		if !r.Enabled {
			state = "off"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.Rule, state, report.Visible(r.sources()))
		if r.Fix != "" {
			fmt.Fprintf(w, "\tfix = %s\t%s\n", r.Fix, report.Visible(r.From["fix"]))
		}
		for _, name := range slices.Sorted(maps.Keys(r.Options)) {
			if from := r.From["option "+name]; from != "" || all {
				value, _ := json.Marshal(r.Options[name])
				fmt.Fprintf(w, "\t%s = %s\t%s\n", name, report.Visible(string(value)),
					report.Visible(cmp.Or(from, byDefault)))
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if left > 0 {
		if heading == "" {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s as the preset says, %d of them on; --all lists them\n", report.Plural(left, "rule"), on)
	}
	_, err := a.stdout.Write(b.Bytes())
	return err
}

// plain reports whether nothing but the preset says anything of the rule.
func (r *shownRule) plain() bool {
	for _, from := range r.From {
		if !strings.HasPrefix(from, fromPreset) {
			return false
		}
	}
	return true
}

// sources returns what says whether a rule is on, and how severe it is.
func (r *shownRule) sources() string {
	on := cmp.Or(r.From["enabled"], byDefault)
	severity := r.From["severity"]
	if !r.Enabled || severity == "" || severity == on {
		return on
	}
	if r.From["enabled"] == "" {
		return severity
	}
	return on + ", " + severity
}
