// a loop jumps to the call itself, and a branch follows
#include "around.h"
        before
stub:   mov     $162, %eax
again:  int     $0x80
        jc      again
        ret
        behind
