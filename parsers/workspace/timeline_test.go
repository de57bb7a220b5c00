package workspace

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixconf/reach"
	"github.com/sandlint/sandlint/parsers/nixuse"
)

var update = flag.Bool("update", false, "rewrite the expected timelines in testdata")

// TestTimeline reads the cases of testdata/timeline. A case is a folder in an archive: a Dockerfile, what lies beside
// it, and
//
//	events      the timeline of each stage, one event a line
//	settings    the settings at each command that have a source, or for which something is uncertain
//
// A case without one of the two is not tested for it. With -update both are rewritten where they are; read the
// difference.
func TestTimeline(t *testing.T) {
	archives, err := filepath.Glob(filepath.Join("testdata", "timeline", "*.txtar"))
	if err != nil || len(archives) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			before, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			archive := txtar.Parse(before)
			for from := 0; from < len(archive.Files); {
				title, _, _ := strings.Cut(archive.Files[from].Name, "/")
				to := from
				for to < len(archive.Files) && strings.HasPrefix(archive.Files[to].Name, title+"/") {
					to++
				}
				if to == from {
					t.Fatalf("%s is in no case", archive.Files[from].Name)
				}
				t.Run(title, func(t *testing.T) { runTimeline(t, title, archive.Files[from:to]) })
				from = to
			}
			if after := txtar.Format(archive); *update && !bytes.Equal(before, after) {
				if err := os.WriteFile(name, after, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func runTimeline(t *testing.T, title string, files []txtar.File) {
	tree := map[string]string{".git/": ""}
	wants := 0
	for _, f := range files {
		switch name := strings.TrimPrefix(f.Name, title+"/"); name {
		case "events", "settings":
			wants++
		default:
			tree[name] = string(f.Data)
		}
	}
	if wants == 0 {
		t.Fatal("the case expects nothing")
	}
	d := openDockerfile(t, makeTree(t, tree), "Dockerfile")
	for n := range files {
		var got string
		switch strings.TrimPrefix(files[n].Name, title+"/") {
		case "events":
			got = renderEvents(d)
		case "settings":
			got = renderSettings(d)
		default:
			continue
		}
		if *update {
			files[n].Data = []byte(got)
		} else if diff := cmp.Diff(string(files[n].Data), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", files[n].Name, diff)
		}
	}
}

// renderEvents returns the events of each stage, one a line. Between stages stands an empty line.
func renderEvents(d *nixuse.Model) string {
	var b strings.Builder
	for n, img := range d.Images {
		if n > 0 {
			b.WriteString("\n")
		}
		for _, e := range img.Events {
			b.WriteString(renderEvent(e) + "\n")
		}
	}
	return b.String()
}

func renderEvent(e *nixuse.Event) string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	p := e.File.Position(e.Span.Start)
	at := fmt.Sprintf("%d:%d", p.Line, p.Column)
	if e.File != e.Image.Dockerfile.Source {
		at = e.File.Path + ":" + at
	}
	add("%s", at)
	switch e.Kind {
	case nixuse.WriteConfig:
		switch {
		case e.Removed:
			add("removes %s", e.Path)
		case e.Truncate:
			add("replaces %s", e.Path)
		default:
			add("changes %s", e.Path)
		}
	case nixuse.SetEnv:
		if e.Known {
			add("sets %s=%q", e.Name, e.Value)
		} else {
			add("sets %s", e.Name)
		}
	case nixuse.RunCommand:
		add("runs %s (%s)", e.Nix.Label, phases(e.Nix.Phases))
		if o := e.Nix.Options; o != nil {
			add("with %s", renderText(o))
		}
		if in := e.Nix.Installer; in != nil {
			add("[%s %s of %s]", in.Kind, in.Version, in.Distribution)
		}
		if e.Env != nil {
			add("in NIX_CONFIG %s", renderText(e.Env))
		}
	case nixuse.Opaque:
		add("may do anything")
	}
	if e.Text != nil {
		verb := "with"
		if e.Text.Append {
			verb = "by"
		}
		add("%s %s", verb, renderText(e.Text))
	}
	if e.ByInstaller {
		add("[installer]")
	}
	if e.Maybe {
		add("[maybe]")
	}
	if e.User != "" {
		add("[as %s]", e.User)
	}
	return strings.Join(out, " ")
}

// renderText shows the text of a fragment. Parts whose value is not known stand between angle brackets.
func renderText(t *nixuse.Text) string {
	var b strings.Builder
	for _, p := range t.Fragment.Pieces {
		if p.Opaque {
			b.WriteString("‹" + p.Text + "›")
		} else {
			b.WriteString(p.Text)
		}
	}
	if f := t.Fragment.File; t.Fragment.Whole() && !nixuse.IsBuiltin(f) {
		return fmt.Sprintf("%s %q", f.Path, b.String())
	}
	return fmt.Sprintf("%q", b.String())
}

func phases(p reach.Phase) string {
	var out []string
	for n, name := range []string{"builds", "may build", "substitutes", "fetches", "new command", "collects",
		"daemon"} {
		if p&(1<<n) != 0 {
			out = append(out, name)
		}
	}
	if out == nil {
		return "nothing"
	}
	return strings.Join(out, ", ")
}

// renderSettings returns the settings in force at each Nix command, and at the end of each stage. A question mark says
// that a value is not certain.
func renderSettings(d *nixuse.Model) string {
	var b strings.Builder
	for n, img := range d.Images {
		if n > 0 {
			b.WriteString("\n")
		}
		for _, e := range img.Events {
			if e.Kind == nixuse.RunCommand {
				fmt.Fprintf(&b, "%d:%s\n", e.File.LineOf(e.Span.Start), renderEffective(img.SettingsBefore(e)))
			}
		}
		fmt.Fprintf(&b, "end:%s\n", renderEffective(img.SettingsBefore(nil)))
	}
	return b.String()
}

func renderEffective(eff *nixuse.Effective) string {
	names := eff.Names()
	var b strings.Builder
	if eff.Uncertain {
		b.WriteString(" anything may have changed;")
	}
	for _, name := range names {
		value, certain := eff.Value(name)
		if !certain {
			value = eff.Settings.Get(name).Value + "?"
		}
		if strings.HasSuffix(value, "spcDShjY=") {
			value = "KEY"
		}
		fmt.Fprintf(&b, " %s = %s;", name, value)
	}
	return b.String()
}

// TestSettingsAround asks for the settings just before and just after a write, and where they come from.
func TestSettingsAround(t *testing.T) {
	dir := makeTree(t, map[string]string{"Dockerfile": `FROM nixos/nix:2.31.1
ENV NIX_CONFIG="cores = 3"
RUN echo 'sandbox = true' >> /etc/nix/nix.conf && nix-build --cores 5
RUN printf 'max-jobs = 2\n' > /etc/nix/nix.conf
`})
	d := openDockerfile(t, dir, "Dockerfile")
	img := d.Images[0]
	show := func(eff *nixuse.Effective, name string) string {
		value, certain := eff.Value(name)
		out := fmt.Sprintf("%s %v", value, certain)
		for _, o := range eff.Origins(name) {
			out += ", " + o.Label
			if o.Event != nil {
				out += fmt.Sprintf(" line %d", o.Event.File.LineOf(o.Event.Span.Start))
			}
		}
		return out
	}
	var write, build, truncate *nixuse.Event
	for _, e := range img.Events {
		switch {
		case e.Kind == nixuse.RunCommand:
			build = e
		case e.Kind == nixuse.WriteConfig && e.Truncate:
			truncate = e
		case e.Kind == nixuse.WriteConfig:
			write = e
		}
	}
	got := []string{
		show(img.SettingsBefore(write), "sandbox"),
		show(img.SettingsAfter(write, write.User), "sandbox"),
		show(img.SettingsBefore(write), "cores"),
		show(img.SettingsBefore(build), "cores"),
		show(img.SettingsAfter(truncate, truncate.User), "cores"),
		show(img.SettingsBefore(truncate), "build-users-group"),
		show(img.SettingsAfter(truncate, truncate.User), "build-users-group"),
		show(img.SettingsAfter(truncate, truncate.User), "max-jobs"),
		show(img.SettingsBefore(nil), "max-jobs"),
		show(img.SettingsBefore(nil), "filter-syscalls"),
	}
	want := []string{
		"false true, nixos/nix",
		"true true, /etc/nix/nix.conf line 3",
		"3 true, ENV NIX_CONFIG line 2",
		"5 true, command line line 3",
		"3 true, ENV NIX_CONFIG line 2",
		"nixbld true, nixos/nix",
		" false", // the default is another one for root
		"2 true, /etc/nix/nix.conf line 4",
		"2 true, /etc/nix/nix.conf line 4",
		"true true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if eff := img.SettingsBefore(nil); eff.Distribution != nixconf.Nix || eff.Version.String() != "2.31.1" {
		t.Errorf("settings of %s %s", eff.Distribution, eff.Version)
	}
}
