#!/usr/bin/env bash
# Begins a rule: writes its two files and its line in the list of the pack.
#
#   rules/new.sh PACK/NAME [SUBJECT]
#
# NAME is in kebab-case and says what is wrong. SUBJECT is what the rule looks at: text (nix.conf), step, command, image, timeline,
# dockerfile, profile or workspace; see subject.go. Then write the check, the prose and the cases, and run
#
#   go test ./rules/PACK -run 'TestRules/NAME' -update
set -euo pipefail
cd "$(dirname "$0")"

fail() { echo "new.sh: $1" >&2; exit 2; }
[[ ${1:-} =~ ^([a-z]+)/([a-z][a-z0-9]*(-[a-z0-9]+)*)$ ]] || fail "usage: rules/new.sh PACK/NAME [SUBJECT]"
pack=${BASH_REMATCH[1]} name=${BASH_REMATCH[2]} subject=${2:-}
list=$pack/$pack.go
[[ -f $list ]] || fail "there is no pack $pack"
if [[ -z $subject ]]; then
  case $pack in nix) subject=text ;; seccomp) subject=profile ;; *) subject=step ;; esac
fi
case $subject in
  text) check='OnText(func(p *rules.Pass, text *nixuse.Text) {
	})' use=parsers/nixuse file=nix.conf ;;
  step) check='OnStep(func(p *rules.Pass, s *image.Step) {
	}, "RUN")' use=parsers/image file=Dockerfile ;;
  command) check='OnCommand(func(p *rules.Pass, c *image.Command) {
	}, "curl")' use=parsers/image file=Dockerfile ;;
  image) check='OnImage(func(p *rules.Pass, img *image.Image) {
	})' use=parsers/image file=Dockerfile ;;
  timeline) check='OnTimeline(func(p *rules.Pass, img *nixuse.Image) {
	})' use=parsers/nixuse file=Dockerfile ;;
  dockerfile) check='OnDockerfile(func(p *rules.Pass, d *image.Dockerfile) {
	})' use=parsers/image file=Dockerfile ;;
  profile) check='OnProfile(func(p *rules.Pass, profile *workspace.Profile) {
	})' use=parsers/workspace file=seccomp.json ;;
  workspace) check='OnWorkspace(func(p *rules.Pass) {
	})' use= file=Dockerfile ;;
  *) fail "unknown subject $subject" ;;
esac

base=$pack/${name//-/_}
[[ ! -e $base.go && ! -e $base.txtar ]] || fail "$base.go or $base.txtar exists"
variable=$(sed -E 's/-(.)/\U\1/g' <<<"$name")
module=$(sed -n 's/^module //p' ../go.mod)
version=$(sed -nE 's/^\tSince: +"(.*)",/\1/p' ./*/*.go | sort -V | tail -n 1)

{
  echo "package $pack"
  echo
  echo "import ("
  [[ -z $use ]] || echo "	\"$module/$use\""
  echo "	\"$module/rules\""
  echo ")"
  echo
  echo "var $variable = &rules.Rule{"
  echo "	ID:       \"$pack/$name\","
  echo "	Summary:  \"\","
  echo "	Severity: rules.Warning,"
  echo "	Category: rules.Correctness,"
  echo "	Since:    \"$version\","
  echo "	References: []string{"
  echo "		\"\","
  echo "	},"
  echo "	Check: rules.$check,"
  echo "}"
} >"$base.go"
cat >"$base.txtar" <<TXTAR
## Why

## What to do

-- bad/$file --
-- good/$file --
TXTAR

# The list is sorted by id, which only the rules' files know.
id() { sed -nE "/^var $1 = &rules\.Rule\{/,/^\}/s/^\tID: +\"(.*)\",/\1/p" "$pack"/*.go; }
start=$(grep -n 'Rules: \[\]\*rules\.Rule{' "$list" | cut -d: -f1)
end=$(awk -v from="$start" 'NR > from && /^\t\}\}/ { print NR; exit }' "$list")
sorted=$({ sed -n "$((start + 1)),$((end - 1))p" "$list" | tr -d '\t,'; echo "$variable"; } |
  while read -r v; do echo "$(id "$v") $v"; done | LC_ALL=C sort | cut -d' ' -f2 | sed 's/.*/\t\t&,/')
{ head -n "$start" "$list"; echo "$sorted"; tail -n "+$end" "$list"; } >"$list.new"
mv "$list.new" "$list"
echo "wrote rules/$base.go and rules/$base.txtar, and a line in rules/$list"
