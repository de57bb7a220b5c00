package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// styles makes sandlint report what ShellCheck calls style, as hadolint does.
const styles = `rule "shellcheck/script" {
  options {
    style = true
  }
}
`

// buildSandlint builds the program, which starts ShellCheck.
func (c *comparison) buildSandlint(room string) error {
	c.sandlint = filepath.Join(room, "sandlint")
	build := exec.Command("go", "build", "-o", c.sandlint, "./cmd/sandlint")
	build.Dir = filepath.Join("..", "..")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("building sandlint: %w", err)
	}
	if err := os.WriteFile(c.sandlint+".hcl", []byte(styles), 0o644); err != nil {
		return err
	}
	version, err := exec.Command(*shellCheck, "--version").Output()
	if err != nil {
		return fmt.Errorf("%s: %w", *shellCheck, err)
	}
	if found := regexp.MustCompile(`(?m)^version: (\S+)`).FindSubmatch(version); found != nil {
		c.shellCheck = string(found[1])
	}
	return nil
}

// scripts notes what sandlint finds with ShellCheck in the Dockerfiles of a folder.
func (c *comparison) scripts(dir string) error {
	program, err := filepath.Abs(*shellCheck)
	if err != nil {
		return err
	}
	if !strings.ContainsRune(*shellCheck, filepath.Separator) {
		program = *shellCheck
	}
	command := exec.Command(c.sandlint, "check", "--config", c.sandlint+".hcl", "--only", "shellcheck",
		"--fail-on", "never", "--shellcheck", program, "--format", "json", ".")
	command.Dir, command.Stderr = dir, os.Stderr
	output, err := command.Output()
	if status := (*exec.ExitError)(nil); errors.As(err, &status) && status.ExitCode() == 2 && len(output) > 0 {
		err = nil // a file that cannot be read
	}
	if err != nil {
		return fmt.Errorf("sandlint in %s: %w", dir, err)
	}
	var found struct {
		Findings []struct {
			Rule, Path, Message string
			Range               struct{ Start struct{ Line int } }
			Suppressed          json.RawMessage
			Related             []struct {
				Path  string
				Range struct{ Start struct{ Line int } }
			}
		}
	}
	if err := json.Unmarshal(output, &found); err != nil {
		return fmt.Errorf("the output of sandlint: %w", err)
	}
	for _, f := range found.Findings {
		if !bytes.Equal(f.Suppressed, []byte("null")) && len(f.Suppressed) > 0 {
			continue
		}
		name := filepath.Join(dir, filepath.FromSlash(f.Path))
		if t := c.texts[name]; t != nil {
			line, _ := t.instruction(f.Range.Start.Line)
			c.ours[place{name, f.Rule, line}] = f.Message
		}
	}
	return nil
}

// bundled is what hadolint finds with the ShellCheck that is part of it.
func (c *comparison) bundled(h *linter) *linter {
	l := &linter{name: "ShellCheck", version: "in hadolint " + h.version, finds: map[place]string{},
		unread: h.unread, total: map[string]int{}, partial: map[string]string{}, theirs: "hadolint"}
	var rule map[string]string
	l.ids, rule = aliases(regexp.MustCompile(`^SC\d+$`))
	of := func(code string) string {
		if rule[code] == "" {
			rule[code] = "shellcheck/" + code
			l.ids[rule[code]] = []string{code}
		}
		return rule[code]
	}
	for p := range c.ours {
		if code, is := strings.CutPrefix(p.rule, "shellcheck/"); is {
			of(code)
		}
	}
	for _, f := range h.scripts {
		line, _ := c.texts[f.File].instruction(f.Line)
		l.finds[place{f.File, of(f.Code), line}] = f.Code + " " + f.Message
		l.total[f.Code]++
	}
	for _, ids := range l.ids {
		slices.Sort(ids)
	}
	return l
}
