#!/bin/sh
# Runs a command with an i386 tree as its root: no sandbox, the same names. /proc, /dev, /sys and /tmp are the host's,
# mounted in a mount namespace that ends with the command. As an ordinary user this takes a user namespace, in which the
# command has the user's own ids.
#
# Usage: enter.sh [-t TRACE] TREE DIRECTORY COMMAND [ARGUMENT...]
#   -t  strace the command's new processes, threads and programs to the end of the file TRACE
set -eu

if [ "$1" = --mounted ]; then
  trace=$2 uid=$3 gid=$4 tree=$5 directory=$6
  shift 6
  # Nobody may change the tree, root neither: no more than in the sandbox.
  mount --bind "$tree" "$tree"
  mount -o remount,bind,ro "$tree"
  for place in proc dev sys tmp; do
    mount --rbind "/$place" "$tree/$place"
  done
  set -- "--root=$tree" "--wd=$directory" -- "$@"
  [ "$uid" = 0 ] || set -- --user "--map-user=$uid" "--map-group=$gid" "$@"
  set -- linux32 unshare "$@"
  # -D: the command is the one that whoever started us can wait for and end.
  [ -z "$trace" ] || set -- strace -D -f -A -o "$trace" -e trace=clone,clone3,fork,vfork,execve,execveat "$@"
  exec "$@"
fi

trace=
if [ "$1" = -t ]; then
  trace=$2
  shift 2
fi
tree=$(realpath "$1")
shift
uid=$(id -u)
gid=$(id -g)
set -- --mounted "$trace" "$uid" "$gid" "$tree" "$@"
if [ "$uid" = 0 ]; then
  exec unshare --mount -- "$0" "$@"
fi
exec unshare --user --map-root-user --mount -- "$0" "$@"
