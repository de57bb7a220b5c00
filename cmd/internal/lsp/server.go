// Package lsp is the language server: sandlint for editors, over the Language Server Protocol 3.17.
//
// The read loop (server.go) keeps the open documents (documents.go) and answers in goroutines of their own what needs
// time. Everything that is known of a folder goes through its project (project.go), which is a rules.Session over the
// files on disk with the open documents in their place, so an unsaved nix.conf counts for the Dockerfile that copies
// it. Each capability is a file: diagnostics.go, actions.go, hover.go, completion.go and so on; a new one is a function
// of a project, a document and a place, and its line in methods.
package lsp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
)

// Options say what the server rests on.
type Options struct {
	// Version is the release of sandlint.
	Version string
	// Open finds the files below a folder, or with alone just those that are named, and what holds for each. Named
	// files are looked at whatever their names are. The error is about the configuration.
	Open func(folder string, named []string, alone bool) (*workspace.Workspace, rules.Policies, error)
	// Now returns the time by which suppressions end.
	Now func() time.Time
	// Packs are the rules that exist.
	Packs []rules.Pack
}

// Serve speaks the protocol over in and out until the client ends the connection. It returns whether the client said
// "shutdown" before.
func Serve(ctx context.Context, in io.Reader, out io.Writer, opts Options) bool {
	return newServer(opts).serve(ctx, in, out)
}

func newServer(opts Options) *server {
	return &server{opts: opts, documents: map[string]*document{}, running: map[jsonrpc2.ID]context.CancelFunc{},
		made: make(chan struct{}), wake: make(chan struct{}, 1),
		published: map[string]string{}, given: map[string]string{}}
}

func (s *server) serve(ctx context.Context, in io.Reader, out io.Writer) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	s.end = cancel
	s.conn = jsonrpc2.NewConn(ctx, jsonrpc2.NewBufferedStream(pipe{in, out}, jsonrpc2.VSCodeObjectCodec{}), s)
	close(s.made)
	go s.work(ctx)
	select {
	case <-s.conn.DisconnectNotify():
	case <-ctx.Done():
	}
	cancel()
	_ = s.conn.Close() // it is closed, unless the client died
	s.tasks.Wait()
	return s.stopped
}

// pipe makes one connection of two streams.
type pipe struct {
	io.Reader
	io.Writer
}

func (p pipe) Close() error {
	if c, ok := p.Reader.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

type server struct {
	opts Options
	conn *jsonrpc2.Conn
	made chan struct{} // closed when conn is set
	end  func()        // ends the server

	// Set by initialize.
	encoding Encoding
	client   clientCapabilities
	settings settings
	pulls    bool // the client asks for diagnostics

	mu        sync.Mutex
	documents map[string]*document // by URI
	folders   []string             // absolute paths, the longest first
	running   map[jsonrpc2.ID]context.CancelFunc
	stopped   bool     // shut down
	next      int      // of the requests that the server made
	touched   []string // paths that changed on disk

	wake  chan struct{}
	tasks sync.WaitGroup

	// The projects, and what follows is only used with engine locked.
	engine    engine
	gcPercent int // see tuneMemory
	projects  []*project
	published map[string]string // what was sent last, by URI
	found     map[string]settingsFound
	given     map[string]string // the ids of the diagnostics that the client asked for last, by URI
	ids       int               // of diagnostics that were made
}

// settings are the initializationOptions, and what workspace/didChangeConfiguration sends.
type settings struct {
	// Diagnostics is "open" for the open files alone, or "workspace" for all files.
	Diagnostics string `json:"diagnostics"`
	// InlayHints switches on inlay hints.
	InlayHints bool `json:"inlayHints"`
}

// document is an open document. It does not change; an edit makes another one.
type document struct {
	uri, path, language string
	version             int32
	text                *text
}

// request is one method that the client asks for.
type request func(s *server, ctx context.Context, params json.RawMessage) (any, error)

// methods are the requests that are answered.
func methods() map[string]request {
	return map[string]request{
		"textDocument/diagnostic":      with(documentDiagnostics),
		"workspace/diagnostic":         with(workspaceDiagnostics),
		"textDocument/codeAction":      with(codeActions),
		"codeAction/resolve":           with(resolveAction),
		"textDocument/hover":           with(hover),
		"textDocument/completion":      with(completion),
		"textDocument/documentLink":    with(documentLinks),
		"textDocument/definition":      with(definition),
		"textDocument/references":      with(references),
		"textDocument/documentSymbol":  with(documentSymbols),
		"textDocument/foldingRange":    with(foldingRanges),
		"textDocument/inlayHint":       with(inlayHints),
		"textDocument/formatting":      with(formatting),
		"textDocument/rangeFormatting": with(rangeFormatting),
		"textDocument/prepareRename":   with(prepareRename),
		"workspace/executeCommand":     with(executeCommand),
		"textDocument/rename":          with(rename),
		"sandlint/trace":               with(traceView),
		"sandlint/decisions":           with(decisionsViewOf),
		"sandlint/rule":                with(ruleView),
	}
}

// with makes a request of a function with parameters of its own type.
func with[P, R any](do func(*server, context.Context, *P) (R, error)) request {
	return func(s *server, ctx context.Context, raw json.RawMessage) (any, error) {
		p := new(P)
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, p); err != nil {
				return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidParams, Message: err.Error()}
			}
		}
		return do(s, ctx, p)
	}
}

// The protocol's own error codes.
const (
	codeNotInitialized   = -32002
	codeRequestCancelled = -32800
	codeRequestFailed    = -32803
)

// Handle implements jsonrpc2.Handler. It is called for one message after the other.
func (s *server) Handle(ctx context.Context, conn *jsonrpc2.Conn, r *jsonrpc2.Request) {
	<-s.made // the connection reads before it is returned
	var params json.RawMessage
	if r.Params != nil {
		params = *r.Params
	}
	if r.Notif {
		s.notified(r.Method, params)
		return
	}
	reply := func(result any, err error) {
		if err != nil {
			var own *jsonrpc2.Error
			if !errors.As(err, &own) {
				own = &jsonrpc2.Error{Code: codeRequestFailed, Message: err.Error()}
			}
			_ = conn.ReplyWithError(ctx, r.ID, own) // an error means that the client is gone
			return
		}
		_ = conn.Reply(ctx, r.ID, result)
	}
	s.mu.Lock()
	ready, stopped := s.encoding != "", s.stopped
	s.mu.Unlock()
	switch {
	case r.Method == "initialize":
		reply(with(initialize)(s, ctx, params))
		return
	case !ready:
		reply(nil, &jsonrpc2.Error{Code: codeNotInitialized, Message: "the first request must be initialize"})
		return
	case r.Method == "shutdown":
		s.mu.Lock()
		s.stopped = true
		s.mu.Unlock()
		reply(nil, nil)
		return
	case stopped:
		reply(nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidRequest, Message: "the server is shut down"})
		return
	}
	do, ok := methods()[r.Method]
	if !ok {
		reply(nil, &jsonrpc2.Error{Code: jsonrpc2.CodeMethodNotFound, Message: "there is no method " + r.Method})
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	ctx, m := s.at(ctx, params)
	s.mu.Lock()
	s.running[r.ID] = cancel
	s.mu.Unlock()
	s.tasks.Add(1)
	go func() {
		defer s.tasks.Done()
		defer func() {
			s.mu.Lock()
			delete(s.running, r.ID)
			s.mu.Unlock()
			cancel()
		}()
		defer func() {
			if defect := recover(); defect != nil { // one request must not end the others
				reply(nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInternalError, Message: fmt.Sprint(defect)})
			}
		}()
		result, err := do(s, ctx, params)
		if m.passed {
			result, err = nil, errModified()
		}
		if ctx.Err() != nil {
			result, err = nil, &jsonrpc2.Error{Code: codeRequestCancelled, Message: "cancelled"}
		}
		reply(result, err)
	}()
}

// notified handles a notification. What is wrong with one cannot be answered, and changes nothing.
func (s *server) notified(method string, raw json.RawMessage) {
	switch method {
	case "initialized":
		s.watch()
		s.changed()
	case "exit":
		_ = s.conn.Close() // it is closed
	case "$/cancelRequest":
		var p struct{ ID jsonrpc2.ID }
		if json.Unmarshal(raw, &p) == nil {
			s.mu.Lock()
			if cancel := s.running[p.ID]; cancel != nil {
				cancel()
			}
			s.mu.Unlock()
		}
	default:
		if do := notifications()[method]; do != nil {
			do(s, raw)
		}
	}
}

// notifications are those about documents, files and settings.
func notifications() map[string]func(*server, json.RawMessage) {
	return map[string]func(*server, json.RawMessage){
		"textDocument/didOpen":                notify((*server).opened),
		"textDocument/didChange":              notify((*server).edited),
		"textDocument/didClose":               notify((*server).closed),
		"textDocument/didSave":                notify((*server).saved),
		"workspace/didChangeWatchedFiles":     notify((*server).filesChanged),
		"workspace/didChangeWorkspaceFolders": notify((*server).foldersChanged),
		"workspace/didChangeConfiguration":    notify((*server).configured),
	}
}

// notify makes a notification of a method with parameters of its own type.
func notify[P any](do func(*server, *P)) func(*server, json.RawMessage) {
	return func(s *server, raw json.RawMessage) {
		p := new(P)
		if json.Unmarshal(raw, p) == nil {
			do(s, p)
		}
	}
}

// changed wakes the worker.
func (s *server) changed() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// initialize answers the first request.
func initialize(s *server, ctx context.Context, p *initializeParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.encoding != "" {
		return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidRequest, Message: "initialize came twice"}
	}
	s.client = p.Capabilities
	if p.ProcessID > 0 {
		tick := time.NewTicker(orphanEvery)
		go orphaned(ctx, s.end, p.ProcessID, tick.C, processRuns)
	}
	s.encoding = UTF16
	for _, best := range []Encoding{UTF8, UTF32, UTF16} {
		if slices.Contains(p.Capabilities.General.PositionEncodings, best) {
			s.encoding = best
			break
		}
	}
	s.settings = settings{Diagnostics: "open"}
	if len(p.InitializationOptions) > 0 {
		_ = json.Unmarshal(p.InitializationOptions, &s.settings) // the defaults stay
	}
	s.pulls = p.Capabilities.TextDocument.Diagnostic != nil
	for _, f := range p.WorkspaceFolders {
		s.addFolder(pathOf(f.URI))
	}
	if len(p.WorkspaceFolders) == 0 {
		switch {
		case p.RootURI != "":
			s.addFolder(pathOf(p.RootURI))
		case p.RootPath != "":
			s.addFolder(filepath.Clean(p.RootPath))
		}
	}
	return s.capabilities(), nil
}

// addFolder adds a folder of the workspace. The caller holds mu.
func (s *server) addFolder(path string) {
	if path == "" || slices.Contains(s.folders, path) {
		return
	}
	s.folders = append(s.folders, path)
	slices.SortFunc(s.folders, func(a, b string) int { return len(b) - len(a) })
}

// capabilities returns what the server can do.
func (s *server) capabilities() map[string]any {
	can := map[string]any{
		"positionEncoding": s.encoding,
		"textDocumentSync": map[string]any{
			"openClose": true, "change": 2, "save": map[string]any{"includeText": false},
		},
		"codeActionProvider": map[string]any{
			"codeActionKinds": []string{"quickfix", sourceFixAll, "source.fixAll"}, "resolveProvider": true,
		},
		"executeCommandProvider": map[string]any{"commands": []string{explainAction, reasonCommand}},
		"hoverProvider":          true,
		"completionProvider": map[string]any{
			"triggerCharacters": []string{"=", "-", ",", "[", "\"", "/", ":", "$", "{"},
		},
		"documentLinkProvider":            map[string]any{},
		"definitionProvider":              true,
		"referencesProvider":              true,
		"documentSymbolProvider":          true,
		"foldingRangeProvider":            true,
		"inlayHintProvider":               true,
		"documentFormattingProvider":      true,
		"documentRangeFormattingProvider": true,
		"renameProvider":                  map[string]any{"prepareProvider": true},
		"workspace": map[string]any{
			"workspaceFolders": map[string]any{"supported": true, "changeNotifications": true},
		},
	}
	if s.pulls {
		can["diagnosticProvider"] = map[string]any{"identifier": "sandlint", "interFileDependencies": true,
			"workspaceDiagnostics": s.settings.Diagnostics == "workspace"}
	}
	return map[string]any{
		"capabilities": can,
		"serverInfo":   map[string]any{"name": "sandlint", "version": s.opts.Version},
	}
}

// watch asks the client to say which files change on disk.
func (s *server) watch() {
	if !s.client.Workspace.DidChangeWatchedFiles.DynamicRegistration {
		return
	}
	s.ask("client/registerCapability", map[string]any{"registrations": []any{map[string]any{
		"id": "files", "method": "workspace/didChangeWatchedFiles",
		"registerOptions": map[string]any{"watchers": []any{map[string]any{"globPattern": "**/*"}}},
	}}})
}

// ask sends a request to the client whose answer does not matter.
func (s *server) ask(method string, params any) {
	s.tasks.Add(1)
	go func() {
		defer s.tasks.Done()
		_ = s.conn.Call(context.Background(), method, params, nil) // a client may refuse
	}()
}
