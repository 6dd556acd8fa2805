// _dl_sysinfo_int80: padding before it, a return behind it, entered by an indirect call
#include "around.h"
        before
        ret
        .p2align 4
entry:  int     $0x80
        ret
        behind
