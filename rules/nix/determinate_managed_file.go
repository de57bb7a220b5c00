package nix

import (
	"bytes"
	"path"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var determinateManagedFile = &rules.Rule{
	ID:       "nix/determinate-managed-file",
	Summary:  "a setting is in a file that Determinate Nix replaces",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"DeterminateSystems/determinate#88, DeterminateSystems/determinate#89, " +
			"DeterminateSystems/nix-installer#1379, DeterminateSystems/nix-installer#1648",
	},
	Fixes: []fixers.Safety{fixers.Safe},
	Check: rules.Both(rules.OnTimelines(checkManagedInImage), rules.OnText(func(p *rules.Pass, text *nixuse.Text) {
		if text.Host != nixuse.HostFile && text.Host != nixuse.HostWrite || !isManaged(text.File) {
			return
		}
		for _, entry := range text.Entries {
			if !text.Fragment.Known(entry.Name.Span) || slices.Contains(determinateSettings, entry.Name.Text) {
				continue
			}
			p.Report(nixtext.Atf(text, entry.Span,
				"%q is lost when Determinate Nix next writes this file; it belongs in nix.custom.conf",
				entry.Name.Text))
		}
	})),
}

// checkManagedInImage reports what a Dockerfile writes to the nix.conf of a Determinate Nix that it installed before.
func checkManagedInImage(p *rules.Pass, model *nixuse.Model) {
	ends := map[*nixuse.Image]*nixuse.Event{} // the installer of a stage
	for _, img := range model.Images {
		installer := ends[img.Parent]
		for _, e := range img.Events {
			if e.Nix != nil && e.Nix.Installer != nil {
				installer = nil
				if !e.Maybe && e.Nix.Installer.Distribution == nixconf.Determinate {
					installer = e
				}
			}
			if installer != nil && e.Kind == nixuse.WriteConfig && e.Path == nixuse.SystemConf && !e.ByInstaller &&
				!e.Maybe && e.Text != nil && !isManaged(e.Text.File) {
				managedWrite(p, e, installer)
			}
		}
		ends[img] = installer
	}
}

// managedWrite reports the first setting of a text that Determinate Nix replaces.
func managedWrite(p *rules.Pass, e, installer *nixuse.Event) {
	for _, entry := range e.Text.Entries {
		if !e.Text.Fragment.Known(entry.Name.Span) || slices.Contains(determinateSettings, entry.Name.Text) {
			continue
		}
		finding := nixtext.Atf(e.Text, entry.Span,
			"%q is lost when Determinate Nix starts, which replaces this file; it belongs in nix.custom.conf",
			entry.Name.Text)
		if e.Text.Fragment.File != e.File {
			finding.File, finding.Span = e.File, e.Span
		}
		finding.Related = []rules.Related{{
			File: installer.File, Span: installer.Nix.Span, Message: "Determinate Nix is installed here",
		}}
		finding.Fixes = appendToCustom(e)
		p.Report(finding)
		return
	}
}

// appendToCustom returns the fix that appends the text of an event to nix.custom.conf instead.
func appendToCustom(e *nixuse.Event) []fixers.Fix {
	if e.Command == nil || !e.Text.Append || e.File != e.Image.Dockerfile.Source {
		return nil
	}
	for _, r := range e.Command.Redirs {
		if r.Op != ">>" || e.File.Text(r.Target.Span) != nixuse.SystemConf {
			continue
		}
		return []fixers.Fix{{
			Title: "Write it to nix.custom.conf", Safety: fixers.Safe,
			Edits: []fixers.Edit{{
				File: e.File, Span: r.Target.Span, Text: path.Join(path.Dir(nixuse.SystemConf), "nix.custom.conf"),
			}},
			Changes: fixers.Changes{fixdocker.Instructions{}},
		}}
	}
	return nil
}

// isManaged reports whether a file begins with the comment that determinate-nixd writes at the top of its own.
func isManaged(f *nixconf.File) bool {
	for _, line := range f.Lines {
		if len(line.Words) > 0 {
			return false
		}
		if bytes.Contains(f.Fragment.Text[line.Comment.Start:line.Comment.End],
			[]byte("do not modify! this file will be replaced!")) {
			return true
		}
	}
	return false
}

// determinateSettings are the settings that determinate-nixd writes itself. Source: published files of the releases 3.0
// to 3.15.
var determinateSettings = []string{
	"always-allow-substitutes", "bash-prompt-prefix", "eval-cores", "experimental-features", "external-builders",
	"extra-experimental-features", "extra-nix-path",
	"extra-substituters", "extra-trusted-public-keys", "extra-trusted-substituters", "lazy-trees", "max-jobs",
	"netrc-file", "post-build-hook", "ssl-cert-file",
	"upgrade-nix-store-path-url",
}
