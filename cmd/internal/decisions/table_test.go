package decisions

import (
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/source"
)

func dockerDefault(t testing.TB) *seccomp.Profile {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "parsers", "seccomp", "testdata", "docker-default.json"))
	if err != nil {
		t.Fatal(err)
	}
	return seccomp.Parse(source.NewFile("docker.json", text))
}

func archs(t testing.TB, names ...string) (out []*seccomp.Architecture) {
	t.Helper()
	for _, n := range names {
		a, err := ParseArch(n)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, a)
	}
	return out
}

// The formats have the same rows.
func TestTableFormatsAgree(t *testing.T) {
	table := NewTable(dockerDefault(t), Scope{Archs: archs(t, "x86_64", "x86")})
	write := func(format func(io.Writer) error) string {
		var b strings.Builder
		if err := format(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	records, err := csv.NewReader(strings.NewReader(write(table.WriteCSV))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows := len(records) - 1
	if rows < 800 {
		t.Errorf("%d rows of two architectures", rows)
	}
	if got := strings.Count(write(table.WriteJSON), "\n{"); got != rows {
		t.Errorf("JSON has %d rows, want %d", got, rows)
	}
	page := write(table.WriteHTML)
	if got := strings.Count(page, "\n<tr"); got != rows {
		t.Errorf("the page has %d rows, want %d", got, rows)
	}
	text := write(func(w io.Writer) error { return table.WriteText(w, false) })
	for _, r := range records[1:] {
		if !strings.Contains(text, " "+r[2]) {
			t.Errorf("the text lacks %s", r[2])
		}
	}
}

// The text says which others decide otherwise, and about how many calls.
func TestTableOthers(t *testing.T) {
	p := seccomp.Parse(source.NewFile("p.json", []byte(`{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
		{"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},`+
		` {"names": ["rseq_slice_yield"], "action": "SCMP_ACT_ALLOW"}]}`)))
	kernel, _ := seccomp.ParseVersion("4.4")
	var b strings.Builder
	if err := NewTable(p, Scope{Archs: archs(t, "x86_64"), Kernel: kernel}).WriteText(&b, false); err != nil {
		t.Fatal(err)
	}
	want := "\nothers differ: Podman with runc 1.5.3 (1 row), Podman with crun 1.29.1 (1 row); --target shows " +
		"one\nof them\n"
	if !strings.HasSuffix(b.String(), want) {
		t.Errorf("%q does not end with %q", b.String(), want)
	}
}

func BenchmarkTable(b *testing.B) {
	p := dockerDefault(b)
	s := Scope{Archs: archs(b, "x86_64", "x86", "aarch64", "s390x")}
	for b.Loop() {
		if err := NewTable(p, s).WriteText(io.Discard, false); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkExplain(b *testing.B) {
	p := dockerDefault(b)
	for b.Loop() {
		Explain(p, Scope{}, []string{"clone3"}, Args{})
	}
}
