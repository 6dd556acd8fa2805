// a small assembler program with its strings around the code
        .text
hello:  .ascii  "Hello, world of tiny programs\n"
        .globl _start
_start: mov     $4, %eax
        mov     $1, %ebx
        mov     $hello, %ecx
        mov     $30, %edx
        int     $0x80
        mov     $1, %eax
        xor     %ebx, %ebx
        int     $0x80
bye:    .ascii  "data behind the code, as such programs have it\n"
        .section .note.GNU-stack, "", @progbits
