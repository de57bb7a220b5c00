package nix

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var determinateExtraConfGrammar = &rules.Rule{
	ID:       "nix/determinate-extra-conf-grammar",
	Summary:  "text for --extra-conf means something else to nix-installer than to Nix",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"DeterminateSystems/nix-config-parser, src/lib.rs, 0.1.2 to 0.2.0",
		"DeterminateSystems/nix-installer, src/action/common/place_nix_configuration.rs",
		"DeterminateSystems/nix-installer#459",
	},
	Check: rules.OnText(checkDeterminateExtraConfGrammar),
}

func checkDeterminateExtraConfGrammar(p *rules.Pass, text *nixuse.Text) {
	if text.Host != nixuse.HostExtra && text.Host != nixuse.HostExtraAction {
		return
	}
	if in := text.Installer; in != nil && in.Kind == nixuse.NixInstaller && in.Version != (nixconf.Version{}) &&
		in.Version.AtLeast(0, 5) && !in.Version.AtLeast(0, 9) {
		alignedColumns(p, text)
	}
	for _, inc := range text.Includes {
		message := fmt.Sprintf(
			"nix-installer reads %q itself, once and from its own working directory, and writes no include line",
			inc.Path.Text)
		if inc.Optional {
			message += "; if the file is missing then, its settings are lost"
		}
		if text.Fragment.Known(inc.Span) {
			p.Report(nixtext.At(text, inc.Span, message))
		}
	}
	last := map[string]*nixconf.Entry{}
	for n := len(text.Entries) - 1; n >= 0; n-- {
		entry := text.Entries[n]
		name := entry.Name.Text
		if !nixtext.Known(text, entry) || !names.IsExtra(entry, text.Targets) {
			continue
		}
		later := last[name]
		if later == nil {
			last[name] = entry
			continue
		}
		if !nixtext.Known(text, later) || covers(later, entry) {
			continue
		}
		finding := nixtext.Atf(text, entry.Span,
			"nix-installer keeps only the last %q, on line %d, so these values are lost", name,
			nixtext.Located{Text: text, Entry: later}.Line())
		finding.Related = []rules.Related{{File: text.Fragment.File, Span: text.Fragment.Span(later.Span),
			Message: fmt.Sprintf("%q is set here", name)}}
		if edits, ok := merged(nixtext.Located{Text: text, Entry: later},
			nixtext.Located{Text: text, Entry: entry}); ok {
			if deleted, ok := fixnix.DeleteLine(text.Fragment, text.File, entry); ok {
				finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Merge the values into the last line", fixers.Unsafe,
					append(deleted, edits...), fixers.Changes{fixnix.Settings{nixuse.Canonical(name)}})}
			}
		}
		p.Report(finding)
	}
	extraReplaced(p, text)
}

// extraReplaced reports extra-experimental-features next to experimental-features: since 0.34 the installer writes the
// second under the name of the first, and so replaces it.
func extraReplaced(p *rules.Pass, text *nixuse.Text) {
	if in := text.Installer; in != nil && in.Version != (nixconf.Version{}) && !in.Version.AtLeast(0, 34) {
		return
	}
	var base, extra *nixconf.Entry
	for _, entry := range text.Entries {
		switch entry.Name.Text {
		case "experimental-features":
			base = entry
		case "extra-experimental-features":
			extra = entry
		}
	}
	if base == nil || extra == nil || !nixtext.Known(text, base) || !nixtext.Known(text, extra) || covers(base, extra) {
		return
	}
	finding := nixtext.Atf(text, extra.Span,
		"since 0.34, nix-installer writes the \"experimental-features\" of line %d as %q, which replaces this line, "+
			"so these values are lost", nixtext.Located{Text: text, Entry: base}.Line(), extra.Name.Text)
	finding.Related = []rules.Related{{File: text.Fragment.File, Span: text.Fragment.Span(base.Span),
		Message: "\"experimental-features\" is assigned here"}}
	p.Report(finding)
}

// alignedColumns reports lines that the parser of nix-installer 0.5 to 0.8 refuses: it splits a line at every single
// blank.
func alignedColumns(p *rules.Pass, text *nixuse.Text) {
	for _, entry := range text.Entries {
		gap := source.Span{Start: entry.Name.Span.End, End: entry.Equals.Start}
		if gap.Len() == 1 || !nixtext.Known(text, entry) {
			continue
		}
		finding := nixtext.Atf(text, entry.Span,
			"nix-installer up to 0.8 accepts only one space before the =, not %d, and refuses the line", gap.Len())
		finding.Severity = rules.Error
		if edits, ok := nixtext.Replace(text, gap, " "); ok {
			finding.Fixes = []fixers.Fix{nixtext.Fix(text, "Leave one space before the equals sign", fixers.Safe, edits,
				fixers.Changes{})}
		}
		p.Report(finding)
	}
}
