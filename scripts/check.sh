#!/usr/bin/env bash
# Everything that can be judged without running the product: generated files fresh, types, lint, formatting, shell
# scripts, and the proof about the trustee's object code.
set -euo pipefail

cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
scripts/setup.sh tools modules

bad=0
check() {
  local name=$1 log status=0
  shift
  log=$("$@" 2>&1) || status=$?
  if [[ $status == 0 ]]; then
    printf 'check: %s: ok\n' "$name"
  else
    printf 'check: %s: failed\n%s\n' "$name" "$log"
    bad=1
  fi
}

bin=node_modules/.bin
check 'build' scripts/setup.sh build
check 'generated files' node --import=tsx src/wire/gen.ts --check
check 'generated documents' node --import=tsx scripts/gen-docs.ts --check
check 'types' "$bin/tsc" -p tsconfig.json
check 'lint' "$bin/eslint" .
check 'formatting' "$bin/prettier" --check --log-level=warn .
check 'trustee' node --import=tsx trustee-asm/check-no-stack.ts
if command -v shellcheck >/dev/null; then
  mapfile -t scripts < <(grep -rlE '^#!.*[/ ](ba)?sh$' sandbox .ci scripts test)
  check 'shell scripts' shellcheck -x "${scripts[@]}"
else
  echo 'check: shell scripts: not checked, shellcheck is not installed'
fi
# Each sees what the other does not.
if command -v mandoc >/dev/null; then
  check 'man pages by mandoc' mandoc -Tlint -Wwarning docs/man/*
else
  echo 'check: man pages by mandoc: not checked, it is not installed'
fi
if command -v groff >/dev/null; then
  # groff succeeds with warnings: any line is a failure.
  check 'man pages by groff' bash -c '! groff -mandoc -ww -Tutf8 -z "$@" 2>&1 | grep .' - docs/man/*
else
  echo 'check: man pages by groff: not checked, it is not installed'
fi
exit "$bad"
