/*
 * Sites of `int $0x80` with room for two bytes only: what stands behind them is jumped to, what stands before them too.
 * The last call of the program is such a site as well. The line is written, and then the thread's TLS is set from one.
 */
	.globl	_start
	.text
_start:	movl	$4, %eax
	movl	$1, %ebx
	movl	$text, %ecx
	movl	$textEnd - text, %edx
	movl	$0x51525354, %esi
	movl	$0xe1e2e3e4, %edi
	movl	$0xb1b2b3b4, %ebp
	call	site
	cmpl	$textEnd - text, %eax
	jne	fail
	cmpl	$0x51525354, %esi
	jne	fail
	cmpl	$0xe1e2e3e4, %edi
	jne	fail
	cmpl	$0xb1b2b3b4, %ebp
	jne	fail
	cmpl	$text, %ecx
	jne	fail
	movl	%esp, %ebp
	movl	$243, %eax
	movl	$descriptor, %ebx
	call	site
	testl	%eax, %eax
	jnz	fail
	cmpl	%esp, %ebp
	jne	fail
	movl	descriptor, %eax
	leal	3(,%eax,8), %eax
	movw	%ax, %gs
	cmpl	$0x600d, %gs:0
	jne	fail
	xorl	%ebx, %ebx
	jmp	quit
fail:	movl	$1, %ebx
quit:	movl	$252, %eax
	call	site
	hlt

site:	testl	%eax, %eax
	js	behind
	jmp	call
call:	int	$0x80
behind:	ret
	jmp	behind

	.data
text:	.ascii	"trap: taken\n"
textEnd:
	.balign	4
word:	.long	0x600d
descriptor: .long -1, word, 0xfffff, 0x51
	.section .note.GNU-stack,"",@progbits
