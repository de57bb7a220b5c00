package order

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/reach"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/order/internal/reached"
)

var nixConfigOverwritten = &rules.Rule{
	ID:       "order/nix-config-overwritten",
	Summary:  "a nix.conf is replaced after a setting was written to it, so the setting is lost",
	Severity: rules.Error,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"NixOS/nix, scripts/install-multi-user.sh: place_nix_configuration installs a new /etc/nix/nix.conf at the end",
		"DeterminateSystems/nix-installer#1379, DeterminateSystems/nix-installer#1393: nix.conf includes " +
			"nix.custom.conf",
		"jetify-com/devbox#2665: a setting written before the official installer",
	},
	Check: rules.OnTimelines(func(p *rules.Pass, model *nixuse.Model) {
		var index *reached.Index
		for _, img := range model.Images {
			if slices.ContainsFunc(img.Events, replaces) {
				if index == nil {
					index = reached.New(model)
				}
				o := overwrites{img: img, index: index}
				o.check(p)
			}
		}
	}),
}

// replaces reports whether an event puts a new text in the place of a configuration file.
func replaces(e *nixuse.Event) bool {
	return e.Kind == nixuse.WriteConfig && e.Truncate && !e.Removed && !e.Maybe && e.Text != nil &&
		(!e.ByInstaller || e.Text.Installer != nil && e.Text.Installer.Kind == nixuse.OfficialDaemon)
}

// written is a setting that an event wrote to a file.
type written struct {
	event *nixuse.Event
	entry *nixconf.Entry
}

// overwrites are the writes of a stage of which something may be lost.
type overwrites struct {
	img   *nixuse.Image
	index *reached.Index
	sets  map[string][]*nixuse.Event // the writes whose text is known, by setting; nil until they are asked for
}

// check reports the settings that something replaces. What a file holds is kept by setting, and each setting is looked
// at once, when its file is replaced.
func (o *overwrites) check(p *rules.Pass) {
	files := map[string]map[string]written{}
	for _, e := range o.img.Events {
		switch {
		case e.Kind == nixuse.Opaque:
			clear(files)
			continue
		case e.Kind != nixuse.WriteConfig:
			continue
		case e.Text == nil || e.Removed || e.Maybe && e.Truncate:
			delete(files, e.Path)
			continue
		}
		if replaces(e) {
			o.report(p, e, files[e.Path])
			if e.Path == nixuse.SystemConf {
				// What the old text included is read only if the new one includes it too.
				custom := path.Join(path.Dir(e.Path), "nix.custom.conf")
				o.report(p, e, files[custom])
				if len(e.Text.Includes) == 0 {
					delete(files, custom)
				}
			}
		}
		if e.Truncate {
			delete(files, e.Path)
		}
		if e.ByInstaller && e.Text.Host != nixuse.HostExtra {
			continue // its own defaults
		}
		for _, entry := range e.Text.Entries {
			if !e.Text.Fragment.Known(entry.Span) {
				continue
			}
			if files[e.Path] == nil {
				files[e.Path] = map[string]written{}
			}
			name := nixuse.Canonical(entry.Name.Text)
			if e.Maybe {
				delete(files[e.Path], name)
				continue
			}
			files[e.Path][name] = written{e, entry}
		}
	}
}

// lost is a setting that is lost, with the first later command that it would have reached, nil without one.
type lost struct {
	written
	name     string
	command  *nixuse.Event
	severity rules.Severity
}

// report reports the settings of a file that are not in force any more after an event.
func (o *overwrites) report(p *rules.Pass, e *nixuse.Event, file map[string]written) {
	byEvent := map[*nixuse.Event][]lost{}
	var events []*nixuse.Event
	for name, w := range file {
		l, ok := o.lost(e, name, w)
		if !ok {
			continue
		}
		if byEvent[w.event] == nil {
			events = append(events, w.event)
		}
		byEvent[w.event] = append(byEvent[w.event], l)
	}
	slices.SortFunc(events, func(a, b *nixuse.Event) int {
		if a.ComesAfter(b) {
			return 1
		}
		return -1
	})
	for _, w := range events {
		found := byEvent[w]
		slices.SortFunc(found, func(a, b lost) int { return a.entry.Span.Start - b.entry.Span.Start })
		slices.SortStableFunc(found, func(a, b lost) int { return int(b.severity) - int(a.severity) })
		worst := found[0]
		at := written{w, worst.entry}
		file, span := at.place()
		finding := rules.Finding{
			Severity: worst.severity, File: file, Span: span,
			Message: lostMessage(e, found),
			Related: []rules.Related{{File: e.File, Span: e.Span, Message: "the file is replaced here"}},
			Fixes:   o.fix(e, found),
		}
		if c := worst.command; c != nil {
			finding.Related = append(finding.Related, rules.Related{
				File: c.File, Span: c.Nix.Span, Message: fmt.Sprintf("%q runs here without it", c.Nix.Label),
			})
		}
		p.Report(finding)
	}
}

// place returns the place of a setting in the file that writes it: of the COPY or the flag where the text is another
// file's.
func (w written) place() (*source.File, source.Span) {
	text := w.event.Text
	if text.Fragment.File != w.event.File {
		return w.event.File, w.event.Span
	}
	return text.Fragment.File, text.Fragment.Span(w.entry.Span)
}

// lost returns what becomes of a setting of a file when an event replaces the file; false where it keeps its value or
// where that may be on purpose: it did its work before, and nothing needs it later.
func (o *overwrites) lost(e *nixuse.Event, name string, w written) (lost, bool) {
	done := whenDone(e)
	before, known := o.img.SettingsBefore(e).Value(name)
	after, knownAfter := o.img.SettingsAfter(done, e.User).Value(name)
	if !known || !knownAfter || before == after || len(e.Text.Setting(name)) > 0 {
		return lost{}, false
	}
	l := lost{written: w, name: name, severity: rules.Warning}
	again := o.restored(done, name, before)
	command, effect := o.index.After(o.img, done, name)
	if again != nil {
		command, effect = o.index.Between(o.img, done, again, name)
	}
	if command != nil {
		if value, known := command.Image.SettingsBefore(command).Value(name); !known || value == before {
			return lost{}, false
		}
	}
	if name == "experimental-features" && command != nil &&
		len(command.Image.SettingsBefore(command).Missing(command.Nix)) > 0 {
		return lost{}, false // nix/feature-not-enabled reports the command
	}
	if effect == reach.Fails || effect == reach.Differs {
		l.command, l.severity = command, rules.Error
	} else if again != nil {
		return lost{}, false
	}
	if e.ByInstaller {
		return l, true
	}
	_, used := o.index.Between(o.img, w.event, e, name)
	if used != reach.NoEffect && effect < reach.Differs {
		return lost{}, false
	}
	if effect == reach.Differs && used != reach.NoEffect {
		l.severity = rules.Warning
	}
	return l, true
}

// whenDone returns the last event of what replaces a file: an installer may add to its own file.
func whenDone(e *nixuse.Event) *nixuse.Event {
	last := e
	for _, beside := range e.Image.EventsBeside(e) {
		if e.ByInstaller && beside.ByInstaller && beside.Command == e.Command {
			last = beside
		}
	}
	return last
}

// restored returns the first write after an event that gives a setting a value again, nil without one.
func (o *overwrites) restored(done *nixuse.Event, name, value string) *nixuse.Event {
	if o.sets == nil {
		o.sets = map[string][]*nixuse.Event{}
		for _, e := range o.img.Events {
			if e.Text == nil || e.Maybe || e.Kind == nixuse.RunCommand {
				continue
			}
			settings := o.img.SettingsAfter(e, e.User)
			for _, entry := range e.Text.Entries {
				name := nixuse.Canonical(entry.Name.Text)
				if all := o.sets[name]; len(all) > 0 && all[len(all)-1] == e ||
					settings.Known(name) && !settings.ComesFrom(name, e) {
					continue // seen, or nothing reads it
				}
				o.sets[name] = append(o.sets[name], e)
			}
		}
	}
	all := o.sets[name]
	n, _ := slices.BinarySearchFunc(all, done, func(e, done *nixuse.Event) int {
		if e.ComesAfter(done) {
			return 1
		}
		return -1
	})
	if n == len(all) {
		return nil
	}
	if now, known := o.img.SettingsAfter(all[n], done.User).Value(name); known && now != value {
		return nil
	}
	return all[n]
}

func lostMessage(e *nixuse.Event, found []lost) string {
	worst := found[0]
	what := fmt.Sprintf("%q", worst.entry.Name.Text+" = "+worst.entry.Value)
	verb, it := "is", "it"
	switch others := len(found) - 1; {
	case others == 1:
		what, verb, it = fmt.Sprintf("%s and %q", what, found[1].entry.Name.Text), "are", "them"
	case others > 1:
		what, verb, it = fmt.Sprintf("%s and %d more settings", what, others), "are", "them"
	}
	by := fmt.Sprintf("a later command replaces %s", e.Path)
	switch {
	case e.ByInstaller:
		by = fmt.Sprintf("the official installer replaces %s when it is done", e.Path)
	case e.Command == nil:
		by = fmt.Sprintf("a later %s replaces %s", e.Instruction.Name, e.Path)
	}
	if worst.event.Path != e.Path {
		by += ", which included the file that has " + it
	}
	message := fmt.Sprintf("%s %s lost, since %s", what, verb, by)
	if c := worst.command; c != nil {
		message += fmt.Sprintf(", so %q runs without %s", c.Nix.Label, it)
	}
	return message
}

// lastReplacement returns the last event of a stage that replaces the file that an event replaces.
func (o *overwrites) lastReplacement(e *nixuse.Event) *nixuse.Event {
	for _, last := range slices.Backward(o.img.Events) {
		if replaces(last) && last.Path == e.Path && last.File == e.File {
			return last
		}
	}
	return e
}

// fix returns the fix that keeps lost settings: it writes them again behind an installer, or makes what replaces the
// file append to it.
func (o *overwrites) fix(e *nixuse.Event, found []lost) []fixers.Fix {
	if e.File != e.Image.Dockerfile.Source || e.Instruction.Broken {
		return nil
	}
	var settings fixnix.Settings
	var lines []string
	for _, l := range found {
		settings = append(settings, l.name)
		lines = append(lines, fixnix.Line(l.entry))
	}
	if e.ByInstaller {
		text, ok := fixnix.AppendCommand(lines)
		last := o.lastReplacement(e)
		tooLate := slices.ContainsFunc(found, func(l lost) bool {
			return l.command != nil && l.command.Image == o.img &&
				(l.command.Instruction == last.Instruction || !l.command.ComesAfter(last))
		})
		if !ok || tooLate || last.Instruction.Broken || !e.ReadsSystemConf() || e.Path != nixuse.SystemConf {
			return nil
		}
		return []fixers.Fix{{
			Title: "Write the settings again after the installer", Safety: fixers.Unsafe,
			Edits:   fixdocker.InsertAfter(e.Image.Dockerfile.File, last.Instruction, "RUN "+text),
			Changes: fixers.Changes{fixdocker.NewInstructions{"RUN"}, settings, fixnix.Rights{}},
		}}
	}
	if e.Command == nil || o.lastReplacement(e) != e {
		return nil
	}
	for _, r := range e.Command.Redirs {
		at := strings.IndexByte(e.File.Text(r.Span), '>')
		if r.Op != ">" || e.Command.PathOf(r.Target) != e.Path || at < 0 {
			continue
		}
		at += r.Span.Start
		before, after := o.img.SettingsBefore(e), o.img.SettingsAfter(e, e.User)
		for _, name := range before.Names() {
			if !before.Same(name, after) {
				settings = append(settings, name)
			}
		}
		return []fixers.Fix{{
			Title: "Append to the file with >>", Safety: fixers.Unsafe,
			Edits:   []fixers.Edit{{File: e.File, Span: source.Span{Start: at, End: at + 1}, Text: ">>"}},
			Changes: fixers.Changes{fixdocker.Instructions{}, settings, fixnix.Rights{}},
		}}
	}
	return nil
}
