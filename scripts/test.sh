#!/usr/bin/env bash
# Sets everything up, then runs the tests: all of them but test/programs (scripts/test-programs.sh), or those in the
# named files and directories.
# Usage: scripts/test.sh [PATH...] [MOCHA-OPTION...]
set -euo pipefail

cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
scripts/setup.sh tools judges modules tree build

arguments=()
named=
for argument in "$@"; do
  if [[ -d $argument ]]; then
    argument="${argument%/}/**/*.test.ts"
    named=yes
  elif [[ -f $argument ]]; then
    named=yes
  fi
  arguments+=("$argument")
done
[[ -n $named ]] || arguments+=(--ignore 'test/programs/**' 'test/**/*.test.ts')
exec node_modules/.bin/mocha "${arguments[@]}"
