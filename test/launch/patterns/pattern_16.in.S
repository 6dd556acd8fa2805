// a far branch of another function goes behind the call
#include "around.h"
        before
stub:   call    after
        int     $0x80
there:  mov     %eax, %ebx
        mov     %ebx, %ecx
        ret
        .rept   100
        mov     4(%esp), %eax
        add     8(%esp), %eax
        .endr
        test    %eax, %eax
        jne     there
        ret
        behind
