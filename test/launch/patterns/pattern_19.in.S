// the same without padding: what stands behind the return is somebody's code
#include "around.h"
        before
        ret
        .p2align 4
entry:  int     $0x80
        ret
        movl    %ecx, %eax
        behind
