package workspace

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

// openAll returns the documents of all files of a tree.
func openAll(t *testing.T, dir string, paths ...string) (*Workspace, []*Document) {
	t.Helper()
	w, err := Load(Options{Dir: dir, Paths: paths})
	if err != nil {
		t.Fatal(err)
	}
	var docs []*Document
	for _, e := range w.Entries {
		d, err := w.Open(e)
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, d)
	}
	return w, docs
}

const resourceText = "apiVersion: security-profiles-operator.x-k8s.io/v1\nkind: SeccompProfile\n" +
	"metadata: {name: web}\nspec: {defaultAction: SCMP_ACT_LOG}\n"

func TestProfileFiles(t *testing.T) {
	dir := makeTree(t, map[string]string{
		".git/":        "",
		"seccomp.json": `{"defaultAction":"SCMP_ACT_ERRNO"}`,
		"chrome.json":  `{"defaultAction":"SCMP_ACT_ERRNO"}`,
		"package.json": `{"name":"x"}`,
		"k8s/profiles.yaml": resourceText + "---\nkind: Pod\n" +
			"---\n" + strings.Replace(resourceText, "web", "db", 1),
		"k8s/profile.json": `{"apiVersion":"security-profiles-operator.x-k8s.io/v1",` +
			`"kind":"SeccompProfile","spec":{}}`,
		"k8s/pod.yml":               "kind: Pod\n",
		"k8s/template.yaml":         strings.Replace(resourceText, "web", "{{ .Values.name }}", 1),
		"k8s/seccomp.yaml":          "defaultAction: SCMP_ACT_ERRNO\n",
		"k8s/dangling.yaml":         "-> nothing.yaml",
		"k8s/out.yaml":              "-> /etc/hostname",
		".github/workflows/ci.yaml": "# " + strings.ReplaceAll(resourceText, "\n", "\n# "),
	})
	w, docs := openAll(t, dir)
	want := []string{
		".github/workflows/ci.yaml: GitHub workflow",
		"chrome.json: seccomp profile",
		"k8s/profile.json: seccomp profile",
		"k8s/profiles.yaml: seccomp profile",
		"seccomp.json: seccomp profile",
	}
	if diff := cmp.Diff(want, found(w)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for _, d := range docs {
		switch {
		case d.Entry.Kind != files.KindSeccomp:
		case d.Entry.Path == "k8s/profiles.yaml" && (len(d.Profiles) != 2 || d.Profiles[1].Name.Text != "db"):
			t.Errorf("%d profiles", len(d.Profiles))
		}
	}
	// A YAML file of another kind is not taken for a profile when it is named, either.
	named, err := Load(Options{Dir: dir, Paths: []string{"k8s/pod.yml", "k8s/profiles.yaml"}})
	if err != nil {
		t.Fatal(err)
	}
	want = []string{
		"k8s/profiles.yaml: seccomp profile",
		"k8s/pod.yml: skipped, it holds no seccomp profile",
	}
	if diff := cmp.Diff(want, found(named)); diff != "" {
		t.Errorf("named files (-want +got):\n%s", diff)
	}
	for name, text := range map[string]string{"": resourceText, "profile.yaml": resourceText,
		"x.json": `{"defaultAction":"SCMP_ACT_LOG"}`} {
		w, err := Load(Options{Dir: dir, Paths: []string{"-"}, Stdin: []byte(text), StdinName: name})
		if err != nil {
			t.Fatal(err)
		}
		if len(w.Entries) != 1 || w.Entries[0].Kind != files.KindSeccomp {
			t.Errorf("standard input as %q: %q", name, found(w))
		}
	}
}

// uses writes the uses of a profile as `kind file "text"`.
func uses(p *Profile) []string {
	out := []string{}
	for _, u := range p.Uses {
		out = append(out, fmt.Sprintf("%s %s %s", u.Kind, u.File.Path, u.File.Text(u.Span)))
	}
	return out
}

func TestUses(t *testing.T) {
	const profile = `{"defaultAction":"SCMP_ACT_ERRNO"}`
	dir := makeTree(t, map[string]string{
		".git/": "",
		"compose.yaml": "services:\n  a:\n" +
			"    security_opt: [\"seccomp=docker/seccomp.json\", no-new-privileges:true]\n  b:\n    security_opt:\n" +
			"    - seccomp:./docker/seccomp.json\n  c:\n" +
			"    security_opt: ['seccomp=unconfined', 'seccomp=missing.json', 'seccomp=~/x.json', " +
			"'seccomp:builtin', apparmor=docker/seccomp.json]\n",
		"deploy/stack.yml": "services:\n  a:\n    security_opt:\n" +
			"    - seccomp=${PROFILE:-../docker/seccomp.json}\n    - seccomp=${OTHER}\n",
		"docker/seccomp.json": profile,
		"unused.json":         profile,
		"k8s/pod.yaml": "kind: Pod\nspec:\n  securityContext:\n    seccompProfile:\n" +
			"      type: Localhost\n      localhostProfile: profiles/audit.json\n  containers:\n" +
			"  - securityContext: {seccompProfile: {type: Localhost, localhostProfile: \"twice.json\"}}\n" +
			"  - securityContext: {seccompProfile: {type: RuntimeDefault, localhostProfile: once.json}}\n" +
			"  - securityContext: {seccompProfile: {type: Localhost, localhostProfile: operator/ns/web.json}}\n",
		"k8s/old.yaml": "metadata:\n  annotations:\n" +
			"    seccomp.security.alpha.kubernetes.io/pod: localhost/profiles/audit.json\n" +
			"    container.seccomp.security.alpha.kubernetes.io/x: 'runtime/default'\n",
		"k8s/profiles/audit.json":         profile,
		"a/twice.json":                    profile,
		"b/twice.json":                    profile,
		"a/once.json":                     profile,
		"k8s/web.yaml":                    resourceText,
		"k8s/other.yaml":                  strings.Replace(resourceText, "web", "other", 1),
		"k8s/elsewhere.yaml":              strings.Replace(resourceText, "web", "web, namespace: default", 1),
		"host/etc/docker/daemon.json":     `{"seccomp-profile": "/etc/docker/profiles/d.json"}`,
		"host/etc/docker/profiles/d.json": profile,
		"other/daemon.json":               `{"seccomp-profile": "/etc/docker/profiles/d.json"}`,
		"third/etc/docker/daemon.json":    `{"seccomp-profile": "unconfined"}`,
	})
	_, docs := openAll(t, dir)
	want := map[string][]string{
		"docker/seccomp.json": {
			"compose compose.yaml docker/seccomp.json", "compose compose.yaml ./docker/seccomp.json",
			"compose deploy/stack.yml seccomp=${PROFILE:-../docker/seccomp.json}",
		},
		"k8s/profiles/audit.json": {
			"kubernetes k8s/old.yaml profiles/audit.json", "kubernetes k8s/pod.yaml profiles/audit.json",
		},
		"host/etc/docker/profiles/d.json": {"daemon host/etc/docker/daemon.json /etc/docker/profiles/d.json"},
		"k8s/web.yaml":                    {"kubernetes k8s/pod.yaml operator/ns/web.json"},
	}
	for _, d := range docs {
		if d.Entry.Kind != files.KindSeccomp {
			continue
		}
		expected := want[d.Entry.Path]
		if expected == nil {
			expected = []string{}
		}
		if diff := cmp.Diff(expected, uses(d.Profiles[0])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", d.Entry.Path, diff)
		}
	}
	// A profile that is named alone is known to the Compose files around it.
	_, docs = openAll(t, dir, "docker/seccomp.json")
	if diff := cmp.Diff(want["docker/seccomp.json"][:2], uses(docs[0].Profiles[0])); diff != "" {
		t.Errorf("named alone (-want +got):\n%s", diff)
	}
}

func TestProfileLoaders(t *testing.T) {
	docker, containers, oci := decide.LoaderDocker, decide.LoaderContainers, decide.LoaderOCI
	for _, test := range []struct {
		text, given string
		uses        []UseKind
		want        []decide.Loader
	}{
		{`{"archMap":[]}`, "", nil, []decide.Loader{docker, containers}},
		{`{"archMap":[]}`, "", []UseKind{UseKubernetes}, []decide.Loader{containers, oci}},
		{`{"archMap":[]}`, "", []UseKind{UseKubernetes, UseCompose, UseLabel},
			[]decide.Loader{docker, containers, oci}},
		{`{}`, "", []UseKind{UseDaemon}, []decide.Loader{docker}},
		{`{}`, "podman", []UseKind{UseCompose}, []decide.Loader{containers}},
		{`{}`, "runc", []UseKind{UseCompose}, []decide.Loader{docker}},
		{`{"ociVersion":"1","linux":{}}`, "", []UseKind{UseCompose}, []decide.Loader{oci}},
	} {
		p := &Profile{Profile: seccomp.Parse(source.NewFile("p.json", []byte(test.text)))}
		for _, kind := range test.uses {
			p.Uses = append(p.Uses, Use{Kind: kind})
		}
		var targets decide.Targets
		if test.given != "" {
			if err := targets.Set(test.given, "1.."); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(test.want, p.Loaders(targets)); diff != "" {
			t.Errorf("%s used by %v, given %q (-want +got):\n%s", test.text, test.uses, test.given, diff)
		}
	}
}

func labelsOf(text string) *Document {
	d := dockerfile.Parse(source.NewFile("Dockerfile", []byte(text)))
	return &Document{Source: d.Source, Profiles: labelProfiles(d)}
}

// TestLabelProfiles checks the text of each profile, and what the Dockerfile has for the name of its first
// syscall.
func TestLabelProfiles(t *testing.T) {
	const text = `{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["chmodd"],"action":"SCMP_ACT_ALLOW"}]}`
	const label = "LABEL io.containers.seccomp.profile="
	escaped := strings.ReplaceAll(text, `"`, `\"`)
	variable := strings.ReplaceAll(escaped, "chmodd", "$name")
	for _, test := range []struct {
		name, label string
		at          string // "" for no profile
		verbatim    bool   // a letter of the name can be edited
	}{
		{"single quotes", label + `'` + text + `'`, `"chmodd"`, true},
		{"double quotes", label + `"` + escaped + `"`, `\"chmodd\"`, true},
		{"no quotes", label + escaped, `\"chmodd\"`, true},
		{"among others", `LABEL a=b "io.containers.seccomp.profile"='` + text + `' c="d e"`, `"chmodd"`, true},
		{"old form", `LABEL io.containers.seccomp.profile '` + text + `'`, `"chmodd"`, true},
		{
			"in lines", label + "'" + strings.ReplaceAll(text, "[", "[ \\ \n  # c\n\n") + "' \\\n  a=b",
			`"chmodd"`, true,
		},
		{
			"in the middle of a name", label + "'" + strings.ReplaceAll(text, "chm", "chm\\\n") + "'",
			"\"chm\\\nodd\"", true,
		},
		{
			"another escape", "# escape=`\nFROM a\n" + label + `"` + strings.ReplaceAll(text, `"`, "`\"") + `"`,
			"`\"chmodd`\"", true,
		},
		{"an argument without default", "ARG name\n" + label + `"` + variable + `"`, "", false},
		{"a known variable", "ENV name=chmodd\n" + label + `"` + variable + `"`, `"` + variable + `"`, false},
		{"an unknown variable", `LABEL io.containers.seccomp.profile=$PROFILE`, "", false},
		{"another label", `LABEL io.containers.seccomp='` + text + `'`, "", false},
		{"empty", `LABEL io.containers.seccomp.profile=""`, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, newline := range []string{"\n", "\r\n"} {
				file := test.label + "\n"
				if !strings.HasPrefix(file, "#") {
					file = "FROM a\n" + file
				}
				d := labelsOf(strings.ReplaceAll(file, "\n", newline))
				if test.at == "" {
					if len(d.Profiles) != 0 {
						t.Errorf("a profile: %s", d.Profiles[0].Source.Bytes)
					}
					continue
				}
				if len(d.Profiles) != 1 {
					t.Fatalf("%d profiles", len(d.Profiles))
				}
				p := d.Profiles[0]
				if got := string(p.Source.Bytes); strings.ReplaceAll(got, "[ ", "[") != text {
					t.Fatalf("text %q", got)
				}
				name := p.Rules[0].Names[0].Span
				if got, want := d.Source.Text(p.Fragment.Span(name)), strings.ReplaceAll(test.at, "\n",
					newline); got != want {
					t.Errorf("the name is at %q, want %q", got, want)
				}
				letter := source.Span{Start: name.End - 2, End: name.End - 1}
				at, _, ok := p.Fragment.Edit(letter, "")
				if ok != test.verbatim || ok && d.Source.Text(at) != "d" {
					t.Errorf("editing the last letter: %v at %q", ok, d.Source.Text(at))
				}
				if diff := cmp.Diff([]string{"label Dockerfile " + d.Source.Text(p.Uses[0].Span)},
					uses(p)); diff != "" ||
					!strings.Contains(d.Source.Text(p.Uses[0].Span), profileLabel) {
					t.Errorf("uses %q", uses(p))
				}
			}
		})
	}
}

// FuzzLabelProfiles checks that the pieces of a label lie in the file, in order, and are its text.
func FuzzLabelProfiles(f *testing.F) {
	for _, s := range []string{`'{"a":1}'`, `"{\"a\": \\\"$x\"}"`, "{\\\"a\\\":\\\n# c\n  1}", "'a\\\n\n" +
		" b'\"c\"\\ d", "\"\\a\\", "$a${b:-c}", "'é\xff'"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d := labelsOf("FROM a\nENV x=y\nLABEL io.containers.seccomp.profile=" + string(b) + "\n")
		for _, p := range d.Profiles {
			checkPieces(t, d.Source, p)
			for _, problem := range p.Problems {
				if at := p.Fragment.Span(problem.Span); at.Start < p.Instruction.Span.Start ||
					at.End > p.Instruction.Span.End {
					t.Errorf("problem at %v outside the instruction at %v", at, p.Instruction.Span)
				}
			}
		}
	})
}

// checkPieces checks that the pieces of a profile lie in its file, in order, and are its text.
func checkPieces(t *testing.T, f *source.File, p *Profile) {
	t.Helper()
	last, length := 0, 0
	for _, piece := range p.Fragment.Pieces {
		if piece.Span.Start < last || piece.Span.End > len(f.Bytes) ||
			piece.Verbatim && f.Text(piece.Span) != piece.Text {
			t.Errorf("piece %q at %v", piece.Text, piece.Span)
		}
		last = piece.Span.End
		length += len(piece.Text)
	}
	if length != len(p.Source.Bytes) || string(p.Fragment.Text) != string(p.Source.Bytes) {
		t.Errorf("pieces of %d bytes, text of %d", length, len(p.Source.Bytes))
	}
}
