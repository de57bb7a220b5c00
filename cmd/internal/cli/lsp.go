package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/lsp"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

func (a *app) lspCommand() *cobra.Command {
	var flags runFlags
	cmd := &cobra.Command{
		Use:   "lsp",
		Short: "Serve an editor over the Language Server Protocol",
		Long: `Speak the Language Server Protocol 3.17 on standard input and output: diagnostics while you
type, fixes, suppressions with a reason, pages of rules, completion, hover, links, definitions,
symbols, renames, formatting; also for .sandlint.hcl and rule packs.

An editor starts it; see docs/editors.md for what to put where. The configuration of each file is
the one that check uses. The exit status is 0 when the editor said "shutdown" before the end,
else 1.`,
		Example: `  sandlint lsp
  sandlint lsp --target nix=2.24`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.lsp(&flags) },
	}
	flags.consumers(cmd)
	return cmd
}

func (a *app) lsp(flags *runFlags) error {
	opts := lsp.Options{Version: Version, Packs: a.packs(), Now: time.Now}
	opts.Open = func(folder string, named []string, alone bool) (*workspace.Workspace, rules.Policies, error) {
		f := *flags
		paths := named
		if !alone {
			paths = append([]string{folder}, named...)
		}
		p, err := a.policies(&f, folder, a.packs(), paths, nil)
		if err != nil {
			return nil, nil, err
		}
		ws, err := rules.Load(workspace.Options{
			Dir: folder, Paths: paths, Excluded: p.nearest.Excluded, TargetsOf: p.Targets,
		})
		if err != nil {
			return nil, nil, err
		}
		return ws, p, nil
	}
	if !lsp.Serve(context.Background(), a.stdin, a.stdout, opts) {
		a.setStatus(StatusFindings)
	}
	return nil
}
