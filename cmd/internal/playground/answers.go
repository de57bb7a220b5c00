package playground

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sandlint/sandlint/cmd/internal/decisions"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/cmd/internal/trace"
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// checked is the answer to open, edit and settle.
type checked struct {
	// Settled says that the report is that of "sandlint check", with fixes.
	Settled bool `json:"settled"`
	// Report is what "sandlint check --format json" prints.
	Report json.RawMessage `json:"report"`
	// Drawn are the findings that no comment suppresses, in the order of the report, as parts of a page.
	Drawn []drawn `json:"drawn"`
	// Summary is the last line of what "sandlint check" prints for people.
	Summary string `json:"summary"`
	// Entries are the files that are checked.
	Entries []entry `json:"entries"`
	// Problems are what is wrong with configuration files.
	Problems []problem `json:"problems"`
}

// drawn is a finding as HTML. Its fixes are those that the HTML shows, in the same order.
type drawn struct {
	Path     string     `json:"path"`
	Start    place      `json:"start"`
	End      place      `json:"end"`
	Severity string     `json:"severity"`
	Message  string     `json:"message"`
	Rule     string     `json:"rule"`
	HTML     string     `json:"html"`
	Fixes    []drawnFix `json:"fixes"`
}

// drawnFix is a fix that "apply" applies. Safety is "safe", "unsafe" or "manual"; a manual one is advice.
type drawnFix struct {
	Title  string `json:"title"`
	Safety string `json:"safety"`
}

// entry is a file that is checked. Picture says that "draw" shows something of it.
type entry struct {
	Path    string     `json:"path"`
	Kind    files.Kind `json:"kind"`
	Picture bool       `json:"picture"`
}

func (p *Playground) open(r *request) (any, error) {
	if err := checkFiles(r.Files); err != nil {
		return nil, err
	}
	targets, err := parseTargets(r.Targets)
	if err != nil {
		return nil, err
	}
	pr := &project{texts: r.Files, targets: targets}
	if pr.texts == nil {
		pr.texts = map[string]string{}
	}
	if err := p.reload(pr); err != nil {
		return nil, err
	}
	p.project = pr
	return p.answer(pr.quick(), false)
}

func (p *Playground) edit(r *request) (any, error) {
	pr := p.project
	old, ok := pr.texts[r.Path]
	if !ok {
		return nil, fmt.Errorf("the project has no file %q", r.Path)
	}
	pr.texts[r.Path] = r.Text
	err := checkFiles(pr.texts)
	if err == nil && configures(r.Path) {
		err = p.reload(pr)
	} else if err == nil {
		pr.edited[absolute(r.Path)] = []byte(r.Text)
		pr.session.Edit(pr.edited)
	}
	if err != nil {
		pr.texts[r.Path] = old
		return nil, err
	}
	return p.answer(pr.quick(), false)
}

func (p *Playground) settle(*request) (any, error) {
	pr := p.project
	made, problems, ws, err := p.load(pr)
	if err != nil {
		return nil, err
	}
	opts := p.options()
	opts.Fixes = true
	res := rules.Check(ws, made, opts)
	if !sameEntries(ws, pr.session.Workspace()) {
		p.begin(pr, made, problems, ws)
	}
	return p.answer(res, true)
}

// answer returns what was found as JSON.
func (p *Playground) answer(res *rules.Result, settled bool) (any, error) {
	pr := p.project
	if res.Rules == nil {
		for _, a := range pr.policies.active {
			res.Rules = append(res.Rules, a)
		}
	}
	pr.found = nil
	if settled {
		pr.found = res.Findings
	}
	out := checked{Settled: settled, Problems: pr.problems, Summary: report.Summary(res), Entries: []entry{}}
	for _, e := range pr.session.Workspace().Entries {
		picture := e.Kind == files.KindDockerfile || e.Kind == files.KindNixConf || e.Kind == files.KindSeccomp ||
			workspace.DescribesBuilds(e.Path)
		out.Entries = append(out.Entries, entry{e.Path, e.Kind, picture})
	}
	var text bytes.Buffer
	if err := report.WriteJSON(&text, &report.Report{Result: res, Version: p.version, Dir: root}); err != nil {
		return nil, err
	}
	out.Report = text.Bytes()
	out.Drawn = draw(res)
	return out, nil
}

// draw returns the findings as parts of a page.
func draw(res *rules.Result) []drawn {
	drawer := report.NewDrawer(res)
	out := make([]drawn, len(res.Findings))
	for n := range res.Findings {
		f := &res.Findings[n]
		picture := drawer.Finding(f, true, true)
		picture.Number = n + 1
		one := drawn{Path: f.File.Path, Start: placeOf(f.File, f.Span.Start), End: placeOf(f.File, f.Span.End),
			Severity: f.Severity.String(), Message: picture.Message, Rule: f.ID(), HTML: string(picture.HTML()),
			Fixes: []drawnFix{}}
		for k, fix := range f.Fixes {
			one.Fixes = append(one.Fixes, drawnFix{picture.Fixes[k].Title, fix.Safety.String()})
		}
		out[n] = one
	}
	return out
}

// changes is the answer to apply and fix.
type changes struct {
	Files []changedFile `json:"files"`
	// Fixes are the titles of the fixes, each once.
	Fixes []string `json:"fixes"`
}

type changedFile struct {
	Path string `json:"path"`
	Text string `json:"text"`
	Diff string `json:"diff"`
}

func (c *changes) add(name string, before, after []byte) error {
	if !utf8.Valid(after) {
		return fmt.Errorf("the fix leaves %q with text that is not UTF-8", name)
	}
	c.Files = append(c.Files, changedFile{name, string(after), string(fixers.Unified(name, before, after))})
	return nil
}

func (p *Playground) apply(r *request) (any, error) {
	out := changes{Files: []changedFile{}, Fixes: []string{}}
	found := p.project.found
	if r.Finding < 0 || r.Finding >= len(found) || r.Fix < 0 || r.Fix >= len(found[r.Finding].Fixes) {
		return nil, errors.New("the files changed since the fix was shown")
	}
	fix := found[r.Finding].Fixes[r.Fix]
	if !fix.Applies(true) {
		return nil, errors.New("the fix is advice alone")
	}
	byPath := map[string][]fixers.Edit{}
	for _, e := range fix.Edits {
		byPath[e.File.Path] = append(byPath[e.File.Path], e)
	}
	for _, name := range slices.Sorted(maps.Keys(byPath)) {
		f := byPath[name][0].File
		after, err := fixers.Apply(f, byPath[name])
		if err != nil {
			return nil, err
		}
		if err := out.add(name, f.Bytes, after); err != nil {
			return nil, err
		}
	}
	out.Fixes = append(out.Fixes, fix.Title)
	return out, nil
}

func (p *Playground) fix(r *request) (any, error) {
	made, _, ws, err := p.load(p.project)
	if err != nil {
		return nil, err
	}
	out := changes{Files: []changedFile{}, Fixes: []string{}}
	res := rules.Fix(ws, made, rules.FixOptions{CheckOptions: p.options(), Unsafe: r.Unsafe})
	for _, f := range res.Files {
		if err := out.add(f.File.Path, f.File.Bytes, f.After); err != nil {
			return nil, err
		}
		for _, a := range f.Applied {
			if !slices.Contains(out.Fixes, a.Title) {
				out.Fixes = append(out.Fixes, a.Title)
			}
		}
	}
	return out, nil
}

// picture is the answer to draw: HTML with the classes of package page, or a text. Warnings say what was not looked
// at.
type picture struct {
	HTML     string   `json:"html"`
	Text     string   `json:"text"`
	Warnings []string `json:"warnings"`
}

func (p *Playground) draw(r *request) (any, error) {
	if workspace.DescribesBuilds(r.Path) {
		return p.drawBuilds(r.Path)
	}
	pr := p.project
	e := pr.session.Entry(absolute(r.Path))
	if e == nil {
		return nil, fmt.Errorf("nothing is drawn of %q", r.Path)
	}
	c := pr.session.Open(e)
	if c.Err != nil {
		return nil, c.Err
	}
	out := picture{Warnings: []string{}}
	doc, view := c.Document, pr.session.Workspace().For(e.Abs)
	out.warn(doc)
	switch {
	case doc.Dockerfile != nil:
		out.timelines(trace.OfDockerfile(doc, view.Targets))
	case e.Kind == files.KindNixConf && len(doc.Texts) > 0:
		var text strings.Builder
		t := trace.OfNixConf([]*workspace.Document{doc}, view.TraceNix([]*nixuse.Text{doc.Texts[0]}))
		if err := t.WriteText(&text, false); err != nil {
			return nil, err
		}
		out.Text = text.String()
	default:
		var tables []*decisions.Table
		for _, profile := range doc.Profiles {
			if !profile.Span.IsEmpty() && len(tables) < maxTables {
				scope := decisions.Scope{Targets: view.Targets.Seccomp}
				tables = append(tables, decisions.NewTable(profile.Profile, scope))
			}
		}
		if len(tables) == 0 {
			return nil, fmt.Errorf("nothing is drawn of %q", r.Path)
		}
		out.HTML = string(decisions.Page(tables, false).HTML())
	}
	return out, nil
}

// maxTables is the number of profiles of one file that are drawn.
const maxTables = 3

// drawBuilds draws the builds that a bake file or a Compose file describes.
func (p *Playground) drawBuilds(name string) (any, error) {
	ws := p.project.session.Workspace()
	plans, err := ws.Plans(absolute(name))
	if err != nil {
		return nil, err
	}
	out := picture{Warnings: []string{}}
	t := trace.OfPlans(name)
	for n := range plans {
		doc, runs, err := ws.OpenPlan(&plans[n])
		if err != nil {
			out.Warnings = append(out.Warnings, plans[n].What+": "+err.Error())
			continue
		}
		out.warn(doc)
		t.Add(&plans[n], doc, runs, ws.For(plans[n].Dockerfile).Targets)
	}
	if len(t.Builds) == 0 {
		return nil, errors.New(cmp.Or(strings.Join(out.Warnings, "; "), name+" describes no build of a Dockerfile"))
	}
	out.timelines(t)
	return out, nil
}

func (o *picture) timelines(t *trace.Trace) {
	for _, timeline := range t.Timelines() {
		o.HTML += string(timeline.HTML())
	}
}

func (o *picture) warn(d *workspace.Document) {
	if reason := d.Incomplete(); reason != "" {
		o.Warnings = append(o.Warnings, d.Source.Path+": "+reason)
	}
}

// page is the answer to rule.
type page struct {
	ID       string `json:"id"`
	Summary  string `json:"summary"`
	Markdown string `json:"markdown"`
}

func (p *Playground) rule(r *request) (any, error) {
	packs := p.packs
	if p.project != nil {
		for _, conf := range p.project.policies.nearest.Found() {
			packs = slices.Concat(packs, conf.RulePacks())
		}
	}
	rule, pack, err := rules.Find(packs, r.Rule)
	if err != nil {
		return nil, err
	}
	text, err := pack.Page(rule)
	if err != nil {
		return nil, err
	}
	return page{rule.ID, rule.Summary, rule.Markdown(text)}, nil
}

// about is the answer to about.
type about struct {
	Version string `json:"version"`
	// Consumers are what targets may name, with the newest release that is known, "" for what has none.
	Consumers []consumer `json:"consumers"`
}

type consumer struct {
	Name   string `json:"name"`
	Newest string `json:"newest"`
}

func (p *Playground) about(*request) (any, error) {
	out := about{Version: p.version}
	for _, name := range workspace.Consumers() {
		out.Consumers = append(out.Consumers, consumer{name, workspace.Newest(name)})
	}
	return out, nil
}

func (p *Playground) targets(r *request) (any, error) {
	_, err := parseTargets(r.Targets)
	return struct{}{}, err
}
