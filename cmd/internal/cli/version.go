package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/parsers/workspace"
)

// build is what the version command prints.
type build struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	// Commit is what the program was built from, Date that commit's, and Modified says that there were changes.
	Commit   string `json:"commit,omitempty"`
	Date     string `json:"date,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	// Newest are the newest releases of the consumers that this release of sandlint knows.
	Newest map[string]string `json:"newest"`
}

func currentBuild() build {
	b := build{Version: Version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	b.Newest = map[string]string{}
	for _, c := range workspace.Consumers() {
		if v := workspace.Newest(c); v != "" {
			b.Newest[c] = v
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = s.Value
			case "vcs.time":
				b.Date = s.Value
			case "vcs.modified":
				b.Modified = s.Value == "true"
			}
		}
	}
	return b
}

func (b build) String() string {
	s := fmt.Sprintf("sandlint %s (%s, %s", b.Version, b.Go, b.Platform)
	if b.Commit != "" {
		s += ", commit " + b.Commit
		if day, _, ok := strings.Cut(b.Date, "T"); ok {
			s += " of " + day
		}
		if b.Modified {
			s += " with changes"
		}
	}
	return s + ")"
}

func (a *app) versionCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long: `Print the version of sandlint, the release of Go and the platform that it was built for and, where it
was built from a repository, the commit. JSON also has the newest release of each consumer that it
knows.`,
		Example: `  sandlint version
  sandlint version --format json`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return a.printVersion(format) },
	}
	formatFlag(cmd, &format, "text", "json")
	return cmd
}

func (a *app) printVersion(format string) error {
	if format == "json" {
		return json.NewEncoder(a.stdout).Encode(currentBuild())
	}
	_, err := fmt.Fprintln(a.stdout, currentBuild())
	return err
}
