#!/usr/bin/env bash
# The action's last step: runs "sandlint check" with the inputs, and ends with its exit status.
# Outputs exit-status, and sarif, the path of the report from the workspace.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=base.sh
source "$here/base.sh"

# lines TEXT: sets the array named lines to the lines of a text that are not empty.
lines() {
  local line
  lines=()
  while IFS= read -r line; do
    line=${line%$'\r'}
    [[ -z $line ]] || lines+=("$line")
  done <<<"$1"
}

cd "${GITHUB_WORKSPACE:?}"
cd -- "${INPUT_WORKING_DIRECTORY:-.}"
arguments=(check)
lines "${INPUT_FORMAT:-github}"
for format in ${lines[@]+"${lines[@]}"}; do
  arguments+=("--format=$format")
  # Whoever uses the action gets annotations from the one-line format too.
  [[ $format != compact ]] || echo "::add-matcher::$here/matcher.json"
done
if [[ -n ${INPUT_SARIF:-} ]]; then
  arguments+=("--format=sarif=$INPUT_SARIF")
  prefix=${INPUT_WORKING_DIRECTORY:-.}/
  [[ $INPUT_SARIF != /* ]] || prefix=
  echo "sarif=${prefix#./}$INPUT_SARIF" >>"$GITHUB_OUTPUT"
fi
[[ -z ${INPUT_FAIL_ON:-} ]] || arguments+=("--fail-on=$INPUT_FAIL_ON")
[[ -z ${INPUT_CONFIG:-} ]] || arguments+=("--config=$INPUT_CONFIG")
if [[ ${INPUT_DIFF_ONLY:-} == true ]]; then
  base=$(base_commit)
  if [[ -n $base ]]; then arguments+=("--since=$base"); fi
fi
lines "${INPUT_ARGS:-}"
arguments+=(${lines[@]+"${lines[@]}"} --)
lines "${INPUT_PATHS:-}"
arguments+=(${lines[@]+"${lines[@]}"})
status=0
"${SANDLINT:?}" "${arguments[@]}" || status=$?
echo "exit-status=$status" >>"$GITHUB_OUTPUT"
exit "$status"
