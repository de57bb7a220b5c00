# shellcheck shell=bash
# Sourced by the steps that need the base of a pull request: base_commit prints it, and fetches it where the checkout is
# shallow. Without a pull request it prints nothing. The runners of macOS have bash 3.2.
base_commit() {
  [[ ${GITHUB_EVENT_NAME:-} == pull_request || ${GITHUB_EVENT_NAME:-} == pull_request_target ]] || return 0
  local parents base shallow
  shallow=$(git rev-parse --is-shallow-repository)
  # The merge commit that is checked out has the base as its first parent, also where that was not fetched.
  parents=$(git cat-file -p HEAD | sed -n -e '/^$/q' -e 's/^parent //p')
  if [[ $(wc -l <<<"$parents") -eq 2 ]]; then
    base=${parents%%$'\n'*}
    [[ $shallow == false ]] || git fetch --quiet --no-tags --depth=2 origin "$(git rev-parse HEAD)" >&2 || return 1
  else
    # Something else is checked out: where it left the base branch takes the history to know.
    base=$(jq -r '.pull_request.base.sha // empty' "${GITHUB_EVENT_PATH:?}")
    [[ $shallow == false ]] || git fetch --quiet --no-tags --unshallow origin >&2 || return 1
  fi
  if [[ ! $base =~ ^[0-9a-f]{40,64}$ ]]; then
    echo "::error title=sandlint::the base of the pull request is unknown" >&2
    return 1
  fi
  git cat-file -e "$base^{commit}" 2>/dev/null || git fetch --quiet --no-tags origin "$base" >&2 || return 1
  echo "$base"
}
