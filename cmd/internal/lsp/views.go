package lsp

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sandlint/sandlint/cmd/internal/decisions"
	"github.com/sandlint/sandlint/cmd/internal/page"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/cmd/internal/trace"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/builtin"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// This file answers the requests that are not part of the protocol, for views of an editor: sandlint/trace,
// sandlint/decisions and sandlint/rule. docs/editors.md describes them.

// view is something drawn as HTML, for which a page needs Style as well.
type view struct {
	Title string `json:"title"`
	HTML  string `json:"html"`
	Style string `json:"style"`
	// Files are the URIs of files by the headings under which the HTML has lines of them.
	Files map[string]string `json:"files"`
}

// traceView draws what the builds of a Dockerfile, a bake file or a Compose file do. It is nil for another file.
func traceView(s *server, ctx context.Context, p *documentParams) (*view, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	l := s.look(ctx, p.TextDocument.URI)
	if l == nil {
		return nil, nil
	}
	ws, entry := l.checked.Workspace, l.checked.Entry
	out := &view{Title: "Trace of " + entry.Path, Style: page.Style(), Files: map[string]string{}}
	var drawn []page.Timeline
	switch {
	case l.checked.Document.Dockerfile != nil:
		drawn = trace.OfDockerfile(l.checked.Document, ws.Targets).Timelines()
		drawn[0].Note = l.checked.Document.Incomplete()
		out.Files[drawn[0].Path] = uriOf(entry.Abs)
	case entry.Kind == files.KindBake || entry.Kind == files.KindCompose:
		plans, err := ws.Plans(entry.Abs)
		if err != nil {
			return nil, err
		}
		if drawn, err = tracePlans(ws, entry.Path, plans, out.Files); err != nil {
			return nil, err
		}
	default:
		return nil, nil
	}
	var b strings.Builder
	for _, t := range drawn {
		b.WriteString(string(t.HTML()))
	}
	out.HTML = b.String()
	return out, nil
}

// tracePlans draws the builds that a file describes, and adds the URIs of their Dockerfiles.
func tracePlans(
	ws *workspace.Workspace, path string, plans []workspace.Plan, uris map[string]string,
) ([]page.Timeline, error) {
	t := trace.OfPlans(path)
	var notes, addresses []string
	var problems []error
	for n := range plans {
		doc, runs, err := ws.OpenPlan(&plans[n])
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", plans[n].What, err))
			continue
		}
		t.Add(&plans[n], doc, runs, ws.For(plans[n].Dockerfile).Targets)
		notes, addresses = append(notes, doc.Incomplete()), append(addresses, uriOf(plans[n].Dockerfile))
	}
	if len(t.Builds) == 0 {
		if len(problems) > 0 {
			return nil, errors.Join(problems...)
		}
		return nil, fmt.Errorf("%s describes no build of a Dockerfile", path)
	}
	drawn := t.Timelines()
	for n := range drawn {
		drawn[n].Note = notes[n]
		uris[drawn[n].Path] = addresses[n]
	}
	for _, err := range problems {
		drawn[len(drawn)-1].Note = strings.TrimSpace(drawn[len(drawn)-1].Note + " " + err.Error())
	}
	return drawn, nil
}

// decisionsView is a view of decision tables. Choices are words for the request.
type decisionsView struct {
	view
	Choices struct {
		Targets       []string `json:"targets"`
		Architectures []string `json:"architectures"`
	} `json:"choices"`
}

// decisionsViewOf draws what a profile decides for one target, or for two beside each other. It is nil for a file
// without a profile. A target is a list of words: consumer=version, cap=NAME, and the name of an engine's default
// profile, which is then shown in place of the file's.
func decisionsViewOf(s *server, ctx context.Context, p *struct {
	positionParams
	Targets       [][]string `json:"targets"`
	Architectures []string   `json:"architectures"`
}) (*decisionsView, error) {
	const most = 2
	if len(p.Targets) > most {
		return nil, fmt.Errorf("%d targets are too many; a table has at most %d", len(p.Targets), most)
	}
	s.engine.Lock()
	l := s.look(ctx, p.TextDocument.URI)
	s.engine.Unlock()
	if l == nil {
		return nil, nil
	}
	profile := l.profileAt(l.text.offset(p.Position, s.encoding)) // which does not change
	if profile == nil {
		return nil, nil
	}
	targets := p.Targets
	if len(targets) == 0 {
		targets = [][]string{nil}
	}
	out := &decisionsView{view: view{Title: "Decisions of " + l.checked.Entry.Path, Style: page.Style(),
		Files: map[string]string{}}}
	var tables []*decisions.Table
	names := make([]string, len(targets))
	for n, words := range targets {
		shown, scope, err := scopeOf(profile, l.checked.Workspace.Targets, words)
		if err != nil {
			return nil, err
		}
		if scope.Archs, scope.AllArchs, err = architectures(p.Architectures); err != nil {
			return nil, err
		}
		tables = append(tables, decisions.NewTable(shown, scope))
		names[n] = shown.Source.Path
		if len(targets) > 1 && len(words) > 0 && shown == profile {
			names[n] += " (" + strings.Join(words, ", ") + ")"
		}
		if shown == profile {
			out.Files[names[n]] = uriOf(l.checked.Entry.Abs)
		}
	}
	drawn := decisions.Page(tables, true)
	for n := range drawn.Profiles {
		drawn.Profiles[n].Name = names[n]
	}
	out.HTML = string(drawn.HTML())
	out.Choices.Targets = targetChoices()
	out.Choices.Architectures = append(decisions.ArchNames(), "all")
	return out, nil
}

// profileAt returns the profile of the file at an offset, or else its first; nil where it has none.
func (l *looked) profileAt(offset int) *seccomp.Profile {
	var first *seccomp.Profile
	for _, p := range l.checked.Document.Profiles {
		if p.Fragment != nil {
			continue
		}
		if p.Span.Start <= offset && offset < p.Span.End {
			return p.Profile
		}
		if first == nil {
			first = p.Profile
		}
	}
	return first
}

// scopeOf returns the profile and the scope that words ask for. Consumers that they do not name are those of the file.
func scopeOf(
	p *seccomp.Profile, of workspace.Targets, words []string,
) (*seccomp.Profile, decisions.Scope, error) {
	var scope decisions.Scope
	var caps []string
	for _, word := range words {
		key, value, ok := strings.Cut(word, "=")
		switch {
		case !ok && builtin.Claims(word):
			named, err := builtin.Lookup(word)
			if err != nil {
				return nil, scope, err
			}
			p = named
		case key == "cap":
			caps = append(caps, value)
		case ok:
			if err := of.Set(key, value); err != nil {
				return nil, scope, fmt.Errorf("%s: %w", word, err)
			}
		default:
			return nil, scope, fmt.Errorf("target %q is neither consumer=version, cap=NAME nor a default profile such "+
				"as docker@29", word)
		}
	}
	var err error
	scope.Targets = of.Seccomp
	scope.Caps, err = decisions.ParseCaps(caps)
	return p, scope, err
}

// architectures reads the names of architectures; all says that one of them is "all".
func architectures(names []string) (archs []*seccomp.Architecture, all bool, err error) {
	for _, name := range names {
		if name == "all" {
			return nil, true, nil
		}
		arch, err := decisions.ParseArch(name)
		if err != nil {
			return nil, false, err
		}
		archs = append(archs, arch)
	}
	return archs, false, nil
}

// targetChoices are words for targets that an editor can offer.
func targetChoices() []string {
	var out []string
	for _, consumer := range decide.Consumers() {
		if newest := workspace.Newest(consumer); newest != "" {
			out = append(out, consumer+"="+newest)
		}
	}
	out = append(out, "cap=SYS_ADMIN", "cap=all", "cap=none")
	return append(out, decisions.ProfileNames()...)
}

// rulePage is the page of a rule.
type rulePage struct {
	ID       string `json:"id"`
	Markdown string `json:"markdown"`
	// Address is that of the page on the web, "" for none.
	Address string `json:"address"`
}

// ruleView returns the page of a rule by its id or another of its names.
func ruleView(s *server, _ context.Context, p *struct {
	Rule string `json:"rule"`
}) (*rulePage, error) {
	r, pack, err := rules.Find(s.opts.Packs, p.Rule)
	if err != nil {
		return nil, err
	}
	text, err := pack.Page(r)
	if err != nil {
		return nil, fmt.Errorf("reading the page of %s: %w", r.ID, err)
	}
	return &rulePage{r.ID, r.Markdown(text), report.Address(pack.PageAddress(r))}, nil
}
