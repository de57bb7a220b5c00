package cache

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/heavytest"
	"github.com/sandlint/sandlint/rules/cached"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

func open(t *testing.T, place, secret string) *Store {
	t.Helper()
	s, err := Open(place, secret, at(noon))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func key(n int) string { return cached.Hash(fmt.Appendf(nil, "key %d", n)) }

func put(s *Store, n int, text string) { s.Put([]cached.Value{{Key: key(n), Bytes: []byte(text)}}) }

// got returns the values of keys, with spaces between the values of one.
func got(s *Store, keys ...int) string {
	var names []string
	for _, n := range keys {
		names = append(names, key(n))
	}
	var out []string
	for _, values := range s.Get(names) {
		var one []string
		for _, v := range values {
			one = append(one, string(v))
		}
		out = append(out, strings.Join(one, " "))
	}
	return strings.Join(out, "|")
}

func want(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func wantErr(t *testing.T, s *Store, part string) {
	t.Helper()
	err := s.Close()
	if part == "" && err != nil || part != "" && (err == nil || !strings.Contains(err.Error(), part)) {
		t.Errorf("got the error %v, want one with %q", err, part)
	}
}

// everyStore runs a test with a folder and with a server.
func everyStore(t *testing.T, do func(t *testing.T, place string, file func(name string) string)) {
	t.Run("folder", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "cache")
		do(t, dir, func(name string) string { return absolute(dir, inFolder(name)) })
	})
	t.Run("server", func(t *testing.T) {
		heavytest.Program(t, "curl")
		dir := t.TempDir()
		for _, kind := range []string{"ac", "cas"} {
			if err := os.Mkdir(filepath.Join(dir, kind), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		server := httptest.NewServer(bazel(dir))
		t.Cleanup(server.Close)
		do(t, server.URL, func(name string) string { return absolute(dir, name) })
	})
}

// bazel is a server of Bazel's simple HTTP protocol.
func bazel(dir string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := absolute(dir, r.URL.Path)
		switch r.Method {
		case http.MethodGet:
			http.ServeFile(w, r, path)
		case http.MethodPut:
			b, err := io.ReadAll(r.Body)
			whole := path + r.RemoteAddr
			if err == nil {
				err = os.WriteFile(whole, b, 0o644)
			}
			if err == nil {
				err = os.Rename(whole, path)
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		default:
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
	})
}

func TestStore(t *testing.T) {
	everyStore(t, func(t *testing.T, place string, file func(string) string) {
		s := open(t, place, "")
		want(t, "empty", got(s, 1, 2), "|")
		put(s, 1, "one")
		put(s, 2, "two")
		s.Put([]cached.Value{{Bytes: []byte("a part")}})
		wantErr(t, s, "")

		s = open(t, place, "")
		want(t, "two keys", got(s, 1, 2, 3), "one|two|")
		want(t, "part", string(s.Value(cached.Hash([]byte("a part")))), "a part")
		want(t, "no part", string(s.Value(cached.Hash([]byte("another")))), "")
		for n := range 5 {
			put(s, 1, fmt.Sprint(n))
		}
		wantErr(t, s, "")
		s = open(t, place, "")
		want(t, "the newest", got(s, 1), "4 3 2 1")
		put(s, 1, "2")
		wantErr(t, s, "")
		s = open(t, place, "")
		want(t, "again", got(s, 1), "2 4 3 1")
		wantErr(t, s, "")

		// A value that is damaged, a list that is, and one that lists the value of another key.
		list, err := os.ReadFile(file("ac/" + key(2)))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file("ac/"+key(1)), list, 0o644); err != nil {
			t.Fatal(err)
		}
		s = open(t, place, "")
		want(t, "of another key", got(s, 1), "")
		wantErr(t, s, "belongs to another key")
		digests, err := readList(list)
		if err != nil || len(digests) != 1 {
			t.Fatal(digests, err)
		}
		b, err := os.ReadFile(file("cas/" + digests[0].hash))
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)-1]++
		if err := os.WriteFile(file("cas/"+digests[0].hash), b, 0o644); err != nil {
			t.Fatal(err)
		}
		s = open(t, place, "")
		want(t, "damaged", got(s, 2), "")
		wantErr(t, s, "it has another hash")
		if err := os.WriteFile(file("ac/"+key(2)), []byte("\x12\xff"), 0o644); err != nil {
			t.Fatal(err)
		}
		s = open(t, place, "")
		want(t, "no list", got(s, 2), "")
		put(s, 2, "mended")
		wantErr(t, s, "damaged")
		s = open(t, place, "")
		want(t, "mended", got(s, 2), "mended")
		wantErr(t, s, "")
	})
}

func TestSecret(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	s := open(t, dir, "one")
	put(s, 1, "signed")
	wantErr(t, s, "")
	s = open(t, dir, "one")
	want(t, "the same secret", got(s, 1), "signed")
	wantErr(t, s, "")
	s = open(t, dir, "another")
	want(t, "another secret", got(s, 1), "")
	wantErr(t, s, "not signed")
	s = open(t, dir, "")
	put(s, 2, "unsigned")
	wantErr(t, s, "")
	s = open(t, dir, "one")
	want(t, "no secret", got(s, 2), "")
	wantErr(t, s, "not signed")
}

func TestPlaces(t *testing.T) {
	for place, part := range map[string]string{
		"ftp://x/":      "not a scheme",
		"http://":       "has a host",
		"http://x/?a=b": "has a host",
		"http://[x":     "not a valid URL",
	} {
		if _, err := Open(place, "", at(noon)); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: got %v, want an error with %q", place, err, part)
		}
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s := open(t, file, "")
	put(s, 1, "x")
	want(t, "a file", got(s, 1), "")
	wantErr(t, s, "cache "+file)

	// A folder in which nothing can be written.
	dir = filepath.Join(dir, "cache")
	s = open(t, dir, "")
	for _, kind := range []string{"ac", "cas"} {
		if err := os.WriteFile(filepath.Join(dir, kind), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put(s, 1, "x")
	put(s, 2, "y")
	wantErr(t, s, "writing cas/")
}

// TestLinks checks that a link in a folder leads nowhere else.
func TestLinks(t *testing.T) {
	dir, outside := filepath.Join(t.TempDir(), "cache"), t.TempDir()
	s := open(t, dir, "")
	if err := os.Symlink(outside, filepath.Join(dir, "cas")); err != nil {
		t.Skip(err)
	}
	put(s, 1, "x")
	wantErr(t, s, "writing cas/")
	if names := files.Names(files.Disk{}, "", outside); len(names) > 0 {
		t.Errorf("%q were written outside of the folder", names)
	}
}

func TestConcurrency(t *testing.T) {
	everyStore(t, func(t *testing.T, place string, _ func(string) string) {
		var wg sync.WaitGroup
		for n := range 8 {
			wg.Go(func() {
				s, err := Open(place, "", at(noon))
				if err != nil {
					t.Error(err)
					return
				}
				for k := range 5 {
					put(s, k, fmt.Sprintf("value %d", k))
					if v := got(s, k); v != fmt.Sprintf("value %d", k) {
						t.Errorf("%d reads %q of key %d", n, v, k)
					}
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestTrim(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	s := open(t, dir, "")
	put(s, 1, "old")
	put(s, 2, "used")
	other := filepath.Join(dir, "ac", "README")
	if err := os.WriteFile(other, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	wantErr(t, s, "")
	old := noon.Add(-unused + time.Hour)
	for _, kind := range []string{"ac", "cas"} {
		for _, sub := range files.Names(files.Disk{}, "", filepath.Join(dir, kind)) {
			for _, name := range files.Names(files.Disk{}, "", filepath.Join(dir, kind, sub)) {
				if err := os.Chtimes(filepath.Join(dir, kind, sub, name), old, old); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	s = open(t, dir, "")
	want(t, "used", got(s, 2), "used") // which is noted
	wantErr(t, s, "")
	late, err := Open(dir, "", at(noon.Add(25*time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	wantErr(t, late, "")
	s = open(t, dir, "")
	want(t, "trimmed", got(s, 1, 2), "|used")
	wantErr(t, s, "")
	if !slices.Contains(files.Names(files.Disk{}, "", filepath.Join(dir, "ac")), "README") {
		t.Error("another file is gone")
	}
}

// TestServers checks what becomes of servers that do not do what they should.
func TestServers(t *testing.T) {
	heavytest.Program(t, "curl")
	value := open(t, filepath.Join(t.TempDir(), "x"), "").seal(key(1), []byte("one"))
	list := writeList([]digest{{cached.Hash(value), len(value)}})
	stop := make(chan struct{})
	defer close(stop)
	serve := func(answer http.HandlerFunc) string {
		server := httptest.NewServer(answer)
		t.Cleanup(server.Close)
		return server.URL
	}
	kind := func(r *http.Request) string { return strings.Split(r.URL.Path, "/")[1] }
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"refuses": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
		}, "answers 403"},
		"redirects": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/x", http.StatusFound)
		}, "answers 302"},
		"lies": {func(w http.ResponseWriter, r *http.Request) {
			if w.Write(list); kind(r) == "cas" {
				w.Write([]byte("another"))
			}
		}, "another hash"},
		"is cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.Write(list)
		}, "did not arrive as a whole"},
		"is endless": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000000")
			for range 1000 {
				if _, err := w.Write(make([]byte, 100000)); err != nil {
					return
				}
			}
		}, "did not arrive as a whole"},
		"hangs": {func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-stop:
			}
		}, "no answer from the server"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, serve(tt.answer), "")
			s.backed.(*remote).limit = time.Second
			want(t, "value", got(s, 1), "")
			wantErr(t, s, tt.want)
		})
	}
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	s := open(t, strings.Replace(server.URL, "http://", "http://user:secret@", 1), "")
	want(t, "value", got(s, 1), "")
	put(s, 1, "x")
	err := s.Close()
	if err == nil || !strings.Contains(err.Error(), "no answer") || strings.Contains(err.Error(), "secret") {
		t.Errorf("unreachable: %v", err)
	}
}

func FuzzReadList(f *testing.F) {
	f.Add(writeList([]digest{{key(1), 3}, {key(2), 5}}))
	f.Add([]byte("\x12\x02\x12\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := readList(b)
		if err != nil {
			return
		}
		again, err := readList(writeList(list))
		if err != nil || !slices.Equal(list, again) {
			t.Errorf("%v is %v again, %v", list, again, err)
		}
	})
}
