package nix

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/effective"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
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
	settings := judged(p, text)
	if settings == nil {
		return
	}
	// Most texts of an image are judged by the same settings, those at its end.
	in := p.Memo(bySettings{settings}, func() any { return substitution(settings) }).(*signedCaches)
	if in == nil {
		return
	}
	claimed := map[string]span{}
	var without []caches.Cache
	for _, c := range own {
		signer := signerOf(c.URL.Hostname())
		if signer == "" || c.Trusted() {
			continue
		}
		for range in.words[wordAt{c.Entry, c.Span()}] {
			if of := in.keys.of(signer); of.to > of.from {
				claimed[signer] = of
			} else {
				without = append(without, c)
			}
		}
	}
	if len(without) == 0 || !in.keys.coveredBy(slices.Collect(maps.Values(claimed))) {
		return // a key may have any name, so one that is left may be the key of any cache
	}
	for _, c := range without {
		p.Report(nixtext.Atf(text, c.Span(),
			"no key in trusted-public-keys belongs to %q, so Nix takes nothing from it", c.URL.Host))
	}
}

// signedCaches are the caches and the keys of settings in force, where signatures are required and what is set is the
// whole of it.
type signedCaches struct {
	keys  keyring        // without that of the default cache
	words map[wordAt]int // how often each word of a text is among the substituters
}

// bySettings is the key of what substitution returns.
type bySettings struct{ settings *effective.Settings }

// wordAt is a word of an entry.
type wordAt struct {
	entry *nixconf.Entry
	span  source.Span
}

// substitution returns the caches and the keys of settings, nil where a cache may do without a key that is among them.
func substitution(settings *effective.Settings) *signedCaches {
	if on, ok := settings.Bool("require-sigs"); !ok || !on {
		return nil
	}
	if on, _ := settings.Bool("accept-flake-config"); on {
		return nil // a flake may bring the key
	}
	keys, ok := settings.List("trusted-public-keys")
	if !ok {
		return nil
	}
	in := &signedCaches{words: map[wordAt]int{}}
	for _, key := range keys {
		if !strings.HasPrefix(key.Text, "cache.nixos.org-1:") {
			in.keys = append(in.keys, key.Text)
		}
	}
	in.keys = in.keys.sorted()
	urls, _ := settings.List("substituters")
	for _, u := range urls {
		in.words[wordAt{u.Origin.Entry, u.Span}]++
	}
	return in
}

// lacksKey reports whether a text itself has no key for one of the caches that it names.
func lacksKey(text *nixuse.Text, own []caches.Cache) bool {
	if len(own) == 0 {
		return false
	}
	var keys keyring
	for _, entry := range inforce.Contributing(text, "trusted-public-keys") {
		for _, key := range entry.Words {
			keys = append(keys, key.Text)
		}
	}
	keys = keys.sorted()
	for _, c := range own {
		signer := signerOf(c.URL.Hostname())
		if of := keys.of(signer); signer != "" && of.from == of.to {
			return true
		}
	}
	return false
}

// keyring are public keys, sorted, each once.
type keyring []string

// span is the keys from one index to before another.
type span struct{ from, to int }

// sorted makes a keyring of keys in any order.
func (k keyring) sorted() keyring {
	slices.Sort(k)
	return slices.Compact(k)
}

// of returns the keys that begin with the name of a signer.
func (k keyring) of(signer string) span {
	from, _ := slices.BinarySearch(k, signer)
	to, _ := slices.BinarySearchFunc(k[from:], signer, func(key, signer string) int {
		if strings.HasPrefix(key, signer) {
			return -1 // what begins alike stands together, first of what is not less
		}
		return 1
	})
	return span{from, from + to}
}

// coveredBy reports whether each key is in one of the spans.
func (k keyring) coveredBy(spans []span) bool {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	at := 0
	for _, s := range spans {
		if s.from > at {
			return false
		}
		at = max(at, s.to)
	}
	return at == len(k)
}

// judged returns the settings in force where a text is the whole configuration, or everything else that is written is
// known too. Otherwise it returns nil.
func judged(p *rules.Pass, text *nixuse.Text) *effective.Settings {
	if text.Image == nil {
		// A file that is not where Nix reads it counts as the whole configuration only if it has keys.
		if len(text.Includes) > 0 || path.Base(text.Path) != "nix.conf" ||
			p.Workspace.PlaceOf(text) == workspace.Somewhere && len(text.Setting("trusted-public-keys")) == 0 {
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
		if p.Memo(commandsBring{text.Image}, func() any { return bringsKeys(text.Image) }).(bool) {
			return nil // the key may come with each command
		}
	}
	return eff.Settings
}

// commandsBring is the key of what bringsKeys says of an image.
type commandsBring struct{ img *nixuse.Image }

// bringsKeys reports whether a command of an image has keys of its own, or a configuration of its own.
func bringsKeys(img *nixuse.Image) bool {
	for _, e := range img.Timeline() {
		if e.Nix != nil && e.Nix.Options != nil &&
			len(inforce.Contributing(e.Nix.Options, "trusted-public-keys")) > 0 || e.Env != nil {
			return true
		}
	}
	return false
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
