package lsp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

var update = flag.Bool("update", false, "rewrite what the server answers in the recorded sessions")

// client is the other end of the protocol, without any code of the server.
type client struct {
	t      testing.TB
	root   string
	in     io.WriteCloser
	out    *bufio.Reader
	ended  chan bool // what Serve returned
	next   int
	pushed map[string]json.RawMessage // the newest diagnostics, by URI and version
	asked  map[string]json.RawMessage // the parameters of the newest request of the server, by method
}

// newClient returns a client that speaks over two streams.
func newClient(t testing.TB, root string, in io.WriteCloser, out io.Reader) *client {
	return &client{t: t, root: root, in: in, out: bufio.NewReader(out), pushed: map[string]json.RawMessage{},
		asked: map[string]json.RawMessage{}}
}

// start starts a server over a folder with files.
func start(t testing.TB, root string) *client {
	t.Helper()
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	toServer, in := io.Pipe()
	out, fromServer := io.Pipe()
	ended := make(chan bool, 1)
	go func() {
		ended <- Serve(context.Background(), toServer, fromServer, Options{Version: "test", Packs: packs.All(),
			Now: func() time.Time { return time.Time{} },
			Open: func(folder string, named []string, alone bool) (*workspace.Workspace, rules.Policies, error) {
				if !alone {
					named = append([]string{folder}, named...)
				}
				ws, err := rules.Load(workspace.Options{Dir: folder, Paths: named})
				return ws, set, err
			}})
		fromServer.Close()
	}()
	t.Cleanup(func() { in.Close() })
	c := newClient(t, root, in, out)
	c.ended = ended
	return c
}

// stop ends the connection, and waits for the end of the server.
func (c *client) stop() {
	c.in.Close()
	go io.Copy(io.Discard, c.out)
	<-c.ended
}

func (c *client) send(m map[string]any) {
	m["jsonrpc"] = "2.0"
	b, err := json.Marshal(m)
	if err != nil {
		c.t.Fatal(err)
	}
	fmt.Fprintf(c.in, "Content-Length: %d\r\n\r\n%s", len(b), b)
}

func (c *client) notify(method string, params any) {
	c.send(map[string]any{"method": method, "params": params})
}

type message struct {
	ID     *int            `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// receive reads one message, and answers it if it is a request.
func (c *client) receive() message {
	c.t.Helper()
	header, err := textproto.NewReader(c.out).ReadMIMEHeader()
	if err != nil {
		c.t.Fatal(err)
	}
	n, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil {
		c.t.Fatal(err)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(c.out, b); err != nil {
		c.t.Fatal(err)
	}
	var m message
	if err := json.Unmarshal(b, &m); err != nil {
		c.t.Fatalf("%v: %s", err, b)
	}
	switch {
	case m.Method == "textDocument/publishDiagnostics":
		var p struct {
			URI         string
			Version     *int
			Diagnostics json.RawMessage
		}
		if err := json.Unmarshal(m.Params, &p); err != nil {
			c.t.Fatal(err)
		}
		version := 0
		if p.Version != nil {
			version = *p.Version
		}
		c.pushed[fmt.Sprint(p.URI, " ", version)] = p.Diagnostics
	case m.Method != "" && m.ID != nil:
		c.asked[m.Method] = m.Params
		c.send(map[string]any{"id": *m.ID, "result": nil})
	}
	return m
}

// request sends a request and returns the result, or the error.
func (c *client) request(method string, params any) json.RawMessage {
	c.t.Helper()
	c.next++
	id := c.next
	c.send(map[string]any{"id": id, "method": method, "params": params})
	for {
		if m := c.receive(); m.Method == "" && m.ID != nil && *m.ID == id {
			if m.Error != nil {
				return m.Error
			}
			return m.Result
		}
	}
}

// published waits for the diagnostics of a version of a document.
func (c *client) published(uri string, version int) json.RawMessage {
	c.t.Helper()
	key := fmt.Sprint(uri, " ", version)
	for c.pushed[key] == nil {
		c.receive()
	}
	return c.pushed[key]
}

func (c *client) uri(name string) string {
	return uriOf(filepath.Join(c.root, filepath.FromSlash(name)))
}

// TestSessions replays the sessions of testdata. Each is a txtar with the files of a folder, and "session", in which a
// line is one of
//
//	capabilities JSON     those of the client, and its initializationOptions, before anything else
//	open FILE LANGUAGE    opens a file with its text on disk
//	edit FILE L:C-L:C T   replaces a range by the JSON string T, as the next version
//	close FILE
//	-> METHOD JSON        sends a request; FILE in {{FILE}} stands for its URI
//	choose TITLE          resolves the action of the last answer whose title begins so
//	asked METHOD          waits until the server sends a request
//	published FILE        waits for the diagnostics that the server sends for the newest version
//
// and below the last four stands what came, each line after "<- "; -update writes it.
func TestSessions(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	binary := ""
	if heavytest.On() { // also against the program itself, over real pipes
		binary = filepath.Join(t.TempDir(), "sandlint")
		if out, err := exec.Command("go", "build", "-o", binary, "../../sandlint").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			replay(t, file, start)
			if binary != "" {
				replay(t, file, func(t testing.TB, root string) *client { return startBinary(t, root, binary) })
			}
		})
	}
}

// startBinary starts "sandlint lsp" as an editor does.
func startBinary(t testing.TB, root, binary string) *client {
	cmd := exec.Command(binary, "lsp")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	cmd.Env = append(os.Environ(), "SANDLINT_SHELLCHECK=none")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 { // nobody said "shutdown"
			t.Errorf("%v, exit status %d", err, cmd.ProcessState.ExitCode())
		}
	})
	return newClient(t, root, in, out)
}

func replay(t *testing.T, file string, start func(t testing.TB, root string) *client) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	var session *txtar.File
	for n := range archive.Files {
		f := &archive.Files[n]
		if f.Name == "session" {
			session = f
			continue
		}
		path := filepath.Join(root, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := start(t, root)
	capabilities := json.RawMessage(`{}`)
	var options json.RawMessage
	initialized := false
	versions := map[string]int{}
	var last json.RawMessage
	var got strings.Builder
	answer := func(b json.RawMessage) {
		text := strings.ReplaceAll(string(drawnText(b)), uriOf(root), "ROOT")
		var out bytes.Buffer
		if err := json.Indent(&out, []byte(text), "", " "); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		for line := range strings.Lines(compact(out.String()) + "\n") {
			got.WriteString("<- " + line)
		}
	}
	for line := range strings.Lines(string(session.Data)) {
		if strings.HasPrefix(line, "<- ") {
			continue
		}
		got.WriteString(line)
		words := strings.SplitN(strings.TrimSpace(line), " ", 4)
		if words[0] == "" || words[0] == "#" {
			continue
		}
		rest := func(n int) string { return strings.TrimSpace(strings.SplitN(strings.TrimSpace(line), " ", n+1)[n]) }
		if words[0] == "capabilities" {
			capabilities = json.RawMessage(rest(1))
			continue
		}
		if words[0] == "options" {
			options = json.RawMessage(rest(1))
			continue
		}
		if !initialized {
			initialized = true
			c.request("initialize", map[string]any{"capabilities": capabilities, "initializationOptions": options,
				"workspaceFolders": []any{map[string]string{"uri": uriOf(root), "name": "x"}}})
			c.notify("initialized", struct{}{})
		}
		switch words[0] {
		case "open":
			text, err := os.ReadFile(filepath.Join(root, words[1]))
			if err != nil {
				t.Fatal(err)
			}
			versions[words[1]] = 1
			c.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": c.uri(words[1]),
				"languageId": words[2], "version": 1, "text": string(text)}})
		case "edit":
			var r [4]uint32
			if _, err := fmt.Sscanf(words[2], "%d:%d-%d:%d", &r[0], &r[1], &r[2], &r[3]); err != nil {
				t.Fatal(line, err)
			}
			var text string
			if err := json.Unmarshal([]byte(rest(3)), &text); err != nil {
				t.Fatal(line, err)
			}
			versions[words[1]]++
			c.notify("textDocument/didChange", map[string]any{
				"textDocument": map[string]any{"uri": c.uri(words[1]), "version": versions[words[1]]},
				"contentChanges": []any{map[string]any{
					"range": Range{Position{r[0], r[1]}, Position{r[2], r[3]}}, "text": text,
				}},
			})
		case "close":
			c.notify("textDocument/didClose", map[string]any{"textDocument": map[string]string{"uri": c.uri(words[1])}})
		case "choose":
			answer(c.request("codeAction/resolve", actionCalled(t, last, rest(1))))
		case "asked":
			for c.asked[words[1]] == nil {
				c.receive()
			}
			answer(c.asked[words[1]])
			delete(c.asked, words[1])
		case "published":
			answer(c.published(c.uri(words[1]), versions[words[1]]))
		case "->":
			params := rest(2)
			for name := range versions {
				params = strings.ReplaceAll(params, "{{"+name+"}}", c.uri(name))
			}
			last = c.request(words[1], json.RawMessage(params))
			answer(last)
		default:
			t.Fatalf("unknown line %q", line)
		}
	}
	if got := got.String(); got != string(session.Data) {
		if !*update {
			t.Error(cmp.Diff(string(session.Data), got))
			return
		}
		session.Data = []byte(got)
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// actionCalled returns the action of an answer whose title begins in some way.
func actionCalled(t *testing.T, answer json.RawMessage, title string) json.RawMessage {
	var actions []json.RawMessage
	if err := json.Unmarshal(answer, &actions); err != nil {
		t.Fatal(err)
	}
	for _, a := range actions {
		var one struct{ Title string }
		if json.Unmarshal(a, &one) == nil && strings.HasPrefix(one.Title, title) {
			return a
		}
	}
	t.Fatalf("no action is called %q", title)
	return nil
}

// compact puts ranges and other small objects on one line.
func compact(text string) string {
	lines := strings.Split(text, "\n")
	var out []string
	for n := 0; n < len(lines); n++ {
		line := lines[n]
		if strings.HasSuffix(line, "{") || strings.HasSuffix(line, "[") {
			depth, joined := 0, ""
			end := n
			for k := n; k < len(lines); k++ {
				piece := strings.TrimSpace(lines[k])
				depth += strings.Count(brackets(piece), "o") - strings.Count(brackets(piece), "c")
				joined += piece + " "
				if depth == 0 {
					end = k
					break
				}
				if len(joined) > 110 {
					break
				}
			}
			if end > n && len(joined) <= 110 {
				indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
				out = append(out, indent+strings.TrimSpace(joined))
				n = end
				continue
			}
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// brackets returns "o" for each bracket that opens at the end of a line of indented JSON, and "c" for one that closes.
func brackets(line string) string {
	out := ""
	if strings.HasSuffix(line, "{") || strings.HasSuffix(line, "[") {
		out += "o"
	}
	if trimmed := strings.TrimSuffix(line, ","); trimmed == "}" || trimmed == "]" {
		out += "c"
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
