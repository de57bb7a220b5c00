package cli

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/custom"
)

func (a *app) queryCommand() *cobra.Command {
	var flags runFlags
	var on, show, format string
	cmd := &cobra.Command{
		Use:   "query EXPRESSION [PATH…]",
		Short: "Find the nodes for which an expression is true",
		Long: `Print the place of every node of a kind for which an expression is true: what a rule of a pack on
that kind would find. docs/packs-reference.md lists the kinds, what can be asked of their nodes, and
the functions.

Exit status: 0 something was found, 1 nothing was, 2 the expression is wrong.`,
		Example: `  sandlint query --on dockerfile.command 'node.program == "curl"'
  sandlint query --on dockerfile.image --show node.name 'node.tag == ""' images/
  sandlint query --on dockerfile.from --format json true`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return exactly(1, "an expression, and paths")(cmd, args)
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if on == "" {
				return errors.New("--on is needed: the kind of node that the expression is about, such as " +
					"dockerfile.command")
			}
			return a.query(&flags, on, args[0], show, format, args[1:])
		},
	}
	cmd.Flags().StringVar(&on, "on", "", "the `KIND` of node, such as dockerfile.command")
	cmd.Flags().StringVar(&show, "show", "", "print the value of this `EXPRESSION` instead of the text of the node")
	formatFlag(cmd, &format, "text", "json")
	_ = cmd.RegisterFlagCompletionFunc("on",
		func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var out []string
			for _, k := range custom.Kinds() {
				out = append(out, k.Name+"\t"+k.Doc)
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		})
	flags.input(cmd)
	return cmd
}

// matchJSON is one match of a query.
type matchJSON struct {
	Path  string `json:"path"`
	Start int    `json:"start_byte"`
	End   int    `json:"end_byte"`
	Line  int    `json:"line"`
	// Column counts characters, from 1.
	Column int    `json:"column"`
	Value  string `json:"value"`
}

func (a *app) query(flags *runFlags, on, when, show, format string, paths []string) error {
	pack, file, problems := custom.Query(on, when, show)
	if len(problems) > 0 {
		return &config.Error{Source: file, Problems: problems}
	}
	dir, err := a.getwd()
	if err != nil {
		return fmt.Errorf("finding the working directory: %w", err)
	}
	set, err := rules.NewSet([]rules.Pack{pack.Rules()}, rules.Selection{})
	if err != nil {
		return err
	}
	flags.failOn = "never"
	all, err := a.policies(flags, dir, nil, paths, set)
	if err != nil {
		return err
	}
	ws, err := rules.Load(workspace.Options{Dir: dir, Paths: paths, NoGitignore: flags.noGitignore,
		Excluded: all.nearest.Excluded, TargetsOf: all.Targets})
	if err != nil {
		return err
	}
	if err := all.check(a, dir, ws); err != nil {
		return err
	}
	result := rules.Check(ws, all, rules.CheckOptions{NoIgnores: true})
	if len(result.Findings) == 0 {
		a.setStatus(StatusFindings)
	}
	a.finish(&run{flags: flags, dir: dir, workspace: ws, policies: all}, result, nil)
	if format == "json" {
		out := []matchJSON{}
		for _, f := range result.Findings {
			at := f.File.Position(f.Span.Start)
			out = append(out, matchJSON{f.File.Path, f.Span.Start, f.Span.End, at.Line, at.Column, f.Message})
		}
		return a.printJSON(out)
	}
	var b bytes.Buffer
	for _, f := range result.Findings {
		at := f.File.Position(f.Span.Start)
		fmt.Fprintf(&b, "%s:%d:%d: %s\n", report.Visible(f.File.Path), at.Line, at.Column, report.Line(f.Message))
	}
	_, err = a.stdout.Write(b.Bytes())
	return err
}
