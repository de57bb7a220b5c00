// Package workflow reads GitHub Actions workflows (.github/workflows/*.yml): which images their jobs build, from which
// Dockerfile and for which platforms, on which kind of runner, and whether an emulator is set up for platforms that the
// runner cannot run.
//
// A job with a matrix is read once for each combination, and where the event, an input or a condition decides what is
// built, once for each kind of run (run.go). Expressions over the matrix, literal environment variables, inputs with
// their defaults, options and callers, and literals are evaluated; what depends on anything else (outputs, secrets) is
// not known. Composite actions and reusable workflows of the same repository are followed: see Project.
//
// This is the largest reader of a neighbouring file because the platforms of an image decide whether Nix runs under an
// emulator (sandbox/nix-syscall-filter-under-emulation), and a Dockerfile does not say for which platforms it is built.
// Often only a workflow does, and then the answer depends on the matrix with its include and exclude, on expressions
// over it, on the inputs of an action or the docker command of a script, on the architecture of the runner, and on
// whether QEMU was registered before the build. Guessing any of these would report builds that run natively, or miss
// emulated ones.
package workflow

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/source"
)

// Value is a string of the file after its expressions were evaluated. If an expression takes it unchanged from the
// matrix or from "env", its span is there.
type Value = source.Value

// The kinds of problem that Parse reports besides those of YAML, such as "yaml-syntax". GitHub refuses a file with any
// of them except KindSize.
const (
	// KindShape is a value of the wrong type.
	KindShape = "workflow-shape"
	// KindSize is a file that expands to more jobs and steps than are read.
	KindSize = "workflow-size"
)

// File is a workflow as read. It is immutable after Parse.
type File struct {
	Source *source.File
	// Jobs are the jobs, in order of position.
	Jobs []*Job
	// Calls are the calls of other workflows of the repository.
	Calls []*Call
	// Problems are in order of position. Kinds are the Kind… constants.
	Problems []source.Problem
}

// Job is one job.
type Job struct {
	// ID is the job's key; IDSpan is its span.
	ID     string
	IDSpan source.Span
	// Uses is the reusable workflow that the job calls instead of having steps.
	Uses Value
	// Steps are the steps as written.
	Steps []*Step
	// Name, Runner, Container and Timeout are what the keys name, runs-on, container and timeout-minutes say, where all
	// expressions but literals are unknown. They and Permissions are those of an Outline.
	Name, Container, Timeout Value
	Runner                   []Value
	// Permissions are those of the token that the job, or else the workflow, sets: by scope, or "all" for all scopes.
	// It is nil where neither does.
	Permissions map[string]Value
	// Combinations are the combinations of the matrix. A job without a matrix has one, a job that never runs has none.
	// Where the builds differ from run to run, each kind of run has a combination of its own.
	Combinations []*Combination
	// Span runs from the key to the end of the job.
	Span source.Span
}

// Step is one step of a job.
type Step struct {
	// Uses is the action as written, such as "docker/build-push-action@v6"; not set for a step that runs a script.
	Uses Value
	// Span is the step's mapping.
	Span source.Span
	// Job is the job of a step of an Outline, nil in a composite action.
	Job *Job

	file  *source.File
	node  *yamltree.Node
	run   *yamltree.Node
	shell *yamltree.Node // of an Outline
	os    string         // of an Outline
}

// Action returns the name of the action without its version, in lower case; "" for a script.
func (s *Step) Action() string {
	name, _, _ := strings.Cut(s.Uses.Text, "@")
	return strings.ToLower(name)
}

// Input returns the text of an input under "with", or nil. Expressions in it are opaque.
func (s *Step) Input(name string) *source.Fragment {
	n := inputNode(s.node, name)
	if n == nil {
		return nil
	}
	return opaque(n, s.file)
}

// InputAt is like Input, and also returns the span of the input's key and value.
func (s *Step) InputAt(name string) (*source.Fragment, source.Span) {
	for entry := range s.node.Get("with").All() {
		if strings.EqualFold(entry.Key.Text, name) {
			if v := entry.Value.Resolve(); v.IsScalar() {
				return opaque(v, s.file), entry.Span()
			}
		}
	}
	return nil, source.Span{}
}

// Script returns the text under "run", or nil. Expressions in it are opaque.
func (s *Step) Script() *source.Fragment {
	if s.run == nil {
		return nil
	}
	return opaque(s.run, s.file)
}

// Combination is a job with one combination of the values of its matrix.
type Combination struct {
	Job *Job
	// Matrix holds the values that are scalars, by name.
	Matrix map[string]Value
	// Opaque says that the matrix could not be expanded: there may be any number of jobs like this one.
	Opaque bool
	// Runner is what the job runs on.
	Runner Runner
	// Emulators are the steps that register QEMU, in order.
	Emulators []*Emulator
	// Remote is the step that sends builds to other machines, which may run any platform natively; an empty span when
	// there is none.
	Remote source.Span
	// Builds are the image builds, in order.
	Builds []*Build
	// Run says in which runs of the workflow this holds, "" where in all: `for the event push`, `where "…" is true`.
	Run string
	// Call is the call that starts such a run, nil where none does.
	Call *Call

	root  Value // where the repository is checked out, relative to the workspace
	call  *Call // that the job is
	order int   // counts builds and emulators

	buildx  bool     // an action makes a builder
	builder *Builder // the last one that was made
}

func (c *Combination) add(b *Build) {
	c.order++
	b.order, b.Builder = c.order, c.builder
	c.Builds = append(c.Builds, b)
}

func (c *Combination) addEmulator(e *Emulator) {
	c.order++
	e.order = c.order
	c.Emulators = append(c.Emulators, e)
}

// Emulator is a step that registers QEMU with the runner's kernel so that programs of foreign architectures run.
type Emulator struct {
	// Step is the index in Job.Steps.
	Step int
	// Platforms are the architectures or platforms that it registers; none means all.
	Platforms []Value
	Span      source.Span

	order int
}

// covers reports whether e registers, or may register, the architecture arch, in Go's names.
func (e *Emulator) covers(arch string) bool {
	if len(e.Platforms) == 0 {
		return true
	}
	return slices.ContainsFunc(e.Platforms, func(v Value) bool {
		if !v.Known || v.Text == "all" || strings.HasPrefix(v.Text, "qemu-") {
			return true
		}
		_, a := splitPlatform(v.Text)
		return a == arch
	})
}

// Tool is the program or action that builds.
type Tool string

const (
	BuildPushAction Tool = "docker/build-push-action"
	BakeAction      Tool = "docker/bake-action"
	DockerBuild     Tool = "docker build" // docker buildx build as well
	DockerBake      Tool = "docker buildx bake"
	PodmanBuild     Tool = "podman build"
	BuildahBuild    Tool = "buildah build"
	KanikoBuild     Tool = "kaniko"
)

// Build is one image build, or one run of bake.
type Build struct {
	Tool Tool
	// Combination is the job that it is part of; Step the index in Job.Steps.
	Combination *Combination
	Step        int
	// Context is the build context as written. It is not set for an action that takes the repository from Git.
	Context Value
	// Dockerfile is the path of the Dockerfile as written; DockerfilePath resolves it.
	Dockerfile Value
	// Stage is the target stage.
	Stage Value
	// Platforms are the platforms. None means the builder's platform; one that is not known stands for any number.
	Platforms []Value
	// Contexts are the named contexts as written, "name=value".
	Contexts []Value
	// Args are the build arguments. Those that take their value from the environment are not known.
	Args map[string]Value
	// Allow are the entitlements that are granted, such as "security.insecure".
	Allow []Value
	// Tags are the names that the image gets, in Source.
	Tags []Value
	// Call is set for a build that only checks or describes the Dockerfile: "check".
	Call Value
	// Bake is set for BakeAction and DockerBake. Then none of the fields above is set except Allow.
	Bake *Bake
	// Open says that some arguments are not known, and may set what is not set here.
	Open bool
	// Remote says that the build runs, or may run, on another machine than the runner.
	Remote bool
	// Builder is the builder that an action or a command before it makes, nil where none does.
	Builder *Builder
	// Span is the name of the action, or the command, in Source: the workflow, or a composite action.
	Span   source.Span
	Source *source.File

	order int
	dir   Value // the working directory, relative to the workspace
	isGit bool  // paths are those of the repository, not of the workspace
}

// Builder is a builder that a job makes.
type Builder struct {
	// Flags are the flags of its buildkitd; not known where a configuration file may say more.
	Flags Value
	// Source is the file that says so.
	Source *source.File
}

// RefusesInsecure reports whether the builder certainly does not allow security.insecure, and where that is said. By
// default buildx allows network.host alone (buildx 0.36, builder.parseBuildkitdArgs).
func (b *Build) RefusesInsecure() (source.Span, bool) {
	if b.Builder == nil || !b.Builder.Flags.Known || b.Remote {
		return source.Span{}, false
	}
	return b.Builder.Flags.Span, !strings.Contains(b.Builder.Flags.Text, "security.insecure")
}

// Bake is what a bake command builds.
type Bake struct {
	// Dir is the folder that bake runs in, relative to the repository; not known, or "" for the repository's root.
	Dir Value
	// Files are the definition files, relative to Dir; none means the default ones.
	Files []Value
	// Targets are the targets and groups; none means "default".
	Targets []Value
	// Set are the overrides, in order.
	Set []Override

	env  *scope
	vars map[string]Value
}

// Variable returns the value that the environment of bake has for a variable, and whether it has one.
func (b *Bake) Variable(name string) (v Value, ok bool) {
	if v, ok := b.vars[name]; ok {
		return v, true
	}
	if b.env == nil {
		return Value{}, false
	}
	if b.env.allEnv || b.env.openEnv[name] {
		return Value{}, true
	}
	if _, ok := b.env.env[name]; !ok {
		return Value{}, false
	}
	x, _ := b.env.variable(name)
	text, known := x.string()
	return Value{Text: text, Known: known}, true
}

// Override is one "--set TARGET.KEY=VALUE".
type Override struct {
	// Target is the target's name, or a pattern such as "*".
	Target string
	// Key is the attribute with its own key: "platform", "args.VERSION".
	Key string
	// Append says that it is written "+=".
	Append bool
	// Value is the value, which may not be known.
	Value Value
}

// Builds returns the builds of all jobs, in order. Builds that differ only in matrix values that they do not use are
// returned once.
func (f *File) Builds() []*Build {
	var out []*Build
	for _, j := range f.Jobs {
		seen := map[string]bool{}
		for _, c := range j.Combinations {
			for _, b := range c.Builds {
				if key := b.key(); !seen[key] {
					seen[key] = true
					out = append(out, b)
				}
			}
		}
	}
	return out
}

// key identifies what is built, and where.
func (b *Build) key() string {
	var sb strings.Builder
	add := func(vs ...Value) {
		for _, v := range vs {
			sb.WriteString(strconv.Quote(v.Text))
			if !v.Known {
				sb.WriteByte('?')
			}
		}
		sb.WriteByte(';')
	}
	add(b.Context, b.Dockerfile, b.Stage, b.Call, b.dir, b.Combination.root)
	add(b.Platforms...)
	add(b.Contexts...)
	add(b.Allow...)
	for _, name := range sortedKeys(b.Args) {
		sb.WriteString(name)
		add(b.Args[name])
	}
	if b.Bake != nil {
		add(b.Bake.Dir)
		add(b.Bake.Files...)
		add(b.Bake.Targets...)
		for _, o := range b.Bake.Set {
			sb.WriteString(o.Target + "." + o.Key)
			add(o.Value)
		}
	}
	for _, n := range []int{b.Step, b.Span.Start, len(b.Combination.Emulators)} {
		sb.WriteString(strconv.Itoa(n) + ";")
	}
	sb.WriteString(b.Source.Path + ";")
	sb.WriteString(b.Combination.Runner.OS + "/" + b.Combination.Runner.Arch)
	return sb.String()
}

// Runs reports whether the build runs the instructions of the Dockerfile instead of only checking it.
func (b *Build) Runs() bool { return !b.Call.IsSet() || b.Call.Is("build") || b.Call.Is("") }

// Emulated reports whether building for platform certainly runs foreign programs under QEMU: the runner's architecture
// is known and cannot run the platform, the build stays on the runner, and QEMU is registered before it. Stages that
// are marked to run on the build platform are still not emulated.
func (b *Build) Emulated(platform string) bool {
	_, arch := splitPlatform(platform)
	return b.Combination.Runner.Arch != "" && b.Combination.Runner.runs(arch) == no && b.Registers(platform)
}

// Registers reports whether the build stays on its runner, on which QEMU is registered before it for a platform.
func (b *Build) Registers(platform string) bool {
	os, arch := splitPlatform(platform)
	return !b.Remote && os == "linux" && slices.ContainsFunc(b.Combination.Emulators, func(e *Emulator) bool {
		return e.order < b.order && e.covers(arch)
	})
}

// ContextPath returns the folder of the build context, with slashes and relative to the repository's root. It reports
// false when the context is not known, not local, or outside the repository.
func (b *Build) ContextPath() (string, bool) {
	if b.Bake != nil {
		return "", false
	}
	if b.isGit {
		return gitPath(b.Context)
	}
	if !b.Context.Known || !isLocal(b.Context.Text) {
		return "", false
	}
	return b.inRepository(b.Context.Text)
}

// DockerfilePath returns the path of the Dockerfile, with slashes and relative to the repository's root. It reports
// false when the path is not known, not local, or outside the repository.
func (b *Build) DockerfilePath() (string, bool) {
	dir, ok := b.ContextPath()
	switch {
	case !ok: // with a context from elsewhere, the Dockerfile is taken from there
		return "", false
	case !b.Dockerfile.IsSet() || b.Dockerfile.Is(""):
		if b.Open {
			return "", false
		}
		return path.Join(dir, "Dockerfile"), true
	case !b.Dockerfile.Known || !isLocal(b.Dockerfile.Text):
		return "", false
	case b.isGit:
		return inside(path.Join(dir, b.Dockerfile.Text))
	}
	return b.inRepository(b.Dockerfile.Text)
}

// inRepository turns a path relative to the working directory into one relative to the repository's root.
func (b *Build) inRepository(p string) (string, bool) {
	if !b.dir.Known || !b.Combination.root.Known || path.IsAbs(p) {
		return "", false
	}
	p = path.Join(b.dir.Text, p)
	if root := path.Clean("/" + b.Combination.root.Text)[1:]; root != "" {
		rel, ok := strings.CutPrefix(p+"/", root+"/")
		if !ok {
			return "", false
		}
		p = path.Clean("./" + rel)
	}
	return inside(p)
}

// inside cleans p and reports whether it stays below its base folder.
func inside(p string) (string, bool) {
	p = path.Clean(p)
	return p, p != ".." && !strings.HasPrefix(p, "../") && !path.IsAbs(p)
}

// gitPath returns the folder of the repository for a context that is fetched from the repository: none, or
// "{{defaultContext}}:folder".
func gitPath(context Value) (string, bool) {
	if !context.IsSet() {
		return ".", true
	}
	rest, ok := strings.CutPrefix(context.Text, "{{defaultContext}}")
	if !context.Known || !ok {
		return "", false
	}
	return inside(strings.TrimPrefix(rest, ":"))
}

// isLocal reports whether p is the path of a file or folder, not a URL or standard input.
func isLocal(p string) bool {
	return p != "-" && p != "" && !strings.Contains(p, "://") && !strings.HasPrefix(p, "git@") &&
		!strings.HasPrefix(p, "github.com/") && !strings.Contains(p, "{{")
}
