setopt extended_glob
print -l in/*.(c|cc) dir/**/*(.)
typeset -A a; a=(x 1 y 2); print ${(kv)a} ${#a}
print $((2**40 % 1000)) ${(U):-text} ${(j:,:)a}
while read -r l; do n=$((n+1)); done <large; print $n
exec 5>made; print -u5 kept; exec 5>&-
[[ -f made && abc == a* ]] && print yes
printf "%05d\n" 42
cd missing
exit 6
