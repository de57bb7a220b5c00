package shell

import (
	"strings"
	"testing"
)

// TestJoined shows the operator before each command.
func TestJoined(t *testing.T) {
	for text, want := range map[string]string{
		"a && b; c || d | e\nf & g": "a &&b ;c ||d |e ;f &g",
		"a | b && c":                "a |b &&c",
		"if a; then b; c; fi; d":    "a b ;c ;d",
		"(a; b) && c":               "a ;b &&c",
		"a && (b; c) || d":          "a &&b ;c ||d",
		"x=$(a; b) && c":            " a ;b &&c",
		"a && ! b":                  "a &&b",
		"a |& b":                    "a |b",
		"f() { a; b; }; f":          "a ;b ;f",
		"sh -c 'a && b'; c":         "sh a &&b ;c",
	} {
		var got []string
		for _, c := range Parse([]byte(text), 0, Bash, nil).Commands {
			got = append(got, c.Joined+c.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", text, strings.Join(got, " "), want)
		}
	}
}
