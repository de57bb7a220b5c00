package stream

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// unit is one record on its way: what a worker is given, or the answer where none is needed.
type unit struct {
	kind   byte
	line   int // of standard input, 0 in an archive
	id     *string
	input  []byte
	answer chan []byte // gets one line, without its end
}

// The kinds of input.
const (
	kindLine = 'j' // a line of JSON
	kindTree = 't' // the result of Record.pack
)

func ready(answer []byte) *unit {
	u := &unit{answer: make(chan []byte, 1)}
	u.answer <- answer
	return u
}

// source reads one unit after the other; io.EOF ends it. Another error may come with a last unit.
type source interface {
	next() (*unit, error)
}

// lines reads lines of JSON.
type lines struct {
	in   *bufio.Reader
	most int // bytes that a line may have
	line int
}

func newLines(in io.Reader, most int) *lines {
	return &lines{in: bufio.NewReaderSize(in, 1<<16), most: most}
}

// maxPrefix is how much of a line that is too long is searched for its id.
const maxPrefix = 8 << 10

func (l *lines) next() (*unit, error) {
	for {
		text, long, err := l.read()
		if err != nil && (len(text) == 0 || !errors.Is(err, io.EOF)) {
			return nil, err
		}
		if l.line++; l.line == 1 {
			text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
		}
		if long {
			wrong := &Error{Code: TooLarge, Line: l.line,
				Message: fmt.Sprintf("the line has more than %d bytes, which --max-record allows", l.most)}
			return ready(wrong.answer(readID(text))), nil
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		return &unit{kind: kindLine, line: l.line, input: text, answer: make(chan []byte, 1)}, nil
	}
}

// read returns the next line; of one that is too long only the beginning.
func (l *lines) read() (text []byte, long bool, err error) {
	for {
		part, err := l.in.ReadSlice('\n')
		if !long && len(text)+len(part) > l.most+1 {
			long = true
			text = append(text, part...)
			text = bytes.Clone(text[:min(len(text), maxPrefix)])
		}
		if !long {
			text = append(text, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		return bytes.TrimSuffix(text, []byte("\n")), long, err
	}
}

// archive reads a tar, in which each top-level folder is a record.
type archive struct {
	in   *tar.Reader
	most int

	rec  *Record // that is read at the moment
	size int     // of it, so far
	err  *Error  // what is wrong with it
}

func newArchive(in io.Reader, most int) *archive {
	return &archive{in: tar.NewReader(bufio.NewReaderSize(in, 1<<16)), most: most}
}

// next reads up to the first entry of another folder, or the end.
func (a *archive) next() (*unit, error) {
	for {
		header, err := a.in.Next()
		switch {
		case errors.Is(err, io.EOF):
			return a.take(), io.EOF
		case err != nil && header == nil:
			return a.broken(err)
		case header.Typeflag == tar.TypeXGlobalHeader:
			continue
		}
		parts := names(header.Name)
		if len(parts) == 0 {
			continue // the folder that all others lie in
		}
		var before *unit
		if a.rec == nil || a.rec.ID != parts[0] {
			before = a.take()
			a.rec = &Record{ID: parts[0], Files: map[string]File{}}
		}
		if err := a.add(header, parts[1:]); err != nil {
			if before != nil {
				// What comes next finds the same error again.
				return before, nil
			}
			return a.broken(err)
		}
		if before != nil {
			return before, nil
		}
	}
}

// broken ends the archive: the record that is read at the moment cannot be completed.
func (a *archive) broken(err error) (*unit, error) {
	var id *string
	if a.rec != nil {
		id = &a.rec.ID
	}
	a.rec = nil
	err = fmt.Errorf("reading the archive: %w", err)
	return ready(invalid("%v", err).answer(id)), err
}

// names returns the names that a path is made of.
func names(name string) []string {
	var out []string
	for part := range strings.SplitSeq(name, "/") {
		if part != "" && part != "." {
			out = append(out, part)
		}
	}
	return out
}

// take returns the record that was read, nil for none.
func (a *archive) take() *unit {
	rec, wrong := a.rec, a.err
	a.rec, a.err, a.size = nil, nil, 0
	if rec == nil {
		return nil
	}
	if wrong == nil {
		wrong = rec.check()
	}
	if wrong == nil && len(rec.ID) > maxID {
		wrong = invalid("the name of the folder has more than %d bytes", maxID)
	}
	if wrong != nil {
		return ready(wrong.answer(&rec.ID))
	}
	return &unit{kind: kindTree, id: &rec.ID, input: rec.pack(), answer: make(chan []byte, 1)}
}

// add adds an entry to the record. The error is about the archive.
func (a *archive) add(header *tar.Header, parts []string) error {
	if a.err != nil {
		return nil
	}
	a.size += len(header.Name) + len(header.Linkname)
	if header.Size > int64(a.most) || a.size+int(header.Size) > a.most {
		a.err = &Error{Code: TooLarge,
			Message: fmt.Sprintf("the folder has more than %d bytes, which --max-record allows", a.most)}
		a.rec.Files = nil
		return nil
	}
	if path.IsAbs(header.Name) {
		a.err = invalid("the path %q is absolute", header.Name)
		return nil
	}
	if header.Typeflag == tar.TypeDir {
		return nil
	}
	if len(parts) == 0 {
		a.err = invalid("%q lies in no folder; each folder is a record", header.Name)
		return nil
	}
	name, wrong := cleanPath(strings.Join(parts, "/"))
	if wrong != nil {
		a.err = wrong
		return nil
	}
	f := File{Executable: header.Mode&0o111 != 0}
	switch header.Typeflag {
	case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
		text, err := io.ReadAll(a.in)
		if err != nil {
			return err
		}
		f.Text = text
		a.size += len(text)
	case tar.TypeSymlink:
		f.Text, f.Link = []byte(header.Linkname), true
		a.err = checkLink(name, header.Linkname)
	case tar.TypeLink:
		target := names(header.Linkname)
		other, there := a.rec.Files[path.Join(target[min(1, len(target)):]...)]
		if !there || target[0] != a.rec.ID {
			a.err = invalid("the hard link %q leads to no earlier file of its folder", header.Name)
		}
		f = other
		a.size += len(f.Text)
	default:
		a.err = invalid("%q is neither a file, nor a folder, nor a link", header.Name)
	}
	a.rec.Files[name] = f // as when an archive is unpacked, the last one wins
	return nil
}
