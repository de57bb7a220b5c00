package nix

import (
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
	"github.com/sandlint/sandlint/rules/nix/internal/refused"
)

var relativePath = &rules.Rule{
	ID:       "nix/relative-path",
	Summary:  "a path is relative or begins with ~ where Nix requires an absolute one",
	Severity: rules.Error,
	Category: rules.Portability,
	Since:    "0.1.0",
	References: []string{
		"Nix 2.34, src/libstore/include/nix/store/globals.hh: settings that became AbsolutePath",
		"Nix, src/libutil/configuration.cc: includes are taken from the directory of the file, which NIX_CONFIG does " +
			"not have",
	},
	Check: rules.OnText(checkRelativePath),
}

func checkRelativePath(p *rules.Pass, text *nixuse.Text) {
	refused.Values(p, text, func(entry *nixconf.Entry, _ nixconf.TargetError, finding rules.Finding) {
		if strings.ContainsAny(entry.Value, `"'`) {
			return // the quotes are the mistake
		}
		p.Report(finding)
	}, nixconf.RelativePath)
	if text.Host != nixuse.HostEnv {
		return
	}
	isNix := func(t nixconf.Target) bool { return t.Distribution != nixconf.Lix }
	for _, inc := range text.Includes {
		if strings.HasPrefix(inc.Path.Text, "/") || !text.Known(inc.Path.Span) ||
			!slices.ContainsFunc(text.Targets, isNix) {
			continue
		}
		p.Report(nixtext.Atf(text, inc.Path.Span,
			"an include in NIX_CONFIG needs an absolute path, not %q; every Nix command fails", inc.Path.Text))
	}
}
