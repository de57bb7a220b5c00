package distro

import "testing"

func TestLacks(t *testing.T) {
	for _, c := range []struct {
		name, tag string
		option    Option
		want      bool
	}{
		{"alpine", "3.2", ApkNoCache, true},
		{"alpine", "3.20", ApkNoCache, false},
		{"alpine", "2.7.1", ApkNoCache, true},
		{"alpine", "", ApkNoCache, false},
		{"alpine", "3.2", PipNoCacheDir, false},
		{"debian", "jessie-slim", PipNoCacheDir, true},
		{"debian", "12", PipNoCacheDir, false},
		{"ubuntu", "14.04", PipNoCacheDir, true},
		{"python", "8", PipNoCacheDir, false},
	} {
		if got := Lacks(c.name, c.tag, c.option); got != c.want {
			t.Errorf("Lacks(%q, %q, %q) = %v", c.name, c.tag, c.option, got)
		}
	}
}
