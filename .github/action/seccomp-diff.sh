#!/usr/bin/env bash
# The action's step for seccomp profiles: what those that a pull request changes decide differently, as one comment that
# later runs replace. It never fails the job: without the permission to comment, the text goes to the summary alone.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=base.sh
source "$here/base.sh"
marker='<!-- sandlint seccomp diff -->'
most=60000 # of the 65,536 characters that a comment may have

cd "${GITHUB_WORKSPACE:?}"
base=$(base_commit)
if [[ -z $base ]]; then
  echo "no pull request, so no profiles are compared"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$work/text"
while IFS= read -r -d '' path; do
  git show "$base:$path" >"$work/old"
  [[ -f $path && ! -L $path ]] || continue
  grep -q defaultAction "$work/old" || continue
  grep -q defaultAction -- "$path" || continue
  status=0
  "${SANDLINT:?}" seccomp diff --no-repo-config --format markdown - "./$path" <"$work/old" >"$work/one" 2>"$work/problem" ||
    status=$?
  case $status in
  0) ;;
  1) { cat "$work/one" && echo; } >>"$work/text" ;;
  *) sed 's/^/seccomp diff: /' "$work/problem" ;; # it holds no profile, or several
  esac
done < <(git diff --name-only -z --diff-filter=M "$base" -- '*.json' '*.yaml' '*.yml')

number=$(jq -r '.pull_request.number // empty' "${GITHUB_EVENT_PATH:?}")
[[ $number =~ ^[0-9]+$ ]] || { echo "::warning title=sandlint::the event names no pull request"; exit 0; }
comments=${GITHUB_API_URL:?}/repos/${GITHUB_REPOSITORY:?}/issues
api() { # METHOD URL [FILE]
  curl --silent --show-error --fail --request "$1" --header "Accept: application/vnd.github+json" \
    --header "Authorization: Bearer ${INPUT_TOKEN:-}" --header "X-GitHub-Api-Version: 2022-11-28" \
    ${3:+--data "@$3"} "$2"
}
# The comment of an earlier run, on the first ten pages.
id=
for page in {1..10}; do
  if ! api GET "$comments/$number/comments?per_page=100&page=$page" >"$work/page"; then
    echo "::warning title=sandlint::the comments of the pull request cannot be read"
    break
  fi
  id=$(jq -r --arg marker "$marker" 'map(select(.body | startswith($marker)))[0].id // empty' "$work/page")
  [[ -z $id && $(jq length "$work/page") == 100 ]] || break
done
if [[ ! -s $work/text ]]; then
  [[ -n $id ]] || { echo "no profile changed"; exit 0; }
  echo "No seccomp profile differs from the base branch any more." >"$work/text"
fi
[[ -z ${GITHUB_STEP_SUMMARY:-} ]] || cat "$work/text" >>"$GITHUB_STEP_SUMMARY"
# Details that are cut would stay open, so whole lines go.
awk -v most="$most" '{ size += length($0) + 1 } size > most { print "\n… the summary of the job has the rest"; exit } 1' \
  "$work/text" >"$work/short"
jq -n --arg marker "$marker" --rawfile text "$work/short" '{body: ($marker + "\n" + $text)}' >"$work/body"
if [[ -n $id ]]; then
  send=(PATCH "$comments/comments/$id")
else
  send=(POST "$comments/$number/comments")
fi
api "${send[@]}" "$work/body" >/dev/null ||
  echo "::warning title=sandlint::the comment cannot be written; the job needs the permission pull-requests: write"
