#!/usr/bin/env bash
# Shows what the sandbox does, and checks each thing that it shows. `npm run demo` calls it after the set-up. When
# standard input is a terminal, it ends with an interactive Python in the sandbox. Exit status: 0 when all that was
# shown was as it should be.
#
# Nothing of the host is touched: the demo's files are in the i386 tree of the checkout or, on an i386 host, which
# needs no such tree, in a temporary directory that is laid over the host's root for the sandboxed program alone.
set -euo pipefail

top=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
cd "$top"
here=scripts/demo
tree=.sysroot/i386
acl=acl/demo.yaml
work=$(mktemp -d /tmp/nurse-demo.XXXXXX)
chmod 755 "$work"
helper=
cleanup() {
  [[ -z $helper ]] || kill -9 "$helper" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

# ---- how it looks ----

bold='' dim='' green='' red='' plain=''
if [[ -t 1 && -z ${NO_COLOR-} ]]; then
  bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
fi
heading() { printf '\n%s%s%s\n\n' "$bold" "$1" "$plain"; }
tell() { printf '%s\n' "$@"; }
command_line() { printf '  %s$ %s%s\n' "$bold" "$*" "$plain"; }
indent() { sed 's/^/  /' "$@"; }
wrap() { fold -s -w "$1" | sed 's/ *$//'; }
label() {
  printf '  %s%-10s%s%s\n' "$bold" "$1" "$plain" "$2"
  [[ -z ${3-} ]] || printf '%s\n' "$3" | wrap 100 | sed "s/.*/            $dim&$plain/"
}

# Usage: fact WHAT COMMAND...   says whether the command succeeds, and remembers if it does not
bad=0
fact() {
  local what=$1
  shift
  if "$@"; then
    printf '  %sok%s      %s\n' "$green" "$plain" "$what"
  else
    printf '  %sFAILED%s  %s\n' "$red" "$plain" "$what"
    bad=$((bad + 1))
  fi
}
has() { grep -qE -e "$1" "$2"; }
has_times() { [[ $(grep -cE -e "$2" "$3") == "$1" ]]; }
is() { [[ $1 == "$2" ]]; }
without() { ! has "$1" "$2"; }

# ---- what it needs ----

give_up() {
  printf 'demo: %s\n' "$*" >&2
  exit 1
}

[[ -f dist/cli/main.js ]] || give_up "not built yet; run: npm run demo (in $top)"
options=(--acl "$acl")
python=/usr/bin/python
if [[ $(node -p process.arch) == ia32 ]]; then
  mkdir "$work/root"
  $here/data.sh "$work/root"
  options+=(--sysroot "$work/root")
  [[ -e $python ]] || python=/usr/bin/python3
  place="in $work/root, which the sandboxed program sees laid over /"
else
  [[ -x $tree/usr/bin/python3.11 ]] || give_up "there is no i386 tree yet; run: npm run demo (in $top)"
  $here/data.sh "$tree" 2>/dev/null ||
    give_up "the tree $top/$tree is another user's and lacks the demo's files; as that user run: $here/data.sh $tree (in $top)"
  place="in $tree, which the sandboxed program sees laid over /"
fi

heading 'seccomp-nurse: real programs under SECCOMP strict mode'
tell 'Strict mode lets a thread read and write what it holds, and end. Nothing else.' \
  'Whoever makes another system call is killed by the kernel.' \
  'The sandbox runs an unmodified i386 Python like that.' \
  "Every other call is judged outside, by the policy $acl." \
  '' \
  "The demo's files, /secret/password and /srv/demo/hello.txt, are" "$place."

# ---- 1 ----

heading '1. The policy decides'
tell 'Python tries to read a secret, by its name and by a detour.' \
  'Then it asks whether it could, which the policy always answers with yes.' \
  'The script types the lines.' ''
command_line "./sandbox ${options[*]} -- $python"
status=0
./sandbox "${options[@]}" -d ERROR -- "$python" - \
  "open('/secret/password')" \
  "open('/var/log/../../secret/password')" \
  'import os' \
  "os.access('/secret/password', os.R_OK)" \
  'os.getpid()' \
  "print(open('/srv/demo/hello.txt').read(), end='')" \
  <$here/typed.py >"$work/typed" 2>&1 || status=$?
indent "$work/typed"
tell ''
fact 'both ways to the secret are refused: EPERM' has_times 2 '^PermissionError: \[Errno 1\] Operation not permitted' "$work/typed"
fact 'os.access answers True' has '^True$' "$work/typed"
fact 'os.getpid() is a process id' has '^[1-9][0-9]+$' "$work/typed"
fact 'the allowed file can be read' has '^Hello\. The policy lets you read this file\.$' "$work/typed"
fact 'the secret was not shown' without 'correct horse' "$work/typed"
fact 'Python ended normally' is "$status" 0

# ---- 2 ----

heading '2. The kernel confines'
tell 'A sandboxed Python sleeps. This is what the kernel says of its threads, seen from outside.' \
  'Seccomp: 1 is strict mode. The program runs in that thread: the untrustee.' \
  'Seccomp: 0 is not confined. The trustee makes the calls that were allowed; it runs one page of' \
  'assembly and trusts no memory that the program can write. The lifeline ends the process when' \
  'the helper is gone.' ''
./sandbox "${options[@]}" -d ERROR -- "$python" -c 'import os, time; print(os.getpid(), flush=True); time.sleep(60)' \
  </dev/null >"$work/pid" 2>&1 &
helper=$!
for _ in $(seq 100); do
  if [[ -s $work/pid ]] || ! kill -0 "$helper" 2>/dev/null; then break; fi
  sleep 0.1
done
read -r pid <"$work/pid" || true
if [[ ! ${pid-} =~ ^[0-9]+$ ]]; then
  indent "$work/pid"
  pid=none
fi
command_line "grep Seccomp: /proc/$pid/task/*/status"
states=()
for task in "/proc/$pid/task"/*; do
  state=$(sed -n 's/^Seccomp:[[:space:]]*//p' "$task/status" 2>/dev/null) || state=gone
  # The trustee is the leader, and the lifeline is the thread that it starts first.
  if [[ ${task##*/} == "$pid" ]]; then
    role=trustee
  elif [[ $state == 0 ]]; then
    role=lifeline
  else
    role=untrustee
  fi
  states+=("$role:$state")
  printf '  %s/status:Seccomp: %s   %s\n' "$task" "$state" "$role"
done
tell ''
mapfile -t states < <(printf '%s\n' "${states[@]}" | sort)
fact 'the untrustee is in strict mode, trustee and lifeline are not' is "${states[*]}" 'lifeline:0 trustee:0 untrustee:1'
parent=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null) || parent=none
fact "os.getpid() told the real process id, that of the helper's child" is "$parent" "$helper"
# bash tells of a job that was killed as soon as it sees it, before wait(1) does or in it
{
  kill -9 "$helper" || true
  wait "$helper" || true
} 2>/dev/null
helper=
gone=no
for _ in $(seq 20); do
  if [[ ! -e /proc/$pid ]] || has '^State:[[:space:]]*[ZX]' "/proc/$pid/status" 2>/dev/null; then
    gone=yes
    break
  fi
  sleep 0.05
done
fact 'killing the helper with kill -9 ends the program within a second' is "$gone" yes

# ---- 3 ----

heading '3. Going around the hook'
# shellcheck disable=SC2016 # int $0x80 is the instruction's name
tell 'This program asks for its process id twice. The first int $0x80 is plain to see, so the' \
  'sandbox has patched it. The second is hidden in the operand of another instruction.' ''
scripts/guest-cc.sh bare $here/raw.S -o "$work/raw"
command_line "./sandbox ${options[*]} -- $work/raw"
status=0
./sandbox "${options[@]}" -- "$work/raw" >"$work/said" 2>"$work/why" </dev/null || status=$?
indent "$work/said"
wrap 100 <"$work/why" | indent
command_line "echo \$?"
printf '  %s\n\n' "$status"
fact 'the plain one was answered' has 'the patched int .0x80 was answered' "$work/said"
fact 'the hidden one was not carried out' without 'was carried out' "$work/said"
fact 'the kernel killed the thread, and the status says so: 137' is "$status" 137
fact 'the sandbox explains it' has 'strict mode.* direct|directly' "$work/why"

# ---- 4 ----

heading '4. The life of a request'
tell 'What the helper logs with -d DEBUG while a program opens two files, with notes.'
status=0
./sandbox "${options[@]}" -d DEBUG -- "$python" -I -S -c '
import os
os.open("/srv/demo/hello.txt", os.O_RDONLY)
try: os.open("/secret/password", os.O_RDONLY)
except PermissionError: pass' </dev/null >"$work/log" 2>&1 || status=$?

# The two requests, from the registers to the reply: eax=0x127 is openat. The refused one names its path, the other
# is the openat before it.
awk -v allowed="$work/allowed" -v refused="$work/refused" '
  / request of thread / { block = ""; open = / eax=0x127 / }
  open { block = block $0 "\n" }
  / reply to thread / && open {
    if (block ~ /denied openat: read "\/secret\/password"/) { printf "%s", before >allowed; printf "%s", block >refused; exit }
    before = block
    open = 0
  }' "$work/log"
touch "$work/allowed" "$work/refused"

# Usage: line FILE PATTERN   the log lines that match, without what stands before every one
line() { sed -nE "/$2/s/^sandbox: [A-Z]+: //p" "$1"; }

tell '' '  open("/srv/demo/hello.txt"), which is allowed:' ''
label request 'The hook sends the registers. eax is the call: 0x127 is 295, openat. ecx points at the path.' "$(line "$work/allowed" ' request of thread ')"
label question 'The helper copies the path once, resolves every symlink in it, and asks the policy:' 'read "/srv/demo/hello.txt"'
label rule 'This one grants it:' "$acl:$(grep -n -m1 -F 'read: ["/srv/demo/**"]' $acl | sed 's/:[[:space:]]*-/: /')"
label mechanism 'Delegated: the trustee opens the file, by the path as the helper wrote it into read-only memory.' "$(line "$work/allowed" ' order to the trustee ')"
label result 'The descriptor, published where the program cannot forge it.' "$(line "$work/allowed" ' result of thread ')"
label reply 'The program goes on behind its call.' "$(line "$work/allowed" ' reply to thread ')"
tell '' '  open("/secret/password"), which is not:' ''
label request 'The same registers, another path.' "$(line "$work/refused" ' request of thread ')"
label question 'And the rule that refuses it, by file, line and column:' "$(line "$work/refused" 'denied openat')"
label mechanism 'None. No system call is made for it.'
label reply '-1 is EPERM.' "$(line "$work/refused" ' reply to thread ')"
tell ''
fact 'the allowed call was delegated' has ' order to the trustee .*openat2' "$work/allowed"
fact 'the program got a descriptor' has ' reply to thread [0-9]+: value [3-9]' "$work/allowed"
fact 'the refusal names its rule' has "denied openat: read \"/secret/password\" = EPERM by $acl:[0-9]+:[0-9]+: " "$work/refused"
fact 'no call was made for the refused one' without ' order to the trustee ' "$work/refused"
fact 'the program got EPERM' has ' reply to thread [0-9]+: value -1 ' "$work/refused"
fact 'the program went on' is "$status" 0

# ---- the end ----

heading 'Result'
if [[ $bad -gt 0 ]]; then
  tell "$bad of the facts above did not hold."
  exit 1
fi
tell 'All facts held.'
[[ -t 0 ]] || exit 0

tell '' 'Now it is your turn. This is a Python in the sandbox. Try:' '' \
  "  open('/secret/password')" \
  "  open('/var/log/../../secret/password')" \
  "  import os; os.access('/secret/password', os.R_OK)" \
  "  print(open('/srv/demo/hello.txt').read())" \
  "  os.listdir('/'), os.getpid(), os.fork()" '' \
  'Ctrl-D ends it.' ''
command_line "./sandbox ${options[*]} -- $python"
./sandbox "${options[@]}" -- "$python"
