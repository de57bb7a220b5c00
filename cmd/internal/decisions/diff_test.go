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
	outcome := func(action string, errno uint16) decide.Outcome { return decide.Outcome{Action: action, Errno: errno} }
	allow, eperm := outcome("SCMP_ACT_ALLOW", 0), outcome("SCMP_ACT_ERRNO", 1)
	decision := func(o decide.Outcome, cases ...decide.Case) *decide.Decision {
		d := &decide.Decision{Step: decide.StepRule, Outcome: o, Cases: cases}
		if len(cases) > 0 {
			d.Step = decide.StepConditions
		}
		return d
	}
	conds := []decide.Cond{{Arg: 0, Op: "SCMP_CMP_MASKED_EQ", Mask: 3}, {Arg: 1, Op: "SCMP_CMP_LT", Value: 5}}
	netAdmin := decide.TargetSet{
		Loaders:    []decide.Loader{decide.LoaderDocker},
		Containers: decide.Containers{AnyOf: []decide.ContainerCondition{{Has: []string{"CAP_NET_ADMIN"}}}},
	}
	return &Diff{profile("a|b.json"), profile("new.json"), nil, nil, &decide.Difference{
		Whole: []decide.WholeChange{{
			What: decide.WhatDefault, Effect: decide.Narrows,
			For:    decide.TargetSet{Loaders: []decide.Loader{decide.LoaderContainers}},
			Before: decide.Part{Default: allow}, After: decide.Part{Default: eperm},
		}},
		Borders: []decide.BorderChange{
			{ABI: "mips", Before: -1, After: 334, AfterName: "rseq"},
			{ABI: "mips64", Before: -1, After: 293, AfterName: "rseq"},
			{ABI: "x86_64", Before: -1, After: 334, AfterName: "rseq"},
		},
		Changes: []decide.Change{
			{Syscalls: many, Before: decision(eperm), After: decision(allow), Effect: decide.Widens},
			{
				Syscalls: []string{"socket"}, ABIs: []string{"x86", "x86_64"}, For: netAdmin,
				Before: decision(eperm, decide.Case{Conds: conds, Outcome: allow}), After: decision(eperm),
				Effect: decide.Narrows, Example: [6]uint64{0x28}, HasExample: true, Unsure: true,
			},
			{
				Syscalls: []string{"clone3"}, Before: decision(outcome("SCMP_ACT_ERRNO", 38)), After: decision(eperm),
				Cause: decide.CauseBorder,
			},
			{Syscalls: []string{"mount"}, Before: decision(eperm), After: decision(eperm), Cause: decide.CauseDefault},
			{Syscalls: []string{"umount"}, Unsure: true},
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
	for line, want := range map[string]int{
		"<details><summary>6 more</summary>": 1, "</details>": 1, "| | What | Before | After | For |": 2,
		"| changes | the highest number that is named": maxRows + 6,
	} {
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
