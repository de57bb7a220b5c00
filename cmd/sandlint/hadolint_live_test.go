package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/cmd/internal/cli"
	"github.com/sandlint/sandlint/parsers/heavytest"
)

// compared are the rules by which TestHadolintLive compares the two programs: they say the same in both.
var compared = strings.Fields("DL3011 DL3049 DL3050 DL3051 DL3052 DL3053 DL3054 DL3055 DL3056 DL3058 DL4000")

// TestHadolintLive compares what comments and configurations do with what they do in the installed hadolint, by its own
// output and ours in its format.
func TestHadolintLive(t *testing.T) {
	hadolint := heavytest.Program(t, "hadolint")
	configs, err := filepath.Glob(filepath.Join("..", "internal", "config", "testdata", "hadolint", "*.yaml"))
	if err != nil || len(configs) == 0 {
		t.Fatal(configs, err)
	}
	labels := "FROM debian:12\nMAINTAINER a\nEXPOSE 99999\nLABEL other=1\nLABEL maintainer=\n" +
		"LABEL org.opencontainers.image.created=today org.opencontainers.image.licenses=Free\n" +
		"LABEL org.opencontainers.image.revision=xyz\nLABEL org.opencontainers.image.source=there\n" +
		"LABEL org.opencontainers.image.title=\"\"\nLABEL org.opencontainers.image.version=1.2.3\n"
	for _, path := range configs {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if name := filepath.Base(path); name == "mistakes.yaml" {
			continue // ids in lower case count only here
		}
		text = bytes.ReplaceAll(text, []byte("format: sarif\n"), nil) // hadolint would print that as well
		compareHadolint(t, hadolint, filepath.Base(path), labels, text)
	}
	two := "MAINTAINER a\nEXPOSE 99999\n"
	for n, text := range []string{
		"FROM a:1\n# hadolint ignore=DL4000\n" + two,
		"FROM a:1\n#hadolint ignore=DL4000,DL3011\n" + two + two,
		"FROM a:1\n#\thadolint  ignore = DL4000 ,\tDL3011 # why\n" + two,
		"FROM a:1\n# hadolint ignore=DL4000#why\n" + two,
		"FROM a:1\n# hadolint ignore=DL4000 why\n" + two,
		"FROM a:1\n# hadolint ignore=DL3011\n\n" + two,
		"FROM a:1\n# hadolint: ignore=DL4000\n## hadolint ignore=DL4000\n# HADOLINT ignore=DL4000\n" + two,
		"FROM a:1\r\n# hadolint ignore=DL4000\r\nMAINTAINER a\r\n",
		"# syntax=docker/dockerfile:1\n# hadolint global ignore=DL4000 # why\nFROM a:1\n" + two + two,
		"FROM a:1\n" + two + "# hadolint global ignore=DL3011, DL4000\n" + two,
		"FROM a:1\n" + two + "# hadolint stage ignore=DL4000\nRUN b\n" + two + "FROM a:1\n" + two,
		"# hadolint stage ignore=DL4000\n\nFROM a:1\nFROM a:1\n" + two,
		"FROM a:1\n# hadolint ignore=DL4000\n" + two + "# hadolint ignore=DL3011\n" + two,
	} {
		compareHadolint(t, hadolint, fmt.Sprintf("comment %d", n), text, []byte("ignored: []\n"))
	}
}

// compareHadolint compares what the two programs find in a Dockerfile with a configuration.
func compareHadolint(t *testing.T, program, name, text string, config []byte) {
	t.Helper()
	dir := t.TempDir()
	file, conf := filepath.Join(dir, "Dockerfile"), filepath.Join(dir, ".hadolint.yaml")
	for path, content := range map[string][]byte{file: []byte(text), conf: config} {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	theirs, err := exec.Command(program, "--no-fail", "-f", "json", "-c", conf, file).Output()
	if err != nil {
		t.Fatal(err)
	}
	var ours, problems bytes.Buffer
	if status := cli.Main([]string{"check", "--format", "hadolint-json", "--config", conf, file}, nil, &ours,
		&problems); status > 1 {
		t.Fatalf("%s: status %d: %s", name, status, &problems)
	}
	if diff := cmp.Diff(readHadolint(t, theirs), readHadolint(t, ours.Bytes())); diff != "" {
		t.Errorf("%s (-hadolint +sandlint):\n%s\n%s%s", name, diff, config, text)
	}
}

// readHadolint returns the line and code of the findings that are compared, in order.
func readHadolint(t *testing.T, text []byte) []string {
	t.Helper()
	var list []struct {
		Code string
		Line int
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	out := []string{}
	for _, f := range list {
		if slices.Contains(compared, f.Code) {
			out = append(out, fmt.Sprintf("line %d: %s", f.Line, f.Code))
		}
	}
	slices.Sort(out)
	return out
}
