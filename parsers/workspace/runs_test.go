package workspace

import (
	"strings"
	"testing"
)

// steps are a workflow's job that registers QEMU and builds with the given platforms.
func steps(on, jobs, platforms string) string {
	return on + "\njobs:\n  b:\n    runs-on: ubuntu-latest\n" + jobs + "    steps:\n" +
		"      - uses: docker/setup-qemu-action@v3\n" +
		"      - uses: docker/build-push-action@v6\n        with:\n          context: .\n" +
		"          platforms: " + platforms + "\n"
}

// bakes is a workflow that registers QEMU and runs bake with the given inputs.
func bakes(with string) string {
	return "on: push\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n" +
		"      - uses: docker/setup-qemu-action@v3\n" +
		"      - uses: docker/bake-action@v6\n        with:\n          " + with + "\n"
}

// emulations opens the Dockerfile of a project, and returns each platform that it is emulated for, with why.
func emulations(t *testing.T, project map[string]string) []string {
	t.Helper()
	all := map[string]string{".git/": ""}
	for name, text := range project {
		all[name] = text
	}
	if all["Dockerfile"] == "" {
		all["Dockerfile"] = "FROM nixos/nix\nRUN nix-build\n"
	}
	w, err := Load(Options{Dir: makeTree(t, all), Paths: []string{"Dockerfile"}, Targets: DefaultTargets()})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := w.Open(w.Entries[0])
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, img := range doc.Dockerfile.Images {
		for _, p := range img.Platforms() {
			if p.Emulated {
				s := p.Name + " (" + p.Why + ")"
				if p.Call != nil {
					s += " from " + p.Call.File.Path
				}
				out = append(out, s)
			}
		}
	}
	return out
}

// TestRuns checks in which runs of a workflow a platform is emulated.
func TestRuns(t *testing.T) {
	const why = "linux/arm64 (platforms of a workflow's build, with QEMU"
	const build, gitlab = ".github/workflows/b.yml", ".gitlab-ci.yml"
	tests := []struct {
		name  string
		files map[string]string
		want  string
	}{
		{
			name: "the event decides",
			files: map[string]string{build: steps("on: [push, pull_request]", "",
				"${{ github.event_name == 'pull_request' && 'linux/amd64' || 'linux/amd64,linux/arm64' }}")},
			want: why + ", for the event push)",
		},
		{
			name: "no event of the workflow",
			files: map[string]string{build: steps("on: [push, pull_request]", "",
				"${{ github.event_name == 'release' && 'linux/amd64,linux/arm64' || 'linux/amd64' }}")},
		},
		{
			name: "the event decides about the machine too",
			files: map[string]string{build: steps("on: [push, pull_request]",
				"    if: github.event_name != 'pull_request'\n",
				"${{ github.event_name == 'pull_request' && 'linux/arm64' || 'linux/amd64' }}")},
		},
		{
			name: "machine and platform agree in every run",
			files: map[string]string{build: "on: push\njobs:\n  b:\n" +
				"    runs-on: ${{ github.ref == 'refs/heads/main' && 'ubuntu-24.04-arm' || 'ubuntu-24.04' }}\n" +
				"    steps:\n" +
				"      - uses: docker/setup-qemu-action@v3\n      - uses: docker/build-push-action@v6\n" +
				"        with:\n" +
				"          platforms: ${{ github.ref == 'refs/heads/main' && 'linux/arm64' || 'linux/amd64' }}\n"},
		},
		{
			name: "a condition",
			files: map[string]string{build: steps("on: push", "",
				"${{ startsWith(github.ref, 'refs/tags/') && 'linux/amd64,linux/arm64' || 'linux/amd64' }}")},
			want: why + `, where "startsWith(github.ref, 'refs/tags/')" is true)`,
		},
		{
			name: "what another condition of the same run excludes",
			files: map[string]string{build: "on: push\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n" +
				"      - uses: docker/setup-qemu-action@v3\n      - uses: docker/build-push-action@v6\n" +
				"        if: ${{ github.ref == 'refs/heads/main' }}\n        with:\n          context: .\n" +
				"          platforms: linux/amd64${{ github.ref != 'refs/heads/main' && ',linux/arm64' || '' }}\n"},
		},
		{
			name: "format and environment",
			files: map[string]string{build: steps("on: push\nenv:\n"+
				"  ARCHS: ${{ github.ref == 'x' && 'arm64' || 'amd64' }}",
				"", "${{ format('linux/{0}', env.ARCHS) }}")},
			want: why + `, where "github.ref == 'x'" is true)`,
		},
		{
			name: "a matrix from JSON",
			files: map[string]string{build: steps("on: [push, pull_request]",
				"    strategy:\n      matrix:\n        platform: ${{ fromJSON(github.event_name == 'push' && "+
					"'[\"linux/amd64\",\"linux/arm64\"]' || '[\"linux/amd64\"]') }}\n", "${{ matrix.platform }}")},
			want: why + ", for the event push)",
		},
		{
			name: "the default of an input",
			files: map[string]string{build: steps("on:\n  workflow_dispatch:\n    inputs:\n      platforms:\n"+
				"        default: linux/amd64,linux/arm64\n", "", "${{ inputs.platforms }}")},
			want: why + `, with the default "linux/amd64,linux/arm64" of the input "platforms")`,
		},
		{
			name: "an option of an input",
			files: map[string]string{build: steps("on:\n  push:\n  workflow_dispatch:\n    inputs:\n      platforms:\n"+
				"        type: choice\n        options: [linux/amd64, linux/arm64]\n", "",
				"${{ github.event.inputs.platforms || 'linux/amd64' }}")},
			want: why + `, started by hand, with "linux/arm64" for the input "platforms")`,
		},
		{
			name: "the literals of callers",
			files: map[string]string{
				build: steps("on:\n  workflow_call:\n    inputs:\n      platforms: {default: 'linux/amd64'}\n", "",
					"${{ inputs.platforms }}"),
				".github/workflows/a.yml": "on: push\njobs:\n  one:\n    uses: ./.github/workflows/b.yml\n  two:\n" +
					"    uses: ./.github/workflows/b.yml\n    with:\n      platforms: linux/arm64\n",
			},
			want: why + ", called by .github/workflows/a.yml) from .github/workflows/a.yml",
		},
		{
			name: "callers replace the default",
			files: map[string]string{
				build: steps("on:\n  workflow_call:\n    inputs:\n      platforms: {default: 'linux/arm64'}\n", "",
					"${{ inputs.platforms }}"),
				".github/workflows/a.yml": "on: push\njobs:\n  two:\n" +
					"    uses: ./.github/workflows/b.yml\n    with:\n      platforms: linux/amd64\n",
			},
		},
		{
			name: "callers choose the machine as well",
			files: map[string]string{
				build: "on:\n  workflow_call:\n    inputs:\n      platform: {type: string, required: true}\n" +
					"      runner: {type: string, required: true}\njobs:\n  b:\n    runs-on: ${{ inputs.runner }}\n" +
					"    steps:\n" +
					"      - uses: docker/setup-qemu-action@v3\n" +
					"      - run: docker buildx build --platform ${{ inputs.platform }} .\n",
				".github/workflows/a.yml": "on: push\njobs:\n  one:\n    strategy:\n      matrix:\n        include:\n" +
					"          - {p: linux/amd64, r: ubuntu-24.04}\n" +
					"          - {p: linux/arm64, r: ubuntu-24.04-arm}\n" +
					"    uses: ./.github/workflows/b.yml\n    with:\n      platform: ${{ matrix.p }}\n" +
					"      runner: ${{ matrix.r }}\n",
			},
		},
		{
			name: "a call through a call",
			files: map[string]string{
				build: steps("on:\n  workflow_call:\n    inputs:\n      platforms: {type: string}\n",
					"", "${{ inputs.platforms }}"),
				".github/workflows/c.yml": "on:\n  workflow_call:\n    inputs:\n      p: {type: string}\n" +
					"jobs:\n  one:\n" +
					"    uses: ./.github/workflows/b.yml\n    with:\n      platforms: linux/amd64,${{ inputs.p }}\n",
				".github/workflows/d.yml": "on: push\njobs:\n  one:\n" +
					"    uses: ./.github/workflows/c.yml\n    with:\n      p: linux/arm64\n",
			},
			want: why + ") from .github/workflows/c.yml",
		},
		{
			name: "a composite action",
			files: map[string]string{
				build: "on: push\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n" +
					"      - uses: actions/checkout@v4\n" +
					"      - uses: ./.github/actions/image\n        with:\n          platforms: linux/arm64\n",
				".github/actions/image/action.yml": "name: x\ninputs:\n  platforms: {default: linux/amd64}\nruns:\n" +
					"  using: composite\n  steps:\n    - uses: docker/setup-qemu-action@v3\n" +
					"    - run: docker buildx build --platform ${{ inputs.platforms }} .\n      shell: bash\n",
			},
			want: why + ")",
		},
		{
			name: "a composite action on a machine of its own",
			files: map[string]string{
				build: "on: push\njobs:\n  b:\n    runs-on: ubuntu-24.04-arm\n    steps:\n" +
					"      - uses: ./.github/actions/image\n",
				".github/actions/image/action.yml": "name: x\ninputs:\n  platforms: {default: linux/arm64}\nruns:\n" +
					"  using: composite\n  steps:\n    - uses: docker/setup-qemu-action@v3\n" +
					"    - uses: docker/build-push-action@v6\n      with:\n" +
					"        platforms: ${{ inputs.platforms }}\n",
			},
		},
		{
			name:  "a workflow of Gitea, on a machine that is not known",
			files: map[string]string{".gitea/workflows/b.yml": steps("on: push", "", "linux/arm64")},
		},
		{
			name:  "a workflow of Gitea for two architectures",
			files: map[string]string{".gitea/workflows/b.yml": steps("on: push", "", "linux/amd64,linux/arm64")},
			want:  why + ")",
		},
		{
			name: "a machine of one's own for two architectures",
			files: map[string]string{build: strings.Replace(steps("on: push", "", "linux/amd64,linux/arm64"),
				"ubuntu-latest", "builders", 1)},
			want: why + ")",
		},
		{
			name: "bake, what an action gives it",
			files: map[string]string{
				build:             bakes("targets: app\n          set: |\n            *.platform=linux/arm64"),
				"docker-bake.hcl": "target \"app\" {\n  context = \".\"\n}\ntarget \"other\" {\n  context = \"o\"\n}\n",
			},
			want: "linux/arm64 (platforms that bake is given, with QEMU)",
		},
		{
			name: "bake, another target",
			files: map[string]string{
				build:             bakes("targets: other\n          set: |\n            *.platform=linux/arm64"),
				"docker-bake.hcl": "target \"app\" {\n  context = \".\"\n}\ntarget \"other\" {\n  context = \"o\"\n}\n",
			},
		},
		{
			name: "bake, another target's platform",
			files: map[string]string{
				build: bakes("set: |\n            other.platform=linux/arm64"),
				"docker-bake.hcl": "group \"default\" {\n  targets = [\"app\", \"other\"]\n}\n" +
					"target \"app\" {\n  context = \".\"\n}\ntarget \"other\" {\n  context = \"o\"\n}\n",
			},
		},
		{
			name: "bake, another Dockerfile by override",
			files: map[string]string{
				build: bakes("set: |\n            *.dockerfile=other/Dockerfile\n" +
					"            *.platform=linux/arm64"),
				"docker-bake.hcl": "target \"default\" {\n  context = \".\"\n}\n",
			},
		},
		{
			name: "bake, other files in another folder",
			files: map[string]string{
				build:           bakes("source: ci\n          files: |\n            images.hcl"),
				"ci/images.hcl": "target \"default\" {\n  context = \"..\"\n  platforms = [\"linux/arm64\"]\n}\n",
			},
			want: "linux/arm64 (platforms of a bake target, with QEMU)",
		},
		{
			name: "bake, a command in a folder",
			files: map[string]string{
				build: "on: push\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n" +
					"      - run: docker run --privileged --rm tonistiigi/binfmt --install arm64\n" +
					"      - run: docker buildx bake -f images.hcl --set '*.platform=linux/arm64' app\n" +
					"        working-directory: ci\n",
				"ci/images.hcl": "target \"app\" {\n  context = \"..\"\n}\n",
			},
			want: "linux/arm64 (platforms that bake is given, with QEMU)",
		},
		{
			name: "bake, a variable of the environment",
			files: map[string]string{
				build: strings.Replace(bakes("targets: app"), "jobs:", "env:\n  ARCHS: arm64\njobs:", 1),
				"docker-bake.hcl": "variable \"ARCHS\" { default = \"amd64\" }\nfunction \"platforms\" {\n" +
					"  params = [archs]\n  result = [for a in split(\",\", archs) : \"linux/${a}\"]\n}\n" +
					"target \"app\" {\n  platforms = platforms(ARCHS)\n}\n",
			},
			want: "linux/arm64 (platforms of a bake target, with QEMU)",
		},
		{
			name: "bake, native machines",
			files: map[string]string{
				build: "on: push\njobs:\n  b:\n    strategy:\n      matrix:\n        arch: [amd64, arm64]\n" +
					"    runs-on: ${{ matrix.arch == 'arm64' && 'ubuntu-24.04-arm' || 'ubuntu-24.04' }}\n    steps:\n" +
					"      - uses: docker/bake-action@v6\n        with:\n          set: |\n" +
					"            *.platform=linux/${{ matrix.arch }}\n",
				"docker-bake.hcl": "target \"default\" {\n  platforms = [\"linux/amd64\", \"linux/arm64\"]\n}\n",
			},
		},
		{
			name: "bake, services of Compose",
			files: map[string]string{
				build: bakes("files: compose.yaml"),
				"compose.yaml": "services:\n  app:\n    build:\n      context: .\n      x-bake:\n" +
					"        platforms: [linux/arm64]\n",
			},
			want: "linux/arm64 (platforms of a compose service for bake, with QEMU)",
		},
		{
			name: "bake, services of Compose without a workflow",
			files: map[string]string{
				"compose.yaml": "services:\n  app:\n    build:\n      context: .\n      x-bake:\n" +
					"        platforms:\n          - linux/amd64\n          - linux/arm64\n",
			},
			want: "linux/arm64 (platforms of a compose service for bake)",
		},
		{
			name: "bake, a function of the file that calls another",
			files: map[string]string{
				"docker-bake.hcl": "function \"one\" {\n  params = [a]\n  result = \"linux/${a}\"\n}\n" +
					"function \"all\" {\n  params = []\n  variadic_params = as\n" +
					"  result = [for a in as : one(a)]\n}\n" +
					"target \"app\" {\n  platforms = all(\"amd64\", \"arm64\")\n}\n",
			},
			want: "linux/arm64 (platforms of a bake target)",
		},
		{
			name: "bake in a script",
			files: map[string]string{
				"build.sh": "#!/bin/sh\n" +
					"docker buildx bake -f images.hcl --set app.platform=linux/amd64,linux/arm64 app\n",
				"images.hcl": "target \"app\" {\n}\n",
			},
			want: "linux/arm64 (platforms that bake is given)",
		},
		{
			name: "GitLab, a job",
			files: map[string]string{gitlab: "build:\n  image: docker:28\n  services: [docker:28-dind]\n  script:\n" +
				"    - docker run --rm --privileged tonistiigi/binfmt --install all\n" +
				"    - docker buildx create --use\n" +
				"    - docker buildx build --platform linux/amd64,linux/arm64 --push -t $CI_REGISTRY_IMAGE .\n"},
			want: why + ")",
		},
		{
			name: "GitLab, no QEMU",
			files: map[string]string{gitlab: "build:\n  script:\n" +
				"    - docker buildx build --platform linux/arm64 .\n"},
		},
		{
			name: "GitLab, a machine of its own for each row",
			files: map[string]string{gitlab: "build:\n  parallel:\n    matrix:\n      - ARCH: amd64\n" +
				"        RUNNER: saas-linux-medium-amd64\n      - ARCH: arm64\n" +
				"        RUNNER: saas-linux-medium-arm64\n" +
				"  tags: [$RUNNER]\n  before_script:\n    - docker run --privileged tonistiigi/binfmt --install all\n" +
				"  script:\n    - docker buildx build --platform linux/$ARCH .\n"},
		},
		{
			name: "GitLab, one machine for all rows",
			files: map[string]string{gitlab: "build:\n  parallel:\n    matrix:\n      - ARCH: [amd64, arm64]\n" +
				"  tags: [saas-linux-medium-amd64]\n  before_script:\n" +
				"    - docker run --privileged multiarch/qemu-user-static --reset -p yes\n" +
				"  script:\n    - docker buildx build --platform linux/$ARCH .\n"},
			want: why + ")",
		},
		{
			name: "GitLab, what a job extends in another file",
			files: map[string]string{
				gitlab: "include:\n  - local: /ci/docker.yml\nbuild:\n  extends: .build\n  variables:\n" +
					"    PLATFORMS: linux/arm64\n    DIR: .\n",
				"ci/docker.yml": ".setup:\n  script:\n" +
					"    - docker run --privileged tonistiigi/binfmt --install arm64\n" +
					".build:\n  variables:\n    PLATFORMS: linux/amd64\n  script:\n" +
					"    - !reference [.setup, script]\n" +
					"    - docker buildx build --platform ${PLATFORMS} $DIR\n",
			},
			want: why + ")",
		},
		{
			name: "GitLab, a rule with variables",
			files: map[string]string{gitlab: "build:\n  variables:\n    P: linux/amd64\n  rules:\n" +
				"    - if: $CI_COMMIT_TAG\n      variables:\n        P: linux/arm64\n    - when: on_success\n" +
				"  script:\n    - docker run --privileged tonistiigi/binfmt --install all\n" +
				"    - docker build --platform $P .\n"},
			want: why + ", where $CI_COMMIT_TAG)",
		},
		{
			name: "GitLab, jobs that extend each other and variables that use each other",
			files: map[string]string{gitlab: "variables:\n  A: $B$B$B$B$B$B$B$B$B$B\n  B: $C$C$C$C$C$C$C$C$C$C\n" +
				"  C: $D$D$D$D$D$D$D$D$D$D\n  D: $E$E$E$E$E$E$E$E$E$E\n  E: $F$F$F$F$F$F$F$F$F$F\n  F: $A\n" +
				".x:\n  extends: [.x, .y, .x, .y, .x, .y, .x, .y]\n.y:\n  extends: [.x, .y, .x, .y, .x, .y, .x]\n" +
				"build:\n  extends: [.x, .y]\n  script: docker build --platform $A .\n"},
		},
		{
			name: "GitLab, a machine with tags that say nothing",
			files: map[string]string{gitlab: "build:\n  tags: [docker]\n  script:\n" +
				"    - docker run --privileged tonistiigi/binfmt --install arm64\n" +
				"    - docker build --platform linux/arm64 .\n"},
		},
		{
			name: "GitLab, bake",
			files: map[string]string{
				gitlab: "build:\n  script:\n    - docker run --privileged tonistiigi/binfmt --install arm64\n" +
					"    - docker buildx bake --set '*.platform=linux/arm64'\n",
				"docker-bake.hcl": "target \"default\" {\n}\n",
			},
			want: "linux/arm64 (platforms that bake is given, with QEMU)",
		},
		{
			name: "GitLab, buildah in a child pipeline",
			files: map[string]string{
				gitlab: "images:\n  trigger:\n    include: ci/images.yml\n",
				"ci/images.yml": "default:\n  before_script:\n    - dnf install -y qemu-user-static\nbuild:\n" +
					"  script:\n" +
					"    - buildah bud --arch arm64 -f Dockerfile .\n",
			},
			want: why + ")",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(emulations(t, tt.files), "; "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestNames checks that a Dockerfile is found under any name that a command gives it, and what keeps files out of its
// context.
func TestNames(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string // the Dockerfiles
	}{
		{"make", map[string]string{"Makefile": "x:\n\tdocker build -f images/main .\n", "images/main": "FROM a"},
			"images/main"},
		{"npm", map[string]string{
			"package.json": `{"scripts": {"x": "docker build --file=main.img ."}}`, "main.img": "FROM a"}, "main.img"},
		{"kaniko", map[string]string{
			".gitlab-ci.yml": "x:\n  script: /kaniko/executor --context $CI_PROJECT_DIR/img -f main.img\n",
			"img/main.img":   "FROM a\n"}, "img/main.img"},
		{"a name in lower case", map[string]string{"dockerfile": "FROM a\n",
			"build.sh": "docker build --build-arg X=1 .\n"}, "dockerfile"},
		{"Taskfile", map[string]string{"images/main": "FROM a",
			"Taskfile.yml": "tasks:\n  x: [\"docker build -f images/main .\"]\n"}, "images/main"},
		{"Earthfile", map[string]string{"images/main": "FROM a",
			"Earthfile": "VERSION 0.8\nx:\n  FROM DOCKERFILE -f images/main .\n"}, "images/main"},
		{"Tiltfile", map[string]string{"images/main": "FROM a", "Tiltfile": "docker_build(\n  'x',\n  '.',\n" +
			"  dockerfile='images/main',\n  target='run',\n)\nk8s_yaml('x.yaml')\n"}, "images/main"},
		{"Quadlet", map[string]string{"images/main": "FROM a", "app.build": "[Build]\nImageTag=a\n" +
			"File=images/main\nSetWorkingDirectory=unit\n"}, "images/main"},
		{"skaffold", map[string]string{"img/main": "FROM a\n", "skaffold.yaml": "build:\n  artifacts:\n" +
			"    - image: a\n      context: img\n      docker:\n        dockerfile: main\n"}, "img/main"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.files[".git/"] = ""
			dir := makeTree(t, tt.files)
			w, err := Load(Options{Dir: dir, Paths: []string{dir}, Targets: DefaultTargets()})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range w.Entries {
				if e.Kind == "dockerfile" {
					got = append(got, e.Path)
				}
			}
			if got := strings.Join(got, " "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestContainerignore(t *testing.T) {
	const build = "#!/bin/sh\n"
	for _, tt := range []struct {
		name, script string
		want         bool
	}{
		{"docker", "docker build .\n", false},
		{"podman", "podman build .\n", true},
		{"both", "docker build .\npodman build .\n", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := makeTree(t, map[string]string{".git/": "", "Dockerfile": "FROM a\nCOPY x /x\n", "x": "",
				"build.sh": build + tt.script, ".containerignore": "x\n", ".dockerignore": "y\n"})
			w, err := Load(Options{Dir: dir, Paths: []string{"Dockerfile"}, Targets: DefaultTargets()})
			if err != nil {
				t.Fatal(err)
			}
			doc, err := w.Open(w.Entries[0])
			if err != nil {
				t.Fatal(err)
			}
			if _, got := w.ExcludedFrom(doc.Dockerfile, "x"); got != tt.want {
				t.Errorf("excluded: %v, want %v", got, tt.want)
			}
		})
	}
}
