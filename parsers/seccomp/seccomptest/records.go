// Package seccomptest gives tests the recorded behaviour of the programs that read seccomp profiles. The record and
// how it was made are in parsers/seccomp/testdata.
package seccomptest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Record is what one program did with one profile; testdata/README.md describes the fields.
type Record struct {
	ID, Group, Profile, Consumer, Version, Outcome, Stdout, Stderr string
}

// Records returns all records in the order of the file.
func Records(t testing.TB) (records []Record) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root(t), "parsers", "seccomp", "testdata", "seccomp-oracle.jsonl"))
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

// root returns the folder of the module. A test runs in the folder of its package, which lies below it.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the folder of the test")
		}
		dir = up
	}
}
