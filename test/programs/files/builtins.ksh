set -A a one two three
print ${a[1]} ${#a[*]} $((7 * 6)) ${a[2]#th}
while read -r l; do n=$((n+1)); done <large; print $n
exec 3<>made; print -u3 kept; exec 3>&-
print dir/* in/*.pl
function f { typeset x=$1; print "${x^^}" 2>/dev/null || print $x; }
x=$(<words); print ${#x}
[[ -L link && words -nt none ]] && print newer
cd missing
exit 6
