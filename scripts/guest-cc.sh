#!/usr/bin/env bash
# Compiles an i386 program for the tests, on an amd64 host against the headers and libraries of .sysroot/i386 (no
# gcc-multilib), on an i386 host against its own.
#
# Usage: scripts/guest-cc.sh KIND FILE... -o OUT [FLAG...]
# KIND:  glibc            dynamic, position independent (what Debian's gcc makes by default)
#        glibc-nopie      dynamic, at a fixed address
#        glibc-static     static, at a fixed address
#        glibc-static-pie static, position independent
#        glibc-shared     a shared library
#        musl             dynamic, position independent
#        musl-static      static, at a fixed address
#        musl-static-pie  static, position independent
#        bare             no libc, no start files: the source brings _start
set -euo pipefail

top=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
kind=${1-}
[[ -n $kind ]] || {
  echo 'usage: guest-cc.sh KIND FILE... -o OUT [FLAG...]' >&2
  exit 2
}
shift
cc=${CC:-gcc}

# Libraries go last on the line, so that the sources before them find their symbols.
if [[ $(dpkg --print-architecture) == i386 ]]; then
  root=
  command=("$cc")
  headers=()
else
  root=$top/.sysroot/i386
  command=("$cc" -m32 "--sysroot=$root")
  headers=(-isystem "$root/usr/include/i386-linux-gnu")
fi
gnu=$root/usr/lib/i386-linux-gnu
musl=$root/usr/lib/i386-linux-musl
# GCC's own start files and libgcc exist for i386 in the tree only; the newest there is.
gcc=$(printf '%s\n' "$root"/usr/lib/gcc/i686-linux-gnu/* | sort -V | tail -n1)

glibc=("${command[@]}" "${headers[@]}" -B"$gcc" -B"$gnu" -L"$gcc" -L"$gnu")
muslc=("${command[@]}" -nostdinc -isystem "$root/usr/include/i386-linux-musl"
  -isystem "$("$cc" -print-file-name=include)" -idirafter "$root/usr/include/i386-linux-gnu"
  -idirafter "$root/usr/include" -nostdlib)

case $kind in
  glibc) exec "${glibc[@]}" -pie -fPIE "$@" ;;
  glibc-nopie) exec "${glibc[@]}" -no-pie -fno-pie "$@" ;;
  glibc-static) exec "${glibc[@]}" -static -no-pie -fno-pie "$@" ;;
  glibc-static-pie) exec "${glibc[@]}" -static-pie -fPIE "$@" ;;
  glibc-shared) exec "${glibc[@]}" -shared -fPIC "$@" ;;
  musl)
    exec "${muslc[@]}" -pie -fPIE -Wl,-dynamic-linker,/lib/ld-musl-i386.so.1 "$musl/Scrt1.o" "$musl/crti.o" "$@" \
      -L"$musl" -lc -L"$gcc" -lgcc "$musl/crtn.o"
    ;;
  musl-static)
    exec "${muslc[@]}" -static -no-pie -fno-pie "$musl/crt1.o" "$musl/crti.o" "$@" \
      -L"$musl" -Wl,--start-group -lc -L"$gcc" -lgcc -lgcc_eh -Wl,--end-group "$musl/crtn.o"
    ;;
  musl-static-pie)
    exec "${muslc[@]}" -static-pie -fPIE "$musl/rcrt1.o" "$musl/crti.o" "$@" \
      -L"$musl" -Wl,--start-group -lc -L"$gcc" -lgcc -lgcc_eh -Wl,--end-group "$musl/crtn.o"
    ;;
  bare)
    exec "${command[@]}" "${headers[@]}" -ffreestanding -nostdlib -static -no-pie -fno-pie -fno-stack-protector "$@"
    ;;
  *)
    echo "guest-cc.sh: $kind is no kind of guest" >&2
    exit 2
    ;;
esac
