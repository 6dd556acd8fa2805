#!/usr/bin/env bash
# Runs a command inside an i386 tree, as root of it, with namespaces of its own: when it ends nothing stays mounted.
# Usage: test/vm/enter.sh TREE COMMAND [ARGUMENT...]
set -euo pipefail

# shellcheck disable=SC2016 # expanded inside
exec unshare --mount --pid --uts --ipc --fork --kill-child setarch linux32 bash -euc '
  tree=$1
  shift
  mount --make-rprivate /
  mkdir -p "$tree"/{proc,sys,dev,tmp,root}
  mount -t proc proc "$tree/proc"
  mount --rbind /dev "$tree/dev"
  exec chroot "$tree" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
' enter "$@"
