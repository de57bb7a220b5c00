#!/usr/bin/env bash
# Prepares the scenes that need a real BuildKit and a Nix of another architecture. Needs Go, root, and Debian's apt.
#   setup.sh buildkit DIR   builds buildkitd and buildctl in DIR, of the release that testdata/buildkitlint names
#   setup.sh arm64 DIR      unpacks Debian's nix-bin for arm64 in DIR/root, as a base image
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
case ${1:-} in
buildkit)
  dir=$(mkdir -p "$2" && cd "$2" && pwd)
  [[ -x $dir/buildkitd && -x $dir/buildctl ]] && exit 0
  cd "$here/../buildkitlint"
  CGO_ENABLED=0 go build -o "$dir/" github.com/moby/buildkit/cmd/buildkitd github.com/moby/buildkit/cmd/buildctl
  ;;
arm64)
  dir=$(mkdir -p "$2" && cd "$2" && pwd)
  root=$dir/root
  [[ -x $root/usr/bin/nix ]] && exit 0
  mkdir -p "$dir"/{lists,debs}/partial "$root/usr"
  # The archive that this machine installs from.
  archive=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m1 '/debian/*$' || true)
  [[ -n $archive ]] || { echo "apt knows no archive of Debian" >&2; exit 1; }
  echo "deb ${archive%/} trixie main" >"$dir/sources.list"
  options=(
    -oAPT::Architecture=arm64 -oAPT::Architectures=arm64 -oDir::State::Lists="$dir/lists" -oDir::State::status=/dev/null
    -oDir::Cache="$dir" -oDir::Cache::archives="$dir/debs" -oDebug::NoLocking=1 -oAPT::Sandbox::User=root
    -oDir::Etc::sourcelist="$dir/sources.list" -oDir::Etc::sourceparts=/dev/null
  )
  apt-get "${options[@]}" update -qq
  apt-get "${options[@]}" -qq -y --no-install-recommends --download-only install nix-bin busybox-static >/dev/null
  for folder in bin sbin lib; do
    mkdir -p "$root/usr/$folder"
    ln -sfn "usr/$folder" "$root/$folder"
  done
  for deb in "$dir"/debs/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar --extract --directory "$root" --keep-directory-symlink
  done
  for program in sh cat echo mkdir printf true rm; do
    [[ -e $root/usr/bin/$program ]] || ln -s busybox "$root/usr/bin/$program"
  done
  mkdir -p "$root"/{tmp,root,etc/nix,nix/store,nix/var}
  chmod 1777 "$root/tmp"
  # Nix goes on without its filter unless builds run as a build user.
  printf 'root:x:0:0:root:/root:/bin/sh\nnixbld1:x:30001:30000::/var/empty:/bin/false\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnixbld:x:30000:nixbld1\n' >"$root/etc/group"
  printf 'build-users-group = nixbld\nsandbox = false\nbuild-hook =\nsubstituters =\n' >"$root/etc/nix/nix.conf"
  ;;
*)
  sed -n '2,4s/^# \{0,1\}//p' "$0"
  exit 2
  ;;
esac
