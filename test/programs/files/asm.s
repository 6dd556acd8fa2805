global _start
section .text
_start: mov eax,4
mov ebx,1
mov ecx,m
mov edx,4
int 0x80
mov eax,1
xor ebx,ebx
int 0x80
section .data
m: db "asm",10
