package rules

import (
	"path"
	"strings"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/ignores"
	"github.com/sandlint/sandlint/parsers/nixconf/machines"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// kindMachines is a file of remote machines, which the default of Nix's setting builders reads: /etc/nix/machines.
const kindMachines files.Kind = "machines file"

// machinesFormat has no Compare, so no fix is offered.
var machinesFormat = Format{
	Format: workspace.Format{
		Kind: kindMachines,
		Claims: func(name string, text func() []byte) bool {
			base := strings.ToLower(path.Base(name))
			return (base == "machines" || base == "machines.conf" || base == "nix-machines") &&
				machines.LooksLikeMachines(text())
		},
		Open: func(_ *workspace.Workspace, _ *workspace.Entry, f *source.File) (*workspace.Document, error) {
			return &workspace.Document{Value: machines.ParseFile(f)}, nil
		},
	},
	Suppressions: machinesComments,
}

// machinesComments finds the comments that stand alone on a line. Each covers the next line that is no comment.
func machinesComments(doc *workspace.Document, add func(comment, target source.Span)) {
	findComments(doc.Source, marksOf(doc), ignores.Lines, nil, func(comment, target source.Span) {
		if comment.End <= target.Start || target.IsEmpty() { // behind something, it is a part of that
			add(comment, target)
		}
	})
}
