package dockerfile

import (
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var unguardedPath = &rules.Rule{
	ID:       "dockerfile/unguarded-path",
	Summary:  "a path list is extended by a variable that is not set, and so gets an empty element",
	Severity: rules.Warning,
	Category: rules.Security,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"ld.so(8): an empty element of LD_LIBRARY_PATH is the current directory",
		"gcc(1), CPATH and LIBRARY_PATH; Python, PYTHONPATH; java(1), CLASSPATH",
		"cue-lang/cue#3440, blinklabs-io/dingo#3307",
	},
	Check: rules.OnStep(func(p *rules.Pass, s *image.Step) {
		if s.Image == nil || s.Deferred || s.Image.Root().Base == nil ||
			s.Dockerfile().Foreign() {
			return // the base image may set the variable
		}
		for _, pair := range s.Pairs {
			name := pair.Key.Text
			reader := pathReaders[name]
			if reader == "" {
				continue
			}
			if v, set := s.Lookup(name); set && (!v.Known || v.Text != "") {
				continue
			}
			reference, before, ok := unguarded(pair.Value.Text, name)
			if !ok {
				continue
			}
			p.Report(pathFinding(s, pair, reader, reference, before))
		}
	}, "ENV"),
}

// pathReaders are the variables in which an empty element is the current directory, with what reads them.
var pathReaders = map[string]string{
	"LD_LIBRARY_PATH": "the dynamic loader", "LIBRARY_PATH": "gcc", "CPATH": "gcc", "C_INCLUDE_PATH": "gcc",
	"CPLUS_INCLUDE_PATH": "gcc", "OBJC_INCLUDE_PATH": "gcc", "PYTHONPATH": "Python", "CLASSPATH": "Java",
	"PKG_CONFIG_PATH": "pkg-config",
}

// unguarded finds the variable itself at the end of a value, after a colon, or at its front, before one.
func unguarded(value, name string) (reference string, front, ok bool) {
	value = strings.Trim(value, `"`)
	for _, reference := range []string{"${" + name + "}", "$" + name} {
		switch {
		case strings.HasSuffix(value, ":"+reference):
			return reference, false, true
		case strings.HasPrefix(value, reference+":"):
			return reference, true, true
		}
	}
	return "", false, false
}

func pathFinding(s *image.Step, pair dockerfile.Pair, reader, reference string, front bool) rules.Finding {
	f, name := s.Dockerfile().Source, pair.Key.Text
	finding := rules.Finding{
		File: f, Span: pair.Value.Span,
		Message: fmt.Sprintf("%s is not set before, so the value has an empty element, which %s takes for the current "+
			"directory", name, reader),
	}
	written, guarded := ":"+reference, "${"+name+":+:$"+name+"}"
	if front {
		written, guarded = reference+":", "${"+name+":+$"+name+":}"
	}
	if n := strings.Index(f.Text(pair.Value.Span), written); n >= 0 {
		at := source.Span{Start: pair.Value.Span.Start + n, End: pair.Value.Span.Start + n + len(written)}
		finding.Span = at
		finding.Fixes = []fixers.Fix{{
			Title: "Write " + guarded, Safety: fixers.Unsafe,
			Edits:   []fixers.Edit{{File: f, Span: at, Text: guarded}},
			Changes: fixers.Changes{fixdocker.Variables{name}},
		}}
	}
	return finding
}
