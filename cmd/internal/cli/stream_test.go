package cli

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sandlint/sandlint/cmd/internal/stream"
	"github.com/sandlint/sandlint/cmd/internal/stream/streamtest"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules/packs"
)

func newTestJudge(t *testing.T) *judge {
	t.Helper()
	a, _, _ := testApp(t.TempDir(), nil)
	a.packs, a.now, a.stderr = packs.All, time.Now, io.Discard
	j, err := a.newJudge(&checkFlags{stream: streamFlags{timeout: time.Minute}})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// TestStepsOfRecords: a record takes the same number of steps, and keeps as many bytes, whatever was checked before, so
// the limits end it everywhere or nowhere.
func TestStepsOfRecords(t *testing.T) {
	corpus := &streamtest.Corpus{}
	if err := corpus.AddCases(filepath.Join("..", "..", "..")); err != nil {
		t.Fatal(err)
	}
	const count = 60
	var order []int
	for n := range count {
		order = append(order, n)
	}
	var first [count][2]int64
	for pass := range 2 {
		j := newTestJudge(t)
		for _, n := range order {
			rec := &stream.Record{ID: "x", Files: map[string]stream.File{}}
			for name, text := range corpus.Record(n) {
				rec.Files[name] = stream.File{Text: text, Executable: true}
			}
			const most = 1 << 40
			meter := source.NewMeter(most, most)
			if _, wrong := j.check(rec, meter); wrong != nil && wrong.Code != stream.Configuration {
				t.Fatalf("record %d: %v", n, wrong)
			}
			steps, kept := meter.Left()
			steps, kept = most-steps, most-kept
			switch {
			case steps < 1000:
				t.Errorf("record %d took only %d steps", n, steps)
			case pass == 0:
				first[n] = [2]int64{steps, kept}
			case first[n] != [2]int64{steps, kept}:
				t.Errorf("record %d took %v steps and bytes, and then %d and %d", n, first[n], steps, kept)
			}
		}
		slices.Reverse(order)
	}
}

// TestBoundsOfRecords: a record that takes too many steps, or keeps too much, has an error, whatever takes it.
func TestBoundsOfRecords(t *testing.T) {
	j := newTestJudge(t)
	judge := func(timeout time.Duration, files map[string]string) string {
		j.flags.stream.timeout = timeout
		rec := &stream.Record{ID: "x", Files: map[string]stream.File{}}
		for name, text := range files {
			rec.Files[name] = stream.File{Text: []byte(text), Executable: true}
		}
		answer, wrong := j.judge(rec)
		if wrong == nil {
			return string(answer[:10])
		}
		return wrong.Code
	}
	many := map[string]string{}
	for n := range 40_000 {
		many[fmt.Sprintf("d%d/Dockerfile", n)] = "FROM a\n"
	}
	for _, tt := range []struct {
		name    string
		timeout time.Duration
		files   map[string]string
		want    string
	}{
		{"nothing", time.Minute, nil, `{"version"`},
		{"steps", time.Millisecond, map[string]string{"Dockerfile": "FROM a\n" + strings.Repeat("RUN a\n", 1000)},
			stream.TooSlow},
		{"files", time.Millisecond, many, stream.TooSlow},
		{"configuration", time.Millisecond, map[string]string{".sandlint.hcl": "", "nix.conf": ""}, stream.TooSlow},
		{"bytes", time.Hour, many, stream.TooLarge},
	} {
		if got := judge(tt.timeout, tt.files); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// A record has an error, and not the one before or after it.
func TestRecordsWithErrors(t *testing.T) {
	var out, line bytes.Buffer
	line.WriteString(`{"id":"a","files":[{"path":"Dockerfile","content":"FROM a\n` + strings.Repeat(`RUN a\n`, 5000) +
		`"}]}` + "\n" + `{"id":"b","files":[]}` + "\n")
	status := Main([]string{"check", "--stream", "--record-timeout", "1ms"}, &line, &out, io.Discard)
	want := `{"id":"a","error":{"code":"too_slow","message":"the record takes more than the 10000 steps that ` +
		`--record-timeout 1ms stands for"}}` + "\n" + `{"id":"b","version":1,`
	if status != StatusOK || !strings.HasPrefix(out.String(), want) {
		t.Errorf("status %d: %.300s", status, out.String())
	}
}
