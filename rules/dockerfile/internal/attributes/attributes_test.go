package attributes

import "testing"

// The expected modes are those of GNU chmod 9.1 with the umask 022.
func TestApply(t *testing.T) {
	for _, c := range []struct {
		mode string
		base uint32
		want uint32
		ok   bool
	}{
		{"+x", 0o644, 0o755, true},
		{"+x", 0o600, 0o711, true},
		{"a+x", 0o640, 0o751, true},
		{"u+x,g-r", 0o644, 0o704, true},
		{"+w", 0o444, 0o644, true},
		{"a+w", 0o444, 0o666, true},
		{"u=rwx,go=rx", 0o600, 0o755, true},
		{"go=", 0o777, 0o700, true},
		{"+r", 0o200, 0o644, true},
		{"=r", 0o600, 0, false},
		{"u+s", 0o755, 0, false},
		{"+X", 0o644, 0, false},
		{"g=u", 0o644, 0, false},
		{"", 0o644, 0, false},
		{"u", 0o644, 0, false},
		{"x", 0o644, 0, false},
	} {
		got, ok := apply(c.mode, c.base)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("chmod %s of %03o: got %03o, %v, want %03o, %v", c.mode, c.base, got, ok, c.want, c.ok)
		}
	}
}

func TestSpecial(t *testing.T) {
	for mode, want := range map[string]bool{
		"4755": true, "u+s": true, "1777": true, "755": false, "0755": false, "+x": false,
	} {
		if Special(mode) != want {
			t.Errorf("Special(%q) = %v", mode, !want)
		}
	}
}
