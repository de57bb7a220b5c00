package config

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/hadolint"
	"github.com/sandlint/sandlint/parsers/hcltext"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// This file reads .hadolint.yaml as if it were a .sandlint.hcl, and writes that.

// FindHadolint returns the path of hadolint's configuration file for dir, as Find does of our own. hadolint itself
// looks only in its working directory and in the user's home, which sandlint does not read.
func FindHadolint(dir string) string { return find(dir, hadolint.Names()) }

// isHadolint reports whether a file is one of hadolint's: our own is not YAML.
func isHadolint(path string) bool {
	return slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path))
}

// thresholds are hadolint's levels of failure-threshold, as fail_on has them.
var thresholds = map[string]string{"ignore": rules.Style.String(), "none": rules.Style.String()}

// labelRules are the rules about the form of labels, by the type in hadolint's label schema.
var labelRules = map[string]string{
	"url": "DL3052", "rfc3339": "DL3053", "spdx": "DL3054", "hash": "DL3055", "semver": "DL3056", "email": "DL3058",
}

// parseHadolint reads hadolint's file.
func parseHadolint(f *source.File, base string, packs []rules.Pack) (*Config, error) {
	read := hadolint.Parse(f)
	h := translation{packs: packs, config: &Config{Base: base, Source: f}, at: map[string]int{}}
	var refused []source.Problem
	for _, p := range read.Problems {
		p.Message = hcltext.Clip(p.Message)
		if p.Kind == hadolint.KindWarning {
			h.config.Warnings = append(h.config.Warnings, p)
		} else {
			refused = append(refused, p)
		}
	}
	if len(refused) > 0 {
		return nil, &Error{Source: f, Problems: refused}
	}
	for _, r := range read.Rules {
		h.rule(r)
	}
	var keys []string
	byType := map[string][]string{}
	for _, l := range read.Labels {
		keys = append(keys, l.Key)
		byType[l.Type] = append(byType[l.Type], l.Key)
	}
	registries := read.Registries
	if slices.Contains(registries, "hub.docker.com") { // the web site, by which hadolint means the registry as well
		registries = append(slices.Clip(registries), "docker.io")
	}
	h.option("DL3026", "allowed", registries, "trustedRegistries")
	h.option("DL3049", "required", keys, "label-schema")
	if read.StrictLabels {
		h.option("DL3050", "labels", append([]string{}, keys...), "strict-labels")
	}
	h.option("DL3051", "labels", keys, "label-schema")
	for _, kind := range []string{"url", "rfc3339", "spdx", "hash", "semver", "email"} {
		h.option(labelRules[kind], "labels", byType[kind], "label-schema")
	}
	switch threshold, other := read.Threshold, thresholds[read.Threshold]; {
	case read.NoFail:
		h.config.FailOn = never
	case other != "":
		h.config.FailOn = other
	default:
		h.config.FailOn = threshold
	}
	if read.DisablePragmas {
		h.config.Unheeded = []string{"hadolint"}
	}
	slices.SortStableFunc(h.config.Warnings, func(a, b source.Problem) int { return a.Span.Start - b.Span.Start })
	return h.config, nil
}

// translation makes rule blocks of what hadolint's file says.
type translation struct {
	packs  []rules.Pack
	config *Config
	at     map[string]int // the index of a block
}

// block returns the block of the rule with a name, nil where there is no such rule.
func (h *translation) block(name string) (*Rule, *rules.Rule) {
	r, _, err := rules.Find(h.packs, name)
	if err != nil {
		return nil, nil
	}
	block := r.ID
	if r.Partial(name) {
		block = strings.ToUpper(name)
	}
	n, ok := h.at[block]
	if !ok {
		n = len(h.config.Rules)
		h.at[block] = n
		h.config.Rules = append(h.config.Rules, Rule{Name: block})
	}
	return &h.config.Rules[n], r
}

// rule adds a rule that the file names. Where it names one in two ways, the level that hadolint lets win, wins: off,
// and then the highest.
func (h *translation) rule(r hadolint.Rule) {
	block, _ := h.block(r.Name)
	if block == nil {
		if !rules.KnownElsewhere(r.Name) {
			_, _, err := rules.Find(h.packs, r.Name)
			if len(h.config.Warnings) >= hcltext.MaxProblems {
				return
			}
			h.config.Warnings = append(h.config.Warnings,
				source.Problem{Span: r.At, Message: hcltext.Clip(err.Error())})
		} else {
			h.config.Left = append(h.config.Left, r.Name)
		}
		return
	}
	block.note(r.Name, r.Comment)
	if r.Level == hadolint.Ignored {
		block.Enabled, block.Severity = new(bool), rules.Off
		return
	}
	severity, err := rules.ParseSeverity(r.Level)
	if err == nil && block.Enabled == nil {
		block.Severity = max(block.Severity, severity)
	}
}

// option switches on a rule and sets its option, unless the file ignores the rule or gives no value.
func (h *translation) option(name, option string, values []string, key string) {
	if values == nil {
		return
	}
	block, r := h.block(name)
	if block == nil {
		h.config.Left = append(h.config.Left, name)
		return
	}
	if _, err := r.Option(option); err != nil || block.Enabled != nil && !*block.Enabled {
		return
	}
	yes := true
	block.Enabled = &yes
	if block.Options == nil {
		block.Options = map[string]any{}
	}
	block.Options[option] = values
	block.note(name, key)
}

// note adds to the note of a block where it comes from.
func (r *Rule) note(name, comment string) {
	if comment != "" {
		name += ": " + comment
	}
	r.Note = strings.TrimPrefix(r.Note+"\n"+name, "\n")
}

// Migrate returns the text of the .sandlint.hcl that does what the .hadolint.yaml at path does, which is absolute, and
// its Config. The other parameters and the error are those of Load.
func Migrate(dir, path, shown string, packs []rules.Pack) ([]byte, *Config, error) {
	b, err := files.ReadNamed(files.Disk{}, dir, path)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the configuration %s: %w", shown, err)
	}
	c, err := parseHadolint(source.NewFile(shown, b), filepath.Dir(path), packs)
	if err != nil {
		return nil, nil, err
	}
	return c.hcl(), c, nil
}

// hcl returns the text of a configuration without exclude and target.
func (c *Config) hcl() []byte {
	var b strings.Builder
	from := quoteLine(filepath.Base(c.Source.Path))
	fmt.Fprintf(&b, "# What %s says, written by \"sandlint config migrate\".\n", from)
	if c.FailOn != "" {
		fmt.Fprintf(&b, "\nfail_on = %s\n", quote(c.FailOn))
	}
	if len(c.Unheeded) > 0 {
		heeded := slices.DeleteFunc(rules.Suppressors(), func(s string) bool { return slices.Contains(c.Unheeded, s) })
		fmt.Fprintf(&b, "\n# The comments of hadolint in Dockerfiles suppress nothing.\nsuppressions = %s\n",
			quoteList(heeded))
	}
	for _, r := range c.Rules {
		b.WriteString("\n")
		for line := range strings.SplitSeq(r.Note, "\n") {
			fmt.Fprintf(&b, "# %s\n", quoteLine(line))
		}
		fmt.Fprintf(&b, "rule %s {\n", quote(r.Name))
		switch {
		case r.Enabled != nil && r.Severity != rules.Off:
			fmt.Fprintf(&b, "  enabled  = %t\n  severity = %s\n", *r.Enabled, quote(r.Severity.String()))
		case r.Enabled != nil:
			fmt.Fprintf(&b, "  enabled = %t\n", *r.Enabled)
		case r.Severity != rules.Off:
			fmt.Fprintf(&b, "  severity = %s\n", quote(r.Severity.String()))
		}
		if len(r.Options) > 0 {
			b.WriteString("  options {\n")
			for _, name := range slices.Sorted(maps.Keys(r.Options)) {
				fmt.Fprintf(&b, "    %s = %s\n", name, quoteList(r.Options[name].([]string)))
			}
			b.WriteString("  }\n")
		}
		b.WriteString("}\n")
	}
	if len(c.Left) > 0 {
		fmt.Fprintf(&b, "\n# sandlint has no rule for %s.\n", strings.Join(c.Left, ", "))
	}
	return []byte(b.String())
}

// quote returns a string as HCL writes it.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	s = strings.ToValidUTF8(s, "\ufffd")
	for n, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteRune('\\')
			b.WriteRune(c)
		case (c == '$' || c == '%') && strings.HasPrefix(s[n+1:], "{"):
			b.WriteRune(c)
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func quoteList(list []string) string {
	var quoted []string
	for _, s := range list {
		quoted = append(quoted, quote(s))
	}
	if one := "[" + strings.Join(quoted, ", ") + "]"; len(one) < 100 {
		return one
	}
	return "[\n      " + strings.Join(quoted, ",\n      ") + ",\n    ]"
}

// quoteLine returns text that a comment can hold.
func quoteLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, "\ufffd"))
}
