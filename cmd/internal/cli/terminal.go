package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"
)

func (a *app) isTerminal(w io.Writer) bool {
	w = underlying(w)
	if a.terminal != nil {
		return a.terminal(w)
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// underlying returns what w was before a run began.
func underlying(w io.Writer) io.Writer {
	if held, ok := w.(*fence); ok {
		w = held.out
	}
	if held, ok := w.(*frame); ok {
		w = held.out
	}
	if out, ok := w.(*output); ok {
		w = out.Writer
	}
	return w
}

// width returns the columns of the terminal that w is, or else what COLUMNS says of it; 0 where w is no terminal or
// neither is known.
func (a *app) width(w io.Writer) int {
	if !a.isTerminal(w) {
		return 0
	}
	if f, ok := underlying(w).(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	columns, err := strconv.Atoi(a.getenv("COLUMNS"))
	if err != nil || columns < 0 {
		return 0
	}
	return columns
}

// linked reports whether w is a terminal that is known to show links (OSC 8). FORCE_HYPERLINK decides first.
func (a *app) linked(w io.Writer) bool {
	if force := a.getenv("FORCE_HYPERLINK"); force != "" {
		return force != "0"
	}
	if !a.isTerminal(w) || a.getenv("CI") != "" {
		return false
	}
	for _, name := range []string{"DOMTERM", "WT_SESSION", "KONSOLE_VERSION"} {
		if a.getenv(name) != "" {
			return true
		}
	}
	if version, err := strconv.Atoi(a.getenv("VTE_VERSION")); err == nil && version > 5000 { // 0.50.0 may crash
		return true
	}
	kind := a.getenv("TERM")
	return slices.Contains([]string{"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "zed", "Tabby", "rio"},
		a.getenv("TERM_PROGRAM")) ||
		slices.ContainsFunc([]string{"alacritty", "foot", "xterm-kitty", "xterm-ghostty", "contour"},
			func(known string) bool { return strings.HasPrefix(kind, known) })
}

// colored reports whether text on w is coloured. --color decides, then NO_COLOR, then FORCE_COLOR and CLICOLOR_FORCE,
// then whether w is a terminal.
func (a *app) colored(w io.Writer) bool {
	forces := func(name string) bool {
		value := a.getenv(name)
		return value != "" && value != "0"
	}
	switch {
	case a.color == "always":
		return true
	case a.color == "never", a.getenv("NO_COLOR") != "":
		return false
	case forces("FORCE_COLOR"), forces("CLICOLOR_FORCE"):
		return true
	}
	return a.isTerminal(w) && a.getenv("TERM") != "dumb"
}

const (
	// progressAfter is how long a run takes before it shows its progress.
	progressAfter = time.Second
	// progressEvery is the minimum time between two updates.
	progressEvery = 100 * time.Millisecond
)

// progress shows the progress of a long run on a terminal.
type progress struct {
	w     io.Writer
	now   func() time.Time
	next  time.Time // of the next update
	shown bool
}

// newProgress returns nil when no progress should be shown.
func (a *app) newProgress(quiet bool) *progress {
	if quiet || !a.isTerminal(a.stderr) {
		return nil
	}
	return &progress{w: a.stderr, now: a.now, next: a.now().Add(progressAfter)}
}

// update is called after each file.
func (p *progress) update(done, total int) {
	now := p.now()
	if now.Before(p.next) {
		return
	}
	p.next = now.Add(progressEvery)
	p.shown = true
	fmt.Fprintf(p.w, "\r\x1b[K%d of %d files", done, total)
}

// end erases the line.
func (p *progress) end() {
	if p != nil && p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// function returns the callback for the runner, nil when no progress is shown.
func (p *progress) function() func(done, total int) {
	if p == nil {
		return nil
	}
	return p.update
}
