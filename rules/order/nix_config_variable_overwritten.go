package order

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/reach"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/order/internal/reached"
)

var nixConfigVariableOverwritten = &rules.Rule{
	ID:       "order/nix-config-variable-overwritten",
	Summary:  "NIX_CONFIG is set again, so the settings of its first value are lost",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix manual, environment variables: NIX_CONFIG",
		"Dockerfile reference, ENV: a later value takes the place of the earlier one",
	},
	Check: rules.OnTimelines(func(p *rules.Pass, model *nixuse.Model) {
		v := variables{p: p, inForce: map[*nixuse.Image]*nixuse.Event{}}
		for _, img := range model.Images {
			now := v.inForce[img.Parent]
			for _, e := range img.Events {
				switch {
				case e.Kind == nixuse.SetEnv && e.Name == "NIX_CONFIG":
					if now != nil && e.Known && e.Text != nil && e.Instruction != now.Instruction {
						v.replaced(model, img, now, e)
					}
					if now = e; !e.Known || e.Text == nil || e.Instruction.Name != "ENV" {
						now = nil
					}
				case e.Kind == nixuse.RunCommand && e.Env != nil && now != nil && !e.Maybe:
					v.replacedFor(img, now, e)
				}
			}
			v.inForce[img] = now
		}
	}),
}

// variables are the values of NIX_CONFIG that a Dockerfile sets.
type variables struct {
	p       *rules.Pass
	index   *reached.Index
	inForce map[*nixuse.Image]*nixuse.Event // the ENV at the end of a stage
}

// replaced reports the settings of one ENV that another one replaces.
func (v *variables) replaced(model *nixuse.Model, img *nixuse.Image, was, now *nixuse.Event) {
	if v.index == nil {
		v.index = reached.New(model)
	}
	var worst *nixconf.Entry
	var command *nixuse.Event
	var names []string
	severity := rules.Off
	before, after := img.SettingsBefore(now), img.SettingsAfter(now, now.User)
	for _, entry := range lostSettings(before, after, was, now) {
		name := nixuse.Canonical(entry.Name.Text)
		used := reach.NoEffect
		if was.Image == img {
			_, used = v.index.Between(img, was, now, name)
		} else if len(was.Image.EventsAfter(was)) > 0 {
			_, used = v.index.Between(was.Image, was, nil, name)
		}
		at, effect := v.index.After(img, now, name)
		its := rules.Warning
		if value, known := after.Value(name); !known || before.Settings.Get(name).Value == value {
			effect = reach.NoEffect // the base image may give it the same value
		}
		switch {
		case effect == reach.Fails || effect == reach.Differs:
			its = rules.Error
			if value, known := at.Image.SettingsBefore(at).Value(name); known {
				if before, _ := before.Value(name); before == value {
					continue
				}
			}
			if name == "experimental-features" && len(at.Image.SettingsBefore(at).Missing(at.Nix)) > 0 {
				continue // nix/feature-not-enabled reports the command
			}
		case used != reach.NoEffect:
			continue // it did its work, and nothing needs it later
		default:
			at = nil
		}
		names = append(names, name)
		if its > severity || its == severity && entry.Span.Start < worst.Span.Start {
			worst, command, severity = entry, at, its
		}
	}
	if worst == nil {
		return
	}
	message := fmt.Sprintf("%q is lost, since a later ENV gives NIX_CONFIG another value and does not add to it",
		fixnix.Line(worst))
	related := []rules.Related{{File: now.File, Span: now.Span, Message: "NIX_CONFIG is set again here"}}
	if command != nil {
		message += fmt.Sprintf(", so %q runs without it", command.Nix.Label)
		related = append(related, rules.Related{
			File: command.File, Span: command.Nix.Span,
			Message: fmt.Sprintf("%q runs here without it", command.Nix.Label),
		})
	}
	v.p.Report(rules.Finding{
		Severity: severity, File: was.File, Span: was.Text.Fragment.Span(worst.Span), Message: message,
		Related: related, Fixes: moveToFile(was, names),
	})
}

// replacedFor reports the settings of ENV NIX_CONFIG that a command does not see, since it is given a NIX_CONFIG of its
// own.
func (v *variables) replacedFor(img *nixuse.Image, was, command *nixuse.Event) {
	before, after := was.Image.SettingsAfter(was, was.User), img.SettingsBefore(command)
	for _, entry := range lostSettings(before, after, was, command) {
		name := nixuse.Canonical(entry.Name.Text)
		value, _ := before.Value(name)
		if now, known := after.Value(name); !known || now == value ||
			reach.Of(name, command.Nix.Phases) < reach.Differs {
			continue
		}
		if name == "experimental-features" && len(after.Missing(command.Nix)) > 0 {
			continue
		}
		v.p.Report(rules.Finding{
			Severity: rules.Warning, File: command.File, Span: command.Nix.Span,
			Message: fmt.Sprintf("%q runs without %q, since its own NIX_CONFIG takes the place of that of the image",
				command.Nix.Label, fixnix.Line(entry)),
			Related: []rules.Related{{
				File: was.File, Span: was.Text.Fragment.Span(entry.Span), Message: "the image sets it here",
			}},
		})
		return
	}
}

// lostSettings returns the settings of the value of NIX_CONFIG that one event sets, where the value that another event
// sets instead says nothing about them and no file that the Dockerfile writes has them too.
func lostSettings(before, after *nixuse.Effective, was, now *nixuse.Event) []*nixconf.Entry {
	text := now.Text
	if now.Kind == nixuse.RunCommand {
		text = now.Env
	}
	whole := strings.TrimSpace(string(was.Text.Fragment.Text))
	instead := string(text.Fragment.Text)
	if strings.Contains(instead, whole) || strings.Contains(instead, "NIX_CONFIG") {
		return nil // it adds to the value, or tries to
	}
	seen := map[string]bool{} // of a setting that is given twice, the second counts
	var found []*nixconf.Entry
	for _, entry := range slices.Backward(was.Text.Entries) {
		name := nixuse.Canonical(entry.Name.Text)
		if _, known := before.Value(name); !known || len(text.Setting(name)) > 0 ||
			slices.ContainsFunc(after.Origins(name), func(o nixuse.Origin) bool { return o.Event != nil }) {
			continue
		}
		if !seen[name] {
			seen[name] = true
			found = append(found, entry)
		}
	}
	slices.Reverse(found)
	return found
}

// moveToFile returns the fix that writes the settings of an ENV NIX_CONFIG to the nix.conf of the image instead.
func moveToFile(was *nixuse.Event, names []string) []fixers.Fix {
	base := was.Image.Root().Base
	if base == nil || base.Conf == nil || !was.ReadsSystemConf() || len(was.Instruction.Pairs) != 1 ||
		was.Instruction.Broken || was.Instruction.Name != "ENV" {
		return nil
	}
	var lines []string
	for _, entry := range was.Text.Entries {
		lines = append(lines, fixnix.Line(entry))
	}
	text, ok := fixnix.AppendCommand(lines)
	if !ok {
		return nil
	}
	slices.Sort(names)
	return []fixers.Fix{{
		Title: "Write the settings to /etc/nix/nix.conf instead", Safety: fixers.Unsafe,
		Edits: []fixers.Edit{{File: was.File, Span: was.Instruction.Span, Text: "RUN " + text}},
		Changes: fixers.Changes{
			fixdocker.NewInstructions{"RUN"}, fixdocker.RemovedInstructions{"ENV"}, fixdocker.Variables{"NIX_CONFIG"},
			fixnix.Settings(names), fixnix.Rights{},
		},
	}}
}
