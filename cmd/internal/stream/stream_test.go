package stream

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// listing is a judge that answers with the paths of a record and the sizes of their texts.
func listing(r *Record) ([]byte, *Error) {
	sizes := map[string]int{}
	for name, f := range r.Files {
		sizes[name] = len(f.Text)
	}
	switch r.ID {
	case "panic":
		panic("a defect")
	case "slow":
		return nil, &Error{Code: TooSlow, Message: "slow"}
	}
	return encode(map[string]any{"files": sizes}), nil
}

func serve(t *testing.T, in string, opts Options) (answers []string, err error) {
	t.Helper()
	var out bytes.Buffer
	if opts.MaxRecord == 0 {
		opts.MaxRecord = 1000
	}
	if opts.Workers == 0 {
		opts.Workers = 3
	}
	opts.Start = func() Worker { return Local(listing) }
	err = Serve(context.Background(), strings.NewReader(in), &out, opts)
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n"), err
}

func TestOneRecordHasNoEffectOnAnother(t *testing.T) {
	long := `{"files":[],"id":"long","x":"` + strings.Repeat("x", 1000) + `"}`
	got, err := serve(t, `{"id":"a","files":[{"path":"x","content":"1"}]}
{"id":"panic"}
`+long+`
{"id":"slow"}
{"id":"b"`, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"id":"a","files":{"x":1}}`,
		`{"id":"panic","error":{"code":"defect","message":"a defect in sandlint, please report it: a defect"}}`,
		`{"id":"long","error":{"code":"too_large","message":"the line has more than 1000 bytes, which --max-record ` +
			`allows","line":3}}`,
		`{"id":"slow","error":{"code":"too_slow","message":"slow"}}`,
		`{"id":"b","error":{"code":"invalid","message":"the JSON is cut off","line":5}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestOrder(t *testing.T) {
	var in strings.Builder
	var want []string
	for n := range 500 {
		fmt.Fprintf(&in, "{\"id\":\"%d\"}\n", n)
		want = append(want, fmt.Sprintf(`{"id":"%d","files":{}}`, n))
	}
	for _, workers := range []int{1, 2, 7} {
		got, err := serve(t, in.String(), Options{Workers: workers})
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%d workers: %v\n%s", workers, err, diff)
		}
	}
}

// entries returns a tar of entries.
func entries(t testing.TB, list ...tar.Header) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range list {
		text := h.PAXRecords["text"]
		h.PAXRecords = nil
		if h.Mode == 0 {
			h.Mode = 0o644
		}
		h.Size = int64(len(text))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func entry(name, text string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeReg, PAXRecords: map[string]string{"text": text}}
}

func link(kind byte, name, target string) tar.Header {
	return tar.Header{Name: name, Typeflag: kind, Linkname: target}
}

func TestArchive(t *testing.T) {
	archive := entries(t,
		tar.Header{Name: "./", Typeflag: tar.TypeDir},
		entry("./a/Dockerfile", "FROM a"), entry("a/sub/nix.conf", "x"), entry("a/sub/nix.conf", "xy"),
		link(tar.TypeSymlink, "a/link", "../../etc/passwd"), link(tar.TypeLink, "a/hard", "a/Dockerfile"),
		tar.Header{Name: "empty/", Typeflag: tar.TypeDir},
		entry("up/../../x", "x"),
		entry("/root/x", "x"),
		entry("alone", "x"),
		entry("through/a", "x"), entry("through/a/b", "x"),
		link(tar.TypeFifo, "pipe/p", ""),
		link(tar.TypeLink, "hard/p", "a/Dockerfile"),
		entry("large/x", strings.Repeat("x", 2000)), entry("large/y", "y"),
		entry("a/again", "x"),
	)
	got, err := serve(t, archive, Options{Tar: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"id":"a","files":{"Dockerfile":6,"hard":6,"link":16,"sub/nix.conf":2}}`,
		`{"id":"empty","files":{}}`,
		`{"id":"up","error":{"code":"invalid","message":"the path \"../../x\" has the name \"..\""}}`,
		`{"id":"root","error":{"code":"invalid","message":"the path \"/root/x\" is absolute"}}`,
		`{"id":"alone","error":{"code":"invalid","message":"\"alone\" lies in no folder; each folder is a record"}}`,
		`{"id":"through","error":{"code":"invalid","message":"the path \"a/b\" leads through \"a\", which is a file"}}`,
		`{"id":"pipe","error":{"code":"invalid","message":"\"pipe/p\" is neither a file, nor a folder, nor a link"}}`,
		`{"id":"hard","error":{"code":"invalid","message":"the hard link \"hard/p\" leads to no earlier file of its ` +
			`folder"}}`,
		`{"id":"large","error":{"code":"too_large","message":"the folder has more than 1000 bytes, which ` +
			`--max-record allows"}}`,
		`{"id":"a","files":{"again":1}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	got, err = serve(t, archive[:2000], Options{Tar: true})
	if err == nil || len(got) != 1 || !strings.HasPrefix(got[0], `{"id":"a","error":{"code":"invalid","message":`) {
		t.Errorf("an archive that breaks off: %v, %v", got, err)
	}
}

// closed is an output that nobody reads.
type closed struct{ writes int }

func (c *closed) Write([]byte) (int, error) {
	c.writes++
	return 0, syscall.EPIPE
}

// endless is an input without end.
type endless struct{ lines int }

func (e *endless) Read(b []byte) (int, error) {
	e.lines++
	return copy(b, "{\"id\":\"a\"}\n"), nil
}

func TestNobodyReads(t *testing.T) {
	out := &closed{}
	err := Serve(context.Background(), &endless{}, out, Options{MaxRecord: 100, Workers: 2,
		Start: func() Worker { return Local(listing) }})
	if !errors.Is(err, syscall.EPIPE) || out.writes != 1 {
		t.Errorf("%v after %d writes", err, out.writes)
	}
}

// TestStopped: what was read is answered when the context ends, although the input does not.
func TestStopped(t *testing.T) {
	in, to := io.Pipe()
	from, out := io.Pipe()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(ctx, in, out, Options{MaxRecord: 100, Workers: 2,
			Start: func() Worker { return Local(listing) }})
		out.Close()
	}()
	if _, err := io.WriteString(to, "{\"id\":\"a\"}\n"); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 100)
	n, err := from.Read(line)
	if err != nil || string(line[:n]) != "{\"id\":\"a\",\"files\":{}}\n" {
		t.Fatalf("%q, %v", line[:n], err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// answerOf returns the answer to a line or packed record, which must be one line of JSON.
func answerOf(t *testing.T, kind byte, input []byte) {
	answer := answerTo(func(r *Record) ([]byte, *Error) {
		for name, f := range r.Files {
			if !filepath.IsLocal(name) || name != filepath.Clean(name) || strings.Contains(name, "\x00") {
				t.Errorf("the path %q leads out of the record", name)
			}
			for dir := filepath.Dir(name); dir != "."; dir = filepath.Dir(dir) {
				if _, isFile := r.Files[dir]; isFile {
					t.Errorf("the path %q leads through a file", name)
				}
			}
			if f.Link && len(f.Text) == 0 {
				t.Errorf("the link %q leads nowhere", name)
			}
		}
		if again := unpack(r.pack()); !cmp.Equal(again.Files, r.Files) || again.ID != r.ID {
			t.Errorf("packed and unpacked, %v is %v", r, again)
		}
		return []byte("{}"), nil
	}, kind, 1, input)
	if bytes.IndexByte(answer, '\n') >= 0 || !json.Valid(bytes.Replace(answer, []byte(",}"), []byte("}"), 1)) {
		t.Errorf("the answer is not a line of JSON: %q", answer)
	}
	if bytes.Contains(answer, []byte(`"defect"`)) {
		t.Errorf("a defect: %s", answer)
	}
}

func FuzzLine(f *testing.F) {
	for _, line := range []string{
		`{"id":"a","files":[{"path":"a/b","content":"x\ud83d\ude00"},{"path":"c","base64":"AA==","executable":false}]}`,
		`{"id":"a","files":[{"path":"l","link":"../x"}],"targets":{"nix":"2.24","platform":["a","b"]}}`,
		`{"x":[{"id":1},"\"id\""],"id":"b"`, `[]`, `{"id":"\ud800"}`, "\xff", `{"files":null,"id":"é"}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) { answerOf(t, kindLine, line) })
}

func FuzzArchive(f *testing.F) {
	f.Add([]byte(entries(f, entry("a/b", "x"), link(tar.TypeSymlink, "a/c", "b"), link(tar.TypeLink, "a/d", "a/b"),
		entry("e", "x"))))
	f.Fuzz(func(t *testing.T, text []byte) {
		from := newArchive(bytes.NewReader(text), 1000)
		for n := 0; ; n++ {
			u, err := from.next()
			if u != nil && u.kind == kindTree {
				answerOf(t, u.kind, u.input)
			} else if u != nil {
				if answer := <-u.answer; !json.Valid(answer) {
					t.Errorf("not JSON: %q", answer)
				}
			}
			if err != nil {
				return
			}
			if n > len(text) {
				t.Fatal("there are more records than bytes")
			}
		}
	})
}
