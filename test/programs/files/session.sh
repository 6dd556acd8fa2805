echo $((6*7))
x=5; echo $x >made
read y <made; echo $y
cd dir; echo *; cd missing
for i in 1 2; do echo $i; done
exit 4
