# The image of sandlint: the program alone, static, as an ordinary user. docker-bake.hcl says how it is built.

# The program, compiled for the platform of the image on that of the builder.
FROM --platform=$BUILDPLATFORM golang:1.26.8-alpine AS source
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags="-s -w" -o /out/sandlint ./cmd/sandlint

# The program of a release, from the context "binaries" with a folder for each platform.
FROM scratch AS binaries
FROM scratch AS prebuilt
ARG TARGETOS
ARG TARGETARCH
COPY --from=binaries ${TARGETOS}-${TARGETARCH}/sandlint /out/sandlint

FROM scratch AS base
LABEL org.opencontainers.image.title="sandlint" \
      org.opencontainers.image.description="Lint and fix Dockerfiles, nix.conf and seccomp profiles" \
      org.opencontainers.image.source="https://github.com/sandlint/sandlint" \
      org.opencontainers.image.documentation="https://github.com/sandlint/sandlint/tree/main/docs" \
      org.opencontainers.image.licenses="Apache-2.0"
USER 65532:65532
WORKDIR /src
ENTRYPOINT ["/usr/bin/sandlint"]
CMD ["check"]

FROM base AS release
COPY --from=prebuilt --chmod=755 /out/sandlint /usr/bin/sandlint

FROM base
COPY --from=source --chmod=755 /out/sandlint /usr/bin/sandlint
