package report

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"

	"github.com/sandlint/sandlint/rules"
)

// hadolintCode returns the id that hadolint has for a finding; that of the rule where it has none.
func hadolintCode(f *rules.Finding) string {
	return cmp.Or(f.HadolintID(), f.Rule.ID)
}

// writeHadolint prints a line for each finding as hadolint does: "Dockerfile:1 DL3006 warning: message".
func writeHadolint(out io.Writer, r *Report) error {
	w := bufio.NewWriter(out)
	for i := range r.Result.Findings {
		f := &r.Result.Findings[i]
		fmt.Fprintf(w, "%s:%d %s %s: %s\n", Visible(f.File.Path), f.File.LineOf(f.Span.Start), hadolintCode(f),
			f.Severity, shown(f.Message))
	}
	return w.Flush()
}

// writeHadolintJSON prints the array that hadolint prints.
func writeHadolintJSON(out io.Writer, r *Report) error {
	type finding struct {
		Code    string `json:"code"`
		Column  int    `json:"column"`
		File    string `json:"file"`
		Level   string `json:"level"`
		Line    int    `json:"line"`
		Message string `json:"message"`
	}
	list := []finding{}
	for i := range r.Result.Findings {
		f := &r.Result.Findings[i]
		at := f.File.Position(f.Span.Start)
		list = append(list, finding{hadolintCode(f), at.Column, f.File.Path, f.Severity.String(), at.Line,
			shown(f.Message)})
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(list); err != nil {
		return err
	}
	_, err := out.Write(NoCommandInJSON(buf.Bytes()))
	return err
}
