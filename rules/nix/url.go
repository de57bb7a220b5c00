package nix

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
)

// cache is a substituter that a text names.
type cache struct {
	entry *nixconf.Entry
	index int // of its word in entry.Words
	text  string
	url   *url.URL
}

// span returns the place of the URL in the text.
func (c cache) span() source.Span { return c.entry.Words[c.index].Span }

// caches returns the URLs that are in force, as far as the text decides, of a setting that lists substituters; those that are not known are left out.
func caches(text *nixuse.Text, setting string) []cache {
	var out []cache
	for _, entry := range contributing(text, setting) {
		for n, word := range entry.Words {
			if !text.File.Known(word.Span) {
				continue
			}
			u, err := url.Parse(word.Text)
			if err != nil || u.Scheme == "" || u.Host == "" {
				continue
			}
			out = append(out, cache{entry, n, word.Text, u})
		}
	}
	return out
}

// trusted reports whether the URL says that what comes from the cache needs no signature.
func (c cache) trusted() bool {
	value, ok := c.parameter("trusted")
	return ok && isTrue(value)
}

// parameter returns the first value of a parameter of the URL.
func (c cache) parameter(name string) (string, bool) {
	for part := range strings.SplitSeq(c.url.RawQuery, "&") {
		if key, value, ok := strings.Cut(part, "="); ok && key == name {
			return value, true
		}
	}
	return "", false
}

// without returns the URL without a parameter.
func (c cache) without(name string) string {
	base, query, _ := strings.Cut(c.text, "?")
	separator := "?"
	for part := range strings.SplitSeq(query, "&") {
		if key, _, _ := strings.Cut(part, "="); key != name && part != "" {
			base += separator + part
			separator = "&"
		}
	}
	return base
}

// isPrivate reports whether a host is one of a machine's own, of a local network or of a tunnel, which others cannot reach or listen to.
func isPrivate(host string) bool {
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10) // RFC 6598, which tailnets use
	if a, err := netip.ParseAddr(host); err == nil {
		return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified() || shared.Contains(a)
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if !strings.Contains(host, ".") {
		return true // such as localhost, or a service of compose
	}
	for _, suffix := range []string{".localhost", ".local", ".lan", ".internal", ".intranet", ".home", ".home.arpa", ".corp", ".test", ".ts.net", ".onion"} {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}

// isDefaultCache reports whether a host is that of the cache that Nix uses of itself.
func isDefaultCache(host string) bool { return strings.EqualFold(host, "cache.nixos.org") }
