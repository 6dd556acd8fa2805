/*
 * Asks for its process id twice. The first int $0x80 is an instruction like any other: the sandbox finds it, patches
 * it, and answers. The second stands inside the operand of a mov, where a disassembler sees a number. The program
 * jumps into the middle of that mov, so the call reaches the kernel past the sandbox's hook.
 */
	.globl	_start
_start:
	movl	$20, %eax	/* getpid */
	int	$0x80
	testl	%eax, %eax
	jle	failed
	movl	$4, %eax	/* write */
	movl	$1, %ebx
	movl	$said, %ecx
	movl	$said_end - said, %edx
	int	$0x80
	movl	$20, %eax
	movl	$hidden + 1, %edx
	jmp	*%edx
hidden:
	movl	$0x909080cd, %ecx	/* b9, then cd 80: int $0x80 */
	movl	$4, %eax
	movl	$1, %ebx
	movl	$escaped, %ecx
	movl	$escaped_end - escaped, %edx
	int	$0x80
failed:
	movl	$1, %ebx
	movl	$1, %eax	/* exit */
	int	$0x80

	.section .rodata
said:	.ascii	"the patched int $0x80 was answered\n"
said_end:
escaped: .ascii	"the hidden int $0x80 was carried out\n"
escaped_end:
	.section .note.GNU-stack,"",@progbits
