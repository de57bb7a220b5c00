package decide

import (
	"fmt"
	"testing"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

func TestAlternatives(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{`[]`, "[[]]"},
		{
			`[{"index":0,"value":3,"op":"SCMP_CMP_EQ"},{"index":1,"value":4,"op":"SCMP_CMP_NE"}]`,
			"[[arg0 == 3 arg1 != 4]]",
		},
		{
			`[{"index":0,"value":3,"op":"SCMP_CMP_GE"},{"index":0,"value":7,"op":"SCMP_CMP_LE"}]`,
			"[[arg0 >= 3] [arg0 <= 7]]",
		},
		{`[{"index":0,"value":0,"valueTwo":7,"op":"SCMP_CMP_MASKED_EQ"}]`, "[[]]"},
		{`[{"index":0,"value":0,"op":"SCMP_CMP_MASKED_EQ"},{"index":1,"value":1,"op":"SCMP_CMP_EQ"}]`, "[[arg1 == 1]]"},
		{
			`[{"index":0,"value":0,"op":"SCMP_CMP_MASKED_EQ"},{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]`,
			"[[] [arg0 == 1]]",
		},
		{`[{"index":0,"value":6,"valueTwo":9,"op":"SCMP_CMP_MASKED_EQ"}]`, "[[arg0 & 0x6 == 0x0]]"},
	} {
		p := seccomp.Parse(source.NewFile("p",
			[]byte(`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ERRNO","args":`+
				tt.args+`}]}`)))
		if got := fmt.Sprint(Alternatives(p.Rules[0])); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.args, got, tt.want)
		}
	}
}

func TestOutcomeFor(t *testing.T) {
	p := seccomp.Parse(source.NewFile("p",
		[]byte(`{"defaultAction":"SCMP_ACT_ERRNO","defaultErrno":"ENOSYS","syscalls":[
		{"names":["read"],"action":"SCMP_ACT_ERRNO","errnoRet":1,"errno":"EINVAL"},{"names":["read"],`+
			`"action":"SCMP_ACT_KILL"}]}`)))
	for _, tt := range []struct {
		loader             Loader
		def, first, second string
	}{
		{LoaderContainers, "ERRNO ENOSYS", "ERRNO EINVAL", "KILL_THREAD"},
		{LoaderDocker, "ERRNO EPERM", "ERRNO EPERM", "KILL_THREAD"},
		{LoaderOCI, "ERRNO EPERM", "ERRNO EPERM", "KILL_THREAD"},
	} {
		def, first, second := DefaultFor(p, tt.loader).String(), OutcomeFor(p.Rules[0], tt.loader).String(),
			OutcomeFor(p.Rules[1], tt.loader).String()
		if def != tt.def || first != tt.first || second != tt.second {
			t.Errorf("%s: %s, %s, %s; want %s, %s, %s", tt.loader, def, first, second, tt.def, tt.first, tt.second)
		}
	}
}
