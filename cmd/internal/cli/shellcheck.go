package cli

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/sandlint/sandlint/cmd/internal/shellcheck"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	scripts "github.com/sandlint/sandlint/rules/shellcheck"
)

// shellCheck returns the ShellCheck of a run: the program that --shellcheck or SANDLINT_SHELLCHECK names, or the one
// that is installed; nil where there is none, or it is switched off.
func (a *app) shellCheck(f *runFlags) (*shellcheck.Runner, error) {
	name, from := f.shellCheck, "--shellcheck"
	if name == "" {
		name, from = a.getenv("SANDLINT_SHELLCHECK"), "SANDLINT_SHELLCHECK"
	}
	switch {
	case f.noShellCheck && f.shellCheck != "":
		return nil, fmt.Errorf("--shellcheck and --no-shellcheck cannot be used together")
	case f.noShellCheck || name == "none" || !f.hadolint:
		return nil, nil
	case name != "":
		path, err := exec.LookPath(name)
		if err == nil {
			path, err = filepath.Abs(path) // it runs in another folder
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", from, err)
		}
		return shellcheck.New(path), nil
	}
	path, err := exec.LookPath("shellcheck")
	if err != nil {
		if f.verbose {
			a.warnf("ShellCheck is not installed, so scripts are not checked with it")
		}
		return nil, nil
	}
	return shellcheck.New(path), nil
}

// packsWith returns the packs, with the program that the rule about scripts asks.
func (a *app) packsWith(program *shellcheck.Runner) []rules.Pack {
	packs := a.packs()
	if program == nil {
		return packs
	}
	n := slices.IndexFunc(packs, func(p rules.Pack) bool { return p.Name == "shellcheck" })
	if n >= 0 {
		packs = slices.Clone(packs)
		packs[n] = scripts.Pack(program)
	}
	return packs
}

// batch is how many scripts one run of ShellCheck checks.
const batch = 100

// prefetch has ShellCheck check the scripts of the Dockerfiles among some files, many in one run. The rule finds its
// answers there; what fails is tried again file by file.
func (r *run) prefetch(entries []*workspace.Entry) {
	if r.shellCheck == nil {
		return
	}
	asks := map[*rules.Policy]bool{}
	for _, e := range entries {
		p := r.policies.Policy(e.Abs)
		if _, known := asks[p]; !known {
			asks[p] = slices.ContainsFunc(p.Set.Rules(), func(r *rules.Rule) bool { return r.Pack() == "shellcheck" })
		}
	}
	ws := r.workspace.Snapshot()
	work := make(chan []scripts.Script)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for list := range work {
				_, _ = r.shellCheck.Check(list)
			}
		})
	}
	var list []scripts.Script
	for _, e := range entries {
		if !asks[r.policies.Policy(e.Abs)] || !r.changed.checks(e) {
			continue
		}
		doc, err := ws.Open(e)
		if err != nil || doc.Dockerfile == nil {
			continue
		}
		if list = append(list, scripts.Scripts(doc.Dockerfile)...); len(list) >= batch {
			work <- list
			list = nil
		}
	}
	if len(list) > 0 {
		work <- list
	}
	close(work)
	wg.Wait()
}
