package workflow

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandlint/sandlint/parsers/internal/yamltree"
	"github.com/sandlint/sandlint/parsers/source"
)

func parse(text string) *File {
	return Parse(source.NewFile(".github/workflows/ci.yml", []byte(text)))
}

// job wraps the body of one job, indented by four, into a workflow.
func job(body string) string { return "jobs:\n  j:\n" + body }

// show renders a value: its text, or '?' when it is not known, and what stands in the file where that is something
// else.
func show(f *File, v Value) string {
	s := "?"
	if v.Known {
		s = v.Text
	}
	if written := f.Source.Text(v.Span); written != v.Text || !v.Known {
		s += "<" + written + ">"
	}
	return s
}

// dump renders what was read: a line for each combination's runner and emulators, one for each build, with "!" after
// platforms that are emulated, and one for each problem.
func dump(f *File) []string {
	var out []string
	line := ""
	value := func(name string, v Value) {
		if v.IsSet() {
			line += " " + name + "=" + show(f, v)
		}
	}
	list := func(name string, vs []Value, mark func(Value) string) {
		if len(vs) == 0 {
			return
		}
		parts := make([]string, len(vs))
		for i, v := range vs {
			parts[i] = show(f, v)
			if mark != nil {
				parts[i] += mark(v)
			}
		}
		line += " " + name + "[" + strings.Join(parts, " ") + "]"
	}
	for _, j := range f.Jobs {
		if j.Uses.IsSet() {
			out = append(out, j.ID+" uses "+show(f, j.Uses))
		}
		for _, c := range j.Combinations {
			line = j.ID + " on " + c.Runner.OS + "/" + c.Runner.Arch
			for _, name := range sortedKeys(c.Matrix) {
				line += " " + name + "=" + c.Matrix[name].Text
			}
			if c.Opaque {
				line += " opaque"
			}
			if !c.Remote.IsEmpty() {
				line += " remote=" + f.Source.Text(c.Remote)
			}
			for _, e := range c.Emulators {
				line += " qemu=" + f.Source.Text(e.Span)
				list("for", e.Platforms, nil)
			}
			out = append(out, line)
			for _, b := range c.Builds {
				line = "  " + string(b.Tool)
				value("context", b.Context)
				value("file", b.Dockerfile)
				value("stage", b.Stage)
				value("call", b.Call)
				list("platforms", b.Platforms, func(v Value) string {
					if v.Known && b.Emulated(v.Text) {
						return "!"
					}
					return ""
				})
				var args []string
				for _, name := range sortedKeys(b.Args) {
					args = append(args, name+"="+show(f, b.Args[name]))
				}
				if args != nil {
					line += " args[" + strings.Join(args, " ") + "]"
				}
				list("allow", b.Allow, nil)
				if b.Bake != nil {
					value("dir", b.Bake.Dir)
					list("files", b.Bake.Files, nil)
					list("targets", b.Bake.Targets, nil)
					for _, o := range b.Bake.Set {
						line += " set " + o.Target + "." + o.Key + "=" + show(f, o.Value)
					}
				}
				if d, ok := b.DockerfilePath(); ok {
					line += " -> " + d
				}
				if b.Open {
					line += " open"
				}
				if b.Remote {
					line += " remote"
				}
				out = append(out, line)
			}
		}
	}
	for _, p := range f.Problems {
		out = append(out, fmt.Sprintf("%s %q: %s", p.Kind, f.Source.Text(p.Span), p.Message))
	}
	return out
}

var cases = []struct{ name, in, want string }{
	{"emulated", job(`
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: docker/setup-qemu-action@v3
      - uses: docker/build-push-action@v6
        with:
          context: .
          file: docker/Dockerfile
          target: release
          platforms: linux/amd64,linux/arm64
          build-args: |
            A=b
            C=d=e
            FROM_ENV
          allow: security.insecure
`), `
j on linux/amd64 qemu=docker/setup-qemu-action@v3
  docker/build-push-action context=. file=docker/Dockerfile stage=release platforms[linux/amd64 linux/arm64!] args[A=b C=d=e FROM_ENV=?<FROM_ENV>] allow[security.insecure] -> docker/Dockerfile`},
	{"no emulator", job(`
    runs-on: ubuntu-24.04
    steps:
      - uses: docker/build-push-action@v6
        with: {platforms: "linux/amd64, linux/arm64"}
`), `
j on linux/amd64
  docker/build-push-action platforms[linux/amd64 linux/arm64] -> Dockerfile`},
	{"emulator of other platforms, and too late", job(`
    runs-on: ubuntu-24.04
    steps:
      - uses: docker/setup-qemu-action@v3
        with: {platforms: "riscv64,arm"}
      - uses: docker/build-push-action@v6
        with: {platforms: "linux/arm64,linux/arm/v7,linux/riscv64,linux/386"}
      - uses: docker/setup-qemu-action@v3
`), `
j on linux/amd64 qemu=docker/setup-qemu-action@v3 for[riscv64 arm] qemu=docker/setup-qemu-action@v3
  docker/build-push-action platforms[linux/arm64 linux/arm/v7! linux/riscv64! linux/386] -> Dockerfile`},
	{"platforms on lines", job(`
    runs-on: ubuntu-24.04
    steps:
      - uses: docker/setup-qemu-action@v3
      - uses: docker/build-push-action@v6
        with:
          platforms: |
            linux/amd64
            linux/arm64 # slow
            # linux/s390x
`), `
j on linux/amd64 qemu=docker/setup-qemu-action@v3
  docker/build-push-action platforms[linux/amd64 linux/arm64!] -> Dockerfile`},
	{"native runners by matrix", job(`
    runs-on: ${{ matrix.runner }}
    strategy:
      matrix:
        include:
          - {platform: linux/amd64, runner: ubuntu-latest}
          - {platform: linux/arm64, runner: ubuntu-24.04-arm}
    steps:
      - uses: docker/setup-qemu-action@v3
      - uses: docker/build-push-action@v6
        with: {platforms: "${{ matrix.platform }}"}
`), `
j on linux/amd64 platform=linux/amd64 runner=ubuntu-latest qemu=docker/setup-qemu-action@v3
  docker/build-push-action platforms[linux/amd64] -> Dockerfile
j on linux/arm64 platform=linux/arm64 runner=ubuntu-24.04-arm qemu=docker/setup-qemu-action@v3
  docker/build-push-action platforms[linux/arm64] -> Dockerfile`},
	{"runner by expression", job(`
    runs-on: ${{ matrix.arch == 'arm64' && 'ubuntu-24.04-arm' || 'ubuntu-24.04' }}
    strategy:
      matrix:
        arch: [amd64, arm64]
    steps:
      - uses: docker/setup-qemu-action@v3
        if: matrix.arch == 'amd64'
      - uses: docker/build-push-action@v6
        with:
          platforms: linux/${{ matrix.arch }},linux/s390x
          file: ${{ matrix.arch }}.Dockerfile
`), `
j on linux/amd64 arch=amd64 qemu=docker/setup-qemu-action@v3
  docker/build-push-action file=amd64.Dockerfile<${{ matrix.arch }}.Dockerfile> platforms[linux/amd64<linux/${{ matrix.arch }}> linux/s390x!] -> amd64.Dockerfile
j on linux/arm64 arch=arm64
  docker/build-push-action file=arm64.Dockerfile<${{ matrix.arch }}.Dockerfile> platforms[linux/arm64<linux/${{ matrix.arch }}> linux/s390x] -> arm64.Dockerfile`},
	{"list in the matrix", job(`
    runs-on: ubuntu-latest
    strategy:
      matrix:
        image:
          - {name: a, platforms: "linux/amd64,linux/arm64"}
          - {name: b, platforms: linux/amd64}
    steps:
      - uses: docker/setup-qemu-action@v3
      - uses: docker/build-push-action@v6
        with:
          context: images/${{ matrix.image.name }}
          platforms: ${{ matrix.image.platforms }}
`), `
j on linux/amd64 qemu=docker/setup-qemu-action@v3
  docker/build-push-action context=images/a<images/${{ matrix.image.name }}> platforms[linux/amd64 linux/arm64!] -> images/a/Dockerfile
j on linux/amd64 qemu=docker/setup-qemu-action@v3
  docker/build-push-action context=images/b<images/${{ matrix.image.name }}> platforms[linux/amd64] -> images/b/Dockerfile`},
	{"environment", `
env:
  PLATFORMS: linux/amd64,linux/arm64
  DIR: images
jobs:
  j:
    runs-on: ubuntu-latest
    env:
      DIR: other
      CHANGED: x
    steps:
      - run: echo "CHANGED=y" >> $GITHUB_ENV
      - uses: docker/build-push-action@v6
        env: {STEP: s}
        with:
          platforms: ${{ env.PLATFORMS }}
          context: ${{ env.DIR }}/${{ env.STEP }}
          target: ${{ env.CHANGED }}
`, `
j on linux/amd64
  docker/build-push-action context=other/s<${{ env.DIR }}/${{ env.STEP }}> stage=?<${{ env.CHANGED }}> platforms[linux/amd64 linux/arm64] -> other/s/Dockerfile`},
	{"what is not known", job(`
    runs-on: ${{ inputs.runner }}
    strategy:
      matrix: ${{ fromJSON(needs.prepare.outputs.matrix) }}
    steps:
      - uses: docker/setup-qemu-action@v3
      - uses: docker/build-push-action@v6
        with:
          file: ${{ matrix.file }}
          platforms: ${{ matrix.platforms }}
          build-args: |
            A=${{ secrets.A }}
            ${{ inputs.more }}
`), `
j on / opaque qemu=docker/setup-qemu-action@v3
  docker/build-push-action file=?<${{ matrix.file }}> platforms[?<${{ matrix.platforms }}>] args[A=?<${{ secrets.A }}>] open`},
	{"remote builders", job(`
    runs-on: ubuntu-latest
    steps:
      - uses: docker/setup-qemu-action@v3
      - uses: docker/setup-buildx-action@v3
        with:
          append: |
            - endpoint: ssh://me@arm
              platforms: linux/arm64
      - uses: docker/build-push-action@v6
        with: {platforms: linux/arm64}
`), `
j on linux/amd64 remote=docker/setup-buildx-action@v3 qemu=docker/setup-qemu-action@v3
  docker/build-push-action platforms[linux/arm64] -> Dockerfile remote`},
	{"a local builder", job(`
    runs-on: ubuntu-latest
    steps:
      - uses: docker/setup-qemu-action@v3
      - uses: docker/setup-buildx-action@v3
        with: {driver: docker-container}
      - uses: depot/build-push-action@v1
        with: {platforms: linux/arm64}
      - uses: docker/build-push-action@v6
        with: {platforms: linux/arm64}
`), `
j on linux/amd64 qemu=docker/setup-qemu-action@v3
  docker/build-push-action platforms[linux/arm64] -> Dockerfile remote
  docker/build-push-action platforms[linux/arm64!] -> Dockerfile`},
	{"bake", job(`
    runs-on: ubuntu-latest
    steps:
      - uses: docker/bake-action@v6
        with:
          source: ./sub
          files: |
            ./docker-bake.hcl
            cwd://${{ steps.meta.outputs.bake-file }}
          targets: app,db
          set: |
            *.platform=linux/amd64,linux/arm64
            app.args.VERSION=${{ github.sha }}
            app.tags+=x
      - uses: docker/bake-action@v5
        with: {workdir: old}
      - uses: docker/bake-action@v6
        with: {source: "{{defaultContext}}:git"}
      - uses: docker/bake-action@v6
        with: {source: "https://github.com/a/b.git"}
`), `
j on linux/amd64
  docker/bake-action dir=sub<./sub> files[./docker-bake.hcl ?<cwd://${{ steps.meta.outputs.bake-file }}>] targets[app db] set *.platform=linux/amd64,linux/arm64 set app.args.VERSION=?<${{ github.sha }}> set app.tags=x
  docker/bake-action dir=old
  docker/bake-action dir=git<{{defaultContext}}:git>
  docker/bake-action dir=?<https://github.com/a/b.git>`},
	{"scripts", job(`
    runs-on: ubuntu-latest
    env: {IMAGE: app}
    steps:
      - run: docker run --privileged --rm tonistiigi/binfmt:latest --install arm64,riscv64
      - run: |
          set -e
          # docker build comment
          VERSION=1
          docker buildx build --push \
            --platform linux/amd64,linux/arm64 \
            -f docker/$IMAGE.Dockerfile --target=dev --build-arg "VERSION=$VERSION" \
            --build-arg OTHER=$(date) --tag x:y --allow security.insecure \
            ./ctx
          cd sub && sudo docker build -t 'a b' .
          docker build -
      - run: docker buildx bake -f a.hcl --set '*.platform=linux/arm64' web
        working-directory: w
`), `
j on linux/amd64 qemu=tonistiigi/binfmt:latest for[arm64 riscv64]
  docker build context=./ctx file=docker/app.Dockerfile<docker/$IMAGE.Dockerfile> stage=dev platforms[linux/amd64 linux/arm64!] args[OTHER=?<$(date)> VERSION=1<$VERSION>] allow[security.insecure] -> docker/app.Dockerfile
  docker build context=. -> sub/Dockerfile
  docker build context=-
  docker buildx bake dir=w<> files[a.hcl] targets[web] set *.platform=linux/arm64`},
	{"scripts that are not known", job(`
    runs-on: ubuntu-latest
    steps:
      - run: |
          for p in a b; do
            docker build --platform "$p" -f $p/Dockerfile .
          done
          docker build $ARGS -t x .
          pushd x
          docker build .
      - run: docker build ${{ inputs.flags }} --platform ${{ inputs.platform }} dir
      - run: docker build .
        shell: pwsh
      - run: "docker build --platform=linux/arm64 'unclosed"
`), `
j on linux/amd64
  docker build context=. file=?<$p/Dockerfile> platforms[?<$p>]
  docker build context=. open
  docker build context=.
  docker build context=dir platforms[?<${{ inputs.platform }}>] open
  docker build context=?<'unclosed> platforms[linux/arm64] open`},
	{"an ARM runner", job(`
    runs-on: ubuntu-24.04-arm
    steps:
      - uses: docker/setup-qemu-action@v3
      - uses: docker/build-push-action@v6
        with: {platforms: "linux/arm64,linux/arm/v7,linux/amd64,linux/386,windows/amd64,linux/unheard-of"}
`), `
j on linux/arm64 qemu=docker/setup-qemu-action@v3
  docker/build-push-action platforms[linux/arm64 linux/arm/v7 linux/amd64! linux/386! windows/amd64 linux/unheard-of] -> Dockerfile`},
	{"commands that may not run", job(`
    runs-on: ubuntu-latest
    steps:
      - run: |
          false || cd sub
          docker build .
      - run: |
          P=linux/arm64
          docker build --platform $P .
      - run: |
          if [ x ]; then P=linux/arm64; fi
          docker build --platform $P .
      - run: |
          P=a
          P=b
          docker build --platform $P .
      - run: (cd sub; docker build .); docker build .
`), `
j on linux/amd64
  docker build context=.
  docker build context=. platforms[linux/arm64<$P>] -> Dockerfile
  docker build context=. platforms[?<$P>] -> Dockerfile
  docker build context=. platforms[?<$P>] -> Dockerfile
  docker build context=. -> sub/Dockerfile
  docker build context=. -> Dockerfile`},
	{"contexts from elsewhere", job(`
    runs-on: ubuntu-latest
    steps:
      - run: |
          docker build -f docker/Dockerfile https://github.com/a/b.git
          docker build -f docker/Dockerfile $DIR
          docker build -f docker/Dockerfile
      - uses: docker/build-push-action@v6
        with: {context: "https://github.com/a/b.git", file: Dockerfile}
      - uses: docker/build-push-action@v6
        with: {context: "{{defaultContext}}:sub", file: ../Dockerfile}
      - uses: docker/build-push-action@v6
        with: {context: "..", file: Dockerfile}
`), `
j on linux/amd64
  docker build context=https://github.com/a/b.git file=docker/Dockerfile
  docker build context=?<$DIR> file=docker/Dockerfile open
  docker build file=docker/Dockerfile
  docker/build-push-action context=https://github.com/a/b.git file=Dockerfile
  docker/build-push-action context={{defaultContext}}:sub file=../Dockerfile -> Dockerfile
  docker/build-push-action context=.. file=Dockerfile`},
	{"other tools", job(`
    runs-on: [self-hosted, linux, X64]
    steps:
      - run: |
          sudo apt-get install -y qemu-user-static
          buildah bud --arch arm64 -f Containerfile
          podman build --platform=linux/arm64 -t x ctx
          docker --context far build --platform linux/arm64 .
          docker buildx create --driver remote tcp://x
`), `
j on linux/amd64 remote=docker buildx create --driver remote tcp://x qemu=qemu-user-static
  buildah build context=.<buildah bud --arch arm64 -f Containerfile> file=Containerfile platforms[linux/arm64<arm64>] -> Containerfile remote
  podman build context=ctx platforms[linux/arm64] -> ctx/Dockerfile remote
  docker build context=. platforms[linux/arm64] -> Dockerfile remote`},
	{"checkouts", job(`
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {path: src}
      - uses: actions/checkout@v4
        with: {path: lib, repository: a/lib}
      - uses: docker/build-push-action@v6
        with: {context: src/app}
      - uses: docker/build-push-action@v6
        with: {context: lib}
      - run: cd src && docker build -f d/Dockerfile .
`) + `
  k:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {repository: other/one}
      - uses: docker/build-push-action@v6
        with: {context: .}
      - uses: docker/build-push-action@v6
`, `
j on linux/amd64
  docker/build-push-action context=src/app -> app/Dockerfile
  docker/build-push-action context=lib
  docker build context=. file=d/Dockerfile -> d/Dockerfile
k on linux/amd64
  docker/build-push-action context=.
  docker/build-push-action -> Dockerfile`},
	{"never", job(`
    if: false
    runs-on: ubuntu-latest
    steps: [{uses: docker/build-push-action@v6}]
`) + `
  k:
    runs-on: ubuntu-latest
    steps:
      - if: ${{ false }}
        uses: docker/build-push-action@v6
      - if: github.ref == 'x' || always()
        uses: docker/build-push-action@v6
        with: {call: check}
  l:
    uses: ./.github/workflows/build.yml
`, `
k on linux/amd64
  docker/build-push-action call=check -> Dockerfile
l uses ./.github/workflows/build.yml
l on /`},
	{"anchors", `
jobs:
  a: &job
    runs-on: ubuntu-latest
    steps: &steps
      - uses: docker/build-push-action@v6
  b:
    <<: *job
    runs-on: ubuntu-24.04-arm
  c:
    runs-on: [self-hosted]
    steps: *steps
`, `
a on linux/amd64
  docker/build-push-action -> Dockerfile
b on linux/arm64
  docker/build-push-action -> Dockerfile
c on /
  docker/build-push-action -> Dockerfile`},
	{"broken", job(`
    runs-on: ubuntu-latest
    steps:
      - run: |
        docker build .
      - uses: docker/build-push-action@v6
        with:
          platforms: linux/arm64
         context: x
      - oops
  k: nothing
`), `
j on linux/amd64
  docker/build-push-action platforms[linux/arm64] -> Dockerfile
yaml-syntax "docker build .": "docker build ." is not a key, which needs a colon and a blank after it
yaml-syntax "context: x": this line is indented deeper than the keys before it and belongs to none of them
workflow-shape "oops": a step must be a mapping
workflow-shape "k: nothing": job "k" must be a mapping`},
	{"no workflow", "- a\n", `workflow-shape "- a": a workflow must be a mapping`},
	{"no jobs", "name: x\n", ``},
}

func TestParse(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(dump(parse(c.in)), "\n")
			if diff := cmp.Diff(strings.TrimSpace(c.want), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestLineEnds reads the cases with CRLF and a byte order mark; the values must be the same, and their spans fit.
func TestLineEnds(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(dump(parse("\xef\xbb\xbf"+strings.ReplaceAll(c.in, "\n", "\r\n"))), "\n")
			if diff := cmp.Diff(strings.TrimSpace(c.want), strings.ReplaceAll(got, "\r\n", "\n")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestMatrix(t *testing.T) {
	for _, c := range []struct {
		matrix string
		want   []string
	}{
		{"{a: [1, 2], b: [x, y]}", []string{"a=1 b=x", "a=1 b=y", "a=2 b=x", "a=2 b=y"}},
		{"{a: [1, 2], b: [x, y], exclude: [{a: 1, b: y}, {a: 2}]}", []string{"a=1 b=x"}},
		// The example of GitHub's documentation of include.
		{`{fruit: [apple, pear], animal: [cat, dog], include: [{color: green}, {color: pink, animal: cat}, {fruit: ` +
			`apple, shape: circle}, {fruit: banana}, {fruit: banana, animal: cat}]}`, []string{
			"animal=cat color=pink fruit=apple shape=circle", "animal=dog color=green fruit=apple shape=circle",
			"animal=cat color=pink fruit=pear", "animal=dog color=green fruit=pear", "fruit=banana",
			"animal=cat fruit=banana"}},
		{"{include: [{a: 1}, {b: 2}]}", []string{"a=1", "b=2"}},
		{`{a: "${{ fromJSON('[\"x\", \"y\"]') }}"}`, []string{"a=x", "a=y"}},
		{"{a: [1], b: \"${{ fromJSON(inputs.b) }}\"}", []string{"a=1"}},
		{"{a: [1.10, '1.10', true, null]}", []string{"a=1.1", "a=1.10", "a=true", "a="}},
		{"${{ fromJSON(inputs.m) }}", []string{"opaque"}},
		{"{a: [" + strings.Repeat("1,", 20) + "], b: [" + strings.Repeat("1,", 20) + "]}", []string{"opaque"}},
	} {
		f := parse("jobs:\n  j:\n    runs-on: x\n    strategy:\n      matrix: " + c.matrix + "\n")
		var got []string
		for _, c := range f.Jobs[0].Combinations {
			var parts []string
			for _, name := range sortedKeys(c.Matrix) {
				parts = append(parts, name+"="+c.Matrix[name].Text)
			}
			if c.Opaque {
				parts = append(parts, "opaque")
			}
			got = append(got, strings.Join(parts, " "))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.matrix, diff)
		}
	}
}

func TestExpressions(t *testing.T) {
	f := parse(`
m: {os: Linux, n: 3, t: true, e: '', list: [a, B], deep: {x: {y: z}}, s: "3"}
`)
	sc := &scope{file: f.Source, runner: Runner{OS: "linux", Arch: "amd64"}, matrix: map[string]val{}}
	for p := range yamltree.Parse(f.Source).Root().Get("m").All() {
		sc.matrix[p.Key.Text] = sc.node(p.Value)
	}
	for expr, want := range map[string]string{
		"'a'": "a", "'it''s'": "it's", "3": "3", "-2.5e1": "-25", "0x10": "16", "true": "true", "null": "",
		"1 == 1.0":  "true",
		"matrix.os": "Linux", "matrix['os']": "Linux", "MATRIX.OS": "Linux", "matrix.deep.x.y": "z",
		"matrix.deep['x'].y": "z", "matrix.none": "", "matrix.none.x": "",
		"matrix.list[1]": "B", "matrix.list[7]": "", "matrix.os == 'linux'": "true", "matrix.n == '3'": "true",
		"matrix.s == 3": "true",
		"matrix.e == 0": "true", "matrix.t == 1": "true", "matrix.os == 0": "false", "!matrix.t": "false",
		"!!matrix.t": "true", "matrix.os != 'x'": "true",
		"matrix.os == 'x' && 'a' || 'b'": "b", "matrix.os == 'linux' && 'a' || 'b'": "a", "(1 < 2) == true": "true",
		"2 >= 3": "false", "'a' < 'B'": "true",
		"contains(matrix.list, 'b')": "true", "contains('Hello', 'ell')": "true",
		"startsWith(matrix.os, 'LIN')": "true", "endsWith('x.yml', '.yml')": "true",
		"format('{0}-{1}{{}}', matrix.os, 7)": "Linux-7{}", "fromJSON('{\"a\":[1,2]}').a[1]": "2",
		"fromJSON('true')": "true", "always()": "true",
		"false && inputs.x": "false", "true || inputs.x": "true", "github.workspace": ".", "runner.arch": "X64",
		"runner.os": "Linux",
		"inputs.x":  "?", "inputs.x && 'a'": "?", "inputs.x || 'a'": "?", "inputs.x == 'a'": "?", "!inputs.x": "?",
		"matrix.list.*": "?", "matrix[inputs.x]": "?",
		"github.ref": "?", "hashFiles('x')": "?", "matrix.list": "?", "": "?", "'a": "?", "matrix.": "?", "(1": "?",
		"1 2": "?", "a b": "?",
		"contains(inputs.x, 'a')": "?", "format('{3}')": "?", "fromJSON('[')": "?", "\"a\"": "?", "matrix.os ==": "?",
		strings.Repeat("(", 100) + "1" + strings.Repeat(")", 100): "?",
	} {
		got, ok := sc.eval(expr).string()
		if !ok {
			got = "?"
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", expr, got, want)
		}
	}
}

func TestRunners(t *testing.T) {
	for labels, want := range map[string]string{
		"ubuntu-latest": "linux/amd64", "ubuntu-22.04": "linux/amd64", "ubuntu-24.04-arm": "linux/arm64",
		"ubuntu-slim":            "linux/amd64",
		"ubuntu-latest-16-cores": "linux/", "windows-latest": "windows/amd64", "windows-2025-vs2026": "windows/amd64",
		"windows-11-arm": "windows/arm64",
		"macos-latest":   "macos/arm64", "macos-13": "macos/amd64", "macos-14": "macos/arm64",
		"macos-15-intel": "macos/amd64", "macos-14-large": "macos/amd64",
		"macos-13-xlarge": "macos/arm64", "self-hosted": "/", "self-hosted linux X64": "linux/amd64",
		"self-hosted Linux ARM64": "linux/arm64", "self-hosted linux ARM": "linux/",
		"namespace-profile-default-arm64": "/arm64", "buildjet-4vcpu-ubuntu-2204-arm": "linux/arm64",
		"buildjet-4vcpu-ubuntu-2204": "linux/", "warp-ubuntu-latest-x64-4x": "linux/amd64",
		"my-x86_64-box": "/amd64", "arm64-builder-for-amd64": "/", "X64 ARM64": "/", "nix-enabled-runners": "/",
		"alarm": "/", "ubuntu-latest-arm64-xl": "linux/arm64",
	} {
		var vs []Value
		for _, l := range strings.Fields(labels) {
			vs = append(vs, Value{Text: l, Known: true})
		}
		if r := newRunner(vs, true); r.OS+"/"+r.Arch != want {
			t.Errorf("%s: got %s/%s, want %s", labels, r.OS, r.Arch, want)
		}
	}
	if r := newRunner([]Value{{Text: ""}}, true); r.Arch != "" || r.OS != "" {
		t.Error("a label that is not known is judged")
	}
	f := parse("jobs:\n  a: {runs-on: {group: g, labels: [ubuntu-24.04-arm]}}\n  b: {runs-on: {group: g}}\n" +
		"  c: {runs-on: \"ubuntu-24.04${{ inputs.suffix }}\"}\n")
	var got []string
	for _, j := range f.Jobs {
		got = append(got, j.Combinations[0].Runner.Arch)
	}
	if diff := cmp.Diff([]string{"arm64", "", ""}, got); diff != "" {
		t.Error(diff)
	}
}

func TestPlatforms(t *testing.T) {
	for p, want := range map[string]string{
		"linux/amd64": "linux amd64", "linux/arm/v7": "linux arm", "linux/arm64/v8": "linux arm64",
		"linux/arm/v8": "linux arm64", "arm64": "linux arm64",
		"aarch64": "linux arm64", "linux/i386": "linux 386", "windows/amd64": "windows amd64",
		"linux/riscv64": "linux riscv64", "linux/z80": "linux ", "": "linux ",
	} {
		if os, arch := splitPlatform(p); os+" "+arch != want {
			t.Errorf("%s: %s %s", p, os, arch)
		}
	}
	for _, c := range []struct {
		runner, arch string
		want         answer
	}{{"amd64", "386", yes}, {"amd64", "arm64", no}, {"arm64", "arm", unsure}, {"arm64", "amd64", no},
		{"", "arm64", unsure}, {"amd64", "", unsure}} {
		if got := (Runner{Arch: c.runner}).runs(c.arch); got != c.want {
			t.Errorf("%s on %s: %v", c.arch, c.runner, got)
		}
	}
}

func TestBuilds(t *testing.T) {
	f := parse(job(`
    runs-on: ubuntu-latest
    strategy:
      matrix: {go: [1, 2, 3], dir: [a, b]}
    steps:
      - uses: docker/build-push-action@v6
        with: {context: "${{ matrix.dir }}"}
`))
	var got []string
	for _, b := range f.Builds() {
		got = append(got, b.Context.Text)
	}
	if diff := cmp.Diff([]string{"a", "b"}, got); diff != "" {
		t.Error(diff)
	}
	if n := len(f.Jobs[0].Combinations); n != 6 {
		t.Errorf("%d combinations", n)
	}
	b := f.Builds()[0]
	if dir, ok := b.ContextPath(); dir != "a" || !ok || !b.Runs() {
		t.Error("ContextPath or Runs is wrong")
	}
}

func TestSteps(t *testing.T) {
	f := parse(job(`
    steps:
      - uses: DeterminateSystems/nix-installer-action@main
        with:
          Extra-Conf: |
            filter-syscalls = false
            token = ${{ secrets.T }}
      - run: echo ${{ inputs.x }} end
`))
	s := f.Jobs[0].Steps
	if s[0].Action() != "determinatesystems/nix-installer-action" || s[1].Action() != "" || s[0].Script() != nil ||
		s[1].Input("x") != nil {
		t.Error("the steps are not recognised")
	}
	fr := s[0].Input("extra-conf")
	if want := "filter-syscalls = false\ntoken = x\n"; string(fr.Text) != want {
		t.Errorf("text %q", fr.Text)
	}
	at := strings.Index(string(fr.Text), "filter")
	word := source.Span{Start: at, End: at + len("filter-syscalls")}
	secret := source.Span{Start: len(fr.Text) - 2, End: len(fr.Text) - 1}
	if f.Source.Text(fr.Span(word)) != "filter-syscalls" || !fr.Known(word) || fr.Known(secret) ||
		f.Source.Text(fr.Span(secret)) != "${{ secrets.T }}" {
		t.Error("the fragment of an input is wrong")
	}
	if script := s[1].Script(); string(script.Text) != "echo x end" ||
		f.Source.Text(script.Span(source.Span{Start: 7, End: 10})) != "end" {
		t.Errorf("script %q", script.Text)
	}
}

func TestHostile(t *testing.T) {
	step := "      - run: docker build ${{ matrix.a }} .\n"
	for name, in := range map[string]string{
		"nested shell": job("    runs-on: x\n    steps:\n      - run: docker " + strings.Repeat("$(", 30000) + "\n"),
		"braces":       job("    runs-on: x\n    steps:\n      - run: docker " + strings.Repeat("{ ", 30000) + "\n"),
		"expressions":  job("    runs-on: x\n    steps:\n      - run: docker " + strings.Repeat("${{ ", 100000) + "\n"),
		"operators":    job("    runs-on: ${{ " + strings.Repeat("!", 100000) + "1 }}\n"),
		"parentheses":  job("    runs-on: ${{ " + strings.Repeat("(", 100000) + " }}\n"),
		"many": job("    runs-on: x\n    strategy: {matrix: {a: [" + strings.Repeat("1,", 250) +
			"]}}\n    steps:\n" + strings.Repeat(step, 3000)),
		"doubling": "env:\n  A0: aaaaaaaaaaaaaaaa\n" + doubling(40) + "jobs: {j: {runs-on: \"${{ env.A40 }}\"}}\n",
		"self":     "jobs: &a\n  x: *a\n  y: {strategy: &s {matrix: {a: [*s], include: [*s]}}, steps: [*a]}\n",
	} {
		f := parse(in)
		for _, p := range f.Problems {
			if p.Kind == KindSize && name != "many" {
				t.Errorf("%s: %v", name, p)
			}
		}
	}
}

// doubling returns variables each of which has the text of the one before it twice.
func doubling(n int) string {
	var sb strings.Builder
	for i := range n {
		fmt.Fprintf(&sb, "  A%d: ${{ env.A%d }}${{ env.A%d }}\n", i+1, i, i)
	}
	return sb.String()
}

func FuzzParse(f *testing.F) {
	for _, c := range cases {
		f.Add([]byte(c.in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		file := source.NewFile(".github/workflows/ci.yml", in)
		got := Parse(file)
		inside := func(what string, s source.Span) {
			if s.Start < 0 || s.End < s.Start || s.End > len(in) {
				t.Fatalf("%s: span %v in %d bytes", what, s, len(in))
			}
		}
		for _, p := range got.Problems {
			inside(p.Message, p.Span)
		}
		check := func(vs ...Value) {
			for _, v := range vs {
				inside(v.Text, v.Span)
				if !v.Known && v.Text != "" {
					t.Fatalf("an unknown value has a text: %+v", v)
				}
			}
		}
		for _, j := range got.Jobs {
			inside(j.ID, j.Span)
			inside(j.ID, j.IDSpan)
			for _, s := range j.Steps {
				inside(s.Uses.Text, s.Span)
				s.Script()
				s.Input("platforms")
			}
			for _, c := range j.Combinations {
				check(c.Runner.Labels...)
				inside(j.ID, c.Remote)
				for _, v := range c.Matrix {
					check(v)
				}
				for _, e := range c.Emulators {
					inside(j.ID, e.Span)
					check(e.Platforms...)
				}
				for _, b := range c.Builds {
					inside(j.ID, b.Span)
					check(slices.Concat([]Value{b.Context, b.Dockerfile, b.Stage, b.Call}, b.Platforms, b.Allow)...)
					for _, v := range b.Args {
						check(v)
					}
					if b.Bake != nil {
						check(slices.Concat([]Value{b.Bake.Dir}, b.Bake.Files, b.Bake.Targets)...)
						for _, o := range b.Bake.Set {
							check(o.Value)
						}
					}
					b.DockerfilePath()
					b.ContextPath()
					b.Emulated("linux/arm64")
				}
			}
		}
		got.Builds()
		if diff := cmp.Diff(dump(got), dump(Parse(file))); diff != "" {
			t.Fatalf("the same text gives another result: %s", diff)
		}
	})
}
