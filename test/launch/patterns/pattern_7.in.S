// a branch to the call: the mov before it must stay, what is behind it may go
#include "around.h"
        before
stub:   test    %ecx, %ecx
        je      again
        mov     $162, %eax
again:  int     $0x80
        cmp     $-4096, %eax
        ja      after
        ret
        behind
