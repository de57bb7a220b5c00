package nix

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/misread"
	"github.com/sandlint/sandlint/rules/nix/internal/names"
	"github.com/sandlint/sandlint/rules/nix/internal/nixtext"
)

var overriddenDefaultList = &rules.Rule{
	ID:       "nix/overridden-default-list",
	Summary:  "an assignment discards the default of a list that was meant to be extended",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix manual, nix.conf: substituters, trusted-public-keys and system-features, and their defaults",
		"NixOS/nix#8254, input-output-hk/haskell.nix#1575, NixOS/nixpkgs#380601",
	},
	Check: rules.OnText(checkOverriddenDefaultList),
}

// defaultFeatures are the words that system-features has by default on every system.
var defaultFeatures = []string{"benchmark", "big-parallel", "nixos-test"}

// partialCaches are hosts of caches that hold what one project or user builds, but not what cache.nixos.org holds.
var partialCaches = []string{".cachix.org", "cache.garnix.io", "cache.iog.io", "hydra.iohk.io", "cache.flakehub.com",
	"cache.soopy.moe", "cuda-maintainers.cachix.org"}

// officialKey is the name of the key of cache.nixos.org.
const officialKey = "cache.nixos.org-1:"

// officialCaches are parts of the URLs of cache.nixos.org and of its mirrors.
var officialCaches = []string{"cache.nixos.org", "nix-channels", "nix-cache", "mirror", "nixos.org"}

func checkOverriddenDefaultList(p *rules.Pass, text *nixuse.Text) {
	if text.Host == nixuse.HostModule {
		return // NixOS joins the lists with its defaults
	}
	for _, entry := range text.Entries {
		name := entry.Name.Text
		switch name {
		case "system-features", "trusted-public-keys", "binary-cache-public-keys", "substituters", "binary-caches":
		default:
			continue
		}
		if len(entry.Words) == 0 || !nixtext.Known(text, entry) || misread.Is(text, entry) ||
			misread.AssignsTwice(entry) || len(text.Includes) > 0 {
			continue
		}
		var message, near string
		switch nixuse.Canonical(name) {
		case "system-features":
			message, near = lostFeatures(entry, readWith(p, text))
		case "trusted-public-keys":
			message = lostKey(text, entry, readWith(p, text))
		case "substituters":
			message = lostCache(entry, readWith(p, text))
		}
		if message == "" {
			continue
		}
		title := "Add to the default with extra-" + name
		rename := "extra-" + name
		if near != "" {
			title, rename = "Rename to "+near, near
		}
		finding := nixtext.At(text, entry.Name.Span, message)
		if nixuse.Canonical(name) == "substituters" && onlyMachines(entry) {
			finding.Severity = rules.Info
		}
		if edits, ok := nixtext.Replace(text, entry.Name.Span, rename); ok {
			finding.Fixes = []fixers.Fix{nixtext.Fix(text, title, fixers.Unsafe, edits,
				fixers.Changes{fixnix.Settings{nixuse.Canonical(name), rename}})}
		}
		p.Report(finding)
	}
}

// lostFeatures says which of the default features of a system an assignment discards. An author who names one of them
// has thought of the others.
func lostFeatures(entry *nixconf.Entry, with *together) (message, near string) {
	if !slices.ContainsFunc(entry.Words, func(w nixconf.Word) bool { return !isSystem(w.Text) }) {
		return fmt.Sprintf("%q takes features such as kvm, but %q is a system", entry.Name.Text, entry.Words[0].Text),
			"extra-platforms"
	}
	for _, w := range entry.Words {
		if slices.Contains(defaultFeatures, w.Text) {
			return "", ""
		}
	}
	if with.adds("system-features", func(w string) bool { return slices.Contains(defaultFeatures, w) }) {
		return "", ""
	}
	return fmt.Sprintf("%q is assigned without its default features, so nothing that needs %s, %s or %s can be built",
		entry.Name.Text, defaultFeatures[0], defaultFeatures[1], defaultFeatures[2]), ""
}

// isSystem reports whether a word is a system such as aarch64-linux.
func isSystem(word string) bool {
	cpu, os, ok := strings.Cut(word, "-")
	if !ok || os != "linux" && os != "darwin" {
		return false
	}
	switch cpu {
	case "x86_64", "i686", "aarch64", "arm", "armv5tel", "armv6l", "armv7l", "riscv64", "riscv32", "powerpc64le",
		"mipsel", "mips64el", "s390x", "loongarch64":
		return true
	}
	return false
}

// lostKey says that cache.nixos.org is no longer trusted, where the text keeps that cache or names it.
func lostKey(text *nixuse.Text, entry *nixconf.Entry, with *together) string {
	official := func(w string) bool { return strings.HasPrefix(w, officialKey) }
	if slices.ContainsFunc(entry.Words, func(w nixconf.Word) bool { return official(w.Text) }) ||
		with.adds("trusted-public-keys", official) || with.hasOtherCaches(text.Targets) {
		return ""
	}
	return fmt.Sprintf("%q is assigned without the key of cache.nixos.org, so Nix accepts nothing from there",
		entry.Name.Text)
}

// lostCache says that Nix no longer asks cache.nixos.org, where all caches that are named are known to hold other
// things.
func lostCache(entry *nixconf.Entry, with *together) string {
	official := func(w string) bool {
		return slices.ContainsFunc(officialCaches, func(part string) bool { return strings.Contains(w, part) })
	}
	if onlyMachines(entry) {
		if with.adds("substituters", official) {
			return ""
		}
		return fmt.Sprintf("%q is assigned without https://cache.nixos.org, so Nix builds everything that is not on "+
			"these machines", entry.Name.Text)
	}
	for _, w := range entry.Words {
		host := strings.TrimPrefix(strings.TrimPrefix(w.Text, "https://"), "http://")
		host, _, _ = strings.Cut(host, "/")
		host, _, _ = strings.Cut(host, "?")
		if !slices.ContainsFunc(partialCaches, func(suffix string) bool { return strings.HasSuffix(host, suffix) }) {
			return ""
		}
	}
	if with.adds("substituters", official) {
		return ""
	}
	return fmt.Sprintf("%q is assigned without https://cache.nixos.org, so Nix rebuilds everything that cache has",
		entry.Name.Text)
}

// onlyMachines reports whether all stores of an entry are machines that are reached by SSH, such as builders. They have
// what they built, and not what cache.nixos.org has.
func onlyMachines(entry *nixconf.Entry) bool {
	return !slices.ContainsFunc(entry.Words, func(w nixconf.Word) bool {
		return !strings.HasPrefix(w.Text, "ssh://") && !strings.HasPrefix(w.Text, "ssh-ng://")
	})
}

// together are the texts that may be read together with a text: all of its Dockerfile, and those that its image has.
type together struct {
	texts   []*nixuse.Text
	unknown bool                // a line of them is not known
	words   map[string][]string // of what is assigned to each setting, by canonical name, each once
	open    map[string]bool     // settings to which something unknown is assigned
	other   map[string]bool     // the results of hasOtherCaches, by target
}

// readWith returns the texts that may be read together with a text.
func readWith(p *rules.Pass, text *nixuse.Text) *together {
	type key struct {
		image *nixuse.Image
		text  *nixuse.Text // without an image
	}
	of := key{text.Image, text}
	if text.Image != nil {
		of.text = nil
	}
	out, _ := p.Memo(of, func() any {
		texts := []*nixuse.Text{text}
		if text.Image != nil {
			texts = placed(text.Image)
		}
		return newTogether(texts)
	}).(*together)
	return out
}

// placed returns the texts that may be read in an image.
func placed(img *nixuse.Image) []*nixuse.Text {
	texts := slices.Clone(img.Model.Texts)
	seen := make(map[*nixuse.Text]bool, len(texts))
	for _, t := range texts {
		seen[t] = true
	}
	for _, e := range img.Timeline() {
		if e.Text != nil && !seen[e.Text] {
			seen[e.Text] = true
			texts = append(texts, e.Text)
		}
	}
	return texts
}

func newTogether(texts []*nixuse.Text) *together {
	out := &together{texts: texts, words: map[string][]string{}, open: map[string]bool{}, other: map[string]bool{}}
	seen := map[[2]string]bool{}
	for _, t := range texts {
		for n := range t.Lines {
			out.unknown = out.unknown || t.Lines[n].Unknown
		}
		for _, e := range t.Entries {
			setting := nixuse.Canonical(e.Name.Text)
			if !t.Fragment.Known(e.Span) {
				out.open[setting] = true
			}
			for _, w := range e.Words {
				if at := [2]string{setting, w.Text}; !seen[at] {
					seen[at] = true
					out.words[setting] = append(out.words[setting], w.Text)
				}
			}
		}
	}
	return out
}

// adds reports whether one of the texts adds a word to a setting, or may add it.
func (t *together) adds(setting string, wanted func(string) bool) bool {
	return t.unknown || t.open[setting] || slices.ContainsFunc(t.words[setting], wanted)
}

// hasOtherCaches reports whether one of the texts assigns caches without cache.nixos.org, which have other keys, where
// the loss of that cache is not reported as well.
func (t *together) hasOtherCaches(targets nixconf.Targets) bool {
	key := fmt.Sprint(targets)
	if has, ok := t.other[key]; ok {
		return has
	}
	t.other[key] = slices.ContainsFunc(t.texts, func(text *nixuse.Text) bool {
		return slices.ContainsFunc(text.Entries, func(e *nixconf.Entry) bool {
			if nixuse.Canonical(e.Name.Text) != "substituters" || names.IsExtra(e, targets) {
				return false
			}
			if !text.Fragment.Known(e.Span) {
				return true
			}
			return lostCache(e, t) == "" && !slices.ContainsFunc(e.Words,
				func(w nixconf.Word) bool { return strings.Contains(w.Text, "cache.nixos.org") })
		})
	})
	return t.other[key]
}
