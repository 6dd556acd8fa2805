set terminal dumb 60 20
plot sin(x) title "sine"
set terminal svg size 300,200
set output "a.svg"
plot "large" using 1:2 every 100 with lines
set output
fit a*x+b "large" using 1:2 via a,b
set print "made"
print sprintf("%.3f", a)
set table "t.txt"
plot x**2
