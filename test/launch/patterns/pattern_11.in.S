// the bytes as part of other instructions
#include "around.h"
        before
stub:   mov     $0x80cd, %eax
        lea     0x80cd(%eax), %ecx
        add     $0x0080cd00, %ecx
        movl    $0x80cd80cd, (%ecx)
        ret
        behind
