// A program that runs: one call of every kind that becomes a jump. Its exit status is how many went through `hook`,
// or 100 when a result, a register or the carry flag was not as after the call itself.
        .text
        .globl _start
_start: mov     $20, %eax               // A: getpid
        int     $0x80
        mov     %eax, %ebp
        test    %eax, %eax
        jle     fail

        mov     $20, %esi               // B: what is behind the call reads its result and its flags
        mov     $0x12345678, %ebx
        stc
        mov     %esi, %eax
        int     $0x80
        mov     %eax, %edi
        sbb     %ecx, %ecx
        cmp     $-1, %ecx
        jne     fail
        cmp     %ebp, %edi
        jne     fail
        cmp     $0x12345678, %ebx
        jne     fail

        xor     %eax, %eax              // P: what is before it makes the number
        add     $20, %eax
        int     $0x80
        call    same
        jne     fail

        mov     calls, %ebx
done:   mov     $1, %eax
        int     $0x80
        hlt
fail:   mov     $100, %ebx
        jmp     done
same:   cmp     %ebp, %eax
        ret

        .p2align 4
        .globl hook
hook:   pushf
        incl    calls
        popf
        int     $0x80
        ret
        .p2align 4
        .globl trampolines
trampolines:
        .skip   256, 0xcc
        .bss
calls:  .skip   4
        .section .note.GNU-stack, "", @progbits
