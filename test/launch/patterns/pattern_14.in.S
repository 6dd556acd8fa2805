// je over a lock prefix: the branch goes into the middle of the next instruction
#include "around.h"
        before
stub:   cmpl    $0, %gs:0xc
        je      1f + 1
        call    after
        int     $0x80
1:      lock cmpxchg %ecx, (%ebx)
        ret
        behind
