package workflow

import (
	"slices"
	"testing"

	"github.com/sandlint/sandlint/parsers/source"
)

// FuzzProject reads a workflow that calls itself under another name and uses a composite action.
func FuzzProject(f *testing.F) {
	const action = "inputs: {platforms: {default: linux/arm64}}\nruns:\n  using: composite\n  steps:\n" +
		"    - uses: docker/build-push-action@v6\n      with: {platforms: \"${{ inputs.platforms }}\", tags: a/b}\n"
	f.Add([]byte("on: {workflow_call: {inputs: {p: {default: a}}}}\njobs:\n  b:\n    runs-on: ubuntu-latest\n"+
		"    steps:\n"+
		"      - uses: ./a\n        with: {platforms: \"${{ inputs.p }}\"}\n"), []byte(action))
	f.Add([]byte("on: push\njobs:\n  c:\n    uses: ./.github/workflows/other.yml\n"+
		"    with: {p: \"${{ github.ref }}\"}\n"),
		[]byte(action))
	f.Add([]byte("on: push\njobs:\n  c:\n    steps:\n"+
		"      - {id: m, uses: docker/metadata-action@v5, with: {images: a}}\n"+
		"      - uses: docker/build-push-action@v6\n        with: {tags: \"${{ steps.m.outputs.tags }}\"}\n"),
		[]byte(action))
	f.Fuzz(func(t *testing.T, text, action []byte) {
		workflow := source.NewFile(".github/workflows/ci.yml", text)
		own := source.NewFile("a/action.yml", action)
		open := func(string) *source.File { return own }
		first := ParseIn(workflow, Project{Action: open})
		calls := first.Calls
		for _, c := range calls {
			c.Workflow = ".github/workflows/ci.yml"
		}
		checkBuilds(t, ParseIn(workflow, Project{Action: open, Calls: slices.Values(calls)}))
	})
}

// FuzzGitLab reads a pipeline that includes itself.
func FuzzGitLab(f *testing.F) {
	f.Add([]byte("variables: {P: linux/arm64}\n.base: &b\n  tags: [arm64]\nbuild:\n  extends: .base\n  <<: *b\n" +
		"  script:\n    - docker run --privileged tonistiigi/binfmt --install all\n" +
		"    - docker buildx build --platform $P -t a/b .\n"))
	f.Add([]byte("include: [{local: /x.yml}]\nb:\n  parallel: {matrix: [{A: [linux/amd64, linux/arm64]}]}\n" +
		"  script: [\"docker buildx build --platform $A .\"]\n  before_script: [!reference [a, script]]\n"))
	f.Add([]byte("a:\n  image: {name: gcr.io/kaniko-project/executor, entrypoint: [\"\"]}\n" +
		"  script: /kaniko/executor --context . --dockerfile D\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file := source.NewFile(GitLabFile, text)
		checkBuilds(t, ParseGitLab(file, func(string) []*source.File { return []*source.File{file} }))
	})
}

// checkBuilds checks that all places of builds lie in their files.
func checkBuilds(t *testing.T, f *File) {
	t.Helper()
	for _, b := range f.Builds() {
		whole := b.Source.Span()
		if !whole.Contains(b.Span) {
			t.Fatalf("span %v in %d bytes", b.Span, whole.Len())
		}
		for _, list := range [][]Value{
			b.Platforms, b.Tags, b.Allow, b.Contexts, {b.Context, b.Dockerfile, b.Stage},
		} {
			for _, v := range list {
				if v.IsSet() && !whole.Contains(v.Span) && b.Combination.Call == nil {
					t.Fatalf("%+v in %d bytes", v, whole.Len())
				}
				if !v.Known && v.Text != "" {
					t.Fatalf("an unknown value has a text: %+v", v)
				}
			}
		}
		b.DockerfilePath()
		b.ContextPath()
		b.Emulated("linux/arm64")
		b.RefusesInsecure()
	}
}
