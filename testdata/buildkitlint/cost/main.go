// Command cost compares the CPU time of a whole check of sandlint, with all rules that are on by default, with that of
// BuildKit's complete linter and of hadolint over the same Dockerfiles:
//
//	cd testdata/buildkitlint && go run ./cost [-rounds 5] [-hadolint PROGRAM] [-cpuprofile FILE] FOLDER…
//
// The files are read once. sandlint and BuildKit then work on them in this process, by turns; what counts is the round
// that took least. hadolint is a process of its own and counts with its start.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
	"github.com/sandlint/sandlint/testdata/buildkitlint/internal/buildkit"
	"github.com/sandlint/sandlint/testdata/buildkitlint/internal/corpus"
)

var (
	rounds  = flag.Int("rounds", 5, "how often to measure")
	program = flag.String("hadolint", "", "the program hadolint; default: it is not measured")
	profile = flag.String("cpuprofile", "", "a file for the profile of sandlint's rounds")
	only    = flag.String("only", "", "rules or packs to apply, with commas; default: those that are on by default")
)

func main() {
	flag.Parse()
	if err := run(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "cost:", err)
		os.Exit(1)
	}
}

func run(folders []string) error {
	texts, names := map[string][]byte{"/project/.git/HEAD": []byte("ref: refs/heads/main\n")}, []string(nil)
	size := 0
	for n, folder := range folders {
		found, err := corpus.Open(folder)
		if err != nil {
			return err
		}
		for _, f := range found.Files {
			texts[fmt.Sprintf("/project/%d/%s", n, f.Path)] = f.Text
			names, size = append(names, f.Abs), size+len(f.Text)
		}
	}
	fmt.Printf("%d Dockerfiles, %d bytes\n", len(names), size)
	selection := rules.Selection{}
	if *only != "" {
		selection.Only = strings.Split(*only, ",")
	}
	set, err := rules.NewSet(packs.All(), selection)
	if err != nil {
		return err
	}
	var ours, theirs []time.Duration
	findings, warnings := 0, 0
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	for range *rounds {
		ours = append(ours, spent(func() {
			ws, failure := rules.Load(workspace.Options{Dir: "/project", OneRun: true, Files: files.Memory(texts)})
			if failure != nil {
				err = failure
				return
			}
			findings = len(rules.Check(ws, set, rules.CheckOptions{}).Findings)
		}))
		if err != nil {
			return err
		}
		if *profile != "" {
			continue
		}
		theirs = append(theirs, spent(func() { warnings = lint(texts) }))
	}
	best := slices.Min(ours)
	fmt.Printf("sandlint  %6d ms CPU, %d findings\n", best.Milliseconds(), findings)
	if theirs != nil {
		other := slices.Min(theirs)
		fmt.Printf("BuildKit  %6d ms CPU, %d findings; sandlint needs %.2f times as much\n", other.Milliseconds(),
			warnings, float64(best)/float64(other))
	}
	if *program == "" {
		return nil
	}
	var used time.Duration
	for some := range slices.Chunk(names, 100) {
		command := exec.Command(*program, append([]string{"--no-fail", "--format", "json"}, some...)...)
		command.Dir = os.TempDir()
		if err := command.Run(); command.ProcessState == nil {
			return err
		}
		used += command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	}
	fmt.Printf("hadolint  %6d ms CPU, %.0f times as much as sandlint\n", used.Milliseconds(),
		float64(used)/float64(best))
	return nil
}

// spent is the CPU time of do.
func spent(do func()) time.Duration {
	runtime.GC()
	before := used()
	do()
	return used() - before
}

func used() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// lint applies BuildKit's linter on all cores, as sandlint does with its own rules.
func lint(texts map[string][]byte) int {
	next := make(chan []byte)
	var mu sync.Mutex
	var wg sync.WaitGroup
	sum := 0
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for text := range next {
				found, err := buildkit.Lint("Dockerfile", text)
				mu.Lock()
				if err == nil {
					sum += len(found)
				}
				mu.Unlock()
			}
		})
	}
	for _, text := range texts {
		next <- text
	}
	close(next)
	wg.Wait()
	return sum
}
