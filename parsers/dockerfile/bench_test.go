package dockerfile

import (
	"os"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/sandlint/sandlint/parsers/source"
)

// benchFile has about the mix of instructions that real files have.
const benchFile = `# syntax=docker/dockerfile:1
ARG GO_VERSION=1.26
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-alpine AS build
# tools
RUN apk add --no-cache \
      git \
      # for cgo
      gcc \
      musl-dev
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS TARGETARCH
ENV CGO_ENABLED=0 GOFLAGS="-trimpath -mod=readonly" PATH=/opt/bin:$PATH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /out/app ./cmd/app

FROM debian:12-slim
LABEL org.opencontainers.image.title="app" \
      org.opencontainers.image.description="an app"
RUN <<EOF
set -e
apt-get update
apt-get install -y ca-certificates
rm -rf /var/lib/apt/lists/*
EOF
COPY --from=build --chown=app:app /out/app /usr/local/bin/app
COPY <<EOF /etc/app.conf
listen = 8080
EOF
EXPOSE 8080
USER app
HEALTHCHECK --interval=30s CMD curl -f http://localhost:8080/ || exit 1
ENTRYPOINT ["/usr/local/bin/app"]
CMD ["--config", "/etc/app.conf"]
`

// benchFiles returns the texts to parse: one file, or a folder of real ones where SANDLINT_CORPUS names one.
func benchFiles(b *testing.B) map[string][]string {
	sets := map[string][]string{"file": {benchFile}}
	if os.Getenv("SANDLINT_CORPUS") != "" {
		for _, text := range corpus(b) {
			sets["corpus"] = append(sets["corpus"], text)
		}
	}
	return sets
}

func benchmark(b *testing.B, parse func(text []byte)) {
	for name, texts := range benchFiles(b) {
		b.Run(name, func(b *testing.B) {
			var files [][]byte
			size := 0
			for _, text := range texts {
				files = append(files, []byte(text))
				size += len(text)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, text := range files {
					parse(text)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	benchmark(b, func(text []byte) { Parse(source.NewFile("Dockerfile", text)) })
}

// BenchmarkParseAndUse adds what rules ask for most.
func BenchmarkParseAndUse(b *testing.B) {
	benchmark(b, func(text []byte) {
		f := Parse(source.NewFile("Dockerfile", text))
		for _, i := range f.Instructions {
			i.ShellView()
			f.Lookup(i, "PATH")
			f.Shell(i)
		}
	})
}

// BenchmarkBuildKitParser is BuildKit's parser alone, for comparison.
func BenchmarkBuildKitParser(b *testing.B) {
	benchmark(b, func(text []byte) {
		_, _ = parser.Parse(strings.NewReader(string(text)))
	})
}

// BenchmarkBuildKitInstructions is BuildKit's parser with its checks of each instruction.
func BenchmarkBuildKitInstructions(b *testing.B) {
	benchmark(b, func(text []byte) {
		if tree, err := parser.Parse(strings.NewReader(string(text))); err == nil {
			for _, node := range tree.AST.Children {
				node.PrevComment = nil
			}
			_, _, _ = instructions.Parse(tree.AST, nil)
		}
	})
}
