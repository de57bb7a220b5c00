package watch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// ticks is a clock whose every wait ends when the test says so: quiet ends at once once nothing is left to happen.
type ticks struct {
	of map[time.Duration]chan time.Time
}

func newTicks() *ticks {
	t := &ticks{of: map[time.Duration]chan time.Time{}}
	for _, d := range []time.Duration{quiet, longest, every} {
		t.of[d] = make(chan time.Time)
	}
	return t
}

func (t *ticks) After(d time.Duration) <-chan time.Time { return t.of[d] }

// system is a notifier that knows what it watches.
type system struct {
	watched []string
	refuse  bool
	closed  bool
}

func (s *system) Add(folder string) error {
	if s.refuse {
		return &os.PathError{Op: "watch", Path: folder, Err: errors.New("no space left on device")}
	}
	s.watched = append(s.watched, folder)
	return nil
}

func (s *system) Remove(folder string) error {
	s.watched = slices.DeleteFunc(s.watched, func(f string) bool { return f == folder })
	return nil
}

func (s *system) Close() error {
	s.closed = true
	return nil
}

func TestEvents(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "sub")
	if err := os.Mkdir(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	clock, s, events, lost := newTicks(), &system{}, make(chan fsnotify.Event), make(chan error)
	f := With(clock, s, events, lost, func(reason string) { t.Error(reason) })
	if !f.Follow([]string{dir, sub}) || f.Follow([]string{sub, dir}) {
		t.Error("Follow does not say what is new")
	}
	wait := func(send func()) {
		t.Helper()
		done := make(chan bool)
		go func() { done <- f.Wait(t.Context()) }()
		send()
		select {
		case <-done:
			t.Error("the wait ended while things happen")
		default:
		}
		clock.of[quiet] <- time.Time{}
		if !<-done {
			t.Error("the wait ended without a change")
		}
	}
	// A checkout is one change.
	wait(func() {
		for range 3000 {
			events <- fsnotify.Event{Name: filepath.Join(dir, "a"), Op: fsnotify.Write}
		}
	})
	// A folder that is gone may be there again as another one.
	wait(func() { events <- fsnotify.Event{Name: sub, Op: fsnotify.Remove} })
	if slices.Contains(s.watched, sub) || !f.Follow([]string{dir, sub}) || !slices.Contains(s.watched, sub) {
		t.Errorf("%q are watched after a folder was made anew", s.watched)
	}
	wait(func() { lost <- fsnotify.ErrEventOverflow })
	if len(s.watched) > 0 || !f.Follow([]string{dir}) || !slices.Equal(s.watched, []string{dir}) {
		t.Errorf("%q are watched after events were lost", s.watched)
	}
	// Changes without a pause do not keep the wait from its end.
	done := make(chan bool)
	go func() { done <- f.Wait(t.Context()) }()
	for range 3 {
		events <- fsnotify.Event{Name: dir, Op: fsnotify.Write}
	}
	clock.of[longest] <- time.Time{}
	if !<-done {
		t.Error("no change")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if f.Wait(ctx) {
		t.Error("a change after the end")
	}
	if f.Close(); !s.closed {
		t.Error("not closed")
	}
}

func TestLimit(t *testing.T) {
	dir := t.TempDir()
	clock, s := newTicks(), &system{refuse: true}
	var said []string
	f := With(clock, s, make(chan fsnotify.Event), make(chan error), func(r string) { said = append(said, r) })
	f.Follow([]string{dir})
	f.Follow([]string{dir, filepath.Dir(dir)})
	const reason = "no space left on device; folders are looked at every 2s instead"
	if len(said) != 1 || !strings.HasSuffix(said[0], reason) || !s.closed {
		t.Errorf("said %q", said)
	}
	f.Follow([]string{dir})
	done := make(chan bool)
	go func() { done <- f.Wait(t.Context()) }()
	clock.of[every] <- time.Time{}
	if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for ended := false; !ended; { // the first look may have come before the file
		select {
		case clock.of[every] <- time.Time{}:
		case ended = <-done:
		}
	}
}
