org 0x7c00
bits 16
start: cli
mov si, text
next: lodsb
test al, al
jz done
mov ah, 0xe
int 0x10
jmp next
done: hlt
jmp done
text: db "boot", 0
times 510-($-$$) db 0
dw 0xaa55
