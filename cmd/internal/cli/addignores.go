package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/secret"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/rules"
)

// addFlags are the flags of check that write suppressions.
type addFlags struct {
	reason string
	write  bool
	on     bool
}

func (f *addFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.reason, "add-ignores", "", "in place of the findings, print a diff that suppresses "+
		"all of them, for this `REASON`")
	cmd.Flags().Lookup("add-ignores").NoOptDefVal = " "
	cmd.Flags().BoolVarP(&f.write, "write", "w", false,
		"with --add-ignores, write the files instead of printing a diff")
}

// contradictions returns an error for flags that cannot be used together.
func (f *addFlags) contradictions(cmd *cobra.Command, flags *checkFlags) error {
	f.on = cmd.Flags().Changed("add-ignores")
	f.reason = strings.Join(strings.Fields(f.reason), " ")
	switch {
	case f.write && !f.on:
		return errors.New("--write needs --add-ignores; \"sandlint fix -w\" writes fixes")
	case f.on && flags.noIgnores:
		return errors.New("--add-ignores and --no-ignores contradict each other")
	case f.on && flags.staged:
		return errors.New("--add-ignores changes the work tree, and --staged looks at the index")
	case f.on && (flags.diff || flags.statistics || len(flags.formats) > 0):
		return errors.New("--add-ignores prints no findings, so it goes with none of --diff, --format and --statistics")
	}
	return nil
}

// addIgnores suppresses what a run found: by comments and, where a format has none, in the configuration. It prints a
// diff or writes the files.
func (a *app) addIgnores(r *run, flags *checkFlags, res *rules.Result) error {
	added := rules.AddIgnores(r.workspace, r.policies, a.checkOptions(r), res.Findings, flags.add.reason)
	accepting, unable := a.accept(r, res, added.Left, flags.add.reason)
	out := &rules.FixResult{Files: slices.Clone(added.Files), After: added.After}
	accepted, place := 0, ""
	var created []*accepts
	for _, one := range accepting {
		accepted, place = accepted+one.count, one.file.Path
		if one.isNew {
			created = append(created, one)
			continue
		}
		out.Files = append(out.Files, rules.FixedFile{File: one.file, After: one.after})
	}
	slices.SortFunc(out.Files, func(x, y rules.FixedFile) int { return strings.Compare(x.File.Path, y.File.Path) })
	if !flags.add.write {
		for _, one := range created {
			patch := a.patch(one.file, one.after, `"sandlint check --add-ignores -w"`)
			_, rest, _ := bytes.Cut(patch, []byte("\n"))
			if err := a.printPatch(append([]byte("--- /dev/null\n"), rest...)); err != nil {
				return err
			}
			a.setStatus(StatusFindings)
		}
		if err := a.printDiff(out); err != nil {
			return err
		}
	} else {
		done, err := a.writeFixed(r, out)
		for _, e := range done.after.Unwritten {
			a.warnf("%s: %v", e.Path, e.Err)
			a.setStatus(StatusUnreadable)
		}
		for _, one := range created {
			err = errors.Join(err, writeFile(r.dir, one.path, func(w io.Writer) error {
				_, err := w.Write(one.after)
				return err
			}))
		}
		if err != nil {
			return err
		}
	}
	if len(accepting) > 1 {
		place = report.Plural(len(accepting), "configuration")
	}
	a.summarizeAdded(flags, added, accepted, place, unable)
	return nil
}

// summarizeAdded says on standard error what was suppressed, and what cannot be.
func (a *app) summarizeAdded(
	flags *checkFlags, added *rules.Added, accepted int, place string, unable []rules.Finding,
) {
	for _, f := range unable {
		at := f.File.Position(f.Span.Start)
		a.warnf("%s:%d:%d: %s [%s] cannot be suppressed", f.File.Path, at.Line, at.Column, f.Message, f.ID())
		a.setStatus(StatusFindings)
	}
	if flags.quiet {
		return
	}
	var parts []string
	if added.Suppressed > 0 {
		parts = append(parts, fmt.Sprintf("%s suppressed by %s", report.Plural(added.Suppressed, "finding"),
			report.Plural(added.Comments, "comment")))
	}
	if accepted > 0 {
		parts = append(parts,
			fmt.Sprintf("%s accepted in %s", report.Plural(accepted, "finding"), report.Visible(place)))
	}
	switch {
	case len(parts) == 0:
		parts = append(parts, "nothing to suppress")
	case !flags.add.write:
		parts = append(parts, "-w writes that")
	}
	fmt.Fprintln(a.stderr, strings.Join(parts, "; "))
}

// accepts is a configuration file with blocks added that accept findings.
type accepts struct {
	file  *source.File
	path  string
	after []byte
	isNew bool
	count int
}

// accept adds blocks that accept findings to the configurations of their files. It returns those that it cannot accept:
// hadolint's configuration has no such blocks.
func (a *app) accept(
	r *run, res *rules.Result, left []rules.Finding, reason string,
) (out []*accepts, unable []rules.Finding) {
	if len(left) == 0 {
		return nil, nil
	}
	var all []*rules.Finding
	for _, list := range [][]rules.Finding{res.Findings, res.Suppressed} {
		for n := range list {
			all = append(all, &list[n])
		}
	}
	slices.SortStableFunc(all, rules.CompareFindings)
	prints := rules.Fingerprints(r.workspace.Files(), all, r.dir)
	for n := range left {
		f := &left[n]
		k, ok := slices.BinarySearchFunc(all, f, rules.CompareFindings)
		path := a.acceptPath(r, r.workspace.Abs(f.File))
		if !ok || path == "" {
			unable = append(unable, *f)
			continue
		}
		n := slices.IndexFunc(out, func(one *accepts) bool { return one.path == path })
		if n < 0 {
			one := &accepts{path: path}
			text, err := files.ReadNamed(files.Disk{}, r.dir, path)
			if one.isNew = err != nil; one.isNew {
				text = nil
			}
			one.file, one.after = source.NewFile(shown(r.dir, path), text), bytes.Clone(text)
			out, n = append(out, one), len(out)
		}
		out[n].count++
		at := f.File.Position(f.Span.Start)
		about := secret.Mask(fmt.Sprintf("%s, line %d: %s", f.File.Path, at.Line, f.Message))
		out[n].add(config.AcceptBlock(&rules.Accepted{Fingerprint: prints[k], Rule: f.Rule.ID, Reason: reason}, about))
	}
	return out, unable
}

// add appends a block, after an empty line.
func (o *accepts) add(block string) {
	if len(o.after) > 0 {
		if !bytes.HasSuffix(o.after, []byte("\n")) {
			o.after = append(o.after, '\n')
		}
		o.after = append(o.after, '\n')
	}
	o.after = append(o.after, block...)
}

// acceptPath returns the path of the configuration for a file, which need not exist yet; "" where it is hadolint's.
func (a *app) acceptPath(r *run, abs string) string {
	conf := r.policies.nearest.Of(abs)
	for path, one := range r.policies.nearest.Found() {
		if one == conf {
			if ext := filepath.Ext(path); ext == ".yaml" || ext == ".yml" {
				return ""
			}
			return path
		}
	}
	root := files.Root(files.Disk{}, r.dir, filepath.Dir(abs))
	if root == "" {
		root = r.dir
	}
	return filepath.Join(root, config.Name)
}
