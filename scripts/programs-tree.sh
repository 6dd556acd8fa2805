#!/usr/bin/env bash
# Unpacks the Debian 12 i386 tree of `npm run test:programs` into .sysroot/programs, beside the demo's. The tree is made
# in a directory beside and renamed, so an interrupted run leaves no half tree.
#
# Usage: scripts/programs-tree.sh            make the tree, unless it is there and up to date
#        scripts/programs-tree.sh --state    say `fresh`, `outdated` or `missing`
set -euo pipefail
umask 022

top=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
# shellcheck source=scripts/debian.sh
source "$top/scripts/debian.sh"
list=$top/scripts/programs-packages.txt
home=$top/.sysroot
tree=$home/programs
new=$home/programs.new
stamp=$home/programs.stamp

fingerprint() { cat "$list" "$top"/scripts/{programs-tree,debian}.sh | sha256sum | cut -d' ' -f1; }

state() {
  if [[ ! -x $tree/usr/bin/env || ! -f $stamp ]]; then
    echo missing
  elif [[ $(<"$stamp") != "$(fingerprint)" ]]; then
    echo outdated
  else
    echo fresh
  fi
}

# Runs a program of the new tree without entering the tree.
bare() {
  local program=$1 libraries=$new/usr/lib/i386-linux-gnu
  shift
  PYTHONHOME=$new/usr "$new/lib/ld-linux.so.2" --library-path "$libraries" "$new/usr/bin/$program" "$@"
}

# What Debian's alternatives would link.
link_alternatives() {
  link_in "$new" blas/libblas.so.3 usr/lib/i386-linux-gnu/libblas.so.3
  link_in "$new" lapack/liblapack.so.3 usr/lib/i386-linux-gnu/liblapack.so.3
  link_in "$new" ../lib/i386-linux-gnu/guile/3.0/bin/guile usr/bin/guile
  link_in "$new" ../lib/jvm/java-17-openjdk-i386/bin/java usr/bin/java
  link_in "$new" ../lib/jvm/java-17-openjdk-i386/bin/javac usr/bin/javac
}

# The users that packages would make for their servers.
add_users() {
  printf '%s\n' >>"$new/etc/passwd" sshd:x:100:65534::/run/sshd:/usr/sbin/nologin
}

# Graphviz finds its plugins in a list that is made at installation. The second list, in core/, leaves out those with
# Pango: Pango starts threads.
list_plugins() {
  local plugins=$new/usr/lib/i386-linux-gnu/graphviz core
  core=$plugins/core
  mkdir "$core"
  cp -a "$plugins"/libgvplugin_{core,dot_layout,neato_layout}.so* "$core/"
  GVBINDIR=$core bare dot -c
  GVBINDIR=$plugins bare dot -c
}

# Byte code, as an installed Python has it: without it each start compiles the library anew.
compile_python() {
  # An absolute link would lead out of the tree, and another file's byte code into it.
  ln -sfn ../../../etc/python3.11/sitecustomize.py "$new/usr/lib/python3.11/sitecustomize.py"
  bare python3.11 -m compileall -q -j0 -s "$new" -p / -x '/(test|tests|lib2to3|idlelib)/' \
    "$new/usr/lib/python3.11" "$new/usr/lib/python3/dist-packages"
}

make_tree() {
  local wanted old
  mapfile -t wanted < <(packages "$list")
  say 'programs: fetching Debian packages'
  debian_fetch "$home/apt" i386 programs "${wanted[@]}"
  say "programs: unpacking $(wc -l <"$home/apt/programs") packages into .sysroot/programs"
  rm -rf "$new"
  mkdir -p "$new"
  debian_unpack "$home/apt/programs" "$new"
  # A quarter of the tree that no program reads.
  rm -rf "$new"/usr/share/{doc,info,locale,man}
  link_alternatives
  debian_configure "$new"
  add_users
  install -d -m 755 "$new/run/sshd"
  list_plugins
  compile_python
  old=$(mktemp -d "$home/old.XXXXXX")
  rm -f "$stamp"
  [[ ! -e $tree ]] || mv "$tree" "$old/"
  mv "$new" "$tree"
  fingerprint >"$stamp"
  say "programs: $(du -sh "$tree" | cut -f1) in .sysroot/programs"
  rm -rf "$old"
}

if [[ ${1-} == --state ]]; then
  state
  exit
fi
# Who only uses the tree needs no right to write.
[[ $(state) != fresh ]] || exit 0
mkdir -p "$home"
exec 9>"$home/lock"
flock 9
[[ $(state) == fresh ]] || make_tree
