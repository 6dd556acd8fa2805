// rdtsc and rdtscp are not patched
#include "around.h"
        before
stub:   rdtsc
        mov     %eax, %ecx
        rdtscp
        sub     %ecx, %eax
        ret
        behind
