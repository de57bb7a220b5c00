#!/usr/bin/env bash
# Writes what archives and packages hold beside the program: manual pages in FOLDER/man, and completions for shells in
# FOLDER/completions. Usage: extras.sh FOLDER [PROGRAM]; without PROGRAM, sandlint is built.
set -euo pipefail
folder=${1:?usage: extras.sh FOLDER [PROGRAM]}
program=${2:-}
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
rm -rf "$folder/man" "$folder/completions"
mkdir "$folder/man" "$folder/completions"
if [[ -z $program ]]; then
  program=$(mktemp)
  trap 'rm -f "$program"' EXIT
  (cd "$root" && CGO_ENABLED=0 go build -trimpath -o "$program" ./cmd/sandlint)
fi
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
"$program" man "$folder/man"
for shell in bash zsh fish powershell; do
  name=sandlint.$shell
  [[ $shell != powershell ]] || name=sandlint.ps1
  "$program" completion "$shell" >"$folder/completions/$name"
done
