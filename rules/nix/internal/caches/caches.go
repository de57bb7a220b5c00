// Package caches finds the substituters that a nix.conf text names.
package caches

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
)

// Cache is a substituter that a text names.
type Cache struct {
	Entry *nixconf.Entry
	Index int // of its word in Entry.Words
	Text  string
	URL   *url.URL
}

// Of returns the substituters that are in force in a setting that lists them, as far as the text decides. Those that
// are not known are left out.
func Of(text *nixuse.Text, setting string) []Cache {
	var out []Cache
	for _, entry := range inforce.Contributing(text, setting) {
		for n, word := range entry.Words {
			if !text.File.Known(word.Span) {
				continue
			}
			u, err := url.Parse(word.Text)
			if err != nil || u.Scheme == "" || u.Host == "" {
				continue
			}
			out = append(out, Cache{entry, n, word.Text, u})
		}
	}
	return out
}

// IsPrivate reports whether a host is the machine itself, or in a local network or a tunnel, which others cannot reach.
func IsPrivate(host string) bool {
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10) // RFC 6598, which tailnets use
	if a, err := netip.ParseAddr(host); err == nil {
		return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified() || shared.Contains(a)
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if !strings.Contains(host, ".") {
		return true // such as localhost, or a service of compose
	}
	for _, suffix := range privateSuffixes {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}

var privateSuffixes = []string{
	".localhost", ".local", ".lan", ".internal", ".intranet", ".home", ".home.arpa", ".corp", ".test", ".ts.net",
	".onion",
}

// IsDefault reports whether a host is that of the cache that Nix uses by default.
func IsDefault(host string) bool { return strings.EqualFold(host, "cache.nixos.org") }

// BareURL returns a URL without slashes at the end of its path.
func BareURL(u string) string {
	base, query, hasQuery := strings.Cut(u, "?")
	base = strings.TrimRight(base, "/")
	if hasQuery {
		return base + "?" + query
	}
	return base
}

// IsRemote reports whether the cache is reached over a network.
func (c Cache) IsRemote() bool {
	switch c.URL.Scheme {
	case "http", "https", "s3", "ssh", "ssh-ng":
		host := c.URL.Hostname()
		return host != "localhost" && host != "127.0.0.1" && host != "::1"
	}
	return false
}

// ThirdParty returns the first remote substituter of a text other than the default cache.
func ThirdParty(text *nixuse.Text) (Cache, bool) {
	if text.Host == nixuse.HostOption || text.Host == nixuse.HostFlake || text.Host == nixuse.HostModule ||
		len(text.Includes) > 0 {
		return Cache{}, false
	}
	for _, c := range Of(text, "substituters") {
		if !IsDefault(c.URL.Hostname()) && c.IsRemote() {
			return c, true
		}
	}
	return Cache{}, false
}

// Span returns the span of the URL in the text.
func (c Cache) Span() source.Span { return c.Entry.Words[c.Index].Span }

// Trusted reports whether the URL says that paths from the cache need no signature.
func (c Cache) Trusted() bool {
	value, ok := c.Parameter("trusted")
	return ok && inforce.IsTrue(value)
}

// Parameter returns the first value of a parameter of the URL.
func (c Cache) Parameter(name string) (string, bool) {
	for part := range strings.SplitSeq(c.URL.RawQuery, "&") {
		if key, value, ok := strings.Cut(part, "="); ok && key == name {
			return value, true
		}
	}
	return "", false
}

// Without returns the URL without a parameter.
func (c Cache) Without(name string) string {
	base, query, _ := strings.Cut(c.Text, "?")
	separator := "?"
	for part := range strings.SplitSeq(query, "&") {
		if key, _, _ := strings.Cut(part, "="); key != name && part != "" {
			base += separator + part
			separator = "&"
		}
	}
	return base
}
