#!/usr/bin/env bash
# Boots a virtual machine, runs a command in it as root, prints what the command prints, exits with its status.
# Usage: test/vm/run.sh MACHINE -- COMMAND [ARGUMENT...]
# MACHINE:  686         Debian's 686 kernel; programs enter it by sysenter
#           686-nosep   the same kernel on a processor without sysenter: int 0x80 only
#           amd64       Debian's amd64 kernel; i386 programs enter it by sysenter
#           amd64-amd   the same kernel; i386 programs enter it by syscall
# The product is in /opt/nurse. In the environment: LIMIT, the seconds until the machine is switched off (300), SMP, its
# processors (1), CONSOLE, a file for what its kernel says. It is emulated throughout, so that the processor is the one
# asked for.
set -euo pipefail

top=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
vm=$top/.vm
case ${1-} in
  686) kernel=686 cpu=max ;;
  686-nosep) kernel=686 cpu=max,-sep ;;
  amd64) kernel=amd64 cpu=Nehalem ;;
  amd64-amd) kernel=amd64 cpu=max ;;
  *)
    echo 'usage: run.sh 686|686-nosep|amd64|amd64-amd -- COMMAND [ARGUMENT...]' >&2
    exit 2
    ;;
esac
shift
[[ ${1-} != -- ]] || shift
"$top/test/vm/prepare.sh" >&2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/last"
printf '%q ' "$@" >"$work/last/.command"
cat >"$work/last/init" <<'INIT'
#!/bin/busybox sh
bb() { /bin/busybox "$@"; }
bb mkdir -p /proc /sys /dev /run /tmp
bb mount -t proc proc /proc
bb mount -t sysfs sysfs /sys
bb mount -t devtmpfs dev /dev
bb mkdir -p /dev/pts /dev/shm
bb mount -t devpts devpts /dev/pts
bb mount -t tmpfs -o mode=1777 tmpfs /dev/shm
bb mount -t tmpfs -o mode=1777 tmpfs /tmp
bb ifconfig lo 127.0.0.1 up
bb stty -F /dev/ttyS1 raw
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb
cd /root || cd /
/bin/bash /.command </dev/null >/dev/ttyS1 2>&1
echo "vm-status=$?"
bb poweroff -f
INIT
chmod +x "$work/last/init"
(cd "$work/last" && find . | "$vm/root/bin/busybox" cpio -o -H newc 2>/dev/null) >"$work/last.cpio"
cat "$vm/root.cpio" "$vm/extra.cpio" "$work/last.cpio" >"$work/initramfs"

libraries=$vm/qemu/usr/lib/x86_64-linux-gnu
QEMU_MODULE_DIR=$libraries/qemu timeout -k 5 "${LIMIT:-300}" \
  "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries:$libraries/pulseaudio" \
  "$vm/qemu/usr/bin/qemu-system-x86_64" \
  -L "$vm/qemu/usr/share/qemu" -L "$vm/qemu/usr/share/seabios" -L "$vm/qemu/usr/lib/ipxe/qemu" \
  -accel tcg -cpu "$cpu" -smp "${SMP:-1}" -m 2048 -display none -no-reboot -nodefaults -net none \
  -serial "file:$work/console" -serial "file:$work/output" \
  -kernel "$vm/vmlinuz-$kernel" -initrd "$work/initramfs" \
  -append 'console=ttyS0 rdinit=/init panic=-1 quiet' </dev/null >"$work/qemu" 2>&1 || true

cat "$work/output" 2>/dev/null || true
status=$(grep -ao 'vm-status=[0-9]*' "$work/console" 2>/dev/null | tail -n1 | cut -d= -f2) || true
[[ -z ${CONSOLE-} ]] || cp "$work/console" "$CONSOLE"
if [[ -z $status ]]; then
  echo "run.sh: the machine did not finish the command; the end of its console:" >&2
  tail -n 20 "$work/qemu" "$work/console" >&2 || true
  exit 99
fi
exit "$status"
