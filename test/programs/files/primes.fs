: prime? ( n -- f ) dup 2 < if drop 0 exit then dup 2 ?do i i * over > if leave then dup i mod 0= if drop 0 unloop exit then loop drop -1 ;
: primes ( n -- ) 0 swap 0 ?do i prime? if 1+ then loop . ;
20000 primes cr
: slurp s" words" slurp-file type ; slurp
create room 100 allot room 100 char x fill room 5 type cr
: fails 1 0 / ; ' fails catch . cr
3e fsqrt f. cr bye
