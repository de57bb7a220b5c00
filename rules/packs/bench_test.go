//go:build unix

package packs_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// The benchmarks run over the folder that SANDLINT_CORPUS names, a tree of repositories, and are skipped without it:
//
//	SANDLINT_CORPUS=/path/to/repositories go test ./rules/packs -run '^$' -bench Corpus -benchtime 10x
//
// Wall time depends on how many cores there are, and on what else they do. Compare the CPU times of one run with one
// another.

// corpus holds the files of the folder.
type corpus struct {
	oneRun      bool // each check follows a load of its own
	dir         string
	ws          *workspace.Workspace
	files       int
	bytes       int64
	dockerfiles [][]byte
}

func loadCorpus(b *testing.B) *corpus {
	b.Helper()
	c := &corpus{dir: os.Getenv("SANDLINT_CORPUS")}
	if c.dir == "" {
		b.Skip("SANDLINT_CORPUS names no folder")
	}
	dir, err := filepath.Abs(c.dir)
	if err != nil {
		b.Fatal(err)
	}
	c.dir = dir
	c.ws = c.load(b)
	for _, e := range c.ws.Entries {
		text, err := os.ReadFile(e.Abs)
		if err != nil {
			b.Fatal(err)
		}
		c.files++
		c.bytes += int64(len(text))
		if e.Kind == files.KindDockerfile {
			c.dockerfiles = append(c.dockerfiles, text)
		}
	}
	if c.files == 0 {
		b.Fatalf("%s holds no file that sandlint reads", c.dir)
	}
	return c
}

func (c *corpus) load(b *testing.B) *workspace.Workspace {
	ws, err := rules.Load(workspace.Options{Dir: c.dir, OneRun: c.oneRun})
	if err != nil {
		b.Fatal(err)
	}
	return ws
}

// measure runs do, and reports how many files and bytes it gets through and how much CPU time it takes.
func measure(b *testing.B, files int, size int64, do func()) {
	b.Helper()
	b.SetBytes(size)
	runtime.GC()
	start := cpuTime(b)
	b.ResetTimer()
	for range b.N {
		do()
	}
	b.StopTimer()
	spent := cpuTime(b) - start
	b.ReportMetric(float64(files)*float64(b.N)/b.Elapsed().Seconds(), "files/s")
	b.ReportMetric(spent.Seconds()*1000/float64(b.N), "cpu-ms/op")
}

// cpuTime returns the time that the process has spent on all cores.
func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func defaultSet(b *testing.B) *rules.Set {
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		b.Fatal(err)
	}
	return set
}

// BenchmarkCorpusLoad finds the files.
func BenchmarkCorpusLoad(b *testing.B) {
	c := loadCorpus(b)
	measure(b, c.files, c.bytes, func() { c.load(b) })
}

// BenchmarkCorpusCheck finds the files and applies the rules that are on by default.
func BenchmarkCorpusCheck(b *testing.B) {
	c, set := loadCorpus(b), defaultSet(b)
	measure(b, c.files, c.bytes, func() { rules.Check(c.load(b), set, rules.CheckOptions{}) })
}

// BenchmarkCorpusCheckFixes does the same, and proves each fix alone.
func BenchmarkCorpusCheckFixes(b *testing.B) {
	c, set := loadCorpus(b), defaultSet(b)
	measure(b, c.files, c.bytes, func() { rules.Check(c.load(b), set, rules.CheckOptions{Fixes: true}) })
}

// BenchmarkCorpusFix finds the files and applies all fixes, each proved, until none is left.
func BenchmarkCorpusFix(b *testing.B) {
	c, set := loadCorpus(b), defaultSet(b)
	fixed := 0
	measure(b, c.files, c.bytes, func() {
		fixed = 0
		for _, f := range rules.Fix(c.load(b), set, rules.FixOptions{Unsafe: true}).Files {
			fixed += len(f.Applied)
		}
	})
	b.ReportMetric(float64(fixed), "fixes/op")
}

// BenchmarkCorpusBuildKitParse is the baseline: BuildKit's parser alone over the Dockerfiles of the folder, in memory,
// on all cores.
func BenchmarkCorpusBuildKitParse(b *testing.B) {
	c := loadCorpus(b)
	size := int64(0)
	for _, text := range c.dockerfiles {
		size += int64(len(text))
	}
	measure(b, len(c.dockerfiles), size, func() {
		next := make(chan []byte)
		var wg sync.WaitGroup
		for range runtime.GOMAXPROCS(0) {
			wg.Go(func() {
				for text := range next {
					parser.Parse(bytes.NewReader(text)) // what it cannot parse is part of the corpus
				}
			})
		}
		for _, text := range c.dockerfiles {
			next <- text
		}
		close(next)
		wg.Wait()
	})
}

// BenchmarkCheckSeccompDefault checks one file with all rules that are on by default: Docker's default profile.
func BenchmarkCheckSeccompDefault(b *testing.B) {
	text, err := os.ReadFile("../../parsers/seccomp/testdata/docker-default.json")
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "seccomp.json"), text, 0o644); err != nil {
		b.Fatal(err)
	}
	set := defaultSet(b)
	for b.Loop() {
		ws, err := rules.Load(workspace.Options{Dir: dir, Targets: workspace.DefaultTargets()})
		if err != nil {
			b.Fatal(err)
		}
		rules.Check(ws, set, rules.CheckOptions{})
	}
}
