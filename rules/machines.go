package rules

import (
	"bytes"
	"path"
	"strings"

	"github.com/sandlint/sandlint/parsers/files"
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
	var above []source.Span
	at := 0
	for line := range bytes.Lines(doc.Source.Bytes) {
		span := source.Span{Start: at, End: at + len(bytes.TrimRight(line, "\r\n"))}
		at += len(line)
		text := bytes.TrimLeft(line, " \t")
		if bytes.HasPrefix(text, []byte("#")) {
			span.Start += len(line) - len(text)
			above = append(above, span)
			continue
		}
		for _, comment := range above {
			add(comment, span)
		}
		above = above[:0]
	}
}
