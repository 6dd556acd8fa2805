/*
 * The trustee: what runs unconfined inside a sandboxed process. One page, position independent, mapped shared and
 * r-x from a sealed memfd. It uses no stack and no memory but its thread's slot, which is mapped read-only here and
 * written by the helper alone.
 *
 *   esp   the slot, moved forward to a frame for each system call: the vDSO's landing pad pops ebp, edx, ecx and
 *         the address to go on at from there. What is popped is read-only and the helper's.
 *   mm0   number of the order carried out last
 *   mm1   offset of the call at work among those of the order
 *   eax ebx ecx edx esi edi ebp   a system call's; dead between two calls
 *
 * README.md beside this file has the roles in full; check-no-stack.ts proves them from the object.
 */
#include "../vdso-hook/wire.gen.h"

#define NR_READ 3
#define NR_WRITE 4
#define NR_SIGRETURN 119
#define NR_CLONE 120
#define NR_LLSEEK 140
#define NR_PRCTL 172
#define NR_SIGALTSTACK 186
#define NR_FUTEX 240
#define NR_SET_THREAD_AREA 243
#define NR_EXIT_GROUP 252
#define PR_SET_SECCOMP 22
#define SECCOMP_MODE_STRICT 1
#define EINTR 4
#define MAX_ERRNO 4095

/* Make the call in the registers; it comes back at the label of the same name with esp behind the frame. */
.macro ENTER frame
	cmpl	$FORM_SYSENTER, SLOT_FORM(%esp)
	leal	\frame(%esp), %esp
	jb	2f
	je	1f
	movl	%ecx, %ebp
	jmp	2f
1:	movl	%esp, %ebp
2:	jmp	*(SLOT_TAIL - \frame)(%esp)
.endm

/* esp back to the slot. */
.macro RETURNED frame
	leal	-(\frame + FRAME_SIZE)(%esp), %esp
.endm

	.text
base:
	.long	waited - base, called - base, sought - base, hinted - base
	.long	untrusteeStart - base, tls0 - base, tls1 - base, tls2 - base, altstack - base, confined - base
	.long	lifelineStart - base, lifelineRead - base, gone - base, trusteeStart - base
	.long	trustee - base

/* ---- the loop: wait for an order, carry out its calls until one fails, publish the last result, hint that there is one ---- */
trustee:
	pxor	%mm0, %mm0
	/*
	 * Order 0, the only one that is not the helper's: the lifeline, before anything else, so that there is no moment
	 * at which the helper's death would leave this thread waiting for ever. Its result is published as any other.
	 */
	movl	$NR_CLONE, %eax
	movl	$CLONE_THREAD_FLAGS, %ebx
	leal	FRAME_LIFELINE_START(%esp), %ecx
	xorl	%edx, %edx
	xorl	%esi, %esi
	xorl	%edi, %edi
	xorl	%ebp, %ebp
	pxor	%mm1, %mm1
	ENTER	FRAME_CALLED
	/* the trustee of a further thread or process: what was ordered here before is done */
trusteeStart:
	RETURNED FRAME_TRUSTEE_START
	movd	SLOT_DONE(%esp), %mm0
	jmp	wait
waited:
	RETURNED FRAME_WAITED
wait:
	/* FUTEX_WAIT, shared: the word is the helper's, a wake-up from anyone is harmless */
	movd	%mm0, %edx
	cmpl	SLOT_ORDER(%esp), %edx
	jne	take
	movl	$NR_FUTEX, %eax
	leal	SLOT_ORDER(%esp), %ebx
	xorl	%ecx, %ecx
	xorl	%esi, %esi
	ENTER	FRAME_WAITED
take:
	movd	SLOT_ORDER(%esp), %mm0
	pxor	%mm1, %mm1
call:
	movd	%mm1, %edi
	movl	SLOT_CALLS+0(%esp,%edi), %eax
	movl	SLOT_CALLS+4(%esp,%edi), %ebx
	movl	SLOT_CALLS+8(%esp,%edi), %ecx
	movl	SLOT_CALLS+12(%esp,%edi), %edx
	movl	SLOT_CALLS+16(%esp,%edi), %esi
	movl	SLOT_CALLS+24(%esp,%edi), %ebp
	movl	SLOT_CALLS+20(%esp,%edi), %edi
	ENTER	FRAME_CALLED
called:
	RETURNED FRAME_CALLED
	cmpl	$-MAX_ERRNO, %eax
	jae	publish
	movd	%mm1, %edx
	cmpl	SLOT_LAST(%esp), %edx
	jae	publish
	addl	$CALL_SIZE, %edx
	movd	%edx, %mm1
	jmp	call
publish:
	/* _llseek sets the offset of the result channel to order:result and fails to report it (pointer -1), so nothing is stored */
	movl	%eax, %edx
	movl	$NR_LLSEEK, %eax
	movl	SLOT_RESULT_FD(%esp), %ebx
	movd	%mm0, %ecx
	movl	$-1, %esi
	xorl	%edi, %edi
	ENTER	FRAME_SOUGHT
sought:
	RETURNED FRAME_SOUGHT
	movl	$NR_WRITE, %eax
	movl	SLOT_HINT_FD(%esp), %ebx
	leal	SLOT_INDEX(%esp), %ecx
	movl	$4, %edx
	ENTER	FRAME_HINTED
hinted:
	RETURNED FRAME_HINTED
	jmp	wait

/* ---- a new untrustee, the child of an ordered clone: confine, then one sigreturn loads all its registers ---- */
untrusteeStart:
	RETURNED FRAME_UNTRUSTEE_START
	movl	$NR_SET_THREAD_AREA, %eax
	leal	SLOT_TLS(%esp), %ebx
	ENTER	FRAME_TLS0
tls0:
	RETURNED FRAME_TLS0
	testl	%eax, %eax
	jnz	fatal
	movl	$NR_SET_THREAD_AREA, %eax
	leal	SLOT_TLS+USER_DESC_SIZE(%esp), %ebx
	ENTER	FRAME_TLS1
tls1:
	RETURNED FRAME_TLS1
	testl	%eax, %eax
	jnz	fatal
	movl	$NR_SET_THREAD_AREA, %eax
	leal	SLOT_TLS+2*USER_DESC_SIZE(%esp), %ebx
	ENTER	FRAME_TLS2
tls2:
	RETURNED FRAME_TLS2
	testl	%eax, %eax
	jnz	fatal
	movl	$NR_SIGALTSTACK, %eax
	leal	SLOT_ALTSTACK(%esp), %ebx
	xorl	%ecx, %ecx
	ENTER	FRAME_ALTSTACK
altstack:
	RETURNED FRAME_ALTSTACK
	testl	%eax, %eax
	jnz	fatal
	movl	$NR_PRCTL, %eax
	movl	$PR_SET_SECCOMP, %ebx
	movl	$SECCOMP_MODE_STRICT, %ecx
	xorl	%edx, %edx
	xorl	%esi, %esi
	xorl	%edi, %edi
	ENTER	FRAME_CONFINED
confined:
	RETURNED FRAME_CONFINED
	testl	%eax, %eax
	jnz	fatal
	/* sigreturn takes its frame from esp - 8, the second word of the frame behind the return address */
	movl	$NR_SIGRETURN, %eax
	ENTER	(SLOT_START + SIGFRAME_SC)

/* ---- the lifeline thread: the pipe ends when the helper does, and so does the process ---- */
lifelineStart:
	RETURNED FRAME_LIFELINE_START
	jmp	1f
lifelineRead:
	RETURNED FRAME_LIFELINE_READ
	cmpl	$-EINTR, %eax
	jne	fatal
1:	movl	$NR_READ, %eax
	movl	SLOT_LIFELINE_FD(%esp), %ebx
	/* a byte would have nowhere to go: the slot is read-only (an i386 kernel refuses addresses that no program has at once) */
	leal	SLOT_INDEX(%esp), %ecx
	movl	$1, %edx
	ENTER	FRAME_LIFELINE_READ

/* Trusted code that cannot go on ends the process: 125, our failure. A strict thread dies of it. */
fatal:
	movl	$NR_EXIT_GROUP, %eax
	movl	$125, %ebx
	ENTER	FRAME_GONE
gone:
	hlt

	.section .note.GNU-stack,"",@progbits
