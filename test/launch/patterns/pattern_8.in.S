// a branch to the instruction behind the call, another call before it
#include "around.h"
        before
stub:   test    %ecx, %ecx
        je      skip
        call    after
        int     $0x80
skip:   mov     %eax, %ebx
        mov     %ebx, %eax
        ret
        behind
