package labels

import (
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// URL returns what is wrong with a URL, "" for nothing.
func URL(text string) string {
	u, err := url.Parse(text)
	if err != nil || !u.IsAbs() || u.Host == "" && u.Opaque == "" && u.Path == "" || strings.ContainsAny(text, " \t") {
		return fmt.Sprintf("is %q, which is not a URL", text)
	}
	return ""
}

// Time returns what is wrong with a time, "" for nothing.
func Time(text string) string {
	if _, err := time.Parse(time.RFC3339, strings.ToUpper(text)); err != nil {
		return fmt.Sprintf("is %q, which is not a time as in RFC 3339, such as 2006-01-02T15:04:05Z", text)
	}
	return ""
}

var hash = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([0-9a-f]{7,40}|[0-9a-f]{64})$`) })

// Hash returns what is wrong with a hash of Git, "" for nothing.
func Hash(text string) string {
	if !hash().MatchString(text) {
		return fmt.Sprintf("is %q, which is not a hash of Git: those have 7 to 40 digits from 0 to f, or 64", text)
	}
	return ""
}

var version = sync.OnceValue(func() *regexp.Regexp {
	const number, part = `(0|[1-9]\d*)`, `(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)`
	return regexp.MustCompile(`^` + number + `\.` + number + `\.` + number + `(-` + part + `(\.` + part + `)*)?` +
		`(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$`)
})

// Version returns what is wrong with a semantic version, "" for nothing.
func Version(text string) string {
	switch {
	case version().MatchString(text):
		return ""
	case version().MatchString(strings.TrimPrefix(text, "v")):
		return fmt.Sprintf("is %q, which is a semantic version only without the v", text)
	}
	return fmt.Sprintf("is %q, which is not a semantic version such as 1.2.3 or 1.2.3-rc.1", text)
}

// Email returns what is wrong with an e-mail address, "" for nothing.
func Email(text string) string {
	if address, err := mail.ParseAddress(text); err != nil || address.Name != "" || address.Address != text {
		return fmt.Sprintf("is %q, which is not an e-mail address", text)
	}
	return ""
}
