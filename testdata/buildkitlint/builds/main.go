// Command builds has a real BuildKit build the Dockerfiles of all cases of the rules, before and after their safe and
// unsafe fixes, and prints what differs in the images:
//
//	cd testdata/buildkitlint && go run ./builds [-addr ADDRESS] [-busybox PROGRAM] [-bash PROGRAM]
//	  [-only dockerfile,nix/…] [-update]
//
// It needs buildctl, a buildkitd at the address, and a busybox and a bash that are linked statically (Debian's packages
// busybox-static and bash-static), and nothing from the network: whatever image a Dockerfile names, it gets one of
// busybox, bash as its shell, and stand-ins (the file standin) for all other programs.
// A stand-in writes down in /ran that it ran, so the differences say which commands run with which words. Each stage is
// built by itself. What differs is one of: the configuration of the image, a file (its mode, owner, content or target)
// and a line of /ran.
//
// The exit status is 1 when a build that succeeded before a fix fails after it. -update writes the output to
// builds/differences.txt, for a person to read beside the titles of the fixes; where that file is, a later run fails
// when its output is another.
package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"debug/elf"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/image"
	"github.com/sandlint/sandlint/parsers/workspace"
	"github.com/sandlint/sandlint/rules"
	"github.com/sandlint/sandlint/rules/packs"
	"github.com/sandlint/sandlint/testdata/buildkitlint/internal/buildkit"
)

var (
	addr    = flag.String("addr", "", "the address of buildkitd; default: that of buildctl")
	ctl     = flag.String("buildctl", "buildctl", "the program buildctl")
	busybox = flag.String("busybox", "busybox", "a busybox that is linked statically")
	bash    = flag.String("bash", "bash-static", "a bash that is linked statically")
	only    = flag.String("only", "", "the rules or packs whose cases are built, with commas; default: all")
	update  = flag.Bool("update", false, "write differences.txt")
	timeout = flag.Duration("timeout", 2*time.Minute, "for one build")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "builds:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "builds")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &builder{dir: dir, base: filepath.Join(dir, "base")}
	if out, err := b.ctl(context.Background(), "debug", "workers").CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", *ctl, err, out)
	}
	if err := b.makeBase(); err != nil {
		return err
	}
	var out bytes.Buffer
	broken, cases := 0, 0
	for _, pack := range packs.All() {
		for _, rule := range pack.Rules {
			if *only != "" && !chosen(rule.ID) {
				continue
			}
			page, err := pageOf(pack, rule)
			if err != nil {
				return err
			}
			for _, c := range page.Cases {
				for _, v := range versions(&c) {
					report, bad, err := b.compare(&c, v.files)
					if err != nil {
						return fmt.Errorf("%s %s: %w", rule.ID, c.Name, err)
					}
					if report == "" {
						continue
					}
					cases++
					if failing[rule.ID+" "+c.Name] == "" {
						broken += bad
					}
					fmt.Fprintf(&out, "%s %s, %s:\n%s", rule.ID, c.Name, v.name, report)
					fmt.Printf("%s %s, %s:\n%s", rule.ID, c.Name, v.name, report)
				}
			}
		}
	}
	fmt.Printf("%d fixed cases, %d builds, %d builds broken by a fix\n", cases, b.builds, broken)
	if broken > 0 {
		return errors.New("a fix breaks a build")
	}
	return expected(out.Bytes())
}

// failing are cases whose build fails after a fix, as it should, each with the reason.
var failing = map[string]string{
	"dockerfile/undefined-variable bad-global": "the ls fails once its argument is not empty: there is no such folder",
}

// chosen reports whether -only names a rule.
func chosen(id string) bool {
	return slices.ContainsFunc(strings.Split(*only, ","), func(o string) bool {
		return o == id || strings.HasPrefix(id, o+"/")
	})
}

// expected compares the output with differences.txt, or writes it.
func expected(out []byte) error {
	const name = "builds/differences.txt"
	if *update {
		return os.WriteFile(name, out, 0o644)
	}
	if *only != "" {
		return nil
	}
	want, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if !bytes.Equal(want, out) {
		return fmt.Errorf("the output is not that of %s", name)
	}
	return nil
}

func pageOf(pack rules.Pack, rule *rules.Rule) (rules.Page, error) {
	_, name, _ := strings.Cut(rule.ID, "/")
	text, err := fs.ReadFile(pack.Pages, strings.ReplaceAll(name, "-", "_")+".txtar")
	if err != nil {
		return rules.Page{}, err
	}
	return rules.ParsePage(text)
}

// version is the files of a case after some of its fixes.
type version struct {
	name  string
	files []txtar.File
}

func versions(c *rules.Case) []version {
	var out []version
	if len(c.Fixed) > 0 {
		out = append(out, version{"safe fixes", c.Fixed})
	}
	if len(c.Unsafe) > 0 {
		out = append(out, version{"unsafe fixes", c.Unsafe})
	}
	return out
}

// builder builds images.
type builder struct {
	dir, base string
	builds    int
}

//go:embed standin
var standIn string

// own are the programs of busybox that are replaced, since they want a network, root or files that are not there.
var own = map[string]bool{
	"wget": true, "adduser": true, "addgroup": true, "deluser": true, "delgroup": true, "su": true, "dpkg": true,
	"rpm": true, "tar": true, "ash": true, "dpkg-deb": true,
	"chpasswd": true, "passwd": true, "unshare": true, "mount": true, "umount": true,
}

// makeBase makes the file system of the one image that takes the place of all.
func (b *builder) makeBase() error {
	program, text, err := static(*busybox)
	if err != nil {
		return err
	}
	_, shell, err := static(*bash)
	if err != nil {
		return err
	}
	bin := filepath.Join(b.base, "bin")
	for _, d := range []string{bin, filepath.Join(b.base, "etc"), filepath.Join(b.base, "root")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	for _, d := range []string{
		"tmp", "var/cache/apt/archives", "var/lib/apt/lists", "src", "app", "etc/apt/apt.conf.d", "etc/nix",
	} {
		if err := os.MkdirAll(filepath.Join(b.base, d), 0o755); err != nil {
			return err
		}
		if err := os.Chmod(filepath.Join(b.base, d), 0o777); err != nil {
			return err
		}
	}
	for name, f := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"bin/busybox": {text, 0o755},
		"bin/bash":    {shell, 0o755},
		"bin/standin": {standIn, 0o755},
		"ran":         {"", 0o666},

		"var/lib/apt/lists/list": {"old\n", 0o644},
		"etc/profile":            {"", 0o644},
		"etc/nix/nix.conf":       {"", 0o644},
		"etc/passwd": {"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n" +
			"node:x:1001:1001::/home/node:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n", 0o644},
		"etc/group": {"root:x:0:\napp:x:1000:\nnode:x:1001:\nnogroup:x:65534:\n", 0o644},
	} {
		at := filepath.Join(b.base, name)
		if err := os.WriteFile(at, []byte(f.text), f.mode); err != nil {
			return err
		}
		if err := os.Chmod(at, f.mode); err != nil {
			return err
		}
	}
	for name, to := range map[string]string{
		"sh": "bash", "dash": "standin", "zsh": "standin", "ksh": "standin", "ash": "standin",
	} {
		if err := os.Symlink(to, filepath.Join(bin, name)); err != nil {
			return err
		}
	}
	list, err := exec.Command(program, "--list").Output()
	if err != nil {
		return err
	}
	for name := range strings.FieldsSeq(string(list)) {
		if own[name] || name == "busybox" {
			continue
		}
		if err := os.Symlink("busybox", filepath.Join(bin, name)); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

// static returns the path and the bytes of a program, which has to be linked statically.
func static(name string) (program, text string, err error) {
	if program, err = exec.LookPath(name); err != nil {
		return "", "", err
	}
	f, err := elf.Open(program)
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		return "", "", fmt.Errorf("%s is not linked statically", program)
	}
	b, err := os.ReadFile(program)
	return program, string(b), err
}

// standIns puts a stand-in where each program of a Dockerfile would be.
func (b *builder) standIns(d *image.Dockerfile) error {
	for _, s := range d.Steps() {
		for _, c := range s.Commands() {
			if c.Name == "cd" && len(c.Words) == 2 {
				if dir := c.PathOf(c.Words[1]); dir != "" {
					folder := filepath.Join(b.base, filepath.FromSlash(path.Clean(dir)))
					if err := os.MkdirAll(folder, 0o777); err != nil {
						return err
					}
				}
				continue
			}
			for _, name := range append(c.Wrappers, cmp.Or(c.Path, c.Name)) {
				if strings.HasPrefix(name, "./") {
					name = path.Join(c.Dir(), name)
				}
				if err := b.standIn(name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// standIn puts a stand-in where a program would be.
func (b *builder) standIn(name string) error {
	switch {
	case name == "" || strings.ContainsAny(name, "$*\x00\n ") || len(name) > 100:
		return nil
	case strings.HasPrefix(name, "/"):
		name = path.Clean(name)[1:]
	case strings.Contains(name, "/"):
		return nil
	default:
		name = "bin/" + name
	}
	at := filepath.Join(b.base, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return nil // a file of that name is there
	}
	if err := os.Symlink("/bin/standin", at); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

// compare builds a case before and after its fixes, and says what differs; "" where it has no Dockerfile.
func (b *builder) compare(c *rules.Case, after []txtar.File) (report string, broken int, err error) {
	tree := map[string][]byte{"/project/.git/HEAD": []byte("ref: refs/heads/main\n")}
	for _, f := range c.Files {
		tree["/project/"+f.Name] = f.Data
	}
	fixed := map[string][]byte{}
	for name, text := range tree {
		fixed[name] = text
	}
	for _, f := range after {
		fixed["/project/"+f.Name] = f.Data
	}
	ws, err := rules.Load(workspace.Options{Dir: "/project", Files: files.Memory(tree)})
	if err != nil {
		return "", 0, err
	}
	for _, e := range ws.Entries {
		if e.Kind != files.KindDockerfile {
			continue
		}
		var made []string
		before, err := b.build(tree, e.Path, &made)
		if err != nil {
			return "", 0, err
		}
		later, err := b.build(fixed, e.Path, &made)
		if err != nil {
			return "", 0, err
		}
		text, bad := differences(before, later)
		report += text
		broken += bad
	}
	return report, broken, nil
}

// built is what a build made of a stage.
type built struct {
	fault  string
	config map[string]any
	files  map[string]string
	ran    []string
}

// build builds each stage of a Dockerfile. made are the files of the build context that the case left out.
func (b *builder) build(tree map[string][]byte, name string, made *[]string) ([]built, error) {
	context, folder := filepath.Join(b.dir, "context"), filepath.Join(b.dir, "dockerfile")
	for _, dir := range []string{context, folder} {
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
	}
	for full, text := range tree {
		file := strings.TrimPrefix(full, "/project/")
		if strings.HasPrefix(file, name+".") {
			if err := write(filepath.Join(folder, file), text); err != nil {
				return nil, err
			}
		}
		if file == name {
			continue
		}
		if err := write(filepath.Join(context, file), text); err != nil {
			return nil, err
		}
	}
	for _, file := range *made {
		if err := source(context, file); err != nil {
			return nil, err
		}
	}
	ws, err := rules.Load(workspace.Options{Dir: "/project", Files: files.Memory(tree)})
	if err != nil {
		return nil, err
	}
	var d *image.Dockerfile
	for i := range ws.Entries {
		if ws.Entries[i].Path == name {
			if doc, err := ws.Open(ws.Entries[i]); err == nil {
				d = doc.Dockerfile
			}
		}
	}
	if d == nil {
		return []built{{fault: "not opened"}}, nil
	}
	if err := b.standIns(d); err != nil {
		return nil, err
	}
	opts := []string{
		"build", "--progress", "plain", "--frontend", "dockerfile.v0", "--opt", "cmdline=",
		"--local", "context=" + context, "--local", "dockerfile=" + folder, "--local", "base=" + b.base,
		"--opt", "filename=" + name, "--opt", "platform=linux/amd64",
	}
	for _, ref := range references(d) {
		opts = append(opts, "--opt", "context:"+ref+"=local:base")
	}
	text := tree["/project/"+name]
	stages, _, err := buildkit.Parse(text)
	if err != nil {
		return []built{{fault: "is not parsed: " + err.Error()}}, nil
	}
	var out []built
	for n := range stages {
		if err := write(filepath.Join(folder, name), buildkit.UpTo(text, stages, n)); err != nil {
			return nil, err
		}
		one, err := b.stage(opts)
		for range maxMade {
			missing := notFound.FindStringSubmatch(one.fault)
			if err != nil || missing == nil {
				break
			}
			*made = append(*made, missing[1])
			if err := source(context, missing[1]); err != nil {
				return nil, err
			}
			one, err = b.stage(opts)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// variable is one without a value.
var variable = regexp.MustCompile(`\$\{?[A-Za-z_]+\}?`)

// references are the names of the images that a Dockerfile may use, as BuildKit looks for them.
func references(d *image.Dockerfile) []string {
	seen := map[string]bool{}
	add := func(ref string) {
		ref = strings.TrimSuffix(strings.TrimPrefix(ref, "docker.io/library/"), ":latest")
		ref = strings.TrimPrefix(strings.TrimPrefix(ref, "docker.io/"), "library/")
		if name, digest, pinned := strings.Cut(ref, "@"); pinned {
			if n := strings.LastIndex(name, ":"); n > strings.LastIndex(name, "/") {
				name = name[:n]
			}
			seen[name+"@"+digest] = true
		}
		if ref != "" && !strings.ContainsAny(ref, "$ \"'") {
			seen[ref] = true
		}
	}
	for _, img := range d.Images {
		add(img.Stage.Image)
		add(variable.ReplaceAllString(img.Stage.Base.Text, ""))
	}
	for _, s := range d.Steps() {
		if f, ok := s.Flag("from"); ok {
			add(f.Value)
		}
		for m := range s.Mounts() {
			add(m.From)
		}
	}
	var out []string
	for ref := range seen {
		out = append(out, ref)
	}
	slices.Sort(out)
	return out
}

// maxMade is how many missing files a stage may have.
const maxMade = 20

// notFound is BuildKit's message about a file that the build context does not have.
var notFound = regexp.MustCompile(`"(/[^"]+)": not found$`)

// source makes a file of the build context.
func source(context, name string) error {
	at := filepath.Join(context, filepath.FromSlash(path.Clean("/"+name)))
	if _, err := os.Lstat(at); err == nil {
		return nil
	}
	if path.Ext(name) == "" && strings.Count(name, "/") == 1 && !strings.Contains(name, "install") {
		at = filepath.Join(at, "file")
	}
	if err := write(at, []byte("#!/bin/sh\necho "+path.Base(name)+" >> /ran\n")); err != nil {
		return err
	}
	return os.Chmod(at, 0o755)
}

func write(name string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o644)
}

// noise are the parts of a message of BuildKit that differ from build to build.
var noise = regexp.MustCompile(`^(ERROR: |error: )?(failed to solve: )?|[a-z0-9]{25}(::?)?|sha256:[0-9a-f]{64}|` +
	` \(did you mean .*\)| on \d+(\.\d+){3}:53|lookup \S+`)

// ctl is a command of buildctl.
func (b *builder) ctl(ctx context.Context, args ...string) *exec.Cmd {
	if *addr != "" {
		args = append([]string{"--addr", *addr}, args...)
	}
	return exec.CommandContext(ctx, *ctl, args...)
}

// stage builds one stage.
func (b *builder) stage(opts []string) (built, error) {
	b.builds++
	archive := filepath.Join(b.dir, "image.tar")
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	command := b.ctl(ctx, append(slices.Clip(opts), "--output", "type=oci,dest="+archive)...)
	var messages bytes.Buffer
	command.Stderr = &messages
	if err := command.Run(); err != nil {
		if _, exited := errors.AsType[*exec.ExitError](err); !exited {
			return built{}, err
		}
		lines := strings.Split(strings.TrimSpace(messages.String()), "\n")
		return built{fault: noise.ReplaceAllString(lines[len(lines)-1], "")}, nil
	}
	return readImage(archive)
}

// readImage reads an image in the layout of OCI.
func readImage(archive string) (built, error) {
	out := built{config: map[string]any{}, files: map[string]string{}}
	blobs := map[string][]byte{}
	f, err := os.Open(archive)
	if err != nil {
		return out, err
	}
	defer f.Close()
	err = each(f, func(h *tar.Header, text []byte) { blobs[strings.TrimPrefix(h.Name, "blobs/sha256/")] = text })
	if err != nil {
		return out, err
	}
	type descriptor struct{ Digest string }
	var index struct {
		Manifests []descriptor
		Config    descriptor
		Layers    []descriptor
	}
	text := blobs["index.json"]
	for range 3 {
		index.Manifests = nil
		if err := json.Unmarshal(text, &index); err != nil {
			return out, err
		}
		if len(index.Manifests) == 0 {
			break
		}
		text = blobs[strings.TrimPrefix(index.Manifests[0].Digest, "sha256:")]
	}
	var image struct {
		Author string
		Config map[string]any
	}
	if err := json.Unmarshal(blobs[strings.TrimPrefix(index.Config.Digest, "sha256:")], &image); err != nil {
		return out, err
	}
	for key, value := range image.Config {
		out.config[key] = value
	}
	if image.Author != "" {
		out.config["Author"] = image.Author
	}
	for _, l := range index.Layers {
		layer, err := gzip.NewReader(bytes.NewReader(blobs[strings.TrimPrefix(l.Digest, "sha256:")]))
		if err != nil {
			return out, err
		}
		err = each(layer, func(h *tar.Header, text []byte) { out.add(h, text) })
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// add adds a file of a layer.
func (b *built) add(h *tar.Header, text []byte) {
	name := "/" + strings.TrimSuffix(h.Name, "/")
	switch base := path.Base(name); {
	case base == ".wh..wh..opq":
		for other := range b.files {
			if strings.HasPrefix(other, path.Dir(name)+"/") {
				delete(b.files, other)
			}
		}
		return
	case strings.HasPrefix(base, ".wh."):
		gone := path.Join(path.Dir(name), strings.TrimPrefix(base, ".wh."))
		for other := range b.files {
			if other == gone || strings.HasPrefix(other, gone+"/") {
				delete(b.files, other)
			}
		}
		return
	case name == "/ran":
		b.ran = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		return
	case strings.HasPrefix(name, "/bin/"):
		return
	}
	what := fmt.Sprintf("%s %d:%d", h.FileInfo().Mode(), h.Uid, h.Gid)
	switch {
	case h.Linkname != "":
		what += " -> " + h.Linkname
	case h.Typeflag == tar.TypeReg && len(text) <= 400:
		what += fmt.Sprintf(" %q", text)
	case h.Typeflag == tar.TypeReg:
		what += fmt.Sprintf(" sha256:%x", sha256.Sum256(text))
	}
	b.files[name] = what
}

// each reads the files of an archive.
func each(r io.Reader, do func(*tar.Header, []byte)) error {
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			return err
		}
		do(h, text)
	}
}

// differences says what differs between the builds of a file, a line each.
func differences(before, after []built) (report string, broken int) {
	var out strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&out, "    "+format+"\n", args...) }
	if len(before) != len(after) {
		say("%d stages become %d", len(before), len(after))
	}
	for n := range min(len(before), len(after)) {
		a, b := before[n], after[n]
		prefix := ""
		if len(before) > 1 {
			prefix = fmt.Sprintf("stage %d: ", n)
		}
		switch {
		case a.fault != "" && b.fault == "":
			say("%sfailed: %s", prefix, a.fault)
			continue
		case a.fault == "" && b.fault != "":
			say("%sNOW FAILS: %s", prefix, b.fault)
			broken++
			continue
		case a.fault != "" && a.fault == b.fault:
			say("%sfails alike: %s", prefix, a.fault)
			continue
		case a.fault != "":
			say("%sfails: %s; before: %s", prefix, b.fault, a.fault)
			continue
		}
		was, is := map[string]string{}, map[string]string{}
		for key, value := range a.config {
			was["config "+key] = asJSON(value)
		}
		for key, value := range b.config {
			is["config "+key] = asJSON(value)
		}
		for name, what := range a.files {
			was[name] = what
		}
		for name, what := range b.files {
			is[name] = what
		}
		for _, key := range keys(was, is) {
			if was[key] != is[key] {
				say("%s%s: %s becomes %s", prefix, key, orNone(was[key]), orNone(is[key]))
			}
		}
		for _, line := range diffLines(a.ran, b.ran) {
			if strings.HasPrefix(line, "+ E: ") {
				broken++
			}
			say("%s%s", prefix, line)
		}
	}
	if out.Len() == 0 {
		say("equal")
	}
	return out.String(), broken
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func orNone(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func keys(a, b map[string]string) []string {
	var out []string
	for key := range a {
		out = append(out, key)
	}
	for key := range b {
		if _, both := a[key]; !both {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// diffLines returns the lines that go, with a minus, and those that come, with a plus.
func diffLines(a, b []string) (out []string) {
	longest := make([][]int, len(a)+1)
	for i := range longest {
		longest[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && longest[i+1][j] >= longest[i][j+1]:
			out = append(out, "- "+a[i])
			i++
		default:
			out = append(out, "+ "+b[j])
			j++
		}
	}
	return out
}
