package packs_test

import (
	"bytes"
	"flag"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"

	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// fuzzNames are the file names under which a text is checked.
var fuzzNames = []string{"Dockerfile", "nix.conf", "seccomp.json"}

// FuzzLint applies every rule to a text as each kind of file. Nothing panics, every reported place lies in its file,
// the edits of a fix apply, and no fix is left once all fixes are applied.
func FuzzLint(f *testing.F) {
	for _, p := range packs.All() {
		for _, r := range p.Rules {
			page, err := p.Page(r)
			if err != nil {
				f.Fatal(err)
			}
			for _, c := range page.Cases {
				for _, file := range c.Files {
					// As a test alone, without the fuzzer, one file in sixty is enough for a look.
					light := !heavytest.On() && flag.Lookup("test.fuzz").Value.String() == ""
					if len(file.Data) < 2000 && (!light || crc32.ChecksumIEEE(file.Data)%60 == 0) {
						f.Add(file.Data)
					}
				}
			}
		}
	}
	for _, text := range []string{
		"", "\n", "\x00", "\ufeff", "FROM", "FROM a\nFROM b\nFROM a", "ARG A=b\nFROM $A", "FROM nixos/nix\nRUN \\\n",
		"FROM nixos/nix\nRUN <<EOF\nnix-env -i x\nEOF",
		"FROM nixos/nix\r\nRUN nix-build\r\nRUN echo 'filter-syscalls = false' >> /etc/nix/nix.conf\r\n",
		"# escape=`\nFROM nixos/nix\nRUN nix-env -i a; `\n  echo sandbox=false >> /etc/nix/nix.conf",
		"sandbox=true\ncores 4\nextra-substituters = a\nsubstituters = b\nsubstituters = c", "cores = 1\rcores = 2",
		"= \n include\n!include x y\n",
		`{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["raed", "read", "read"], ` +
			`"action": "SCMP_ACT_ALLOW"}], "architectures": ["X"]}`,
		`{"linux": {"seccomp": {"syscalls": [{"name": "x", "names": []}]}}, "defaultAction": 1}`,
		`{"defaultAction": "SCMP_ACT_ERRNO", /* c */ "syscalls": [,]}`,
	} {
		f.Add([]byte(text))
	}
	l := newLinter(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, name := range fuzzNames {
			l.lint(t, name, text)
		}
	})
}

// fuzzLines are lines of which FuzzLintLines makes texts, by kind of file. Random bytes seldom become one of them.
var fuzzLines = map[string][]string{
	"Dockerfile": {
		"FROM nixos/nix:2.31.1", "FROM debian:12 AS base", "FROM base", "FROM --platform=$BUILDPLATFORM alpine AS x",
		"FROM scratch", "ARG NIX_CONFIG", "ARG X=1", "FROM $X",
		"RUN nix-env -iA nixpkgs.git", "RUN nix-channel --update && nix-build",
		"RUN nix build --option sandbox false --no-sandbox .", "RUN nix-collect-garbage -d",
		"RUN echo 'filter-syscalls = false' >> /etc/nix/nix.conf",
		`RUN printf 'cores = 2\nmax-job = 3' > /etc/nix/nix.conf`, "RUN echo sandbox=true | tee -a /etc/nix/nix.conf",
		"RUN nix-build && echo 'experimental-features = nix-command' >> /etc/nix/nix.conf && nix build",
		"RUN (cd /etc/nix; echo extra-substituters = x >>nix.conf); nix-store --gc",
		"RUN <<EOF", "EOF", "COPY <<EOF /etc/nix/nix.conf", "RUN cat >> /etc/nix/nix.conf <<EOF",
		"COPY <<-'EOF' /etc/nix/", "\tcores = 2", "cores = 1", "substituters = a", "extra-substituters = b",
		"RUN curl -L https://nixos.org/nix/install | sh -s -- --daemon",
		"RUN curl -sSfL https://install.determinate.systems/nix/tag/v0.30.0 | " +
			"sh -s -- install --extra-conf 'sandbox = false'",
		`ENV NIX_CONFIG="filter-syscalls = false"`, "ENV NIX_CONFIG cores = x", "ENV NIX_CONF_DIR=/etc", "USER builder",
		"USER root", "WORKDIR /etc/nix", `SHELL ["/bin/bash", "-c"]`, `SHELL ["pwsh"]`,
		"RUN opam init -y", `RUN ["bash", "-c", "opam init; bwrap --ro-bind / / true"]`, "RUN --security=insecure true",
		"RUN --bogus=1 true", "RNU true", `CMD ["chromium", "--no-sandbox"]`, "ENTRYPOINT chromium",
		"ENV ELECTRON_DISABLE_SANDBOX=1 \\", "    QTWEBENGINE_CHROMIUM_FLAGS=--no-sandbox",
		"# sandlint: ignore[all] why", "# a comment", "", "  && \\", "    nix-build; \\", "\\", "# escape=`",
		"ONBUILD RUN nix-build", "ONBUILD RUN --security=insecure nix-env -i x", "HEALTHCHECK CMD nix-build",
		"COPY nix.conf /etc/nix/nix.conf", "RUN f() { nix-build; f; }; f", "RUN bash -c 'nix-env -i x' <<< y",
		"RUN if [ -n \"$X\" ]; then echo cores = 3 > /etc/nix/nix.conf; fi",
		"RUN export NIX_CONFIG='cores 4'; sudo nix-build", "RUN )", "\r", "RUN nix-build\r", "\x00", "\u00e9",
	},
	"nix.conf": {
		"sandbox = true", "sandbox=false", "sandbox = flase", "cores = 1", "cores = 2", "cores 4", "core = 2", "= 1",
		"extra-substituters = https://a", "substituters = https://b https://c", "substituters = https://d",
		"experimental-features = nix-command flake", "experimental-features = flakes",
		"extra-experimental-features = flakes", "trusted-users = root @wheel", "build-use-sandbox = true",
		"max-jobs = auto", "max-jobs = -1",
		"include x.conf", "!include y.conf", "include a b", "# sandlint: ignore[nix] why", "# comment", "", "  ",
		"\tkeep-outputs = true", "keep-outputs  =  yes  # comment", "plugin-files = x", "filter-syscalls = false",
		"cores = 1\r", "\ufeff", "\x00", "substituters =", "extra-platforms = x y z", "netrc-file = \u00e9",
	},
	"seccomp.json": {
		"{", "}", "[", "]", ",", `"defaultAction": "SCMP_ACT_ERRNO",`, `"defaultAction": "SCMP_ACT_ERNO"`,
		`"syscalls": [`, `{"names": ["read", "raed", "write"], "action": "SCMP_ACT_ALLOW"}`,
		`{"name": "open", "action": "SCMP_ACT_KIL"},`,
		`{"names": ["read", "read"], "action": "SCMP_ACT_ALLOW", ` +
			`"args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]}`,
		`"architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],`, `"archMap": [],`, `// comment`, `/* c */`,
		`{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [`, `]}`, `"includes": {"caps": ["CAP_SYS_ADMIN"]},`,
		`"names": ["mount"],`, `"action": "SCMP_ACT_ALLOW"`, "\ufeff", "\r", "null", "1e999", `"\ud800"`,
	},
}

// FuzzLintLines is FuzzLint over texts that are made of lines of the three languages. The first byte is the kind of
// file, and each other one a line.
func FuzzLintLines(f *testing.F) {
	for n := range byte(60) {
		f.Add([]byte{n, 0, 8, 12, n, n * 3, n * 7, 8, n * 11})
	}
	l := newLinter(f)
	f.Fuzz(func(t *testing.T, choice []byte) {
		if len(choice) < 2 || len(choice) > 40 {
			return
		}
		name := fuzzNames[int(choice[0])%len(fuzzNames)]
		var text []byte
		for _, c := range choice[1:] {
			text = append(append(text, fuzzLines[name][int(c)%len(fuzzLines[name])]...), '\n')
		}
		if choice[0]&0x80 != 0 {
			text = bytes.TrimSuffix(text, []byte("\n"))
		}
		if choice[0]&0x40 != 0 {
			text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
		}
		l.lint(t, name, text)
	})
}

// linter applies all rules to a text, and all fixes.
type linter struct {
	dir     string
	set     *rules.Set
	targets workspace.Targets
}

func newLinter(f testing.TB) *linter {
	l := &linter{dir: f.TempDir(), targets: workspace.DefaultTargets()}
	if err := os.Mkdir(filepath.Join(l.dir, ".git"), 0o755); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(l.dir, "nix.conf"), []byte("cores = 3\n"+
		"filter-syscalls = false\n"), 0o644); err != nil {
		f.Fatal(err)
	}
	var err error
	if l.set, err = rules.NewSet(packs.All(), rules.Selection{Only: []string{"all"}}); err != nil {
		f.Fatal(err)
	}
	if err := l.targets.Set("platform", "linux/amd64,linux/arm64"); err != nil {
		f.Fatal(err)
	}
	return l
}

func (l *linter) load(t *testing.T, name string, text []byte) *workspace.Workspace {
	ws, err := rules.Load(
		workspace.Options{Dir: l.dir, Paths: []string{"-"}, Stdin: text, StdinName: name, Targets: l.targets})
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

func (l *linter) lint(t *testing.T, name string, text []byte) {
	ws := l.load(t, name, text)
	checked := rules.Check(ws, l.set, rules.CheckOptions{Fixes: true})
	for _, e := range checked.Errors {
		t.Errorf("%s: %v", name, e)
	}
	checkPlaces(t, name, len(text), checked.Findings)
	checkPlaces(t, name, len(text), checked.Suppressed)
	checkRejected(t, checked.Rejected)

	fixed := rules.Fix(ws, l.set, rules.FixOptions{Unsafe: true})
	checkRejected(t, fixed.Rejected)
	after := text
	if len(fixed.Files) > 0 {
		if after = fixed.Files[0].After; bytes.Equal(after, text) {
			t.Errorf("%s: a file counts as fixed but has the same text", name)
		}
		for _, f := range rules.Fix(l.load(t, name, after), l.set, rules.FixOptions{Unsafe: true}).Files {
			t.Errorf("%s: fixing again changes the text\nfrom %q\nto   %q\nto   %q", name, text, after, f.After)
		}
	}
	checkPlaces(t, name, len(after), fixed.After.Findings)
	if t.Failed() {
		t.Logf("%s: %q", name, text)
	}
}

func checkPlaces(t *testing.T, name string, size int, findings []rules.Finding) {
	t.Helper()
	for _, f := range findings {
		check := func(what string, file *source.File, s source.Span) {
			if file == nil || s.Start < 0 || s.End < s.Start || s.End > len(file.Bytes) {
				t.Errorf("%s: %s of %s (%s) is at %v", name, what, f.Rule.ID, f.Message, s)
			} else if file.Path == name && len(file.Bytes) != size {
				t.Errorf("%s: %s of %s is in another text", name, what, f.Rule.ID)
			}
		}
		check("a finding", f.File, f.Span)
		for _, r := range f.Related {
			check("a related place", r.File, r.Span)
		}
		for _, fix := range f.Fixes {
			for _, e := range fix.Edits {
				check("an edit", e.File, e.Span)
			}
		}
		if f.Message == "" || strings.Contains(f.Message, "\n") || strings.Contains(f.Message, "%!") {
			t.Errorf("%s: message of %s: %q", name, f.Rule.ID, f.Message)
		}
	}
}

// checkRejected accepts a fix that does too much, for which the proof is there, but not one that does not apply.
func checkRejected(t *testing.T, list []rules.Rejected) {
	t.Helper()
	for _, w := range list {
		if w.Rule == nil {
			t.Errorf("%q is rejected: %s", w.Title, w.Reason)
			continue
		}
		for _, defect := range []string{"overlap", "edit of ", "not one of the files", "changes nothing",
			"other files than it began with"} {
			if strings.Contains(w.Reason, defect) {
				t.Errorf("%s: %s: %s", w.Rule.ID, w.Title, w.Reason)
			}
		}
	}
}
