#!/usr/bin/env bash
# Packages the extension for VS Code into FOLDER. With PROGRAM, a sandlint, it runs the tests of the extension before.
# Usage: vscode.sh FOLDER [PROGRAM]
set -euo pipefail
folder=${1:?usage: vscode.sh FOLDER [PROGRAM]}
program=${2:-}
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
[[ -z $program ]] || program=$(realpath "$program")
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
# In a copy, so no packages of others lie in the tree.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$root" && tar --create LICENSE cmd/internal/cli/cli.go --exclude=node_modules --exclude=dist --exclude=build \
  cmd/editors/vscode) | tar --extract --directory="$work"
cd "$work/cmd/editors/vscode"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error # what they would download is not needed
if [[ -n $program ]]; then
  npm run --silent check
  SANDLINT=$program npm run --silent test
fi
npm run --silent package
rm -f "$folder"/sandlint-vscode-*.vsix
for file in dist/*.vsix; do
  name=$(basename "$file")
  cp "$file" "$folder/sandlint-vscode-${name#sandlint-}"
done
