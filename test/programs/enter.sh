#!/bin/sh
# Runs a command with an i386 tree as its root: no sandbox, the same names. /proc, /dev, /sys and /tmp are the host's,
# mounted in a mount namespace that ends with the command. As an ordinary user this takes a user namespace, in which the
# command has the user's own ids.
#
# Usage: enter.sh TREE DIRECTORY COMMAND [ARGUMENT...]
set -eu

if [ "$1" = --mounted ]; then
  uid=$2 gid=$3 tree=$4 directory=$5
  shift 5
  # Nobody may change the tree, root neither: no more than in the sandbox.
  mount --bind "$tree" "$tree"
  mount -o remount,bind,ro "$tree"
  for place in proc dev sys tmp; do
    mount --rbind "/$place" "$tree/$place"
  done
  set -- "--root=$tree" "--wd=$directory" -- "$@"
  [ "$uid" = 0 ] || set -- --user "--map-user=$uid" "--map-group=$gid" "$@"
  set -- linux32 unshare "$@"
  exec "$@"
fi

tree=$(realpath "$1")
shift
uid=$(id -u)
gid=$(id -g)
set -- --mounted "$uid" "$gid" "$tree" "$@"
if [ "$uid" = 0 ]; then
  exec unshare --mount -- "$0" "$@"
fi
exec unshare --user --map-root-user --mount -- "$0" "$@"
