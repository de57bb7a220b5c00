//go:build unix

package packs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/sandlint/sandlint/rules"
)

// monorepo writes a repository of n services below dir: a Dockerfile for each, a workflow for every tenth, and a
// Compose or a bake file for every twenty-fifth, with a script, a Makefile and sources beside them.
func monorepo(tb testing.TB, dir string, n int) {
	tb.Helper()
	write := func(name, text string) {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	write(".git/HEAD", "ref: refs/heads/main\n")
	write("Makefile", "all:\n\t@echo nothing to do\n")
	for i := range n {
		home := fmt.Sprintf("services/group%d/service%d", i/50, i)
		write(home+"/Dockerfile", fmt.Sprintf(`# syntax=docker/dockerfile:1
FROM golang:1.24 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -o /bin/service%d ./cmd/service
FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates=20230311 && \
    rm -rf /var/lib/apt/lists/*
COPY --from=build /bin/service%d /usr/local/bin/
USER 1000
ENTRYPOINT ["/usr/local/bin/service%d"]
`, i, i, i))
		write(home+"/main.go", "package main\n\nfunc main() {}\n")
		if i%10 == 0 {
			write(fmt.Sprintf(".github/workflows/service%d.yml", i), fmt.Sprintf(`on: [push, pull_request]
env:
  IMAGE: example.com/service%d
jobs:
  image:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        variant: [debian, alpine]
    steps:
      - uses: actions/checkout@v4
      - uses: docker/setup-qemu-action@v3
      - uses: docker/setup-buildx-action@v3
      - run: |
          echo "::group::test"
          docker compose run --rm test
      - uses: docker/build-push-action@v6
        with:
          context: %s
          platforms: ${{ github.event_name == 'push' && 'linux/amd64,linux/arm64' || 'linux/amd64' }}
          tags: ${{ env.IMAGE }}:${{ matrix.variant }}
`, i, home))
		}
		switch i % 50 {
		case 0:
			write(home+"/compose.yaml", "services:\n  app:\n    build: .\n    ports: [\"8080:8080\"]\n"+
				"  db:\n    image: postgres:16\n")
		case 25:
			write(home+"/docker-bake.hcl", "variable \"TAG\" { default = \"dev\" }\n"+
				"group \"default\" { targets = [\"app\"] }\ntarget \"app\" {\n"+
				"  platforms = [\"linux/amd64\", \"linux/arm64\"]\n  tags = [\"app:${TAG}\"]\n}\n")
		}
		if i%25 == 5 {
			write(home+"/build.sh", "#!/bin/sh\nset -eu\ndocker build -t app .\n")
			write(home+"/Makefile", "IMAGE = app\nimage:\n\tdocker build -t $(IMAGE) .\n")
		}
	}
}

// BenchmarkMonorepo checks repositories of 1,250, 2,500 and 5,000 Dockerfiles, with 125, 250 and 500 workflows and 50,
// 100 and 200 Compose and bake files. The time of a file must not depend on their number.
func BenchmarkMonorepo(b *testing.B) {
	set := defaultSet(b)
	for _, n := range []int{1250, 2500, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := b.TempDir()
			monorepo(b, dir, n)
			c := &corpus{dir: dir, oneRun: true}
			measure(b, n, 0, func() { rules.Check(c.load(b), set, rules.CheckOptions{}) })
		})
	}
}
