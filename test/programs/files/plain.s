.globl start
.text
start: mov $1,%eax
 xor %ebx,%ebx
 call f
 int $0x80
f: lea m,%ecx
 ret
.section .rodata
m: .asciz "text in here"
.data
d: .long start, 42
.bss
.comm room, 4096, 32
