package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandlint/sandlint/cmd/internal/config"
	"github.com/sandlint/sandlint/cmd/internal/decisions"
	"github.com/sandlint/sandlint/cmd/internal/report"
	"github.com/sandlint/sandlint/parsers/files"
	"github.com/sandlint/sandlint/parsers/seccomp"
	"github.com/sandlint/sandlint/parsers/seccomp/builtin"
	"github.com/sandlint/sandlint/parsers/source"
	"github.com/sandlint/sandlint/parsers/workspace"
)

func (a *app) seccompCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "seccomp",
		Short: "Show what a seccomp profile decides",
		Long: `Show what a seccomp profile really decides: what happens to a syscall and why, the whole table, and
what changes between two profiles, for the loaders (Docker, Podman, containerd), runtimes (runc,
crun) and builds of libseccomp that the targets name.

PROFILE is a file, - for standard input, or the name of a profile that engines apply by default:
docker, podman, containerd, each also with a release (docker@29, podman@5.8, containerd@2.2.4), and
runtime-default; "seccomp profiles" lists them. A file of that name is written ./docker. A file may
also hold SeccompProfiles or ConfigMaps with profiles, of which FILE#KEY is one.`,
		Example: `  sandlint seccomp explain seccomp.json clone3
  sandlint seccomp diff docker@28 docker@29
  sandlint seccomp derive --for nix-sandbox > seccomp.json`,
		Args: cobra.ArbitraryArgs,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return a.noCommand(cmd, args) }
	cmd.AddCommand(a.seccompAllowCommand(), a.seccompAuditCommand(), a.seccompDeriveCommand(),
		a.seccompDiffCommand(), a.seccompExplainCommand(), a.seccompMergeCommand(), a.seccompProfilesCommand(),
		a.seccompResolveCommand(), a.seccompTableCommand(), a.seccompWhichCommand())
	return cmd
}

// seccompFlags say for which targets and machines profiles are evaluated.
type seccompFlags struct {
	runFlags
	archs  []string
	caps   []string
	kernel string
	format string
	// exactCaps says that caps are the whole set, and not added to the default one.
	exactCaps bool
}

// register registers the flags that all commands about what profiles decide have, and the formats, of which the first
// is the default.
func (f *seccompFlags) register(cmd *cobra.Command, formats ...string) {
	f.consumers(cmd)
	flags := cmd.Flags()
	flags.StringSliceVar(&f.archs, "arch", nil,
		"`ARCHITECTURE` of the calls: x86_64, arm64, x86 …, or all that the profile lists (repeatable; default: "+
			"x86_64 and aarch64, where it is for them)")
	flags.StringSliceVar(&f.caps, "cap", nil,
		"`CAPABILITY` that the container has besides the default ones, such as SYS_ADMIN; all, or none to begin "+
			"with an empty set (repeatable)")
	flags.StringVar(&f.kernel, "kernel", "", "`VERSION` of Linux, for the minKernel of rules (default: the newest)")
	completeArchs(cmd, "all")
	completeCaps(cmd, "cap", "all", "none")
	formatFlag(cmd, &f.format, formats...)
}

func completeArchs(cmd *cobra.Command, more ...string) {
	complete(cmd, "arch", append(decisions.ArchNames(), more...)...)
}

func completeCaps(cmd *cobra.Command, flag string, more ...string) {
	complete(cmd, flag, append(seccomp.Capabilities(), more...)...)
}

// scope returns what the flags and the configuration say.
func (a *app) scope(f *seccompFlags, paths ...string) (s decisions.Scope, err error) {
	dir, err := a.getwd()
	if err != nil {
		return s, fmt.Errorf("finding the working directory: %w", err)
	}
	conf, err := a.config(&f.runFlags, dir, paths)
	if err != nil {
		return s, err
	}
	of := dir
	if len(paths) > 0 {
		of = absolute(dir, paths[0])
	}
	all, err := targets(f.targets, config.Join(conf.Parts(of)).Targets)
	if err != nil {
		return s, err
	}
	s.Targets = all.Seccomp
	if s.Archs, s.AllArchs, err = f.parseArchs(); err != nil {
		return s, err
	}
	if s.Caps, err = decisions.ParseCaps(f.caps); err != nil {
		if f.exactCaps {
			return s, fmt.Errorf("--caps: %w", err)
		}
		return s, fmt.Errorf("--cap: %w", err)
	}
	if f.exactCaps && !slices.ContainsFunc(f.caps, func(c string) bool { return strings.EqualFold(c, "default") }) {
		s.Caps.None = true
	}
	s.Kernel, err = parseKernel(f.kernel)
	return s, err
}

// parseArchs returns the architectures that --arch names, each once; all says that the word all is among them.
func (f *seccompFlags) parseArchs() (archs []*seccomp.Architecture, all bool, err error) {
	for _, name := range names(f.archs) {
		if name == "all" {
			all = true
			continue
		}
		arch, err := decisions.ParseArch(name)
		if err != nil {
			return nil, false, fmt.Errorf("--arch: %w", err)
		}
		if !slices.Contains(archs, arch) {
			archs = append(archs, arch)
		}
	}
	if all {
		archs = nil
	}
	return archs, all, nil
}

// parseKernel reads the value of --kernel.
func parseKernel(s string) (seccomp.Version, error) {
	if s == "" {
		return seccomp.Version{}, nil
	}
	v, ok := seccomp.ParseVersion(s)
	if !ok || v.IsZero() {
		return v, fmt.Errorf("--kernel %q is not a release of Linux such as 5.10", s)
	}
	return v, nil
}

// readProfile reads the profile at path, - for standard input, and reports its problems on standard error. It returns
// nil after it has reported why there is no profile to read. A word that package builtin claims is the profile of that
// name, and the path of its Source the name.
func (a *app) readProfile(path string) (*seccomp.Profile, error) {
	if path == "" {
		return nil, errors.New("the path of the profile is empty")
	}
	if builtin.Claims(path) {
		return builtin.Lookup(path)
	}
	file, name, err := a.readChoices(path)
	if near := source.Nearest(path, decisions.ProfileNames()); errors.Is(err, fs.ErrNotExist) && near != "" {
		return nil, fmt.Errorf("there is no file %q and no built-in profile of that name; did you mean %q?", path, near)
	}
	if errors.Is(err, fs.ErrNotExist) && strings.Contains(path, "@") && !strings.ContainsAny(path, `/\`) {
		return nil, fmt.Errorf("there is no file %q and no built-in profile of that name; there are %s", path,
			builtin.Names())
	}
	if err != nil {
		a.warnf("%v", workspace.FileError{Path: path, Err: err})
		a.setStatus(StatusUnreadable)
		return nil, nil
	}
	p, err := a.chosen(file, name)
	if p == nil || err != nil {
		return nil, err
	}
	for _, problem := range p.Problems {
		if problem.Kind == seccomp.KindJSON && p.Span.IsEmpty() {
			text := strings.TrimLeft(strings.TrimPrefix(string(file.Bytes), "\ufeff"), " \t\r\n")
			switch {
			case mayEmbed(file) && a.embedded[p.Source] == nil:
				a.noProfile(file)
			case text != "" && text[0] != '{' && text[0] != '/': // which may begin a comment
				a.warnf("%s is not a seccomp profile: it does not begin with {, as an object of JSON does", file.Path)
				a.setStatus(StatusUnreadable)
			default:
				a.unreadable(file, problem)
			}
			return nil, nil
		}
	}
	a.note(p)
	return p, nil
}

func (a *app) unreadable(f *source.File, problem source.Problem) {
	at := f.Position(problem.Span.Start)
	a.warnf("reading %s: line %d, column %d: %s", f.Path, at.Line, at.Column, problem.Message)
	a.setStatus(StatusUnreadable)
}

// readInput reads a file, standard input for -, or what a shell gives as /dev/stdin or /dev/fd/N.
func (a *app) readInput(path string) (*source.File, error) {
	dir, err := a.getwd()
	if err != nil {
		return nil, err
	}
	name := absolute(dir, path)
	switch {
	case path == "-":
		return readStream(a.stdin, "<stdin>")
	case isStream(name):
		f, err := os.Open(name)
		if err != nil {
			return nil, files.Cause(err)
		}
		defer f.Close()
		return readStream(f, name)
	}
	b, err := files.ReadNamed(files.Disk{}, dir, name)
	if err != nil {
		return nil, err
	}
	return source.NewFile(shown(dir, name), b), nil
}

// isStream reports whether a path is one of those by which a shell hands over what it has opened.
func isStream(path string) bool { return path == "/dev/stdin" || strings.HasPrefix(path, "/dev/fd/") }

// openRecording opens what readInput reads, to be read in pieces.
func (a *app) openRecording(path string) (io.ReadCloser, error) {
	dir, err := a.getwd()
	if err != nil {
		return nil, err
	}
	name := absolute(dir, path)
	switch {
	case path == "-":
		return io.NopCloser(a.stdin), nil
	case isStream(name):
		f, err := os.Open(name)
		if err != nil {
			return nil, files.Cause(err)
		}
		return f, nil
	}
	return files.OpenNamed(files.Disk{}, dir, name)
}

// readStream reads what the caller of sandlint has opened.
func readStream(in io.Reader, shownAs string) (*source.File, error) {
	b, err := io.ReadAll(io.LimitReader(in, files.MaxSize+1))
	switch {
	case err != nil:
		return nil, files.Cause(err)
	case len(b) > files.MaxSize:
		return nil, files.ErrTooLarge
	}
	return source.NewFile(shownAs, b), nil
}

// maxNotes is how many problems of a profile are reported; sandlint check reports all of them.
const maxNotes = 10

// note reports the problems of a profile, which is nevertheless used as far as it can be read.
func (a *app) note(p *seccomp.Profile) {
	for i, problem := range p.Problems {
		if i == maxNotes {
			a.warnf("%s has %s more; sandlint check shows them", p.Source.Path,
				report.Plural(len(p.Problems)-i, "problem"))
			return
		}
		at := p.Source.Position(problem.Span.Start)
		a.warnf("%s:%d:%d: %s", p.Source.Path, at.Line, at.Column, problem.Message)
	}
}

// noteRefusals reports who refuses a profile that is shown nevertheless.
func (a *app) noteRefusals(p *seccomp.Profile, s decisions.Scope) {
	a.noteRefused(p, decisions.Refusals(p, s))
}

func (a *app) noteRefused(p *seccomp.Profile, refusals []decisions.Refused) {
	for i, r := range refusals {
		if i == maxNotes {
			a.warnf("%s is refused for more reasons", p.Source.Path)
			return
		}
		where := p.Source.Path
		if !r.At.IsEmpty() {
			at := p.Source.Position(r.At.Start)
			where = fmt.Sprintf("%s:%d:%d", where, at.Line, at.Column)
		}
		a.warnf("%s: refused by %s: %s", where, r.By, r.Reason)
	}
}

// completeProfiles completes the name of a file or of a built-in profile, up to a number of them; 0 for any.
func completeProfiles(most int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if most > 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return decisions.ProfileNames(), cobra.ShellCompDirectiveDefault
	}
}

// completeProfileThenSyscalls completes the name of a profile, and after it the names of syscalls.
func completeProfileThenSyscalls(c *cobra.Command, args []string, s string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return completeProfiles(1)(c, args, s)
	}
	return seccomp.Syscalls(), cobra.ShellCompDirectiveNoFileComp
}
