#!/usr/bin/env bash
# Unpacks a Debian 12 i386 tree into .sysroot/i386. The tree is made in a directory beside and renamed, so an
# interrupted run leaves no half tree.
#
# Usage: scripts/sysroot.sh            make the tree, unless it is there and up to date
#        scripts/sysroot.sh --state    say `fresh`, `outdated` or `missing`
set -euo pipefail
umask 022

top=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
# shellcheck source=scripts/debian.sh
source "$top/scripts/debian.sh"
lists=("$top/scripts/sysroot-packages.txt" "$top/scripts/test-packages.txt")
home=$top/.sysroot
tree=$home/i386
new=$home/i386.new
stamp=$home/i386.stamp

# The scripts decide what the tree looks like as much as the lists do.
fingerprint() { cat "${lists[@]}" "$top"/scripts/{sysroot,debian}.sh | sha256sum | cut -d' ' -f1; }

state() {
  if [[ ! -x $tree/usr/bin/python3.11 || ! -f $stamp ]]; then
    echo missing
  elif [[ $(<"$stamp") != "$(fingerprint)" ]]; then
    echo outdated
  else
    echo fresh
  fi
}

# Runs a program of the new tree without entering the tree.
bare() {
  local program=$1
  shift
  PYTHONHOME=$new/usr "$new/lib/ld-linux.so.2" \
    --library-path "$new/lib/i386-linux-gnu:$new/usr/lib/i386-linux-gnu" "$new/usr/bin/$program" "$@"
}

# Byte code, as an installed Python has it: without it each start compiles the library anew.
compile_python() {
  # An absolute link would lead out of the tree, and another file's byte code into it.
  ln -sfn ../../../etc/python3.11/sitecustomize.py "$new/usr/lib/python3.11/sitecustomize.py"
  bare python3.11 -m compileall -q -j0 -s "$new" -p / -x '/(test|tests|lib2to3|idlelib)/' "$new/usr/lib/python3.11"
}

prove() {
  local answer
  answer=$(bare python3.11 -c 'import ctypes, ssl, sqlite3; print(ctypes.sizeof(ctypes.c_void_p) * 8)') || true
  [[ $answer == 32 ]] || fail 'the Python of the new i386 tree does not run'
}

make_tree() {
  local wanted alone old
  mapfile -t wanted < <(packages "${lists[0]}")
  mapfile -t alone < <(packages "${lists[1]}")
  say 'tree: fetching Debian packages'
  debian_fetch "$home/apt" i386 archives "${wanted[@]}" -- "${alone[@]}"
  say "tree: unpacking $(wc -l <"$home/apt/archives") packages into .sysroot/i386"
  rm -rf "$new"
  mkdir -p "$new"
  debian_unpack "$home/apt/archives" "$new"
  debian_configure "$new"
  compile_python || true
  prove
  old=$(mktemp -d "$home/old.XXXXXX")
  rm -f "$stamp"
  [[ ! -e $tree ]] || mv "$tree" "$old/"
  mv "$new" "$tree"
  fingerprint >"$stamp"
  rm -rf "$old"
}

if [[ ${1-} == --state ]]; then
  state
  exit
fi
mkdir -p "$home"
exec 9>"$home/lock"
flock 9
[[ $(state) == fresh ]] || make_tree
