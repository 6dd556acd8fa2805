/*
 * Handlers of the two signals that our own work raises in the untrustee: SIGILL from a patched `int $0x80` site that
 * has room for two bytes only (ud2), SIGSEGV from rdtsc and rdtscp, which strict mode forbids. What they are and what
 * is to be done the helper decides; it may change the frame. They run on the thread's landing altstack.
 *
 * Without SA_SIGINFO the frame is (arch/x86/include/asm/sigframe.h):
 *   0 pretcode  4 sig  8 gs fs es ds  24 di si bp sp  40 bx dx cx  52 ax  56 trapno err  64 ip cs flags ...
 */
	.globl	ill_handler, segv_handler
	.hidden	ill_handler, segv_handler
	.text
#define FRAME_DI 24
#define FRAME_SI 28
#define FRAME_BP 32
#define FRAME_BX 40
#define FRAME_DX 44
#define FRAME_CX 48
#define FRAME_AX 52
#define FRAME_IP 64

/* The call's registers are loaded, so that the helper and a native reply find them as at any other site. */
ill_handler:
	movl	FRAME_DI(%esp), %edi
	movl	FRAME_SI(%esp), %esi
	movl	FRAME_BP(%esp), %ebp
	movl	FRAME_BX(%esp), %ebx
	movl	FRAME_DX(%esp), %edx
	movl	FRAME_CX(%esp), %ecx
	movl	FRAME_AX(%esp), %eax
	call	hook_trap
	movl	%eax, FRAME_AX(%esp)
	addl	$2, FRAME_IP(%esp)
	ret

segv_handler:
	call	1f
1:	popl	%ebx
	leal	scan_load - 1b(%ebx), %eax
	cmpl	%eax, FRAME_IP(%esp)
	je	2f
	call	hook_fault
	ret
2:	leal	scan_fault - 1b(%ebx), %eax
	movl	%eax, FRAME_IP(%esp)
	ret

	.section .note.GNU-stack,"",@progbits
