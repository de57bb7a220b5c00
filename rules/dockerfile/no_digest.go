package dockerfile

import (
	"fmt"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/internal/images"
)

// lockFile is the option of the rule about images without a digest.
type lockFile struct {
	Lock string `option:"lock" doc:"a file with lines such as debian:12@sha256:…, beside the Dockerfile or above"`
}

var noDigest = &rules.Rule{
	ID:       "dockerfile/no-digest",
	Summary:  "an image is named without a digest, so it can become another one",
	Severity: rules.Info,
	Category: rules.Security,
	Since:    "0.1.0",
	Optional: true,
	Fixes:    []fixers.Safety{fixers.Unsafe},
	Options:  lockFile{},
	References: []string{
		"OCI Image Format Specification: Digests",
		"OpenSSF Scorecard: Pinned-Dependencies",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if d.Foreign() {
			return
		}
		var lock images.Lock
		name, why := rules.OptionsOf[lockFile](p).Lock, ""
		if name != "" {
			f, err := p.Workspace.Above(d, name)
			if err == nil {
				lock = images.ReadLock(f.Bytes)
			} else {
				why = fmt.Sprintf("; the lock file %q cannot be read", name)
			}
		}
		report := func(r images.Reference) {
			if r.Digest != "" || images.Replaced(p, d, r) {
				return
			}
			finding := rules.Finding{
				File: d.Source, Span: r.Span,
				Message: fmt.Sprintf("%q has no digest, so whoever can push to the registry can change what is built%s",
					r.Text, why),
			}
			if digest := lock.Digest(r); digest != "" && r.Verbatim {
				finding.Fixes = []fixers.Fix{{
					Title: fmt.Sprintf("Pin %s to the digest that %s lists", r.Text, name), Safety: fixers.Unsafe,
					Edits: []fixers.Edit{{
						File: d.Source, Span: source.Span{Start: r.Span.End, End: r.Span.End}, Text: "@" + digest,
					}},
					Changes: fixers.Changes{fixdocker.Digests{}},
				}}
			}
			p.Report(finding)
		}
		for _, stage := range d.Stages {
			if r, ok := images.Base(d, stage); ok {
				report(r)
			}
		}
		for r := range images.Copied(d) {
			report(r)
		}
	}),
}
