// Package streamtest makes records for the tests of "check --stream": small projects that are mutations of real files,
// and hostile ones. A record is determined by its number and the files that it is made of, so a test can make any of
// them again.
package streamtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/tools/txtar"
)

// Project is a set of files that belong together, by their paths.
type Project map[string][]byte

// Corpus is what records are made of.
type Corpus struct {
	projects []Project
	texts    [][]byte // of all files
}

// Len returns the number of projects.
func (c *Corpus) Len() int { return len(c.projects) }

func (c *Corpus) add(p Project) {
	if len(p) == 0 {
		return
	}
	c.projects = append(c.projects, p)
	for _, name := range slices.Sorted(maps.Keys(p)) {
		c.texts = append(c.texts, p[name])
	}
}

// AddCases adds the cases of the rules in a folder, and the projects of testdata/projects.
func (c *Corpus) AddCases(root string) error {
	err := filepath.WalkDir(filepath.Join(root, "rules"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".txtar" {
			return err
		}
		archive, err := txtar.ParseFile(name)
		if err != nil {
			return err
		}
		cases := map[string]Project{}
		for _, f := range archive.Files {
			which, rest, ok := strings.Cut(f.Name, "/")
			if !ok || rest == "want" || rest == "flags" || strings.HasPrefix(rest, "fixed/") ||
				strings.HasPrefix(rest, "unsafe/") {
				continue
			}
			if cases[which] == nil {
				cases[which] = Project{}
			}
			cases[which][rest] = f.Data
		}
		for _, which := range slices.Sorted(maps.Keys(cases)) {
			c.add(cases[which])
		}
		return nil
	})
	if err != nil {
		return err
	}
	folders, err := filepath.Glob(filepath.Join(root, "testdata", "projects", "*", "*"))
	if err != nil {
		return err
	}
	for _, folder := range folders {
		p, err := readProject(folder)
		if err != nil {
			return err
		}
		c.add(p)
	}
	return nil
}

func readProject(folder string) (Project, error) {
	p := Project{}
	info, err := os.Stat(folder)
	if err != nil || !info.IsDir() {
		return nil, err
	}
	err = filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(folder, name)
		p[filepath.ToSlash(rel)] = text
		return err
	})
	return p, err
}

// AddFolders adds what lies two folders below a folder, each as a project of its own.
func (c *Corpus) AddFolders(folder string) error {
	names, err := filepath.Glob(filepath.Join(folder, "*", "*"))
	if err != nil {
		return err
	}
	for _, name := range names {
		p, err := readProject(name)
		if err != nil {
			return err
		}
		c.add(p)
	}
	return nil
}

// Record returns the files of record n: of one to four projects, each in a folder of its own or in the root, with up
// to eight mutations.
func (c *Corpus) Record(n int) Project {
	r := rand.New(rand.NewPCG(15, uint64(n)))
	out := Project{}
	count := 1 + r.IntN(4)*r.IntN(2)
	for k := range count {
		folder := ""
		if k > 0 {
			folder = fmt.Sprintf("part%d", k)
		}
		p := c.projects[r.IntN(len(c.projects))]
		names := slices.Sorted(maps.Keys(p))
		mutated := names[r.IntN(len(names))]
		for _, name := range names {
			text := p[name]
			if name == mutated {
				for range r.IntN(9) {
					text = c.mutate(r, text)
				}
			}
			out[path.Join(folder, name)] = text
		}
	}
	return out
}

// mutate returns a text with one change.
func (c *Corpus) mutate(r *rand.Rand, text []byte) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	at := r.IntN(len(lines))
	other := func() []byte {
		lines := bytes.SplitAfter(c.texts[r.IntN(len(c.texts))], []byte("\n"))
		return lines[r.IntN(len(lines))]
	}
	switch r.IntN(8) {
	case 0: // a line goes
		lines = slices.Delete(slices.Clone(lines), at, at+1)
	case 1: // a line comes twice
		lines = slices.Insert(slices.Clone(lines), at, lines[at])
	case 2: // two lines change places
		lines = slices.Clone(lines)
		to := r.IntN(len(lines))
		lines[at], lines[to] = lines[to], lines[at]
	case 3: // a line of another file
		lines = slices.Insert(slices.Clone(lines), at, other())
	case 4: // a word goes
		lines = slices.Clone(lines)
		words := bytes.SplitAfter(lines[at], []byte(" "))
		k := r.IntN(len(words))
		lines[at] = bytes.Join(slices.Delete(words, k, k+1), nil)
	case 5: // a word of another file
		lines = slices.Clone(lines)
		words := bytes.SplitAfter(lines[at], []byte(" "))
		from := bytes.Fields(other())
		if len(from) > 0 {
			word := append(bytes.Clone(from[r.IntN(len(from))]), ' ')
			lines[at] = bytes.Join(slices.Insert(words, r.IntN(len(words)), word), nil)
		}
	case 6: // one byte is another one
		text = bytes.Clone(text)
		if len(text) > 0 {
			text[r.IntN(len(text))] = byte(r.IntN(256))
		}
		return text
	case 7: // the end is cut off
		if len(text) > 0 {
			return text[:r.IntN(len(text))]
		}
	}
	return bytes.Join(lines, nil)
}

// Line returns a record as a line of JSON, with the line end.
func Line(id string, p Project) []byte {
	type file struct {
		Path    string  `json:"path"`
		Content *string `json:"content,omitempty"`
		Base64  []byte  `json:"base64,omitempty"`
	}
	rec := struct {
		ID    string `json:"id"`
		Files []file `json:"files"`
	}{ID: id}
	for _, name := range slices.Sorted(maps.Keys(p)) {
		f := file{Path: name}
		if text := p[name]; utf8.Valid(text) {
			s := string(text)
			f.Content = &s
		} else {
			f.Base64 = text
		}
		rec.Files = append(rec.Files, f)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(rec)
	return b.Bytes()
}
