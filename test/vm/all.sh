#!/usr/bin/env bash
# The product on kernels and processors that let programs in by other instructions than this host: one boot each, in
# which a few programs run in the sandbox. Usage: test/vm/all.sh [MACHINE...]
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
[[ $# -gt 0 ]] || set -- 686 686-nosep amd64
declare -A entries=([686]=sysenter [686-nosep]='int 0x80' [amd64]=sysenter [amd64-amd]=syscall)

# Each line runs in the machine; what the sandbox itself says comes last, and is compared with nothing.
commands='
sandbox() { /opt/nurse/sandbox "$@" 2>>/tmp/log; echo "status $?"; }
entry
sandbox --no-acl -- /usr/bin/hello
sandbox --no-acl -- /bin/busybox echo static
sandbox -- /usr/bin/python3 -c "import json, ctypes; print(json.dumps([1 + 1]))"
sandbox --no-acl -- /usr/bin/python3 -c "raise SystemExit(7)"
'
expected() {
  printf '%s\n' "${entries[$1]}" hello 'status 0' static 'status 0' '[2]' 'status 0' 'status 7'
}

"$here/prepare.sh"
passed=0
failed=0
for machine in "$@"; do
  start=$SECONDS
  output=$("$here/run.sh" "$machine" -- bash -c "$commands echo log; cat /tmp/log" 2>&1) || true
  if [[ ${output%%$'\nlog'*} == "$(expected "$machine")" ]]; then
    printf 'ok: %s (%s s)\n' "$machine" "$((SECONDS - start))"
    passed=$((passed + 1))
  else
    printf 'failed: %s\n' "$machine"
    diff <(expected "$machine") <(printf '%s\n' "$output") || true
    failed=$((failed + 1))
  fi
done
printf '%s passed, %s failed\n' "$passed" "$failed"
[[ $failed == 0 ]]
