package seccomptest

import (
	"slices"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"
)

func TestStart(t *testing.T) {
	heavytest.Need(t, "starts containers as root")
	if len(Runtimes()) == 0 {
		heavytest.Skip(t, "no runtime starts a container here")
	}
	r := Runtimes()[0]
	for _, tt := range []struct {
		profile string
		want    bool
	}{
		{`{"defaultAction": "SCMP_ACT_ALLOW"}`, true},
		{with(eperm, "execve").profile(), false},
		{with(kill, "mkdir").profile(), true},
		{with(notify, "getuid", "execve").profile(), true},
	} {
		if result, err := r.Start(Container{Profile: tt.profile, NoNewPrivileges: true}); err != nil ||
			result.Started() != tt.want {
			t.Errorf("%s under %s: %+v, %v; want a start: %v", r, tt.profile, result, err, tt.want)
		}
	}
}

func TestDenialProfile(t *testing.T) {
	d := with(kill, "b", "a")
	d["c"] = 38
	want := `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [` +
		`{"names": ["a", "b"], "action": "SCMP_ACT_KILL_PROCESS"}, ` +
		`{"names": ["c"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}`
	if got := d.profile(); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got := with(notify, "a").profile(); !strings.Contains(got, `"listenerPath": "LISTENER"`) {
		t.Error(got)
	}
}

func TestUntried(t *testing.T) {
	n := &Needs{Clauses: []Clause{
		{[]string{"close"}, Errnos},
		{[]string{"fcntl", "openat2"}, Errnos},
		{[]string{"openat2", "readlinkat"}, Errnos},
		{[]string{"faccessat2"}, []int{13, 22}},
	}}
	var m Measurement
	tried := map[string]bool{}
	var got []string
	for {
		choice, ok := m.untried(n, eperm, tried)
		if !ok {
			break
		}
		got = append(got, strings.Join(choice, " "))
		tried[strings.Join(choice, " ")] = true
	}
	if want := []string{"close openat2", "close fcntl readlinkat"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
