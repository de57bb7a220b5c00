package custom

import (
	"fmt"
	"strings"
	"testing"
)

const denyByDefault = `
  when    = node.default_action == "SCMP_ACT_ALLOW"
  at      = node.default_action
  message = "what is not listed is let through"
  fix {
    title         = "refuse it"
    applicability = "unsafe"
    replace {
      target = node.default_action
      with   = "SCMP_ACT_ERRNO"
    }
  }
`

func TestSeccompPack(t *testing.T) {
	passes(t, `
pack "profiles" {}

locals { broad = ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE"] }

rule "broad-gate" {
  summary = "no syscall is allowed for a very broad capability"
  on      = seccomp.rule
  when    = contains(node.names, "bpf") && length(setintersection(node.caps, local.broad)) > 0
  at      = node.names[index(node.names, "bpf")]
  message = "bpf is allowed with ${join(" or ", sort(setintersection(node.caps, local.broad)))}"
  fix {
    title         = "ask for CAP_BPF"
    applicability = "unsafe"
    replace {
      target = node.caps[0]
      with   = "CAP_BPF"
    }
  }
  test "CAP_SYS_ADMIN" {
    bad = <<-EOT
      {
        "defaultAction": "SCMP_ACT_ERRNO",
        "syscalls": [
          {"names": ["mount", "bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}}
        ]
      }
    EOT
    fixed = <<-EOT
      {
        "defaultAction": "SCMP_ACT_ERRNO",
        "syscalls": [
          {"names": ["mount", "bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_BPF"]}}
        ]
      }
    EOT
    expect {
      line    = 4
      column  = 25
      message = "bpf is allowed with CAP_SYS_ADMIN"
    }
  }
  test "CAP_BPF" {
    good = <<-EOT
      {"defaultAction": "SCMP_ACT_ERRNO",
       "syscalls": [{"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_BPF"]}}]}
    EOT
  }
}

rule "deny" {
  summary = "a profile refuses what it does not list"
  on      = seccomp.profile
`+denyByDefault+`
  test "allow" {
    bad   = "{\n  \"defaultAction\": \"SCMP_ACT_ALLOW\",\n  \"syscalls\": []\n}\n"
    fixed = "{\n  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n  \"syscalls\": []\n}\n"
    expect {
      line   = 2
      column = 20
    }
  }
  test "errno" { good = "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": []}" }
}

rule "tracing" {
  summary = "no profile lets processes trace others"
  on      = seccomp.decision["ptrace"]
  when    = node.allowed && decides(node.profile, "process_vm_readv", "amd64") == "SCMP_ACT_ALLOW"
  message = "ptrace: ${node.action}"
  fix {
    title         = "leave it out"
    applicability = "unsafe"
    delete { target = node }
  }
  test "both" {
    bad = <<-EOT
      {"defaultAction": "SCMP_ACT_ERRNO",
       "syscalls": [{"names": ["process_vm_readv", "ptrace"], "action": "SCMP_ACT_ALLOW"}]}
    EOT
    fixed = <<-EOT
      {"defaultAction": "SCMP_ACT_ERRNO",
       "syscalls": [{"names": ["process_vm_readv"], "action": "SCMP_ACT_ALLOW"}]}
    EOT
    expect {
      line   = 2
      column = 46
    }
  }
  test "for a capability" {
    good = <<-EOT
      {"defaultAction": "SCMP_ACT_ERRNO",
       "syscalls": [{"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_PTRACE"]}}]}
    EOT
  }
}
`)
}

// TestSeccompHosts checks places and fixes in profiles that other files hold.
func TestSeccompHosts(t *testing.T) {
	for _, tt := range []struct{ name, path, at, text string }{
		{
			"ConfigMap", "profiles.yaml", "7:24-40",
			"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: profiles}\ndata:\n  audit.json: |\n    {\n" +
				"      \"defaultAction\": \"SCMP_ACT_ALLOW\",\n      \"syscalls\": []\n    }\n",
		},
		{
			"SeccompProfile", "profile.yaml", "5:18-32",
			"apiVersion: security-profiles-operator.x-k8s.io/v1beta1\nkind: SeccompProfile\nmetadata: {name: a}\n" +
				"spec:\n  defaultAction: SCMP_ACT_ALLOW\n",
		},
		{
			"label", "Dockerfile", "2:56-72",
			"FROM debian:12\nLABEL io.containers.seccomp.profile='{\"defaultAction\": \"SCMP_ACT_ALLOW\", " +
				"\"syscalls\": []}'\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pack := oneRule("seccomp.profile", strings.Replace(denyByDefault, "what", "line ${node.line}: what", 1))
			files := map[string]string{tt.path: tt.text}
			list, _ := found(t, pack, files)
			if !strings.HasPrefix(list, tt.at+" ") {
				t.Errorf("found %q, not at %s", list, tt.at)
			}
			if line, _, _ := strings.Cut(tt.at, ":"); tt.name == "label" && !strings.Contains(list, "line "+line+":") {
				t.Errorf("found %q, not on line %s", list, line)
			}
			after, rejected := fixed(t, pack, files)
			if len(rejected) > 0 {
				t.Errorf("rejected: %s", rejected[0].Reason)
			}
			if want := strings.Replace(tt.text, "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", 1); after[tt.path] != want {
				t.Errorf("fixed:\n%s\nwant:\n%s", after[tt.path], want)
			}
		})
	}
}

const profileText = `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 38,
  "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
  "syscalls": [
    {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"},
    {"names": ["clone"], "action": "SCMP_ACT_ALLOW",
     "args": [{"index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]},
    {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "comment": "why",
     "excludes": {"caps": ["CAP_SYS_ADMIN"]}}
  ]
}
`

// TestSeccompValues checks attributes by the message that a rule makes of them.
func TestSeccompValues(t *testing.T) {
	for _, tt := range []struct{ on, message, want string }{
		{
			"seccomp.profile",
			`${node.default_errno} ${node.dialect} ${join(",", node.syscalls)} ${join(",", node.hosts)}`,
			"ENOSYS docker clone,clone3,read,write SCMP_ARCH_X86_64",
		},
		{"seccomp.profile", `${node.archmap["SCMP_ARCH_X86_64"][0]} ${length(file.rules)}`, "SCMP_ARCH_X86 3"},
		{
			"seccomp.rule", `${node.index} ${node.errno} ${node.comment} ${join(",", node.excludes_caps)}|` +
				`${join(",", [for a in node.args : "${a.index} ${a.op} ${a.value}"])}`,
			"0 |;1 |0 SCMP_CMP_MASKED_EQ 2114060288;2 EPERM why CAP_SYS_ADMIN|",
		},
		{`seccomp.decision["read"]`, `${node.action} ${node.allowed} ${node.errno} ${node.named}`,
			"SCMP_ACT_ALLOW true true"},
		{`seccomp.decision["ptrace"]`, `${node.action} ${node.allowed} ${node.errno} ${node.named} ${node.conditional}`,
			"SCMP_ACT_ERRNO false ENOSYS false false"},
		{`seccomp.decision["clone"]`, `${known(node.action)} ${known(node.allowed)} ${node.conditional}`,
			"false false true"},
		{`seccomp.decision["clone3"]`, `${node.action} ${node.errno} ${node.archs["SCMP_ARCH_X86"]}`,
			"SCMP_ACT_ERRNO EPERM SCMP_ACT_ERRNO"},
		{"seccomp.profile", `${decides(node.profile, "read", "SCMP_ARCH_X86_64")} ` +
			`${decides(node.profile, "socketcall", "amd64")}| ${known(decides(node.profile, "clone", "amd64"))}`,
			"SCMP_ACT_ALLOW | false"},
	} {
		_, result := found(t, oneRule(tt.on, "  when = true\n  message = <<EOT\n"+tt.message+"\nEOT"),
			map[string]string{"seccomp.json": profileText})
		var got []string
		for _, f := range result.Findings {
			got = append(got, f.Message)
		}
		var want []string
		for s := range strings.SplitSeq(tt.want, ";") {
			want = append(want, oneLine(s))
		}
		if strings.Join(got, ";") != strings.Join(want, ";") {
			t.Errorf("%s: %s gives\n%s\nwant\n%s", tt.on, tt.message, strings.Join(got, ";"), strings.Join(want, ";"))
		}
	}
}

// TestSeccompEdits checks what can be done to the parts of a profile, and that the proof accepts it.
func TestSeccompEdits(t *testing.T) {
	const profile = "{\n  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n" +
		"  \"architectures\": [\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\"],\n" +
		"  \"syscalls\": [\n    {\"names\": [\"read\", \"write\"], \"action\": \"SCMP_ACT_ALLOW\"},\n" +
		"    {\"names\": [\"kexec_load\"], \"action\": \"SCMP_ACT_KILL_PROCESS\"}\n  ]\n}\n"
	for _, tt := range []struct{ on, when, edit, old, becomes string }{
		{
			"seccomp.rule", `contains(node.names, "write")`, `delete { target = node.names[1] }`, `"read", "write"`,
			`"read"`,
		},
		{
			"seccomp.rule", `contains(node.names, "kexec_load")`, `delete { target = node.names[0] }`,
			",\n    {\"names\": [\"kexec_load\"], \"action\": \"SCMP_ACT_KILL_PROCESS\"}", "",
		},
		{
			"seccomp.rule", `contains(node.names, "kexec_load")`, `delete { target = node }`,
			",\n    {\"names\": [\"kexec_load\"], \"action\": \"SCMP_ACT_KILL_PROCESS\"}", "",
		},
		{
			"seccomp.rule", `contains(node.names, "write") && length(node.names) == 2`,
			"insert {\n      after = node.names[1]\n      text = \"close\"\n    }", `"read", "write"`,
			`"read", "write", "close"`,
		},
		{
			"seccomp.rule", `contains(node.names, "write") && length(node.names) == 2`,
			"insert {\n      before = node.names[0]\n      text = \"close\"\n    }", `"read", "write"`,
			`"close", "read", "write"`,
		},
		{
			"seccomp.rule", `node.action == "SCMP_ACT_KILL_PROCESS"`,
			"replace {\n      target = node.action\n      with = \"SCMP_ACT_ERRNO\"\n    }",
			`"SCMP_ACT_KILL_PROCESS"`, `"SCMP_ACT_ERRNO"`,
		},
		{
			"seccomp.rule", `node.action == "SCMP_ACT_KILL_PROCESS"`,
			"replace {\n      target = node.errno\n      with = \"ENOSYS\"\n    }",
			`"SCMP_ACT_KILL_PROCESS"`, `"SCMP_ACT_ERRNO", "errnoRet": 38`,
		},
		{
			"seccomp.profile", `contains(node.architectures, "SCMP_ARCH_X86")`,
			`delete { target = node.architectures[1] }`, `, "SCMP_ARCH_X86"`, "",
		},
		{
			`seccomp.decision["ptrace"]`, `node.action == "SCMP_ACT_ERRNO"`,
			"replace {\n      target = node\n      with = \"SCMP_ACT_KILL_PROCESS\"\n    }", `"SCMP_ACT_ERRNO"`,
			`"SCMP_ACT_KILL_PROCESS"`,
		},
	} {
		pack := oneRule(tt.on, fmt.Sprintf(
			"  when = %s\n  message = \"m\"\n  fix {\n    title = \"t\"\n    applicability = \"unsafe\"\n    %s\n  }",
			tt.when, tt.edit))
		after, rejected := fixed(t, pack, map[string]string{"seccomp.json": profile})
		if len(rejected) > 0 {
			t.Errorf("%s %s: rejected: %s", tt.when, tt.edit, rejected[0].Reason)
		}
		if want := strings.Replace(profile, tt.old, tt.becomes, 1); after["seccomp.json"] != want {
			t.Errorf("%s %s:\n%s\nwant\n%s", tt.when, tt.edit, after["seccomp.json"], want)
		}
	}
}

// TestSeccompNames checks that syscalls and architectures are checked when a pack is loaded.
func TestSeccompNames(t *testing.T) {
	for on, want := range map[string]string{
		`seccomp.decision["ptrce"]`:     `there is no syscall "ptrce"; did you mean "ptrace"?`,
		`seccomp.decision["zzzzzzzzz"]`: `there is no syscall "zzzzzzzzz"`,
		`seccomp.decision`:              "needs the name of a syscall",
	} {
		_, problems := tryLoad(oneRule(on, "  when = true\n  message = \"m\""))
		if len(problems) != 1 || !strings.Contains(problems[0].Message, want) {
			t.Errorf("%s: %v", on, problems)
		}
	}
	for call, want := range map[string]string{
		`decides(node.profile, "ptrce", "amd64")`: `did you mean "ptrace"`,
		`decides(node.profile, "ptrace", "x64")`:  `there is no architecture "x64"`,
		`decides("a", "ptrace", "amd64")`:         "profile",
	} {
		_, problems := tryLoad(oneRule("seccomp.profile", "  when = "+call+" == \"\"\n  message = \"m\""))
		if len(problems) == 0 || !strings.Contains(problems[0].Message, want) {
			t.Errorf("%s: %v", call, problems)
		}
	}
}

// TestSeccompBroken checks that rules about broken profiles neither fail nor fix.
func TestSeccompBroken(t *testing.T) {
	for _, text := range []string{"{", "[]", "null", "{\"syscalls\": [null, {}]}",
		"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"defaultAction\": \"SCMP_ACT_ALLOW\"}"} {
		for on, body := range map[string]string{
			"seccomp.profile":            denyByDefault,
			"seccomp.rule":               "  when = node.action == \"\"\n  message = \"m\"",
			`seccomp.decision["ptrace"]`: "  when = node.allowed\n  message = \"m\"",
		} {
			_, result := found(t, oneRule(on, body), map[string]string{"seccomp.json": text})
			for _, f := range result.Findings {
				if len(f.Fixes) > 0 {
					t.Errorf("%s: a fix is offered", text)
				}
			}
		}
	}
}
