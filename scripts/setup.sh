#!/usr/bin/env bash
# Makes everything the product needs on a machine that has nodejs, npm and git: compiler, npm packages, build, and on
# an amd64 host an i386 Debian tree. Whatever is there already is left alone, so a second run has nothing to do.
#
# Usage: scripts/setup.sh [STEP...]     all steps, or some of: tools modules tree build
#        scripts/setup.sh peers         what npm run bench compares with, as far as it can be had
#        scripts/setup.sh debuggers     what test:programs attaches; without it those tests are skipped
#        scripts/setup.sh judges        what some tests compare with; without it they are skipped
set -euo pipefail

top=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
cd "$top"

# shellcheck source=scripts/debian.sh
source scripts/debian.sh

hash_of() { sha256sum | cut -d' ' -f1; }

# Packages are named by the program that shows they are there.
absent() {
  local program package
  while read -r program package; do
    command -v "$program" >/dev/null || echo "$package"
  done
}

missing_tools() {
  absent <<'LIST'
gcc gcc
g++ g++
make make
cmake cmake
ld binutils
LIST
}

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif [[ -t 0 ]]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

may_be_root() { [[ $(id -u) == 0 ]] || { command -v sudo >/dev/null && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; }; }

# Usage: install WHAT PACKAGE...
install() {
  local what=$1
  shift
  [[ $# -gt 0 ]] || return 0
  may_be_root || fail "missing Debian packages; as root: apt-get install -y $*"
  say "$what: installing $*"
  as_root apt-get -qq update || true
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends "$@" >/dev/null ||
    fail "apt-get install $* failed"
}

# tools: what the build needs of Debian.
step_tools() {
  local missing
  mapfile -t missing < <(missing_tools)
  install tools "${missing[@]}"
}

# Programs that are compared with; what cannot be had is left out by those who ask for them.
welcome() {
  local missing
  mapfile -t missing < <(absent)
  (install "$1" "${missing[@]}") || true
}

# peers: what `npm run bench` measures beside the sandbox.
step_peers() {
  welcome peers <<'LIST'
bwrap bubblewrap
proot proot
strace strace
LIST
}

# judges: strace for the trace, formatters for the man pages, a second shell for the completion, networks to be made.
step_judges() {
  welcome judges <<'LIST'
strace strace
groff groff
mandoc mandoc
zsh zsh
ip iproute2
LIST
}

# debuggers: for programs in the sandbox, attached from outside.
step_debuggers() {
  welcome debuggers <<'LIST'
gdb gdb
strace strace
LIST
}

# modules: the npm packages of package-lock.json.
step_modules() {
  local missing
  missing=$(node scripts/modules.cjs missing)
  [[ -n $missing ]] || return 0
  command -v npm >/dev/null || fail 'npm is missing; as root: apt-get install -y npm'
  # npm would empty what the link leads to, for whoever else uses it.
  [[ ! -L node_modules ]] || fail "node_modules is a link and $missing is missing or outdated: npm ci must be run where it leads"
  say "modules: npm ci ($missing is missing or outdated)"
  # A registry that hangs must not hang the set-up.
  timeout -k 10 900 npm ci --no-audit --no-fund --loglevel=error --fetch-timeout=60000 --fetch-retries=3 </dev/null ||
    fail 'npm ci failed'
}

# build: 32-bit parts and addon by cmake-js, TypeScript by tsc and esbuild. Each only when what it is made of has changed.
native_sources() { find CMakeLists.txt src/native src/wire vdso-hook trustee-asm pledge -type f 2>/dev/null | LC_ALL=C sort; }
script_sources() { find src acl scripts/prepare-acl.ts package-lock.json tsconfig.json tsconfig.build.json -type f | LC_ALL=C sort; }
fingerprint() { xargs -d '\n' sha256sum | hash_of; }
is_at() { [[ -f $1 && $(<"$1") == "$2" ]]; }

build_native() {
  local sources platform configured verb=compile
  platform=$(node -p 'process.version + process.arch')
  sources=$({ native_sources | fingerprint && echo "$platform"; } | hash_of)
  if is_at build/.made "$sources"; then return 0; fi
  # cmake-js does not notice these by itself.
  configured=$({ echo "$platform" "$top" "${CC-}" "${CXX-}" && cat CMakeLists.txt; } | hash_of)
  is_at build/.configured "$configured" || verb=rebuild
  say "build: wire layout, addon and 32-bit parts (cmake-js $verb)"
  node --import=tsx src/wire/gen.ts --check
  local log=.sysroot/cmake-js.log
  node_modules/.bin/cmake-js "$verb" >"$log" 2>&1 || {
    cat "$log" >&2
    fail 'the native build failed'
  }
  grep -E 'warning:' "$log" >&2 || true
  echo "$configured" >build/.configured
  echo "$sources" >build/.made
}

build_scripts() {
  local sources
  sources=$(script_sources | fingerprint)
  if is_at dist/.made "$sources"; then return 0; fi
  say 'build: TypeScript (tsc for types, esbuild for bundles: a start reads a few files instead of some two hundred)'
  rm -rf dist
  node_modules/.bin/tsc -p tsconfig.build.json || fail 'tsc failed'
  # CommonJS packages inside an ES module need a require of their own. The decoder keeps its wasm file beside it.
  node_modules/.bin/esbuild src/cli/main.ts src/cli/worker.ts --bundle --splitting --platform=node --target=node18 --format=esm \
    --minify-syntax --minify-whitespace --external:iced-x86 --outdir=dist/cli --log-level=warning \
    --banner:js="import{createRequire as seccompNurseRequire}from'node:module';const require=seccompNurseRequire(import.meta.url);" ||
    fail 'esbuild failed'
  node --import=tsx scripts/prepare-acl.ts || fail 'the default policy cannot be prepared'
  echo "$sources" >dist/.made
}

step_build() {
  build_native
  build_scripts
}

# tree: the i386 programs of the demo and the tests. An i386 host runs its own.
missing_programs() {
  packages scripts/sysroot-packages.txt scripts/test-packages.txt | while read -r package; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done
}

step_tree() {
  local missing
  if [[ $(dpkg --print-architecture) == i386 ]]; then
    mapfile -t missing < <(missing_programs)
    install tree "${missing[@]}"
  else
    scripts/sysroot.sh
  fi
}

command -v dpkg >/dev/null || fail 'this set-up needs Debian 12 (or one like it)'
case $(dpkg --print-architecture) in
  amd64 | i386) ;;
  *) fail 'i386 programs run on amd64 and i386 machines only' ;;
esac
node -e 'const [a, b] = process.versions.node.split("."); process.exit(a * 100 + +b < 1819 ? 1 : 0)' ||
  fail "Node.js 18.19 or newer is needed (this is $(node --version))"

mkdir -p .sysroot
exec 9>.sysroot/setup.lock
flock 9
for step in "${@:-tools modules tree build}"; do
  for one in $step; do
    "step_$one"
  done
done
