package playground

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/presets"
)

// policies say what holds for each file: what the user chose, and for what that leaves open the configuration files of
// the project. They implement rules.Policies.
type policies struct {
	chosen  []config.Target
	packs   []rules.Pack
	nearest *config.Nearest

	mu      sync.Mutex
	made    map[string]*policy // by the configuration and those of its override blocks that match
	targets map[string]*workspace.Targets
	active  map[*rules.Rule]rules.Active
	err     error
}

type policy struct {
	rules.Policy
	targets *workspace.Targets
}

// parseTargets reads targets of the form CONSUMER=VERSION.
func parseTargets(list []string) ([]config.Target, error) {
	var out []config.Target
	t := workspace.DefaultTargets()
	for _, s := range list {
		consumer, version, ok := strings.Cut(s, "=")
		if !ok {
			return nil, fmt.Errorf("the target %q is not of the form CONSUMER=VERSION", s)
		}
		if err := t.Set(consumer, version); err != nil {
			return nil, err
		}
		out = append(out, config.Target{Consumer: consumer, Version: version})
	}
	return out, nil
}

// Policy implements rules.Policies.
func (p *policies) Policy(abs string) *rules.Policy { return &p.of(abs).Policy }

// targetsOf returns the versions of the consumers that a file is for.
func (p *policies) targetsOf(abs string) *workspace.Targets { return p.of(abs).targets }

func (p *policies) of(abs string) *policy {
	conf := p.nearest.Of(abs)
	parts := conf.Parts(abs)
	key := fmt.Sprintf("%p", conf)
	for n := range parts {
		key += fmt.Sprintf(" %p", parts[n].Layer)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.made[key] == nil {
		p.made[key] = p.make(conf, config.Join(parts))
	}
	return p.made[key]
}

// make makes what a configuration says of some files.
func (p *policies) make(conf *config.Config, says config.Effective) *policy {
	out := &policy{Policy: rules.Policy{Unheeded: says.Unheeded}}
	for _, one := range conf.All() {
		out.Accepted = append(out.Accepted, one.Accepted...)
		if one.Ignores != (rules.IgnorePolicy{}) {
			out.Ignores = one.Ignores
		}
	}
	selection := rules.Selection{Layers: says.Layers}
	if preset := presets.Find(says.Preset); preset != nil {
		selection.Preset = preset.Has
	}
	var err error
	if out.Set, err = rules.NewSet(slices.Concat(p.packs, conf.RulePacks()), selection); err != nil {
		p.err = cmp.Or(p.err, err)
		out.Set, _ = rules.NewSet(p.packs, rules.Selection{})
	}
	for _, a := range out.Set.Active() {
		p.active[a.Rule] = a
	}
	t := workspace.DefaultTargets()
	chosen := map[string]bool{}
	for _, c := range p.chosen {
		chosen[c.Consumer] = true
	}
	for _, c := range slices.Concat(p.chosen, slices.DeleteFunc(slices.Clone(says.Targets),
		func(c config.Target) bool { return chosen[c.Consumer] })) {
		if err := t.Set(c.Consumer, c.Version); err != nil {
			p.err = cmp.Or(p.err, err)
		}
	}
	name := fmt.Sprintf("%+v", t)
	if p.targets[name] == nil {
		p.targets[name] = &t
	}
	out.targets = p.targets[name]
	return out
}
