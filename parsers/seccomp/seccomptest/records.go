// Package seccomptest gives tests the recorded behaviour of the programs that read seccomp profiles. The record and
// how it was made are in parsers/seccomp/testdata.
package seccomptest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Record is what one program did with one profile; testdata/README.md describes the fields.
type Record struct {
	ID, Group, Profile, Consumer, Version, Outcome, Stdout, Stderr string
}

// Records returns all records in the order of the file.
func Records(t testing.TB) (records []Record) {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	raw, err := os.ReadFile(filepath.Join(filepath.Dir(here), "..", "testdata", "seccomp-oracle.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(raw) {
		var r Record
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	if len(records) < 1100 {
		t.Fatalf("%d records, want all 1146", len(records))
	}
	return records
}
