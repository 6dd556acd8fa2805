set nocompatible
g/^oak/normal! Aend
%s/\v(\w+) (\d+)/\2 \1/
5,8d a
$put a
undo
undo
redo
1,3sort!
silent! w! copy
set ff=dos
w dos
set ff=unix
wq
