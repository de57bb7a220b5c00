package image

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sandlint/sandlint/parsers/dockerfile"
	"github.com/sandlint/sandlint/parsers/source"
)

func TestMounts(t *testing.T) {
	d := New(dockerfile.Parse(source.NewFile("Dockerfile", []byte(`FROM debian:12
ARG DIR=/c
WORKDIR /w
RUN --mount=type=cache,target=/root/.cache --mount=from=x,src=a,dst=b --mount=type=TMPFS,destination=$DIR \
  --mount="type=cache,id=i,target=${UNKNOWN}" true
RUN --mount=type=cache true
USER app
RUN --mount=type=cache,target=/home/app/.cache/pip,"sharing=locked" true
RUN true
`))), nil)
	var b strings.Builder
	for _, s := range d.Steps("RUN") {
		for m := range s.Mounts() {
			fmt.Fprintf(&b, "%s %q from %q source %q id %q %t\n", m.Type, m.Target, m.From, m.Source, m.ID, m.Known)
		}
		fmt.Fprintf(&b, "pip %t apt %t\n", s.Covered("~/.cache/pip"), s.Covered("/var/cache/apt"))
	}
	const want = `cache "/root/.cache" from "" source "" id "" true
bind "/w/b" from "x" source "a" id "" true
tmpfs "/c" from "" source "" id "" true
cache "" from "" source "" id "i" false
pip true apt true
cache "" from "" source "" id "" true
pip false apt false
cache "/home/app/.cache/pip" from "" source "" id "" true
pip true apt false
pip false apt false
`
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
