/*
 * The hook: where AT_SYSINFO and the rewritten vDSO entry lead. It runs in the untrustee, on the program's stack,
 * and is a convenience: strict mode confines whoever goes around it. fs:0 is the thread's read-only slot. A program that
 * has loaded fs itself is asked for each call, and gets its own back together with all other registers, by a sigreturn.
 *
 * In:  eax = number, ebx ecx edx esi edi ebp = arguments, entered by call.  Out: eax; all else is kept.
 *
 *   esp → kind sequence mask[2] fs gs esp eax ebx ecx edx esi edi ebp eflags eip     the request, REQUEST_FIELDS of src/wire/layout.ts
 *
 * signal.c has the other half: what becomes of a signal, and the calls on masks and frames.
 */
#include "wire.gen.h"

#define NR_EXIT 1
#define NR_READ 3
#define NR_WRITE 4
#define NR_SIGRETURN 119
#define NR_RT_SIGRETURN 173
#define EINTR 4

/* Where the registers stand in a request (from fs on), and the saved eax. */
#define SAVED 16
#define SAVED_FS SAVED
#define SAVED_EAX 28

	.text
	.globl	hook, own, enter, scan_load, scan_fault, restorer, started
	.globl	return_stub, return_rt_stub
	.hidden	return_stub, return_rt_stub
	.globl	key, keyed, made_raw, raw, raw_report
	.hidden	key, keyed, made_raw, raw, raw_report
	.globl	fetch, fetch_load, store, store_word, access_fault, enter3, load_frame, change_mask, save_fpu
	.hidden	hook, own, enter, scan_load, scan_fault, restorer, started
	.hidden	fetch, fetch_load, store, store_word, access_fault, enter3, load_frame, change_mask, save_fpu

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

/*
 * What debuggers that attach from outside are told (.debug_frame, in the loader's file but not in memory): a thread waits
 * in a request nearly always, and its stack leads from there into the program. `beyond`: bytes below the request.
 */
	.cfi_sections .debug_frame
.macro FRAME_OF_REQUEST beyond
	.cfi_def_cfa_offset REQUEST_SIZE + \beyond
	.cfi_offset ebp, -12
	.cfi_offset edi, -16
	.cfi_offset esi, -20
	.cfi_offset edx, -24
	.cfi_offset ecx, -28
	.cfi_offset ebx, -32
.endm
.macro FRAME_OF_FLAGS
	.cfi_def_cfa_offset 8
	.cfi_same_value ebp
	.cfi_same_value edi
	.cfi_same_value esi
	.cfi_same_value edx
	.cfi_same_value ecx
	.cfi_same_value ebx
.endm

/* A request, from the registers and the flags on the stack. From `critical` on a signal waits for its end. */
.macro ASK kind, next=request
	call	save
	call	key
	pushl	STATE_MASK+4(%edx)
	pushl	STATE_MASK(%edx)
	pushl	STATE_SEQUENCE(%edx)
	pushl	$\kind
	jmp	\next
.endm

/* A call on the hook's own behalf; all but eax is kept. */
.macro IO nr
1:	movl	$\nr, %eax
	call	enter
	cmpl	$-EINTR, %eax
	je	1b
.endm

/* The call in the registers as the program's thread may make it: read and write itself, masks and frames by signal.c. */
make:
	cmpl	$NR_WRITE, %eax
	ja	own
/* The call in the registers through the vDSO's own entry, behind the bytes that were overwritten. */
enter:
	pushl	%ecx
	pushl	%edx
	pushl	%ebp
	GO_ON

	.balign	16
hook:
	.cfi_startproc
	pushfl
	FRAME_OF_FLAGS
	pushl	%eax
	.cfi_adjust_cfa_offset 4
	movl	%fs, %eax
	cmpl	$KEY_LONG_MODE, %eax
	je	3f
	cmpl	$KEY_LEGACY, %eax
3:	popl	%eax
	.cfi_adjust_cfa_offset -4
	jne	1f
	cmpl	$ACTION_COUNT, %eax
	jae	1f
	cmpb	$ACTION_NATIVE, %fs:SLOT_ACTIONS(%eax)
	jb	1f
	je	2f
	movzbl	%fs:SLOT_ACTIONS(%eax), %eax
	movl	%fs:SLOT_CONSTANTS - 4 * ACTION_CONSTANT(,%eax,4), %eax
	popfl
	ret
1:	ASK	KIND_CALL, asked
2:	call	make
	popfl
	ret
	.cfi_endproc

/* Pushes ebp to eax, esp, gs and fs below the flags; the first stands where its return address did, to which it jumps. */
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
	pushl	%fs
	jmp	*%ebp

/*
 * Takes the key, and edx = the state, whose critical section begins. Up to `keyed` a signal is handed on as if it had come at
 * `key`: a handler of the program must not find the key in fs where the program has something else.
 */
key:
	movl	%cs, %edx
	cmpl	$KEY_LONG_MODE_CODE, %edx
	movl	$KEY_LONG_MODE, %edx
	je	1f
	movl	$KEY_LEGACY, %edx
1:	movl	%edx, %fs
	movl	%fs:SLOT_STATE, %edx
	incl	STATE_SEQUENCE(%edx)
	movl	$CRITICAL_REQUEST, STATE_CRITICAL(%edx)
keyed:
	ret

/* ZF: has the program the key in fs, in the request behind the reply? */
.macro COMPARE_FS
	movl	%fs, %ecx
	cmpw	%cx, REPLY_SIZE + SAVED_FS(%esp)
.endm

/* Pops what save pushed, from ebx on, up to the flags; changes none of those of the processor. */
.macro RESTORE
	popl	%ebx
	popl	%ecx
	popl	%edx
	popl	%esi
	popl	%edi
	popl	%ebp
.endm

/* eax is still the call's number. */
asked:
	cmpl	$ACTION_COUNT, %eax
	jae	request
	cmpb	$ACTION_KEEP, %fs:SLOT_ACTIONS(%eax)
	jne	request
	movl	%esp, %ebx
	movl	%fs:SLOT_STATE, %esp
	cld
	call	keep_fpu
	movl	%ebx, %esp
request:
	.cfi_startproc
	FRAME_OF_REQUEST 0
	movl	%fs:SLOT_SOCKET_FD, %ebx
	movl	%esp, %ecx
	movl	$REQUEST_SIZE, %edx
	IO	NR_WRITE
	cmpl	$REQUEST_SIZE, %eax
	jne	lost
	subl	$REPLY_SIZE, %esp
	FRAME_OF_REQUEST REPLY_SIZE
reply:
	movl	%fs:SLOT_SOCKET_FD, %ebx
	movl	%esp, %ecx
	movl	$REPLY_SIZE, %edx
	IO	NR_READ
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
	cmpl	$REPLY_RESTART, %edx
	je	restart
	cmpl	$REPLY_TAKEN, %edx
	je	taken
	cmpl	$REPLY_MASK, %edx
	je	mask
	cmpl	$REPLY_UNLESS, %edx
	je	unless
lost:
	movl	$125, %eax
	.cfi_endproc
exit:
	movl	%eax, %ebx
	movl	$NR_EXIT, %eax
	call	enter
	hlt

trap:
	int3
value:
	movl	%eax, REPLY_SIZE + SAVED_EAX(%esp)
	movl	%fs:SLOT_STATE, %edx
	cmpl	$0, STATE_TEMPORARY(%edx)
	jne	ending
	COMPARE_FS
	jne	ending
	movl	$CRITICAL_NO, STATE_CRITICAL(%edx)
	cmpl	$0, STATE_STASHED(%edx)
	jne	ending
	addl	$(REPLY_SIZE + SAVED_EAX), %esp
	popl	%eax
	RESTORE
	popfl
	ret

/* A signal that comes behind the question is handed on by its own mask: the doors are closed before they are asked. */
unless:
	movl	%eax, REPLY_SIZE + SAVED_EAX(%esp)
	movl	%esp, %ebx
	leal	REPLY_SIZE + SAVED(%esp), %eax
	movl	%fs:SLOT_STATE, %esp
	cld
	call	end_unless
	movl	%ebx, %esp
	jmp	reply

/* Signals are kept or blocked, so nothing else needs the landing stack: eax = the registers. */
.macro ON_LANDING function
	leal	REPLY_SIZE + SAVED(%esp), %eax
	movl	%fs:SLOT_STATE, %esp
	cld
	call	\function
.endm
ending:
	ON_LANDING end
restart:
	ON_LANDING end_by_restart
taken:
	movl	%eax, REPLY_SIZE + SAVED_EAX(%esp)
	ON_LANDING end_without

/* Comes back with the new mask, or with all blocked where a signal was faster. */
mask:
	movl	%esp, %ebx
	movl	8(%esp), %edx
	movl	12(%esp), %ecx
	movl	%fs:SLOT_STATE, %esp
	cld
	call	set_temporary
	movl	%ebx, %esp
	jmp	reply

native:
	.cfi_startproc
	FRAME_OF_REQUEST REPLY_SIZE
	COMPARE_FS
	jne	without_key
	movl	%fs:SLOT_STATE, %edx
	movl	$CRITICAL_NO, STATE_CRITICAL(%edx)
	cmpl	$0, STATE_STASHED(%edx)
	jne	restart
	addl	$(REPLY_SIZE + SAVED_EAX), %esp
	popl	%eax
	RESTORE
	FRAME_OF_FLAGS
	call	make
	popfl
	ret
	.cfi_endproc

/* The same, and a second request in the place of the first. */
report:
	COMPARE_FS
	jne	report_without_key
	movl	%fs:SLOT_STATE, %edx
	movl	$CRITICAL_NO, STATE_CRITICAL(%edx)
	cmpl	$0, STATE_STASHED(%edx)
	jne	restart
	addl	$(REPLY_SIZE + SAVED_EAX), %esp
	popl	%eax
	RESTORE
	call	make
	ASK	KIND_RESULT

/* The call made with the program's fs: not by the vDSO's way, which leads through the key. */
without_key:
	xorl	%edx, %edx
1:	leal	REPLY_SIZE + SAVED(%esp), %eax
	movl	%fs:SLOT_STATE, %esp
	cld
	call	end_without_key
	hlt
report_without_key:
	movl	$1, %edx
	jmp	1b

/* Below the program's return address, with all its registers. */
raw:
	int	$0x80
	ret
raw_report:
	int	$0x80
made_raw:
	pushfl
	ASK	KIND_RESULT

peek:
	movl	%eax, %ecx
	movl	8(%esp), %edx
send:
	movl	%fs:SLOT_SOCKET_FD, %ebx
	IO	NR_WRITE
	testl	%eax, %eax
	jns	reply
	movl	%esp, %ecx
	xorl	%edx, %edx
	IO	NR_WRITE
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
	IO	NR_READ
	pushl	%eax
	movl	%esp, %ecx
	movl	$4, %edx
	IO	NR_WRITE
	addl	$4, %esp
	jmp	reply

/*
 * A call that signal.c makes: esp points at where it returns to, with the flags and the program's return address behind.
 * It comes back by a sigreturn that loads all registers and the mask together.
 */
own:
	pushfl
	call	save
	movl	%fs:SLOT_STATE, %edx
	movl	$CRITICAL_OWN, STATE_CRITICAL(%edx)
	movl	%esp, %eax
	movl	%edx, %esp
	cld
	call	own_call
	hlt

/*
 * Where every new untrustee begins, with the registers of the program but for eip, and all signals blocked. The program's
 * stack is not touched; mm0 is free, because the registers are loaded once more with the FPU's initial state.
 */
started:
	movd	%esp, %mm0
	movl	%fs:SLOT_STATE, %esp
	pushl	%fs:SLOT_RESUME
	pushfl
	call	save
	movd	%mm0, %eax
	subl	$REQUEST_ESP_BIAS, %eax
	movl	%eax, 8(%esp)
	movl	%fs:SLOT_FS, %eax
	movl	%eax, (%esp)
	movl	%esp, %eax
	cld
	call	start
	hlt

/* What a handler without a restorer of its own returns to. */
return_rt_stub:
	movl	$NR_RT_SIGRETURN, %eax
	call	hook
	hlt
return_stub:
	popl	%eax
	movl	$NR_SIGRETURN, %eax
	call	hook
	hlt

/* SA_RESTORER of the kernel's actions. The wrapper never returns, so that this is never run. */
restorer:
	hlt

/* ---- what signal.c needs of the processor; regparm(3): eax, edx, ecx ---- */

/* fetch(from, to): the word at from; store(to, word). 0, or 1 when the program's memory cannot be reached. */
fetch:
fetch_load:
	movl	(%eax), %eax
	movl	%eax, (%edx)
	xorl	%eax, %eax
	ret
store:
store_word:
	movl	%edx, (%eax)
	xorl	%eax, %eax
	ret
access_fault:
	movl	$1, %eax
	ret

/* enter3(nr, a, b, c on the stack) */
enter3:
	pushl	%ebx
	movl	%edx, %ebx
	movl	8(%esp), %edx
	call	enter
	popl	%ebx
	ret

/* load_frame(sigcontext): sigreturn takes its frame from esp - 8, so nothing may be pushed */
load_frame:
	movl	%eax, %esp
	movl	$NR_SIGRETURN, %eax
	GO_ON

/* change_mask(sigcontext): fills the context with what is now and loads it, so that only the mask changes, and the FPU */
change_mask:
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	pushl	%ebp
	movl	%gs, %ecx
	movl	%ecx, 0(%eax)
	movl	%fs, %ecx
	movl	%ecx, 4(%eax)
	movl	%es, %ecx
	movl	%ecx, 8(%eax)
	movl	%ds, %ecx
	movl	%ecx, 12(%eax)
	movl	%esp, 28(%eax)
	call	1f
1:	popl	%edx
	addl	$(2f - 1b), %edx
	movl	%edx, 56(%eax)
	movl	%cs, %ecx
	movl	%ecx, 60(%eax)
	movl	%ss, %ecx
	movl	%ecx, 72(%eax)
	pushfl
	popl	64(%eax)
	jmp	load_frame
2:	popl	%ebp
	popl	%edi
	popl	%esi
	popl	%ebx
	ret

/*
 * save_fpu(image): as the kernel lays it out in a frame of a 32-bit program (arch/x86/kernel/fpu/signal.c): FSAVE's 112
 * bytes, then XSAVE's or FXSAVE's. The FPU is initialised by it.
 */
save_fpu:
	movl	%eax, %ecx
	movl	%fs:SLOT_FPU_FEATURES, %eax
	testl	%eax, %eax
	jz	1f
	xorl	%edx, %edx
	xsave	112(%ecx)
	jmp	2f
1:	fxsave	112(%ecx)
2:	fnsave	(%ecx)
	movzwl	4(%ecx), %eax
	movl	%eax, 108(%ecx)
	ret

	.section .note.GNU-stack,"",@progbits
