//go:build unix

package lsp

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// typing is the recorded session of testdata/typing.
type typing struct {
	files map[string]string
	keys  []keys
}

// keys are what is typed at one place.
type keys struct {
	file, where, behind, text string
	back                      int
}

func readTyping(tb testing.TB) *typing {
	tb.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", "typing", "session.txtar"))
	if err != nil {
		tb.Fatal(err)
	}
	t := &typing{files: map[string]string{}}
	for _, f := range archive.Files {
		if f.Name != "keys" {
			t.files[f.Name] = string(f.Data)
			continue
		}
		for line := range strings.Lines(string(f.Data)) {
			words := strings.SplitN(strings.TrimSpace(line), " ", 3)
			k := keys{file: words[0], where: words[1]}
			d := json.NewDecoder(strings.NewReader(words[2]))
			for _, to := range []any{&k.behind, &k.text, &k.back} {
				if err := d.Decode(to); err != nil {
					tb.Fatal(line, err)
				}
			}
			t.keys = append(t.keys, k)
		}
	}
	return t
}

// dockerfile returns the Dockerfile of the session with about so many lines.
func (t *typing) dockerfile(lines int) string {
	head, rest, _ := strings.Cut(t.files["Dockerfile"], "# stage\n")
	stage, tail, _ := strings.Cut(rest, "# end\n")
	fixed, each := strings.Count(head+tail, "\n"), strings.Count(stage, "\n")
	var b strings.Builder
	b.WriteString(head)
	for n := range max(1, (lines-fixed+each/2)/each) {
		b.WriteString(strings.ReplaceAll(stage, "{{n}}", strconv.Itoa(n+1)))
	}
	return b.String() + tail
}

// stroke is one edit: a character typed at an offset or, where text is "", one deleted there.
type stroke struct {
	file string
	at   int
	text string
}

// strokes returns the edits of the session, each for the texts after those before it, and changes the texts.
func (t *typing) strokes(tb testing.TB, texts map[string]string) []stroke {
	var out []stroke
	for _, k := range t.keys {
		var places []int
		for at := 0; ; {
			n := strings.Index(texts[k.file][at:], k.behind)
			if n < 0 {
				break
			}
			at += n + len(k.behind)
			places = append(places, at)
		}
		if len(places) == 0 {
			tb.Fatalf("%s does not have %q", k.file, k.behind)
		}
		at := places[map[string]int{"first": 0, "middle": len(places) / 2, "last": len(places) - 1}[k.where]]
		do := func(s stroke) {
			now := texts[k.file]
			if s.text == "" {
				texts[k.file] = now[:s.at] + now[s.at+1:]
			} else {
				texts[k.file] = now[:s.at] + s.text + now[s.at:]
			}
			out = append(out, s)
		}
		for n := range len(k.text) {
			do(stroke{k.file, at + n, k.text[n : n+1]})
		}
		for n := range k.back {
			do(stroke{k.file, at + len(k.text) - 1 - n, ""})
		}
	}
	return out
}

// cpuTime returns the processor time that the process has used, of all threads.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkKey replays the session of testdata/typing against a server, through its protocol: for each key stroke the
// client sends the edit and waits for the diagnostics of the Dockerfile. It reports the median and the 99th percentile
// of the time that passes, and of the processor time of client and server together. With pauses between the strokes, as
// people make them, the garbage collector has its turn there.
func BenchmarkKey(b *testing.B) {
	session := readTyping(b)
	for _, c := range []struct {
		lines int
		pause time.Duration
	}{{100, 0}, {1000, 0}, {3000, 0}, {1000, 50 * time.Millisecond}} {
		name := fmt.Sprint(c.lines)
		if c.pause > 0 {
			name += "-pauses"
		}
		b.Run(name, func(b *testing.B) {
			files := map[string]string{}
			for name, text := range session.files {
				files[name] = text
			}
			files["Dockerfile"] = session.dockerfile(c.lines)
			root := write(b, files)
			strokes := session.strokes(b, files)
			var wall, cpu []time.Duration
			for b.Loop() {
				w, used := typed(b, root, strokes, c.pause)
				wall, cpu = append(wall, w...), append(cpu, used...)
			}
			report := func(name string, all []time.Duration) {
				slices.Sort(all)
				ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
				b.ReportMetric(ms(all[len(all)/2]), name+"-p50-ms")
				b.ReportMetric(ms(all[len(all)*99/100]), name+"-p99-ms")
			}
			report("wall", wall)
			report("cpu", cpu)
			b.ReportMetric(0, "ns/op")
		})
	}
}

// typed sends each stroke to a new server, and returns what each took. It pauses after each.
func typed(b *testing.B, root string, strokes []stroke, pause time.Duration) (wall, cpu []time.Duration) {
	b.StopTimer()
	c := start(b, root)
	defer c.stop()
	texts := map[string]*text{}
	c.request("initialize", map[string]any{
		"capabilities": map[string]any{
			"general":      map[string]any{"positionEncodings": []string{"utf-8"}},
			"textDocument": map[string]any{"diagnostic": map[string]any{}},
		},
		"workspaceFolders": []any{map[string]string{"uri": uriOf(root), "name": "x"}},
	})
	c.notify("initialized", struct{}{})
	for _, name := range []string{"Dockerfile", "nix.conf"} {
		now, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			b.Fatal(err)
		}
		texts[name] = newText(now)
		c.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": c.uri(name),
			"languageId": "", "version": 1, "text": string(now)}})
	}
	pull := map[string]any{"textDocument": map[string]any{"uri": c.uri("Dockerfile")}}
	for range 3 { // the tables of the rules are made
		c.request("textDocument/diagnostic", pull)
	}
	runtime.GC()
	b.StartTimer()
	for n, s := range strokes {
		now := texts[s.file]
		r := Range{now.position(s.at, UTF8), now.position(s.at, UTF8)}
		if s.text == "" {
			r.End = now.position(s.at+1, UTF8)
		}
		began, used := time.Now(), cpuTime()
		c.notify("textDocument/didChange", map[string]any{
			"textDocument":   map[string]any{"uri": c.uri(s.file), "version": n + 2},
			"contentChanges": []any{map[string]any{"range": r, "text": s.text}},
		})
		c.request("textDocument/diagnostic", pull)
		wall, cpu = append(wall, time.Since(began)), append(cpu, cpuTime()-used)
		texts[s.file] = now.edited([]change{{&r, s.text}}, UTF8)
		time.Sleep(pause)
	}
	return wall, cpu
}

// tree returns the files of many projects, about so many: those of testdata/projects of the repository, and those of
// the cases of the rules' pages, each in a folder of its own.
func tree(b *testing.B, most int) map[string]string {
	repository := filepath.Join("..", "..", "..")
	var projects []map[string]string
	pages, err := filepath.Glob(filepath.Join(repository, "rules", "*", "*.txtar"))
	if err != nil {
		b.Fatal(err)
	}
	for _, page := range pages {
		archive, err := txtar.ParseFile(page)
		if err != nil {
			b.Fatal(err)
		}
		project := map[string]string{}
		for _, f := range archive.Files {
			if strings.Count(f.Name, "/") > 0 && !strings.Contains(f.Name, "{{") {
				project[filepath.Base(page)+"/"+f.Name] = string(f.Data)
			}
		}
		projects = append(projects, project)
	}
	own := map[string]string{}
	root := filepath.Join(repository, "testdata", "projects")
	err = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		own[filepath.ToSlash(path[len(root)+1:])] = string(text)
		return err
	})
	if err != nil || len(own) == 0 {
		b.Fatal(len(own), err)
	}
	projects = append(projects, own)
	out := map[string]string{}
	for n := 0; len(out) < most; n++ {
		for name, text := range projects[n%len(projects)] {
			out[fmt.Sprintf("team%d/%s", n, name)] = text
		}
	}
	return out
}

// memory samples how much memory the process has until done is called, which returns the peak of the heap in use and of
// the memory that the system has given, in MiB.
func memory(b *testing.B) (done func() (heap, resident float64)) {
	stop, stopped := make(chan bool), make(chan bool)
	var heap, resident uint64
	go func() {
		defer close(stopped)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			heap = max(heap, m.HeapInuse)
			if text, err := os.ReadFile("/proc/self/statm"); err == nil {
				if fields := strings.Fields(string(text)); len(fields) > 1 {
					pages, _ := strconv.ParseUint(fields[1], 10, 64)
					resident = max(resident, pages*uint64(os.Getpagesize()))
				}
			}
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() (float64, float64) {
		close(stop)
		<-stopped
		return float64(heap) / (1 << 20), float64(resident) / (1 << 20)
	}
}

// BenchmarkWorkspace starts a server over a folder of 5,000 files, and waits for the diagnostics of all files or, with
// "open", of one open Dockerfile. It reports the time that passes, the processor time and the memory of client and
// server together.
func BenchmarkWorkspace(b *testing.B) {
	files := tree(b, 5000)
	root := write(b, files)
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	first := names[slices.IndexFunc(names, func(name string) bool { return filepath.Base(name) == "Dockerfile" })]
	for _, mode := range []string{"open", "workspace"} {
		b.Run(mode, func(b *testing.B) {
			var heap, resident float64
			var cpu time.Duration
			for b.Loop() {
				runtime.GC()
				done, used := memory(b), cpuTime()
				c := start(b, root)
				c.request("initialize", map[string]any{
					"capabilities": map[string]any{"textDocument": map[string]any{"diagnostic": map[string]any{}},
						"workspace": map[string]any{"diagnostics": map[string]any{"refreshSupport": true}}},
					"initializationOptions": map[string]any{"diagnostics": mode},
					"workspaceFolders":      []any{map[string]string{"uri": uriOf(root), "name": "x"}},
				})
				c.notify("initialized", struct{}{})
				c.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": c.uri(first),
					"languageId": "dockerfile", "version": 1, "text": files[first]}})
				if mode == "open" {
					c.request("textDocument/diagnostic",
						map[string]any{"textDocument": map[string]any{"uri": c.uri(first)}})
				} else if all := c.request("workspace/diagnostic", struct{}{}); len(all) < 1<<20 {
					b.Fatalf("the report has %d bytes", len(all))
				}
				cpu += cpuTime() - used
				h, r := done()
				heap, resident = max(heap, h), max(resident, r)
				c.stop()
			}
			b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
			b.ReportMetric(heap, "peak-heap-MiB")
			b.ReportMetric(resident, "peak-rss-MiB")
		})
	}
}
