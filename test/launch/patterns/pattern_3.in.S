// several short instructions behind the call
#include "around.h"
        before
stub:   mov     %ebp, %eax
        int     $0x80
        mov     %edi, %ebx
        mov     %esi, %ecx
        test    %eax, %eax
        js      after
        ret
        behind
