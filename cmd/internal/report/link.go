package report

import (
	"net/url"
	"strings"

	"github.com/sandlint/sandlint/rules"
)

// projectURL is where the files of this project are read on the web; paths below its root follow.
const projectURL = "https://github.com/sandlint/sandlint/blob/main/"

// Address returns the absolute address of a page, "" where there is none. The page is named as rules.Active.Help does:
// a path below the root of this project, or the address that a rule pack has for its page.
func Address(page string) string {
	if strings.HasPrefix(page, "docs/") {
		return projectURL + page
	}
	u, err := url.Parse(page)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.String()
}

// pages are the addresses of the pages of rules. It remembers them, since a run may have many findings.
type pages struct {
	result    *rules.Result
	addresses map[*rules.Rule]string
}

func newPages(res *rules.Result) pages { return pages{res, map[*rules.Rule]string{}} }

// of returns the absolute address of the page of a rule, "" where it has none.
func (p pages) of(r *rules.Rule) string {
	address, known := p.addresses[r]
	if !known {
		address = Address(p.result.Help(r))
		p.addresses[r] = address
	}
	return address
}

// hyperlink returns text that a terminal shows as a link to address (the escape sequence OSC 8).
func hyperlink(address, text string) string {
	return "\x1b]8;;" + address + "\x1b\\" + text + "\x1b]8;;\x1b\\"
}
