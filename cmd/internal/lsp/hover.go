package lsp

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/cmd/internal/decisions"
	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

type hoverResult struct {
	Contents markupContent `json:"contents"`
	Range    *Range        `json:"range,omitempty"`
}

// hover explains what is at a place: a rule in a comment, a Nix setting, a syscall, a stage, a variable.
func hover(s *server, ctx context.Context, p *positionParams) (*hoverResult, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	if d := s.settingsAt(p.TextDocument.URI); d != nil {
		return s.hoverSettings(d, p.Position), nil
	}
	l := s.look(ctx, p.TextDocument.URI)
	if l == nil {
		return nil, nil
	}
	offset := l.text.offset(p.Position, s.encoding)
	for _, explain := range []func(*server, *looked, int) (string, source.Span){
		hoverRule, hoverSetting, hoverSyscall, hoverName,
	} {
		if text, span := explain(s, l, offset); text != "" {
			at := l.text.span(span, s.encoding)
			return &hoverResult{markupContent{"markdown", text}, &at}, nil
		}
	}
	return nil, nil
}

// hoverRule explains a rule that a comment names.
func hoverRule(s *server, l *looked, offset int) (string, source.Span) {
	var at source.Span
	ruleNames(l.text.bytes, func(span source.Span) {
		if span.Start <= offset && offset <= span.End {
			at = span
		}
	})
	if at.End == 0 {
		return "", at
	}
	r, pack, err := rules.Find(s.opts.Packs, string(l.text.bytes[at.Start:at.End]))
	if err != nil {
		return "", at
	}
	page, err := pack.Page(r)
	if err != nil {
		return "", at
	}
	return r.Markdown(page), at
}

// hoverSetting explains a setting of Nix: its type and default, the releases that have it, and its value here.
func hoverSetting(_ *server, l *looked, offset int) (string, source.Span) {
	for _, text := range l.checked.Document.Texts {
		for _, e := range text.Entries {
			at := text.Fragment.Span(e.Name.Span)
			if at.Start <= offset && offset <= at.End {
				return settingText(text, e), at
			}
		}
	}
	return "", source.Span{}
}

func settingText(text *nixuse.Text, e *nixconf.Entry) string {
	var out strings.Builder
	known := nixconf.Known(e.Name.Text, text.Targets)
	fmt.Fprintf(&out, "**%s**", e.Name.Text)
	facts, ok := newest(text.Targets, e.Name.Text)
	if !ok {
		if near := nixconf.Nearest(e.Name.Text, text.Targets); near != "" {
			return fmt.Sprintf("**%s** is unknown to %s; did you mean `%s`?", e.Name.Text, text.Targets, near)
		}
		return fmt.Sprintf("**%s** is unknown to %s", e.Name.Text, text.Targets)
	}
	if facts.Alias {
		fmt.Fprintf(&out, ", another name of `%s`", facts.Name)
	}
	out.WriteString("\n\n")
	fmt.Fprintf(&out, "- type: %s", facts.Kind)
	if len(facts.Enum) > 0 {
		fmt.Fprintf(&out, ": `%s`", strings.Join(facts.Enum, "`, `"))
	}
	switch {
	case facts.HasDefault && facts.Default == "":
		out.WriteString("\n- default: empty")
	case facts.HasDefault:
		fmt.Fprintf(&out, "\n- default: `%s`", facts.Default)
	default:
		out.WriteString("\n- default: depends on the machine")
	}
	if known.Description != "" {
		fmt.Fprintf(&out, "\n- known to: %s", known.Description)
	} else {
		fmt.Fprintf(&out, "\n- known to: %s", text.Targets)
	}
	if facts.Gate != "" {
		fmt.Fprintf(&out, "\n- needs the experimental feature `%s`", facts.Gate)
	}
	if facts.Deprecated {
		out.WriteString("\n- deprecated")
		if facts.Replacement != "" {
			fmt.Fprintf(&out, ": use `%s`", facts.Replacement)
		}
	}
	switch {
	case facts.DaemonOnly:
		out.WriteString("\n- only the daemon of a multi-user Nix reads it, from its own configuration")
	case facts.TrustedOnly:
		out.WriteString("\n- the daemon accepts it only from trusted users")
	}
	if img := text.Image; img != nil && text.Event != nil {
		name := strings.TrimPrefix(e.Name.Text, "extra-")
		if now, known := img.SettingsAfter(text.Event, text.Event.User).Value(name); known {
			fmt.Fprintf(&out, "\n- in force after this: `%s`", now)
		}
	} else if last := text.Last(nixuse.Canonical(e.Name.Text)); last != nil && last != e &&
		!strings.HasPrefix(e.Name.Text, "extra-") {
		fmt.Fprintf(&out, "\n- in force at the end of the file: `%s`, as line %d says", last.Value,
			text.Fragment.File.LineOf(text.Fragment.Span(last.Span).Start))
	}
	return out.String()
}

// newest returns what the newest of some releases knows about a setting.
func newest(ts nixconf.Targets, name string) (nixconf.Facts, bool) {
	for _, t := range ts {
		releases := t.Releases()
		for _, v := range slices.Backward(releases) {
			if facts, ok := nixconf.Lookup(t.Distribution, v, name); ok {
				return facts, true
			}
		}
	}
	return nixconf.Facts{}, false
}

// hoverSyscall explains a syscall that a profile names.
func hoverSyscall(_ *server, l *looked, offset int) (string, source.Span) {
	for _, profile := range l.checked.Document.Profiles {
		if profile.Fragment != nil {
			continue
		}
		for n := range profile.Rules {
			for _, name := range profile.Rules[n].Names {
				if name.Span.Start <= offset && offset <= name.Span.End {
					return syscallText(l, profile.Profile, name.Text), name.Span
				}
			}
		}
	}
	return "", source.Span{}
}

func syscallText(l *looked, p *seccomp.Profile, name string) string {
	call, ok := seccomp.LookupSyscall(name)
	if !ok {
		if near := seccomp.NearSyscalls(name); len(near) > 0 {
			return fmt.Sprintf("**%s** is unknown to libseccomp; did you mean `%s`?", name, near[0])
		}
		return fmt.Sprintf("**%s** is unknown to libseccomp, so runtimes silently ignore it", name)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "**%s**", call.Name)
	if call.ArgsKnown {
		var args []string
		for _, a := range call.Args {
			args = append(args, strings.TrimSpace(a.Type+" "+a.Name))
		}
		fmt.Fprintf(&out, "(%s)", strings.Join(args, ", "))
	}
	out.WriteString("\n\n")
	if call.Kernel != "" {
		fmt.Fprintf(&out, "- since Linux %s\n", call.Kernel)
	}
	if call.Removed != "" {
		fmt.Fprintf(&out, "- removed in Linux %s\n", call.Removed)
	}
	fmt.Fprintf(&out, "- known to libseccomp since %s\n", call.Since)
	var numbers []string
	for _, abi := range []string{"x86_64", "aarch64", "x86", "arm", "riscv64", "s390x", "ppc64le"} {
		if n, ok := call.Number(abi); ok {
			numbers = append(numbers, fmt.Sprintf("%s %d", abi, n))
		}
	}
	if len(numbers) > 0 {
		fmt.Fprintf(&out, "- number: %s\n", strings.Join(numbers, ", "))
	}
	var decided bytes.Buffer
	scope := decisions.Scope{Targets: l.checked.Workspace.Targets.Seccomp}
	answers := decisions.Explain(p, scope, []string{call.Name}, decisions.Args{})
	if err := decisions.WriteExplanations(&decided, answers, false); err == nil {
		if _, what, ok := strings.Cut(decided.String(), "\n"); ok { // the first line has the numbers
			fmt.Fprintf(&out, "\n```text\n%s\n```\n", strings.TrimRight(what, "\n"))
		}
	}
	return out.String()
}

// hoverName explains a stage or a variable.
func hoverName(_ *server, l *looked, offset int) (string, source.Span) {
	d := l.checked.Document.Dockerfile
	if d == nil {
		return "", source.Span{}
	}
	n := nameAt(d.File, offset)
	if n == nil {
		for _, img := range d.Images {
			at := img.Stage.Base.Span
			if at.Start <= offset && offset <= at.End && img.Base != nil {
				return baseText(l, img.Stage.Index), at
			}
		}
		return "", source.Span{}
	}
	var at source.Span
	for _, use := range n.uses {
		if use.Start <= offset && offset <= use.End {
			at = use
		}
	}
	if n.stage != nil {
		return fmt.Sprintf("stage %d **%s**, from `%s`", n.stage.Index, n.stage.Name, n.stage.Base.Text), at
	}
	v, known := valueAt(d.File, n.text, at)
	switch {
	case !known:
		return fmt.Sprintf("**%s**: the value is not known here", n.text), at
	case v.Overridable:
		return fmt.Sprintf("**%s** = `%s` here, unless a build argument sets it", n.text, v.Text), at
	}
	return fmt.Sprintf("**%s** = `%s` here", n.text, v.Text), at
}

// valueAt returns the value of a variable at a place that names it: the one that is set there, or else the one that
// holds there.
func valueAt(f *dockerfile.File, name string, at source.Span) (dockerfile.Value, bool) {
	for n, in := range f.Instructions {
		if in.Span.Start > at.Start || at.Start > in.Span.End {
			continue
		}
		for k := range in.Pairs {
			pair := &in.Pairs[k]
			if pair.Key.Span != at {
				continue
			}
			if !pair.HasValue { // what it gets from an ARG above holds from the next instruction on
				if n+1 == len(f.Instructions) || f.Instructions[n+1].Stage != in.Stage {
					return dockerfile.Value{}, false
				}
				v, ok := f.Lookup(f.Instructions[n+1], name)
				return v, ok && v.Known
			}
			text, known := f.Expand(in, pair.Value.Text)
			return dockerfile.Value{Text: text, Overridable: in.Name == "ARG"}, known
		}
		v, ok := f.Lookup(in, name)
		return v, ok && v.Known
	}
	return dockerfile.Value{}, false
}

// baseText says what is known of the image that a stage is based on.
func baseText(l *looked, stage int) string {
	doc := l.checked.Document
	base := doc.Dockerfile.Images[stage].Base
	var out strings.Builder
	fmt.Fprintf(&out, "**%s**", base.Name)
	if base.Tag != "" {
		fmt.Fprintf(&out, ":%s", base.Tag)
	}
	out.WriteString("\n\n")
	if base.Shell != "" {
		fmt.Fprintf(&out, "- /bin/sh is %s\n", base.Shell)
	}
	if base.TagArch != "" {
		fmt.Fprintf(&out, "- for %s alone\n", base.TagArch)
	}
	if doc.Nix != nil && stage < len(doc.Nix.Images) {
		if r := doc.Nix.Images[stage].Releases(); len(r) > 0 && doc.Nix.Images[stage].Base != nil {
			fmt.Fprintf(&out, "- Nix: %s\n", r)
		}
	}
	for _, p := range doc.Dockerfile.Images[stage].TargetPlatforms() {
		fmt.Fprintf(&out, "- built for %s: %s\n", p.Name, p.Why)
	}
	return out.String()
}

type inlayHint struct {
	Position    Position `json:"position"`
	Label       string   `json:"label"`
	PaddingLeft bool     `json:"paddingLeft"`
}

// inlayHints shows who runs a step and where, and the Nix settings that the image gives to a command of Nix in it,
// after the keyword, when the settings ask for it.
func inlayHints(s *server, ctx context.Context, p *struct {
	TextDocument textDocument `json:"textDocument"`
	Range        Range        `json:"range"`
}) ([]inlayHint, error) {
	out := []inlayHint{}
	s.mu.Lock()
	on := s.settings.InlayHints
	s.mu.Unlock()
	if !on {
		return out, nil
	}
	s.engine.Lock()
	defer s.engine.Unlock()
	l := s.look(ctx, p.TextDocument.URI)
	if l == nil || l.checked.Document.Dockerfile == nil {
		return out, nil
	}
	from, to := l.text.offset(p.Range.Start, s.encoding), l.text.offset(p.Range.End, s.encoding)
	for _, step := range l.checked.Document.Dockerfile.Steps("RUN") {
		if step.Deferred || step.Onbuild != nil || step.Span.Start > to || step.Span.End < from {
			continue
		}
		var parts []string
		if user := step.User(); user.Known && user.Text != "" {
			parts = append(parts, user.Text)
		}
		if dir := step.Workdir(); dir.Known && dir.Text != "" {
			parts = append(parts, dir.Text)
		}
		label := strings.Join(parts, " in ")
		if nix := settingsAtStep(l.checked.Document.Nix, step); nix != "" {
			label = strings.TrimPrefix(label+", "+nix, ", ")
		}
		if label != "" {
			at := l.text.position(step.Keyword.End, s.encoding)
			out = append(out, inlayHint{at, label, true})
		}
	}
	return out, nil
}

// maxHinted is how many settings a hint shows, and maxHintedValue how many characters of a value.
const maxHinted, maxHintedValue = 3, 24

// settingsAtStep returns the Nix settings in force at the first command of Nix in a step, those that the Dockerfile
// sets; "" without any.
func settingsAtStep(m *nixuse.Model, step *image.Step) string {
	if m == nil || step.Stage == nil || step.Stage.Index >= len(m.Images) {
		return ""
	}
	img := m.Images[step.Stage.Index]
	for _, event := range img.Events {
		if event.Instruction != step.Instruction || event.Kind != nixuse.RunCommand || event.Nix == nil {
			continue
		}
		in := img.SettingsBefore(event)
		var parts []string
		for _, name := range in.Names() {
			set := slices.ContainsFunc(in.Origins(name), func(o nixuse.Origin) bool { return o.Event != nil })
			value, known := in.Value(name)
			if !set || !known {
				continue
			}
			if len(parts) == maxHinted {
				parts = append(parts, "…")
				break
			}
			if r := []rune(value); len(r) > maxHintedValue {
				value = string(r[:maxHintedValue]) + "…"
			}
			parts = append(parts, name+" = "+value)
		}
		return strings.Join(parts, ", ")
	}
	return ""
}
