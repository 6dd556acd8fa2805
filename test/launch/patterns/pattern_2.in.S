// the number comes from elsewhere; a long instruction behind the call
#include "around.h"
        before
stub:   push    %ebx
        mov     8(%esp), %ebx
        mov     12(%esp), %eax
        nop
        int     $0x80
        cmp     $-4096, %eax
        ja      after
        pop     %ebx
        ret
        behind
