package lsp

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
)

// live starts a server whose insides the test sees.
func live(t *testing.T, root string, capabilities map[string]any) *player {
	t.Helper()
	set, err := rules.NewSet(packs.All(), rules.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	p := &player{t: t, set: set, root: root, answers: map[int]chan json.RawMessage{},
		pushed: map[string]json.RawMessage{}, open: map[string]string{}, versions: map[string]int{}}
	toServer, in := io.Pipe()
	out, fromServer := io.Pipe()
	p.in = in
	p.server = newServer(Options{Version: "test", Packs: packs.All(), Now: func() time.Time { return time.Time{} },
		Open: func(folder string, named []string, _ bool) (*workspace.Workspace, rules.Policies, error) {
			ws, err := rules.Load(workspace.Options{Dir: folder, Paths: append([]string{folder}, named...)})
			return ws, set, err
		}})
	ended := make(chan bool, 1)
	go func() {
		ended <- p.server.serve(context.Background(), toServer, fromServer)
		fromServer.Close()
	}()
	t.Cleanup(func() {
		in.Close()
		<-ended
	})
	go p.listen(out)
	p.request("initialize", map[string]any{"capabilities": capabilities,
		"workspaceFolders": []any{map[string]string{"uri": uriOf(root), "name": "x"}}})
	p.notify("initialized", struct{}{})
	return p
}

func (p *player) show(name, text string) {
	p.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": p.uri(name),
		"languageId": "dockerfile", "version": 1, "text": text}})
}

// ask sends a request without waiting for the answer.
func (p *player) ask(id int, method string, params any) chan json.RawMessage {
	answer := make(chan json.RawMessage, 1)
	p.mu.Lock()
	p.answers[id] = answer
	p.mu.Unlock()
	p.send(map[string]any{"id": id, "method": method, "params": params})
	return answer
}

// barrier returns when the server has handled what was sent before.
func (p *player) barrier() { p.request("sandlint/none", nil) }

func TestCancelledRequest(t *testing.T) {
	p := live(t, write(t, map[string]string{"Dockerfile": "FROM debian\n"}), map[string]any{})
	p.show("Dockerfile", "FROM debian\nRUN sudo ls\n")
	p.server.engine.Lock() // the server is busy
	answer := p.ask(1000, "textDocument/hover", map[string]any{
		"textDocument": map[string]string{"uri": p.uri("Dockerfile")}, "position": Position{}})
	p.notify("$/cancelRequest", map[string]any{"id": 1000})
	p.barrier()
	p.server.engine.Unlock()
	if got := string(<-answer); !strings.Contains(got, "-32800") {
		t.Error(got)
	}
}

func TestStalePosition(t *testing.T) {
	p := live(t, write(t, map[string]string{"Dockerfile": "FROM debian\n"}), map[string]any{})
	p.show("Dockerfile", "FROM debian\nRUN sudo ls\n")
	hover := map[string]any{"textDocument": map[string]string{"uri": p.uri("Dockerfile")}, "position": Position{1, 5}}
	p.server.engine.Lock()
	answer := p.ask(1000, "textDocument/hover", hover)
	p.notify("textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": p.uri("Dockerfile"), "version": 2},
		"contentChanges": []any{map[string]any{"text": "FROM debian\n"}},
	})
	p.barrier()
	p.server.engine.Unlock()
	if got := string(<-answer); !strings.Contains(got, "-32801") {
		t.Error(got)
	}
	if got := string(p.request("textDocument/hover", hover)); strings.Contains(got, "-32801") {
		t.Error(got)
	}
}

// TestTurns checks that other requests have their turns while all files are checked.
func TestTurns(t *testing.T) {
	files := map[string]string{}
	for n := range perTurn + perTurn/2 {
		files[fmt.Sprintf("a%d/Dockerfile", n)] = "FROM debian\nRUN sudo ls\n"
	}
	p := live(t, write(t, files), map[string]any{})
	s := p.server
	s.engine.Lock()
	defer s.engine.Unlock()
	never := func() bool { return false }
	open := s.sync(t.Context())
	session := s.projects[0].session
	for left := len(session.Unchecked(true)); left > 0; left = len(session.Unchecked(true)) {
		done := s.checkSome(never, open, true)
		if now := len(session.Unchecked(true)); left-now > perTurn || done != (now == 0) {
			t.Fatalf("of %d files %d are left, done: %v", left, now, done)
		}
	}
}

func TestProgress(t *testing.T) {
	for _, can := range []bool{false, true} {
		p := live(t, write(t, map[string]string{"Dockerfile": "FROM debian\n"}),
			map[string]any{"window": map[string]any{"workDoneProgress": can}})
		p.show("Dockerfile", "FROM debian\n")
		p.request("textDocument/hover", map[string]any{
			"textDocument": map[string]string{"uri": p.uri("Dockerfile")}, "position": Position{}})
		p.barrier()
		p.mu.Lock()
		if got := p.progress > 0; got != can {
			t.Errorf("the client can show progress: %v; it got some: %v", can, got)
		}
		p.mu.Unlock()
	}
}

func TestBeforeAndAfter(t *testing.T) {
	root := write(t, map[string]string{"Dockerfile": "FROM debian\n"})
	c := start(t, root)
	if got := string(c.request("textDocument/hover", struct{}{})); !strings.Contains(got, "-32002") {
		t.Error(got)
	}
	c.request("initialize", map[string]any{"processId": nil, "capabilities": map[string]any{}})
	if got := string(c.request("initialize", map[string]any{})); !strings.Contains(got, "-32600") {
		t.Error(got)
	}
	if got := string(c.request("shutdown", nil)); got != "null" {
		t.Error(got)
	}
	if got := string(c.request("textDocument/hover", struct{}{})); !strings.Contains(got, "-32600") {
		t.Error(got)
	}
	c.notify("exit", nil)
	if !<-c.ended {
		t.Error("the server was shut down")
	}

	for name, end := range map[string]func(*client){
		"exit without shutdown": func(c *client) { c.notify("exit", nil) },
		"end of input":          func(c *client) { c.in.Close() },
	} {
		c := start(t, root)
		c.request("initialize", map[string]any{"capabilities": map[string]any{}})
		end(c)
		if <-c.ended {
			t.Errorf("%s: the server was not shut down", name)
		}
	}
}

// TestClientDies checks that the server ends with the process that started it, though its input stays open.
func TestClientDies(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	tick := make(chan time.Time)
	asked := 0
	go orphaned(ctx, cancel, 42, tick, func(pid int) bool {
		asked++
		return pid != 42 || asked < 3
	})
	for range 3 {
		tick <- time.Time{}
	}
	<-ctx.Done()
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
	if !processRuns(os.Getpid()) || processRuns(1<<30) {
		t.Error("which processes run is not known")
	}

	c := start(t, write(t, map[string]string{"Dockerfile": "FROM debian\n"}))
	c.request("initialize", map[string]any{"processId": os.Getpid(), "capabilities": map[string]any{}})
	c.notify("initialized", struct{}{})
	c.stop()
}

// TestLinkedDocument checks a document that is open by the path of a symbolic link.
func TestLinkedDocument(t *testing.T) {
	root := write(t, map[string]string{"docker/Dockerfile": "FROM debian:12\n"})
	if err := os.Symlink(filepath.Join("docker", "Dockerfile"), filepath.Join(root, "Dockerfile")); err != nil {
		t.Skip(err)
	}
	p := live(t, root, map[string]any{"textDocument": map[string]any{"diagnostic": map[string]any{}}})
	p.show("Dockerfile", "FROM debian:12\nRUN sudo ls\n")
	got := p.request("textDocument/diagnostic",
		map[string]any{"textDocument": map[string]string{"uri": p.uri("Dockerfile")}})
	if !strings.Contains(string(got), "dockerfile/sudo-in-run") {
		t.Errorf("%s", got)
	}
}
