package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/custom"
)

// configFlags registers the flags that choose the configuration, for the commands that read it for its packs alone.
func (f *runFlags) configFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.config, "config", "", "read the rule packs of this configuration `FILE` instead of those "+
		"of the nearest "+config.Name)
	cmd.Flags().BoolVar(&f.noConfig, "no-config", false, "read no configuration file")
	_ = cmd.MarkFlagFilename("config", "hcl")
}

// configured returns the packs that come with sandlint and those of the configuration.
func (a *app) configured(f *runFlags) ([]rules.Pack, *config.Config, error) {
	dir, err := a.getwd()
	if err != nil {
		return nil, nil, fmt.Errorf("finding the working directory: %w", err)
	}
	conf, err := a.config(f, dir, nil)
	if err != nil {
		return nil, nil, err
	}
	return slices.Concat(a.packs(), conf.RulePacks()), conf, nil
}

// packJSON is a pack in the output of "sandlint packs".
type packJSON struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Rules   int    `json:"rules"`
	From    string `json:"from"` // "built in", or the reference in the configuration
	Path    string `json:"path"`
	Digest  string `json:"sha256"`
	// Loaded is false for packs that come with sandlint and that the configuration does not name.
	Loaded bool `json:"loaded"`
}

const builtIn = "built in"

func (a *app) packsCommand() *cobra.Command {
	var flags runFlags
	var format string
	cmd := &cobra.Command{
		Use:   "packs",
		Short: "List the rule packs",
		Long: `List the rule packs that are loaded and where each comes from, and those that come with sandlint and
are loaded where a configuration names them: packs = ["builtin:NAME"].`,
		Example: `  sandlint packs
  sandlint packs --format json`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			list, err := a.listPacks(&flags)
			if err != nil {
				return err
			}
			if format == "json" {
				return a.printJSON(list)
			}
			w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "PACK\tRULES\tVERSION\tFROM\tSHA-256")
			for _, p := range list {
				from := p.From
				if p.Path != "" && p.Path != from {
					from = p.Path
				}
				if !p.Loaded {
					from = "(" + from + ")"
				}
				digest := p.Digest
				if len(digest) > 12 {
					digest = digest[:12]
				}
				fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\n", p.Name, p.Rules, dash(p.Version), from, dash(digest))
			}
			return w.Flush()
		},
	}
	flags.configFlags(cmd)
	formatFlag(cmd, &format, "text", "json")
	return cmd
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (a *app) listPacks(flags *runFlags) ([]packJSON, error) {
	_, conf, err := a.configured(flags)
	if err != nil {
		return nil, err
	}
	list := []packJSON{}
	for _, p := range a.packs() {
		list = append(list, packJSON{Name: p.Name, Rules: len(p.Rules), From: builtIn, Version: Version, Loaded: true})
	}
	named := map[string]bool{}
	for _, p := range conf.AllPacks() {
		named[p.Source.Path] = true
		list = append(list, packJSON{Name: p.Name, Version: p.Version, Rules: len(p.Rules().Rules), From: p.From,
			Path: p.Source.Path, Digest: p.Digest, Loaded: true})
	}
	for _, name := range custom.Builtin() {
		f, _ := custom.OpenBuiltin(name)
		if named[f.Path] {
			continue
		}
		pack, err := loadPack(config.PackFile{File: f, Read: custom.ReadBuiltin}, nil)
		if err != nil {
			return nil, err
		}
		list = append(list, packJSON{Name: pack.Name, Version: pack.Version, Rules: len(pack.Rules().Rules),
			From: f.Path, Path: f.Path, Digest: pack.Digest})
	}
	return list, nil
}

// loadPack loads the file of a pack whose variables need not have values. The error is of type *config.Error.
func loadPack(f config.PackFile, known []rules.Pack) (*custom.Pack, error) {
	s, problems := custom.Read(f.File)
	if len(problems) == 0 {
		var pack *custom.Pack
		opts := custom.Options{Version: Version, Known: known, Read: f.Read, Unset: true}
		if pack, problems = s.Pack(opts); pack != nil {
			return pack, nil
		}
	}
	return nil, &config.Error{Source: f.File, Problems: problems}
}

// packFiles returns the files of the packs that paths name, or without paths those of the configuration that lie in
// files.
func (a *app) packFiles(flags *runFlags, paths []string) ([]config.PackFile, error) {
	dir, err := a.getwd()
	if err != nil {
		return nil, fmt.Errorf("finding the working directory: %w", err)
	}
	show := func(path string) string { return shown(dir, path) }
	var out []config.PackFile
	for _, p := range paths {
		list, err := config.PackFiles(dir, dir, p, show)
		if err != nil {
			return nil, fmt.Errorf("%s %w", report.Visible(p), err)
		}
		out = append(out, list...)
	}
	if len(paths) > 0 {
		return out, nil
	}
	path := flags.config
	if path != "" {
		path = absolute(dir, path)
	} else if path = config.Find(dir); path == "" {
		return nil, fmt.Errorf("no path is given, and there is no %s", config.Name)
	}
	refs, err := config.PackRefs(dir, path, show)
	if err != nil {
		return nil, err
	}
	for _, ref := range refs {
		list, err := config.PackFiles(dir, filepath.Dir(path), ref, show)
		if err != nil {
			return nil, fmt.Errorf("the pack %q of %s %w", ref, show(path), err)
		}
		for _, f := range list {
			if f.Abs != "" {
				out = append(out, f)
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s names no rule packs in files", show(path))
	}
	return out, nil
}

// printJSON prints a value as indented JSON.
func (a *app) printJSON(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := a.stdout.Write(b.Bytes())
	return err
}

// loadPacks loads the files of packs, and reports all problems of all files.
func (a *app) loadPacks(list []config.PackFile) ([]*custom.Pack, error) {
	known := slices.Clone(a.packs())
	var out []*custom.Pack
	var wrong *config.Error
	for _, f := range list {
		pack, err := loadPack(f, known)
		var one *config.Error
		if errors.As(err, &one) {
			if wrong == nil {
				wrong = one
			} else {
				wrong.More = append(wrong.More, one)
			}
			continue
		}
		known = append(known, pack.Rules())
		out = append(out, pack)
	}
	if wrong != nil {
		return nil, wrong
	}
	return out, nil
}
