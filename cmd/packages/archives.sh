#!/usr/bin/env bash
# Builds the archives of a release without GoReleaser, under the same names and with the same flags: for tests, and for
# whoever packages a commit that has no release. Usage: archives.sh FOLDER OS/ARCH…
set -euo pipefail
folder=${1:?usage: archives.sh FOLDER OS/ARCH…}
shift
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$root"
version=$(sed -n 's/^const Version = "\(.*\)"$/\1/p' cmd/internal/cli/cli.go)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH CGO_ENABLED=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() { GOOS=$1 GOARCH=$2 go build -trimpath -ldflags='-s -w' -o "$3" ./cmd/sandlint; }
native="$work/$(go env GOHOSTOS)/sandlint"
build "$(go env GOHOSTOS)" "$(go env GOHOSTARCH)" "$native"
cmd/packages/extras.sh "$work/extras" "$native"
for target in "$@"; do
  os=${target%/*} arch=${target#*/}
  name=sandlint_${version}_${os}_$arch
  rm -rf "$work/tree" && mkdir "$work/tree"
  cp -R LICENSE README.md CHANGELOG.md "$work/extras/man" "$work/extras/completions" "$work/tree/"
  binary=sandlint
  [[ $os != windows ]] || binary=sandlint.exe
  build "$os" "$arch" "$work/tree/$binary"
  find "$work/tree" -exec touch --date="@$SOURCE_DATE_EPOCH" {} +
  if [[ $os == windows ]]; then
    rm -f "$folder/$name.zip"
    (cd "$work/tree" && python3 -m zipfile -c "$folder/$name.zip" ./*)
  else
    (cd "$work/tree" && tar --create --sort=name --owner=0 --group=0 --numeric-owner -- *) |
      gzip --no-name >"$folder/$name.tar.gz"
  fi
done
cd "$folder"
find . -name 'sandlint_*' -printf '%P\0' | sort -z | xargs -0 sha256sum >checksums.txt
