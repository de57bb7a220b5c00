package workspace

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/sandlint/sandlint/parsers/shell"
)

// TestOpenedOnce opens the Dockerfiles of a session: one is opened once in each state of the files, for one user at a
// time, and each user depends on what the others found out about it.
func TestOpenedOnce(t *testing.T) {
	texts := map[string]string{".git/": "", "run.sh": "echo a\n", "Dockerfile": "FROM debian:12\n" +
		"COPY run.sh /run.sh\nRUN sh /run.sh\n"}
	for n := range 2 * maxOpened {
		texts[fmt.Sprintf("%d/Dockerfile", n)] = "FROM debian:12\n"
	}
	dir := makeTree(t, texts)
	ws := loaded(t, dir)
	session := ws.Snapshot().Remembering(new(shell.Cache))
	var entry *Entry
	for _, e := range ws.Entries {
		if e.Abs == filepath.Join(dir, "Dockerfile") {
			entry = e
		}
	}
	open := func(w *Workspace) *Document {
		d, err := w.Open(entry)
		if err != nil || d.Entry != entry || d.Source == nil {
			t.Fatal(d, err)
		}
		return d
	}
	var first, again, second, other, edited, later, unshared *Document
	session.Tracked(func(w *Workspace) {
		first, again = open(w), open(w)
		session.Tracked(func(w *Workspace) { other = open(w) })
	})
	uses := session.Tracked(func(w *Workspace) {
		second = open(w)
		second.Dockerfile.Images[0].Steps()[2].Commands() // reads run.sh
		// Others are opened meanwhile, more than are kept.
		for _, e := range w.Entries {
			if _, err := w.Open(e); err != nil {
				t.Fatal(err)
			}
		}
	})
	unshared = open(session)
	afterwards := session.Tracked(func(w *Workspace) { later = open(w) })
	with := session.With(map[string][]byte{filepath.Join(dir, "0/Dockerfile"): []byte("FROM x\n")})
	with.Tracked(func(w *Workspace) { edited = open(w) })

	if first != again || first != second || first == other {
		t.Error("a user does not have the Dockerfile that is free")
	}
	if unshared == first || unshared == later || edited == first || edited == later {
		t.Error("a Dockerfile is shared where it must not be")
	}
	for _, name := range []string{"Dockerfile", "run.sh"} {
		if path := filepath.Join(dir, name); !uses.EditedBy(path) {
			t.Error("a user does not depend on", name)
		}
	}
	if !afterwards.EditedBy(entry.Abs) || len(session.opened.list) > maxOpened {
		t.Error(len(session.opened.list))
	}
	adopted, others := session.Adopt(loaded(t, dir))
	adopted.Tracked(func(w *Workspace) {
		if d := open(w); d == later || others {
			t.Error("a Dockerfile outlives a look for files")
		}
	})
	session.Changed(filepath.Join(dir, "run.sh"))
	session.Tracked(func(w *Workspace) {
		if d := open(w); d == first || d == later {
			t.Error("a Dockerfile outlives its state")
		}
	})
}

// TestOpenedDependence has two users of a Dockerfile, the first of which finds out what a script of the build context
// runs: the second depends on that script too.
func TestOpenedDependence(t *testing.T) {
	dir := makeTree(t, map[string]string{".git/": "", "run.sh": "echo a\n", "Dockerfile": "FROM debian:12\n" +
		"COPY run.sh /run.sh\nRUN sh /run.sh\n"})
	ws := loaded(t, dir)
	session := ws.Snapshot().Remembering(new(shell.Cache))
	script := filepath.Join(dir, "run.sh")
	use := func(ask bool) (commands int, reads bool) {
		u := session.Tracked(func(w *Workspace) {
			d, err := w.Open(ws.Entries[0])
			if err != nil {
				t.Fatal(err)
			}
			if ask {
				commands = len(d.Dockerfile.Images[0].Steps()[2].Commands())
			}
		})
		return commands, u.EditedBy(script)
	}
	if _, reads := use(false); reads {
		t.Error("the script was read before anybody asked")
	}
	for range 2 {
		if commands, reads := use(true); commands != 2 || !reads {
			t.Error(commands, reads)
		}
	}
}
