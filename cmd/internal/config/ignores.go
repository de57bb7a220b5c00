package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/sandlint/sandlint/parsers/hcltext"
	"github.com/sandlint/sandlint/parsers/ignores"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// This file reads what a configuration says about suppressions:
//
//	ignores {
//	  policy         = "warn"
//	  require_reason = true
//	  longest        = "90d"
//	}
//
//	accept "3f786850e387550fdab836ed7e6dc881de23001b" {
//	  rule   = "seccomp/unknown-syscall"
//	  reason = "the kernel of our hosts has it"
//	  until  = "2026-12-31"
//	}

// ignores reads the block about the comments that suppress findings.
func (r *reader) ignores(blk *hclsyntax.Block) {
	if r.seenIgnores {
		r.Problem(blk.TypeRange, "only one ignores block is allowed")
	}
	r.seenIgnores = true
	if len(blk.Labels) > 0 {
		r.Problem(blk.LabelRanges[0], "an ignores block takes no label")
	}
	to := &r.config.Ignores
	r.Body(blk.Body, "an ignores block", hcltext.Body{Attributes: map[string]func(*hclsyntax.Attribute){
		"policy": func(a *hclsyntax.Attribute) {
			s, ok := r.Text(a.Expr, a.Name)
			switch known := []string{"allow", ignores.Deny, ignores.Warn}; {
			case !ok:
			case !slices.Contains(known, s.Text):
				if near := source.Nearest(s.Text, known); near != "" {
					r.Problem(s.At, "%q is %q; did you mean %q?", a.Name, s.Text, near)
				} else {
					r.Problem(s.At, "%q is %q, which is not one of allow, warn, deny", a.Name, s.Text)
				}
			case s.Text != "allow":
				to.Policy = s.Text
			}
		},
		"require_reason": func(a *hclsyntax.Attribute) { to.RequireReason, _ = r.Bool(a.Expr, a.Name) },
		"longest": func(a *hclsyntax.Attribute) {
			s, ok := r.Text(a.Expr, a.Name)
			if !ok {
				return
			}
			digits, isDays := strings.CutSuffix(s.Text, "d")
			days, err := strconv.Atoi(digits)
			if !isDays || err != nil || days < 1 || days > maxDays || digits != strconv.Itoa(days) {
				r.Problem(s.At, "%q is %q, which is not a number of days such as 90d", a.Name, s.Text)
				return
			}
			to.Longest = time.Duration(days) * 24 * time.Hour
		},
	}})
}

// maxDays bounds "longest".
const maxDays = 36500

// maxAccepted is how many findings a file may accept. What is more belongs in a baseline.
const maxAccepted = 2000

// accept reads a block about one finding.
func (r *reader) accept(blk *hclsyntax.Block) {
	if len(blk.Labels) != 1 {
		r.Problem(blk.TypeRange, "an accept block needs one label, the fingerprint of the finding that "+
			`"sandlint check --format json" prints`)
		return
	}
	if len(r.config.Accepted) == maxAccepted {
		r.Problem(blk.TypeRange, "there are more than %d accept blocks up to here; a baseline holds more", maxAccepted)
	}
	if len(r.config.Accepted) >= maxAccepted {
		return
	}
	label, at := blk.Labels[0], blk.LabelRanges[0]
	span := hcltext.SpanOf(hcl.RangeBetween(blk.TypeRange, blk.CloseBraceRange))
	one := rules.Accepted{Fingerprint: strings.ToLower(label), File: r.File, Span: span, Prove: r.without()}
	switch {
	case strings.Trim(one.Fingerprint, "0123456789abcdef") != "", len(label) < rules.MinFingerprint, len(label) > 64:
		r.Problem(at, "%q is not a fingerprint, which has %d to 64 hexadecimal digits", hcltext.Clip(label),
			rules.MinFingerprint)
		return
	case slices.ContainsFunc(r.config.Accepted, func(a rules.Accepted) bool {
		return a.Fingerprint == one.Fingerprint
	}):
		r.Problem(at, "the finding %q is accepted twice", label)
	}
	r.Body(blk.Body, "an accept block", hcltext.Body{Attributes: map[string]func(*hclsyntax.Attribute){
		"rule": func(a *hclsyntax.Attribute) {
			if s, ok := r.Text(a.Expr, a.Name); ok {
				if _, _, err := rules.Find(r.packs, s.Text); err != nil {
					r.Problem(s.At, "%v", err)
				}
				one.Rule = s.Text
			}
		},
		"reason": func(a *hclsyntax.Attribute) {
			if s, ok := r.Text(a.Expr, a.Name); ok {
				one.Reason = s.Text
			}
		},
		"until": func(a *hclsyntax.Attribute) {
			s, ok := r.Text(a.Expr, a.Name)
			if !ok {
				return
			}
			until, err := time.Parse(time.DateOnly, s.Text)
			if err != nil {
				r.Problem(s.At, "%q is %q, which is not a date such as 2026-12-31", a.Name, hcltext.Clip(s.Text))
			}
			one.Until = until
		},
	}})
	r.config.Accepted = append(r.config.Accepted, one)
}

// without returns what proves that a text of the configuration is the same but for some blocks.
func (r *reader) without() func(removed []source.Span, after []byte) error {
	before := r.File
	return func(removed []source.Span, after []byte) error {
		if !slices.Equal(tokens(before.Bytes, removed), tokens(after, nil)) {
			return errors.New("something else than the blocks changed")
		}
		return nil
	}
}

// tokens returns the tokens of a text outside of some spans, without comments and line ends.
func tokens(text []byte, outside []source.Span) []string {
	if _, why := hcltext.Refuse(text); why != "" {
		return []string{why}
	}
	list, _ := hclsyntax.LexConfig(text, "", hcl.InitialPos)
	var out []string
	for _, t := range list {
		at := hcltext.SpanOf(t.Range)
		for len(outside) > 0 && outside[0].End <= at.Start {
			outside = outside[1:]
		}
		if t.Type == hclsyntax.TokenNewline || t.Type == hclsyntax.TokenComment ||
			len(outside) > 0 && !at.IsEmpty() && outside[0].Contains(at) {
			continue
		}
		out = append(out, fmt.Sprintf("%v %s", t.Type, t.Bytes))
	}
	return out
}

// AcceptBlock returns the block that accepts a finding, with a line of a comment that says what it is.
func AcceptBlock(a *rules.Accepted, about string) string {
	var b strings.Builder
	if about != "" {
		fmt.Fprintf(&b, "# %s\n", strings.ToValidUTF8(strings.Join(strings.Fields(about), " "), "?"))
	}
	fmt.Fprintf(&b, "accept %s {\n", quote(a.Fingerprint))
	for _, line := range [][2]string{{"rule  ", a.Rule}, {"reason", a.Reason}} {
		if line[1] != "" {
			fmt.Fprintf(&b, "  %s = %s\n", line[0], quote(line[1]))
		}
	}
	if !a.Until.IsZero() {
		fmt.Fprintf(&b, "  until  = %s\n", quote(a.Until.Format(time.DateOnly)))
	}
	b.WriteString("}\n")
	return b.String()
}
