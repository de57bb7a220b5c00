package decisions

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/decide"
	"github.com/sandlint/sandlint/parsers/source"
)

// someDiff has a change of each sort.
func someDiff() *Diff {
	var many []string
	for i := range 9 {
		many = append(many, fmt.Sprintf("call%d", i))
	}
	profile := func(path string) *seccomp.Profile {
		return seccomp.Parse(source.NewFile(path, []byte(`{"defaultAction":"SCMP_ACT_ALLOW"}`)))
	}
	return &Diff{profile("a|b.json"), profile("new.json"), &decide.Difference{
		Whole:   []decide.WholeChange{{What: decide.WhatDefault, Effect: decide.Narrows, For: "Podman", Before: "ALLOW", After: "ERRNO EPERM"}},
		Borders: []decide.BorderChange{{ABI: "mips", Before: -1, After: 334, AfterName: "rseq"}, {ABI: "mips64", Before: -1, After: 293, AfterName: "rseq"}, {ABI: "x86_64", Before: -1, After: 334, AfterName: "rseq"}},
		Changes: []decide.Change{
			{Syscalls: many, Before: "ERRNO EPERM", After: "ALLOW", Effect: decide.Widens},
			{Syscalls: []string{"socket"}, ABIs: []string{"x86", "x86_64"}, For: "Docker with CAP_NET_ADMIN", Before: "ALLOW if arg0 & 3 == 0 | x", After: "ERRNO EPERM", Effect: decide.Narrows,
				Example: [6]uint64{0x28}, HasExample: true, Unsure: true},
			{Syscalls: []string{"clone3"}, Before: "ERRNO ENOSYS", After: "ERRNO EPERM", Cause: decide.CauseBorder},
		},
	}}
}

func TestDiffText(t *testing.T) {
	var b strings.Builder
	if err := someDiff().WriteText(&b, false); err != nil {
		t.Fatal(err)
	}
	golden(t, "diff.txt", b.String())
}

func TestDiffMarkdown(t *testing.T) {
	var b strings.Builder
	if err := someDiff().WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "diff.md", b.String())

	b.Reset()
	d := someDiff()
	d.Changes, d.Whole = nil, nil
	for i := range maxRows + 4 {
		d.Borders = append(d.Borders, decide.BorderChange{ABI: "x86", Before: i, BeforeName: "call", After: -1})
	}
	if err := d.WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]int{"<details><summary>6 more</summary>": 1, "</details>": 1, "| | What | Before | After | For |": 2, "| changes | the highest number that is named": maxRows + 6} {
		if got := strings.Count(b.String(), line); got != want {
			t.Errorf("%d lines with %q, want %d", got, line, want)
		}
	}
}

func TestDiffJSON(t *testing.T) {
	var b strings.Builder
	if err := someDiff().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "diff.json", b.String())
}

var update = flag.Bool("update", false, "rewrite what the tests expect")

// golden compares text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
