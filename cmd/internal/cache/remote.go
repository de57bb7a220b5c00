package cache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sandlint/sandlint/parsers/files"
)

// remote is a backend on a server. The program curl transfers, many values in one run: it knows TLS, proxies and the
// passwords in .netrc.
type remote struct {
	url   string
	limit time.Duration // for one value
	gone  atomic.Bool   // the server does not answer
}

// The limits of the transfers.
const (
	connectLimit = 5 * time.Second
	valueLimit   = 20 * time.Second
	batchLimit   = 2 * time.Minute
	atOnce       = "16"
	// maxBatch is how many bytes the answers of one run of curl may have. Releases before 8.4 do not limit an answer
	// that does not say its size.
	maxBatch = 1 << 30
)

func (r *remote) get(names []string) ([][]byte, error) {
	out := make([][]byte, len(names))
	if r.gone.Load() || len(names) == 0 {
		return out, nil
	}
	dir, err := os.MkdirTemp("", "sandlint-cache-")
	if err != nil {
		return out, files.Cause(err)
	}
	defer os.RemoveAll(dir)
	var conf bytes.Buffer
	for n, name := range names {
		fmt.Fprintf(&conf, "url = %s\noutput = %s\n", quoted(r.url+"/"+name),
			quoted(filepath.Join(dir, strconv.Itoa(n))))
	}
	states, err := r.curl(dir, conf.Bytes(), len(names))
	for n := range names {
		switch states[n].code {
		case 200:
			b, readError := files.Read(files.Disk{}, dir, filepath.Join(dir, strconv.Itoa(n)))
			if states[n].failed == 0 && readError == nil {
				out[n] = append([]byte{}, b...)
			} else if err == nil {
				err = fmt.Errorf("%s did not arrive as a whole", names[n])
			}
		case 204, 404, 0:
		default:
			if err == nil {
				err = fmt.Errorf("the server answers %d for %s", states[n].code, names[n])
			}
		}
	}
	return out, err
}

func (r *remote) put(names []string, values [][]byte) error {
	if r.gone.Load() || len(names) == 0 {
		return nil
	}
	dir, err := os.MkdirTemp("", "sandlint-cache-")
	if err != nil {
		return files.Cause(err)
	}
	defer os.RemoveAll(dir)
	var conf bytes.Buffer
	for n, name := range names {
		file := filepath.Join(dir, strconv.Itoa(n))
		if err := os.WriteFile(file, values[n], 0o600); err != nil {
			return files.Cause(err)
		}
		fmt.Fprintf(&conf, "url = %s\nupload-file = %s\noutput = %s\n", quoted(r.url+"/"+name), quoted(file),
			quoted(os.DevNull))
	}
	states, err := r.curl(dir, conf.Bytes(), len(names))
	for n := range names {
		if code := states[n].code; err == nil && (code < 200 || code > 299) {
			err = fmt.Errorf("the server answers %d when %s is stored", code, names[n])
		}
	}
	return err
}

func (r *remote) end() error { return nil }

// quoted returns a value in a configuration of curl.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + `"`
}

// state is how a transfer ended: the status of the answer, 0 for none, and the status of curl for it.
type state struct{ code, failed int }

// curl runs the program for the transfers of a configuration.
func (r *remote) curl(dir string, conf []byte, transfers int) ([]state, error) {
	states := make([]state, transfers)
	ctx, cancel := context.WithTimeoutCause(context.Background(), batchLimit, errors.New("the server is too slow"))
	defer cancel()
	cmd := exec.CommandContext(ctx, "curl", "-q", "--config", "-", "--parallel", "--parallel-max", atOnce,
		"--silent", "--fail", "--globoff", "--netrc-optional", "--proto", "=http,https",
		"--connect-timeout", seconds(connectLimit), "--max-time", seconds(r.limit),
		"--max-filesize", strconv.Itoa(files.MaxSize), "--write-out", `%{urlnum} %{response_code} %{exitcode}\n`)
	cmd.Stdin = bytes.NewReader(conf)
	cmd.Dir = dir
	cmd.WaitDelay = time.Second
	var answers bytes.Buffer
	cmd.Stdout = &answers
	if err := cmd.Start(); err != nil {
		r.gone.Store(true)
		return states, fmt.Errorf("starting curl, which transfers: %w", err)
	}
	bounded, stop := context.WithCancel(ctx)
	go bound(bounded, dir, cancel)
	err := cmd.Wait()
	stop()
	if ctx.Err() != nil {
		r.gone.Store(true)
		return states, errors.New("the server is too slow, or its answers are too large")
	}
	arrived, unreachable := 0, 0
	for line := range strings.Lines(answers.String()) {
		var n, code, failed int
		if _, scanError := fmt.Sscan(line, &n, &code, &failed); scanError == nil && n >= 0 && n < transfers {
			states[n] = state{code, failed}
			if arrived++; code == 0 {
				unreachable = failed
			}
		}
	}
	switch {
	case unreachable != 0:
		r.gone.Store(true)
		return states, fmt.Errorf("no answer from the server: curl ends with status %d", unreachable)
	case arrived < transfers && err != nil:
		r.gone.Store(true)
		return states, fmt.Errorf("running curl: %w", err)
	}
	return states, nil
}

// bound ends a transfer whose answers become too large.
func bound(ctx context.Context, dir string, cancel func()) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		total := int64(0)
		for _, name := range files.Names(files.Disk{}, dir, dir) {
			if info, err := (files.Disk{}).Lstat(dir, filepath.Join(dir, name)); err == nil {
				total += info.Size()
			}
		}
		if total > maxBatch {
			cancel()
		}
	}
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }
