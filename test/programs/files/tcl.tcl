set f [open words]
set words [split [string trim [read $f]] \n]
close $f
puts "[llength $words] [lsort -decreasing $words]"
puts [expr {2**100 % 97}]
set s [socket -server {apply {{c a p} {close $c}}} -myaddr 127.0.0.1 0]
puts [llength [fconfigure $s -sockname]]
close $s
file mkdir made/deep
file attributes made -permissions 0750
file copy words made/deep/copy
puts [glob -directory made -tails *]
puts [clock format 86400 -gmt 1]
puts [regsub -all {(\w)(\w*)} "some words" {\2\1}]
catch {open missing} error
puts $error
exit 3
