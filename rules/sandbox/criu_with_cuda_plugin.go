package sandbox

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var criuWithCudaPlugin = &rules.Rule{
	ID:       "sandbox/criu-with-cuda-plugin",
	Summary:  "CRIU 4.0 with the CUDA plugin cannot checkpoint containers",
	Severity: rules.Info,
	Category: rules.Correctness,
	Since:    "0.1.0",
	References: []string{
		"checkpoint-restore/criu#2508: `seccomp: Can't find entry on tid_real`; fixed in 4.1",
		"checkpoint-restore/criu#2514: containers of one process; fixed in 4.2",
	},
	Check: rules.OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
		if !bytes.Contains(d.Source.Bytes, []byte("criu")) {
			return
		}
		stages := map[*image.Image]*criuFacts{}
		for _, c := range d.Commands() {
			if c.Step.Name != "RUN" || !c.InDockerfile() || c.Maybe || len(c.Words) == 0 ||
				slices.Contains([]string{"echo", "printf", "grep"}, c.Name) {
				continue
			}
			facts := stages[c.Step.Image]
			if facts == nil {
				facts = &criuFacts{}
				stages[c.Step.Image] = facts
			}
			facts.add(c)
		}
		for _, facts := range stages {
			at := facts.release
			if at.IsEmpty() && facts.cloned {
				at = facts.tag
			}
			if !facts.plugin || facts.removed || at.IsEmpty() {
				continue
			}
			p.Report(rules.Finding{
				File: d.Source, Span: at,
				Message: "CRIU 4.0 with the CUDA plugin fails to checkpoint a container that is frozen, " +
					"as containerd and CRI-O freeze it, with \"seccomp: Can't find entry on tid_real\"",
			})
		}
	}),
}

// criuFacts is what the commands of a stage say.
type criuFacts struct {
	release source.Span // of what names CRIU 4.0
	tag     source.Span // of the tag v4.0 of some repository
	cloned  bool        // CRIU's repository is
	plugin  bool        // the CUDA plugin is named
	removed bool        // and deleted, which is how to do without it
}

func (f *criuFacts) add(c *image.Command) {
	for _, w := range c.Words[1:] {
		text, known := c.Step.Expand(w.Text)
		if !known {
			text = w.Text
		}
		switch {
		case strings.Contains(text, "cuda_plugin") || strings.Contains(text, "cuda-plugin"):
			f.plugin = true
			f.removed = f.removed || c.Name == "rm" || c.Name == "unlink"
		case criu40().MatchString(text), c.Package() != nil && criuPackage().MatchString(text):
			if f.release.IsEmpty() {
				f.release = w.Span
			}
		case strings.Contains(text, "checkpoint-restore/criu"):
			f.cloned = true
		case c.Name == "git" && strings.TrimPrefix(text, "--branch=") == "v4.0":
			f.tag = w.Span
		}
	}
}

// criu40 matches addresses and files of the sources of CRIU 4.0.
var criu40 = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`criu(?:/archive/(?:refs/tags/)?v?|/tarball/v?|-v?)4\.0(?:\.(?:tar|zip|tgz)|$)`)
})

// criuPackage matches packages of CRIU 4.0.
var criuPackage = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^criu[=-]4\.0(?:[-~+*].*)?$`)
})
