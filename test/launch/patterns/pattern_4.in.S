// a branch behind the call, room before it
#include "around.h"
        before
stub:   push    %ebx
        mov     8(%esp), %ebx
        mov     %edi, %ecx
        mov     %esi, %eax
        int     $0x80
        jc      after
        pop     %ebx
        ret
        behind
