package lsp

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"syscall"
	"time"

	"github.com/sourcegraph/jsonrpc2"
)

// orphanEvery is how often the server looks whether the process that started it still runs.
const orphanEvery = 5 * time.Second

// orphaned cancels when the process that started the server ends: a client that is killed cannot say "exit", and other
// programs may hold its end of the pipe.
func orphaned(ctx context.Context, cancel func(), pid int, tick <-chan time.Time, alive func(int) bool) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
			if !alive(pid) {
				cancel()
				return
			}
		}
	}
}

// processRuns reports whether a process runs, as far as the system says.
func processRuns(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, syscall.ESRCH)
}

// moment is the document that a request is about, as it was when the request came: its positions are those of that
// text.
type moment struct {
	document *document
	passed   bool // the request looked at another text
}

type momentKey struct{}

// at returns the context of a request with its moment.
func (s *server) at(ctx context.Context, params json.RawMessage) (context.Context, *moment) {
	var p struct {
		TextDocument textDocument
		Position     *Position
		Range        *Range
	}
	m := &moment{}
	if json.Unmarshal(params, &p) == nil && (p.Position != nil || p.Range != nil) {
		m.document = s.documentOf(p.TextDocument.URI)
	}
	return context.WithValue(ctx, momentKey{}, m), m
}

// sees records that a request looks at a document, and reports whether its positions are those of that text.
func sees(ctx context.Context, d *document) bool {
	m, ok := ctx.Value(momentKey{}).(*moment)
	if ok && m.document != nil && m.document != d {
		m.passed = true
	}
	return !ok || !m.passed
}

// errModified says that a request is about a text that the client has changed since.
func errModified() error {
	return &jsonrpc2.Error{Code: codeContentModified, Message: "the document was changed since the request"}
}

const (
	// smallHeap is how many bytes at most may be garbage while little memory is in use: at most half of a key stroke's
	// time would be the garbage collector's time otherwise.
	smallHeap = 64 << 20
	// loadingHeap is the same while many files are checked, which makes much of it; afterwards it is given back.
	loadingHeap = 96 << 20
	// worthwhile is how many bytes of garbage are collected while nothing is to be done, so the garbage collector runs
	// less often while something is.
	worthwhile = 16 << 20
)

// collectGarbage runs the garbage collector where that is worthwhile.
func collectGarbage() {
	now := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(now)
	for n := range now {
		if now[n].Value.Kind() != metrics.KindUint64 {
			return
		}
	}
	if now[1].Value.Uint64() > now[0].Value.Uint64()+worthwhile {
		runtime.GC()
	}
}

// tuneMemory makes the garbage collector rare as long as its garbage is less than room, in bytes, and as frequent as
// usual otherwise. The caller holds engine.
func (s *server) tuneMemory(room uint64) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if live[0].Value.Kind() == metrics.KindUint64 {
		percent := int(min(max(100*room/max(live[0].Value.Uint64(), 1), 100), 800))
		if off := percent - s.gcPercent; off > s.gcPercent/8 || -off > s.gcPercent/8 { // each call stops all goroutines
			s.gcPercent = percent
			debug.SetGCPercent(percent)
		}
	}
}
