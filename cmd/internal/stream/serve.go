package stream

import (
	"context"
	"errors"
	"io"
	"sync"
)

// Options say how Serve runs.
type Options struct {
	// Tar says that the input is an archive, with a record in each top-level folder; else it has a record a line.
	Tar bool
	// MaxRecord is how many bytes a record may have.
	MaxRecord int
	// Workers is how many records are checked at a time.
	Workers int
	// Start makes a worker, which one goroutine uses.
	Start func() Worker
}

// Worker answers one record after the other.
type Worker interface {
	// answer returns the line that answers a unit, without its end.
	answer(u *unit) []byte
	// close ends the worker.
	close()
}

// Serve answers the records of in on out, in order, until the input ends or ctx does, and then those that it has read.
// Its error is that of the input or of the output; everything else is an answer.
func Serve(ctx context.Context, in io.Reader, out io.Writer, opts Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var from source
	if opts.Tar {
		from = newArchive(in, opts.MaxRecord)
	} else {
		from = newLines(in, opts.MaxRecord)
	}
	units := make(chan *unit)
	var readError error // once units is closed
	go func() {
		defer close(units)
		readError = readAll(ctx, from, units)
	}()

	work := make(chan *unit, opts.Workers)
	order := make(chan *unit, 4*opts.Workers) // what is answered, in order
	held := newQuota(4 * opts.MaxRecord)
	var workers sync.WaitGroup
	for range opts.Workers {
		workers.Go(func() {
			w := opts.Start()
			defer w.close()
			for u := range work {
				u.answer <- w.answer(u)
			}
		})
	}
	written := make(chan error, 1)
	go func() { written <- writeAll(order, held, out, cancel) }()
	ended := false
	for !ended {
		select {
		case u, more := <-units:
			if !more {
				ended = true
				break
			}
			held.take(len(u.input))
			order <- u
			if u.kind != 0 {
				work <- u
			}
		case <-ctx.Done():
			ended = true
		}
	}
	close(work)
	close(order)
	workers.Wait()
	if err := <-written; err != nil {
		return err
	}
	if ctx.Err() != nil { // the input may be read still
		return nil
	}
	return readError
}

// readAll sends the units of a source until it or ctx ends.
func readAll(ctx context.Context, from source, units chan<- *unit) error {
	for {
		u, err := from.next()
		if u != nil {
			select {
			case units <- u:
			case <-ctx.Done():
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// writeAll writes the answers, each as soon as it and all before it are there. It calls stop when it cannot.
func writeAll(order <-chan *unit, held *quota, out io.Writer, stop func()) (failed error) {
	for u := range order {
		line := append(<-u.answer, '\n')
		held.give(len(u.input))
		if failed != nil {
			continue
		}
		if _, failed = out.Write(line); failed != nil {
			stop()
		}
	}
	return failed
}

// quota bounds the bytes of the records that were read and are not answered yet.
type quota struct {
	mu   sync.Mutex
	free *sync.Cond
	used int
	most int
}

func newQuota(most int) *quota {
	q := &quota{most: most}
	q.free = sync.NewCond(&q.mu)
	return q
}

// take waits until there is room for n bytes, or nothing else is held.
func (q *quota) take(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.used > 0 && q.used+n > q.most {
		q.free.Wait()
	}
	q.used += n
}

func (q *quota) give(n int) {
	q.mu.Lock()
	q.used -= n
	q.mu.Unlock()
	q.free.Signal()
}
