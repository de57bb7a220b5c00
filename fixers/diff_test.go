package fixers

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/heavytest"

	"github.com/google/go-cmp/cmp"
)

func TestUnified(t *testing.T) {
	tests := []struct {
		name, path, before, after, want string
	}{
		{"equal", "f", "a\n", "a\n", ""},
		{"equal and empty", "f", "", "", ""},
		{"one line", "f", "a\n", "b\n", "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"},
		{"from empty", "f", "", "a\nb\n", "--- a/f\n+++ b/f\n@@ -0,0 +1,2 @@\n+a\n+b\n"},
		{"to empty", "f", "a\n", "", "--- a/f\n+++ b/f\n@@ -1 +0,0 @@\n-a\n"},
		{"context of three lines", "d/f", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
			"--- a/d/f\n+++ b/d/f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"},
		{
			"insertion only", "f", "1\n2\n3\n4\n5\n", "1\n2\n3\n4\nx\n5\n",
			"--- a/f\n+++ b/f\n@@ -2,4 +2,5 @@\n 2\n 3\n 4\n+x\n 5\n",
		},
		{
			"deletion of the first line", "f", "1\n2\n3\n4\n5\n", "2\n3\n4\n5\n",
			"--- a/f\n+++ b/f\n@@ -1,4 +1,3 @@\n-1\n 2\n 3\n 4\n",
		},
		{"a gap of six lines joins hunks", "f", "a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
			"--- a/f\n+++ b/f\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n"},
		{"a gap of seven lines parts them", "f", "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
			"--- a/f\n+++ b/f\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n"},
		{
			"deletions stand before insertions", "f", "a\nb\nc\n", "x\ny\nz\n",
			"--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n-a\n-b\n-c\n+x\n+y\n+z\n",
		},
		{"CRLF stays", "f", "a\r\nb\r\n", "a\r\nc\r\n", "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\r\n-b\r\n+c\r\n"},
		{"CRLF to LF", "f", "a\r\n", "a\n", "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\r\n+a\n"},
		{
			"no final newline on both sides", "f", "a\nb", "c\nb",
			"--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n-a\n+c\n b\n\\ No newline at end of file\n",
		},
		{
			"final newline added", "f", "a\nb", "a\nb\n",
			"--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n",
		},
		{
			"final newline removed", "f", "b\n", "b",
			"--- a/f\n+++ b/f\n@@ -1 +1 @@\n-b\n+b\n\\ No newline at end of file\n",
		},
		{
			"invalid UTF-8 stays", "f", "\xff\xfe\nb\n", "\xff\xfe\n\xc3\n",
			"--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n \xff\xfe\n-b\n+\xc3\n",
		},
		{"byte order mark", "f", "\ufeffa\n", "a\n", "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-\ufeffa\n+a\n"},
		{"name with a blank", "my file", "a\n", "b\n", "--- a/my file\t\n+++ b/my file\t\n@@ -1 +1 @@\n-a\n+b\n"},
		{"name to be quoted", "t\ta\"b\\ü\x7f\x01", "a\n", "b\n",
			`--- "a/t\ta\"b\\\303\274\177\001"` + "\n" + `+++ "b/t\ta\"b\\\303\274\177\001"` + "\n@@ -1 +1 @@\n-a\n" +
				"+b\n"},
		{"leading dot and slash", "./f", "a\n", "b\n", "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"},
		{"absolute name", "/srv/f", "a\n", "b\n", "--- a/srv/f\n+++ b/srv/f\n@@ -1 +1 @@\n-a\n+b\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := Unified(test.path, []byte(test.before), []byte(test.after))
			if d := cmp.Diff(test.want, string(got)); d != "" {
				t.Error(d)
			}
			if test.want == "" && got != nil {
				t.Error("equal texts give a patch that is not nil")
			}
		})
	}
}

// TestUnifiedMinimal compares the number of changed lines with that of the longest common subsequence.
func TestUnifiedMinimal(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		before := randomText(r)
		after := mutate(r, before)
		a, b := splitLines(before), splitLines(after)
		changed := 0
		for _, c := range diffLines(a, b) {
			changed += c.a1 - c.a0 + c.b1 - c.b0
		}
		if want := len(a) + len(b) - 2*lcs(a, b); changed != want {
			t.Fatalf("%d changed lines, want %d:\n%q\n%q", changed, want, before, after)
		}
	}
}

func lcs(a, b [][]byte) int {
	row := make([]int, len(b)+1)
	for i := range a {
		diagonal := 0
		for j := range b {
			next := row[j+1]
			if bytes.Equal(a[i], b[j]) {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(row[j+1], row[j])
			}
			diagonal = next
		}
	}
	return row[len(b)]
}

func TestUnifiedLarge(t *testing.T) {
	text := func(n int, line string) []byte {
		var b bytes.Buffer
		for i := range n {
			fmt.Fprintf(&b, line, i)
		}
		return b.Bytes()
	}
	head, tail := text(500, "head %d\n"), text(500, "tail %d\n")
	before := bytes.Join([][]byte{head, text(15_000, "old %d\n"), tail}, nil)
	after := bytes.Join([][]byte{head, text(12_000, "new %d\n"), tail}, nil)
	patch := Unified("f", before, after)
	if n := bytes.Count(patch, []byte("\n@@ ")); n != 1 {
		t.Errorf("%d hunks, want one", n)
	}
	if !bytes.Contains(patch, []byte("@@ -498,15006 +498,12006 @@\n")) {
		t.Errorf("the hunk does not cover what changed: %q", patch[:200])
	}
	got, err := applyPatch(before, patch)
	if err != nil || !bytes.Equal(got, after) {
		t.Errorf("the patch does not give the new text: %v", err)
	}
}

func FuzzUnified(f *testing.F) {
	f.Add("f", []byte("a\nb\n"), []byte("a\nc"))
	f.Add("a b", []byte("--- a/f\n+++ b/f\n@@ -1 +1 @@\n"), []byte("@@ -1 +1 @@\r\n\\ No newline at end of file\n"))
	f.Add("\xff", []byte(""), []byte("\n"))
	f.Add("..", []byte("\xff\n\n\n"), []byte("\n\xff\n\n\xfe"))
	f.Fuzz(func(t *testing.T, path string, before, after []byte) {
		patch := Unified(path, before, after)
		if bytes.Equal(before, after) {
			if patch != nil {
				t.Fatalf("equal texts give %q", patch)
			}
			return
		}
		got, err := applyPatch(before, patch)
		if err != nil {
			t.Fatalf("%v\n%q", err, patch)
		}
		if !bytes.Equal(got, after) {
			t.Fatalf("got %q, want %q", got, after)
		}
	})
}

var hunkHeader = regexp.MustCompile(`^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@$`)

// applyPatch applies a patch of one file, and checks every line and number of it.
func applyPatch(before, patch []byte) ([]byte, error) {
	lines := bytes.SplitAfter(patch, []byte("\n"))
	if len(lines) < 3 || !bytes.HasPrefix(lines[0], []byte("--- ")) || !bytes.HasPrefix(lines[1], []byte("+++ ")) {
		return nil, fmt.Errorf("no header")
	}
	old := bytes.SplitAfter(before, []byte("\n"))
	if len(old[len(old)-1]) == 0 {
		old = old[:len(old)-1]
	}
	var out [][]byte
	at := 0
	for i := 2; i < len(lines) && len(lines[i]) > 0; {
		m := hunkHeader.FindSubmatch(bytes.TrimSuffix(lines[i], []byte("\n")))
		if m == nil {
			return nil, fmt.Errorf("line %d is not a hunk header: %q", i+1, lines[i])
		}
		i++
		var n [4]int
		for k := range n {
			n[k] = 1
			if m[k+1] != nil {
				n[k], _ = strconv.Atoi(string(m[k+1]))
			}
		}
		start, newStart := n[0]-1, n[2]-1
		if n[1] == 0 {
			start++
		}
		if n[3] == 0 {
			newStart++
		}
		if start < at || start > len(old) {
			return nil, fmt.Errorf("hunk out of place: %q", m[0])
		}
		out = append(out, old[at:start]...)
		at = start
		if newStart != len(out) {
			return nil, fmt.Errorf("new range %q, but %d lines stand before it", m[0], len(out))
		}
		for n[1] > 0 || n[3] > 0 {
			mark, line := lines[i][0], lines[i][1:]
			i++
			if i < len(lines) && string(lines[i]) == "\\ No newline at end of file\n" {
				line = bytes.TrimSuffix(line, []byte("\n"))
				i++
			}
			if mark != '+' {
				if n[1]--; at >= len(old) || !bytes.Equal(old[at], line) {
					return nil, fmt.Errorf("old line %d is not %q", at+1, line)
				}
				at++
			}
			if mark != '-' {
				n[3]--
				out = append(out, line)
			}
			if mark != '+' && mark != '-' && mark != ' ' || n[1] < 0 || n[3] < 0 {
				return nil, fmt.Errorf("line %d of the patch is out of place", i)
			}
		}
	}
	return bytes.Join(append(out, old[at:]...), nil), nil
}

// oddLines are lines that a careless patch writer or reader trips over.
var oddLines = []string{
	"", "a", "b", "RUN make", "--- a/f", "+++ b/f", "-- x", "++ x", "@@ -1 +1 @@", "@@ -1,2 +1,2 @@",
	`\ No newline at end of file`, "diff --git a/f b/f",
	"index 0000000..1111111 100644", "Index: f", "-", "+", " ", "\t", "äöü", "\xff\xfe", "\x00", "a\rb", "\ufeffx",
	"GIT binary patch", "rename from f", "*** f", "1c1", "0a1",
}

func randomText(r *rand.Rand) []byte {
	var b bytes.Buffer
	ends := [][]string{{"\n"}, {"\r\n"}, {"\n", "\r\n"}, {"\n", "\r\n", "\r\r\n"}}[r.IntN(4)]
	n := r.IntN(40)
	if r.IntN(8) == 0 {
		n = 0
	}
	for range n {
		b.WriteString(oddLines[r.IntN(len(oddLines))])
		b.WriteString(ends[r.IntN(len(ends))])
	}
	if r.IntN(3) == 0 {
		return bytes.TrimRight(b.Bytes(), "\r\n")
	}
	return b.Bytes()
}

func mutate(r *rand.Rand, text []byte) []byte {
	switch r.IntN(12) {
	case 0:
		return randomText(r)
	case 1:
		return append(bytes.Clone(text), '\n')
	case 2:
		return bytes.TrimSuffix(bytes.Clone(text), []byte("\n"))
	case 3:
		return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	case 4:
		return nil
	}
	lines := splitLines(bytes.Clone(text))
	for range 1 + r.IntN(5) {
		i := r.IntN(len(lines) + 1)
		line := []byte(oddLines[r.IntN(len(oddLines))] + "\n")
		switch {
		case r.IntN(3) == 0 || i == len(lines):
			lines = append(lines[:i:i], append([][]byte{line}, lines[i:]...)...)
		case r.IntN(2) == 0:
			lines = append(lines[:i:i], lines[i+1:]...)
		default:
			lines[i] = line
		}
	}
	return bytes.Join(lines, nil)
}

// oddNames are file names as users have them, and worse. GNU patch cannot read a name that ends in a blank, however it
// is written.
var oddNames = []string{
	"Dockerfile", "my file", "two  blanks/in a name", "-f", "tab\tname", "new\nline", "quo\"te", `back\slash`, "it's",
	"ünïcödé", "\xff\xfeinvalid", "cr\r", "--- a", "@@ -1 +1 @@",
	"a/b/c.conf", "b/x", "a", "$HOME", "#x", " leading", "\tboth blank and tab ", "日本 語", "del\x7f", "bell\a",
	"dev/null", "x\ty z.conf",
}

// TestUnifiedWithRealTools gives many random patches to git and to GNU patch and compares what they make of the files.
func TestUnifiedWithRealTools(t *testing.T) {
	tools := []struct {
		name string
		args []string
	}{
		{"git", []string{"apply", "-"}},
		{"patch", []string{"-p1", "--quiet", "--no-backup-if-mismatch"}},
	}
	for _, tool := range tools {
		t.Run(tool.name, func(t *testing.T) {
			program := heavytest.Program(t, tool.name)
			r := rand.New(rand.NewPCG(7, 11))
			dir := t.TempDir()
			want := map[string][]byte{}
			var patch bytes.Buffer
			for i := 0; i < 2000; i++ {
				name := fmt.Sprintf("%d/%s", i, oddNames[i%len(oddNames)])
				if tool.name == "patch" && strings.HasSuffix(name, " ") {
					continue
				}
				before := randomText(r)
				after := mutate(r, before)
				file := filepath.Join(dir, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, before, 0o666); err != nil {
					t.Fatal(err)
				}
				want[file] = after
				patch.Write(Unified(name, before, after))
			}
			cmd := exec.Command(program, tool.args...)
			cmd.Dir = dir
			cmd.Stdin = &patch
			cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
				"GIT_CEILING_DIRECTORIES="+filepath.Dir(dir), "LC_ALL=C")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%.2000s", err, out)
			}
			failed := 0
			for file, after := range want {
				got, err := os.ReadFile(file)
				if err != nil || !bytes.Equal(got, after) {
					if failed++; failed < 5 {
						t.Errorf("%q: got %q (%v), want %q", file, got, err, after)
					}
				}
			}
			if failed > 0 {
				t.Errorf("%d of %d files differ", failed, len(want))
			}
		})
	}
}

func BenchmarkUnified(b *testing.B) {
	var before, after bytes.Buffer
	for i := range 400 {
		fmt.Fprintf(&before, "line %d\n", i)
		if i%50 == 7 {
			fmt.Fprintf(&after, "changed %d\n", i)
		} else {
			fmt.Fprintf(&after, "line %d\n", i)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		Unified("Dockerfile", before.Bytes(), after.Bytes())
	}
}

// TestUnifiedWithout hides lines, and applies what is left with git and patch.
func TestUnifiedWithout(t *testing.T) {
	hide := func(line []byte) bool { return bytes.Contains(line, []byte("secret")) }
	for _, test := range []struct {
		name, before, after, want string
		hidden                    int
	}{
		{"context before", "secret\na\nb=\nc\n", "secret\na\nb =\nc\n", "a\nb =\nc\n", 0},
		{"just before", "x\nsecret\nb=\nc\nd\n", "x\nsecret\nb =\nc\nd\n", "b =\n", 0},
		{"context after", "b=\nc\nsecret\nd\n", "b =\nc\nsecret\nd\n", "b =\n", 0},
		{"just after", "a\nb=\nsecret\nd\n", "a\nb =\nsecret\nd\n", "", 1},
		{"the changed line", "a\nsecret=\nd\n", "a\nsecret =\nd\n", "", 1},
		{"between two", "a=\nx\nsecret\ny\nb=\n", "a =\nx\nsecret\ny\nb =\n", "a =\nb =\n", 0},
		{"one of two", "a=\nb\nc\nsecret=\nd\ne\nf=\n", "a =\nb\nc\nsecret =\nd\ne\nf =\n", "a =\nf =\n", 1},
		{"lines added before one that is hidden", "a\nb\nc\nd\nsecret=\ne\nf\ng\nh=\n",
			"a\n1\n2\nb\nc\nd\nsecret =\ne\nf\ng\nh =\n", "1\n2\nh =\n", 1},
		{"the last of a hunk", "a=\nb\nc=\nsecret\nd\n", "a =\nb\nc =\nsecret\nd\n", "a =\nc=\n", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			patch, hidden := UnifiedWithout("f", []byte(test.before), []byte(test.after), hide)
			if bytes.Contains(patch, []byte("secret")) || hidden != test.hidden {
				t.Errorf("%d hidden, want %d:\n%s", hidden, test.hidden, patch)
			}
			if len(patch) == 0 {
				if test.want != "" {
					t.Error("no patch")
				}
				return
			}
			for _, program := range []string{"git apply -", "patch -p1 -s"} {
				words := strings.Fields(program)
				if _, err := exec.LookPath(words[0]); err != nil {
					continue
				}
				dir := t.TempDir()
				if err := os.WriteFile(filepath.Join(dir, "f"), []byte(test.before), 0o666); err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command(words[0], words[1:]...)
				cmd.Dir, cmd.Stdin = dir, bytes.NewReader(patch)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%s: %v %s\n%s", program, err, out, patch)
				}
				got, err := os.ReadFile(filepath.Join(dir, "f"))
				if err != nil {
					t.Fatal(err)
				}
				for line := range strings.Lines(test.want) {
					if !strings.Contains(string(got), line) {
						t.Errorf("%s: %q is not in %q", program, line, got)
					}
				}
			}
		})
	}
}
