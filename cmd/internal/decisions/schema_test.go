package decisions

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/cmd/internal/schematest"

	fixseccomp "github.com/sandlint/sandlint/fixers/seccomp"
	"github.com/sandlint/sandlint/parsers/recording"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

// conforms checks that output follows a schema of docs/schema.
func conforms(t *testing.T, schema, what string, output []byte) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "schema", schema+".schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := schematest.Check(text, output); err != nil {
		t.Errorf("%s does not follow %s: %v\n%s", what, schema, err, output)
	}
}

// schemaProfiles have between them every step, a refusal, overlaps, dead rules and rules that capabilities guard.
var schemaProfiles = map[string]string{
	"plain": `{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],"syscalls":[` +
		`{"names":["read","statx","nosuch"],"action":"SCMP_ACT_ALLOW"},{"names":["read"],"action":"SCMP_ACT_LOG"},` +
		`{"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"op":"SCMP_CMP_EQ","value":2},` +
		`{"index":1,"op":"SCMP_CMP_MASKED_EQ","value":1,"valueTwo":1}]},{"names":["socket"],"action":"SCMP_ACT_TRAP",` +
		`"args":[{"index":0,"op":"SCMP_CMP_LT","value":18446744073709551615}]}]}`,
	"docker": `{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"archMap":[{"architecture":"SCMP_ARCH_X86_64",` +
		`"subArchitectures":["SCMP_ARCH_X86"]},{"architecture":"SCMP_ARCH_ARM","subArchitectures":[]}],"syscalls":[` +
		`{"names":["read","write"],"action":"SCMP_ACT_ALLOW"},{"names":["mount"],"action":"SCMP_ACT_ALLOW",` +
		`"includes":{"caps":["CAP_SYS_ADMIN"],"minKernel":"5.1"}}]}`,
	"refused": `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mount"],"action":"SCMP_ACT_KILL_ALL"}]}`,
	"off":     `{}`,
}

func TestOutputFollowsSchemas(t *testing.T) {
	var profiles []*seccomp.Profile
	for name, text := range schemaProfiles {
		p := seccomp.Parse(source.NewFile(name+".json", []byte(text)))
		profiles = append(profiles, p)
		for _, words := range []string{"", "2,1,0", "2"} {
			args, err := ParseArgs(words)
			if words == "" {
				args, err = Args{}, nil
			}
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			asked := []string{"read", "socket", "mount", "uretprobe", "openat2", "600", "0", "nosuch", "mkdirr"}
			if err := WriteExplanationsJSON(&b, p, Explain(p, Scope{}, asked, args)); err != nil {
				t.Fatal(err)
			}
			conforms(t, "seccomp-explain", "explain "+name+" "+words, b.Bytes())
		}
		conformsAudit(t, p, name)
		var b bytes.Buffer
		if err := NewTable(p, Scope{AllArchs: true}).WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		conforms(t, "seccomp-table", "table "+name, b.Bytes())
		for _, h := range p.Hosts() {
			text := fixseccomp.OCI(decide.Resolve(p, decide.LoaderDocker, decide.Host{Arch: h}))
			if text != nil {
				conforms(t, "seccomp-resolve", "resolve "+name, text)
			}
		}
	}
	var list bytes.Buffer
	if err := WriteProfilesJSON(&list); err != nil {
		t.Fatal(err)
	}
	conforms(t, "seccomp-profiles", "profiles", list.Bytes())
	conformsAudit(t, nil, "none")
	for _, base := range profiles {
		for _, add := range profiles {
			var b bytes.Buffer
			merged, obstacle := fixseccomp.Merge(base, []*seccomp.Profile{add}, decide.Targets{})
			if err := WriteMergeJSON(&b, base, []*seccomp.Profile{add}, merged, obstacle); err != nil {
				t.Fatal(err)
			}
			conforms(t, "seccomp-merge", "merge "+base.Source.Path+" "+add.Source.Path, b.Bytes())
		}
	}
	for _, old := range profiles {
		for _, new := range profiles {
			var b bytes.Buffer
			if err := NewDiff(old, new, Scope{}).WriteJSON(&b); err != nil {
				t.Fatal(err)
			}
			conforms(t, "seccomp-diff", "diff "+old.Source.Path+" "+new.Source.Path, b.Bytes())
		}
	}
	var b bytes.Buffer
	if err := someDiff().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	conforms(t, "seccomp-diff", "diff", b.Bytes())
	b.Reset()
	facts := Which([]string{"clone3", "oldwait4", "fchmodat2", "socket", "msgget", "435", "99999", "mkdirr"}, nil)
	if err := WriteFactsJSON(&b, facts, nil); err != nil {
		t.Fatal(err)
	}
	conforms(t, "seccomp-which", "which", b.Bytes())
}

// conformsAudit checks the JSON of audit, for records of every kind.
func conformsAudit(t *testing.T, p *seccomp.Profile, name string) {
	t.Helper()
	var records Records
	rec, err := recording.Events(strings.NewReader(`type=1326 comm="a" exe="/b" arch=c000003e syscall=435 code=0x50000
arch=c000003e syscall=41 code=0x50026
arch=c000003e syscall=41 code=0x30000
arch=40000003 syscall=5 compat=1 code=0x0
arch=c000003e syscall=1073741825 code=0x80000000
arch=c000003e syscall=-1 code=0x12345678
arch=c000003e syscall=9999 code=0x7ff00000
arch=x86_64 syscall=nosuch code=log
arch=12345678 syscall=1 code=0x7fff0000
arch=c0009026 syscall=1 code=0x7fc00000
arch=c000003e syscall=1
arch=`), records.Add)
	if err != nil {
		t.Fatal(err)
	}
	verdicts := Audit(&records, p, Scope{})
	if len(verdicts) != 11 {
		t.Errorf("%d records", len(verdicts))
	}
	var b bytes.Buffer
	if err := WriteVerdictsJSON(&b, verdicts, p, rec); err != nil {
		t.Fatal(err)
	}
	conforms(t, "seccomp-audit", "audit "+name, b.Bytes())
	b.Reset()
	if err := WriteVerdicts(&b, verdicts, p, false); err != nil || b.Len() == 0 {
		t.Errorf("%d bytes, error %v", b.Len(), err)
	}
}

// The schemas refuse what they should.
func TestSchemasRefuse(t *testing.T) {
	for schema, text := range map[string]string{
		"seccomp-explain":  `{"version":1,"file":"a","refusals":[],"syscalls":[{"asked":"a"}]}`,
		"seccomp-table":    `{"version":1,"file":"a"}`,
		"seccomp-diff":     `{"version":2}`,
		"seccomp-which":    `{"version":1,"libseccomp":"2.6.1","syscalls":[],"more":1}`,
		"seccomp-resolve":  `{"syscalls":[]}`,
		"seccomp-profiles": `{"version":1,"engines":[],"profiles":[]}`,
		"seccomp-merge": `{"version":1,"base":"a","additions":["b"],"proved":true,"changed":true,"profile":1,` +
			`"obstacle":null}`,
		"seccomp-audit": `{"version":1,"file":null,"malformed":0,"records":[{"line":1}]}`,
	} {
		b, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "schema", schema+".schema.json"))
		if err != nil {
			t.Fatal(err)
		}
		if schematest.Check(b, []byte(text)) == nil {
			t.Errorf("%s takes %s", schema, text)
		}
	}
}
