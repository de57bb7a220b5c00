package workspace

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/source"
)

// openHosted returns the model of a file of the given name and text.
func openHosted(t testing.TB, name, text string) *nixuse.Hosted {
	t.Helper()
	ws, err := Load(Options{Dir: t.TempDir(), Paths: []string{"-"}, Stdin: []byte(text), StdinName: name})
	if err != nil {
		t.Fatal(err)
	}
	if len(ws.Entries) == 0 {
		return nil
	}
	d, err := ws.Open(ws.Entries[0])
	if err != nil {
		t.Fatal(err)
	}
	return d.Value.(*nixuse.Hosted)
}

// dumpHosted renders texts: what is opaque as <…> with the host's bytes, what the host made as it is, and where each
// text stands.
func dumpHosted(t testing.TB, h *nixuse.Hosted) []string {
	t.Helper()
	var out []string
	for _, x := range h.Texts {
		text := ""
		for _, p := range x.Fragment.Pieces {
			switch {
			case p.Opaque:
				text += "<" + h.Source.Text(p.Span) + ">"
			case p.Verbatim && h.Source.Text(p.Span) != p.Text:
				t.Errorf("piece %q lies at %q", p.Text, h.Source.Text(p.Span))
			default:
				text += p.Text
			}
		}
		line := h.Source.LineOf(x.Where.Start)
		out = append(out, fmt.Sprintf("%d %s %s %t: %s", line, x.Host, x.Path, x.Append, text))
	}
	return out
}

func TestHosted(t *testing.T) {
	for _, test := range []struct {
		name, file, text string
		want             []string
	}{
		{"pipeline", ".gitlab-ci.yml", `variables:
  NIX_CONFIG: "a = 1"
.base: &base
  script: [echo 'b = 2' >> /etc/nix/nix.conf, [echo 'c = 3' >> /etc/nix/nix.conf]]
x:
  <<: *base
  variables: {NIX_CONFIG: {value: d = 4}}
y:
  variables: {NIX_CONFIG: $OTHER}
`, []string{"2 env  false: a = 1", "4 write /etc/nix/nix.conf true: b = 2\n",
			"4 write /etc/nix/nix.conf true: c = 3\n", "7 env  false: d = 4"}},
		{"module", "configuration.nix", "{ pkgs, ... }: {\n  nix.settings = { b = true; a = [ \"x\" ]; };\n" +
			"  nix.extraOptions = ''\n    c = ${d}\n  '';\n}\n", []string{
			"2 module /etc/nix/nix.conf false: a = x\nb = true\n", "4 write /etc/nix/nix.conf true: c = <${d}>\n"}},
		{"environment of a folder", ".envrc", "export NIX_CONFIG='a = 1'\nuse flake\n",
			[]string{"1 env  false: a = 1"}},
		{"makefile", "Makefile", "x:\n\techo 'a = 1' >> /etc/nix/nix.conf\n",
			[]string{"2 write /etc/nix/nix.conf true: a = 1\n"}},
		{"containers", "run.sh", "docker run -e NIX_CONFIG='a = 1' -e \"NIX_CONFIG=b = $2\" --env=NIX_CONFIG=c=3 " +
			"-eNIX_CONFIG=d=4 x\npodman run NIX_CONFIG=e -e N\"IX\"_CONFIG=f=5 x\necho -e NIX_CONFIG=g\n", []string{
			"1 env  false: a = 1", "1 env  false: b = <$2>", "1 env  false: c=3", "1 env  false: d=4",
			"2 env  false: f=5"}},
		{"workflow", ".github/workflows/ci.yml", `env:
  NIX_CONFIG: "a = 1\nb = 2"
jobs:
  x:
    env: {NIX_INSTALLER_EXTRA_CONF: c = 3}
    steps:
      - uses: Cachix/Install-Nix-Action@v31
        with:
          Extra_Nix_Config: |
            d = 4
              e = ${{ inputs.e }}
      - uses: DeterminateSystems/nix-installer-action@main
        with:
          extra-conf: |-
            f = 5
              # g
             ${{ inputs.g }}  x
      - uses: ./.github/actions/nix
        with: {extra_nix_config: h = 6, nix_conf: h = 7}
      - uses: nixbuild/nix-quick-install-action@v30
        with:
          nix_conf: >
            i = 7
            j = 8
      - uses: other/action@v1
        with: {extra-conf: k = 9}
      - run: |
          mkdir -p ~/.config/nix
          echo 'l = 10' >> ~/.config/nix/nix.conf
          sudo tee /etc/nix/nix.conf <<'EOF'
          m = 11
            n = 12
          EOF
          NIX_CONFIG="o = ${{ inputs.o }}" nix build --option cores 2
      - run: echo "p = 13" | sudo tee -a /etc/nix/nix.conf
      - run: echo "q = 14" > /etc/nix/nix.conf
        shell: python
`, []string{
			"2 env  false: a = 1\nb = 2",
			"5 extra /etc/nix/nix.conf true: c = 3",
			"9 install-nix-action /etc/nix/nix.conf true: d = 4\n  e = <${{ inputs.e }}>\n",
			"14 nix-installer-action /etc/nix/nix.conf true: f = 5\n# g\n<${{ inputs.g }}>  x",
			"19 write /etc/nix/nix.conf true: h = 6",
			"22 write /etc/nix/nix.conf true: i = 7 j = 8\n",
			"29 write ~/.config/nix/nix.conf true: l = 10\n",
			"30 write /etc/nix/nix.conf false: m = 11\n  n = 12\n",
			"34 env  false: o = <${{ inputs.o }}>",
			"34 option  false: cores = 2\n",
			"35 write /etc/nix/nix.conf true: p = 13\n",
		}},
		{"action", "x/action.yaml", "runs:\n  steps:\n    - uses: cachix/install-nix-action@v31\n      with:\n" +
			"        extra_nix_config: ${{ inputs.conf }}\n",
			[]string{"5 install-nix-action /etc/nix/nix.conf true: <${{ inputs.conf }}>"}},
		{"devcontainer", ".devcontainer/devcontainer.json", `{
	"features": {"ghcr.io/devcontainers/features/nix:1.2": {"extraNixConfig": "a = 1, b = ${localEnv:B}c,d\ne = 5"}},
	"remoteEnv": {"NIX_CONFIG": "f = 6\ng = 7"},
}`, []string{
			"2 devcontainer feature /etc/nix/nix.conf true: a = 1\n b = <${localEnv:B}>c\nd",
			"3 env  false: f = 6\ng = 7",
		}},
		{"flake", "flake.nix", `{ nixConfig = { b = [ "x" "y" ]; a = true; c = foo; }; }`,
			[]string{"1 flake  false: a = true\nb = x y\nc = <foo>\n"}},
		{"script", "install.sh", `#!/bin/bash
conf() { printf '%s = %s\n' "$1" "$2" >> /etc/nix/nix.conf; }
echo -e 'a = 1\nb = 2' > "$HOME/.config/nix/nix.conf"
export NIX_CONFIG=$'c = 3\nd = 4'
echo 'cores = 4' >> "$work/nix.conf"
echo 'server { }' >> /srv/www/nix.conf
curl -L https://install.determinate.systems/nix/tag/v0.30.0 | sh -s -- install --extra-conf 'e = 5'
`, []string{
			"2 write /etc/nix/nix.conf true: <$1> = <$2>\n",
			"3 write $HOME/.config/nix/nix.conf false: a = 1\nb = 2\n",
			"4 env  false: c = 3\nd = 4",
			"5 write $work/nix.conf true: cores = 4\n",
			"7 extra /etc/nix/nix.conf true: e = 5\n",
		}},
		{"a workflow without", ".github/workflows/ci.yml", "jobs: {a: {steps: [{run: nix build}]}}\n", nil},
		{"a flake without", "flake.nix", "{ outputs = _: { }; }\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := openHosted(t, test.file, test.text)
			if h == nil {
				t.Fatal("the file is of no kind")
			}
			if diff := cmp.Diff(test.want, dumpHosted(t, h)); diff != "" {
				t.Error(diff)
			}
			if h.Broken {
				t.Error("it is said to be broken")
			}
		})
	}
}

// TestHostedTargets checks that an action narrows the releases as far as its inputs say.
func TestHostedTargets(t *testing.T) {
	step := func(with string) string {
		return "jobs:\n  a:\n    steps:\n      - uses: cachix/install-nix-action@v31\n        with:\n" +
			"          extra_nix_config: cores = 1\n" + with
	}
	for with, want := range map[string]string{
		"": "nix=2.18..",
		"          install_url: https://releases.nixos.org/nix/nix-2.24.9/install\n": "nix=2.24.9..2.24.9",
		"          install_url: https://example.org/install\n":                       "all",
	} {
		targets := openHosted(t, ".github/workflows/a.yml", step(with)).Texts[0].Targets
		got := "all"
		if len(targets) == 1 {
			got = fmt.Sprintf("%s=%s..", targets[0].Distribution, targets[0].From)
			if targets[0].From == targets[0].To {
				got += targets[0].To.String()
			}
		}
		if got != want {
			t.Errorf("%q: %s, want %s", with, got, want)
		}
	}
}

func TestHostedDiscovery(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		".github/workflows/ci.yml":        "on: push\n",
		".github/workflows/deep/ci.yml":   "on: push\n",
		".github/dependabot.yml":          "version: 2\n",
		".github/actions/nix/action.yml":  "runs: {}\n",
		".devcontainer/devcontainer.json": "{}",
		".devcontainer.json":              "{}",
		"flake.nix":                       "{ }",
		"default.nix":                     "{ }",
		"nix.sh":                          "echo > /etc/nix/nix.conf\n",
		"other.sh":                        "echo\n",
		"ruby.sh":                         "#!/usr/bin/ruby\n# nix.conf\n",
		"bin/setup":                       "#!/bin/sh\nexport NIX_CONFIG=\n",
		"bin/text":                        "NIX_CONFIG\n",
		"Makefile":                        "# nix.conf\n",
	} {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	ws, err := Load(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range ws.Entries {
		got = append(got, e.Path+": "+string(e.Kind))
	}
	want := []string{
		".devcontainer.json: devcontainer",
		".devcontainer/devcontainer.json: devcontainer",
		".github/actions/nix/action.yml: GitHub workflow",
		".github/workflows/ci.yml: GitHub workflow",
		"Makefile: Makefile or justfile",
		"bin/setup: shell script",
		"flake.nix: flake",
		"nix.sh: shell script",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if ws, err = Load(Options{Dir: dir, Paths: []string{"other.sh", "bin/setup"}}); err != nil ||
		len(ws.Entries) != 2 || len(ws.Skipped) != 0 {
		t.Errorf("named files: %v, %v, %v", ws.Entries, ws.Skipped, err)
	}
}

// FuzzHosted reads a text as each kind of host: pieces that are verbatim are the host's bytes, and every edit that is
// allowed changes the text as asked.
func FuzzHosted(f *testing.F) {
	f.Add(
		"jobs:\n  a:\n    steps:\n      - uses: cachix/install-nix-action@v1\n        with:\n" +
			"          extra_nix_config: |\n            a = 1\n            a = ${{ x }}\n      - run: |\n" +
			"          cat > nix.conf <<EOF\n          a=1\n          EOF\n",
	)
	f.Add("{\"features\": {\"devcontainers/features/nix:1\": {\"extraNixConfig\": \"a=1,b = 2\\nc\"}}}")
	f.Add("{ nixConfig = { a = [ \"b c\" \"d\" ]; }; }")
	f.Add("echo 'a=1' >> /etc/nix/nix.conf\nexport NIX_CONFIG=\"b = $c\"\nnix build --option cores 1\n")
	names := []string{".github/workflows/a.yml", "devcontainer.json", "flake.nix", "a.sh"}
	ws, err := Load(Options{Dir: f.TempDir()})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := source.NewFile("f", []byte(text))
		for _, name := range names {
			h := ws.hosted(&Entry{Path: name, Kind: files.KindByPath(name)}, file)
			for _, x := range h.Texts {
				for _, p := range x.Fragment.Pieces {
					if !file.Span().Contains(p.Span) || p.Verbatim && file.Text(p.Span) != p.Text {
						t.Fatalf("%s: piece %+v lies at %q", name, p, file.Text(p.Span))
					}
				}
				for n, line := range x.Lines {
					if n > 20 {
						break
					}
					full := line.Span
					if full.End < len(x.Fragment.Text) {
						full.End++
					}
					s, _, ok := x.Fragment.Edit(full, "")
					if !ok || !x.Fragment.Known(full) {
						continue
					}
					deleted := strings.ReplaceAll(file.Text(s), "\r\n", "\n")
					want := strings.ReplaceAll(string(x.Fragment.Text[full.Start:full.End]), "\r\n", "\n")
					if !strings.HasSuffix(deleted, want) {
						t.Fatalf("%s: deleting %q deletes %q", name, x.Fragment.Text[full.Start:full.End], file.Text(s))
					}
				}
			}
		}
	})
}
