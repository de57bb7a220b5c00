// Package buildkit runs BuildKit's own code over Dockerfiles: what it accepts, what its linter finds, and what it would
// build. Every base image is an empty one for linux/amd64, and nothing is fetched.
package buildkit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Finding is one warning of BuildKit's linter, or the error that stops the conversion, with the rule "error".
type Finding struct {
	Path    string `json:"path"`
	Rule    string `json:"rule"`
	Line    int    `json:"line"`
	Message string `json:"message"`
}

// Lint returns what BuildKit finds in a Dockerfile, in order of line and rule.
func Lint(path string, text []byte) (findings []Finding, err error) {
	defer func() { // BuildKit panics on some texts
		if r := recover(); r != nil {
			findings = append(findings, Finding{path, "error", 0, fmt.Sprint("panic: ", r)})
		}
	}()
	results, err := dockerfile2llb.DockerfileLint(context.Background(), text, options(path, text))
	if err != nil {
		return nil, err
	}
	for _, w := range results.Warnings {
		findings = append(findings, Finding{path, w.RuleName, line(w.Location), w.Detail})
	}
	if e := results.Error; e != nil {
		findings = append(findings, Finding{path, "error", line(&e.Location), e.Message})
	}
	slices.SortFunc(findings, func(a, b Finding) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return strings.Compare(a.Rule+a.Message, b.Rule+b.Message)
	})
	return findings, nil
}

// LintAll is Lint with the experimental rules, unless the file has check options of its own.
func LintAll(path string, text []byte) ([]Finding, error) {
	if options, _, _, _ := parser.ParseDirective("check", text); options != "" {
		return Lint(path, text)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	findings, err := Lint(path, append([]byte("# check=experimental=all\n"), text...))
	for i := range findings {
		findings[i].Line = max(0, findings[i].Line-1)
	}
	return findings, err
}

func options(path string, text []byte) dockerfile2llb.ConvertOpt {
	lines := llb.NewSourceMap(nil, path, "dockerfile", text)
	lines.Definition = &llb.Definition{}
	caps := pb.Caps.CapSet(pb.Caps.All())
	return dockerfile2llb.ConvertOpt{
		Config:         dockerui.Config{},
		MetaResolver:   emptyImages{},
		LLBCaps:        &caps,
		TargetPlatform: &ocispecs.Platform{OS: "linux", Architecture: "amd64"},
		SourceMap:      lines,
	}
}

// line returns the first line of a location, 0 without one.
func line(l *pb.Location) int {
	if l == nil || len(l.Ranges) == 0 {
		return 0
	}
	return int(l.Ranges[0].Start.Line)
}

// emptyImages resolves every image to an empty one for linux/amd64.
type emptyImages struct{}

func (emptyImages) ResolveImageConfig(
	_ context.Context, ref string, opt sourceresolver.Opt,
) (string, digest.Digest, []byte, error) {
	platform := ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	if opt.ImageOpt != nil && opt.ImageOpt.Platform != nil {
		platform = *opt.ImageOpt.Platform
	}
	config, err := json.Marshal(ocispecs.Image{Platform: platform, RootFS: ocispecs.RootFS{Type: "layers"}})
	return ref, digest.FromString(ref), config, err
}

// Parse returns the stages of a Dockerfile and its global arguments; the error is that of BuildKit's parser or of its
// check of the instructions.
func Parse(text []byte) (stages []instructions.Stage, args []instructions.ArgCommand, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	result, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, nil, err
	}
	return instructions.Parse(result.AST, nil)
}

// Instructions are the first and the last line of each instruction, in order.
func Instructions(text []byte) (lines [][2]int) {
	defer func() {
		if recover() != nil {
			lines = nil
		}
	}()
	result, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return nil
	}
	for _, node := range result.AST.Children {
		lines = append(lines, [2]int{node.StartLine, node.EndLine})
	}
	return lines
}

// Build is what BuildKit would do to build one stage: its steps, and the configuration of the image.
type Build struct {
	Config ocispecs.ImageConfig
	// More are the parts of the configuration that Docker adds to it, as JSON.
	More string
	// Author is who the image says made it.
	Author string
	Steps  []Step
}

// Step is a step of a Build.
type Step struct {
	// Args are the command of a RUN; nil for every other step.
	Args []string
	// Env is the environment of the command.
	Env []string
	// Rest is all else, as text, with the numbers of the steps that it builds upon.
	Rest string
}

// Convert returns what BuildKit would do to build each stage. Arguments without a value get one.
func Convert(text []byte) (builds []Build, err error) {
	stages, args, err := Parse(text)
	if err != nil {
		return nil, err
	}
	values := standIns(stages, args)
	for n := range stages {
		b, err := convert(UpTo(text, stages, n), values)
		if err != nil {
			return nil, fmt.Errorf("stage %d: %w", n, err)
		}
		builds = append(builds, b)
	}
	return builds, nil
}

// standIns returns a value for each argument that has none.
func standIns(stages []instructions.Stage, global []instructions.ArgCommand) map[string]string {
	values, given := map[string]string{}, map[string]bool{}
	note := func(arg instructions.ArgCommand) {
		for _, a := range arg.Args {
			if a.Value != nil && *a.Value != "" {
				given[a.Key] = true
			}
			values[a.Key] = "1"
		}
	}
	for _, arg := range global {
		note(arg)
	}
	for _, stage := range stages {
		for _, command := range stage.Commands {
			if arg, is := command.(*instructions.ArgCommand); is {
				note(*arg)
			}
		}
	}
	for key := range values {
		if given[key] || strings.HasPrefix(key, "TARGET") || strings.HasPrefix(key, "BUILD") {
			delete(values, key)
		}
	}
	return values
}

// UpTo returns the text to the end of stage n, which BuildKit then builds.
func UpTo(text []byte, stages []instructions.Stage, n int) []byte {
	if n+1 >= len(stages) || len(stages[n+1].Location) == 0 {
		return text
	}
	rest := text
	for range stages[n+1].Location[0].Start.Line - 1 {
		rest = rest[bytes.IndexByte(rest, '\n')+1:]
	}
	return text[:len(text)-len(rest)]
}

// convert returns what BuildKit would do to build the last stage.
func convert(text []byte, args map[string]string) (b Build, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	opt := options("Dockerfile", text)
	opt.BuildArgs = args
	result, err := dockerfile2llb.Dockerfile2LLB(context.Background(), text, opt)
	if err != nil {
		return b, err
	}
	b.Config, b.Author = result.Image.Config.ImageConfig, result.Image.Author
	more, err := json.Marshal(result.Image.Config.DockerOCIImageConfigExt)
	if err != nil {
		return b, err
	}
	b.More = string(more)
	definition, err := result.State.Marshal(context.Background(), llb.LinuxAmd64)
	if err != nil {
		return b, err
	}
	numbers := map[string]int{}
	for n, raw := range definition.Def {
		numbers[digest.FromBytes(raw).String()] = n
		var op pb.Op
		if err := op.UnmarshalVT(raw); err != nil {
			return b, err
		}
		var s Step
		for _, input := range op.Inputs {
			s.Rest += fmt.Sprintf("%d.%d ", numbers[input.Digest], input.Index)
		}
		op.Inputs = nil
		if source := op.GetSource(); source != nil {
			delete(source.Attrs, "local.unique") // a random number
		}
		if exec := op.GetExec(); exec != nil {
			s.Args, s.Env = exec.Meta.Args, exec.Meta.Env
			exec.Meta.Args, exec.Meta.Env = nil, nil
		}
		text, err := json.Marshal(&op)
		if err != nil {
			return b, err
		}
		s.Rest += string(text)
		b.Steps = append(b.Steps, s)
	}
	return b, nil
}
