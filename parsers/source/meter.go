package source

import (
	"errors"
	"sync/atomic"
)

// Meter bounds what the work on some files may cost, so that the same files have the same end on every machine: it
// counts steps and bytes, and no time. A step stands for about a tenth of a microsecond; whoever does something that
// depends on the files spends as many as it takes in the middle. A nil Meter bounds nothing. It is safe for concurrent
// use, but the order of the work is only the same again where one goroutine does it.
type Meter struct {
	steps, bytes atomic.Int64 // that are left
	slow, large  atomic.Bool  // none were
}

// The values that Spend and Keep panic with.
var (
	ErrSteps = errors.New("the work needs too many steps")
	ErrBytes = errors.New("the work needs too much memory")
)

// NewMeter returns a meter for a number of steps, and of bytes that are kept while the work lasts.
func NewMeter(steps, bytes int64) *Meter {
	m := &Meter{}
	m.steps.Store(steps)
	m.bytes.Store(bytes)
	return m
}

// Spend takes steps. It panics with ErrSteps when there are none left, and in every call from then on. Whoever made the
// meter recovers from that, and asks Err.
func (m *Meter) Spend(steps int) {
	if m != nil && m.steps.Add(-int64(steps)) < 0 {
		m.slow.Store(true)
		panic(ErrSteps)
	}
}

// Keep takes bytes that are not given back before the work ends. It panics with ErrBytes when there are none left.
func (m *Meter) Keep(bytes int) {
	if m != nil && m.bytes.Add(-int64(bytes)) < 0 {
		m.large.Store(true)
		panic(ErrBytes)
	}
}

// Err returns ErrSteps or ErrBytes where one of them ran out, whatever recovered from that.
func (m *Meter) Err() error {
	switch {
	case m == nil:
		return nil
	case m.large.Load():
		return ErrBytes
	case m.slow.Load():
		return ErrSteps
	}
	return nil
}

// Left returns how many steps and bytes are left.
func (m *Meter) Left() (steps, bytes int64) { return m.steps.Load(), m.bytes.Load() }

// WithMeter makes a new file one whose readers spend the steps of a meter, and returns it.
func (f *File) WithMeter(m *Meter) *File {
	f.meter = m
	return f
}

// Spend is Meter.Spend for work on the file.
func (f *File) Spend(steps int) {
	if f != nil {
		f.meter.Spend(steps)
	}
}
