package rules

import (
	"github.com/sandlint/sandlint/parsers/engineconf"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// engineFormat are the configuration files of container engines: daemon.json and containers.conf.
var engineFormat = Format{
	Format: workspace.Format{
		Kind: files.KindEngine, Claims: engineconf.Claims, Open: workspace.OpenEngine,
	},
	Suppressions: engineComments,
}

// engineComments finds the comments of a containers.conf, each of which covers the next line. JSON has none.
func engineComments(doc *workspace.Document, add func(comment, target source.Span)) {
	if doc.Value.(*engineconf.File).Engine == engineconf.Podman {
		findComments(doc.Source, marksOf(doc), layoutOf(doc.Source.Path), nil, add)
	}
}
