package seccomp

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/seccomp/seccomptest"
	"github.com/sandlint/sandlint/parsers/source"
)

const dockerSource = `{
  "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
  "defaultErrno": "ENOSYS",
  "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
  "syscalls": [
    { "names": ["read", "write"], "action": "SCMP_ACT_ALLOW", "comment": "plain", "errnoRet": 3 },
    { "name": "mount", "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]} },
    {
      "names": [
        "ptrace"
      ],
      "action": "SCMP_ACT_ALLOW",
      "includes": {"minKernel": "4.8"}
    },
    { "names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [ {"index": 0, "value": 2114060288,` +
	` "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"} ], "excludes": {"caps": ["CAP_SYS_ADMIN"]} },
    { "names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errno": "ENOSYS" }
  ]
}
`

func TestOCI(t *testing.T) {
	for _, tt := range []struct {
		name   string
		loader decide.Loader
		caps   []string
		kernel seccomp.Version
		source string
		want   string
	}{
		{"Docker, an old kernel", decide.LoaderDocker, nil, seccomp.Version{Major: 4, Minor: 4}, dockerSource, `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 1,
  "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
  "syscalls": [
    { "names": ["read", "write"], "action": "SCMP_ACT_ALLOW" },
    { "names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 2114060288,` +
			` "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ" }] },
    { "names": ["clone3"], "action": "SCMP_ACT_ERRNO" }
  ]
}
`},
		{"Podman, an old kernel and a capability", decide.LoaderContainers, []string{"CAP_SYS_ADMIN"},
			seccomp.Version{Major: 4, Minor: 4}, dockerSource, `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 38,
  "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
  "syscalls": [
    { "names": ["read", "write"], "action": "SCMP_ACT_ALLOW" },
    { "names": ["mount"], "action": "SCMP_ACT_ALLOW" },
    {
      "names": [
        "ptrace"
      ],
      "action": "SCMP_ACT_ALLOW"
    },
    { "names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38 }
  ]
}
`},
		{"one line", decide.LoaderDocker, nil, seccomp.Version{},
			`{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_LOG"],"syscalls":[{"name":"kill",` +
				`"action":"SCMP_ACT_KILL"}]}`,
			`{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_LOG"],"syscalls":[{"names":["kill"],` +
				`"action":"SCMP_ACT_KILL"}]}` + "\n"},
		{
			"tabs and CRLF", decide.LoaderDocker, nil, seccomp.Version{},
			"{\r\n\t\"defaultAction\": \"SCMP_ACT_LOG\",\r\n\t\"syscalls\": null\r\n}\r\n",
			"{\r\n\t\"defaultAction\": \"SCMP_ACT_LOG\",\r\n\t\"syscalls\": []\r\n}\r\n",
		},
		{"no filter", decide.LoaderDocker, nil, seccomp.Version{}, `{}`, ""},
		{
			"refused", decide.LoaderDocker, nil, seccomp.Version{},
			`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"kill","names":["tkill"],` +
				`"action":"SCMP_ACT_KILL"}]}`,
			"",
		},
		{"not JSON", decide.LoaderDocker, nil, seccomp.Version{}, `{"defaultAction":"SCMP_ACT_ALLOW"`, ""},
	} {
		p := seccomp.Parse(source.NewFile("seccomp.json", []byte(tt.source)))
		amd64, _ := seccomp.LookupArchitecture("SCMP_ARCH_X86_64")
		r := decide.Resolve(p, tt.loader, decide.Host{Arch: amd64, Caps: tt.caps, Kernel: tt.kernel})
		if diff := cmp.Diff(tt.want, string(OCI(r))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestReplaceByOCI(t *testing.T) {
	const surrounded = "\n  {\n    \"defaultAction\": \"SCMP_ACT_ALLOW\",\n    \"syscalls\": [{\"name\": \"kill\", " +
		"\"action\": \"SCMP_ACT_KILL\"}]\n  }\n\n"
	amd64, _ := seccomp.LookupArchitecture("SCMP_ARCH_X86_64")
	replace := func(text string) string {
		f := source.NewFile("seccomp.json", []byte(text))
		edits := ReplaceByOCI(decide.Resolve(seccomp.Parse(f), decide.LoaderDocker, decide.Host{Arch: amd64}))
		if edits == nil {
			return "nil"
		}
		after, err := fixers.Apply(f, edits)
		if err != nil {
			t.Fatal(err)
		}
		return string(after)
	}
	want := "\n  {\n    \"defaultAction\": \"SCMP_ACT_ALLOW\",\n    \"syscalls\": [\n      {\"names\": [\"kill\"], " +
		"\"action\": \"SCMP_ACT_KILL\"}\n    ]\n  }\n\n"
	if diff := cmp.Diff(want, replace(surrounded)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := replace(want); got != "nil" {
		t.Errorf("what is replaced already: %s", got)
	}
	if got := replace(`{}`); got != "nil" {
		t.Errorf("no profile: %s", got)
	}
}

// ociHosts iterates over loaders and hosts for which the plain form is compared: all of them for profiles that are
// shipped, few for others.
func ociHosts(shipped bool) iter.Seq2[decide.Loader, decide.Host] {
	return func(yield func(decide.Loader, decide.Host) bool) {
		for _, loader := range []decide.Loader{decide.LoaderDocker, decide.LoaderContainers, decide.LoaderOCI} {
			for _, arch := range []string{"X86_64", "AARCH64", "S390X", "MIPSEL64"} {
				host, _ := seccomp.LookupArchitecture("SCMP_ARCH_" + arch)
				for _, caps := range [][]string{decide.DefaultCaps(loader), nil, seccomp.Capabilities()} {
					for _, kernel := range []seccomp.Version{{}, {Major: 4, Minor: 4}} {
						if !shipped && (arch != "X86_64" || caps == nil || kernel.Major > 0) ||
							!heavytest.On() && len(caps) != len(decide.DefaultCaps(loader)) && kernel.Major > 0 {
							continue
						}
						if !yield(loader, decide.Host{Arch: host, Caps: caps, Kernel: kernel}) {
							return
						}
					}
				}
			}
		}
	}
}

// compareOCI compares what a profile and its plain form decide on a host, and returns for how many targets it did.
func compareOCI(t *testing.T, id string, p *seccomp.Profile, loader decide.Loader, h decide.Host) (compared int) {
	t.Helper()
	shipped := strings.HasSuffix(id, ".json")
	was := decide.Resolve(p, loader, h)
	text := OCI(was)
	if text == nil {
		return 0
	}
	plain := seccomp.Parse(source.NewFile("p.json", text))
	if len(plain.Problems) > 0 || plain.Dialect != seccomp.OCI {
		t.Fatalf("%s: the plain form has problems %v and dialect %d:\n%s", id, plain.Problems, plain.Dialect, text)
	}
	is := decide.Resolve(plain, decide.LoaderOCI, h)
	if again := OCI(is); string(again) != string(text) {
		t.Errorf("%s: the plain form of the plain form is another:\n%s%s", id, text, again)
	}
	old, newest := seccomp.Version{Major: 2, Minor: 5, Patch: 4}, seccomp.NewestLibseccomp()
	version := seccomp.Version{Major: 1, Minor: 1, Patch: 5}
	for _, runtime := range []string{"runc", "crun"} {
		for _, lib := range []decide.Libseccomp{{Version: old}, {Version: newest}} {
			if !shipped && (runtime == "crun" || lib.Version == newest) ||
				!heavytest.On() && (runtime == "crun") != (lib.Version == newest) {
				continue
			}
			compared++
			if d := difference(was.Compile(runtime, version, lib), is.Compile(runtime, version, lib)); d != "" {
				t.Fatalf("%s for %s on %s with %v: %s", id, loader, h.Arch.Name, h.Caps, d)
			}
		}
	}
	return compared
}

// TestOCIDecidesTheSame compares, for the profiles that are shipped and those of the oracle, what a loader's runtime
// does with what it does with the plain form.
func TestOCIDecidesTheSame(t *testing.T) {
	dir := filepath.Join("..", "..", "parsers", "seccomp", "testdata")
	texts := map[string]string{"own": dockerSource}
	for _, name := range []string{"docker-default.json", "podman-default.json"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	for id, text := range oracleProfiles(t) {
		texts[id] = text
	}
	compared := 0
	for id, text := range texts {
		p := seccomp.Parse(source.NewFile("p.json", []byte(text)))
		for loader, h := range ociHosts(strings.HasSuffix(id, ".json")) {
			compared += compareOCI(t, id, p, loader, h)
		}
	}
	if compared < 500 {
		t.Errorf("%d comparisons", compared)
	}
}

// oracleProfiles returns the profiles with which real programs were tried, by case.
func oracleProfiles(t *testing.T) map[string]string {
	t.Helper()
	profiles := map[string]string{}
	for _, r := range seccomptest.Records(t) {
		profiles[r.ID] = r.Profile
	}
	return profiles
}

func difference(a, b *decide.Filter) string {
	if !slices.Equal(a.Archs, b.Archs) {
		return "it is for other architectures"
	}
	for _, arch := range a.Archs { // others are killed by both
		for _, name := range seccomp.Syscalls() {
			if x, y := a.Decide(arch, name), b.Decide(arch, name); !sameDecision(x, y) {
				return fmt.Sprintf("%s on %s: %s, and in the plain form %s", name, arch.ABI, decision(x), decision(y))
			}
		}
	}
	return ""
}

func sameDecision(a, b decide.Decision) bool {
	return a.Step == b.Step && a.Border == b.Border && a.Outcome == b.Outcome &&
		slices.EqualFunc(a.Cases, b.Cases, func(x, y decide.Case) bool {
			return slices.Equal(x.Conds, y.Conds) && x.Outcome == y.Outcome && x.Multiplexed == y.Multiplexed
		})
}

func decision(d decide.Decision) string {
	s := fmt.Sprint(d.Step, d.Border, d.Outcome)
	for _, c := range d.Cases {
		s += fmt.Sprint(c.Conds, c.Outcome, c.Multiplexed)
	}
	return s
}
