#!/usr/bin/env bash
# Makes below .vm/ what run.sh boots: QEMU and Debian's kernels (fetched and unpacked, nothing is installed), an i386
# userland with Debian's own Node, and the product, built and staged natively in an i386 tree. What is there and up to
# date is left alone. Root only: the native build enters its tree.
set -euo pipefail
umask 022

top=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
cd "$top"
# shellcheck source=scripts/debian.sh
source scripts/debian.sh
vm=$top/.vm
here=$top/test/vm
authorities=/etc/ssl/certs/ca-certificates.crt

ground=(base-files base-passwd bash ca-certificates coreutils dash dpkg findutils gawk grep libc-bin openssl sed tar
  tzdata)
builder=("${ground[@]}" binutils cmake g++ gcc git make nodejs npm util-linux xz-utils)

is_made() { [[ -f $vm/$1.made && $(<"$vm/$1.made") == "$2" ]]; }
made() { echo "$2" >"$vm/$1.made"; }
hash_of() { sha256sum | cut -d' ' -f1; }

make_qemu() {
  local want=1
  if is_made qemu "$want"; then return 0; fi
  say 'vm: QEMU'
  debian_fetch "$vm/apt-amd64" amd64 qemu qemu-system-x86 seabios
  rm -rf "$vm/qemu"
  mkdir -p "$vm/qemu"
  debian_unpack "$vm/apt-amd64/qemu" "$vm/qemu"
  made qemu "$want"
}

# make_kernel FLAVOUR ARCHITECTURE: the kernel alone, without its modules.
make_kernel() {
  local flavour=$1 architecture=$2 package
  [[ ! -f $vm/vmlinuz-$flavour ]] || return 0
  say "vm: kernel $flavour"
  debian_fetch "$vm/apt-$architecture" "$architecture" kernel -- "linux-image-$flavour"
  package=$(dpkg-deb -f "$(<"$vm/apt-$architecture/kernel")" Depends | grep -o 'linux-image-[^ ,]*' | head -n1)
  debian_fetch "$vm/apt-$architecture" "$architecture" kernel -- "$package"
  dpkg-deb --fsys-tarfile "$(<"$vm/apt-$architecture/kernel")" |
    tar -x --wildcards --to-stdout './boot/vmlinuz-*' >"$vm/vmlinuz.new"
  mv "$vm/vmlinuz.new" "$vm/vmlinuz-$flavour"
}

# make_tree NAME PACKAGE...
make_tree() {
  local name=$1 want
  shift
  want=$(echo "$@" | cat - scripts/debian.sh | hash_of)
  if is_made "$name" "$want"; then return 0; fi
  say "vm: i386 tree .vm/$name"
  debian_fetch "$vm/apt-i386" i386 "$name" "$@"
  rm -rf "${vm:?}/$name"
  mkdir -p "$vm/$name"
  debian_unpack "$vm/apt-i386/$name" "$vm/$name"
  debian_configure "$vm/$name"
  made "$name" "$want"
}

# Everything that a checkout holds, without what set-up makes of it.
sources() {
  find . -mindepth 1 -maxdepth 1 ! -name .git ! -name .sysroot ! -name .vm ! -name node_modules ! -name build \
    ! -name dist ! -name coverage -printf '%P\n' | LC_ALL=C sort
}

# The product as a user of an i386 Debian gets it: `npm run stage` there, with that Debian's Node and compiler.
make_product() {
  local want
  want=$(sources | tar -c --sort=name --mtime=@0 --exclude=test --exclude=docs -T - | hash_of)
  if is_made product "$want"; then return 0; fi
  say 'vm: building and staging on i386'
  mkdir -p "$vm/build/work"
  (cd "$vm/build/work" && find . -mindepth 1 -maxdepth 1 ! -name node_modules ! -name build ! -name .sysroot \
    -exec rm -rf {} +)
  sources | tar -c -T - | tar -x -C "$vm/build/work" --no-same-owner
  # The tree reaches the network the way the host does.
  install -m 644 /etc/resolv.conf "$vm/build/etc/resolv.conf"
  if [[ -f $authorities ]]; then install -m 644 "$authorities" "$vm/build$authorities"; fi
  "$here/enter.sh" "$vm/build" env NODE_EXTRA_CA_CERTS="$authorities" http_proxy="${http_proxy-}" \
    https_proxy="${https_proxy-}" npm_config_registry="$(npm config get registry 2>/dev/null)" \
    bash -c 'cd /work && npm run --silent stage -- /stage' ||
    fail 'the product cannot be built on i386'
  rm -rf "$vm/product"
  mv "$vm/build/stage" "$vm/product"
  made product "$want"
}

# pack NAME: a directory as initramfs archive; several such archives, one behind the other, make an initramfs.
pack() { (cd "$vm/$1" && find . | LC_ALL=C sort | "$vm/root/bin/busybox" cpio -o -H newc 2>/dev/null) >"$vm/$1.cpio"; }

make_archives() {
  local want
  want=$(hash_of <"$vm/root.made")
  if ! is_made root.cpio "$want"; then
    say 'vm: packing the userland'
    (cd "$vm/root" && rm -rf usr/share/{doc,man,info,locale,i18n,perl,fonts,poppler} usr/include usr/lib/gcc boot)
    pack root
    made root.cpio "$want"
  fi
  want=$(cat "$vm/product.made" "$here"/*.c scripts/guest-cc.sh | hash_of)
  if ! is_made extra.cpio "$want"; then
    rm -rf "$vm/extra"
    mkdir -p "$vm/extra/opt" "$vm/extra/usr/bin"
    cp -a "$vm/product" "$vm/extra/opt/nurse"
    scripts/guest-cc.sh glibc -O2 -Wall "$here/hello.c" -o "$vm/extra/usr/bin/hello"
    scripts/guest-cc.sh glibc -O2 -Wall "$here/entry.c" -o "$vm/extra/usr/bin/entry"
    pack extra
    made extra.cpio "$want"
  fi
}

[[ $(id -u) == 0 ]] || fail 'preparing the virtual machines needs root'
mkdir -p "$vm"
exec 8>"$vm/lock"
flock 8
scripts/setup.sh tree
mapfile -t userland < <(packages scripts/sysroot-packages.txt)
make_qemu
make_kernel 686 i386
make_kernel amd64 amd64
make_tree root "${userland[@]}" nodejs
make_tree build "${builder[@]}"
make_product
make_archives
