#!/usr/bin/env bash
# The action's first step: downloads the program of a release, with its checksum verified, or builds this checkout.
# Outputs program, its path, and version.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
own=$(sed -n 's/^const Version = "\(.*\)"$/\1/p' "$root/cmd/internal/cli/cli.go")
version=${INPUT_VERSION:-$own}
version=${version#v}
# SANDLINT_RELEASES is where the folders of the releases are, for a mirror.
releases=${SANDLINT_RELEASES:-https://github.com/sandlint/sandlint/releases/download}
folder=${RUNNER_TEMP:?}/sandlint

fail() { echo "::error title=sandlint::$1"; exit 2; }
finish() {
  echo "program=$1" >>"$GITHUB_OUTPUT"
  echo "version=$("$1" version --format json | sed 's/^{"version":"\([^"]*\)".*/\1/')" >>"$GITHUB_OUTPUT"
  dirname "$1" >>"$GITHUB_PATH"
  exit 0
}
build() {
  command -v go >/dev/null || fail "$1; building the action's checkout needs Go, which actions/setup-go installs"
  mkdir -p "$folder/source"
  (cd "$root" && CGO_ENABLED=0 go build -trimpath -o "$folder/source/sandlint$suffix" ./cmd/sandlint)
  finish "$folder/source/sandlint$suffix"
}
fetch() { # URL FILE: fails where it does not exist
  local protocols='=https'
  [[ -z ${SANDLINT_RELEASES:-} ]] || protocols='=https,http,file'
  curl --silent --show-error --fail --location --retry 3 --proto "$protocols" --output "$2" "$1"
}

suffix="" packed=tar.gz
case ${RUNNER_OS:?} in
Linux) os=linux ;;
macOS) os=darwin ;;
Windows) os=windows suffix=.exe packed=zip ;;
*) fail "there is no release for $RUNNER_OS" ;;
esac
case ${RUNNER_ARCH:?} in
X64) arch=amd64 ;;
ARM64) arch=arm64 ;;
*) fail "there is no release for $RUNNER_ARCH" ;;
esac
[[ $version != source ]] || build "version is source"
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+([-.][0-9A-Za-z.-]+)?$ ]] || fail "version is not one such as $own"

name=sandlint_${version}_${os}_$arch.$packed
mkdir -p "$folder/$version"
if ! fetch "$releases/v$version/checksums.txt" "$folder/$version/checksums.txt"; then
  [[ $version == "$own" ]] || fail "release $version cannot be downloaded"
  build "release $version cannot be downloaded"
fi
fetch "$releases/v$version/$name" "$folder/$version/$name" || fail "$name of release $version cannot be downloaded"
sum=sha256sum
command -v sha256sum >/dev/null || sum="shasum -a 256"
want=$(awk -v name="$name" '$2 == name || $2 == "*" name { print $1 }' "$folder/$version/checksums.txt")
got=$($sum <"$folder/$version/$name" | cut -d' ' -f1)
[[ -n $want && $want == "$got" ]] || fail "the checksum of $name is $got, and checksums.txt has ${want:-none}"
if [[ $packed == zip ]]; then
  unzip -q -o "$folder/$version/$name" "sandlint$suffix" -d "$folder/$version"
else
  tar --extract --gzip --file "$folder/$version/$name" -C "$folder/$version" sandlint
fi
finish "$folder/$version/sandlint$suffix"
