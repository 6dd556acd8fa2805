// the usual stub
#include "around.h"
        before
stub:   mov     %ebx, %edx
        mov     8(%esp), %ecx
        mov     4(%esp), %ebx
        mov     $5, %eax
        int     $0x80
        mov     %edx, %ebx
        cmp     $-4095, %eax
        jae     after
        ret
        behind
