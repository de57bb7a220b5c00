// Package watch waits until something changes in folders. The system says so (inotify, kqueue, ReadDirectoryChangesW)
// or, where it cannot watch so many folders, they are looked at again and again.
package watch

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/sandlint/sandlint/parsers/files"
)

const (
	// MaxFolders is how many folders the system is asked to watch. On the systems with kqueue, each costs an open file
	// for everything in it.
	MaxFolders = 8192
	// quiet is how long nothing must happen before a change counts as over, and longest how long that is waited for.
	quiet   = 75 * time.Millisecond
	longest = time.Second
	// every is how often folders are looked at that the system does not watch.
	every = 2 * time.Second
)

// Clock is the time, so tests have one of their own.
type Clock interface {
	// After sends once a duration has passed.
	After(time.Duration) <-chan time.Time
}

// System is the clock of the system.
type System struct{}

// After implements Clock.
func (System) After(d time.Duration) <-chan time.Time { return time.After(d) }

// Notifier is what watches folders for the system. Add watches one, without those below it.
type Notifier interface {
	Add(folder string) error
	Remove(folder string) error
	Close() error
}

// Folders waits for changes in folders. It belongs to one goroutine.
type Folders struct {
	clock    Clock
	say      func(string)
	notifier Notifier // nil where folders are looked at
	events   <-chan fsnotify.Event
	errors   <-chan error

	following map[string]bool
	state     string // of the folders, where they are looked at
}

// New returns a Folders with the system's notifications. say is called once where these cannot be had, with the reason.
func New(say func(string)) *Folders {
	w, err := fsnotify.NewBufferedWatcher(4096)
	if err != nil {
		f := With(System{}, nil, nil, nil, say)
		f.poll(err.Error())
		return f
	}
	return With(System{}, w, w.Events, w.Errors, say)
}

// With returns a Folders with a clock, a notifier and what it sends; a nil notifier means that folders are looked at.
func With(
	clock Clock, notifier Notifier, events <-chan fsnotify.Event, errors <-chan error, say func(string),
) *Folders {
	return &Folders{clock: clock, say: say, notifier: notifier, events: events, errors: errors,
		following: map[string]bool{}}
}

// Close ends the watching.
func (f *Folders) Close() {
	if f.notifier != nil {
		_ = f.notifier.Close()
	}
}

// poll has the folders looked at from now on.
func (f *Folders) poll(reason string) {
	if f.notifier != nil {
		_ = f.notifier.Close()
	}
	f.notifier, f.events, f.errors = nil, nil, nil
	f.say(fmt.Sprintf("%s; folders are looked at every %v instead", reason, every))
	f.state = f.look()
}

// Follow sets the folders whose changes count. It reports whether there are some that did not count before: what
// changed in them until now is not reported.
func (f *Folders) Follow(folders []string) (more bool) {
	now := make(map[string]bool, len(folders))
	for _, folder := range folders {
		now[folder] = true
	}
	for folder := range f.following {
		if !now[folder] && f.notifier != nil {
			_ = f.notifier.Remove(folder)
		}
	}
	before := f.following
	f.following = now
	if f.notifier != nil && len(now) > MaxFolders {
		f.poll(fmt.Sprintf("there are more than %d folders to watch", MaxFolders))
	}
	for folder := range now {
		if before[folder] {
			continue
		}
		more = true
		if f.notifier == nil {
			continue
		}
		err := f.notifier.Add(folder)
		if info, gone := (files.Disk{}).Stat("", folder); err != nil && gone == nil && info.IsDir() {
			f.poll("the system cannot watch " + folder + ": " + files.Cause(err).Error())
		}
	}
	if more && f.notifier == nil {
		f.state = f.look()
	}
	return more
}

// Wait waits until something changed, and then until nothing does for a moment: a checkout of git, or an editor that
// writes a file by another name, is one change. It is false where the context ends.
func (f *Folders) Wait(ctx context.Context) bool {
	for {
		if f.notifier == nil {
			select {
			case <-ctx.Done():
				return false
			case <-f.clock.After(every):
			}
			if now := f.look(); now != f.state {
				f.state = now
				return true
			}
			continue
		}
		select {
		case <-ctx.Done():
			return false
		case <-f.errors:
			f.lose()
		case e := <-f.events:
			f.note(e)
		}
		return f.settle(ctx)
	}
}

// note forgets a folder that is gone: another one may have its name by now, which nobody watches.
func (f *Folders) note(e fsnotify.Event) {
	if (e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename)) && f.following[e.Name] {
		_ = f.notifier.Remove(e.Name)
		delete(f.following, e.Name)
	}
}

// lose forgets all folders, after events were lost.
func (f *Folders) lose() {
	for folder := range f.following {
		_ = f.notifier.Remove(folder)
	}
	clear(f.following)
}

// settle waits until nothing happens.
func (f *Folders) settle(ctx context.Context) bool {
	end := f.clock.After(longest)
	for {
		select {
		case <-ctx.Done():
			return false
		case e := <-f.events:
			f.note(e)
		case <-f.errors:
			f.lose()
		case <-f.clock.After(quiet):
			return true
		case <-end:
			return true
		}
	}
}

// look returns what is in the folders: names, sizes and times.
func (f *Folders) look() string {
	var parts []string
	for folder := range f.following {
		entries, err := (files.Disk{}).List("", folder)
		text := folder
		for _, e := range entries {
			text += "\x00" + described(folder, e)
		}
		if err != nil {
			text += "\x00" + err.Error()
		}
		parts = append(parts, text)
	}
	slices.Sort(parts)
	return files.Hash(parts...)
}

func described(folder string, e fs.DirEntry) string {
	info, err := e.Info()
	if err == nil && e.Type()&fs.ModeSymlink != 0 {
		info, err = files.Disk{}.Stat("", filepath.Join(folder, e.Name()))
	}
	if err != nil || info.IsDir() {
		return e.Name() + " " + e.Type().String()
	}
	return fmt.Sprint(e.Name(), " ", info.Mode(), info.Size(), info.ModTime().UnixNano())
}
