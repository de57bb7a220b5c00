package nix

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sandlint/sandlint/fixers"
	fixdocker "github.com/sandlint/sandlint/fixers/dockerfile"
	fixnix "github.com/sandlint/sandlint/fixers/nixconf"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/nix/internal/inforce"
)

var unreadConfigurationPath = &rules.Rule{
	ID: "nix/unread-configuration-path",
	Summary: "settings are where Nix does not look for them, or a variable makes it look elsewhere, so they have no " +
		"effect",
	Severity: rules.Warning,
	Category: rules.Correctness,
	Since:    "0.1.0",
	Fixes:    []fixers.Safety{fixers.Safe, fixers.Unsafe},
	References: []string{
		"Nix, src/libstore/globals.cc: loadConfFile reads $NIX_CONF_DIR/nix.conf and the files of $NIX_USER_CONF_FILES",
		"nix-community/nix-direnv#112",
	},
	Check: rules.Joined("a variable that names Nix's configuration, and the configuration that a Dockerfile writes",
		rules.OnTimeline(checkUnreadFiles),
		rules.OnStep(func(p *rules.Pass, s *image.Step) {
			for _, pair := range s.Pairs {
				if !pair.HasValue || !namesConfiguration(pair.Key.Text) {
					continue
				}
				if value, known := s.Expand(pair.Value.Text); known {
					checkConfigurationPath(p, s, s.Dockerfile().Source, pair.Key.Text, value, pair.Value.Span)
				}
			}
		}, "ENV"),
		rules.OnCommand(func(p *rules.Pass, c *image.Command) {
			for _, a := range c.Assigns {
				if c.InDockerfile() && namesConfiguration(a.Name) && a.Value.Known && !a.Append {
					checkConfigurationPath(p, c.Step, c.File, a.Name, a.Value.Text, a.Value.Span)
				}
			}
		}),
	),
}

func namesConfiguration(variable string) bool {
	return variable == "NIX_CONF_DIR" || variable == "NIX_USER_CONF_FILES"
}

// checkConfigurationPath reports a value of NIX_CONF_DIR or NIX_USER_CONF_FILES at a step.
func checkConfigurationPath(p *rules.Pass, s *image.Step, f *source.File, variable, value string, span source.Span) {
	fix := func(title, right string, sure bool) []fixers.Fix {
		if !sure || f.Text(span) != value {
			return nil
		}
		return []fixers.Fix{{
			Title: title, Safety: fixers.Unsafe, Edits: []fixers.Edit{{File: f, Span: span, Text: right}},
			Changes: fixers.Changes{fixdocker.Variables{variable}},
		}}
	}
	if variable == "NIX_CONF_DIR" {
		if !path.IsAbs(value) || !isConfigurationFile(s, value) {
			return
		}
		dir := path.Dir(path.Clean(value))
		p.Report(rules.Finding{
			File: f, Span: span,
			Message: fmt.Sprintf("NIX_CONF_DIR names the folder of nix.conf, so Nix looks for %q, finds nothing, says "+
				"nothing, and all settings are lost", path.Join(value, "nix.conf")),
			Fixes: fix("Write "+dir, dir, path.Base(value) == "nix.conf"),
		})
		return
	}
	for name := range strings.SplitSeq(value, ":") {
		if !path.IsAbs(name) || !isFolder(s, name) {
			continue
		}
		right, sure := fileIn(s, name)
		p.Report(rules.Finding{
			File: f, Span: span,
			Message: fmt.Sprintf("NIX_USER_CONF_FILES names files, and %q is a folder, so Nix reads nothing there and "+
				"says nothing", name),
			Fixes: fix("Write "+right, strings.Join(replaced(strings.Split(value, ":"), name, right), ":"), sure),
		})
		return
	}
}

func replaced(list []string, old, now string) []string {
	for n := range list {
		if list[n] == old {
			list[n] = now
		}
	}
	return list
}

// isConfigurationFile reports whether a path of the image is that of a file: its name says so, or a file is copied
// there, and nothing is copied below it.
func isConfigurationFile(s *image.Step, name string) bool {
	name = path.Clean(name)
	isFile := path.Base(name) == "nix.conf" || strings.HasSuffix(name, ".nix.conf") ||
		path.Base(name) == "nix.custom.conf"
	for c := range lastStep(s).Copied() {
		if strings.HasPrefix(c.Dest, name+"/") {
			return false
		}
		isFile = isFile || c.Dest == name && path.Ext(c.Source) == ".conf" && path.Ext(name) == ".conf"
	}
	return isFile
}

// isFolder reports whether a path of the image is that of a folder: it ends with a slash, is where Nix's folder of
// configuration is, or something is copied below it.
func isFolder(s *image.Step, name string) bool {
	clean := path.Clean(name)
	if strings.HasSuffix(name, "/") || clean == "/etc/nix" || strings.HasSuffix(clean, "/.config/nix") {
		return true
	}
	for c := range lastStep(s).Copied() {
		if strings.HasPrefix(c.Dest, clean+"/") {
			return true
		}
	}
	return false
}

// fileIn returns the file of settings in a folder of the image, and whether it is the only one that is likely.
func fileIn(s *image.Step, folder string) (name string, sure bool) {
	folder = path.Clean(folder)
	name = path.Join(folder, "nix.conf")
	found := map[string]bool{}
	for c := range lastStep(s).Copied() {
		if strings.HasPrefix(c.Dest, folder+"/") {
			found[c.Dest] = true
			name = c.Dest
		}
	}
	return name, len(found) == 0 || len(found) == 1 && path.Ext(name) == ".conf"
}

// lastStep returns the last step of the stage that a step is part of.
func lastStep(s *image.Step) *image.Step {
	if s.Image == nil {
		return s
	}
	if steps := s.Image.Steps(); len(steps) > 0 {
		return steps[len(steps)-1]
	}
	return s
}

// misplaced are places where authors look for a nix.conf and Nix does not, relative to a home folder where they begin
// with "~". The text beside each is the place that was meant.
var misplaced = map[string]string{
	"/etc/nix.conf": nixuse.SystemConf, "/nix/nix.conf": nixuse.SystemConf, "/nix/etc/nix/nix.conf": nixuse.SystemConf,
	"/usr/etc/nix/nix.conf": nixuse.SystemConf, "/etc/nix/conf/nix.conf": nixuse.SystemConf,
	"~/.nix/nix.conf": "~/.config/nix/nix.conf", "~/.config/nix.conf": "~/.config/nix/nix.conf",
	"~/nix.conf": "~/.config/nix/nix.conf",
}

// checkUnreadFiles reports the files of settings that a stage writes to places where nothing reads them.
func checkUnreadFiles(p *rules.Pass, img *nixuse.Image) {
	if slices.ContainsFunc(img.Timeline(), func(e *nixuse.Event) bool { return e.Kind == nixuse.Opaque }) {
		return // a script may move it
	}
	seen := map[string]bool{}
	for _, e := range img.Events {
		if e.Kind != nixuse.WriteConfig || e.ByInstaller || e.Maybe || e.Text == nil || len(e.Text.Entries) == 0 ||
			seen[e.Path] || e.Text.Host == nixuse.HostFile && !workspace.LooksLikeNixConf(e.Text.Fragment.File) {
			continue
		}
		seen[e.Path] = true
		finding := rules.Finding{File: e.File, Span: e.Span}
		switch right := misplacedAs(e); {
		case right != "":
			if namedElsewhere(img, e) {
				continue
			}
			finding.Message = fmt.Sprintf("nothing reads %q: Nix looks for %q, so these settings have no effect",
				e.Path, right)
			finding.Fixes = rightPlace(img, e, right)
		case e.Path == nixuse.SystemConf:
			dir := otherFolder(img, e)
			if dir == "" {
				continue
			}
			finding.Message = fmt.Sprintf("nothing reads %q here, since NIX_CONF_DIR is %q, so these settings have no "+
				"effect", e.Path, dir)
		case strings.HasSuffix(e.Path, "/.config/nix/nix.conf"):
			user := otherUsersOnly(img, e)
			if user == "" {
				continue
			}
			finding.Message = fmt.Sprintf("%q is the configuration of another user than %q, who runs Nix from here "+
				"on, so these settings have no effect", e.Path, user)
		default:
			continue
		}
		for _, r := range redirections(e) {
			finding.Span = r.Target.Span
		}
		p.Report(finding)
	}
}

// redirections returns the redirection by which an event writes its file.
func redirections(e *nixuse.Event) []shell.Redir {
	if e.Command == nil {
		return nil
	}
	for _, r := range e.Command.Redirs {
		if (r.Op == ">" || r.Op == ">>") && e.Command.PathOf(r.Target) == e.Path {
			return []shell.Redir{r}
		}
	}
	return nil
}

// misplacedAs returns the place that was meant by the path of a write, "" where it is none of those in misplaced.
func misplacedAs(e *nixuse.Event) string {
	if right := misplaced[e.Path]; right != "" {
		return right
	}
	home := image.HomeOf(e.User)
	if rest, ok := strings.CutPrefix(e.Path, home+"/"); ok && home != "/" {
		if right := misplaced["~/"+rest]; right != "" {
			return home + right[1:]
		}
	}
	return ""
}

// namedElsewhere reports whether a Dockerfile, or a nix.conf text in it, names the path of a write in another place, or
// the variables that make Nix read other files.
func namedElsewhere(img *nixuse.Image, e *nixuse.Event) bool {
	text := string(img.Dockerfile.Source.Bytes)
	if strings.Contains(text, "NIX_CONF_DIR") || strings.Contains(text, "NIX_USER_CONF_FILES") ||
		strings.Contains(text, "XDG_CONFIG_HOME") {
		return true
	}
	writes := 0
	for _, other := range img.Model.Images {
		for _, at := range other.Events {
			if at.Kind == nixuse.WriteConfig && at.Path == e.Path {
				writes++
			}
			if at.Text != nil && len(at.Text.Includes) > 0 {
				return true
			}
		}
	}
	short := path.Join(path.Base(path.Dir(e.Path)), path.Base(e.Path))
	return strings.Count(text, short) > writes
}

// rightPlace returns the fix that writes to the place that was meant, by all commands of the stage that write to the
// other one.
func rightPlace(img *nixuse.Image, e *nixuse.Event, right string) []fixers.Fix {
	base := img.Root().Base
	if right != nixuse.SystemConf || base == nil || base.Conf == nil {
		return nil
	}
	fix := fixers.Fix{Title: "Write to " + right, Safety: fixers.Safe}
	var names []string
	replaces := false
	for _, w := range img.Events {
		if w.Kind != nixuse.WriteConfig || w.Path != e.Path {
			continue
		}
		redirs := redirections(w)
		if len(redirs) == 0 || w.Maybe || w.Text == nil || w.File != img.Dockerfile.Source ||
			w.File.Text(redirs[0].Target.Span) != w.Path {
			return nil
		}
		fix.Edits = append(fix.Edits, fixers.Edit{File: w.File, Span: redirs[0].Target.Span, Text: right})
		for _, entry := range w.Text.Entries {
			names = append(names, nixuse.Canonical(entry.Name.Text))
		}
		replaces = replaces || !w.Text.Append
	}
	if replaces {
		for _, entry := range base.Conf.Entries {
			names = append(names, nixuse.Canonical(entry.Name.Text))
		}
	}
	fix.Changes = fixers.Changes{fixdocker.Instructions{}, fixnix.Settings(names)}
	if replaces || slices.ContainsFunc(names, fixnix.IsRight) {
		fix.Safety = fixers.Unsafe
		fix.Changes = append(fix.Changes, fixnix.Rights{})
	}
	return []fixers.Fix{fix}
}

// otherFolder returns the value of NIX_CONF_DIR from an event to the end of its stage, "" where it has none or it is
// the usual folder, or where the file there may include the usual one.
func otherFolder(img *nixuse.Image, e *nixuse.Event) string {
	dir, past := "", false
	for _, at := range img.Timeline() {
		past = past || at == e
		switch {
		case at.Kind == nixuse.SetEnv && at.Name == "NIX_CONF_DIR":
			if past || !at.Known {
				return ""
			}
			dir = path.Clean(at.Value)
		case at.Text != nil && len(at.Text.Includes) > 0, at.Kind == nixuse.WriteConfig && at.Text == nil:
			return ""
		}
	}
	links := strings.Contains(string(img.Dockerfile.Source.Bytes), "ln -")
	if dir == path.Dir(nixuse.SystemConf) || dir == "." || links {
		return ""
	}
	return dir
}

// otherUsersOnly returns the user who runs Nix after a write to a user's configuration file, where all who do are known
// and none of them is the one whose file it is; else "".
func otherUsersOnly(img *nixuse.Image, e *nixuse.Event) string {
	text := string(img.Dockerfile.Source.Bytes)
	for _, name := range []string{
		"NIX_USER_CONF_FILES", "XDG_CONFIG_HOME", "HOME=", "ENV HOME", "sudo", "su ", "nix-daemon",
	} {
		if strings.Contains(text, name) {
			return ""
		}
	}
	if e.User == "" && img.Root().Base == nil || inforce.HasChild(img) {
		return ""
	}
	end := img.EndUser()
	if !end.Known || end.Text == "" {
		return ""
	}
	own := func(user string) bool {
		return path.Join(image.HomeOf(user), ".config/nix/nix.conf") == e.Path
	}
	if own(end.Text) || strings.Count(text, path.Base(path.Dir(path.Dir(path.Dir(e.Path))))+"/.config") > 1 {
		return ""
	}
	user := ""
	for _, at := range slices.Concat(img.EventsAfter(e), img.Starts) {
		if at.Kind != nixuse.RunCommand && at.Kind != nixuse.StartCommand || at.Nix.Phases == 0 {
			continue
		}
		if own(at.User) {
			return ""
		}
		if user == "" {
			user = at.User
		}
	}
	return user
}
