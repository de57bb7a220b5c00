package workspace

import (
	"fmt"
	"strings"
	"testing"
)

// TestPlatforms checks for which platforms each stage is built: a name, in brackets when it is emulated, and from which
// file it is known.
func TestPlatforms(t *testing.T) {
	const nix = "RUN nix-build\n"
	tests := []struct {
		name, dockerfile string
		files            map[string]string
		targets          []string
		builder          string
		want             string
	}{
		{name: "nothing known", dockerfile: "FROM nixos/nix\n" + nix, want: "-"},
		{
			name:       "configured",
			dockerfile: "FROM nixos/nix\n" + nix,
			targets:    []string{"linux/amd64", "linux/arm64"},
			want:       "linux/amd64 [linux/arm64]",
		},
		{
			name:       "configured, one",
			dockerfile: "FROM nixos/nix\n" + nix,
			targets:    []string{"linux/arm64"},
			want:       "linux/arm64",
		},
		{
			name:       "configured, one kernel",
			dockerfile: "FROM nixos/nix\n" + nix,
			targets:    []string{"linux/amd64", "linux/386"},
			want:       "linux/amd64 linux/386",
		},
		{
			name:       "configured, none of them amd64",
			dockerfile: "FROM nixos/nix\n" + nix,
			targets:    []string{"linux/arm64", "linux/arm/v7"},
			want:       "linux/arm64 [linux/arm/v7]",
		},
		{
			name:       "of the builder",
			dockerfile: "FROM --platform=$BUILDPLATFORM nixos/nix\n" + nix,
			targets:    []string{"linux/amd64", "linux/arm64"},
			want:       "-",
		},
		{
			name:       "of the target",
			dockerfile: "FROM --platform=${TARGETPLATFORM} nixos/nix\n" + nix,
			targets:    []string{"linux/amd64", "linux/arm64"},
			want:       "linux/amd64 [linux/arm64]",
		},
		{
			name:       "written",
			dockerfile: "FROM --platform=linux/s390x nixos/nix\n" + nix,
			targets:    []string{"linux/amd64"},
			want:       "linux/s390x Dockerfile",
		},
		{
			name: "of the image below",
			dockerfile: "FROM --platform=$BUILDPLATFORM nixos/nix AS a\n" + nix + "FROM a\n" + nix +
				"FROM nixos/nix\n" + nix,
			targets: []string{"linux/amd64", "linux/arm64"}, want: "- | - | linux/amd64 [linux/arm64]",
		},
		{
			name:       "an automatic argument with a default",
			dockerfile: "FROM --platform=${TARGETPLATFORM:-linux/amd64} nixos/nix\n" + nix,
			targets:    []string{"linux/amd64", "linux/arm64"},
			want:       "linux/amd64 [linux/arm64]",
		},
		{
			name:       "an automatic argument in part",
			dockerfile: "FROM --platform=linux/${TARGETARCH} nixos/nix\n" + nix,
			targets:    []string{"linux/amd64", "linux/arm64"},
			want:       "linux/amd64 [linux/arm64]",
		},
		{
			name:       "the builder's with a default",
			dockerfile: "FROM --platform=${BUILDPLATFORM:-linux/arm64} nixos/nix\n" + nix,
			targets:    []string{"linux/amd64", "linux/arm64"},
			want:       "-",
		},
		{
			name:       "a default that replaces the automatic value",
			dockerfile: "ARG TARGETPLATFORM=linux/s390x\nFROM --platform=$TARGETPLATFORM nixos/nix\n" + nix,
			targets:    []string{"linux/amd64", "linux/arm64"},
			want:       "linux/s390x Dockerfile",
		},
		{
			name:       "an argument that is not known",
			dockerfile: "ARG P\nFROM --platform=$P nixos/nix\n" + nix,
			targets:    []string{"linux/amd64", "linux/arm64"},
			want:       "-",
		},
		{
			name:       "of the image's name",
			dockerfile: "FROM nixos/nix:2.31.1-amd64 AS a\n" + nix + "FROM a\n" + nix + "FROM arm64v8/debian\n" + nix,
			targets:    []string{"linux/amd64", "linux/arm64"},
			want:       "linux/amd64 Dockerfile | linux/amd64 Dockerfile | linux/arm64 Dockerfile",
		},
		{
			name: "of the image's name, on another builder",
			dockerfile: "FROM nixos/nix:2.31.1-amd64 AS a\n" + nix + "FROM a\n" + nix +
				"FROM --platform=linux/arm64 nixos/nix\n" + nix,
			builder: "linux/arm64",
			want:    "[linux/amd64 Dockerfile] | [linux/amd64 Dockerfile] | linux/arm64 Dockerfile",
		},
		{
			name:       "configured, on another builder",
			dockerfile: "FROM nixos/nix\n" + nix,
			targets:    []string{"linux/amd64", "linux/arm64"},
			builder:    "linux/arm64",
			want:       "[linux/amd64] linux/arm64",
		},
		{
			name: "bake, a file that overrides", dockerfile: "FROM nixos/nix\n" + nix,
			files: map[string]string{
				"docker-bake.hcl":          "variable \"V\" {}\ntarget \"x\" {\n  context = \".\"\n}\n",
				"docker-bake.override.hcl": "target \"x\" {\n  platforms = [\"linux/amd64\", \"linux/arm64\"]\n}\n",
			},
			want: "linux/amd64 docker-bake.override.hcl [linux/arm64 docker-bake.override.hcl]",
		},
		{
			name: "bake, a file that overrides another context", dockerfile: "FROM nixos/nix\n" + nix,
			files: map[string]string{
				"docker-bake.json":          `{"target": {"x": {"context": "web"}}}`,
				"docker-bake.override.json": `{"target": {"x": {"platforms": ["linux/amd64", "linux/arm64"]}}}`,
			},
			want: "-",
		},
		{
			name: "bake, a service of Compose", dockerfile: "FROM nixos/nix\n" + nix,
			files: map[string]string{
				"compose.yaml":    "services:\n  x:\n    build: web\n  y:\n    build: .\n",
				"docker-bake.hcl": "target \"x\" {\n  platforms = [\"linux/amd64\", \"linux/arm64\"]\n}\n",
			},
			want: "-",
		},
		{
			name: "bake, a matrix", dockerfile: "FROM nixos/nix\n" + nix,
			files: map[string]string{
				"docker-bake.hcl": "target \"x\" {\n  name = \"x-${p}\"\n" +
					"  matrix = {\n    p = [\"amd64\", \"arm64\"]\n  }\n" +
					"  platforms = [\"linux/${p}\"] # linux/amd64 linux/arm64\n}\n",
			},
			want: "linux/amd64 docker-bake.hcl [linux/arm64 docker-bake.hcl]",
		},
		{
			name: "bake, a group", dockerfile: "FROM nixos/nix\n" + nix,
			files: map[string]string{
				"docker-bake.hcl": "group \"default\" { targets = [\"a\", \"b\"] }\n" +
					"target \"a\" { platforms = [\"linux/amd64\"] }\ntarget \"b\" { platforms = [\"linux/arm64\"] }\n",
			},
			want: "linux/amd64 docker-bake.hcl [linux/arm64 docker-bake.hcl]",
		},
		{
			name: "bake, targets of no group", dockerfile: "FROM nixos/nix\n" + nix,
			files: map[string]string{
				"docker-bake.hcl": "target \"a\" { platforms = [\"linux/amd64\"] }\n" +
					"target \"b\" { platforms = [\"linux/arm64\"] }\n",
			},
			want: "linux/amd64 docker-bake.hcl linux/arm64 docker-bake.hcl",
		},
		{
			name: "bake, a target to inherit from", dockerfile: "FROM nixos/nix\n" + nix,
			files: map[string]string{
				"docker-bake.hcl": "target \"base\" { platforms = [\"linux/amd64\", \"linux/arm64\"] }\n" +
					"target \"web\" {\n  inherits = [\"base\"]\n  context = \"web\"\n}\n",
			},
			want: "-",
		},
		{
			name: "bake, a context that replaces a stage", dockerfile: "FROM nixos/nix AS tools\n" + nix +
				"FROM debian:12\nCOPY --from=tools /x /x\n",
			files: map[string]string{
				"docker-bake.hcl": "target \"x\" {\n  contexts = {\n    Tools = \"docker-image://a\"\n  }\n" +
					"  platforms = [\"linux/amd64\", \"linux/arm64\"]\n}\n",
			},
			want: "- | linux/amd64 docker-bake.hcl [linux/arm64 docker-bake.hcl]",
		},
		{
			name: "bake, a context that replaces the base", dockerfile: "FROM nixos/nix:2.31.1\n" + nix,
			files: map[string]string{
				"docker-bake.hcl": "target \"x\" {\n" +
					"  contexts = {\n    \"nixos/nix:2.31.1\" = \"docker-image://a\"\n  }\n" +
					"  platforms = [\"linux/amd64\", \"linux/arm64\"]\n}\n",
			},
			want: "-",
		},
		{
			name: "compose, only the first file counts", dockerfile: "FROM nixos/nix\n" + nix,
			files: map[string]string{
				"compose.yml": "services:\n  a:\n    build:\n      context: web\n",
				"docker-compose.yml": "services:\n  a:\n    build:\n      context: .\n" +
					"      platforms: [linux/amd64, linux/riscv64]\n",
			},
			want: "-",
		},
		{
			name: "a workflow of Forgejo", dockerfile: "FROM nixos/nix AS a\n" + nix +
				"FROM --platform=linux/arm64 nixos/nix\nCOPY --from=a /x /x\n" + nix,
			files: map[string]string{
				"../.forgejo/workflows/b.yml": "on: push\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n" +
					"      - uses: docker/setup-qemu-action@v3\n      - uses: docker/build-push-action@v6\n" +
					"        with:\n          context: img\n          platforms: linux/amd64,linux/arm64\n",
			},
			want: "linux/amd64 b.yml [linux/arm64 b.yml] | [linux/arm64 Dockerfile]",
		},
		{
			name: "a workflow with a context that replaces a stage", dockerfile: "FROM nixos/nix AS a\n" + nix +
				"FROM debian:12\nCOPY --from=a /x /x\n",
			files: map[string]string{
				"../.github/workflows/b.yml": "on: push\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n" +
					"      - run: docker run --privileged tonistiigi/binfmt --install all\n" +
					"      - run: docker buildx build --build-context a=docker-image://b --platform linux/arm64 img\n",
			},
			want: "- | [linux/arm64 b.yml]",
		},
		{
			name: "podman takes Containerfile first", dockerfile: "FROM nixos/nix\n" + nix,
			files: map[string]string{
				"Containerfile": "FROM debian:12\n",
				"../.github/workflows/b.yml": "on: push\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n" +
					"      - run: sudo apt-get install -y qemu-user-static\n" +
					"      - run: podman build --platform linux/arm64 img\n",
			},
			want: "-",
		},
		{
			name: "podman with a Dockerfile only", dockerfile: "FROM nixos/nix\n" + nix,
			files: map[string]string{
				"../.github/workflows/b.yml": "on: push\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n" +
					"      - run: sudo apt-get install -y qemu-user-static\n" +
					"      - run: podman build --platform linux/arm64 img\n",
			},
			want: "[linux/arm64 b.yml]",
		},
		{
			name: "bake", dockerfile: "FROM nixos/nix\n" + nix,
			files: map[string]string{
				"docker-bake.hcl": "target \"x\" {\n  platforms = [\"linux/amd64\", \"linux/arm64\"]\n}\n",
			},
			want: "linux/amd64 docker-bake.hcl [linux/arm64 docker-bake.hcl]",
		},
		{
			name: "bake, another Dockerfile", dockerfile: "FROM nixos/nix\n" + nix,
			files: map[string]string{
				"docker-bake.hcl": "target \"x\" {\n  dockerfile = \"Dockerfile.x\"\n" +
					"  platforms = [\"linux/amd64\", \"linux/arm64\"]\n}\n",
			},
			want: "-",
		},
		{
			name: "bake, stages that the target needs",
			dockerfile: "FROM nixos/nix AS a\n" + nix + "FROM nixos/nix AS b\n" + nix + "FROM nixos/nix AS c\n" +
				"COPY --from=a /x /x\n" + nix + "FROM c AS d\n" + nix + "FROM b AS e\n" + nix,
			files: map[string]string{
				"docker-bake.hcl": "target \"x\" {\n  target = \"d\"\n  platforms = [\"linux/arm64\"]\n}\n",
			},
			want: "linux/arm64 docker-bake.hcl | - | linux/arm64 docker-bake.hcl | linux/arm64 docker-bake.hcl | -",
		},
		{
			name: "compose in a folder above", dockerfile: "FROM nixos/nix\n" + nix,
			files: map[string]string{
				"../compose.yaml": "services:\n  a:\n    build:\n      context: img\n" +
					"      platforms: [linux/amd64, linux/riscv64]\n",
			},
			want: "linux/amd64 compose.yaml [linux/riscv64 compose.yaml]",
		},
		{
			name: "compose, platform of the service", dockerfile: "FROM nixos/nix\n" + nix,
			files: map[string]string{
				"docker-compose.yml": "services:\n  a:\n    platform: linux/amd64\n    build: .\n",
			},
			want: "linux/amd64 docker-compose.yml",
		},
		{
			name:       "without Nix too",
			dockerfile: "FROM debian\n",
			files:      map[string]string{"docker-bake.hcl": "target \"x\" {\n  platforms = [\"linux/amd64\"]\n}\n"},
			want:       "linux/amd64 docker-bake.hcl",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string]string{".git/": "", "img/Dockerfile": tt.dockerfile}
			for name, text := range tt.files {
				files["img/"+name] = text
			}
			targets := DefaultTargets()
			targets.Platforms, targets.Builder = tt.targets, tt.builder
			w, err := Load(Options{Dir: makeTree(t, files), Paths: []string{"img/Dockerfile"}, Targets: targets})
			if err != nil {
				t.Fatal(err)
			}
			doc, err := w.Open(w.Entries[0])
			if err != nil {
				t.Fatal(err)
			}
			var stages []string
			for _, img := range doc.Dockerfile.Images {
				var names []string
				for _, p := range img.Platforms() {
					name := p.Name
					if p.File != nil {
						name += " " + p.File.Path[strings.LastIndexByte(p.File.Path, '/')+1:]
						if got := p.File.Text(p.Span); !strings.Contains(got, strings.TrimPrefix(p.Name, "linux/")) &&
							!strings.Contains(got, "$") {
							t.Errorf("the place of %s is %q", p.Name, got)
						}
					}
					if p.Emulated {
						name = "[" + name + "]"
					}
					names = append(names, name)
				}
				if names == nil {
					names = []string{"-"}
				}
				stages = append(stages, strings.Join(names, " "))
			}
			if got := strings.Join(stages, " | "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestArchitecture(t *testing.T) {
	for platform, want := range map[string]string{"linux/amd64": "amd64", "linux/386": "amd64", "linux/arm/v7": "arm",
		"linux/arm64/v8": "arm64", "linux": "linux", "": ""} {
		if got := architecture(platform); got != want {
			t.Errorf("architecture(%q) = %q, want %q", platform, got, want)
		}
	}
	if got := fmt.Sprint(Consumers()); !strings.Contains(got, "platform") {
		t.Error(got)
	}
}
