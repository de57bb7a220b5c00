package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

func (a *app) traceCommand() *cobra.Command {
	flags := runFlags{failOn: "never"}
	cmd := &cobra.Command{
		Use:   "trace DOCKERFILE|-",
		Short: "Show the Nix settings in force at each Nix command of a Dockerfile",
		Long: `Show, for each stage of a Dockerfile that runs Nix, its Nix commands, and at each of them the
settings in force, each with the places that it comes from. Settings that nothing sets have
their defaults and are not shown. A value that may differ, since something before it cannot be
known, is marked with a question mark.`,
		Example: `  sandlint trace Dockerfile
  sandlint trace --target nix=2.24 images/builder/Dockerfile`,
		Args: exactly(1, "one Dockerfile"),
		RunE: func(_ *cobra.Command, args []string) error { return a.trace(&flags, args[0]) },
	}
	flags.input(cmd)
	return cmd
}

func (a *app) trace(flags *runFlags, path string) error {
	r, err := a.prepare(flags, []string{path})
	if err != nil {
		return err
	}
	ws := r.workspace
	for _, e := range ws.Errors {
		a.complain("%v", e)
		a.raise(StatusUnreadable)
	}
	if a.status != StatusOK {
		return nil
	}
	if len(ws.Entries) != 1 || ws.Entries[0].Kind != workspace.KindDockerfile {
		return fmt.Errorf("%q is no Dockerfile", path)
	}
	doc, err := ws.Open(ws.Entries[0])
	if err != nil {
		a.complain("%v", workspace.FileError{Path: ws.Entries[0].Path, Err: err})
		a.raise(StatusUnreadable)
		return nil
	}
	w := bufio.NewWriter(a.stdout)
	stages := doc.Dockerfile.Trace()
	if len(stages) == 0 {
		fmt.Fprintf(w, "%s: no stage runs Nix\n", doc.Source.Path)
	}
	for i, s := range stages {
		if i > 0 {
			fmt.Fprintln(w)
		}
		a.printStage(w, &s)
	}
	return w.Flush()
}

func (a *app) printStage(w io.Writer, s *workspace.TraceStage) {
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
	file := s.Image.File.Source
	fmt.Fprintf(w, "%s: %s from %s, %s %s%s\n", place(file, stage.From.Span.Start), paint(name), oneLine(stage.Base.Text), s.Distribution.Title(), s.Version, assumed)
	for _, c := range s.Commands {
		fmt.Fprintf(w, "  %s: %s\n", place(c.Event.File, c.Event.Span.Start), paint(oneLine(c.Event.File.Text(c.Event.Span))))
		if c.Uncertain {
			fmt.Fprintln(w, "    what runs before it, or its base image, may change any setting")
		}
		if len(c.Settings) == 0 {
			fmt.Fprintln(w, "    all settings that are known have their defaults")
		}
		for _, set := range c.Settings {
			mark := ""
			if !set.Certain {
				mark = "?"
			}
			fmt.Fprintf(w, "    %s =%s %s\n", set.Name, mark, oneLine(set.Value))
			for _, from := range set.From {
				if from.File == nil {
					fmt.Fprintf(w, "      from %s\n", from.Label)
				} else {
					fmt.Fprintf(w, "      from %s, %s\n", from.Label, place(from.File, from.Span.Start))
				}
			}
		}
	}
}

func place(f *source.File, offset int) string {
	p := f.Position(offset)
	return fmt.Sprintf("%s:%d:%d", report.Visible(f.Path), p.Line, p.Column)
}

// oneLine returns text as one line that is not long.
func oneLine(text string) string {
	const most = 160
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' }), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return report.Visible(text)
}
