package cli

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/presets"
)

// policies say what holds for each file of a run: what the flags say, and for what they leave open the configuration of
// the file. They implement rules.Policies.
type policies struct {
	flags   *runFlags
	packs   []rules.Pack
	set     *rules.Set // for all files, whatever the configurations say; nil for a set of each
	plain   *rules.Set // where there is no configuration; nil before it is made
	nearest *config.Nearest

	mu      sync.Mutex
	made    map[madeOf]*policy
	targets map[string]*workspace.Targets // each once, by what it says
	unknown map[string]error              // why all configurations so far do not know a name in a flag; nil if one does
	err     error

	identities identities
}

// madeOf is what a policy is made of: a configuration, and the addresses of those of its override blocks that match.
type madeOf struct {
	config    *config.Config
	overrides string
}

// policy is a rules.Policy with the versions of the consumers.
type policy struct {
	rules.Policy
	targets *workspace.Targets
	counts  bool // something is judged by it, so off counts what it switches off
}

// of returns what holds for the file at an absolute path, by which something is judged.
func (p *policies) of(abs string) *policy {
	one := p.find(abs)
	p.mu.Lock()
	defer p.mu.Unlock()
	one.counts = true
	return one
}

// find returns what holds for the file at an absolute path.
func (p *policies) find(abs string) *policy {
	conf := p.nearest.Of(abs)
	parts, key := conf.Parts(abs), madeOf{config: conf}
	for n := range parts {
		if parts[n].Paths != nil {
			key.overrides += fmt.Sprintf("%p ", parts[n].Layer)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	one, ok := p.made[key]
	if !ok {
		var err error
		if one, err = p.make(conf, config.Join(parts)); err != nil && p.err == nil {
			p.err = err
		}
		p.made[key] = one
	}
	return one
}

// Policy implements rules.Policies.
func (p *policies) Policy(abs string) *rules.Policy { return &p.of(abs).Policy }

// Targets returns the versions of the consumers that a file is for.
func (p *policies) Targets(abs string) *workspace.Targets { return p.find(abs).targets }

// fromPreset begins what says that a rule is on, or off, where that is a preset.
const fromPreset = "preset "

// make makes the policy of a configuration. It can be used where there is an error, too.
func (p *policies) make(conf *config.Config, says config.Effective) (*policy, error) {
	t, wrongTargets := targets(p.flags.targets, says.Targets)
	failOn, wrongLevel := parseFailOn(cmp.Or(p.flags.failOn, says.FailOn, "warning"))
	made := &policy{Policy: rules.Policy{Set: p.set, Unheeded: says.Unheeded, FailOn: failOn}, targets: p.shared(t)}
	for _, one := range conf.All() {
		made.Accepted = append(made.Accepted, one.Accepted...)
		if one.Ignores != (rules.IgnorePolicy{}) {
			made.Ignores = one.Ignores
		}
	}
	if p.set != nil {
		return made, errors.Join(wrongTargets, wrongLevel)
	}
	if p.plain != nil && conf.Source == nil {
		made.Set = p.plain
		return made, errors.Join(wrongTargets, wrongLevel)
	}
	packs := slices.Concat(p.packs, conf.RulePacks())
	sel := rules.Selection{
		Only: p.known(packs, p.flags.only), Select: p.known(packs, p.flags.selected),
		Ignore: p.known(packs, p.flags.ignored), Layers: says.Layers,
	}
	if preset := presets.Find(says.Preset); preset != nil {
		sel.Preset, sel.PresetFrom = preset.Has, fromPreset+preset.Name+", "+says.From["preset"]
	}
	if len(sel.Only) == 0 && len(names(p.flags.only)) > 0 {
		sel.Ignore = []string{"all"} // other files have the rules that are named
	}
	var wrongRules error
	if made.Set, wrongRules = rules.NewSet(packs, sel); wrongRules != nil {
		made.Set, _ = rules.NewSet(packs, rules.Selection{})
	}
	return made, errors.Join(wrongTargets, wrongRules, wrongLevel)
}

// known returns those names in the list of a flag that packs have. Another configuration may load a pack that has the
// others.
func (p *policies) known(packs []rules.Pack, list []string) []string {
	return slices.DeleteFunc(names(list), func(name string) bool {
		_, err := rules.NewSet(packs, rules.Selection{Only: []string{name}})
		if _, seen := p.unknown[name]; !seen || err == nil {
			p.unknown[name] = err
		}
		return err != nil
	})
}

// shared returns one pointer for equal targets.
func (p *policies) shared(t workspace.Targets) *workspace.Targets {
	key := fmt.Sprintf("%+v", t)
	if p.targets[key] == nil {
		p.targets[key] = &t
	}
	return p.targets[key]
}

// off returns how many rules the configurations in the repository switch off, each for some of the files at least. What
// the flags say is not their doing, and nor is what --config names, which the user chose.
func (p *policies) off() int {
	if p.flags.config != "" || p.set != nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	missing := map[string]bool{}
	for key, made := range p.made {
		conf := key.config
		if conf == nil || conf.Base == "" || !made.counts {
			continue // there is none
		}
		packs := slices.Concat(p.packs, conf.RulePacks())
		without, err := rules.NewSet(packs, rules.Selection{Only: p.known(packs, p.flags.only),
			Select: p.known(packs, p.flags.selected), Ignore: p.known(packs, p.flags.ignored)})
		if err != nil {
			continue
		}
		on := map[string]bool{}
		for _, r := range made.Set.Active() {
			on[r.ID] = true
		}
		for _, r := range without.Active() {
			if !on[r.ID] {
				missing[r.ID] = true
			}
		}
	}
	return len(missing)
}

// policies returns what holds for the files of a run. The error is about the flags, and the configurations of the
// folders that paths name. With set, its rules hold for all files.
func (a *app) policies(
	f *runFlags, dir string, packs []rules.Pack, paths []string, set *rules.Set,
) (*policies, error) {
	nearest, err := a.nearest(f, dir)
	if err != nil {
		return nil, err
	}
	p := &policies{
		flags: f, packs: packs, set: set, nearest: nearest,
		made: map[madeOf]*policy{}, unknown: map[string]error{}, targets: map[string]*workspace.Targets{},
	}
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, path := range paths {
		p.of(filepath.Join(folderOf(dir, path, f.stdinFilename), "file"))
	}
	return p, cmp.Or(p.nearest.Err(), p.err)
}

// check returns what is wrong with the configurations of the files of a workspace, and says which are used.
func (p *policies) check(a *app, dir string, ws *workspace.Workspace) error {
	for _, e := range ws.Entries {
		p.of(e.Abs)
	}
	if err := p.problem(); err != nil {
		return err
	}
	a.using(p.flags, dir, p.nearest)
	return nil
}

// problem returns what is wrong with the flags and the configurations of the files that were asked about.
func (p *policies) problem() error {
	if err := cmp.Or(p.nearest.Err(), p.err); err != nil {
		return err
	}
	for _, name := range names(slices.Concat(p.flags.only, p.flags.selected, p.flags.ignored)) {
		if err := p.unknown[name]; err != nil {
			return err
		}
	}
	return nil
}

// using reports the warnings about the configuration files that were found and, with --verbose, which are used.
func (a *app) using(f *runFlags, dir string, nearest *config.Nearest) {
	found := nearest.Found()
	if len(found) == 0 && f.verbose {
		a.warnf("no configuration file was found")
	}
	for _, path := range slices.Sorted(maps.Keys(found)) {
		conf := found[path]
		if f.verbose {
			a.warnf("using configuration %s", shown(dir, path))
		}
		a.warnings(conf)
		if f.verbose {
			for _, p := range conf.AllPacks() {
				a.warnf("using rule pack %s %s (%s, SHA-256 %s)", p.Name, p.Version, p.Source.Path, p.Digest)
			}
		}
	}
}

// nearest returns what finds the configuration of each file, as the flags say.
func (a *app) nearest(f *runFlags, dir string) (*config.Nearest, error) {
	load := func(path string) (*config.Config, error) { return a.loadConfig(dir, path) }
	named, from := f.config, "--config"
	if env := a.getenv("SANDLINT_CONFIG"); named == "" && env != "" && !f.noConfig {
		named, from = env, "SANDLINT_CONFIG"
	}
	for _, flag := range f.targets {
		consumer, version, _ := strings.Cut(flag, "=")
		if warning := (workspace.Targets{}).Warning(consumer, version); warning != "" {
			a.warnf("--target %s: %s", flag, warning)
		}
	}
	switch {
	case f.noConfig && f.config != "":
		return nil, errors.New("--config and --no-config cannot be used together")
	case f.noConfig, f.noRepoConfig && named == "":
		return config.Fixed("", &config.Config{}), nil
	case named != "":
		path := absolute(dir, named)
		if root := files.Root(files.Disk{}, dir, dir); f.noRepoConfig && files.Inside(root, path) {
			return nil, fmt.Errorf("--no-repo-config: %s, which %s names, lies in the repository that is checked",
				report.Visible(shown(dir, path)), from)
		}
		conf, err := load(path)
		if err != nil {
			return nil, err
		}
		return config.Fixed(path, conf), nil
	}
	return &config.Nearest{Load: load, Files: files.Disk{}.Held(), Hadolint: f.hadolint}, nil
}

// loadConfig reads the configuration file at an absolute path.
func (a *app) loadConfig(dir, path string) (*config.Config, error) {
	return config.Load(dir, path, func(path string) string { return shown(dir, path) },
		config.Known{Packs: a.packs(), Version: Version})
}

// warnings reports the warnings about a configuration and what it extends.
func (a *app) warnings(conf *config.Config) {
	for _, one := range conf.All() {
		a.problems(one.Source, one.Warnings, rules.Warning)
	}
}

// config returns the configuration for a command that has one for all of its files: that of the folder that holds them.
func (a *app) config(f *runFlags, dir string, paths []string) (*config.Config, error) {
	nearest, err := a.nearest(f, dir)
	if err != nil {
		return nil, err
	}
	conf := nearest.Of(filepath.Join(commonFolder(dir, paths, f.stdinFilename), "file"))
	if err := nearest.Err(); err != nil {
		return nil, err
	}
	a.using(f, dir, nearest)
	return conf, nil
}
