package cli

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"

	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/secret"
)

// In a GitHub job the runner reads what a step prints, and runs the lines that look like its commands. So what sandlint
// prints of files there is put between "::stop-commands::" and a token that no file can know, where the runner runs
// nothing; git apply and patch skip the two lines. Nothing is added where nothing looks like a command.

// inJob reports whether sandlint runs in a GitHub job.
func (a *app) inJob() bool { return a.getenv("GITHUB_ACTIONS") == "true" }

// fenced returns text as it may be printed in a GitHub job.
func (a *app) fenced(text []byte) []byte {
	if !a.inJob() || !bytes.Contains(text, []byte("::")) && !bytes.Contains(text, []byte("##[")) {
		return text
	}
	token := rand.Text()
	out := fmt.Appendf(nil, "::stop-commands::%s\n", token)
	out = append(out, text...)
	if !bytes.HasSuffix(out, []byte("\n")) {
		out = append(out, '\n')
	}
	return fmt.Appendf(out, "::%s::\n", token)
}

// fence holds output back until it is complete, and prints it as it may be printed.
type fence struct {
	app  *app
	out  io.Writer
	json bool // a string of JSON can hide a command without a fence, which would not be JSON
	text bytes.Buffer
}

func (f *fence) Write(b []byte) (int, error) { return f.text.Write(b) }

func (f *fence) flush() error {
	text := []byte(secret.Mask(f.text.String()))
	if f.json {
		text = report.NoCommandInJSON(text)
	} else {
		text = f.app.fenced(text)
	}
	_, err := f.out.Write(text)
	return err
}

// fence puts a fence around the standard output of commands that print what files say. Those of check and fix are in
// write and printDiff, since one prints commands on purpose and the other a file.
func (a *app) fence(format string, json bool) {
	a.stdout = &fence{app: a, out: a.stdout, json: json || format == "json"}
}
