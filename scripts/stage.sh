#!/usr/bin/env bash
# Puts the built product with what it needs at run time into a directory, which may then be moved anywhere.
# Usage: npm run stage -- DIR
set -euo pipefail

target=${1-}
[[ -n $target ]] || {
  echo 'usage: npm run stage -- DIR' >&2
  exit 2
}
# npm runs scripts in the package's directory; DIR is meant as its caller sees it.
target=$(cd "${INIT_CWD-$PWD}" && realpath -m -- "$target")
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

if [[ -e $target && ! -f $target/.seccomp-nurse && -n $(ls -A "$target") ]]; then
  echo "stage: $target holds something else; name a new or an empty directory" >&2
  exit 1
fi
scripts/setup.sh tools modules build

mkdir -p "$(dirname "$target")"
new=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$new"' EXIT
chmod 755 "$new"
{
  printf '%s\n' sandbox package.json dist acl build/Release/nurse.node build/Release/loader build/Release/trustee.bin build/Release/libpledge.a \
    pledge/pledge.h
  for optional in README.md LICENSE CHANGELOG.md docs; do
    [[ ! -e $optional ]] || echo "$optional"
  done
  node scripts/modules.cjs runtime
} | tar -c --exclude='*.map' --exclude=dist/.made -T - | tar -x -C "$new" --no-same-owner
# MANPATH=DIR/share/man finds them.
for page in docs/man/*; do
  install -D -m 644 "$page" "$new/share/man/man${page##*.}/${page##*/}"
done
touch "$new/.seccomp-nurse"
rm -rf "$target"
mv -T "$new" "$target"
printf 'stage: %s/sandbox is ready (%s)\n' "$target" "$(du -sh "$target" | cut -f1)"
