#!/usr/bin/env bash
# Puts the demo's two files below DIR, which programs in the sandbox see as their root: /secret/password, which the
# policy refuses, and /srv/demo/hello.txt, which it allows. Both are readable for every user of the machine: what
# refuses the first is the policy, not its mode. Files that are there already are left alone.
#
# Usage: scripts/demo/data.sh DIR
set -euo pipefail
umask 022

root=${1-}
[[ -d $root ]] || {
  echo 'usage: data.sh DIR' >&2
  exit 2
}

# Usage: put FILE LINE
put() {
  local file=$root/$1 new
  [[ ! -f $file || $(<"$file") != "$2" ]] || return 0
  mkdir -p "${file%/*}"
  # Renamed into place: a run beside this one never sees half a file.
  new=$(mktemp "$file.XXXXXX")
  printf '%s\n' "$2" >"$new"
  chmod 644 "$new"
  mv "$new" "$file"
}

put secret/password 'correct horse battery staple'
put srv/demo/hello.txt 'Hello. The policy lets you read this file.'
