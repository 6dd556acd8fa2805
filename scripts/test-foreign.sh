#!/usr/bin/env bash
# Sets everything up, with the tree of `npm run test:programs`, and runs CPython's own tests bare and in the sandbox. As an
# ordinary user the bare ones need a user namespace. Needs 20 minutes.
#
# Usage: scripts/test-foreign.sh
#        MODULES=REGEX scripts/test-foreign.sh    only modules whose name matches
#        DETAILS=1 scripts/test-foreign.sh        also: what a test that differs says
set -euo pipefail

cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
# shellcheck source=scripts/debian.sh
source scripts/debian.sh

scripts/setup.sh
scripts/programs-tree.sh
test/programs/enter.sh .sysroot/programs / true ||
  fail 'tests cannot be run bare: run this as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone)'
exec node --import=tsx test/foreign/foreign.ts
