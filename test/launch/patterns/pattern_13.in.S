// in an object not known to hold calls only those whose number is known
#include "around.h"
        before
stub:   mov     %ebx, %edx
        mov     $511, %eax
        int     $0x80
        mov     %edx, %ebx
        mov     $512, %eax
        int     $0x80
        mov     12(%esp), %eax
        int     $0x80
        cmp     $-4096, %eax
        ret
        behind
