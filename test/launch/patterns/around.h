// Ordinary code before and behind a pattern, as a compiler would leave it, so that a stripped file can be judged too.
.macro before
        .text
        .globl _start
_start: push    %ebp
        mov     %esp, %ebp
        push    %esi
        push    %ebx
        sub     $16, %esp
        mov     8(%ebp), %esi
        mov     12(%ebp), %ebx
        test    %esi, %esi
        je      1f
        mov     %ebx, -12(%ebp)
        lea     4(%esi,%ebx,4), %edx
        mov     (%edx), %ecx
        cmp     $7, %ecx
        jbe     1f
        add     $16, %edx
        mov     %edx, -16(%ebp)
1:      add     $16, %esp
        pop     %ebx
        pop     %esi
        pop     %ebp
        ret
        .p2align 4
.endm

.macro behind
        .p2align 4
after:  push    %ebx
        mov     8(%esp), %ebx
        mov     12(%esp), %ecx
        lea     (%ebx,%ecx), %eax
        cmp     $100, %eax
        ja      1f
        imul    %ecx, %eax
1:      pop     %ebx
        ret
        .p2align 4
        .section .note.GNU-stack, "", @progbits
.endm
