define(`forloop', `pushdef(`$1', `$2')_forloop($@)popdef(`$1')')
define(`_forloop', `$4`'ifelse($1, `$3', `', `define(`$1', incr($1))$0($@)')')
divert(1)late
divert(0)forloop(`i', 1, N, `i ')
eval(2**20 % 1000) len(`text') esyscmd_is_not_called translit(`abc', `a-c', `A-C') format(`%05d', 42) include(`words')
