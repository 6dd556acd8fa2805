/*
 * The hook: where AT_SYSINFO and the rewritten vDSO entry lead. It runs in the untrustee, on the program's stack,
 * and is a convenience: strict mode confines whoever goes around it. fs:0 is the thread's read-only slot.
 *
 * In:  eax = number, ebx ecx edx esi edi ebp = arguments, entered by call.  Out: eax; all else is kept.
 *
 *   esp → kind gs esp eax ebx ecx edx esi edi ebp eflags eip     the request, REQUEST_FIELDS of src/wire/layout.ts
 */
#include "wire.gen.h"

#define NR_EXIT 1
#define NR_READ 3
#define NR_WRITE 4
#define NR_SIGRETURN 119

/* Where the saved eax stands in a request; below it are kind, gs and esp. */
#define SAVED_EAX 12

	.text
	.globl	hook, hook_trap, hook_fault, scan_load, scan_fault, restorer
	.hidden	hook, hook_trap, hook_fault, scan_load, scan_fault, restorer

/* What the vDSO's entry does behind its pushes: ebp as its form wants it, then behind the bytes that were overwritten. */
.macro GO_ON
	cmpl	$FORM_SYSENTER, %fs:SLOT_FORM
	jb	2f
	je	1f
	movl	%ecx, %ebp
	jmp	2f
1:	movl	%esp, %ebp
2:	jmp	*%fs:SLOT_TAIL
.endm

/* A request, from the registers and the flags on the stack. */
.macro ASK kind
	call	save
	pushl	$\kind
	jmp	request
.endm

/* The call in the registers through the vDSO's own entry, behind the bytes that were overwritten. */
enter:
	pushl	%ecx
	pushl	%edx
	pushl	%ebp
	GO_ON

	.balign	16
hook:
	pushfl
	cmpl	$ACTION_COUNT, %eax
	jae	1f
	cmpb	$ACTION_NATIVE, %fs:SLOT_ACTIONS(%eax)
	jb	1f
	je	2f
	movzbl	%fs:SLOT_ACTIONS(%eax), %eax
	movl	%fs:SLOT_CONSTANTS - 4 * ACTION_CONSTANT(,%eax,4), %eax
	popfl
	ret
1:	ASK	KIND_CALL
2:	call	enter
	popfl
	ret

/* The same from a signal handler: a system call at a patched two-byte site; a fault whose frame is at the caller's esp. */
hook_trap:
	pushfl
	ASK	KIND_TRAP
hook_fault:
	pushfl
	ASK	KIND_FAULT

/* Pushes ebp to eax, esp and gs below the flags; the first stands where its return address did, to which it jumps. */
save:
	xchgl	%ebp, (%esp)
	pushl	%edi
	pushl	%esi
	pushl	%edx
	pushl	%ecx
	pushl	%ebx
	pushl	%eax
	pushl	%esp
	pushl	%gs
	jmp	*%ebp

/* Pops what save pushed, from ebx on, up to the flags; changes none of those of the processor. */
.macro RESTORE
	popl	%ebx
	popl	%ecx
	popl	%edx
	popl	%esi
	popl	%edi
	popl	%ebp
.endm

request:
	movl	$NR_WRITE, %eax
	movl	%fs:SLOT_SOCKET_FD, %ebx
	movl	%esp, %ecx
	movl	$REQUEST_SIZE, %edx
	call	enter
	cmpl	$REQUEST_SIZE, %eax
	jne	lost
	subl	$REPLY_SIZE, %esp
reply:
	movl	$NR_READ, %eax
	movl	%fs:SLOT_SOCKET_FD, %ebx
	movl	%esp, %ecx
	movl	$REPLY_SIZE, %edx
	call	enter
	cmpl	$REPLY_SIZE, %eax
	jne	lost
	movl	(%esp), %edx
	movl	4(%esp), %eax
	cmpl	$REPLY_VALUE, %edx
	je	value
	cmpl	$REPLY_NATIVE, %edx
	je	native
	cmpl	$REPLY_EXIT, %edx
	je	exit
	cmpl	$REPLY_TRAP, %edx
	je	trap
	cmpl	$REPLY_PEEK, %edx
	je	peek
	cmpl	$REPLY_PEEK_STRING, %edx
	je	peek_string
	cmpl	$REPLY_POKE, %edx
	je	poke
	cmpl	$REPLY_REPORT, %edx
	je	report
lost:
	movl	$125, %eax
exit:
	movl	%eax, %ebx
	movl	$NR_EXIT, %eax
	call	enter
	hlt

trap:
	int3
value:
	addl	$(REPLY_SIZE + SAVED_EAX + 4), %esp
	RESTORE
	popfl
	ret

native:
	addl	$(REPLY_SIZE + SAVED_EAX), %esp
	popl	%eax
	RESTORE
	call	enter
	popfl
	ret

/* The same, and a second request in the place of the first. */
report:
	addl	$(REPLY_SIZE + SAVED_EAX), %esp
	popl	%eax
	RESTORE
	call	enter
	ASK	KIND_RESULT

peek:
	movl	%eax, %ecx
	movl	8(%esp), %edx
send:
	movl	$NR_WRITE, %eax
	movl	%fs:SLOT_SOCKET_FD, %ebx
	call	enter
	testl	%eax, %eax
	jns	reply
	movl	$NR_WRITE, %eax
	movl	%esp, %ecx
	xorl	%edx, %edx
	call	enter
	jmp	reply

/* ecx = start, edx = bytes up to and with the NUL; a fault at scan_load goes on at scan_fault with what was readable */
peek_string:
	movl	%eax, %ecx
	movl	8(%esp), %esi
	xorl	%edx, %edx
1:	cmpl	%esi, %edx
	jae	scan_fault
scan_load:
	movb	(%ecx,%edx), %al
	incl	%edx
	testb	%al, %al
	jnz	1b
scan_fault:
	jmp	send

poke:
	movl	%eax, %ecx
	movl	8(%esp), %edx
	movl	$NR_READ, %eax
	call	enter
	pushl	%eax
	movl	$NR_WRITE, %eax
	movl	%esp, %ecx
	movl	$4, %edx
	call	enter
	addl	$4, %esp
	jmp	reply

/* SA_RESTORER of the trap handlers: they are registered without SA_SIGINFO, so that this call ends them. */
restorer:
	popl	%eax
	movl	$NR_SIGRETURN, %eax
	/* sigreturn finds its frame by esp, so nothing may be pushed: the call is made without enter's three words */
	GO_ON

	.section .note.GNU-stack,"",@progbits
