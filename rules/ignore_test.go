package rules_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/rules"
)

// TestSuppression checks which findings a comment suppresses. The rules report every RUN and every setting.
func TestSuppression(t *testing.T) {
	tests := []struct {
		name, file, text string
		want             string // suppressed findings, and then those that are left
	}{
		{
			"above an instruction", "Dockerfile",
			"FROM scratch\n# sandlint: ignore[t/run] it is only a test\nRUN a\nRUN b\n",
			"Dockerfile:3:5 warning t/run: a RUN [inline on line 2: it is only a test]\n--\n" +
				"Dockerfile:4:5 warning t/run: a RUN\n",
		},
		{
			"without blanks, and with many", "Dockerfile",
			"FROM scratch\n#sandlint:ignore[t/run]\nRUN a\n##   sandlint:   ignore[  t/run  ,  other  ]   why   \n" +
				"RUN b\n",
			"Dockerfile:3:5 warning t/run: a RUN [inline on line 2: ]\n" +
				"Dockerfile:5:5 warning t/run: a RUN [inline on line 4: why]\n--\n",
		},
		{
			"by alias, pack, pack with star, and all", "Dockerfile",
			"FROM scratch\n# sandlint: ignore[t1]\nRUN a\n# sandlint: ignore[t]\nRUN b\n# sandlint: ignore[t/*]\n" +
				"RUN c\n# sandlint: ignore[all]\nRUN d\n",
			"Dockerfile:3:5 warning t/run: a RUN [inline on line 2: ]\n" +
				"Dockerfile:5:5 warning t/run: a RUN [inline on line 4: ]\n" +
				"Dockerfile:7:5 warning t/run: a RUN [inline on line 6: ]\n" +
				"Dockerfile:9:5 warning t/run: a RUN [inline on line 8: ]\n--\n",
		},
		{
			"what is not a suppression", "Dockerfile",
			"FROM scratch\n# sandlint: ignore\nRUN a\n# sandlint: ignore[]\nRUN b\n# sandlint: ignore[t/run\nRUN c\n" +
				"# ignore[t/run]\nRUN d\n# sandlint: ignore[t/other, u]\nRUN e\n# about sandlint: ignore[t/run]\n" +
				"RUN f\n",
			"--\nDockerfile:3:5 warning t/run: a RUN\nDockerfile:5:5 warning t/run: a RUN\n" +
				"Dockerfile:7:5 warning t/run: a RUN\nDockerfile:9:5 warning t/run: a RUN\n" +
				"Dockerfile:11:5 warning t/run: a RUN\nDockerfile:13:5 warning t/run: a RUN\n",
		},
		{
			"above an empty line, and above the next instruction only", "Dockerfile",
			"FROM scratch\n# sandlint: ignore[t/run] why\n\n# text\n\nRUN a\n\nRUN b\n",
			"Dockerfile:6:5 warning t/run: a RUN [inline on line 2: why]\n--\nDockerfile:8:5 warning t/run: a RUN\n",
		},
		{
			"among other comments", "Dockerfile",
			"FROM scratch\n# first\n# sandlint: ignore[t/run] two\n# third\nRUN a\n",
			"Dockerfile:5:5 warning t/run: a RUN [inline on line 3: two]\n--\n",
		},
		{
			"of another instruction", "Dockerfile",
			"# sandlint: ignore[t/run]\nFROM scratch\nRUN a\n",
			"--\nDockerfile:3:5 warning t/run: a RUN\n",
		},
		{
			"between the lines of an instruction", "Dockerfile",
			"FROM scratch\nRUN a && \\\n    # sandlint: ignore[t/run] here\n    b\nRUN c\n",
			"Dockerfile:2:5 warning t/run: a RUN [inline on line 3: here]\n--\nDockerfile:5:5 warning t/run: a RUN\n",
		},
		{
			"with CRLF and a byte order mark", "Dockerfile",
			"\ufeffFROM scratch\r\n# sandlint: ignore[t/run] why\r\nRUN a\r\n",
			"Dockerfile:3:5 warning t/run: a RUN [inline on line 2: why]\n--\n",
		},
		{
			"a line of a here-document is not a comment of the Dockerfile", "Dockerfile",
			"FROM scratch\nRUN <<EOF\n# sandlint: ignore[t/run]\na\nEOF\n",
			"--\nDockerfile:2:5 warning t/run: a RUN\n",
		},
		{
			"nix.conf", "nix.conf",
			"# sandlint: ignore[t/setting] above\ncores = 1\ncores = 2 # sandlint: ignore[t] behind\ncores = 3\n",
			"nix.conf:2:1 info t/setting: the setting cores [inline on line 1: above]\n" +
				"nix.conf:3:1 info t/setting: the setting cores [inline on line 3: behind]\n--\n" +
				"nix.conf:4:1 info t/setting: the setting cores\n",
		},
		{
			"nix.conf, over other comments and empty lines", "nix.conf",
			"# sandlint: ignore[t/setting] one\n# text\ncores = 1\n# sandlint: ignore[t/setting] two\n\ncores = 2\n" +
				"  # sandlint: ignore[t/setting] three\r\ncores = 3\r\n",
			"nix.conf:3:1 info t/setting: the setting cores [inline on line 1: one]\n" +
				"nix.conf:6:1 info t/setting: the setting cores [inline on line 4: two]\n" +
				"nix.conf:8:1 info t/setting: the setting cores [inline on line 7: three]\n--\n",
		},
		{
			"nix.conf in COPY", "Dockerfile",
			"FROM nixos/nix\nCOPY <<EOF /etc/nix/nix.conf\n# sandlint: ignore[t/setting] in it\ncores = 1\n" +
				"cores = 2 # sandlint: ignore[t/setting]\ncores = 3\nEOF\n",
			"Dockerfile:4:1 info t/setting: the setting cores [inline on line 3: in it]\n" +
				"Dockerfile:5:1 info t/setting: the setting cores [inline on line 5: ]\n--\n" +
				"Dockerfile:6:1 info t/setting: the setting cores\n",
		},
		{
			"nix.conf in a RUN, from above", "Dockerfile",
			"FROM nixos/nix\n# sandlint: ignore[t/setting, t/run] both\n" +
				"RUN printf 'cores = 1\\nmax-jobs = 2\\n' >> /etc/nix/nix.conf\n" +
				"RUN printf 'cores = 1\\n' >> /etc/nix/nix.conf\n",
			"Dockerfile:3:5 warning t/run: a RUN [inline on line 2: both]\n" +
				"Dockerfile:3:13 info t/setting: the setting cores [inline on line 2: both]\n" +
				"Dockerfile:3:24 info t/setting: the setting max-jobs [inline on line 2: both]\n--\n" +
				"Dockerfile:4:5 warning t/run: a RUN\nDockerfile:4:13 info t/setting: the setting cores\n",
		},
		{
			"nix.conf in a here-document of a RUN", "Dockerfile",
			"FROM nixos/nix\n# sandlint: ignore[t/run]\nRUN cat >> /etc/nix/nix.conf <<EOF\n" +
				"# sandlint: ignore[t/setting]\ncores = 1\nmax-jobs = 2\nEOF\n",
			"Dockerfile:3:5 warning t/run: a RUN [inline on line 2: ]\n" +
				"Dockerfile:5:1 info t/setting: the setting cores [inline on line 4: ]\n--\n" +
				"Dockerfile:6:1 info t/setting: the setting max-jobs\n",
		},
	}
	s := set(t, pack(eachRun, eachSetting), rules.Selection{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ws := load(t, map[string]string{tt.file: tt.text})
			result := rules.Check(ws, s, rules.CheckOptions{})
			if diff := cmp.Diff(tt.want, render(result.Suppressed)+"--\n"+render(result.Findings)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			all := rules.Check(ws, s, rules.CheckOptions{NoIgnores: true})
			if len(all.Suppressed) > 0 || len(all.Findings) != len(result.Findings)+len(result.Suppressed) {
				t.Errorf("without suppressions:\n%s", render(all.Findings))
			}
		})
	}
}

// TestSuppressionOfAnotherFile has a comment in a Dockerfile, which says nothing of the places in a script that it
// runs, whatever their offsets are.
func TestSuppressionOfAnotherFile(t *testing.T) {
	ws := load(t, map[string]string{
		"Dockerfile": "FROM nixos/nix\nCOPY setup.sh /\n# sandlint: ignore[t]\nRUN /setup.sh\n",
		"setup.sh":   strings.Repeat("#\n", 20) + "NIX_CONFIG='cores = 2' nix-build\n",
	})
	inScripts := &rules.Rule{ID: "t/script", Severity: rules.Error, Check: rules.OnTimeline(eachCommand)}
	result := rules.Check(ws, set(t, pack(inScripts), rules.Selection{}), rules.CheckOptions{})
	want := "setup.sh:21:1 error t/script: nix-build\n"
	if diff := cmp.Diff(want, render(result.Findings)); diff != "" || len(result.Suppressed) > 0 {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
