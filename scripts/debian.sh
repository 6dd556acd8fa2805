# shellcheck shell=bash
# Trees of unpacked Debian 12 packages, for scripts to source. Nothing is installed, nothing of the host is read but its
# choice of mirror and proxy, nothing of the host is changed: apt fetches and verifies as always, with a state of its
# own in a directory given to each function. No root is needed.

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

# The package names of list files.
packages() { sed 's/#.*//; s/[[:space:]]*$//; /^$/d' "$@"; }

# The first archive of the host's own apt configuration that looks like the wanted one.
host_mirror() {
  local pattern=$1 fallback=$2 uri
  # shellcheck disable=SC2016 # apt expands it
  uri=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -m1 -E "$pattern") || true
  printf '%s' "${uri:-$fallback}"
}

# A complete configuration for apt. Of the host's only the settings that say how to reach a mirror are taken over: its
# hooks, pins and further archives are not.
write_apt_config() {
  local apt=$1 architecture=$2
  mkdir -p "$apt"/{lists/partial,cache/archives/partial,none/partial,conf.d,alone}
  : >"$apt/status"
  {
    apt-config dump | grep -E '^Acquire::(http|https|Check-|ForceIPv)' || true
    cat <<CONF
APT::Architecture "$architecture";
APT::Architectures { "$architecture"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "60";
Acquire::https::Timeout "60";
Dir::Etc::parts "$apt/conf.d";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Log "$apt";
CONF
  } >"$apt/apt.conf"

  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg signed=
  [[ ! -r $keyring ]] || signed="[signed-by=$keyring] "
  local main security
  main=$(host_mirror '/debian/?$' http://deb.debian.org/debian)
  security=$(host_mirror '/debian-security/?$' http://deb.debian.org/debian-security)
  cat >"$apt/sources.list" <<LIST
deb ${signed}${main} bookworm main
deb ${signed}${main} bookworm-updates main
deb ${signed}${security} bookworm-security main
LIST
}

# debian_fetch STATE ARCHITECTURE NAME PACKAGE... [-- PACKAGE...]
# Fetches the packages with all they depend on, those behind -- alone, and writes the paths of all archives, in the
# order to unpack them, into STATE/NAME.
debian_fetch() {
  local apt=$1 architecture=$2 name=$3 wanted=() alone=() log=$1/log
  shift 3
  while [[ $# -gt 0 && $1 != -- ]]; do
    wanted+=("$1")
    shift
  done
  [[ $# -eq 0 ]] || alone=("${@:2}")
  write_apt_config "$apt" "$architecture"
  (
    export APT_CONFIG=$apt/apt.conf
    # An index that cannot be had is no reason to give up: what counts is whether the packages come.
    apt-get -q update || true
    : >"$apt/uris"
    if [[ ${#wanted[@]} -gt 0 ]]; then
      # The names of all archives, had or not: asked against an empty cache.
      apt-get -q -y -o Dir::Cache::archives="$apt/none" --print-uris install "${wanted[@]}" >"$apt/uris" &&
        apt-get -q -y --download-only install "${wanted[@]}" || exit 1
    fi
    if [[ ${#alone[@]} -gt 0 ]]; then
      cd "$apt/alone" && rm -f ./*.deb && apt-get -q download "${alone[@]}" || exit 1
    fi
  ) >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "the Debian packages cannot be fetched (the whole log: $log)"
  }
  sed -n "s,^'[^']*' \\([^ ]*\\.deb\\) .*,$apt/cache/archives/\\1,p" "$apt/uris" >"$apt/$name"
  [[ ${#alone[@]} -eq 0 ]] || printf '%s\n' "$apt"/alone/*.deb >>"$apt/$name"
}

# debian_unpack LIST TREE
debian_unpack() {
  local list=$1 tree=$2 deb directory
  # Debian 12 has these directories below /usr only; the links are no package's, and must be there before the first.
  for directory in bin sbin lib; do
    mkdir -p "$tree/usr/$directory"
    ln -s "usr/$directory" "$tree/$directory"
  done
  while read -r deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$tree" --keep-directory-symlink --no-same-owner
  done <"$list"
}

# debian_configure TREE: what the packages' own scripts would do at installation, as far as programs notice.
debian_configure() {
  local tree=$1
  install -m 644 "$tree/usr/share/base-passwd/passwd.master" "$tree/etc/passwd"
  install -m 644 "$tree/usr/share/base-passwd/group.master" "$tree/etc/group"
  install -m 644 "$tree/usr/share/libc-bin/nsswitch.conf" "$tree/etc/nsswitch.conf"
  printf '127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost ip6-loopback\n' >"$tree/etc/hosts"
  echo nurse >"$tree/etc/hostname"
  echo Etc/UTC >"$tree/etc/timezone"
  link_in "$tree" /usr/share/zoneinfo/Etc/UTC etc/localtime
  link_in "$tree" dash usr/bin/sh
  link_in "$tree" gawk usr/bin/awk
  link_in "$tree" lua5.4 usr/bin/lua
  find "$tree/usr/share/ca-certificates" -name '*.crt' -print0 | sort -z | xargs -0 cat \
    >"$tree/etc/ssl/certs/ca-certificates.crt"
  "$tree/sbin/ldconfig" -X -r "$tree" || fail 'this kernel runs no i386 programs (CONFIG_IA32_EMULATION is missing)'
}

# link_in TREE TARGET NAME: links NAME to TARGET inside the tree unless something is there already.
link_in() {
  [[ -e $1/$3 || -L $1/$3 ]] || ln -s "$2" "$1/$3"
}
