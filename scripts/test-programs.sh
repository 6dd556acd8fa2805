#!/usr/bin/env bash
# Sets everything up, with a second i386 tree of some 130 packages and what they need, and runs their programs bare and in
# the sandbox. As an ordinary user the bare ones need a user namespace.
#
# Usage: scripts/test-programs.sh [MOCHA-OPTION...]
#        ROWS=REGEX scripts/test-programs.sh      only rows whose id matches
#        EVIDENCE=1 scripts/test-programs.sh      also: strace shows that no bare program starts a process or a thread
set -euo pipefail

cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
# shellcheck source=scripts/debian.sh
source scripts/debian.sh

scripts/setup.sh
scripts/programs-tree.sh
test/programs/enter.sh .sysroot/programs / true ||
  fail 'programs cannot be run bare: run this as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone)'
[[ ${EVIDENCE-} != 1 ]] || command -v strace >/dev/null || fail 'EVIDENCE=1 needs strace; as root: apt-get install -y strace'
exec node_modules/.bin/mocha "$@" test/programs/programs.test.ts
