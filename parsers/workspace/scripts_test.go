package workspace

import (
	"strings"
	"testing"
)

// TestScriptPlatforms checks for which platforms the scripts, Makefiles and justfiles of a repository build its image.
func TestScriptPlatforms(t *testing.T) {
	const both = "linux/amd64 [linux/arm64]"
	const build = "docker buildx build --platform linux/amd64,linux/arm64 "
	for _, tt := range []struct {
		name, file, text, want string
	}{
		{"a script", "build.sh", "#!/bin/sh\n" + build + ".\n", both},
		{"one platform", "build.sh", "docker build --platform=linux/arm64 .\n", "linux/arm64"},
		{"a shebang", "build", "#!/usr/bin/env bash\nset -eu\n" + build + ".\n", both},
		{"prose", "BUILDING", build + ".\n", ""},
		{"podman", "build.sh", "podman build --platform linux/amd64 --platform linux/arm64 --manifest x .\n", both},
		{"buildah", "build.sh", "buildah bud --platform linux/amd64,linux/arm64 .\n", both},
		{"nerdctl", "build.sh", "sudo nerdctl -n k8s.io build --platform=linux/amd64,linux/arm64 -t x .\n", both},
		{"a variable", "build.sh", "P=linux/amd64,linux/arm64\ndocker buildx build --platform \"$P\" .\n", both},
		{"a variable set twice", "build.sh",
			"P=linux/amd64\n[ -z \"$1\" ] || P=linux/arm64\ndocker buildx build --platform $P .\n", ""},
		{"the environment's", "build.sh", "docker buildx build --platform $PLATFORM .\n", ""},
		{"an argument", "build.sh", "docker buildx build --platform \"${1:-linux/arm64}\" .\n", ""},
		{"a loop", "build.sh", "for p in linux/amd64 linux/arm64; do docker build --platform $p .; done\n", ""},
		{"exported", "build.sh", "export DOCKER_DEFAULT_PLATFORM=linux/arm64\ndocker build .\n", "linux/arm64"},
		{"not exported", "build.sh", "DOCKER_DEFAULT_PLATFORM=linux/arm64\ndocker build .\n", ""},
		{"for one command", "build.sh", "DOCKER_DEFAULT_PLATFORM=linux/arm64 docker build .\n", "linux/arm64"},
		{"by env", "build.sh", "env DOCKER_DEFAULT_PLATFORM=linux/arm64 docker build .\n", "linux/arm64"},
		{"the flag wins", "build.sh", "DOCKER_DEFAULT_PLATFORM=linux/arm64 docker build --platform linux/amd64 .\n",
			"linux/amd64"},
		{"nerdctl has no such variable", "build.sh", "DOCKER_DEFAULT_PLATFORM=linux/arm64 nerdctl build .\n", ""},
		{"another Dockerfile", "build.sh", build + "-f other.Dockerfile .\n", ""},
		{"another context", "build.sh", build + "sub\n", ""},
		{"a check", "build.sh", build + "--check .\n", ""},
		{"flags that are not known", "build.sh", build + "$FLAGS .\n", ""},
		{"from its own folder", "build.sh", "cd \"$(dirname \"$0\")\" || exit 1\n" + build + ".\n", both},
		{"from the folder above", "scripts/build.sh",
			"cd \"$(dirname \"${BASH_SOURCE[0]}\")/..\"\n" + build + ".\n", both},
		{"by a parameter", "ci/x.bash", "cd \"${0%/*}\"/..\n" + build + ".\n", both},
		{"only the folder above has a Dockerfile", "scripts/build.sh", build + ".\n", both},
		{"another folder", "scripts/build.sh", "cd \"$(mktemp -d)\"\n" + build + ".\n", ""},
		{"machines of their own", "build.sh",
			"docker buildx create --use --append ssh://arm\n" + build + ".\n", "linux/amd64 linux/arm64"},

		{"a Makefile", "Makefile", "image:\n\t@" + build + ".\n", both},
		{"its variables", "Makefile",
			"DOCKER ?= docker\nARM = arm64\nP := linux/amd64,linux/$(ARM) # both\n" +
				"image:\n\t-$(DOCKER) buildx build \\\n\t  --platform ${P} .\n", both},
		{"appended to", "Makefile", "P = linux/amd64\nP += x\nimage:\n\tdocker build --platform $(P) .\n", ""},
		{"in a condition", "Makefile",
			"ifdef X\nP = linux/amd64\nendif\nimage:\n\tdocker build --platform $(P) .\n", ""},
		{"of a target", "Makefile",
			"P = linux/amd64\narm: P = linux/arm64\narm:\n\tdocker build --platform $(P) .\n", ""},
		{"of a command", "Makefile",
			"P = linux/$(shell uname -m)\nimage:\n\tdocker build --platform $(P) .\n", ""},
		{"a shell's", "Makefile", "image:\n\tP=linux/arm64; docker build --platform $$P .\n", "linux/arm64"},
		{"exported by make", "Makefile",
			"export DOCKER_DEFAULT_PLATFORM := linux/arm64\nimage:\n\tdocker build .\n", "linux/arm64"},
		{"a definition", "Makefile", "define image\n\t" + build + ".\nendef\n", ""},
		{"no recipe", "Makefile", "# " + build + ".\nHELP = " + build + ".\n", ""},

		{"a justfile", "justfile", "p := 'linux/amd64,linux/arm64'\n\nimage tag='x': test\n" +
			"    @docker buildx build --platform {{p}} -t {{ tag }} .\n", both},
		{"a parameter", "justfile", "p := 'linux/amd64'\nimage p:\n  docker build --platform {{p}} .\n", ""},
		{"a script in it", ".justfile", "image:\n    #!/usr/bin/env bash\n    P=linux/arm64\n" +
			"    docker build --platform \"$P\" .\n", "linux/arm64"},
		{"another language in it", "justfile", "image:\n    #!/usr/bin/env python3\n    " + build + ".\n", ""},
		{"package.json", "package.json", `{"name": "x", "scripts": {"image": "` + build + `."}}`, both},
		{"package.json, indented by tabs", "package.json",
			"{\n\t\"scripts\": {\n\t\t\"image\": \"docker build --platform=linux/arm64 .\"\n\t}\n}\n", "linux/arm64"},
		{"skaffold", "skaffold.yaml", "apiVersion: skaffold/v4\nkind: Config\nbuild:\n" +
			"  platforms: [\"linux/amd64\", \"linux/arm64\"]\n  artifacts:\n    - image: x\n", both},
		{"skaffold in a cluster", "skaffold.yaml", "build:\n  cluster: {}\n" +
			"  platforms: [\"linux/amd64\", \"linux/arm64\"]\n  artifacts:\n" +
			"    - image: x\n", "linux/amd64 linux/arm64"},
		{"a Taskfile", "Taskfile.yml", "version: '3'\n" +
			"vars: {P: 'linux/amd64,linux/arm64', Q: {sh: uname}}\n" +
			"tasks:\n  image:\n" +
			"    cmds:\n      - task: lint\n      - cmd: docker buildx build --platform {{.P}} .\n", both},
		{"a command of a Taskfile", "Taskfile.dist.yaml", "tasks:\n  image: docker build --platform linux/arm64 .\n",
			"linux/arm64"},
		{"a variable of a task", "Taskfile.yml", "vars: {P: linux/arm64}\ntasks:\n  image:\n" +
			"    vars: {P: '{{.X}}'}\n" +
			"    cmds: ['docker build --platform {{.P}} .']\n", ""},
		{"a task elsewhere", "Taskfile.yml", "tasks:\n  image:\n    dir: sub\n    cmds: ['" + build + ".']\n", ""},
		{"an Earthfile", "Earthfile", "VERSION 0.8\nbase:\n    FROM DOCKERFILE \\\n" +
			"        --platform=linux/amd64 \\\n" +
			"        --platform linux/arm64 .\n", both},
		{"another target's Dockerfile", "Earthfile",
			"VERSION 0.8\nb:\n    FROM DOCKERFILE --platform=linux/arm64 +src/*\n", ""},
		{"a target on the machine itself", "Earthfile", "VERSION 0.8\nb:\n    LOCALLY\n" +
			"    RUN --no-cache " + build + ".\nc:\n    RUN docker build --platform linux/386 .\n", both},
		{"a target with a daemon", "Earthfile", "VERSION 0.8\nb:\n    FROM earthly/dind\n    WITH DOCKER\n" +
			"        RUN " + build + ".\n    END\n", ""},
		{"a Tiltfile", "Tiltfile", "docker_build('example/app', '.', platform='linux/arm64')\n", "linux/arm64"},
		{"a Tiltfile with an expression", "Tiltfile",
			"docker_build('example/app', '.', dockerfile=name, platform='linux/arm64')\n", ""},
		{"QEMU for one platform", "build.sh", "docker run --privileged --rm tonistiigi/binfmt --install arm64\n" +
			"docker build --platform linux/arm64 .\n", "[linux/arm64]"},
		{"QEMU for another platform", "build.sh", "docker run --privileged --rm tonistiigi/binfmt --install s390x\n" +
			"docker build --platform linux/arm64 .\n", "linux/arm64"},
		{"a builder of one's own", "build.sh", "docker buildx create --name two --use\n" + build + "--builder two .\n",
			both},
		{"a builder that others made", "build.sh", build + "--builder farm .\n", "linux/amd64 linux/arm64"},
		{"a builder that is used", "build.sh", "docker buildx use farm\n" + build + ".\n", "linux/amd64 linux/arm64"},
		{"a machine that is far", "build.sh", "export DOCKER_HOST=ssh://arm\n" + build + ".\n",
			"linux/amd64 linux/arm64"},
		{"another context of docker", "build.sh", "docker context use arm\n" + build + ".\n",
			"linux/amd64 linux/arm64"},
		{"elsewhere", "justfile", "[no-cd]\nimage:\n    " + build + ".\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, err := Load(Options{Paths: []string{"Dockerfile"}, Targets: DefaultTargets(), Dir: makeTree(t,
				map[string]string{".git/": "", "Dockerfile": "FROM nixos/nix\nRUN nix-build\n", tt.file: tt.text})})
			if err != nil {
				t.Fatal(err)
			}
			doc, err := w.Open(w.Entries[0])
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, p := range doc.Dockerfile.Images[0].Platforms() {
				name := p.Name
				if got := p.File.Text(p.Span); p.File.Path != tt.file ||
					!strings.Contains(got, strings.TrimPrefix(name, "linux/")) && !strings.ContainsAny(got, "${") {
					t.Errorf("%s stands at %q of %s", name, got, p.File.Path)
				}
				if p.Emulated {
					name = "[" + name + "]"
				}
				names = append(names, name)
			}
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}
