package custom

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// found checks files with a pack, and returns its findings as they are listed, and the result.
func found(t *testing.T, pack string, files map[string]string) (string, *rules.Result) {
	t.Helper()
	ws, set := inMemory(t, pack, files)
	result := rules.Check(ws, set, rules.CheckOptions{Fixes: true})
	for _, e := range result.Failed {
		t.Errorf("a rule fails: %v", e.Err)
	}
	return rules.Listing(result.Findings, len(files) > 1), result
}

// fixed returns files after all fixes of a pack.
func fixed(t *testing.T, pack string, files map[string]string) (map[string]string, []rules.Rejected) {
	t.Helper()
	ws, set := inMemory(t, pack, files)
	result := rules.Fix(ws, set, rules.FixOptions{Unsafe: true})
	out := map[string]string{}
	for _, f := range result.Files {
		out[f.File.Path] = string(f.After)
	}
	return out, result.Rejected
}

func inMemory(t *testing.T, pack string, files map[string]string) (*workspace.Workspace, *rules.Set) {
	t.Helper()
	set, err := rules.NewSet([]rules.Pack{load(t, pack).Rules()}, rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{}
	for name, text := range files {
		texts[name] = []byte(text)
	}
	ws, err := rules.InMemory(workspace.DefaultTargets(), texts)
	if err != nil {
		t.Fatal(err)
	}
	return ws, set
}

// oneRule is a pack with one rule.
func oneRule(on, body string) string {
	return fmt.Sprintf("pack \"x\" {}\nrule \"r\" {\n  summary = \"s\"\n  on = %s\n%s\n}\n", on, body)
}

const encrypted = `
  when    = node.canonical == "substituters" && anytrue([for w in node.words : startswith(w, "http://")])
  at      = node.value
  message = "not encrypted: ${join(" ", [for w in node.words : w if startswith(w, "http://")])}"
  fix {
    title         = "use https"
    applicability = "unsafe"
    replace {
      target = node.value
      with   = replace(node.value, "http://", "https://")
    }
  }
`

func TestNixPack(t *testing.T) {
	passes(t, `
pack "caches" { version = "0.3.0" }

rule "encrypted" {
  summary = "binary caches are read over https"
  on      = nix.setting
`+encrypted+`
  test "one of two" {
    bad   = "substituters = https://a.example http://b.example # ours\n"
    fixed = "substituters = https://a.example https://b.example # ours\n"
    expect {
      line    = 1
      column  = 16
      message = "not encrypted: http://b.example"
    }
  }
  test "extra-" { bad = "extra-substituters = http://b.example\n" }
  test "another setting" { good = "# http://b.example\nflake-registry = http://b.example/registry.json\n" }
  test "in a Dockerfile" {
    path  = "Dockerfile"
    bad   = "FROM nixos/nix:2.24.9\nENV NIX_CONFIG=\"substituters = http://b.example\"\n"
    fixed = "FROM nixos/nix:2.24.9\nENV NIX_CONFIG=\"substituters = https://b.example\"\n"
    expect {
      line   = 2
      column = 32
    }
  }
}

rule "once" {
  summary = "a setting is given once"
  on      = nix.setting
  when    = !node.extra && length([
    for s in file.settings : s if s.canonical == node.canonical && s.line > node.line && !s.extra
  ]) > 0
  message = "${node.name} is given again on line ${
    min([for s in file.settings : s.line if s.canonical == node.canonical && s.line > node.line]...)
  }"
  fix {
    title         = "delete the lost line"
    applicability = "safe"
    delete { target = node }
  }
  test "the first goes" {
    bad   = "max-jobs = 4\ncores = 2\nbuild-cores = 8\n"
    fixed = "max-jobs = 4\nbuild-cores = 8\n"
    expect {
      line    = 2
      message = "cores is given again on line 3"
    }
  }
  test "extra- adds" { good = "substituters = https://a.example\nextra-substituters = https://b.example\n" }
}

rule "trusted" {
  summary = "nobody but root is trusted"
  on      = nix.setting
  when    = node.canonical == "trusted-users" && anytrue([for w in node.words : w != "root"])
  at      = node.words[index([for w in node.words : w != "root"], true)]
  message = "${join(" and ", [for w in node.words : w if w != "root"])}: as good as root"
  fix {
    title         = "trust root alone"
    applicability = "safe"
    replace {
      target = node.value
      with   = "root"
    }
  }
  test "words go" {
    bad   = "trusted-users = root jo @wheel\n"
    fixed = "trusted-users = root\n"
    expect {
      line    = 1
      column  = 22
      message = "jo and @wheel: as good as root"
    }
  }
  test "root" { good = "trusted-users = root\nallowed-users = jo\n" }
}
`)
}

// TestNixHosts checks places and fixes in text that another file holds.
func TestNixHosts(t *testing.T) {
	pack := oneRule("nix.setting", encrypted)
	for _, tt := range []struct{ name, path, at, text string }{
		{
			"here-document", "Dockerfile", "4:18-34", "FROM nixos/nix:2.24.9\nRUN cat <<EOF >> /etc/nix/nix.conf\n" +
				"cores = 2\n  substituters = http://a.example\nEOF\n",
		},
		{
			"COPY", "Dockerfile", "3:16-32",
			"FROM nixos/nix:2.24.9\nCOPY <<EOF /etc/nix/nix.conf\nsubstituters = http://a.example\nEOF\n",
		},
		{
			"echo", "Dockerfile", "2:26-42",
			"FROM nixos/nix:2.24.9\nRUN echo 'substituters = http://a.example' >> /etc/nix/nix.conf\n",
		},
		{
			"option", "Dockerfile", "2:37-53",
			"FROM nixos/nix:2.24.9\nRUN nix-build --option substituters http://a.example ./a.nix\n",
		},
		{
			"workflow", ".github/workflows/ci.yml", "10:28-44",
			"on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n" +
				"      - uses: cachix/install-nix-action@v31\n        with:\n          extra_nix_config: |\n" +
				"            cores = 2\n            substituters = http://a.example\n",
		},
		{
			"flake", "flake.nix", "2:31-47",
			"{\n  nixConfig.substituters = [ \"http://a.example\" ];\n  outputs = _: { };\n}\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string]string{tt.path: tt.text}
			list, _ := found(t, pack, files)
			if !strings.HasPrefix(list, tt.at+" ") {
				t.Errorf("found %q, not at %s", list, tt.at)
			}
			after, rejected := fixed(t, pack, files)
			if len(rejected) > 0 {
				t.Errorf("rejected: %s", rejected[0].Reason)
			}
			if want := strings.Replace(tt.text, "http://", "https://", 1); after[tt.path] != want {
				t.Errorf("fixed:\n%s\nwant:\n%s", after[tt.path], want)
			}
		})
	}
}

// TestNixEdits checks what can be done to the parts of a setting, and that the proof accepts it.
func TestNixEdits(t *testing.T) {
	for _, tt := range []struct{ when, edit, before, after string }{
		{`node.name == "cores"`, `delete { target = node }`, "cores = 2\nmax-jobs = 1\n", "max-jobs = 1\n"},
		{
			`node.name == "cores" && node.value == "2"`, `replace {
      target = node
      with   = "cores = 3"
    }`, "cores = 2 # why\n", "cores = 3 # why\n",
		},
		{
			`node.name == "build-cores"`, `replace {
      target = node.name
      with   = "cores"
    }`, "build-cores = 2\n", "cores = 2\n",
		},
		{
			`node.canonical == "system-features" && length(node.words) == 1`, `insert {
      after = node.words[0]
      text  = "kvm"
    }`, "system-features = benchmark\n", "system-features = benchmark kvm\n",
		},
		{
			`node.canonical == "system-features" && length(node.words) == 1`, `insert {
      before = node.words[0]
      text   = "kvm"
    }`, "system-features = benchmark\n", "system-features = kvm benchmark\n",
		},
		{
			`node.canonical == "system-features" && length(node.words) == 1`, `insert {
      after = node.value
      text  = "kvm"
    }`, "system-features =  benchmark\n", "system-features =  benchmark kvm\n",
		},
		{
			`node.canonical == "cores" && !anytrue([for s in file.settings : s.canonical == "max-jobs"])`, `insert {
      after = node
      text  = "max-jobs = 2"
    }`, "cores = 2\nsandbox = true\n", "cores = 2\nmax-jobs = 2\nsandbox = true\n",
		},
		{
			`node.canonical == "cores" && !anytrue([for s in file.settings : s.canonical == "max-jobs"])`, `insert {
      before = node
      text   = "max-jobs = 2"
    }`, "sandbox = true\ncores = 2", "sandbox = true\nmax-jobs = 2\ncores = 2",
		},
		{
			`node.canonical == "experimental-features" && !contains(node.words, "flakes")`, `insert {
      after = node.value
      text  = "flakes"
    }`, "experimental-features = nix-command\nflake-registry = /a\n",
			"experimental-features = nix-command flakes\nflake-registry = /a\n",
		},
	} {
		pack := oneRule("nix.setting", fmt.Sprintf(
			"  when = %s\n  message = \"m\"\n  fix {\n    title = \"t\"\n    applicability = \"unsafe\"\n    %s\n  }",
			tt.when, tt.edit))
		after, rejected := fixed(t, pack, map[string]string{"nix.conf": tt.before})
		if len(rejected) > 0 {
			t.Errorf("%q: rejected: %s", tt.before, rejected[0].Reason)
		}
		if after["nix.conf"] != tt.after {
			t.Errorf("%q becomes %q, not %q", tt.before, after["nix.conf"], tt.after)
		}
	}
}

// TestNixRights checks that no safe fix of a pack gives rights, whatever it says.
func TestNixRights(t *testing.T) {
	const edit = `
  when    = node.canonical == "trusted-users" && !contains(node.words, "jo")
  message = "jo is not trusted"
  fix {
    title         = "trust jo"
    applicability = "%s"
    insert {
      after = node.value
      text  = "jo"
    }
  }
`
	for path, text := range map[string]string{
		"nix.conf":   "trusted-users = root\n",
		"Dockerfile": "FROM nixos/nix:2.24.9\nRUN cat <<EOF >> /etc/nix/nix.conf\ntrusted-users = root\nEOF\n",
	} {
		files := map[string]string{path: text}
		if after, rejected := fixed(t, oneRule("nix.setting", fmt.Sprintf(edit, "safe")), files); len(after) > 0 ||
			len(rejected) == 0 || !strings.Contains(rejected[0].Reason, "trusted-users") {
			t.Errorf("%s: the safe fix is not refused: %q %v", path, after[path], rejected)
		}
		after, rejected := fixed(t, oneRule("nix.setting", fmt.Sprintf(edit, "unsafe")), files)
		if !strings.Contains(after[path], "trusted-users = root jo") {
			t.Errorf("%s: the unsafe fix gives %q %v", path, after[path], rejected)
		}
	}
}

// TestNixValues checks attributes by the message that a rule makes of them.
func TestNixValues(t *testing.T) {
	for _, tt := range []struct {
		on, message string
		file, text  string
		want        []string
	}{
		{
			"nix.setting", "${node.canonical} ${node.extra} ${node.known} ${node.type} ${node.overridden}", "nix.conf",
			"cores = 1\nextra-substituters = a\nbuild-cores = 2\nnonsense = 1\n",
			[]string{"cores false true int true", "substituters true true urls false", "cores false true int false",
				"nonsense false false  false"},
		},
		{
			"nix.setting", "${node.effective} ${node.default}", "nix.conf",
			"max-jobs = 4\nsandbox = false\nextra-sandbox-paths = /a\nmax-jobs = 8\n",
			[]string{"8 1", "false true", "s", "8 1"},
		},
		{
			"nix.setting", "${node.host} ${node.path} ${node.append} ${node.stage.index}", "Dockerfile",
			"FROM nixos/nix:2.24.9\nENV NIX_CONFIG='cores = 2'\nRUN echo 'cores = 3' >> /etc/nix/nix.conf\n",
			[]string{"env  false 0", "write /etc/nix/nix.conf true 0"},
		},
		{
			"nix.text", "${node.host} ${join(\" \", node.settings)} ${node.complete} ${node.values[\"cores\"]}",
			"nix.conf", "cores = 2\nbuild-cores = 3\n", []string{"file cores cores true 3"},
		},
		{
			"nix.include", "${node.path} ${node.optional} ${node.state}", "nix.conf", "include missing.conf\n",
			[]string{"missing.conf false missing"},
		},
		{
			"nix.command", "${node.operation} ${node.settings[\"sandbox\"]} ${node.settings[\"cores\"]} ${node.user} " +
				"${join(\" \", node.missing)} ${node.features[\"flakes\"]} ${node.starts} ${node.image}", "Dockerfile",
			"FROM nixos/nix:2.24.9\nENV NIX_CONFIG='cores = 7'\nRUN nix build\nCMD [\"nix\", \"run\"]\n",
			[]string{"nix build false 7 root nix-command flakes false false nixos/nix:2.24.9",
				"nix run false 7 root nix-command flakes false true nixos/nix:2.24.9"},
		},
		{
			"nix.event", "${node.index} ${node.kind} ${node.path}${node.name}${node.operation} " +
				"${join(\" \", node.settings)}", "Dockerfile",
			"FROM nixos/nix:2.24.9\nENV NIX_CONFIG='cores = 7'\n" +
				"RUN echo 'sandbox = true' >> /etc/nix/nix.conf && nix-env -iA a\n",
			[]string{"0 env NIX_CONFIG cores", "1 write /etc/nix/nix.conf sandbox", "2 run nix-env -iA "},
		},
	} {
		_, result := found(t, oneRule(tt.on, "  when = true\n  message = \""+tt.message+"\""),
			map[string]string{tt.file: tt.text})
		var got []string
		for _, f := range result.Findings {
			got = append(got, f.Message)
		}
		if !slices.Equal(got, trimmed(tt.want)) {
			t.Errorf("%s: %q gives\n%s\nwant\n%s", tt.on, tt.text, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
}

// trimmed are messages as findings have them.
func trimmed(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, oneLine(s))
	}
	return out
}

// TestNixUnknown checks that rules are silent where the text is not known.
func TestNixUnknown(t *testing.T) {
	list, _ := found(t, oneRule("nix.setting", encrypted), map[string]string{
		"Dockerfile": "FROM nixos/nix:2.24.9\nARG CACHE\nENV NIX_CONFIG=\"substituters = $CACHE\"\n"})
	if list != "" {
		t.Errorf("found %s", list)
	}
	list, _ = found(t, oneRule("nix.command", "  when = node.settings[\"sandbox\"] == \"false\"\n  message = \"m\""),
		map[string]string{"Dockerfile": "FROM nixos/nix:2.24.9\nRUN ./setup && nix-build\n"})
	if list != "" {
		t.Errorf("found %s", list)
	}
}

// BenchmarkNixSettings is the cost of ten rules about the settings of a file.
func BenchmarkNixSettings(b *testing.B) {
	var pack strings.Builder
	pack.WriteString("pack \"x\" {}\n")
	for n := range 10 {
		fmt.Fprintf(&pack, "rule \"r-%d\" {\n  summary = \"s\"\n  on = nix.setting\n  when = node.canonical == "+
			"\"cores\" && contains(node.words, \"%d\") && !node.overridden\n  message = \"m ${node.value}\"\n}\n", n, n)
	}
	p, problems := tryLoad(pack.String())
	if p == nil {
		b.Fatal(problems)
	}
	set, err := rules.NewSet([]rules.Pack{p.Rules()}, rules.Selection{})
	if err != nil {
		b.Fatal(err)
	}
	for _, lines := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) {
			text := []byte(strings.Repeat("cores = 12\nextra-substituters = https://a.example\n", lines/2))
			for b.Loop() {
				ws, err := rules.InMemory(workspace.DefaultTargets(), map[string][]byte{"nix.conf": text})
				if err != nil {
					b.Fatal(err)
				}
				rules.Check(ws, set, rules.CheckOptions{})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*lines), "ns/line")
		})
	}
}

// TestNixCommands checks commands of Nix outside of Dockerfiles.
func TestNixCommands(t *testing.T) {
	pack := oneRule("nix.command", `
  when    = contains(node.words, "--impure")
  at      = node.words[index(node.words, "--impure")]
  message = "${node.program}: ${node.operation}, ${join(" ", node.options)}, ${node.stage.index}, ${node.conditional}"
`)
	for path, tt := range map[string]struct{ text, want string }{
		".github/workflows/ci.yml": {
			"on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          echo nix\n" +
				"          if a; then nix build --impure --option cores 2; fi\n",
			"8:32-40 warning nix: nix build, cores, -1, true",
		},
		"build.sh": {
			"#!/bin/sh\necho 'cores = 2' >> /etc/nix/nix.conf\nnix-build --impure ./a.nix\nnix-build\n",
			"3:11-19 warning nix-build: nix-build, , -1, false",
		},
		"Makefile": {
			"all:\n\tnix flake check --impure\n\tdocker run --rm --privileged a\n",
			"2:18-26 warning nix: nix flake check, , -1, false",
		},
		"Dockerfile": {
			"FROM nixos/nix:2.24.9\nRUN nix build --impure\n", "2:15-23 warning nix: nix build, , 0, false",
		},
	} {
		if list, _ := found(t, pack, map[string]string{path: tt.text}); strings.TrimSpace(list) != tt.want {
			t.Errorf("%s: found %q, not %q", path, list, tt.want)
		}
	}
}

// TestSafeRights checks that no safe fix of an instruction gives rights by what the instruction writes.
func TestSafeRights(t *testing.T) {
	const text = "FROM nixos/nix:2.24.9\nRUN echo 'cores = 2' >> /etc/nix/nix.conf\n" +
		"COPY <<EOF /etc/nix/nix.conf\ncores = 3\nEOF\nENV NIX_CONFIG='cores = 4'\n"
	for _, tt := range []struct{ on, when, edit string }{
		{
			"dockerfile.from", "length(file.runs) == 1",
			"insert {\n after = node\n text = \"RUN echo 'trusted-users = root jo' >> /etc/nix/nix.conf\"\n}",
		},
		{
			"dockerfile.run", "strcontains(node.script, \"cores\")", "replace {\n target = node.script\n" +
				" with = \"echo 'trusted-users = root jo' >> /etc/nix/nix.conf\"\n}",
		},
		{
			"dockerfile.heredoc", "strcontains(node.body, \"cores\")",
			"replace {\n target = node.body\n with = \"trusted-users = root jo\\n\"\n}",
		},
		{
			"dockerfile.env", "strcontains(node.pairs[\"NIX_CONFIG\"], \"cores\")",
			"replace {\n target = node.pairs[\"NIX_CONFIG\"]\n with = \"'trusted-users = root jo'\"\n}",
		},
	} {
		pack := oneRule(tt.on, fmt.Sprintf(
			"when = %s\nmessage = \"m\"\nfix {\n title = \"t\"\n applicability = \"safe\"\n %s\n}", tt.when, tt.edit))
		after, rejected := fixed(t, pack, map[string]string{"Dockerfile": text})
		if len(after) > 0 || len(rejected) == 0 || !strings.Contains(rejected[0].Reason, "trusted-users") {
			t.Errorf("%s: the fix is not refused: %q %v", tt.on, after["Dockerfile"], rejected)
		}
	}
}
