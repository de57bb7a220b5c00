package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

func (a *app) traceCommand() *cobra.Command {
	flags := runFlags{failOn: "never"}
	format := "text"
	cmd := &cobra.Command{
		Use:   "trace DOCKERFILE|NIX.CONF…|-",
		Short: "Show the Nix settings in force in a Dockerfile or under nix.conf files",
		Long: `For each stage of a Dockerfile that runs Nix, show its Nix commands and the settings in force at
each of them, with the places where each value comes from. Settings that nothing sets have their
defaults and are not shown. A question mark marks a value that may differ because something
before it is unknown.

For nix.conf files, show the settings that they give together. Name them in the order in which
Nix reads them: the system's file first, then the user's. Includes are followed.`,
		Example: `  sandlint trace Dockerfile
  sandlint trace --target nix=2.24 images/builder/Dockerfile
  sandlint trace --format json etc/nix.conf user/nix.conf`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("%s takes one Dockerfile or several nix.conf files; see %s --help",
					cmd.CommandPath(), cmd.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return fmt.Errorf("--format %q is not one of text, json", format)
			}
			return a.trace(&flags, args, format == "json")
		},
	}
	flags.input(cmd)
	cmd.Flags().StringVar(&format, "format", format, "output as `FORMAT`: text, json")
	complete(cmd, "format", "text", "json")
	return cmd
}

func (a *app) trace(flags *runFlags, paths []string, asJSON bool) error {
	r, err := a.prepare(flags, paths)
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
	docs, err := a.traced(r, paths)
	if err != nil || a.status != StatusOK {
		return err
	}
	for _, d := range docs {
		if reason := d.Incomplete(); reason != "" {
			a.warnf("%s: %s", d.Source.Path, reason)
		}
	}
	w := bufio.NewWriter(a.stdout)
	if d := docs[0].Dockerfile; d != nil {
		stages := docs[0].Nix.Trace()
		switch {
		case asJSON:
			err = writeTraceJSON(w, newStagesJSON(d, stages))
		case len(stages) == 0:
			fmt.Fprintf(w, "%s: no stage runs Nix\n", docs[0].Source.Path)
		}
		if !asJSON {
			for i, s := range stages {
				if i > 0 {
					fmt.Fprintln(w)
				}
				a.printStage(w, &s)
			}
		}
		return errors.Join(err, w.Flush())
	}
	texts := make([]*nixuse.Text, len(docs))
	for i, d := range docs {
		texts[i] = d.Texts[0]
	}
	trace := r.workspace.TraceNix(texts)
	if asJSON {
		err = writeTraceJSON(w, newSettingsJSON(docs, trace))
	} else {
		a.printNixTrace(w, docs, trace)
	}
	return errors.Join(err, w.Flush())
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

func (a *app) printNixTrace(w io.Writer, docs []*workspace.Document, t *nixuse.NixTrace) {
	var names []string
	for _, d := range docs {
		names = append(names, report.Visible(d.Source.Path))
	}
	assumed := ""
	if t.Assumed {
		assumed = ", assumed"
	}
	fmt.Fprintf(w, "%s: %s %s%s\n", strings.Join(names, ", "), t.Distribution.Title(), t.Version, assumed)
	printFatal(w, "  ", t.Fatal)
	if len(t.Settings) == 0 {
		fmt.Fprintln(w, "  all settings have their defaults")
	}
	printSettings(w, "  ", t.Settings)
	for _, s := range t.Unknown {
		fmt.Fprintf(w, "  %s is unknown\n    from %s\n", report.Visible(s.Name),
			place(s.From[0].File, s.From[0].Span.Start))
	}
}

// printSettings prints settings and where they come from. It does not repeat a label that is the path of the file.
func printSettings(w io.Writer, indent string, settings []nixuse.TraceSetting) {
	for _, set := range settings {
		mark := ""
		if !set.Certain {
			mark = "?"
		}
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%s%s =%s %s", indent, set.Name, mark, oneLine(set.Value)), " "))
		for _, from := range set.From {
			switch {
			case from.File == nil:
				fmt.Fprintf(w, "%s  from %s\n", indent, from.Label)
			case from.Label == from.File.Path:
				fmt.Fprintf(w, "%s  from %s\n", indent, place(from.File, from.Span.Start))
			default:
				fmt.Fprintf(w, "%s  from %s, %s\n", indent, from.Label, place(from.File, from.Span.Start))
			}
		}
	}
}

func (a *app) printStage(w io.Writer, s *nixuse.TraceStage) {
	paint := func(text string) string {
		if a.colored(a.stdout) {
			return "\x1b[1m" + text + "\x1b[0m"
		}
		return text
	}
	stage := s.Image.Stage
	name := fmt.Sprintf("stage %d", stage.Index)
	if stage.Name != "" {
		name = fmt.Sprintf("stage %q", stage.Name)
	}
	assumed := ""
	if s.Assumed {
		assumed = ", assumed"
	}
	file := s.Image.Dockerfile.Source
	fmt.Fprintf(w, "%s: %s from %s, %s %s%s\n", place(file, stage.From.Span.Start), paint(name),
		oneLine(stage.Base.Text), s.Distribution.Title(), s.Version, assumed)
	for _, c := range s.Commands {
		fmt.Fprintf(w, "  %s: %s\n", place(c.Event.File, c.Event.Span.Start),
			paint(oneLine(c.Event.File.Text(c.Event.Span))))
		if c.Uncertain {
			fmt.Fprintln(w, "    its base image, or something that runs before it, may change any setting")
		}
		if c.Lost != "" {
			fmt.Fprintf(w, "    %s\n", report.Line(c.Lost))
		}
		printFatal(w, "    ", c.Fatal)
		if len(c.Settings) == 0 {
			fmt.Fprintln(w, "    all known settings have their defaults")
		}
		printSettings(w, "    ", c.Settings)
	}
}

func printFatal(w io.Writer, indent string, f *nixuse.TraceFatal) {
	if f != nil {
		fmt.Fprintf(w, "%s%s: every Nix command fails: %s\n", indent, place(f.File, f.Span.Start),
			report.Visible(strings.TrimSuffix(f.Message, "; every Nix command fails")))
	}
}

func place(f *source.File, offset int) string {
	p := f.Position(offset)
	return fmt.Sprintf("%s:%d:%d", report.Visible(f.Path), p.Line, p.Column)
}

// oneLine returns text as one short line.
func oneLine(text string) string {
	const most = 160
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' }), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return report.Visible(text)
}
