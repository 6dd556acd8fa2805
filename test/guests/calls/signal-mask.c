/* Masks by all calls that set one, what is pending, alternate stacks. No signal comes. */
#include "call.h"
#include <signal.h>

#define SS_AUTODISARM (1U << 31)

static unsigned long long set, old;
static unsigned old32;

int main(void)
{
	stack_t s, was;
	static char room[65536];

	for (int how = -1; how < 4; how++) {
		set = 0x80000001ULL << how;
		old = 7;
		CALL(rt_sigprocmask, how, &set, &old, 8);
		SAY("was %llx", old);
	}
	set = ~0ULL;
	CALL(rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
	CALL(rt_sigprocmask, SIG_SETMASK, NULL, &old, 8);
	SAY("all but two: %llx", old);
	CALL(rt_sigprocmask, 99, NULL, &old, 8);
	set = 0xf0;
	CALL(sigprocmask, SIG_SETMASK, &set, &old32);
	SAY("low %x", old32);
	CALL(rt_sigprocmask, SIG_BLOCK, NULL, &old, 8);
	SAY("high stays: %llx", old);
	CALL(sigprocmask, SIG_UNBLOCK, &set, &old32);
	CALL(sigprocmask, 9, &set, &old32);
	CALL(sigprocmask, SIG_BLOCK, NULL, &old32);
	SAY("low %x", old32);
	CALL(sgetmask);
	CALL(ssetmask, 0x10f00);
	CALL(sgetmask);
	CALL(rt_sigprocmask, SIG_BLOCK, NULL, &old, 8);
	SAY("high: %llx", old);
	CALL(ssetmask, 0x7fffffff);
	CALL(rt_sigprocmask, SIG_BLOCK, NULL, &old, 8);
	SAY("%llx", old);
	CALL(ssetmask, 0);
	CALL(rt_sigprocmask, SIG_BLOCK, &set, &old, 4);
	CALL(rt_sigprocmask, SIG_BLOCK, &set, &old, 16);
	CALL(rt_sigprocmask, SIG_BLOCK, KERNEL, NULL, 8);
	CALL(rt_sigprocmask, SIG_BLOCK, &set, KERNEL, 8); /* set all the same */
	CALL(rt_sigprocmask, SIG_BLOCK, NULL, &old, 8);
	SAY("%llx", old);
	CALL(sigprocmask, SIG_BLOCK, KERNEL, NULL);
	CALL(sigprocmask, SIG_BLOCK, NULL, KERNEL);

	old = 7;
	CALL(rt_sigpending, &old, 8);
	SAY("%llx", old);
	old = -1;
	CALL(rt_sigpending, &old, 4);
	SAY("%llx", old);
	CALL(rt_sigpending, &old, 9);
	CALL(rt_sigpending, KERNEL, 8);
	CALL(sigpending, &old32);
	SAY("%x", old32);
	CALL(sigpending, NULL);

	CALL(sigaltstack, NULL, &was);
	SAY("%p %d %zu", was.ss_sp, was.ss_flags, was.ss_size);
	s = (stack_t){ room, 0, sizeof room };
	CALL(sigaltstack, &s, NULL);
	CALL(sigaltstack, NULL, &was);
	SAY("%d %d %zu", was.ss_sp == room, was.ss_flags, was.ss_size);
	s.ss_flags = SS_ONSTACK;
	CALL(sigaltstack, &s, NULL);
	s.ss_flags = SS_AUTODISARM;
	CALL(sigaltstack, &s, &was);
	SAY("%x", was.ss_flags);
	CALL(sigaltstack, NULL, &was);
	SAY("%x", was.ss_flags);
	s.ss_flags = 3;
	CALL(sigaltstack, &s, NULL);
	s.ss_flags = 0;
	s.ss_size = 2047;
	CALL(sigaltstack, &s, NULL);
	s.ss_flags = SS_DISABLE;
	CALL(sigaltstack, &s, NULL);
	CALL(sigaltstack, NULL, &was);
	SAY("%d %x %zu", was.ss_sp == NULL, was.ss_flags, was.ss_size);
	CALL(sigaltstack, KERNEL, NULL);
	CALL(sigaltstack, NULL, KERNEL);
	CALL(sigaltstack, NULL, NULL);
	return 0;
}
