// an entry of a jump table points behind the call
#include "around.h"
        before
stub:   jmp     *table(,%ecx,4)
        int     $0x80
case:   mov     %eax, %ebx
        mov     %ebx, %ecx
        ret
        .section .rodata
        .p2align 2
table:  .long   after, case
        .text
        behind
