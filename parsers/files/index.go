package files

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// This file reads git's index, the list of the files that git tracks, as Documentation/gitformat-index.txt of git 2.47
// describes it: versions 2 to 4, with the object names of SHA-1 and of SHA-256, whole or split. No git is run.

const (
	// maxIndex bounds how many bytes of an index are read. The largest public repositories have some 60 MB.
	maxIndex = 128 << 20
	// maxIndexName is the longest path that an index may hold.
	maxIndexName = 1 << 16
)

var errIndex = errors.New("not an index of git")

// gitDirs returns the folder of a repository's own files, and the one that it shares with other work trees, which hold
// the index and the file info/exclude. They are "" where root has no .git.
func gitDirs(t Tree, root string) (own, common string) {
	own = filepath.Join(root, ".git")
	info, err := t.Lstat("", own)
	switch {
	case err != nil:
		return "", ""
	case info.IsDir():
		return own, own
	}
	// A work tree or a submodule has a file that names the folder.
	own = pathIn(t, own, "gitdir: ")
	if own == "" {
		return "", ""
	}
	if common = pathIn(t, filepath.Join(own, "commondir"), ""); common == "" {
		common = own
	}
	return own, common
}

// pathIn returns the path that a file holds after a prefix, relative to its folder; "" where it holds none.
func pathIn(t Tree, file, prefix string) string {
	b, err := Read(t, "", file)
	if err != nil || len(b) > maxIndexName {
		return ""
	}
	name, ok := strings.CutPrefix(strings.TrimRight(string(b), "\r\n"), prefix)
	if !ok || name == "" {
		return ""
	}
	name = filepath.FromSlash(name)
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(file), name)
	}
	return filepath.Clean(name)
}

// readIndex returns the paths that a repository's index has, sorted, with slashes and relative to the root. It has none
// where there is no index or it cannot be read.
func readIndex(t Tree, root string) []string {
	own, _ := gitDirs(t, root)
	if own == "" {
		return nil
	}
	names, base, err := indexFile(t, filepath.Join(own, "index"))
	if err != nil {
		return nil
	}
	if base != "" {
		more, _, err := indexFile(t, filepath.Join(own, "sharedindex."+base))
		if err != nil {
			return nil
		}
		names = append(names, more...) // including what was removed since, which is not in the work tree either
	}
	slices.Sort(names)
	return names
}

// indexFile reads one index; base is the name of the one that it is split from, "" for none. Nothing in the file says
// how long its object names are.
func indexFile(t Tree, name string) (names []string, base string, err error) {
	for _, hash := range []int{20, 32} {
		f, _, openErr := open(t, "", name)
		if openErr != nil {
			return nil, "", openErr
		}
		names, base, err = parseIndex(f, hash)
		f.Close()
		if err == nil {
			break
		}
	}
	return names, base, err
}

// parseIndex reads an index whose object names have a number of bytes.
func parseIndex(in io.Reader, hash int) (names []string, base string, err error) {
	r := bufio.NewReaderSize(io.LimitReader(in, maxIndex), 1<<16)
	var header [12]byte
	if _, err := io.ReadFull(r, header[:]); err != nil || string(header[:4]) != "DIRC" {
		return nil, "", errIndex
	}
	version := binary.BigEndian.Uint32(header[4:])
	if version < 2 || version > 4 {
		return nil, "", errIndex
	}
	fixed := make([]byte, 40+hash+2)
	var name []byte
	for range binary.BigEndian.Uint32(header[8:]) {
		if _, err := io.ReadFull(r, fixed); err != nil {
			return nil, "", errIndex
		}
		read := len(fixed)
		switch binary.BigEndian.Uint32(fixed[24:]) >> 12 { // the type of the file
		case 0o10, 0o12, 0o16, 0o4:
		default:
			return nil, "", errIndex
		}
		flags := binary.BigEndian.Uint16(fixed[40+hash:])
		if flags&0x4000 != 0 {
			if version == 2 {
				return nil, "", errIndex
			}
			if _, err := r.Discard(2); err != nil {
				return nil, "", errIndex
			}
			read += 2
		}
		if name, err = entryName(r, version, name, read); err != nil {
			return nil, "", err
		}
		if length := int(flags & 0xfff); length != 0xfff && length != len(name) {
			return nil, "", errIndex
		}
		if len(name) > 0 { // an entry of a split index that replaces one of its base has no name
			names = append(names, string(name))
		}
	}
	return names, splitFrom(r, hash), nil
}

// entryName reads the path of an entry, of which some bytes were read, into the memory of the path before.
func entryName(r *bufio.Reader, version uint32, name []byte, read int) ([]byte, error) {
	if version == 4 {
		strip, err := offset(r)
		if err != nil || strip > len(name) {
			return nil, errIndex
		}
		name = name[:len(name)-strip]
	} else {
		name = name[:0]
	}
	start := len(name)
	for {
		part, err := r.ReadSlice(0)
		name = append(name, part...)
		if len(name) > maxIndexName || err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, errIndex
		}
		if err == nil {
			break
		}
	}
	name = name[:len(name)-1]
	if version == 4 {
		return name, nil
	}
	read += len(name) - start + 1
	for ; read%8 != 0; read++ { // entries are padded
		if c, err := r.ReadByte(); err != nil || c != 0 {
			return nil, errIndex
		}
	}
	return name, nil
}

// offset reads a number as packs have it for offsets.
func offset(r *bufio.Reader) (int, error) {
	n := 0
	for {
		c, err := r.ReadByte()
		if err != nil || n > maxIndexName {
			return 0, errIndex
		}
		n |= int(c & 0x7f)
		if c&0x80 == 0 {
			return n, nil
		}
		n = (n + 1) << 7
	}
}

// splitFrom returns the name of the index that an extension says this one is split from, "" for none.
func splitFrom(r *bufio.Reader, hash int) string {
	for {
		var header [8]byte
		if _, err := io.ReadFull(r, header[:]); err != nil {
			return ""
		}
		size := int(binary.BigEndian.Uint32(header[4:]))
		if string(header[:4]) == "link" && size >= hash {
			base := make([]byte, hash)
			if _, err := io.ReadFull(r, base); err != nil || bytes.Count(base, []byte{0}) == hash {
				return ""
			}
			return hex.EncodeToString(base)
		}
		if size > maxIndex {
			return "" // the checksum at the end
		}
		if _, err := r.Discard(size); err != nil {
			return ""
		}
	}
}
