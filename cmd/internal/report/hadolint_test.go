package report

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// hadolintSample is the sample with findings of one rule that has several ids of hadolint.
func hadolintSample(t *testing.T) *Report {
	r := sample(t)
	several := &rules.Rule{ID: "dockerfile/several", Aliases: []string{"MultipleInstructionsDisallowed", "DL3012",
		"DL4003", "DL4004"}, Severity: rules.Warning}
	f := source.NewFile("Dockerfile", []byte("FROM a\n cmd [\"b\"]\nENTRYPOINT c\nHEALTHCHECK CMD d\nRUN e\n"))
	as := map[string][]string{"cmd": {"DL4003"}, "c\n": {"DL4004"}, "e\n": {"SC2086", "DL3012"}}
	for _, text := range []string{"cmd", "c\n", "CMD d", "e\n"} {
		r.Result.Findings = append(r.Result.Findings, rules.Finding{
			Rule: several, Severity: rules.Style, File: f, Span: spanOf(t, f, text, 0),
			Message: "##[error]one too many", As: as[text],
		})
	}
	return r
}

func TestHadolint(t *testing.T) {
	var b bytes.Buffer
	if err := writeHadolint(&b, hadolintSample(t)); err != nil {
		t.Fatal(err)
	}
	golden(t, "hadolint-ids.txt", b.Bytes())
}

// TestHadolintJSON also compares the fields with those that hadolint 2.15.1 prints.
func TestHadolintJSON(t *testing.T) {
	var b bytes.Buffer
	if err := writeHadolintJSON(&b, hadolintSample(t)); err != nil {
		t.Fatal(err)
	}
	golden(t, "hadolint-ids.json", b.Bytes())
	recorded := `[{"code":"DL3006","column":1,"file":"Dockerfile","level":"warning","line":1,"message":"text"}]`
	fields := func(text string) []string {
		var list []map[string]any
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Fatal(err)
		}
		return slices.Sorted(maps.Keys(list[0]))
	}
	if diff := cmp.Diff(fields(recorded), fields(b.String())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.Reset()
	if err := writeHadolintJSON(&b, &Report{Result: &rules.Result{}}); err != nil || b.String() != "[]\n" {
		t.Errorf("without findings: %q, %v", b.String(), err)
	}
}
