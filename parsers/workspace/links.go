package workspace

import (
	"bytes"
	"fmt"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/nixconf"
	"github.com/sandlint/sandlint/parsers/nixuse"
	"github.com/sandlint/sandlint/parsers/shell"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workflow"
)

// This file finds the files whose names do not say what they are, by the files that use them: what a nix.conf includes,
// what a Dockerfile copies to where Nix reads it, the Dockerfile that a bake file, a Compose file, a workflow or a
// script builds, the profile that one of them names, the script that one of them runs.
//
// Each file is looked at once, so the cost is linear in the files and their links. A file is followed to what it uses
// wherever that lies below the root, also where the user named that file alone. The other way around, the folders above
// what the user named are looked at, without those below them, for files that use what was named.

// follower follows the links of the files of a workspace.
type follower struct {
	l     *loader
	w     *Workspace // a snapshot, so what is beside several files is read once
	queue []origin
	done  map[origin]bool
}

// linker finds what one file uses.
type linker struct {
	l     *loader // which does not change meanwhile
	w     *Workspace
	found []usage
}

// usage is a file that another one uses as a kind, or, without a target, one that is looked at as well.
type usage struct {
	target string
	kind   files.Kind
	from   origin
	nix    nixconf.Targets // the releases of Nix that read it, nil where nothing is known
}

func (k *linker) add(target string, kind files.Kind, from origin) {
	k.found = append(k.found, usage{target: target, kind: kind, from: from})
}

// origin is a file that may use others, or a folder whose bake files, Compose files and workflows say what is built.
type origin struct {
	abs    string
	kind   files.Kind // buildFolder for a folder
	inside bool       // the user named the file, or a folder above it
}

// buildFolder is the kind of an origin that is a folder.
const buildFolder files.Kind = "folder"

// follow adds the files that the files of the workspace use.
func (l *loader) follow() {
	k := &follower{l: l, w: l.view(), done: map[origin]bool{}}
	for _, e := range l.w.Entries {
		if !e.Stdin { // the text of an editor's buffer: only that is asked about
			k.visit(origin{e.opened(), e.Kind, true})
		}
	}
	for _, dir := range l.folders {
		k.visit(origin{dir, buildFolder, true})
	}
	for _, script := range l.scripts {
		k.visit(origin{script, files.KindScript, true})
	}
	for _, link := range k.w.linksIn(l.w.naming) {
		if link.Kind != UseKubernetes {
			k.add(usage{target: link.target, kind: files.KindSeccomp, from: origin{k.w.Abs(link.File), "", true}})
		}
	}
	k.lookAbove()
	for len(k.queue) > 0 {
		wave := k.queue
		k.queue = nil
		each := make([]linker, len(wave))
		k.w.parallel(len(wave), func(n int) {
			each[n] = linker{l: l, w: k.w}
			each[n].links(wave[n])
		})
		for n := range each {
			for _, f := range each[n].found {
				if f.target == "" {
					k.visit(f.from)
				} else {
					k.add(f)
				}
			}
		}
	}
}

// parallel calls do for 0 to n-1, on all cores. A panic comes out of it as out of a loop. Where a meter bounds the
// work, it is a loop.
func (w *Workspace) parallel(n int, do func(int)) {
	if w.Metered() {
		for i := range n {
			do(i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	var defect atomic.Value
	defer func() {
		if d := defect.Load(); d != nil {
			panic(d)
		}
	}()
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			defer func() {
				if d := recover(); d != nil {
					defect.Store(fmt.Sprint(d))
				}
			}()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}

func (k *follower) visit(o origin) {
	if !k.done[o] {
		k.done[o] = true
		k.queue = append(k.queue, o)
	}
}

// lookAbove visits the files in the folders above what the user named that may use it.
func (k *follower) lookAbove() {
	seen := map[string]bool{}
	for _, named := range append(slices.Clone(k.l.tops), k.l.undecided...) {
		dir := filepath.Dir(named)
		for root := k.w.root(named); files.Inside(root, dir) && !seen[dir]; dir = filepath.Dir(dir) {
			seen[dir] = true
			k.visit(origin{dir, buildFolder, false})
			for _, name := range files.Names(k.w.tree, root, dir) {
				kind := files.KindByPath(filepath.Join(dir, name))
				if kind == files.KindNixConf || kind == files.KindDockerfile || kind == files.KindScript {
					k.visit(origin{filepath.Join(dir, name), kind, false})
				}
			}
			if dir == root {
				break
			}
		}
	}
}

// add takes a file that another one uses as a kind.
func (k *follower) add(f usage) {
	target, kind, from := f.target, f.kind, f.from
	dir := from.abs
	if from.kind != buildFolder {
		dir = filepath.Dir(dir)
	}
	root := k.w.root(dir)
	if !files.Inside(root, target) || !from.inside && !k.wanted(target) {
		return
	}
	text, err := k.w.neighbour(root, target)
	if err != nil || k.l.excluded(target) || kind == files.KindScript && !mentionsNixConf(text.Bytes) {
		return
	}
	abs, real := k.w.canonical(target)
	e := k.l.entries[real]
	if e == nil {
		e = &Entry{Path: k.l.w.show(abs), Abs: abs, Kind: kind}
		k.l.entries[real] = e
		k.l.w.Entries = append(k.l.w.Entries, e)
	}
	if e.Kind != kind {
		return
	}
	for _, t := range f.nix {
		if !slices.Contains(e.nix, t) {
			e.nix = append(e.nix, t)
		}
	}
	k.l.known[target], k.l.known[abs] = e, e
	if abs != target && !slices.Contains(e.Links, target) {
		e.Links = append(e.Links, target)
	}
	e.Linked = true
	// A template of a Dockerfile may be named by a template of a bake file, so its text still counts.
	e.Certain = e.Certain || kind != files.KindDockerfile
	k.visit(origin{e.opened(), kind, true})
}

// wanted reports whether the user named a file, or a folder above it.
func (k *follower) wanted(target string) bool {
	return slices.Contains(k.l.undecided, target) ||
		slices.ContainsFunc(k.l.tops, func(top string) bool { return files.Inside(top, target) })
}

// links finds the files that a file uses.
func (k *linker) links(o origin) {
	root := k.w.root(filepath.Dir(o.abs))
	switch o.kind {
	case buildFolder:
		root = k.w.root(o.abs)
		if o.abs == root || k.namesDockerfile(root, o.abs) {
			for b := range k.w.buildsIn(root, o.abs).all() {
				k.add(b.dockerfile, files.KindDockerfile, o)
			}
		}
		for _, name := range composeFiles {
			file := filepath.Join(o.abs, name)
			if !k.w.mayExist(root, file) {
				continue
			}
			for _, link := range k.w.linksIn([]string{file}) {
				if link.Kind == UseCompose {
					k.add(link.target, files.KindSeccomp, o)
				}
			}
		}
		if o.abs == root && !o.inside {
			for _, folder := range workflowFolders {
				dir := filepath.Join(root, filepath.FromSlash(folder))
				for _, name := range files.Names(k.w.tree, root, dir) {
					if files.IsYAML(name) {
						k.add("", "", origin{filepath.Join(dir, name), files.KindWorkflow, false})
					}
				}
			}
		}
		return
	case files.KindNixConf, files.KindDockerfile, files.KindScript, files.KindWorkflow:
	default:
		return
	}
	f, err := k.w.neighbour(root, o.abs)
	if err != nil {
		return
	}
	switch o.kind {
	case files.KindNixConf:
		k.includes(nixconf.Parse(source.WholeFile(f)), o)
	case files.KindDockerfile:
		k.dockerfile(f, o)
	case files.KindScript:
		if dialect, ok := shell.Shebang(f.Bytes); !ok || dialect.POSIX() {
			k.script(source.WholeFile(f), o, []string{root, filepath.Dir(o.abs)})
		}
	case files.KindWorkflow:
		k.workflow(f, o, root)
	}
}

// namesDockerfile reports whether a bake file, a Compose file or a recipe of a folder may give a Dockerfile another
// name. Most do not, and are not parsed here.
func (k *linker) namesDockerfile(root, dir string) bool {
	return slices.ContainsFunc(files.Names(k.w.tree, root, dir), func(name string) bool {
		if !describesBuilds(name) {
			return false
		}
		f, err := k.w.neighbour(root, filepath.Join(dir, name))
		if err != nil {
			return false
		}
		flag := bytes.Contains(f.Bytes, []byte(" -f")) || bytes.Contains(f.Bytes, []byte("--file"))
		return flag && mentionsBuild(f.Bytes) || bytes.Contains(f.Bytes, []byte("dockerfile"))
	})
}

// includes adds what a nix.conf includes.
func (k *linker) includes(parsed *nixconf.File, o origin) {
	for n := range parsed.Includes {
		if i := &parsed.Includes[n]; parsed.Known(i.Path.Span) {
			k.add(filepath.FromSlash(i.From(filepath.ToSlash(o.abs))), files.KindNixConf, o)
		}
	}
}

// dockerfile adds the files of the build context that arrive in the image where Nix reads them, and the scripts that
// run there.
func (k *linker) dockerfile(f *source.File, o origin) {
	if !bytes.Contains(f.Bytes, []byte("nix")) && !bytes.Contains(f.Bytes, []byte("NIX_")) {
		return
	}
	e := k.l.known[o.abs]
	if e == nil {
		e = &Entry{Path: f.Path, Abs: o.abs, Kind: files.KindDockerfile}
	}
	if doc, err := OpenDockerfile(k.w.For(e.Abs), e, f); err == nil {
		k.images(doc, f, o)
	}
}

// images adds what the images of a Dockerfile use.
func (k *linker) images(doc *Document, f *source.File, o origin) {
	for _, img := range doc.Nix.Images {
		steps := img.Steps()
		if len(steps) == 0 {
			continue
		}
		c := &imageConf{linker: k, from: o, dockerfile: f, end: steps[len(steps)-1], seen: map[string]bool{}}
		for _, event := range img.Events {
			c.event(event)
		}
		for _, step := range steps {
			for _, command := range step.Commands() {
				if command.RunsFile != nil && command.RunsFile != f {
					k.add(k.w.Abs(command.RunsFile), files.KindScript, o)
				}
			}
		}
	}
}

// imageConf finds the nix.conf files of one image.
type imageConf struct {
	*linker
	from       origin
	dockerfile *source.File
	end        *image.Step
	seen       map[string]bool // paths in the image
}

func (c *imageConf) event(e *nixuse.Event) {
	switch {
	case e.Kind == nixuse.WriteConfig && e.Text != nil:
		f := e.Text.Fragment.File
		if whole := e.Text.Fragment.Whole(); whole && f != c.dockerfile && !nixuse.IsBuiltin(f) {
			c.found = append(c.found, usage{c.w.Abs(f), files.KindNixConf, c.from, e.Text.Targets})
		}
		c.includes(e.Text.File, e.Path)
	case e.Kind == nixuse.WriteConfig && e.Command != nil:
		switch words := e.Command.Words; e.Command.Name {
		case "cp", "install", "ln", "mv":
			if len(words) > 2 {
				c.at(e.Command.PathOf(words[len(words)-2]))
			}
		}
	case e.Kind == nixuse.SetEnv && e.Known:
		c.variable(e.Name, e.Value)
		if e.Text != nil {
			c.includes(e.Text.File, "")
		}
	case e.Kind == nixuse.RunCommand && e.Command != nil:
		for _, name := range []string{"NIX_USER_CONF_FILES", "NIX_CONF_DIR"} {
			if v := e.Command.Assigned(name); v.Set && v.Value.Value.Known {
				c.variable(name, v.Value.Value.Text)
			}
		}
	}
}

// variable adds the files that a variable names.
func (c *imageConf) variable(name, value string) {
	switch name {
	case "NIX_USER_CONF_FILES":
		for file := range strings.SplitSeq(value, ":") {
			c.at(file)
		}
	case "NIX_CONF_DIR":
		c.at(path.Join(value, "nix.conf"))
	}
}

// at adds the file of the build context that lies at a path of the image.
func (c *imageConf) at(full string) {
	if !path.IsAbs(full) || c.seen[full] {
		return
	}
	c.seen[full] = true
	if f := c.end.FileAt(full); f != nil {
		c.add(c.w.Abs(f), files.KindNixConf, c.from)
		c.includes(nixconf.Parse(source.WholeFile(f)), full)
	}
}

// includes adds what a text includes that lies at a path of the image, "" for a variable.
func (c *imageConf) includes(parsed *nixconf.File, full string) {
	for n := range parsed.Includes {
		if i := &parsed.Includes[n]; parsed.Known(i.Path.Span) && (full != "" || path.IsAbs(i.Path.Text)) {
			c.at(i.From(full))
		}
	}
}

// workflow adds what the scripts and variables of a workflow name, relative to the repository.
func (k *linker) workflow(f *source.File, o origin, root string) {
	if !mayLink(f.Bytes) {
		return
	}
	if slices.Contains(k.l.tops, o.abs) { // of others, the folder of all workflows takes care
		for b := range k.w.buildsIn(root, root).all() {
			if b.place.File.Path == f.Path {
				k.add(b.dockerfile, files.KindDockerfile, o)
			}
		}
	}
	outline := workflow.ReadOutline(f)
	for _, env := range outline.Env {
		k.variable(env.Name, string(env.Value.Text), o, []string{root})
	}
	for _, step := range outline.Steps {
		if script := step.Script(); script != nil {
			k.script(script, o, []string{root})
		}
	}
}

// variable adds the nix.conf files that a variable of a script names, as written.
func (k *linker) variable(name, value string, o origin, bases []string) {
	switch name {
	case "NIX_USER_CONF_FILES":
		for file := range strings.SplitSeq(value, ":") {
			k.addBelow(bases, file, files.KindNixConf, o)
		}
	case "NIX_CONF_DIR":
		k.addBelow(bases, value+"/nix.conf", files.KindNixConf, o)
	}
}

// addBelow adds the file that a path in a script means: relative to one of the folders, or below the variable that
// holds it. What depends on anything else is left alone.
func (k *linker) addBelow(bases []string, name string, kind files.Kind, o origin) {
	name = strings.NewReplacer(`"`, "", `'`, "").Replace(name)
	for _, here := range []string{
		"$PWD/", "${PWD}/", "$(pwd)/", "`pwd`/", "$GITHUB_WORKSPACE/", "${GITHUB_WORKSPACE}/",
		"${{ github.workspace }}/", "${{github.workspace}}/", "$(dirname $0)/", "${BASH_SOURCE%/*}/",
	} {
		name = strings.TrimPrefix(name, here)
	}
	if name == "" || path.IsAbs(name) || strings.ContainsAny(name, "$`*?[~\n") || strings.Contains(name, "://") {
		return
	}
	for _, base := range bases {
		k.add(filepath.Join(base, filepath.FromSlash(name)), kind, o)
	}
}

// script adds what the commands of a script name.
func (k *linker) script(host *source.Fragment, o origin, bases []string) {
	if !mayLink(host.Text) {
		return
	}
	dialect, ok := shell.Shebang(host.Text)
	if !ok {
		dialect = shell.Bash
	}
	own := source.NewFile(host.File.Path, host.Text)
	for _, c := range shell.Parse(own.Bytes, 0, dialect, nil).Commands {
		for _, a := range c.Assigns {
			k.variable(a.Name, own.Text(a.Value.Span), o, bases)
		}
		if len(c.Words) == 0 {
			continue
		}
		word := func(n int) string { return own.Text(c.Words[n].Span) }
		last := len(c.Words) - 1
		switch c.Name {
		case "docker", "podman", "buildah", "nerdctl":
			k.container(own, c, o, bases)
		case "bash", "sh", "source", ".":
			if last > 0 && !strings.HasPrefix(word(1), "-") {
				k.addBelow(bases, word(1), files.KindScript, o)
			}
		case "cp", "install", "ln", "mv":
			if last > 1 && isSystemConf(c.Words[last].Text) {
				k.addBelow(bases, word(last-1), files.KindNixConf, o)
			}
		default:
			if strings.Contains(c.Path, "/") {
				k.addBelow(bases, c.Path, files.KindScript, o)
			}
		}
		if use := nixuse.UseOf(own, c); use != nil && use.Installer != nil && use.Installer.ConfFile != "" {
			k.addBelow(bases, use.Installer.ConfFile, files.KindNixConf, o)
		}
	}
}

// isSystemConf reports whether a path of a machine is where Nix reads its configuration.
func isSystemConf(name string) bool {
	return inNixPlace(name) && (strings.HasSuffix(name, "/nix.conf") || strings.HasSuffix(name, "/nix.custom.conf"))
}

// container adds the Dockerfile that a command builds, and the profile under which it runs something.
func (k *linker) container(own *source.File, c *shell.Command, o origin, bases []string) {
	builds := slices.ContainsFunc(c.Words, func(w shell.Word) bool { return w.Text == "build" || w.Text == "bud" })
	for n := 1; n < len(c.Words); n++ {
		word := own.Text(c.Words[n].Span)
		flag, value, ok := strings.Cut(word, "=")
		if !ok && n+1 < len(c.Words) {
			value = own.Text(c.Words[n+1].Span)
		}
		switch flag {
		case "-f", "--file":
			if builds {
				k.addBelow(bases, value, files.KindDockerfile, o)
			}
		case "--security-opt":
			for _, prefix := range []string{"seccomp=", "seccomp:"} {
				if profile, ok := strings.CutPrefix(strings.Trim(value, `"'`), prefix); ok && profile != "unconfined" &&
					profile != "builtin" {
					k.addBelow(bases, profile, files.KindSeccomp, o)
				}
			}
		}
	}
}

// mayLink reports whether a script may name a file that is linted: a necessary word is in it.
func mayLink(text []byte) bool {
	for _, word := range []string{
		"seccomp", "NIX_USER_CONF_FILES", "NIX_CONF_DIR", "nix.conf", "conf-file", "--extra-conf", "uild-push-action",
	} {
		if bytes.Contains(text, []byte(word)) {
			return true
		}
	}
	if bytes.Contains(text, []byte("build")) || bytes.Contains(text, []byte(" bud ")) {
		return bytes.Contains(text, []byte("docker")) || bytes.Contains(text, []byte("podman")) ||
			bytes.Contains(text, []byte("buildah")) || bytes.Contains(text, []byte("nerdctl"))
	}
	return bytes.Contains(text, []byte("sh ")) || bytes.Contains(text, []byte("source ")) ||
		bytes.Contains(text, []byte("./"))
}
