package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/cmd/internal/cli"
	"github.com/sandlint/sandlint/cmd/internal/stream/streamtest"
	"github.com/sandlint/sandlint/parsers/heavytest"
)

// fleetTimeout is the --record-timeout of the test; only hostile records need it.
const fleetTimeout = "2s"

// fleet makes the records of TestStreamFleet: mutations of real files, one in 200 hostile.
type fleet struct {
	corpus streamtest.Corpus
	kinds  []streamtest.Hostile

	program string // the path of sandlint; "" with the light tests
}

const hostileEvery = 200

// record returns the line of record n, and the files in it, which are nil for a hostile one.
func (f *fleet) record(n int) ([]byte, streamtest.Project) {
	id := strconv.Itoa(n)
	if n%hostileEvery != hostileEvery-1 {
		p := f.corpus.Record(n)
		return streamtest.Line(id, p), p
	}
	k := n / hostileEvery
	kind := f.kinds[k%len(f.kinds)]
	size := 2_000 + 4_000*(k%5)
	switch {
	case k%50 == 49:
		size = 20 << 20
	case k%7 == 6:
		size = 60_000
	}
	return kind.Line(id, size), nil
}

// TestStreamFleet checks many records in one run of the program: the answers come in order, those of the records that
// are no attack are what a run over each record alone says, in the process and as a program over a folder, and the
// memory does not grow. SANDLINT_RECORDS is how many records, and SANDLINT_CORPUS a folder with more projects to make
// them of, each two folders below it. -v prints figures.
func TestStreamFleet(t *testing.T) {
	count, compared, folders := 600, 60, 0
	if heavytest.On() {
		count, compared, folders = 5000, 250, 20
	}
	if n, err := strconv.Atoi(os.Getenv("SANDLINT_RECORDS")); err == nil {
		count, compared, folders = n, n/100, 100
	}
	f := &fleet{kinds: streamtest.HostileKinds()}
	if err := f.corpus.AddCases(filepath.Join("..", "..")); err != nil {
		t.Fatal(err)
	}
	if more := os.Getenv("SANDLINT_CORPUS"); more != "" {
		if err := f.corpus.AddFolders(more); err != nil {
			t.Fatal(err)
		}
	}
	if heavytest.On() {
		f.program = program(t)
	}
	r := rand.New(rand.NewPCG(1, 2))
	sample := map[int]bool{}
	for len(sample) < compared {
		if n := r.IntN(count); n%hostileEvery != hostileEvery-1 {
			sample[n] = true
		}
	}
	answers := f.run(t, count, sample)
	alone := 0
	for n := range sample {
		line, p := f.record(n)
		var out bytes.Buffer
		if status := cli.Main(streamArguments("1"), bytes.NewReader(line), &out, io.Discard); status != 0 {
			t.Fatalf("record %d alone: status %d", n, status)
		}
		if diff := cmp.Diff(out.String(), string(answers[n])); diff != "" {
			t.Errorf("record %d has another answer alone (-alone +among others):\n%s", n, diff)
		}
		if alone < folders {
			alone++
			f.compareFolder(t, n, p, answers[n])
		}
	}
	t.Logf("%d records have the same answer alone, %d of them the same findings in a folder", len(sample), alone)
}

func streamArguments(jobs string) []string {
	return []string{"check", "--stream", "--jobs", jobs, "--record-timeout", fleetTimeout}
}

// run has one process answer all records, and returns the answers of the sample. With the light tests, the process is
// this one.
func (f *fleet) run(t *testing.T, count int, sample map[int]bool) map[int][]byte {
	in, to := io.Pipe()
	from, out := io.Pipe()
	var read atomic.Int64 // bytes of records
	go func() {
		w := bufio.NewWriterSize(to, 1<<16)
		for n := range count {
			line, _ := f.record(n)
			read.Add(int64(len(line)))
			if _, err := w.Write(line); err != nil {
				break
			}
		}
		w.Flush()
		to.Close()
	}()
	ended := make(chan error, 1)
	var cmd *exec.Cmd
	if heavytest.On() {
		cmd = exec.Command(f.program, streamArguments("2")...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		go func() {
			ended <- cmd.Wait()
			out.Close()
		}()
	} else {
		go func() {
			cli.Main(streamArguments("2"), in, out, os.Stderr)
			ended <- nil
			out.Close()
		}()
	}
	answers, codes := map[int][]byte{}, map[string]int{}
	lines := bufio.NewReaderSize(from, 1<<16)
	every := max(count/20, 1)
	var memory []int
	written := 0
	for n := range count {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatalf("after %d answers: %v", n, err)
		}
		written += len(line)
		f.check(t, n, line, codes)
		if sample[n] {
			answers[n] = line
		}
		if n%every == every-1 && cmd != nil {
			memory = append(memory, resident(cmd.Process.Pid))
			t.Logf("%d records, %d MB read, %d MB resident", n+1, read.Load()>>20, memory[len(memory)-1]>>10)
		}
	}
	if line, err := lines.ReadBytes('\n'); err != io.EOF {
		t.Errorf("something follows the last answer: %.100s %v", line, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if cmd != nil {
		used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		t.Logf("%d records of %d bytes, %d bytes of answers, %.1f s of the processor: %.0f records/s, %.0f KB/s", count,
			read.Load(), written, used.Seconds(), float64(count)/used.Seconds(),
			float64(read.Load())/1e3/used.Seconds())
		first, last := memory[len(memory)/4], memory[len(memory)-1]
		if last > first+first/2+50<<10 {
			t.Errorf("the memory grows from %d to %d KB", first, last)
		}
	}
	t.Logf("errors: %v", codes)
	return answers
}

// check looks at one answer.
func (f *fleet) check(t *testing.T, n int, line []byte, codes map[string]int) {
	var a struct {
		ID    *string `json:"id"`
		Error *struct {
			Code, Message string
		} `json:"error"`
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(line, &a); err != nil {
		t.Fatalf("answer %d is not JSON: %v", n, err)
	}
	hostile := n%hostileEvery == hostileEvery-1
	kind := f.kinds[n/hostileEvery%len(f.kinds)].Name
	switch {
	case a.ID == nil && hostile && a.Error != nil: // it cannot be read
	case a.ID == nil || *a.ID != strconv.Itoa(n):
		t.Fatalf("answer %d is that of another record: %.100s", n, line)
	case a.Error == nil && a.Version == nil:
		t.Errorf("answer %d has neither findings nor an error: %.100s", n, line)
	}
	if a.Error == nil {
		return
	}
	codes[a.Error.Code]++
	if a.Error.Code == "defect" || !hostile && a.Error.Code != "configuration" {
		t.Errorf("record %d, %s: %.300s", n, kind, line)
	}
	if hostile {
		t.Logf("%s: %.150s", kind, a.Error.Message)
	}
}

// program builds sandlint and returns its path.
func program(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "sandlint")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// resident returns the memory of a process and those that it has started, in KB.
func resident(pid int) int {
	total := 0
	for _, one := range append([]int{pid}, children(pid)...) {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", one))
		for line := range strings.Lines(string(status)) {
			if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
				kb, _ := strconv.Atoi(strings.Fields(rest)[0])
				total += kb
			}
		}
	}
	return total
}

func children(pid int) (out []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, word := range strings.Fields(string(text)) {
			if one, err := strconv.Atoi(word); err == nil {
				out = append(out, one)
			}
		}
	}
	return out
}

// compareFolder compares an answer with what the program says about a folder that has the files of the record.
func (f *fleet) compareFolder(t *testing.T, n int, p streamtest.Project, answer []byte) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range p {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(f.program, "check", "--format", "json", "--no-shellcheck")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, _ := cmd.Output() // the status says that there are findings
	var folder, record map[string]any
	if err := json.Unmarshal(answer, &record); err != nil {
		t.Fatal(err)
	}
	if record["error"] != nil {
		if cmd.ProcessState.Sys().(syscall.WaitStatus).ExitStatus() != cli.StatusUsage {
			t.Errorf("record %d: the folder can be checked, and the record has the error %v", n, record["error"])
		}
		return
	}
	if err := json.Unmarshal(out, &folder); err != nil {
		t.Fatalf("record %d in a folder: %v\n%s", n, err, stderr.String())
	}
	delete(record, "id")
	delete(record, "warnings")
	if diff := cmp.Diff(folder, record); diff != "" {
		t.Errorf("record %d has other findings as a folder (-folder +record):\n%s", n, diff)
	}
}
