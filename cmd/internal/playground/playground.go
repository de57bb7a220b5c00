// Package playground checks a small project whose files lie in memory, for a page that shows it in a browser. A caller
// opens a project, edits its files, and gets after each edit what a quick look finds, and once nothing changes what
// "sandlint check" finds in the same files, with fixes. Requests and answers are JSON.
package playground

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sandlint/sandlint/rules"
)

// What a project may hold. The page repeats these.
const (
	MaxFiles = 100
	MaxBytes = 1 << 20 // of all files together
	MaxPath  = 200     // of a path, in bytes
)

// Playground is one project. The zero value cannot be used: see New. It is not safe for concurrent use.
type Playground struct {
	version string
	packs   []rules.Pack
	now     func() time.Time
	project *project
}

// New returns a playground without a project. Version is the release of sandlint, and packs are those that come with
// it.
func New(version string, packs []rules.Pack) *Playground {
	return &Playground{version: version, packs: packs, now: time.Now}
}

// request is one question. Do is the name of one of the methods in Call.
type request struct {
	Do string `json:"do"`
	// Files are the texts of a project by path, and Targets the versions of consumers as CONSUMER=VERSION.
	Files   map[string]string `json:"files"`
	Targets []string          `json:"targets"`
	// Path and Text are of one file.
	Path string `json:"path"`
	Text string `json:"text"`
	// Finding is the index of a finding of the last answer to settle, and Fix that of one of its fixes.
	Finding int `json:"finding"`
	Fix     int `json:"fix"`
	// Unsafe applies unsafe fixes too.
	Unsafe bool `json:"unsafe"`
	// Rule is the id of a rule, or an alias.
	Rule string `json:"rule"`
}

// failure is the answer to a request that cannot be answered. Defect says that sandlint is at fault.
type failure struct {
	Error  string `json:"error"`
	Defect bool   `json:"defect,omitempty"`
}

// Call answers a request, and never panics. The answer is an object; one with "error" says why there is no other.
//
//	{"do": "open", "files": {PATH: TEXT}, "targets": [CONSUMER=VERSION]}   replaces the project, and checks it quickly
//	{"do": "edit", "path": PATH, "text": TEXT}                            changes a file, and checks it quickly
//	{"do": "settle"}                                                      checks everything, with fixes
//	{"do": "apply", "finding": INDEX, "fix": INDEX}                       the files as a fix leaves them
//	{"do": "fix", "unsafe": BOOL}                                         the files as all fixes leave them
//	{"do": "draw", "path": PATH}                                          the timeline or the decisions of a file
//	{"do": "rule", "rule": ID}                                            the page of a rule
//	{"do": "targets", "targets": [CONSUMER=VERSION]}                      whether targets are possible
//	{"do": "about"}                                                       the version, and the targets to choose from
func (p *Playground) Call(message []byte) (answer []byte) {
	defer func() {
		if defect := recover(); defect != nil {
			p.project = nil
			answer = encode(failure{fmt.Sprintf("a defect in sandlint, please report it: %v\n%s", defect,
				debug.Stack()), true})
		}
	}()
	var r request
	if err := json.Unmarshal(message, &r); err != nil {
		return encode(failure{Error: "reading the request: " + err.Error()})
	}
	methods := map[string]func(*request) (any, error){
		"about": p.about, "rule": p.rule, "open": p.open, "edit": p.edit, "settle": p.settle, "apply": p.apply,
		"fix": p.fix, "draw": p.draw, "targets": p.targets,
	}
	method, ok := methods[r.Do]
	if !ok {
		return encode(failure{Error: fmt.Sprintf("there is no request %q", r.Do)})
	}
	if p.project == nil && !slices.Contains([]string{"about", "rule", "open", "targets"}, r.Do) {
		return encode(failure{Error: "no project is open"})
	}
	out, err := method(&r)
	if err != nil {
		return encode(failure{Error: err.Error()})
	}
	return encode(out)
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte(`{"error":"the answer cannot be written as JSON"}`)
	}
	return b
}

// checkFiles returns what is wrong with the files of a project.
func checkFiles(texts map[string]string) error {
	if len(texts) > MaxFiles {
		return fmt.Errorf("the project has %d files; at most %d are checked here", len(texts), MaxFiles)
	}
	bytes := 0
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if err := checkPath(name); err != nil {
			return err
		}
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, both := texts[dir]; both {
				return fmt.Errorf("%q is a file, and %q lies in a folder of the same name", dir, name)
			}
		}
		bytes += len(texts[name])
	}
	if bytes > MaxBytes {
		return fmt.Errorf("the files have %d KiB together; at most %d KiB are checked here", (bytes+1023)>>10,
			MaxBytes>>10)
	}
	return nil
}

// checkPath returns what is wrong with the path of a file.
func checkPath(name string) error {
	switch {
	case name == "":
		return errors.New("the name of a file is empty")
	case len(name) > MaxPath:
		return fmt.Errorf("the path of a file has %d bytes; at most %d are possible here", len(name), MaxPath)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("the path %q has a control character in it", name)
	case path.IsAbs(name) || path.Clean(name) != name || name == ".." || strings.HasPrefix(name, "../"):
		return fmt.Errorf("the path %q does not lead from the root of the project to a file", name)
	case strings.Contains("/"+name+"/", "/.git/"):
		return fmt.Errorf("%q lies in git's own folder", name)
	}
	return nil
}
