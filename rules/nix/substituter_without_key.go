package nix

import (
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/effective"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/caches"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var substituterWithoutKey = &rules.Rule{
	ID:       "nix/substituter-without-key",
	Summary:  "no key can verify the signatures of a cache, so Nix takes nothing from it",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"Nix manual, nix.conf: trusted-public-keys, require-sigs",
		"NixOS/nix#8254, indexable-inc/index#2452",
	},
	Check: rules.OnText(checkSubstituterKeys),
}

func checkSubstituterKeys(p *rules.Pass, text *nixuse.Text) {
	own := caches.Of(text, "substituters")
	if !lacksKey(text, own) || text.Host == nixuse.HostFile && workspace.IsUserConf(text.Path) {
		return // a user's file adds to the system's, which has the keys
	}
	settings := judged(p.Workspace, text)
	if settings == nil {
		return
	}
	if on, ok := settings.Bool("require-sigs"); !ok || !on {
		return
	}
	if on, _ := settings.Bool("accept-flake-config"); on {
		return // a flake may bring the key
	}
	keys, ok := settings.List("trusted-public-keys")
	if !ok {
		return
	}
	claimed := map[string]bool{}
	var without []caches.Cache
	urls, _ := settings.List("substituters")
	for _, u := range urls {
		for _, c := range own {
			if u.Origin.Entry != c.Entry || u.Span != c.Span() {
				continue
			}
			signer := signerOf(c.URL.Hostname())
			if signer == "" || c.Trusted() {
				continue
			}
			found := false
			for _, key := range keys {
				if strings.HasPrefix(key.Text, signer) {
					claimed[key.Text], found = true, true
				}
			}
			if !found {
				without = append(without, c)
			}
		}
	}
	for _, key := range keys {
		if !strings.HasPrefix(key.Text, "cache.nixos.org-1:") && !claimed[key.Text] {
			return // a key may have any name, so this may be the key of any cache
		}
	}
	for _, c := range without {
		p.Report(nixtext.Atf(text, c.Span(),
			"no key in trusted-public-keys belongs to %q, so Nix takes nothing from it", c.URL.Host))
	}
}

// lacksKey reports whether a text itself has no key for one of the caches that it names.
func lacksKey(text *nixuse.Text, own []caches.Cache) bool {
	keys := inforce.Contributing(text, "trusted-public-keys")
	for _, c := range own {
		signer := signerOf(c.URL.Hostname())
		if signer == "" {
			continue
		}
		if !slices.ContainsFunc(keys, func(entry *nixconf.Entry) bool {
			return slices.ContainsFunc(entry.Words,
				func(key nixconf.Word) bool { return strings.HasPrefix(key.Text, signer) })
		}) {
			return true
		}
	}
	return false
}

// judged returns the settings in force where a text is the whole configuration, or everything else that is written is
// known too. Otherwise it returns nil.
func judged(ws *workspace.Workspace, text *nixuse.Text) *effective.Settings {
	if text.Image == nil {
		// A file that is not where Nix reads it counts as the whole configuration only if it has keys.
		if len(text.Includes) > 0 || path.Base(text.Path) != "nix.conf" || ws.PlaceOf(text) == workspace.Somewhere &&
			len(text.Setting("trusted-public-keys")) == 0 {
			return nil
		}
		target := text.Targets[0]
		return effective.Merge([]effective.Source{{File: text.File, Kind: effective.SystemFile}}, target.Distribution,
			target.To)
	}
	eff := inforce.Settings(text)
	if inforce.HasChild(text.Image) {
		return nil
	}
	for _, setting := range []string{"substituters", "trusted-public-keys", "require-sigs"} {
		if !eff.Known(setting) {
			return nil
		}
	}
	if text.Event.Kind != nixuse.RunCommand {
		for _, e := range text.Image.Timeline() {
			if e.Nix != nil && e.Nix.Options != nil &&
				len(inforce.Contributing(e.Nix.Options, "trusted-public-keys")) > 0 || e.Env != nil {
				return nil // the key may come with each command
			}
		}
	}
	return eff.Settings
}

// signers are the caches that are known to sign with a key of their own, with the beginning of its name. Any other
// cache may be a mirror of cache.nixos.org, which needs no key of its own. Source: the documentation of each cache.
var signers = map[string]string{
	"cache.iog.io":            "hydra.iohk.io:",
	"hydra.iohk.io":           "hydra.iohk.io:",
	"nixcache.reflex-frp.org": "ryantrinkle.com-1:",
	"cache.zw3rk.com":         "loony-tools:",
	"cache.flakehub.com":      "cache.flakehub.com-",
	"cache.garnix.io":         "cache.garnix.io:",
	"cache.lix.systems":       "cache.lix.systems:",
	"cache.flox.dev":          "flox-",
	"cache.floxdev.com":       "flox-",
}

// signerOf returns the beginning of the name of the key that a cache signs with, or "" where that is not known.
func signerOf(host string) string {
	host = strings.ToLower(host)
	if strings.HasSuffix(host, ".cachix.org") {
		return host + "-"
	}
	return signers[host]
}
