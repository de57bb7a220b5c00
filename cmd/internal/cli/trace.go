package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/trace"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// traceFormats are the formats of trace.
var traceFormats = []string{"text", "json", "mermaid", "svg"}

func (a *app) traceCommand() *cobra.Command {
	flags := runFlags{failOn: "never"}
	format := "text"
	cmd := &cobra.Command{
		Use:   "trace DOCKERFILE|BAKE-FILE [TARGET…]|COMPOSE-FILE [SERVICE…]|NIX.CONF…|-",
		Short: "Show what a build does with Nix, or the settings of nix.conf files",
		Long: `For each stage of a Dockerfile that has to do with Nix, show what happens in order: what is written to
Nix's configuration, and each Nix command, whether it builds, which layers of the sandbox are on
around what it builds, and the settings in force, with the places where each value comes from. The
platforms of the stage stand before, with what is emulated, and why that is known. Settings that
nothing sets have their defaults and are not shown. A question mark marks a value that may differ
because something before it is unknown.

For a bake file or a Compose file, show the same for each build that it describes, or for the
targets or services that are named after it: for the platforms of that build alone.

For nix.conf files, show the settings that they give together. Name them in the order in which
Nix reads them: the system's file first, then the user's. Includes are followed.

The formats mermaid and svg are pictures of the builds, for Markdown files and pull requests.`,
		Example: `  sandlint trace Dockerfile
  sandlint trace --target nix=2.24 images/builder/Dockerfile
  sandlint trace docker-bake.hcl app
  sandlint trace --format svg compose.yaml builder > builder.svg
  sandlint trace --format json etc/nix.conf user/nix.conf`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("%s takes one Dockerfile, bake file or Compose file, or several nix.conf "+
					"files; see %s --help",
					cmd.CommandPath(), cmd.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.trace(&flags, args, format) },
	}
	flags.input(cmd)
	formatFlag(cmd, &format, traceFormats...)
	return cmd
}

func (a *app) trace(flags *runFlags, paths []string, format string) error {
	files, described := paths, len(paths) > 0 && workspace.DescribesBuilds(paths[0])
	if described {
		files = paths[:1]
	}
	r, err := a.prepare(flags, files)
	if err != nil {
		return err
	}
	for _, e := range r.workspace.Errors {
		a.warnf("%v", e)
		a.setStatus(StatusUnreadable)
	}
	if a.status != StatusOK {
		return nil
	}
	var t *trace.Trace
	if described {
		t, err = a.tracePlans(r, paths[0], paths[1:])
	} else {
		t, err = a.traceFiles(r, paths)
	}
	if err != nil || a.status != StatusOK {
		return err
	}
	switch format {
	case "json":
		enc := json.NewEncoder(a.stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(t)
	case "mermaid", "svg":
		if t.Nix != nil {
			return fmt.Errorf("--format %s is for builds; nix.conf files have no timeline", format)
		}
		if format == "svg" {
			return t.WriteSVG(a.stdout)
		}
		return t.WriteMermaid(a.stdout)
	}
	return t.WriteText(a.stdout, a.colored(a.stdout))
}

// traceFiles traces one Dockerfile, or nix.conf files.
func (a *app) traceFiles(r *run, paths []string) (*trace.Trace, error) {
	docs, err := a.traced(r, paths)
	if err != nil || a.status != StatusOK {
		return nil, err
	}
	for _, d := range docs {
		a.warnIncomplete(d)
	}
	if docs[0].Dockerfile != nil {
		return trace.OfDockerfile(docs[0], r.workspace.For(docs[0].Entry.Abs).Targets), nil
	}
	texts := make([]*nixuse.Text, len(docs))
	for i, d := range docs {
		texts[i] = d.Texts[0]
	}
	return trace.OfNixConf(docs, r.workspace.For(docs[0].Entry.Abs).TraceNix(texts)), nil
}

func (a *app) warnIncomplete(d *workspace.Document) {
	if reason := d.Incomplete(); reason != "" {
		a.warnf("%s: %s", d.Source.Path, reason)
	}
}

// tracePlans traces the builds that a bake file or a Compose file describes; those of the given names, or all.
func (a *app) tracePlans(r *run, file string, names []string) (*trace.Trace, error) {
	w := r.workspace.Snapshot()
	plans, err := w.Plans(absolute(r.dir, file))
	if err != nil {
		a.warnf("%v", err)
		a.setStatus(StatusUnreadable)
		return nil, nil
	}
	known := map[string]bool{}
	for _, p := range plans {
		known[p.Name] = true
	}
	for _, name := range names {
		if !known[name] {
			return nil, fmt.Errorf("%s describes no build %q of a Dockerfile that is known; it has: %s", file, name,
				cmp.Or(strings.Join(slices.Sorted(maps.Keys(known)), ", "), "none"))
		}
	}
	t := trace.OfPlans(file)
	for _, p := range plans {
		if len(names) > 0 && !slices.Contains(names, p.Name) {
			continue
		}
		doc, runs, err := w.OpenPlan(&p)
		if err != nil {
			a.warnf("%s: %v", p.What, err)
			a.setStatus(StatusUnreadable)
			continue
		}
		a.warnIncomplete(doc)
		t.Add(&p, doc, runs, w.For(p.Dockerfile).Targets)
	}
	if len(t.Builds) == 0 && a.status == StatusOK {
		return nil, fmt.Errorf("%s describes no build of a Dockerfile", file)
	}
	return t, nil
}

// traced opens the Dockerfile, or the nix.conf files in the order in which they are named.
func (a *app) traced(r *run, paths []string) ([]*workspace.Document, error) {
	var docs []*workspace.Document
	for _, path := range paths {
		var entry *workspace.Entry
		for _, e := range r.workspace.Entries {
			if e.Is(absolute(r.dir, path)) || e.Stdin && path == "-" {
				entry = e
			}
		}
		switch {
		case entry == nil || entry.Kind != files.KindDockerfile && entry.Kind != files.KindNixConf:
			return nil, fmt.Errorf("%q is neither a Dockerfile nor a nix.conf file", path)
		case entry.Kind == files.KindDockerfile && len(paths) > 1:
			return nil, fmt.Errorf("%q is a Dockerfile; a Dockerfile can only be traced alone", path)
		}
		doc, err := r.workspace.Open(entry)
		if err != nil {
			a.warnf("%v", workspace.FileError{Path: entry.Path, Err: err})
			a.setStatus(StatusUnreadable)
			return nil, nil
		}
		docs = append(docs, doc)
	}
	return docs, nil
}
