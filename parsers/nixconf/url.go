package nixconf

import (
	"net/netip"
	"path"
	"sort"
	"strconv"
	"strings"
)

// storeURL is a store reference as Nix 2.34 and later read it (StoreReference::parse in
// src/libstore/store-reference.cc).
type storeURL struct {
	// text is the reference as Nix prints it, or "" for a relative path, which depends on where Nix runs.
	text string
	// dropped is the first query parameter without '=', which Nix drops with a warning, or "".
	dropped string
	// hasDropped distinguishes an empty dropped parameter from none.
	hasDropped bool
}

// IsStoreURL reports whether Nix 2.34 and later accept s as the reference of a store; earlier releases fail when they
// open it.
func IsStoreURL(s string) bool {
	_, ok := parseStoreURL(s)
	return ok
}

// parseStoreURL reads a store reference; it reports false where Nix fails with "Cannot parse Nix store".
func parseStoreURL(s string) (storeURL, bool) {
	if u, ok := parseURL(s); ok {
		return u, true
	}
	base, query, hasQuery := strings.Cut(s, "?")
	var u storeURL
	params := ""
	if hasQuery {
		var ok bool
		if params, ok = u.query(query); !ok {
			return u, false
		}
	}
	switch {
	case base == "" || base == "auto":
		u.text = "auto"
	case base == "daemon":
		u.text = "daemon"
		if params != "" {
			u.text = "unix://"
		}
	case base == "local":
		u.text = "local"
		if params != "" {
			u.text = "local://"
		}
	case !strings.Contains(base, "://") && strings.Contains(base, "/"):
		if !strings.HasPrefix(base, "/") {
			return u, true
		}
		u.text = "local://" + encodePath(path.Clean(base))
	default:
		scheme, rest, ok := strings.Cut(base, ":")
		if !ok {
			return u, false
		}
		authority, ok := bareIPv6(strings.TrimPrefix(rest, "//"))
		if !ok {
			return u, false
		}
		u.text = scheme + "://" + authority
	}
	u.text += params
	return u, true
}

// bareIPv6 reads an IPv6 address without brackets, which Nix takes after the scheme for old configurations.
func bareIPv6(s string) (string, bool) {
	user, host, hasUser := strings.Cut(s, "@")
	if !hasUser {
		user, host = "", s
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") && len(host) >= 2 {
		host = host[1 : len(host)-1]
	}
	address, zone, hasZone := strings.Cut(host, "%")
	a, err := netip.ParseAddr(address)
	if err != nil || !a.Is6() {
		return "", false
	}
	out := "[" + address
	if hasZone {
		out += "%25" + zone
	}
	out += "]"
	if hasUser {
		out = user + "@" + out
	}
	return out, true
}

// parseURL reads a URL as Nix's parseURL does in its lenient mode: RFC 3986, with blanks and '"' allowed in the query.
func parseURL(s string) (u storeURL, ok bool) {
	i := strings.IndexByte(s, ':')
	if i <= 0 || !isScheme(s[:i]) {
		return u, false
	}
	scheme, rest := s[:i], s[i+1:]
	rest, fragment, _ := strings.Cut(rest, "#")
	if !validEncoded(fragment, isFragmentByte) {
		return u, false
	}
	rest, query, hasQuery := strings.Cut(rest, "?")
	_, transport, plus := strings.Cut(scheme, "+")
	if !plus {
		transport = scheme
	}
	authority := ""
	if a, isAuthority := strings.CutPrefix(rest, "//"); isAuthority {
		rest = ""
		if i := strings.IndexByte(a, '/'); i >= 0 {
			a, rest = a[:i], a[i:]
		}
		var host bool
		if authority, host, ok = parseAuthority(a); !ok || host && transport == "file" {
			return u, false
		}
	}
	if !validEncoded(rest, isPathByte) {
		return u, false
	}
	if transport == "file" && rest == "" {
		rest = "/"
	}
	segments := strings.Split(rest, "/")
	for i, seg := range segments {
		segments[i] = encode(decode(seg), ":@")
	}
	u.text = scheme + "://" + authority + strings.Join(segments, "/")
	if hasQuery {
		params, ok := u.query(query)
		if !ok {
			return u, false
		}
		u.text += params
	}
	return u, true
}

// query reads the parameters of a URL and returns them as Nix prints them, sorted, with the '?' before them.
func (u *storeURL) query(s string) (string, bool) {
	type param struct{ key, value string }
	var params []param
	if s == "" {
		return "", true
	}
	for part := range strings.SplitSeq(s, "&") {
		if !validEncoded(part, isQueryByte) {
			return "", false
		}
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			if !u.hasDropped {
				u.dropped, u.hasDropped = key, true
			}
			continue
		}
		params = append(params, param{decode(key), decode(value)})
	}
	sort.SliceStable(params, func(i, j int) bool { return params[i].key < params[j].key })
	var b strings.Builder
	last := ""
	for i, p := range params {
		if i > 0 && p.key == last {
			continue
		}
		last = p.key
		if b.Len() == 0 {
			b.WriteByte('?')
		} else {
			b.WriteByte('&')
		}
		b.WriteString(encode(p.key, ":@/?"))
		b.WriteByte('=')
		b.WriteString(encode(p.value, ":@/?"))
	}
	return b.String(), true
}

// parseAuthority reads [user[:password]@]host[:port] and returns it as Nix prints it, and whether the host is not
// empty.
func parseAuthority(s string) (text string, host, ok bool) {
	out := ""
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		user, password, hasPassword := strings.Cut(s[:i], ":")
		if !validEncoded(user, isHostByte) ||
			!validEncoded(password, func(c byte) bool { return isHostByte(c) || c == ':' }) {
			return "", false, false
		}
		out = encode(decode(user), "")
		if hasPassword {
			out += ":" + encode(decode(password), "")
		}
		out += "@"
		s = s[i+1:]
	}
	name, port := s, ""
	if strings.HasPrefix(s, "[") {
		i := strings.IndexByte(s, ']')
		if i < 0 {
			return "", false, false
		}
		literal := s[1:i]
		name, port = s[:i+1], s[i+1:]
		address, zone, hasZone := strings.Cut(literal, "%25")
		if a, err := netip.ParseAddr(address); (err != nil || !a.Is6() || hasZone && zone == "") &&
			!isFutureAddress(literal) {
			return "", false, false
		}
		if port != "" && port[0] != ':' {
			return "", false, false
		}
		out += name
		port = strings.TrimPrefix(port, ":")
	} else {
		if i := strings.LastIndexByte(s, ':'); i >= 0 {
			name, port = s[:i], s[i+1:]
		}
		if !validEncoded(name, isHostByte) {
			return "", false, false
		}
		out += encode(decode(name), "")
	}
	if port != "" {
		n := 0
		for i := range len(port) {
			if port[i] < '0' || port[i] > '9' {
				return "", false, false
			}
			if n = n*10 + int(port[i]-'0'); n > 65535 {
				return "", false, false
			}
		}
		if n == 0 {
			return "", false, false
		}
		out += ":" + strconv.Itoa(n)
	}
	return out, name != "", true
}

// isFutureAddress reports whether s is an IPvFuture of RFC 3986: "v1.x".
func isFutureAddress(s string) bool {
	if len(s) < 4 || s[0] != 'v' && s[0] != 'V' {
		return false
	}
	version, address, ok := strings.Cut(s[1:], ".")
	if !ok || version == "" || address == "" {
		return false
	}
	for i := range len(version) {
		if !isHex(version[i]) {
			return false
		}
	}
	for i := range len(address) {
		if c := address[i]; !isHostByte(c) && c != ':' {
			return false
		}
	}
	return true
}

func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || !('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	return s != ""
}

func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' ||
		c == '~'
}

// isHostByte reports whether c is unreserved or a sub-delimiter of RFC 3986.
func isHostByte(c byte) bool { return isUnreserved(c) || strings.IndexByte("!$&'()*+,;=", c) >= 0 }

func isPathByte(c byte) bool { return isHostByte(c) || c == ':' || c == '@' || c == '/' }

func isQueryByte(c byte) bool {
	return isPathByte(c) || c == '?' || c == '[' || c == ']' || c == ' ' || c == '"'
}

func isFragmentByte(c byte) bool {
	return isPathByte(c) || c == '?' || c == '#' || c == ' ' || c == '"' || c == '^'
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// validEncoded reports whether s contains only bytes that are allowed, and percent-encoded ones.
func validEncoded(s string, allowed func(byte) bool) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == '%' {
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
			i += 2
			continue
		}
		if !allowed(s[i]) {
			return false
		}
	}
	return true
}

// decode undoes percent-encoding in s, which must be valid.
func decode(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' {
			b = append(b, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}

// encode percent-encodes all bytes of s that are neither unreserved nor in keep.
func encode(s, keep string) string {
	plain := true
	for i := range len(s) {
		if !isUnreserved(s[i]) && strings.IndexByte(keep, s[i]) < 0 {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+8)
	for i := range len(s) {
		if c := s[i]; isUnreserved(c) || strings.IndexByte(keep, c) >= 0 {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}

// encodePath percent-encodes a file path as part of a URL.
func encodePath(p string) string {
	segments := strings.Split(p, "/")
	for i, s := range segments {
		segments[i] = encode(s, ":@")
	}
	return strings.Join(segments, "/")
}
