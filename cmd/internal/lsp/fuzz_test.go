package lsp

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// FuzzEdits edits, opens, closes, saves and removes documents that depend on one another, as the bytes of the input
// say, through the protocol. The text of the server is always that of the client, and the diagnostics are those of a
// check that sees the same texts for the first time.
func FuzzEdits(f *testing.F) {
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		f.Fatal(err)
	}
	for seed := range uint64(16) {
		f.Add(randomInput(seed, 200))
	}
	f.Fuzz(func(t *testing.T, input []byte) { playEdits(t, set, input) })
}

// TestEdits plays a few inputs of FuzzEdits.
func TestEdits(t *testing.T) {
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(heavytest.Times(50)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { playEdits(t, set, randomInput(seed, 150)) })
	}
}

func randomInput(seed uint64, size int) []byte {
	r := rand.New(rand.NewPCG(seed, 7))
	out := make([]byte, size)
	for n := range out {
		out[n] = byte(r.Uint32())
	}
	return out
}

// someFiles are the files of the folder at the start. They depend on one another.
func someFiles() map[string]string {
	return map[string]string{
		".git/HEAD": "ref: refs/heads/main\n",
		"Dockerfile": "# é comment 😀\nFROM debian:12 AS base\nCOPY nix.conf /etc/nix/nix.conf\n" +
			"COPY build.sh /b/build.sh\nRUN apt-get update && \\\n    # 𝛼 in between\n" +
			"    apt-get install curl\r\nRUN <<EOF\nnix-env -i a\necho $A é\nEOF\n" +
			"FROM base\nARG A=1\nENV B=$A\nRUN sh /b/build.sh; sudo nix-build\nUSER x\n",
		"nix.conf": "experimental-features = nix-command\nsandbox = false\ninclude extra.conf\nmax-jobs = x\n" +
			"!include none.conf\n",
		"extra.conf": "cores = 1\r\nsubstituter = https://é.example\r\n",
		"build.sh":   "#!/bin/sh\nnix-build --option sandbox true\ncd /tmp && sudo ls\n",
		"app/Dockerfile": "FROM nixos/nix\rRUN nix-channel --update\n" +
			"RUN echo 'sandbox = true' >> /etc/nix/nix.conf\n",
		"seccomp.json": `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls":
	[{"names": ["read", "opn"], "action": "SCMP_ACT_ALLOW"}]}`,
		"compose.yaml": "services:\n  a:\n    build:\n      context: app\n" +
			"    security_opt: ['seccomp:seccomp.json']\n" +
			"  b:\n    build: .\n    cap_add: [SYS_ADMIN]\n    command: nix-build --no-sandbox\n",
		".dockerignore":   "*.md\n",
		"notes/README.md": "nothing\n",
	}
}

// fragments are what is typed.
func fragments() []string {
	return []string{"\n", "\r", "\r\n", "😀", "é", "\u2028", "#", "\"", "'", "<<EOF\n", "$A", "${B:-x}", "\\\n", " ",
		"\t", "=", "RUN nix-build\n", "USER root\n", "FROM scratch\n", "sandbox = relaxed\n", "true", "e\u0301𝛼", "x",
		"# sandlint ignore=nix/*: a\n", "COPY extra.conf /etc/nix/nix.conf\n", ",", "{}", "\ufeff",
		"nix-env -iA a && b | c\n", "# sandlint ignore-file=dockerfile/*: b\n", "include build.sh\n",
		"COPY . /etc/nix\n", ""}
}

// player is a client, with a model of texts that shares no code with the server.
type player struct {
	t        *testing.T
	input    []byte
	root     string
	set      *rules.Set
	server   *server
	encoding Encoding
	pulls    bool

	in      io.WriteCloser
	mu      sync.Mutex
	answers map[int]chan json.RawMessage
	pushed  map[string]json.RawMessage // by URI
	next    int

	progress int // how often the server reported some

	disk     map[string]string
	open     map[string]string
	versions map[string]int
	results  map[string][2]string // the id and the items of the newest answer, by URI
}

// take returns the next number below n that the input says.
func (p *player) take(n int) int {
	value := 0
	for range 2 {
		if len(p.input) > 0 {
			value = value<<8 | int(p.input[0])
			p.input = p.input[1:]
		}
		if n <= 256 {
			break
		}
	}
	return value % n
}

func playEdits(t *testing.T, set *rules.Set, input []byte) {
	p := &player{t: t, input: input, set: set, answers: map[int]chan json.RawMessage{},
		pushed: map[string]json.RawMessage{}, disk: someFiles(), open: map[string]string{}, versions: map[string]int{},
		results: map[string][2]string{}}
	p.encoding = []Encoding{UTF8, UTF16, UTF32}[p.take(3)]
	p.pulls = p.take(2) == 0
	everywhere := p.take(2) == 0
	p.root = write(t, p.disk)
	ended := p.connect(everywhere)
	for steps := 0; len(p.input) > 0 && steps < 60; steps++ {
		p.step()
		if p.take(6) == 0 {
			p.compare(everywhere)
		}
	}
	p.compare(everywhere)
	p.request("shutdown", nil)
	p.notify("exit", nil)
	if stopped := <-ended; !stopped {
		t.Error("the server does not know that it was shut down")
	}
}

func (p *player) connect(everywhere bool) (ended chan bool) {
	toServer, in := io.Pipe()
	out, fromServer := io.Pipe()
	p.in = in
	p.server = newServer(Options{Version: "test", Packs: packs.All(), Now: func() time.Time { return time.Time{} },
		Open: func(folder string, named []string, alone bool) (*workspace.Workspace, rules.Policies, error) {
			if !alone {
				named = append([]string{folder}, named...)
			}
			ws, err := rules.Load(workspace.Options{Dir: folder, Paths: named})
			return ws, p.set, err
		}})
	ended = make(chan bool, 1)
	go func() {
		ended <- p.server.serve(context.Background(), toServer, fromServer)
		fromServer.Close()
	}()
	p.t.Cleanup(func() { in.Close() })
	go p.listen(out)
	capabilities := map[string]any{"general": map[string]any{"positionEncodings": []Encoding{p.encoding}}}
	if p.pulls {
		capabilities["textDocument"] = map[string]any{"diagnostic": map[string]any{}}
	}
	options := map[string]any{"diagnostics": map[bool]string{true: "workspace", false: "open"}[everywhere]}
	p.request("initialize", map[string]any{"capabilities": capabilities, "initializationOptions": options,
		"workspaceFolders": []any{map[string]string{"uri": uriOf(p.root), "name": "x"}}})
	p.notify("initialized", struct{}{})
	return ended
}

// listen reads what the server sends until it ends.
func (p *player) listen(out io.Reader) {
	r := bufio.NewReader(out)
	for {
		header, err := textproto.NewReader(r).ReadMIMEHeader()
		if err != nil {
			io.Copy(io.Discard, r)
			return
		}
		n, _ := strconv.Atoi(header.Get("Content-Length"))
		b := make([]byte, n)
		if _, err := io.ReadFull(r, b); err != nil {
			return
		}
		var m struct {
			ID     *int            `json:"id"`
			Method string          `json:"method"`
			Params json.RawMessage `json:"params"`
			Result json.RawMessage `json:"result"`
			Error  json.RawMessage `json:"error"`
		}
		if err := json.Unmarshal(b, &m); err != nil {
			p.t.Errorf("%v: %s", err, b)
			return
		}
		p.mu.Lock()
		switch {
		case m.Method == "textDocument/publishDiagnostics":
			var d struct {
				URI         string
				Diagnostics json.RawMessage
			}
			if err := json.Unmarshal(m.Params, &d); err != nil {
				p.t.Error(err)
			}
			p.pushed[d.URI] = d.Diagnostics
		case m.Method == "$/progress":
			p.progress++
		case m.Method == "" && m.ID != nil:
			answer := m.Result
			if m.Error != nil {
				answer = m.Error
			}
			p.answers[*m.ID] <- answer
		}
		p.mu.Unlock()
	}
}

func (p *player) send(m map[string]any) {
	m["jsonrpc"] = "2.0"
	b, err := json.Marshal(m)
	if err != nil {
		p.t.Fatal(err)
	}
	fmt.Fprintf(p.in, "Content-Length: %d\r\n\r\n%s", len(b), b)
}

func (p *player) notify(method string, params any) {
	p.send(map[string]any{"method": method, "params": params})
}

func (p *player) request(method string, params any) json.RawMessage {
	p.next++
	answer := make(chan json.RawMessage, 1)
	p.mu.Lock()
	p.answers[p.next] = answer
	p.mu.Unlock()
	p.send(map[string]any{"id": p.next, "method": method, "params": params})
	return <-answer
}

func (p *player) path(name string) string { return filepath.Join(p.root, filepath.FromSlash(name)) }
func (p *player) uri(name string) string  { return uriOf(p.path(name)) }

// step does one thing that a client or a user does.
func (p *player) step() {
	names := make([]string, 0, len(p.disk))
	for name := range someFiles() {
		if name != ".git/HEAD" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	name := names[p.take(len(names))]
	_, isOpen := p.open[name]
	what := p.take(10)
	if !isOpen && what < 7 {
		p.openDocument(name)
		return
	}
	switch what {
	case 0, 1, 2, 3, 4, 5:
		p.edit(name)
	case 6: // the whole text
		text := p.mutated(p.open[name])
		p.open[name] = text
		p.changed(name, []any{map[string]any{"text": text}})
	case 7:
		if isOpen {
			delete(p.open, name)
			delete(p.results, p.uri(name))
			p.notify("textDocument/didClose", map[string]any{"textDocument": map[string]string{"uri": p.uri(name)}})
		}
	case 8:
		if isOpen {
			p.write(name, p.open[name])
			p.notify("textDocument/didSave", map[string]any{"textDocument": map[string]string{"uri": p.uri(name)}})
		}
	case 9:
		p.onDisk(name)
	}
}

func (p *player) openDocument(name string) {
	text, ok := p.disk[name]
	if !ok {
		return // the client shows no file that does not exist
	}
	if p.take(3) == 0 {
		text = p.mutated(text)
	}
	p.open[name] = text
	p.versions[name]++
	p.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": p.uri(name),
		"languageId": "", "version": p.versions[name], "text": text}})
}

// onDisk changes, removes or makes a file.
func (p *player) onDisk(name string) {
	kind := 2
	_, open := p.open[name]
	switch _, there := p.disk[name]; {
	case !there:
		kind = 1
		p.write(name, someFiles()[name])
	case !open && p.take(3) == 0:
		kind = 3
		delete(p.disk, name)
		if err := os.Remove(p.path(name)); err != nil {
			p.t.Fatal(err)
		}
	default:
		p.write(name, p.mutated(p.disk[name]))
	}
	p.notify("workspace/didChangeWatchedFiles",
		map[string]any{"changes": []any{map[string]any{"uri": p.uri(name), "type": kind}}})
}

func (p *player) write(name, text string) {
	p.disk[name] = text
	if err := os.WriteFile(p.path(name), []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// mutated returns a text with a fragment in it.
func (p *player) mutated(text string) string {
	runes := []rune(text)
	at := p.take(len(runes) + 1)
	return string(runes[:at]) + fragments()[p.take(len(fragments()))] + string(runes[at:])
}

func (p *player) changed(name string, changes []any) {
	p.versions[name]++
	p.notify("textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": p.uri(name), "version": p.versions[name]},
		"contentChanges": changes,
	})
}

// edit sends one notification with up to three changes.
func (p *player) edit(name string) {
	var changes []any
	for range 1 + p.take(3) {
		text := p.open[name]
		runes := []rune(text)
		a := p.take(len(runes) + 1)
		b := min(len(runes), a+p.take(8))
		for _, at := range []*int{&a, &b} { // no client has a place between CR and LF
			if *at > 0 && *at < len(runes) && runes[*at] == '\n' && runes[*at-1] == '\r' {
				*at--
			}
		}
		start, end := p.place(runes, a), p.place(runes, b)
		switch p.take(8) { // beyond the line, and beyond the text
		case 0:
			end[1] += 1000
			for b < len(runes) && runes[b] != '\n' && runes[b] != '\r' {
				b++
			}
		case 1:
			end, b = [2]int{end[0] + 10_000, 3}, len(runes)
		}
		typed := fragments()[p.take(len(fragments()))]
		p.open[name] = string(runes[:a]) + typed + string(runes[b:])
		changes = append(changes, map[string]any{"text": typed, "range": map[string]any{
			"start": map[string]int{"line": start[0], "character": start[1]},
			"end":   map[string]int{"line": end[0], "character": end[1]},
		}})
	}
	p.changed(name, changes)
}

// place returns the line and the character before the rune with an index.
func (p *player) place(runes []rune, at int) [2]int {
	line, character := 0, 0
	for n := range at {
		switch {
		case runes[n] == '\n', runes[n] == '\r' && (n+1 == len(runes) || runes[n+1] != '\n'):
			line, character = line+1, 0
		case runes[n] == '\r':
		case p.encoding == UTF8:
			character += utf8.RuneLen(runes[n])
		case p.encoding == UTF16:
			character += utf16.RuneLen(runes[n])
		default:
			character++
		}
	}
	return [2]int{line, character}
}

// compare compares the texts and the diagnostics of the server with those of the client's model.
func (p *player) compare(everywhere bool) {
	p.t.Helper()
	p.request("sandlint/none", nil) // what was sent before is handled then
	for name, text := range p.open {
		d := p.server.documentOf(p.uri(name))
		if d == nil || string(d.text.bytes) != text {
			p.t.Fatalf("%s in %s: the server has\n%q\nthe client\n%q", name, p.encoding, d.text.bytes, text)
		}
	}
	got := map[string][]string{}
	read := func(name string, items json.RawMessage) {
		var list []struct {
			Range    Range
			Severity int
			Code     string
			Message  string
		}
		if err := json.Unmarshal(items, &list); err != nil {
			p.t.Fatalf("%v: %s", err, items)
		}
		for _, d := range list {
			message, _, _ := strings.Cut(d.Message, "\n")
			got[name] = append(got[name], line(d.Range.Start.Line, d.Range.Start.Character, d.Range.End.Line,
				d.Range.End.Character, d.Severity, d.Code, message))
		}
	}
	shown := func(name string) bool {
		_, open := p.open[name]
		return open || everywhere
	}
	if p.pulls {
		p.pull(everywhere, read)
	} else {
		for !p.server.refresh(p.t.Context(), true) {
		}
		p.request("sandlint/none", nil) // what the server sent before has come then
		p.mu.Lock()
		for uri, items := range p.pushed {
			name, _ := filepath.Rel(p.root, pathOf(uri))
			read(filepath.ToSlash(name), items)
		}
		p.mu.Unlock()
	}
	want := p.check()
	for name := range want {
		if !shown(name) {
			delete(want, name)
		}
	}
	for name := range got {
		slices.Sort(got[name])
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		p.t.Fatalf("diagnostics in %s (pull %v): %s", p.encoding, p.pulls, diff)
	}
}

// pull asks for the diagnostics of each open document, or of all files.
func (p *player) pull(everywhere bool, read func(string, json.RawMessage)) {
	take := func(uri, kind, id string, items json.RawMessage) {
		name, _ := filepath.Rel(p.root, pathOf(uri))
		if kind == "unchanged" {
			if id != p.results[uri][0] {
				p.t.Fatalf("%s: unchanged since %s, but the client has %s", name, id, p.results[uri][0])
			}
			items = json.RawMessage(p.results[uri][1])
		}
		p.results[uri] = [2]string{id, string(items)}
		read(filepath.ToSlash(name), items)
	}
	type answer struct {
		URI, Kind, ResultID string
		Items               json.RawMessage
	}
	if everywhere {
		previous := []any{}
		for uri, r := range p.results {
			previous = append(previous, map[string]string{"uri": uri, "value": r[0]})
		}
		var all struct{ Items []answer }
		raw := p.request("workspace/diagnostic", map[string]any{"previousResultIds": previous})
		if err := json.Unmarshal(raw, &all); err != nil {
			p.t.Fatalf("%v: %s", err, raw)
		}
		for _, a := range all.Items {
			take(a.URI, a.Kind, a.ResultID, a.Items)
		}
		return
	}
	for name := range p.open {
		uri := p.uri(name)
		raw := p.request("textDocument/diagnostic", map[string]any{"textDocument": map[string]string{"uri": uri},
			"previousResultId": p.results[uri][0]})
		var a answer
		if err := json.Unmarshal(raw, &a); err != nil {
			p.t.Fatalf("%v: %s", err, raw)
		}
		take(uri, a.Kind, a.ResultID, a.Items)
	}
}

func line(l0, c0, l1, c1 uint32, severity int, code, message string) string {
	return fmt.Sprintf("%d:%d-%d:%d %d %s: %s", l0, c0, l1, c1, severity, code, message)
}

// check returns what a check of the texts finds that begins with nothing, by the names of the files.
func (p *player) check() map[string][]string {
	texts := map[string][]byte{}
	for name, text := range p.disk {
		texts[p.path(name)] = []byte(text)
	}
	for name, text := range p.open {
		texts[p.path(name)] = []byte(text)
	}
	p.server.engine.Lock() // the open files that are of no kind by themselves
	paths := []string{p.root}
	if len(p.server.projects) > 0 { // there is none before something is asked for
		paths = append(paths, p.server.projects[0].named...)
	}
	p.server.engine.Unlock()
	ws, err := rules.Load(workspace.Options{Dir: p.root, Paths: paths, Files: files.Memory(texts)})
	if err != nil {
		p.t.Fatal(err)
	}
	out := map[string][]string{}
	for _, f := range rules.Check(ws, p.set, rules.CheckOptions{Dir: p.root, Partial: true}).Findings {
		name := f.File.Path
		at := func(offset int) (line, character uint32) {
			runes := []rune(string(bytes.Clone(f.File.Bytes[:offset])))
			if text := f.File.Bytes[:min(offset+1, len(f.File.Bytes))]; bytes.HasSuffix(text, []byte("\r\n")) {
				runes = append(runes, '\n') // so the CR is not taken for a lone one
				place := p.place(runes, len(runes)-1)
				return uint32(place[0]), uint32(place[1])
			}
			place := p.place(runes, len(runes))
			return uint32(place[0]), uint32(place[1])
		}
		l0, c0 := at(f.Span.Start)
		l1, c1 := at(f.Span.End)
		severity := map[rules.Severity]int{rules.Error: 1, rules.Warning: 2, rules.Info: 3}[f.Severity]
		out[name] = append(out[name], line(l0, c0, l1, c1, cmp.Or(severity, 4), f.ID(), f.Message))
	}
	for name := range out {
		slices.Sort(out[name])
	}
	return out
}
