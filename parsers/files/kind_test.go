package files

import "testing"

func TestKindByName(t *testing.T) {
	for name, want := range map[string]Kind{
		"Dockerfile": KindDockerfile, "dockerfile": KindDockerfile, "DOCKERFILE": KindDockerfile,
		"Containerfile":   KindDockerfile,
		"Dockerfile.prod": KindDockerfile, "Dockerfile-alpine": KindDockerfile, "Dockerfile_arm": KindDockerfile,
		"Dockerfile.nix":  KindDockerfile,
		"Dockerfile.3.12": KindDockerfile, "Containerfile.dev": KindDockerfile, "foo.dockerfile": KindDockerfile,
		"foo.Dockerfile":    KindDockerfile,
		"app-Containerfile": KindDockerfile, "a.b.containerfile": KindDockerfile,

		"Dockerfile.go": KindDockerfile, "Dockerfile.md": KindDockerfile, "dockerfile-mode.el": KindDockerfile,
		"Dockerfile.j2":   KindUnknown,
		"Dockerfile.tmpl": KindUnknown, "Dockerfile.template": KindUnknown, "Dockerfile.njk": KindUnknown,
		"Dockerfile.dockerignore": KindUnknown, "Dockerfile.png": KindUnknown,
		"Dockerfiles": KindUnknown, "mydockerfile": KindUnknown, "Dockerfileold": KindUnknown,
		"docker-compose.yml": KindUnknown, "file": KindUnknown, "": KindUnknown,

		"nix.conf": KindNixConf, "NIX.CONF": KindNixConf, "nix.custom.conf": KindNixConf, "nix.local.conf": KindNixConf,
		"builder.nix.conf": KindNixConf,
		"nix.conf.in":      KindUnknown, "nix.conf.erb": KindUnknown, "nginx.conf": KindUnknown,
		"phoenix.conf": KindUnknown, "nixconf": KindUnknown, "nix.config": KindUnknown,

		"seccomp.json": KindSeccomp, "default-seccomp.json": KindSeccomp, "Seccomp_Profile.JSON": KindSeccomp,
		"other.json": KindUnknown, "chrome.json": KindUnknown, "seccomp.yaml": KindUnknown, "seccomp.go": KindUnknown,
		"Dockerfile.json": KindUnknown,
	} {
		if got := kindByBase(name); got != want {
			t.Errorf("kindByBase(%q) = %q, want %q", name, got, want)
		}
	}
}
