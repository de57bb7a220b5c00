//go:build ignore

// Gen writes the table of package builtin from the default profiles of engines. Run it with:
// go run parsers/seccomp/builtin/gen/main.go FOLDER > parsers/seccomp/builtin/data/profiles.txt
//
// FOLDER holds the profiles as JSON in Docker's form, one for each release with a profile of its own, called
// ENGINE-RELEASE.json, and a file "releases" with a line for each release of each engine, oldest first: the engine,
// the release, and the release whose file it shares. Docker's and Podman's profiles are files of their sources
// (profiles/seccomp/default.json of Docker before 28.4 and of the module github.com/moby/profiles/seccomp that go.mod
// names since, pkg/seccomp/seccomp.json of containers/common or container-libs as Podman vendors it). Containerd has
// code instead (DefaultProfile in contrib/seccomp): its file is written from what that returns for each GOARCH, without
// capabilities, with each single one and with all, on a kernel before 4.8 and on one since.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

type profile struct {
	DefaultAction   string
	DefaultErrnoRet *int
	ArchMap         []struct {
		Architecture     string
		SubArchitectures []string
	}
	Syscalls []rule
}

type rule struct {
	Name     string
	Names    []string
	Action   string
	ErrnoRet *int
	Args     []struct {
		Index           int
		Value, ValueTwo uint64
		Op              string
	}
	Includes, Excludes struct {
		Caps, Arches []string
		MinKernel    string
	}
}

// key returns all of a rule but its names, as the table writes it.
func (r rule) key() string {
	words := []string{strings.TrimPrefix(r.Action, "SCMP_ACT_")}
	add := func(name string, values ...string) {
		if len(values) > 0 && values[0] != "" {
			words = append(words, name+"="+strings.Join(values, ","))
		}
	}
	if r.Action == "SCMP_ACT_ERRNO" {
		add("errno", fmt.Sprint(errno(r.ErrnoRet)))
	}
	for _, a := range r.Args {
		op := strings.TrimPrefix(a.Op, "SCMP_CMP_")
		arg := []string{strconv.Itoa(a.Index), op, strconv.FormatUint(a.Value, 10)}
		if op == "MASKED_EQ" {
			arg = append(arg, strconv.FormatUint(a.ValueTwo, 10))
		}
		add("arg", arg...)
	}
	add("caps", r.Includes.Caps...)
	add("arches", r.Includes.Arches...)
	add("kernel", r.Includes.MinKernel)
	add("not-caps", r.Excludes.Caps...)
	add("not-arches", r.Excludes.Arches...)
	if r.Excludes.MinKernel != "" {
		log.Fatalf("the table has no form for excludes.minKernel of %v", r.Names)
	}
	return strings.Join(words, " ")
}

func errno(n *int) int {
	if n == nil {
		return 1
	}
	return *n
}

// engine is what the table says about one engine.
type engine struct {
	name     string
	releases []string // "29.4.2 0": the releases with which a profile came into force, and its number
	newest   []string // the newest release of each major version, oldest first
	profiles []profile
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: gen FOLDER")
	}
	fmt.Println(`# The default profiles of container engines, as facts: which profile came into force with which release, and for each
# rule the syscalls that it names. Written by parsers/seccomp/builtin/gen, which says what from; do not edit.
#
# release R N     since release R, profile N is in force; releases are sorted by number, branches as they come
# newest R…       the newest release of each major version that was looked at (November 2026)
# default A E @P  the default action and its errno; arch H S…: a host and its other architectures
# rule A K=V… : N a rule: its action and conditions, then its names; NAME@P is in profiles P only, others in all of the
#                 engine's profiles`)
	for _, e := range read(os.Args[1]) {
		e.write()
	}
}

func read(folder string) (engines []*engine) {
	f, err := os.Open(filepath.Join(folder, "releases"))
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	var e *engine
	var files []string
	var last string
	for s := bufio.NewScanner(f); s.Scan(); {
		words := strings.Fields(s.Text())
		if len(words) != 3 {
			log.Fatalf("bad line %q", s.Text())
		}
		if e == nil || e.name != words[0] {
			e, files, last = &engine{name: words[0]}, nil, ""
			engines = append(engines, e)
		}
		n := slices.Index(files, words[2])
		if n < 0 {
			n = len(files)
			files = append(files, words[2])
			e.profiles = append(e.profiles, load(filepath.Join(folder, e.name+"-"+words[2]+".json")))
		}
		if words[2] != last {
			e.releases = append(e.releases, fmt.Sprint(words[1], " ", n))
			last = words[2]
		}
		major, _, _ := strings.Cut(words[1], ".")
		if i := len(e.newest) - 1; i >= 0 && strings.HasPrefix(e.newest[i], major+".") {
			e.newest[i] = words[1]
		} else {
			e.newest = append(e.newest, words[1])
		}
	}
	return engines
}

func load(path string) (p profile) {
	b, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		log.Fatalf("reading %s: %v", path, err)
	}
	return p
}

func (e *engine) write() {
	fmt.Printf("\nengine %s\n", e.name)
	for _, r := range e.releases {
		fmt.Println("release", r)
	}
	fmt.Println("newest", strings.Join(e.newest, " "))
	var order []string
	in := map[string][]int{}
	note := func(line string, n int) {
		if in[line] == nil {
			order = append(order, line)
		}
		if !slices.Contains(in[line], n) {
			in[line] = append(in[line], n)
		}
	}
	var keys []string
	names := map[string]map[string][]int{}
	for n, p := range slices.Backward(e.profiles) {
		note(fmt.Sprint("default ", strings.TrimPrefix(p.DefaultAction, "SCMP_ACT_"), " ", errno(p.DefaultErrnoRet)), n)
		for _, m := range p.ArchMap {
			short := func(s string) string { return strings.TrimPrefix(s, "SCMP_ARCH_") }
			line := "arch " + short(m.Architecture)
			for _, s := range m.SubArchitectures {
				line += " " + short(s)
			}
			note(line, n)
		}
		for _, r := range p.Syscalls {
			key := r.key()
			if names[key] == nil {
				names[key] = map[string][]int{}
				keys = append(keys, key)
			}
			all := r.Names
			if r.Name != "" {
				all = append(all, r.Name)
			}
			for _, name := range all {
				if !slices.Contains(names[key][name], n) {
					names[key][name] = append(names[key][name], n)
				}
			}
		}
	}
	for _, line := range order {
		fmt.Println(line + e.in(in[line], " @"))
	}
	for _, key := range keys {
		fmt.Printf("rule %s :", key)
		for _, name := range slices.SortedFunc(maps.Keys(names[key]), cmp.Compare) {
			fmt.Print(" ", name, e.in(names[key][name], "@"))
		}
		fmt.Println()
	}
}

// in returns the profiles as "@0-3,5"; "" for all.
func (e *engine) in(list []int, mark string) string {
	slices.Sort(list)
	if len(list) == len(e.profiles) {
		return ""
	}
	var parts []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		part := strconv.Itoa(list[i])
		if j > i {
			part += "-" + strconv.Itoa(list[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return mark + strings.Join(parts, ",")
}
