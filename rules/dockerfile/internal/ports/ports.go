// Package ports reads the arguments of EXPOSE as BuildKit v0.34.2 does
// (frontend/dockerfile/dockerfile2llb/convert_expose.go).
package ports

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
)

// Port is one argument of EXPOSE: [[IP:]HOST:]CONTAINER[/PROTOCOL], where HOST and CONTAINER may be ranges.
type Port struct {
	// Text is the evaluated argument, and Span the word that it comes from.
	Text string
	Span source.Span
	// Verbatim says that the bytes at Span are Text.
	Verbatim bool
	// IP, Host, Container and Protocol are its parts, as written; "" where one is absent.
	IP, Host, Container, Protocol string
}

// Of returns the ports of an EXPOSE. A word whose value is not known has none.
func Of(s *image.Step) []Port {
	var out []Port
	for _, w := range s.Words {
		text, known := s.Expand(w.Text)
		if !known {
			continue
		}
		for field := range strings.FieldsSeq(text) {
			p := Port{Text: field, Span: w.Span, Verbatim: s.Dockerfile().Source.Text(w.Span) == field}
			parts := strings.Split(field, ":")
			n := len(parts)
			p.Container, p.Protocol, _ = strings.Cut(parts[n-1], "/")
			if n > 1 {
				p.Host = parts[n-2]
			}
			if n > 2 {
				p.IP = strings.Join(parts[:n-2], ":")
			}
			out = append(out, p)
		}
	}
	return out
}

// Fault returns why BuildKit refuses the port, "" where it does not.
func (p *Port) Fault() string {
	switch strings.ToLower(p.Protocol) {
	case "", "tcp", "udp", "sctp":
	default:
		return fmt.Sprintf("protocol %q is not tcp, udp or sctp", p.Protocol)
	}
	if p.IP != "" {
		ip := p.IP
		if ip[0] == '[' {
			ip = strings.TrimSuffix(ip[1:], "]")
		}
		if net.ParseIP(ip) == nil {
			return fmt.Sprintf("%q is not an IP address", p.IP)
		}
	}
	first, last, fault := portRange(p.Container)
	if fault != "" {
		return fault
	}
	if p.Host == "" {
		return ""
	}
	hostFirst, hostLast, fault := portRange(p.Host)
	if fault != "" {
		return fault
	}
	if first != last && last-first != hostLast-hostFirst {
		return fmt.Sprintf("the ranges %q and %q have different lengths", p.Host, p.Container)
	}
	return ""
}

func portRange(text string) (first, last int, fault string) {
	start, end, ranged := strings.Cut(text, "-")
	first, fault = number(start)
	if fault != "" || !ranged || start == end {
		return first, first, fault
	}
	last, fault = number(end)
	if fault == "" && last < first {
		fault = fmt.Sprintf("the range %q ends before it begins", text)
	}
	return first, last, fault
}

func number(text string) (n int, fault string) {
	n, err := strconv.Atoi(text)
	switch {
	case text == "":
		return 0, "there is no port"
	case strings.Trim(text, "0123456789") == "" && (err != nil || n > 65535):
		return 0, fmt.Sprintf("port %s is above 65535", text)
	case err != nil || n < 0:
		return 0, fmt.Sprintf("%q is not a port", text)
	}
	return n, ""
}
