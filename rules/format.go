package rules

import (
	"bytes"
	"path"
	"slices"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

// Format is all that a run knows of one kind of file: how it is found and opened, how two versions of it are compared,
// which comments suppress findings in it, and how it is shown on a page. A new kind of file is a value of this type in
// a file of its own, and its line in formats.
type Format struct {
	workspace.Format
	// Compare says in one sentence what changed in the meaning of a file that fixes do not declare; "" when nothing
	// did. Nil means that no fix can be proved, so no fix is offered.
	Compare func(*Comparison) string
	// Suppressions calls add for each comment in a document that may suppress findings, with the part of the file that
	// it covers. Nil means that the format has no comments. The runner finds comments in nix.conf texts itself.
	Suppressions func(doc *workspace.Document, add func(comment, target source.Span))
	// Language is the name that Markdown has for the language of the file; "" stands for that of the extension.
	Language string
}

// formats are the kinds of file, in the order in which they claim files.
var formats = []Format{
	{
		Format:       workspace.Format{Kind: files.KindDockerfile, Open: workspace.OpenDockerfile},
		Compare:      compareDockerfile,
		Suppressions: dockerfileComments,
		Language:     "dockerfile",
	},
	{
		Format:       workspace.Format{Kind: files.KindNixConf, Open: workspace.OpenNixConf},
		Compare:      compareNixConf,
		Suppressions: noComments,
		Language:     "ini",
	},
	{
		Format:       workspace.Format{Kind: files.KindSeccomp, Open: workspace.OpenProfiles},
		Compare:      compareSeccomp,
		Suppressions: profileComments,
	},
	{
		Format:       workspace.Format{Kind: files.KindWorkflow, Open: workspace.OpenHosted},
		Compare:      compareHosted,
		Suppressions: hostComments,
	},
	{
		Format:       workspace.Format{Kind: files.KindDevcontainer, Open: workspace.OpenHosted},
		Compare:      compareHosted,
		Suppressions: hostComments,
	},
	{
		Format:       workspace.Format{Kind: files.KindFlake, Open: workspace.OpenHosted},
		Compare:      compareHosted,
		Suppressions: hostComments,
	},
	{
		Format:       workspace.Format{Kind: files.KindModule, Open: workspace.OpenHosted},
		Compare:      compareHosted,
		Suppressions: hostComments,
	},
	{
		Format:       workspace.Format{Kind: files.KindGitLab, Open: workspace.OpenHosted},
		Compare:      compareHosted,
		Suppressions: hostComments,
	},
	{
		Format:       workspace.Format{Kind: files.KindScript, Open: workspace.OpenHosted},
		Compare:      compareHosted,
		Suppressions: hostComments,
	},
	composeFormat,
	bakeFormat,
	recipeFormat,
	packageFormat,
	podsFormat,
	quadletFormat,
	valuesFormat,
	engineFormat,
	machinesFormat,
}

// Load finds the files of a workspace, of all formats: see workspace.Load.
func Load(opts workspace.Options) (*workspace.Workspace, error) {
	if opts.Formats == nil {
		for _, f := range formats {
			opts.Formats = append(opts.Formats, f.Format)
		}
	}
	return workspace.Load(opts)
}

// formatOf returns the format of a kind, nil for one that is unknown.
func formatOf(kind files.Kind) *Format {
	n := slices.IndexFunc(formats, func(f Format) bool { return f.Kind == kind })
	if n < 0 {
		return nil
	}
	return &formats[n]
}

// languageOf returns the name that Markdown has for the language of a file.
func languageOf(name string) string {
	if f := formatOf(files.KindByPath(name)); f != nil && f.Language != "" {
		return f.Language
	}
	languages := map[string]string{".json": "json", ".conf": "ini", ".sh": "sh", ".yml": "yaml", ".nix": "nix"}
	return languages[path.Ext(name)]
}

// Comparison is one file before and after fixes.
type Comparison struct {
	// Before and After are the texts.
	Before, After *source.File
	// Fixes are those whose edits turned Before into After; they may edit other files as well.
	Fixes []fixers.Fix
	// Targets are the versions of the consumers.
	Targets workspace.Targets

	alone    bool // no other file was edited
	open     func(*source.File) *workspace.Document
	read     func(*source.File) *fixdocker.Meaning // the text before is read once for all comparisons with it
	memory   *memory                               // nil for one comparison alone
	old, now *workspace.Document
}

// memory is what the comparisons of texts with one share. It belongs to one goroutine.
type memory struct {
	nix      *fixnix.Memory
	profiles fixseccomp.Memory
}

func newMemory() *memory { return &memory{nix: fixnix.NewMemory()} }

// shared returns what is known from other comparisons.
func (c *Comparison) shared() *memory {
	if c.memory == nil {
		c.memory = newMemory()
	}
	return c.memory
}

// Old returns the document of the text before the fixes, made on first use. It is nil where it cannot be opened.
func (c *Comparison) Old() *workspace.Document {
	if c.old == nil {
		c.old = c.open(c.Before)
	}
	return c.old
}

// New returns the document of the text after the fixes, made on first use. It is nil where it cannot be opened.
func (c *Comparison) New() *workspace.Document {
	if c.now == nil {
		c.now = c.open(c.After)
	}
	return c.now
}

func compareDockerfile(c *Comparison) string {
	if difference := c.read(c.Before).Compare(c.After, c.Fixes); difference != "" {
		return difference
	}
	old, now := c.Old(), c.New()
	if old == nil || now == nil {
		return ""
	}
	if difference := compareProfiles(old.Profiles, now.Profiles, c.Fixes, c.Targets.Seccomp); difference != "" {
		return difference
	}
	return compareNix(old.Nix, now.Nix, c.Fixes, c.shared().nix)
}

func compareNixConf(c *Comparison) string {
	targets := c.Targets.Nix
	if old := c.Old(); old != nil && len(old.Texts) > 0 {
		targets = old.Texts[0].Targets // what uses the file may say which release reads it
	}
	now := (*workspace.Document)(nil)
	if c.alone {
		now = c.New()
	}
	return c.shared().nix.Compare(parsedNixConf(c.Before, c.Old()), parsedNixConf(c.After, now), c.Fixes, targets)
}

// parsedNixConf parses a nix.conf file, or takes what its document has, which may be nil.
func parsedNixConf(f *source.File, doc *workspace.Document) *nixconf.File {
	if doc != nil && doc.Source.Path == f.Path && bytes.Equal(doc.Source.Bytes, f.Bytes) {
		if text, ok := doc.Value.(*nixuse.Text); ok {
			return text.File.Unresolved()
		}
	}
	return nixconf.Parse(source.WholeFile(f))
}

func compareSeccomp(c *Comparison) string {
	if old, now := c.Old(), c.New(); old != nil && now != nil && (hasFragment(old) || hasFragment(now)) {
		return compareConfigMaps(old, now, c.Fixes, c.Targets.Seccomp)
	}
	profiles := &c.shared().profiles
	for _, doc := range []*workspace.Document{c.Old(), c.New()} {
		if doc != nil && len(doc.Profiles) == 1 {
			profiles.Parsed(doc.Profiles[0].Profile)
		}
	}
	return profiles.Compare(c.Before, c.After, c.Fixes, c.Targets.Seccomp)
}

func hasFragment(doc *workspace.Document) bool {
	return slices.ContainsFunc(doc.Profiles, func(p *workspace.Profile) bool { return p.Fragment != nil })
}

func noComments(*workspace.Document, func(comment, target source.Span)) {}

// hostComments finds the comments in a file of another language, which cover the nix.conf text or the command below
// them.
func hostComments(doc *workspace.Document, add func(comment, target source.Span)) {
	parts := spansOf(doc.Texts, func(t *nixuse.Text) source.Span { return t.Where })
	if doc.Entry.Kind != files.KindDevcontainer { // which is one run as a whole
		parts = append(parts, runParts(doc)...)
	}
	findComments(doc.Source, marksOf(doc), layoutOf(doc.Source.Path), parts, add)
}

// profileComments finds the comments in SeccompProfile resources and ConfigMaps, which are YAML. JSON has none.
func profileComments(doc *workspace.Document, add func(comment, target source.Span)) {
	if len(doc.Profiles) == 0 || !files.IsYAML(doc.Source.Path) {
		return
	}
	var parts []source.Span
	for _, p := range doc.Profiles {
		if p.Fragment != nil { // one without comments, below a key that may have some
			parts = append(parts, p.Uses[0].Span.Join(p.Fragment.Span(p.Source.Span())))
			continue
		}
		parts = append(parts, spansOf(p.Profile.Rules, func(r *seccomp.Rule) source.Span { return r.Span })...)
	}
	findComments(doc.Source, marksOf(doc), layoutOf(doc.Source.Path), parts, add)
}

func spansOf[T any](list []T, span func(T) source.Span) []source.Span {
	out := make([]source.Span, len(list))
	for n, v := range list {
		out[n] = span(v)
	}
	return out
}
