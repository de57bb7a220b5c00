package nix

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var includeNoEffect = &rules.Rule{
	ID:       "nix/include-no-effect",
	Summary:  "an include names a path that Nix takes literally or cannot read, so Nix silently ignores it",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Nix, src/libutil/configuration.cc: the path of an include is used as written, from the directory of the file",
		"Lix, release notes of 2.92: ~ in the includes of a user's file",
	},
	Check: rules.OnText(checkIncludeNoEffect),
}

func checkIncludeNoEffect(p *rules.Pass, text *nixuse.Text) {
	for _, include := range text.Includes {
		if !text.Fragment.Known(include.Span) || include.State == nixconf.Read {
			continue
		}
		if why := noEffect(text, include); why != "" {
			p.Report(nixtext.At(text, include.Path.Span, why))
		}
	}
}

// noEffect says why an include does nothing. It returns "" where the include may do something, or makes Nix fail.
func noEffect(text *nixuse.Text, include nixconf.Include) string {
	path := include.Path.Text
	relative := !strings.HasPrefix(path, "/")
	switch {
	case relative && (text.Host == nixuse.HostEnv || text.Host == nixuse.HostOption):
		return "" // Nix refuses it there
	case include.State == nixconf.Unreadable, strings.HasSuffix(path, "/") && include.Optional:
		return fmt.Sprintf("%q is a directory, which Nix silently ignores; it only includes files", path)
	case !include.Optional:
		return "" // without such a file every command fails
	case strings.ContainsAny(path, `"'`):
		return fmt.Sprintf("Nix has no quotes, so it looks for a file named %s and silently ignores the include", path)
	case strings.HasPrefix(path, "~"):
		in := names.BeforeLix292(text.Targets)
		if in == nil {
			return ""
		}
		message := fmt.Sprintf(
			"Nix does not expand ~, so it looks for a file named %q and silently ignores the include", path)
		if len(in) < len(text.Targets) || in.String() != text.Targets.String() {
			message += fmt.Sprintf(" (in %s)", in)
		}
		return message
	case strings.ContainsAny(path, "*?") || strings.Contains(path, "[") && strings.Contains(path, "]"):
		return fmt.Sprintf("Nix does not expand patterns, so it looks for a file named %q and silently ignores the "+
			"include", path)
	case strings.Contains(path, "$"):
		return fmt.Sprintf("Nix does not expand variables, so it looks for a file named %q and silently ignores the "+
			"include", path)
	}
	return ""
}
