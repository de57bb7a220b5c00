package shell

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"golang.org/x/tools/txtar"
)

// sameFromCache checks that a cache returns what Parse does, for a text in different places and with other variables.
func sameFromCache(t *testing.T, c *Cache, text string, d Dialect) {
	t.Helper()
	for n, base := range []int{7, 7, 9, 3, 0, 1000, 8, 2000, 10, 3000, 12, 4000, 5000, 6000, 7000, 8000, 7, 9} {
		env := func(name string) (string, bool) {
			if n%5 == 4 {
				return "other", name != "A"
			}
			return "a b", len(name)%3 != 0
		}
		got, want := c.ParseJoined([]byte(text), base, d, env), ParseJoined([]byte(text), base, d, env)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("text %q at %d:\n%s\nwant\n%s", text, base, dump(got, text), dump(want, text))
		}
	}
}

func TestCache(t *testing.T) {
	c := new(Cache)
	archive, err := txtar.ParseFile(filepath.Join("testdata", "commands.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		for _, d := range []Dialect{Sh, Bash, Cmd, PowerShell} {
			sameFromCache(t, c, string(f.Data), d)
		}
	}
	for _, text := range []string{
		"a $A ${B:-$CC} | tee -a f && { b; c; } > g <<< h",
		"sh -c 'a | b > c' && bash <<'E'\nnix-env -i\nE\n",
		"f() { echo $A >> x; }; for i in 1 2; do f | cat; done", "a 'b", "cat <<EOF > f\n$A\n", "export A=b; c=$A d $c",
		"( a; b ) | ( c; d ) > e", "echo a > b && echo c >> b && echo d >> b",
	} {
		sameFromCache(t, c, text, Sh)
	}
}

// TestCacheReuses checks that a script in its old place is the same one, and that another place costs no reading.
func TestCacheReuses(t *testing.T) {
	c := new(Cache)
	text := []byte("a $A | b && c > d")
	asked := 0
	env := func(string) (string, bool) { asked++; return "v", true }
	first := c.Parse(text, 5, Sh, env)
	if c.Parse(text, 5, Sh, env) != first {
		t.Error("the script was read again")
	}
	allocs := func(parse func()) float64 { return testing.AllocsPerRun(20, parse) }
	base := 10
	moved := allocs(func() { base++; c.Parse(text, base, Sh, env) })
	if read := allocs(func() { Parse(text, 5, Sh, env) }); moved > read/2 {
		t.Errorf("moving the script allocates %v times, reading it %v times", moved, read)
	}
}

func TestCacheForgets(t *testing.T) {
	c := new(Cache)
	for n := range 5000 {
		c.Parse(fmt.Appendf(nil, "a%d %s", n, bytes.Repeat([]byte("x"), 1000)), 5, Sh, nil)
	}
	size := 0
	for _, generation := range []map[cacheKey][]remembered{c.young, c.old} {
		for key := range generation {
			size += len(key.text)
		}
	}
	if size > 2*maxCached {
		t.Errorf("%d bytes of text are kept", size)
	}
	var nothing *Cache
	if s := nothing.Parse([]byte("a"), 0, Sh, nil); len(s.Commands) != 1 {
		t.Error("a nil cache reads nothing")
	}
}

// TestCacheOfFuzzInputs checks the inputs that the fuzz test found.
func TestCacheOfFuzzInputs(t *testing.T) {
	inputs, err := filepath.Glob(filepath.Join("testdata", "fuzz", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	c := new(Cache)
	for _, input := range inputs {
		text, err := os.ReadFile(input)
		if err != nil {
			t.Fatal(err)
		}
		sameFromCache(t, c, string(text), Bash)
	}
}
