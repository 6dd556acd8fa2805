#!/usr/bin/env bash
# Sets everything up, with a second i386 tree of some 180 packages and what they need, and runs their programs bare and in
# the sandbox: each directly (programs.tsv), and whole command lines (matrix.tsv, lines.tsv). As an ordinary user the bare
# ones need a user namespace.
#
# Usage: scripts/test-programs.sh [MOCHA-OPTION...]
#        ROWS=REGEX scripts/test-programs.sh      only rows whose id matches
set -euo pipefail

cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
# shellcheck source=scripts/debian.sh
source scripts/debian.sh

scripts/setup.sh
scripts/setup.sh debuggers
scripts/programs-tree.sh
test/programs/enter.sh .sysroot/programs / true ||
  fail 'programs cannot be run bare: run this as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone)'
exec node_modules/.bin/mocha "$@" test/programs/*.test.ts
