/*
 * The trustee once more, in C, for the tests only: what trustee-asm/trustee.S must do, told a second way. The same
 * labels in the same table; but each thread maps a stack of its own, which the program could write to, and enters the
 * kernel by int $0x80. Unlike the trustee it is no part of anything that can be trusted.
 */
#include "../../vdso-hook/wire.gen.h"

typedef unsigned int word;
typedef const volatile word *slot;

enum { NR_READ = 3, NR_WRITE = 4, NR_CLONE = 120, NR_LLSEEK = 140, NR_PRCTL = 172, NR_SIGALTSTACK = 186, NR_FUTEX = 240, NR_SET_THREAD_AREA = 243, NR_EXIT_GROUP = 252 };
enum { PR_SET_SECCOMP = 22, SECCOMP_MODE_STRICT = 1, FUTEX_WAIT = 0, SEEK_SET = 0, EINTR = 4, OUR_FAILURE = 125 };

#define STRING_(x) #x
#define STRING(x) STRING_(x)
#define LABEL(name) ".long " #name " - base\n"
/* A thread begins with nothing but esp, `behind` its slot: 192 is mmap2 of 0x4000 bytes, private, anonymous. */
#define ENTRY(name, behind) \
	#name ": leal -(" STRING(behind) ")(%esp), %esp\n" \
	"movl $192, %eax; xorl %ebx, %ebx; movl $0x4000, %ecx; movl $3, %edx; movl $0x22, %esi; orl $-1, %edi; xorl %ebp, %ebp; int $0x80\n" \
	"movl %esp, %ecx; leal 0x4000(%eax), %esp; pushl %ecx; call run_" #name "; hlt\n"

/* The labels that only a frame leads to have no use here: the twin never returns through the vDSO's landing pad. */
__asm__(".text\n"
	"base:\n"
	LABEL(unused) LABEL(unused) LABEL(unused) LABEL(unused)
	LABEL(untrusteeStart) LABEL(unused) LABEL(unused) LABEL(unused) LABEL(unused) LABEL(unused)
	LABEL(lifelineStart) LABEL(unused) LABEL(unused) LABEL(trusteeStart)
	LABEL(trustee)
	"unused: hlt\n"
	ENTRY(trustee, 0)
	ENTRY(trusteeStart, FRAME_TRUSTEE_START + FRAME_SIZE)
	ENTRY(untrusteeStart, FRAME_UNTRUSTEE_START + FRAME_SIZE)
	ENTRY(lifelineStart, FRAME_LIFELINE_START + FRAME_SIZE)
	/* int enter(const word call[7]): the inner routine ends as the vDSO's does, for the child of a clone */
	"enter: pushl %ebx; pushl %esi; pushl %edi; pushl %ebp; movl 20(%esp), %ebp\n"
	"movl 0(%ebp), %eax; movl 4(%ebp), %ebx; movl 8(%ebp), %ecx; movl 12(%ebp), %edx\n"
	"movl 16(%ebp), %esi; movl 20(%ebp), %edi; movl 24(%ebp), %ebp\n"
	"call 1f; popl %ebp; popl %edi; popl %esi; popl %ebx; ret\n"
	"1: pushl %ecx; pushl %edx; pushl %ebp; int $0x80; popl %ebp; popl %edx; popl %ecx; ret\n"
	/* void load(word sigcontext): sigreturn takes its frame from esp - 8 */
	"load: movl 4(%esp), %esp; movl $119, %eax; int $0x80; hlt\n");

#pragma GCC visibility push(hidden)
int enter(const word call[7]);
void load(word sigcontext) __attribute__((noreturn));

static int call(word nr, word a, word b, word c, word d, word e)
{
	word registers[7] = { nr, a, b, c, d, e, 0 };
	return enter(registers);
}

static word get(slot s, word offset)
{
	return s[offset / 4];
}

__attribute__((noreturn)) static void fatal(void)
{
	for (;;)
		call(NR_EXIT_GROUP, OUR_FAILURE, 0, 0, 0, 0);
}

static void publish(slot s, word order, int result)
{
	call(NR_LLSEEK, get(s, SLOT_RESULT_FD), order, (word)result, (word)-1, SEEK_SET);
	call(NR_WRITE, get(s, SLOT_HINT_FD), (word)s + SLOT_INDEX, 4, 0, 0);
}

/* The calls of an order, until one fails. */
static int carry_out(slot s)
{
	for (word at = 0;; at += CALL_SIZE) {
		word order[7];
		int result;
		for (word i = 0; i < 7; i++)
			order[i] = get(s, SLOT_CALLS + at + 4 * i);
		result = enter(order);
		if ((word)result >= -4095u || at >= get(s, SLOT_LAST))
			return result;
	}
}

__attribute__((noreturn)) static void serve(slot s, word done)
{
	for (;;) {
		while (get(s, SLOT_ORDER) == done)
			call(NR_FUTEX, (word)s + SLOT_ORDER, FUTEX_WAIT, done, 0, 0);
		done = get(s, SLOT_ORDER);
		publish(s, done, carry_out(s));
	}
}

__attribute__((noreturn, used)) void run_trustee(slot s)
{
	publish(s, 0, call(NR_CLONE, CLONE_THREAD_FLAGS, (word)s + FRAME_LIFELINE_START, 0, 0, 0));
	serve(s, 0);
}

__attribute__((noreturn, used)) void run_trusteeStart(slot s)
{
	serve(s, get(s, SLOT_DONE));
}

__attribute__((noreturn, used)) void run_untrusteeStart(slot s)
{
	for (word i = 0; i < 3; i++)
		if (call(NR_SET_THREAD_AREA, (word)s + SLOT_TLS + i * USER_DESC_SIZE, 0, 0, 0, 0))
			fatal();
	if (call(NR_SIGALTSTACK, (word)s + SLOT_ALTSTACK, 0, 0, 0, 0))
		fatal();
	if (call(NR_PRCTL, PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0))
		fatal();
	load((word)s + SLOT_START + SIGFRAME_SC);
}

__attribute__((noreturn, used)) void run_lifelineStart(slot s)
{
	while (call(NR_READ, get(s, SLOT_LIFELINE_FD), (word)-1, 1, 0, 0) == -EINTR)
		;
	fatal();
}
