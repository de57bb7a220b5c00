package custom

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/sandlint/sandlint/fixers"
	"github.com/sandlint/sandlint/rules"
)

// Rules returns the pack as the rest of sandlint uses packs.
func (p *Pack) Rules() rules.Pack {
	out := rules.Pack{Name: p.Name, Pages: pages{p}}
	urls := map[*rules.Rule]string{}
	for _, r := range p.rules {
		out.Rules = append(out.Rules, r.rule)
		urls[r.rule] = r.url
	}
	out.Help = func(r *rules.Rule) string {
		if url := urls[r]; url != "" {
			return url
		}
		return p.Docs
	}
	return out
}

// pages makes the page of a rule when somebody asks for it: its description, and its tests as cases.
type pages struct{ pack *Pack }

// Open implements fs.FS.
func (p pages) Open(name string) (fs.File, error) {
	for _, r := range p.pack.rules {
		if r.rule.PageFile() == name {
			text := r.page()
			return &pageFile{name: name, size: len(text), Reader: strings.NewReader(text)}, nil
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// pageFile is a page as a file.
type pageFile struct {
	*strings.Reader
	name string
	size int
}

func (f *pageFile) Stat() (fs.FileInfo, error) { return pageInfo{f}, nil }
func (f *pageFile) Close() error               { return nil }

type pageInfo struct{ f *pageFile }

func (i pageInfo) Name() string     { return i.f.name }
func (i pageInfo) Size() int64      { return int64(i.f.size) }
func (pageInfo) Mode() fs.FileMode  { return 0o444 }
func (pageInfo) ModTime() time.Time { return time.Time{} }
func (pageInfo) IsDir() bool        { return false }
func (pageInfo) Sys() any           { return nil }

// page returns the txtar of a rule.
func (r *rule) page() string {
	prose := strings.TrimSpace(r.description)
	if r.note != "" {
		prose = strings.TrimSpace(prose + "\n\n" + r.note)
	}
	archive := &txtar.Archive{}
	if prose != "" {
		archive.Comment = []byte(prose + "\n")
	}
	for n := range r.tests {
		t := &r.tests[n]
		name := fmt.Sprintf("bad-%d", n)
		if t.Good {
			name = fmt.Sprintf("good-%d", n)
		}
		add := func(rest string, text []byte) {
			archive.Files = append(archive.Files, txtar.File{Name: name + "/" + rest, Data: text})
		}
		for _, file := range slices.Sorted(maps.Keys(t.files)) {
			add(file, t.files[file])
		}
		if t.Good {
			continue
		}
		result := r.pack.run(r, t, nil)
		add("want", []byte(rules.Listing(result.found, len(t.files) > 1)))
		for _, file := range slices.Sorted(maps.Keys(result.after)) {
			folder := "unsafe/"
			if r.rule.Fixable(fixers.Safe) {
				folder = "fixed/"
			}
			add(folder+file, result.after[file])
		}
	}
	return string(txtar.Format(archive))
}
