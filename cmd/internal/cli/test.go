package cli

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/custom"
)

// testFlags are the flags of "sandlint test".
type testFlags struct {
	runFlags
	only   []string
	format string
	update bool
}

func (a *app) testCommand() *cobra.Command {
	var flags testFlags
	cmd := &cobra.Command{
		Use:   "test [PATH…]",
		Short: "Run the tests of rule packs",
		Long: `Run the tests inside rule packs: files, or folders with files whose names end in .hcl. Without
PATH, they are the packs of the configuration.

A bad test must have findings, with the lines, columns and messages that it expects, and becomes what
it calls fixed; a good test must have none. The fixes of a pack are proved as those of sandlint's own
rules are, and one that the proof refuses is an error. A rule needs a bad and a good test.

Exit status: 0 all tests pass, 1 one does not, 2 a pack cannot be loaded.`,
		Example: `  sandlint test
  sandlint test lint/acme.hcl
  sandlint test --update lint/     write what the rules find as what their tests expect
  sandlint test --format junit lint/ >results.xml`,
		RunE: func(_ *cobra.Command, args []string) error { return a.test(&flags, args) },
	}
	flags.configFlags(cmd)
	cmd.Flags().StringSliceVar(&flags.only, "only", nil, "run only the tests of these `RULES`")
	cmd.Flags().BoolVarP(&flags.update, "update", "u", false, "rewrite what tests expect from what the rules find")
	_ = cmd.RegisterFlagCompletionFunc("only",
		func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			all, _, _ := a.configured(&flags.runFlags)
			var out []string
			for _, r := range rules.All(all) {
				out = append(out, r.ID+"\t"+r.Summary)
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		})
	formatFlag(cmd, &flags.format, "text", "json", "junit")
	return cmd
}

// testedPack is a pack with the results of its tests.
type testedPack struct {
	pack    *custom.Pack
	results []custom.TestResult
}

func (a *app) test(flags *testFlags, paths []string) error {
	write := map[string]func(io.Writer, []testedPack) error{
		"text": writeTests, "json": a.writeTestsJSON, "junit": writeTestsJUnit,
	}[flags.format]
	files, err := a.packFiles(&flags.runFlags, paths)
	if err != nil {
		return err
	}
	packs, err := a.loadPacks(files)
	if err != nil {
		return err
	}
	var only []string
	for _, name := range names(flags.only) {
		r, err := findIn(packs, name)
		if err != nil {
			return err
		}
		only = append(only, r.ID)
	}
	var tested []testedPack
	for n, p := range packs {
		if flags.update {
			after, err := p.Update(a.packs(), only)
			if err != nil {
				return fmt.Errorf("%s: %w", p.Source.Path, err)
			}
			if !bytes.Equal(after, p.Source.Bytes) && files[n].Abs != "" {
				if err := fixers.WriteFile(p.Source, files[n].Abs, after); err != nil {
					return outputError{fmt.Errorf("writing %s: %w", p.Source.Path, err)}
				}
				a.warnf("%s is rewritten; read the difference before you commit it", p.Source.Path)
				reread, err := a.packFiles(&flags.runFlags, []string{files[n].Abs})
				if err != nil {
					return err
				}
				if p, err = loadPack(reread[0], nil); err != nil {
					return err
				}
			}
		}
		tested = append(tested, testedPack{p, p.Test(a.packs(), only)})
	}
	for _, t := range tested {
		for _, r := range t.results {
			if len(r.Problems) > 0 {
				a.setStatus(StatusFindings)
			}
		}
	}
	return write(a.stdout, tested)
}

// findIn returns the rule of packs with an id, alias or name.
func findIn(packs []*custom.Pack, name string) (*rules.Rule, error) {
	var all []rules.Pack
	for _, p := range packs {
		all = append(all, p.Rules())
	}
	r, _, err := rules.Find(all, name)
	return r, err
}

func writeTests(w io.Writer, packs []testedPack) error {
	var b bytes.Buffer
	failed, total := 0, 0
	for _, t := range packs {
		for _, r := range t.results {
			if r.Test != "" {
				total++
			}
			if len(r.Problems) == 0 {
				continue
			}
			failed++
			at := t.pack.Source.Position(r.At.Start)
			what := ""
			if r.Test != "" {
				what = fmt.Sprintf("test %q: ", r.Test)
			}
			for _, p := range r.Problems {
				message, rest, _ := strings.Cut(p, "\n")
				fmt.Fprintf(&b, "%s:%d:%d: %s: %s%s\n", report.Visible(t.pack.Source.Path), at.Line, at.Column, r.Rule,
					report.Line(what), report.Line(message))
				for line := range strings.Lines(rest) {
					b.WriteString("    " + report.Visible(strings.TrimRight(line, "\r\n")) + "\n")
				}
			}
		}
	}
	if failed > 0 {
		fmt.Fprintf(&b, "\n%s in %s, %d failed\n", report.Plural(total, "test"), report.Plural(len(packs), "pack"),
			failed)
	} else {
		fmt.Fprintf(&b, "%s in %s, all passed\n", report.Plural(total, "test"), report.Plural(len(packs), "pack"))
	}
	_, err := w.Write(b.Bytes())
	return err
}

// testJSON is a test in the JSON of "sandlint test".
type testJSON struct {
	Rule     string   `json:"rule"`
	Test     string   `json:"test"` // "" for what a rule lacks
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Passed   bool     `json:"passed"`
	Problems []string `json:"problems"`
}

type testedJSON struct {
	Pack   string     `json:"pack"`
	Path   string     `json:"path"`
	Digest string     `json:"sha256"`
	Tests  []testJSON `json:"tests"`
}

func (a *app) writeTestsJSON(_ io.Writer, packs []testedPack) error {
	out := []testedJSON{}
	for _, t := range packs {
		p := testedJSON{Pack: t.pack.Name, Path: t.pack.Source.Path, Digest: t.pack.Digest, Tests: []testJSON{}}
		for _, r := range t.results {
			at := t.pack.Source.Position(r.At.Start)
			p.Tests = append(p.Tests, testJSON{Rule: r.Rule, Test: r.Test, Line: at.Line, Column: at.Column,
				Passed: len(r.Problems) == 0, Problems: append([]string{}, r.Problems...)})
		}
		out = append(out, p)
	}
	return a.printJSON(out)
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr"`
	Line    int           `xml:"line,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

func writeTestsJUnit(w io.Writer, packs []testedPack) error {
	type suites struct {
		XMLName xml.Name `xml:"testsuites"`
		Suites  []junitSuite
	}
	var all suites
	for _, t := range packs {
		s := junitSuite{Name: t.pack.Name, Tests: len(t.results)}
		for _, r := range t.results {
			name := r.Test
			if name == "" {
				name = "tests of the rule"
			}
			one := junitCase{Class: r.Rule, Name: name, File: t.pack.Source.Path,
				Line: t.pack.Source.LineOf(r.At.Start)}
			if len(r.Problems) > 0 {
				s.Failures++
				message, _, _ := strings.Cut(r.Problems[0], "\n")
				one.Failure = &junitFailure{Message: message, Text: strings.Join(r.Problems, "\n")}
			}
			s.Cases = append(s.Cases, one)
		}
		all.Suites = append(all.Suites, s)
	}
	b, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, xml.Header+string(b)+"\n")
	return err
}
