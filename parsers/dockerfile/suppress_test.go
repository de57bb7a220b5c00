package dockerfile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSuppressions checks which comments of other linters are read, and the lines that each covers. For hadolint they
// were compared with runs of hadolint 2.15.1.
func TestSuppressions(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"above an instruction", "FROM a\n# hadolint ignore=DL3006\nRUN b\nRUN c\n", "2 hadolint DL3006 3-3"},
		{
			"blanks, tabs, several ids and a reason",
			"FROM a\n#\thadolint  ignore = DL3003 ,\tSC2086,DL3004 # it is needed # really\nRUN b\n",
			`2 hadolint DL3003,SC2086,DL3004 3-3 "it is needed # really"`,
		},
		{"a reason without blanks", "FROM a\n#hadolint ignore=DL3003#why\nRUN b\n", `2 hadolint DL3003 3-3 "why"`},
		{"an empty item", "FROM a\n# hadolint ignore=DL3003,\nRUN b\n", "2 hadolint DL3003 3-3"},
		{"with CRLF", "FROM a\r\n# hadolint ignore=DL3003\r\nRUN b\r\n", "2 hadolint DL3003 3-3"},
		{
			"several in one block",
			"FROM a\n# hadolint ignore=DL3003\n# about it\n# hadolint ignore=DL3004\nRUN b \\\n  c\n",
			"2 hadolint DL3003 5-6\n4 hadolint DL3004 5-6",
		},
		{"between the lines", "FROM a\nRUN b \\\n# hadolint ignore=DL3003\n  c\n", "3 hadolint DL3003 2-4"},
		{"an empty line ends it", "FROM a\n# hadolint ignore=DL3003\n\nRUN b\n", ""},
		{
			"what is none of hadolint's",
			"FROM a\n# hadolint ignore=DL3003 why\n# hadolint: ignore=DL3003\n## hadolint ignore=DL3003\n" +
				"# hadolint ignore=\n# hadolint ignore\n# see hadolint ignore=DL3003\n# hadolint all ignore=DL3003\n" +
				"# hadolint ignored=DL3003\n# hadolint shell=bash\n# hadolintignore=DL3003\nRUN b\n",
			"",
		},
		{"not in a here-document", "FROM a\nRUN <<EOF\n# hadolint ignore=DL3003\nb\nEOF\n", ""},
		{
			"the rest of the stage",
			"FROM a AS x\nRUN b\n# hadolint stage ignore=DL3003 # why\nRUN c\n\nRUN d\nFROM e\nRUN f\n",
			`3 hadolint DL3003 3-6 "why"`,
		},
		{
			"the stage that begins below",
			"FROM a AS x\nRUN b\n\n# hadolint stage ignore=DL3003\n\nFROM e\nRUN f\nRUN g\n",
			"4 hadolint DL3003 4-8",
		},
		{"a stage with only a FROM", "# hadolint stage ignore=DL3006\nFROM a\nFROM b\n", "1 hadolint DL3006 1-2"},
		{
			"before the first stage", "# hadolint stage ignore=DL3006\nARG v\nFROM a\nRUN b\nFROM c\n",
			"1 hadolint DL3006 1-4",
		},
		{"after the last instruction", "FROM a\n# hadolint stage ignore=DL3006\n", ""},
		{
			"the file", "FROM a\nRUN b\n# hadolint global ignore=DL3003, DL3006\n",
			"3 hadolint DL3003,DL3006 1-4",
		},
		{"check as a directive", "# check=skip=A, B;error=true\nFROM a\nRUN b\n", "1 check A,B 1-4"},
		{"check that skips all", "# check = skip=all\nFROM a\n", "1 check all 1-3"},
		{"check without skip", "# check=error=true\nFROM a\n", ""},
		{"check that BuildKit refuses", "# check=skip=A;foo=1\nFROM a\n# check=skip\nRUN b\n", ""},
		{
			"check above an instruction",
			"FROM a\n# check=skip=A,B\nRUN b \\\n  c\n#CHECK = skip=all because\nRUN d\nRUN e\n",
			"2 check A,B 3-4\n5 check all 6-6",
		},
		{
			"only the first check above an instruction", "FROM a\n# check=skip=A\n# check=skip=B\nRUN b\n",
			"2 check A 4-4",
		},
		{"check above an empty line", "FROM a\n# check=skip=A\n\n# more\nRUN b\n", "2 check A 5-5"},
		{"check between the lines of an instruction", "FROM a\nRUN b \\\n# check=skip=A\n  c\n", ""},
		{
			"dockerfile-utils",
			"FROM a\n#dockerfile-utils: ignore\nRUN b \\\n  c\n# dockerfile-utils: ignore\n# more\nRUN d\n" +
				"# dockerfile-utils: ignore it\nRUN e\nRUN f \\\n# dockerfile-utils: ignore",
			"2 dockerfile-utils all 3-4",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := parse(tt.text)
			var got []string
			for _, s := range f.Suppressions() {
				names := strings.Join(s.Rules, ",")
				if s.All {
					names = "all"
				}
				line := fmt.Sprintf("%d %s %s %d-%d", f.Source.LineOf(s.Comment.Start), s.By, names,
					f.Source.LineOf(s.Target.Start), f.Source.LineOf(s.Target.End))
				if s.Reason != "" {
					line += fmt.Sprintf(" %q", s.Reason)
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("suppressions (-want +got):\n%s", diff)
			}
		})
	}
}

// TestChecks checks the check directive of a file.
func TestChecks(t *testing.T) {
	tests := []struct {
		text string
		want Checks
	}{
		{"FROM a\n", Checks{}},
		{"# check=error=true\nFROM a\n", Checks{Error: true}},
		{"# syntax=docker/dockerfile:1\n# check=skip=A;error=0;experimental=B,C\nFROM a\n",
			Checks{Skip: []string{"A"}, Experimental: []string{"B", "C"}}},
		{"# check=experimental=all\nFROM a\n", Checks{ExperimentalAll: true}},
		{"# check=error=yes\nFROM a\n", Checks{}},
		{"# about\n# check=error=true\nFROM a\n", Checks{}},
		{"FROM a\n# check=error=true\nRUN b\n", Checks{}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, parse(tt.text).Checks()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
	}
}
