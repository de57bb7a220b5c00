package packs_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
	"github.com/sandlint/sandlint/rules/rulestest"
)

// TestQuiet reads the projects of testdata/quiet.txtar, in which something looks wrong and is right. No rule that is on
// by default may report a warning or an error there. Findings of severity info are listed in the project's file want;
// -update rewrites it.
func TestQuiet(t *testing.T) {
	const name = "testdata/quiet.txtar"
	before, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	page, err := rules.ParsePage(before)
	if err != nil {
		t.Fatal(err)
	}
	after := &txtar.Archive{Comment: []byte(page.Prose)}
	for _, c := range page.Cases {
		t.Run(c.Name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, ".git"), 0o755); err != nil {
				t.Fatal(err)
			}
			for _, f := range c.Files {
				file := filepath.Join(dir, filepath.FromSlash(f.Name))
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			targets := workspace.DefaultTargets()
			for _, flag := range c.Flags {
				consumer, version, _ := strings.Cut(flag, "=")
				if err := targets.Set(consumer, version); err != nil {
					t.Fatal(err)
				}
			}
			ws, err := rules.Load(workspace.Options{Dir: dir, Targets: targets})
			if err != nil {
				t.Fatal(err)
			}
			result := rules.Check(ws, set, rules.CheckOptions{Fixes: true})
			if result.Checked == 0 {
				t.Error("no file was checked")
			}
			for _, e := range result.Errors {
				t.Error(e)
			}
			for _, w := range result.Rejected {
				t.Errorf("fix %q was rejected: %s", w.Title, w.Reason)
			}
			for _, f := range result.Findings {
				if f.Severity >= rules.Warning {
					t.Errorf("%s: %s: %s", f.Rule.ID, f.Severity, f.Message)
				}
			}
			got := rules.Listing(result.Findings, true)
			if rulestest.Updating() {
				c.Want = got
			} else if diff := cmp.Diff(c.Want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
		add := func(name string, data string) {
			if data != "" {
				after.Files = append(after.Files, txtar.File{Name: c.Name + "/" + name, Data: []byte(data)})
			}
		}
		for _, f := range c.Files {
			add(f.Name, string(f.Data))
		}
		add("flags", strings.Join(append(c.Flags, ""), "\n"))
		add("want", c.Want)
	}
	if b := txtar.Format(after); rulestest.Updating() && !bytes.Equal(b, before) {
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
