package workspace

import (
	"bytes"
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/parsers/devcontainer"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixexpr"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/recipe"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workflow"
)

// mentionsNixConf reports whether a script may write a nix.conf or set a variable or option that replaces one.
func mentionsNixConf(b []byte) bool {
	return bytes.Contains(b, []byte("nix.conf")) || bytes.Contains(b, []byte("NIX_CONFIG")) ||
		bytes.Contains(b, []byte("nix.custom.conf")) || bytes.Contains(b, []byte("--extra-conf")) ||
		bytes.Contains(b, []byte("NIX_INSTALLER_EXTRA_CONF"))
}

// hosted returns the nix.conf texts in a file of another language. Most such files have none, so it searches their
// bytes before it parses them.
func (w *Workspace) hosted(e *Entry, f *source.File) *nixuse.Hosted {
	h := &hostReader{w: w, out: &nixuse.Hosted{Source: f}, targets: w.Targets.Nix}
	switch e.Kind {
	case files.KindWorkflow:
		if mentionsNixConf(f.Bytes) || bytes.Contains(f.Bytes, []byte("nix_conf")) ||
			bytes.Contains(f.Bytes, []byte("extra-")) && nixuse.Mentions(f.Bytes) ||
			bytes.Contains(f.Bytes, []byte("--option")) {
			h.workflow(f)
		}
	case files.KindDevcontainer:
		if bytes.Contains(f.Bytes, []byte("extraNixConfig")) || bytes.Contains(f.Bytes, []byte("NIX_CONFIG")) {
			h.devcontainer(f)
		}
	case files.KindGitLab:
		if mentionsNixConf(f.Bytes) {
			h.gitlab(f)
		}
	case files.KindPods:
		h.configMaps(f)
	case files.KindFlake:
		h.flake(f)
		h.module(f)
	case files.KindModule:
		h.module(f)
	case files.KindRecipe:
		scripts, _ := recipe.Local(f)
		for _, s := range scripts {
			if mentionsNixConf(s.Text) {
				h.script(s, shell.Sh, shell.EchoUnknown)
			}
		}
	case files.KindScript:
		dialect, ok := shell.Shebang(f.Bytes)
		if !ok {
			dialect = shell.Sh
			if ext := path.Ext(strings.ToLower(f.Path)); ext == ".bash" || ext == ".envrc" {
				dialect = shell.Bash
			}
		}
		echo := shell.EchoUnknown
		if dialect == shell.Bash {
			echo = shell.EchoKeeps
		}
		h.script(source.WholeFile(f), dialect, echo)
	}
	slices.SortStableFunc(h.out.Texts, func(a, b *nixuse.Text) int { return cmp.Compare(a.Where.Start, b.Where.Start) })
	return h.out
}

type hostReader struct {
	w       *Workspace
	out     *nixuse.Hosted
	targets nixconf.Targets
	system  string // of what is read now, as Text.System
	read    map[source.Span]bool
}

// systems are the systems that Nix has settings for, by the name of a runner's.
var systems = map[string]string{"linux": "linux", "macos": "darwin"}

// add records a text at a place of the host file.
func (h *hostReader) add(t *nixuse.Text, fr *source.Fragment, where source.Span) {
	t.File = nixconf.Parse(fr)
	t.Hosted, t.Where, t.System = h.out, where, h.system
	if t.Targets == nil {
		t.Targets = h.targets
	}
	h.out.Texts = append(h.out.Texts, t)
}

// actionInputs are the inputs of GitHub actions that take nix.conf text. An action of another name that has an input of
// this name hands it on.
var actionInputs = []struct {
	input, action string // the action's name contains it
	host          nixuse.Host
}{
	{"extra_nix_config", "cachix/install-nix-action", nixuse.HostInstallAction},
	{"extra_nix_config", "", nixuse.HostWrite},
	{"extra-nix-config", "", nixuse.HostWrite},
	{"nix_conf", "", nixuse.HostWrite},
	{"extra-conf", "determinatesystems/", nixuse.HostExtraAction},
	{"extra-conf", "nix", nixuse.HostExtraAction},
}

func (h *hostReader) workflow(f *source.File) {
	o := workflow.ReadOutline(f)
	h.out.Broken = len(o.Problems) > 0
	for _, env := range o.Env {
		switch env.Name {
		case "NIX_CONFIG":
			h.add(&nixuse.Text{Host: nixuse.HostEnv}, env.Value, env.Span)
		case "NIX_INSTALLER_EXTRA_CONF":
			h.add(&nixuse.Text{Host: nixuse.HostExtra, Path: nixuse.SystemConf, Append: true}, env.Value, env.Span)
		}
	}
	for _, step := range o.Steps {
		h.system = systems[step.OS()]
		if script := step.Script(); script != nil {
			h.run(step, script)
			continue
		}
		action := step.Action()
		if action == "" {
			continue
		}
		for _, row := range actionInputs {
			if !strings.Contains(action, row.action) {
				continue
			}
			fr, span := step.InputAt(row.input)
			if fr == nil {
				continue
			}
			if row.host == nixuse.HostExtraAction {
				fr = trimmedLines(fr)
			}
			h.add(
				&nixuse.Text{
					Host:    row.host,
					Path:    nixuse.SystemConf,
					Append:  true,
					Targets: h.actionTargets(action, step),
				},
				fr,
				span,
			)
			break
		}
	}
}

// trimmedLines returns a text whose lines have no blanks around them, as the toolkit of GitHub's actions hands on lists
// of lines.
func trimmedLines(fr *source.Fragment) *source.Fragment {
	var all []source.Piece
	start := 0
	text := fr.Text
	part := func(from, to int) {
		if from < to {
			all = append(all,
				source.Piece{Text: string(text[from:to]), Span: source.Span{Start: from, End: to}, Verbatim: true})
		}
	}
	for start < len(text) {
		end, next := len(text), len(text)
		if n := bytes.IndexByte(text[start:], '\n'); n >= 0 {
			end, next = start+n, start+n+1
		}
		line := text[start:end]
		from := start + len(line) - len(bytes.TrimLeft(line, " \t\r"))
		part(from, max(from, start+len(bytes.TrimRight(line, " \t\r"))))
		part(end, next)
		start = next
	}
	return source.NewFragment(fr.File, fr.Within(all))
}

// actionTargets returns the releases that an action installs, as far as its inputs say.
func (h *hostReader) actionTargets(action string, step *workflow.Step) nixconf.Targets {
	if h.w.Targets.NixGiven || !strings.HasPrefix(action, "cachix/install-nix-action") {
		return nil
	}
	if fr := step.Input("install_url"); fr != nil {
		v, ok := nixuse.OfficialRelease(string(fr.Text))
		if !ok || !fr.Known(source.Span{End: len(fr.Text)}) {
			return nil
		}
		return nixconf.Targets{{Distribution: nixconf.Nix, From: v, To: v}}
	}
	return slices.DeleteFunc(slices.Clone(h.targets),
		func(t nixconf.Target) bool { return t.Distribution != nixconf.Nix })
}

// run reads the script of a workflow's step. The runner's own shell is bash.
func (h *hostReader) run(step *workflow.Step, script *source.Fragment) {
	if !mentionsNixConf(script.Text) && !bytes.Contains(script.Text, []byte("--option")) {
		return
	}
	switch name := path.Base(step.Shell()); name {
	case ".", "bash": // path.Base makes a dot of nothing
		h.script(script, shell.Bash, shell.EchoKeeps)
	case "sh":
		h.script(script, shell.Sh, shell.EchoUnknown)
	}
}

// script reads a shell script that is a whole file or stands in one.
func (h *hostReader) script(host *source.Fragment, dialect shell.Dialect, echo shell.Echo) {
	if !dialect.POSIX() {
		return
	}
	own := host.File // the file in whose offsets the commands are
	if !host.Whole() {
		own = source.NewFile(host.File.Path, host.Text)
	}
	script := shell.Parse(own.Bytes, 0, dialect, nil)
	h.out.Broken = h.out.Broken || script.Problem != nil
	text := func(t *nixuse.Text, pieces []source.Piece, c *shell.Command) {
		where := c.Span
		for _, p := range pieces {
			where = where.Join(p.Span)
		}
		if !host.Whole() {
			pieces, where = host.Within(pieces), host.Span(where)
		}
		h.add(t, source.NewFragment(host.File, pieces), where)
	}
	targets := h.targets
	defer func() { h.targets = targets }()
	h.targets = h.installedBy(own, script)
	for _, c := range script.Commands {
		for _, a := range c.Assigns {
			if a.Name == "NIX_CONFIG" && !a.Append {
				text(&nixuse.Text{Host: nixuse.HostEnv}, a.Value.Parts, c)
			}
		}
		if len(c.Words) == 0 {
			continue
		}
		for _, write := range c.Writes(echo) {
			if write.Known && isNixConfPath(write.Path.Text, write.Text) {
				text(&nixuse.Text{Host: nixuse.HostWrite, Path: write.Path.Text, Append: !write.Truncate}, write.Text,
					c)
			}
		}
		for _, value := range containerConfigs(c) {
			text(&nixuse.Text{Host: nixuse.HostEnv}, value, c)
		}
		use := nixuse.UseOf(own, c)
		if use == nil {
			continue
		}
		if use.Options != nil {
			text(&nixuse.Text{Host: nixuse.HostOption, Use: use}, use.Options.Fragment.Pieces, c)
		}
		if in := use.Installer; in != nil && in.Conf != nil {
			text(&nixuse.Text{Host: nixuse.HostExtra, Path: nixuse.SystemConf, Append: true, Installer: in},
				in.Conf.Fragment.Pieces, c)
		}
	}
}

// containerConfigs returns the values that a command of a container engine gives to NIX_CONFIG in the container:
// "docker run -e NIX_CONFIG=…".
func containerConfigs(c *shell.Command) [][]source.Piece {
	switch c.Name {
	case "docker", "podman", "nerdctl":
	default:
		return nil
	}
	var out [][]source.Piece
	for n, w := range c.Words {
		before := ""
		if n > 0 {
			before = c.Words[n-1].Text
		}
		for _, prefix := range []string{"NIX_CONFIG=", "--env=NIX_CONFIG=", "-eNIX_CONFIG=", "-e=NIX_CONFIG="} {
			if prefix == "NIX_CONFIG=" && before != "-e" && before != "--env" {
				continue
			}
			if value, ok := afterPrefix(w.Parts, prefix); ok {
				out = append(out, value)
			}
		}
	}
	return out
}

// afterPrefix returns the pieces of a word behind a prefix, which must be there as it is.
func afterPrefix(parts []source.Piece, prefix string) ([]source.Piece, bool) {
	for n, p := range parts {
		switch {
		case prefix == "":
			return parts[n:], true
		case p.Opaque || !p.Verbatim && len(p.Text) > len(prefix):
			return nil, false
		case len(p.Text) <= len(prefix):
			if !strings.HasPrefix(prefix, p.Text) {
				return nil, false
			}
			prefix = prefix[len(p.Text):]
		case strings.HasPrefix(p.Text, prefix):
			p.Text = p.Text[len(prefix):]
			p.Span.Start += len(prefix)
			return append([]source.Piece{p}, parts[n+1:]...), true
		default:
			return nil, false
		}
	}
	return nil, prefix == ""
}

// installedBy returns the releases that a script is for: the one that its own installer of Nix names, if there is one.
func (h *hostReader) installedBy(own *source.File, script *shell.Script) nixconf.Targets {
	if h.w.Targets.NixGiven || !bytes.Contains(own.Bytes, []byte("nixos.org")) {
		return h.targets
	}
	var found *nixuse.Installer
	for _, c := range script.Commands {
		if len(c.Words) == 0 {
			continue
		}
		if use := nixuse.UseOf(own, c); use != nil && use.Installer != nil {
			if found != nil {
				return h.targets
			}
			found = use.Installer
		}
	}
	if found == nil || found.Version == (nixconf.Version{}) ||
		found.Kind != nixuse.OfficialDaemon && found.Kind != nixuse.OfficialSingle {
		return h.targets
	}
	return nixconf.Targets{{Distribution: found.Distribution, From: found.Version, To: found.Version}}
}

// isNixConfPath reports whether a script writes a nix.conf of Nix: it has the name, and lies where Nix looks or has the
// text of one.
func isNixConfPath(name string, text []source.Piece) bool {
	switch path.Base(name) {
	case "nix.custom.conf":
		return true
	case "nix.conf":
		if strings.HasSuffix(name, "etc/nix/nix.conf") || strings.HasSuffix(name, ".config/nix/nix.conf") {
			return true
		}
		return LooksLikeNixConf(source.NewFile("", source.NewFragment(nil, text).Text))
	}
	return false
}

// nixFeature is the feature of devcontainers that installs Nix.
const nixFeature = "devcontainers/features/nix"

func (h *hostReader) devcontainer(f *source.File) {
	d := devcontainer.Parse(f)
	h.out.Broken = d.Broken
	for _, env := range d.Env {
		if env.Name == "NIX_CONFIG" {
			h.add(&nixuse.Text{Host: nixuse.HostEnv}, env.Value, env.Span)
		}
	}
	for _, o := range d.Options {
		if o.Name == "extraNixConfig" && strings.HasSuffix(o.Feature, nixFeature) {
			targets := slices.DeleteFunc(slices.Clone(h.targets),
				func(t nixconf.Target) bool { return t.Distribution != nixconf.Nix && !h.w.Targets.NixGiven })
			h.add(
				&nixuse.Text{
					Host:    nixuse.HostFeature,
					Path:    nixuse.SystemConf,
					Append:  true,
					Targets: targets,
					Option:  o.Value,
				},
				featureText(o.Value),
				o.Span,
			)
		}
	}
}

// featureText returns what the script of the feature writes: it reads one line and writes one line for each part
// between commas.
func featureText(option *source.Fragment) *source.Fragment {
	var pieces []source.Piece
	for _, p := range option.Pieces {
		if p.Opaque {
			pieces = append(pieces, p)
			continue
		}
		rest := p.Text
		for rest != "" {
			n := strings.IndexAny(rest, ",\n")
			if n < 0 {
				n = len(rest)
			}
			q := p
			q.Text = rest[:n]
			start := p.Span.Start + len(p.Text) - len(rest)
			if p.Verbatim {
				q.Span = source.Span{Start: start, End: start + n}
			}
			if n > 0 {
				pieces = append(pieces, q)
			}
			if n == len(rest) {
				break
			}
			if rest[n] == '\n' {
				return source.NewFragment(option.File, pieces)
			}
			comma := p.Span
			if p.Verbatim {
				comma = source.Span{Start: start + n, End: start + n + 1}
			}
			pieces = append(pieces, source.Piece{Text: "\n", Span: comma})
			rest = rest[n+1:]
		}
	}
	return source.NewFragment(option.File, pieces)
}

func (h *hostReader) flake(f *source.File) {
	parsed := nixexpr.Flake(f)
	if len(parsed.Settings) == 0 {
		return
	}
	where := parsed.Settings[0].Span
	for _, s := range parsed.Settings {
		where = where.Join(s.Span)
	}
	h.add(&nixuse.Text{Host: nixuse.HostFlake}, parsed.Fragment(), where)
}

// module reads the options of modules that make a nix.conf.
func (h *hostReader) module(f *source.File) {
	m := nixexpr.Modules(f)
	if len(m.Settings.Settings) > 0 {
		h.add(&nixuse.Text{Host: nixuse.HostModule, Path: nixuse.SystemConf}, m.Settings.Fragment(), m.Span)
	}
	for _, extra := range m.Extra {
		where := m.Span
		if len(extra.Pieces) > 0 {
			where = extra.Pieces[0].Span.Join(extra.Pieces[len(extra.Pieces)-1].Span)
		}
		h.add(&nixuse.Text{Host: nixuse.HostWrite, Path: nixuse.SystemConf, Append: true}, extra, where)
	}
}
