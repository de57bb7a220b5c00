// Package git asks the program git what a repository's index and commits hold.
//
// A repository that is checked may be hostile, and so may its .git/config be: it can name programs that git runs. The
// commands that are used here read lists and objects only. They run no hook, no pager, no filter and no monitor of the
// file system, fetch nothing over a network, and write nothing; --no-pager and the settings below say so again. Whether
// the repository belongs to somebody else is left to git (safe.directory).
package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sandlint/sandlint/parsers/files"
)

const (
	// limit is how long one command may take.
	limit = time.Minute
	// maxList is the size in bytes of the longest list of files that is read.
	maxList = 256 << 20
)

// hardening are the arguments before each command.
var hardening = []string{
	"--no-pager", "--literal-pathspecs",
	"-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.DevNull, "-c", "core.untrackedCache=false",
	"-c", "protocol.allow=never", "-c", "gc.auto=0", "-c", "maintenance.auto=false",
}

// Repository is a repository with a work tree.
type Repository struct {
	// Top is the folder of the work tree, absolute and without symbolic links.
	Top string
	// Shallow says that the clone lacks old commits.
	Shallow bool

	program string

	mu      sync.Mutex // guards the process below
	batch   *exec.Cmd
	ask     io.WriteCloser
	answers *bufio.Reader
	failed  error
}

// Open returns the repository that a folder lies in.
func Open(dir string) (*Repository, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return nil, errors.New("git is not installed, which reads the repository")
	}
	r := &Repository{Top: dir, program: program}
	out, err := r.run("rev-parse", "--show-toplevel", "--is-shallow-repository")
	if err != nil {
		return nil, err
	}
	top, shallow, _ := strings.Cut(strings.TrimSuffix(string(out), "\n"), "\n")
	if r.Top, err = (files.Disk{}).Real(filepath.FromSlash(top)); err != nil {
		return nil, fmt.Errorf("finding the repository's folder: %w", err)
	}
	r.Shallow = shallow == "true"
	return r, nil
}

func (r *Repository) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, r.program, append(hardening[:len(hardening):len(hardening)], args...)...)
	cmd.Dir = r.Top
	cmd.Env = append(os.Environ(), "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0")
	cmd.WaitDelay = time.Second
	return cmd
}

// run returns what a command prints.
func (r *Repository) run(args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := r.command(ctx, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w", args[0], err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("git %s: %w", args[0], err)
	}
	out, err := io.ReadAll(io.LimitReader(pipe, maxList+1))
	if len(out) > maxList {
		cancel()
		err = fmt.Errorf("more than %d MiB", maxList>>20)
	}
	if waited := cmd.Wait(); err == nil {
		err = waited
	}
	if ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("it took more than %s", limit)
	}
	if err != nil {
		if text, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n"); text != "" {
			return out, fmt.Errorf("git %s: %s", args[0], text)
		}
		return out, fmt.Errorf("git %s: %w", args[0], err)
	}
	return out, nil
}

// Tree is what git's index or a commit holds: files by their paths below Top, with slashes.
type Tree map[string]files.Blob

// Index returns what the index holds. A file that is only announced, with "git add --intent-to-add", is not in it.
func (r *Repository) Index() (Tree, error) {
	out, err := r.run("ls-files", "--stage", "-z")
	if err != nil {
		return nil, err
	}
	t := Tree{}
	for entry := range strings.SplitSeq(string(out), "\x00") {
		// MODE OBJECT STAGE<tab>PATH
		meta, name, ok := strings.Cut(entry, "\t")
		fields := strings.Fields(meta)
		if !ok || len(fields) != 3 {
			continue
		}
		if fields[2] != "0" {
			return nil, fmt.Errorf("%s has a merge conflict, so the index holds no single version of it", name)
		}
		t.add(name, fields[0], fields[1])
	}
	for name, b := range t {
		if isEmpty(b.ID) {
			info, err := files.Disk{}.Lstat(r.Top, filepath.Join(r.Top, filepath.FromSlash(name)))
			if err == nil && info.Size() > 0 {
				delete(t, name)
			}
		}
	}
	return t, nil
}

// isEmpty reports whether an object is that of an empty file, which the index has for a file that is only announced.
func isEmpty(id string) bool {
	return id == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391" ||
		id == "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"
}

// Commit returns what a commit holds.
func (r *Repository) Commit(id string) (Tree, error) {
	out, err := r.run("ls-tree", "-r", "-z", "--full-tree", id)
	if err != nil {
		return nil, err
	}
	t := Tree{}
	for entry := range strings.SplitSeq(string(out), "\x00") {
		// MODE TYPE OBJECT<tab>PATH
		meta, name, ok := strings.Cut(entry, "\t")
		if fields := strings.Fields(meta); ok && len(fields) == 3 {
			t.add(name, fields[0], fields[2])
		}
	}
	return t, nil
}

// add adds a file or link. Submodules are left out, and so is a path that git would not check out.
func (t Tree) add(name, mode, id string) {
	b := files.Blob{ID: id}
	switch mode {
	case "100644", "100664":
	case "100755":
		b.Executable = true
	case "120000":
		b.Link = true
	default:
		return
	}
	local := filepath.FromSlash(name)
	if first, _, _ := strings.Cut(name, "/"); !filepath.IsLocal(local) || strings.EqualFold(first, ".git") ||
		filepath.ToSlash(filepath.Clean(local)) != name {
		return
	}
	t[name] = b
}

// Head returns the commit that is checked out, "" where there is none yet.
func (r *Repository) Head() string { return r.resolve("HEAD") }

// resolve returns the commit that a revision names, "" where there is none.
func (r *Repository) resolve(rev string) string {
	out, err := r.run("rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// Base returns the last commit that HEAD and a revision have in common: the revision itself where HEAD comes after it,
// and for another branch the commit where they parted.
func (r *Repository) Base(rev string) (string, error) {
	hint := ""
	if r.Shallow {
		hint = "; this clone is shallow: fetch the whole history, with fetch-depth: 0 of actions/checkout or " +
			"\"git fetch --unshallow\""
	}
	head, id := r.Head(), r.resolve(rev)
	switch {
	case head == "":
		return "", errors.New("the repository has no commit yet")
	case id == "":
		return "", fmt.Errorf("the repository has no commit %q%s", rev, hint)
	}
	out, err := r.run("merge-base", head, id)
	if base := strings.TrimSpace(string(out)); err == nil && base != "" {
		return base, nil
	}
	return "", fmt.Errorf("HEAD and %q have no commit in common%s", rev, hint)
}

// Files returns a tree of files at Top, for package workspace.
func (r *Repository) Files(t Tree) files.Tree { return files.Listed(r.Top, t, r.read) }

// Changed returns the paths that a tree has, and that the other one has not, or with another content.
func (t Tree) Changed(before Tree) []string {
	var out []string
	for name, b := range t {
		if before[name] != b {
			out = append(out, name)
		}
	}
	return out
}

// read returns the content of an object. One process answers all questions.
func (r *Repository) read(id string) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != nil {
		return nil, r.failed
	}
	text, err := r.object(id)
	if err != nil && !errors.Is(err, files.ErrTooLarge) {
		r.failed = fmt.Errorf("git cat-file: %w", err)
		r.stop()
		return nil, r.failed
	}
	return text, err
}

// errMissing says that the clone has no such object.
var errMissing = errors.New("the clone lacks contents of files, as a partial clone does, and none are fetched")

func (r *Repository) object(id string) ([]byte, error) {
	if r.batch == nil {
		if err := r.start(); err != nil {
			return nil, err
		}
	}
	if _, err := io.WriteString(r.ask, id+"\n"); err != nil {
		return nil, err
	}
	line, err := r.answers.ReadString('\n')
	if errors.Is(err, io.EOF) { // it wanted to fetch the object
		return nil, errMissing
	}
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(line) // ID TYPE SIZE
	if len(fields) == 2 && fields[1] == "missing" {
		return nil, errMissing
	}
	if len(fields) != 3 || fields[1] != "blob" {
		return nil, fmt.Errorf("it answers %q", strings.TrimSpace(line))
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || size < 0 {
		return nil, fmt.Errorf("it answers %q", strings.TrimSpace(line))
	}
	if size > files.MaxSize {
		_, err := io.CopyN(io.Discard, r.answers, size+1)
		return nil, errors.Join(files.ErrTooLarge, err)
	}
	text := make([]byte, size+1)
	if _, err := io.ReadFull(r.answers, text); err != nil {
		return nil, err
	}
	return text[:size:size], nil
}

func (r *Repository) start() error {
	cmd := r.command(context.Background(), "cat-file", "--batch")
	ask, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	r.batch, r.ask, r.answers = cmd, ask, bufio.NewReaderSize(answers, 1<<16)
	return nil
}

func (r *Repository) stop() {
	if r.batch != nil {
		_ = r.ask.Close()
		_ = r.batch.Wait()
		r.batch = nil
	}
}

// Close ends the process that reads objects, and returns why it failed, nil where all that was asked for was answered.
func (r *Repository) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stop()
	return r.failed
}
