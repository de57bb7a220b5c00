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

// write writes files below a new folder, which is the root of a repository.
func write(tb testing.TB, files map[string]string) (root string) {
	tb.Helper()
	root, err := filepath.EvalSymlinks(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, ".git"), 0o755); err != nil {
		tb.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return root
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
// of the time that passes, and of the processor time of client and server together.
func BenchmarkKey(b *testing.B) {
	session := readTyping(b)
	for _, lines := range []int{100, 1000, 3000} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) {
			files := map[string]string{}
			for name, text := range session.files {
				files[name] = text
			}
			files["Dockerfile"] = session.dockerfile(lines)
			root := write(b, files)
			strokes := session.strokes(b, files)
			var wall, cpu []time.Duration
			for b.Loop() {
				w, c := typed(b, root, strokes)
				wall, cpu = append(wall, w...), append(cpu, c...)
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

// typed sends each stroke to a new server, and returns what each took.
func typed(b *testing.B, root string, strokes []stroke) (wall, cpu []time.Duration) {
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
		edited, err := now.edited([]change{{&r, s.text}}, UTF8)
		if err != nil {
			b.Fatal(err)
		}
		texts[s.file] = edited
	}
	return wall, cpu
}
