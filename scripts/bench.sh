#!/usr/bin/env bash
# Sets everything up, installs what the sandbox is compared with if that is allowed, and measures: at most ten minutes,
# with --quick two. Usage: scripts/bench.sh [OPTION...]     --help tells the options
set -euo pipefail

cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
scripts/setup.sh
scripts/setup.sh peers
exec node --import=tsx bench/main.ts "$@"
