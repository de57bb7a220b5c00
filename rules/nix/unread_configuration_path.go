package nix

import (
	"fmt"
	"path"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

var unreadConfigurationPath = &rules.Rule{
	ID: "nix/unread-configuration-path",
	Summary: "NIX_CONF_DIR names a file, or NIX_USER_CONF_FILES a folder, so Nix silently reads no settings from " +
		"there",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Unsafe},
	References: []string{
		"Nix, src/libstore/globals.cc: loadConfFile reads $NIX_CONF_DIR/nix.conf and the files of $NIX_USER_CONF_FILES",
		"nix-community/nix-direnv#112",
	},
	Check: rules.Joined("a variable that names Nix's configuration",
		rules.OnStep(func(p *rules.Pass, s *image.Step) {
			for _, pair := range s.Pairs {
				if !pair.HasValue || !namesConfiguration(pair.Key.Text) {
					continue
				}
				if value, known := s.Expand(pair.Value.Text); known {
					checkConfigurationPath(p, s, s.Dockerfile().Source, pair.Key.Text, value, pair.Value.Span)
				}
			}
		}, "ENV"),
		rules.OnCommand(func(p *rules.Pass, c *image.Command) {
			for _, a := range c.Assigns {
				if c.InDockerfile() && namesConfiguration(a.Name) && a.Value.Known && !a.Append {
					checkConfigurationPath(p, c.Step, c.File, a.Name, a.Value.Text, a.Value.Span)
				}
			}
		}),
	),
}

func namesConfiguration(variable string) bool {
	return variable == "NIX_CONF_DIR" || variable == "NIX_USER_CONF_FILES"
}

// checkConfigurationPath reports a value of NIX_CONF_DIR or NIX_USER_CONF_FILES at a step.
func checkConfigurationPath(p *rules.Pass, s *image.Step, f *source.File, variable, value string, span source.Span) {
	fix := func(title, right string, sure bool) []fixers.Fix {
		if !sure || f.Text(span) != value {
			return nil
		}
		return []fixers.Fix{{
			Title: title, Safety: fixers.Unsafe, Edits: []fixers.Edit{{File: f, Span: span, Text: right}},
			Changes: fixers.Changes{fixdocker.Variables{variable}},
		}}
	}
	if variable == "NIX_CONF_DIR" {
		if !path.IsAbs(value) || !isConfigurationFile(s, value) {
			return
		}
		dir := path.Dir(path.Clean(value))
		p.Report(rules.Finding{
			File: f, Span: span,
			Message: fmt.Sprintf("NIX_CONF_DIR names the folder of nix.conf, so Nix looks for %q, finds nothing, says "+
				"nothing, and all settings are lost", path.Join(value, "nix.conf")),
			Fixes: fix("Write "+dir, dir, path.Base(value) == "nix.conf"),
		})
		return
	}
	for name := range strings.SplitSeq(value, ":") {
		if !path.IsAbs(name) || !isFolder(s, name) {
			continue
		}
		right, sure := fileIn(s, name)
		p.Report(rules.Finding{
			File: f, Span: span,
			Message: fmt.Sprintf("NIX_USER_CONF_FILES names files, and %q is a folder, so Nix reads nothing there and "+
				"says nothing", name),
			Fixes: fix("Write "+right, strings.Join(replaced(strings.Split(value, ":"), name, right), ":"), sure),
		})
		return
	}
}

func replaced(list []string, old, now string) []string {
	for n := range list {
		if list[n] == old {
			list[n] = now
		}
	}
	return list
}

// isConfigurationFile reports whether a path of the image is that of a file: its name says so, or a file is copied
// there, and nothing is copied below it.
func isConfigurationFile(s *image.Step, name string) bool {
	name = path.Clean(name)
	isFile := path.Base(name) == "nix.conf" || strings.HasSuffix(name, ".nix.conf") ||
		path.Base(name) == "nix.custom.conf"
	for c := range lastStep(s).Copied() {
		if strings.HasPrefix(c.Dest, name+"/") {
			return false
		}
		isFile = isFile || c.Dest == name && path.Ext(c.Source) == ".conf" && path.Ext(name) == ".conf"
	}
	return isFile
}

// isFolder reports whether a path of the image is that of a folder: it ends with a slash, is where Nix's folder of
// configuration is, or something is copied below it.
func isFolder(s *image.Step, name string) bool {
	clean := path.Clean(name)
	if strings.HasSuffix(name, "/") || clean == "/etc/nix" || strings.HasSuffix(clean, "/.config/nix") {
		return true
	}
	for c := range lastStep(s).Copied() {
		if strings.HasPrefix(c.Dest, clean+"/") {
			return true
		}
	}
	return false
}

// fileIn returns the file of settings in a folder of the image, and whether it is the only one that is likely.
func fileIn(s *image.Step, folder string) (name string, sure bool) {
	folder = path.Clean(folder)
	name = path.Join(folder, "nix.conf")
	found := map[string]bool{}
	for c := range lastStep(s).Copied() {
		if strings.HasPrefix(c.Dest, folder+"/") {
			found[c.Dest] = true
			name = c.Dest
		}
	}
	return name, len(found) == 0 || len(found) == 1 && path.Ext(name) == ".conf"
}

// lastStep returns the last step of the stage that a step is part of.
func lastStep(s *image.Step) *image.Step {
	if s.Image == nil {
		return s
	}
	if steps := s.Image.Steps(); len(steps) > 0 {
		return steps[len(steps)-1]
	}
	return s
}
