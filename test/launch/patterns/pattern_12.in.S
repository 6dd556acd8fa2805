// tables in the code
#include "around.h"
        before
stub:   call    1f
        .long   0x80cd1234, 0xe68f0be5, 0x00000000, 0x000080cd, 0x9a6f80cd, 0x27d4eb2f, 0xcd800000, 0x1dc780cd
        .long   0x0680cd07, 0x62f1ce6c, 0x80cdaaf0, 0x0000cd80, 0x00000080, 0x3c6ef372, 0x80cd0000, 0x510e527f
1:      pop     %eax
        ret
        behind
