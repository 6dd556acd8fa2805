// Go's runtime: breakpoints in two bytes (cd 03) behind calls that do not come back, and behind clone's check
#include "around.h"
	before
	mov $252, %eax
	mov 4(%esp), %ebx
	int $0x80
	.byte 0xcd, 3
	ret
	mov $120, %eax
	mov 4(%esp), %ebx
	movl $1234, 12(%ecx)
	int $0x80
	cmp $0, %eax
	je 1f
	mov %eax, 24(%esp)
	ret
1:	mov 12(%esp), %ebp
	cmp $1234, %ebp
	je 2f
	.byte 0xcd, 3
2:	mov $224, %eax
	int $0x80
	mov (%esp), %ebx
	ret
	behind
