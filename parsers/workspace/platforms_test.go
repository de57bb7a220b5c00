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
			targets.Platforms = tt.targets
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
						if got := p.File.Text(p.Span); !strings.Contains(got, p.Name) {
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
