/* Alternate stacks: where handlers run, what sigaltstack(2) says meanwhile; faults that a handler mends or jumps out of. */
#include "call.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif

static char *room;
enum { SIZE = 65536 };
static sigjmp_buf out;
static char *page;

static int inside(void)
{
	char here;
	return &here >= room && &here < room + SIZE;
}
static void where(int n)
{
	stack_t s;
	CALL(sigaltstack, NULL, &s);
	SAY("%d: on it %d, flags %x, set %d", n, inside(), s.ss_flags, s.ss_sp == room);
	CALL(sigaltstack, &s, NULL);
	if (n == SIGUSR1)
		raise(SIGUSR2);
}
static void faulted(int n, siginfo_t *i, void *u)
{
	greg_t *r = ((ucontext_t *)u)->uc_mcontext.gregs;
	SAY("%d: code %d, at %ld, trap %d, on it %d", n, i->si_code, (char *)i->si_addr >= page && (char *)i->si_addr < page + 8192 ? (long)((char *)i->si_addr - page) : 1, r[REG_TRAPNO], inside());
	if (n == SIGILL)
		r[REG_EIP] += 2;
	else if (i->si_addr == page)
		mprotect(page, 4096, PROT_READ | PROT_WRITE);
	else
		siglongjmp(out, n);
}
static void overflown(int n, siginfo_t *i, void *u)
{
	(void)i, (void)u;
	SAY("%d: overflown, on it %d", n, inside());
	siglongjmp(out, 1);
}
__attribute__((optimize("O0"))) static int deep(volatile char *up)
{
	volatile char down[4096];
	down[0] = up ? up[0] + 1 : 0;
	return down[0] == 127 && up == down ? 0 : deep(down) + down[0];
}
static void on(int n, void *h, int flags)
{
	struct sigaction a = { .sa_handler = h, .sa_flags = flags };
	sigaction(n, &a, NULL);
}

int main(void)
{
	unsigned low, high;
	room = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	page = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t s = { room, 0, SIZE };
	on(SIGUSR1, where, SA_ONSTACK);
	on(SIGUSR2, where, 0);
	raise(SIGUSR1);
	CALL(sigaltstack, &s, NULL);
	raise(SIGUSR1);
	raise(SIGUSR2);
	s.ss_flags = SS_AUTODISARM;
	CALL(sigaltstack, &s, NULL);
	raise(SIGUSR1);
	CALL(sigaltstack, NULL, &s);
	SAY("armed again: %x %d", s.ss_flags, s.ss_sp == room);
	s = (stack_t){ room, 0, SIZE };
	CALL(sigaltstack, &s, NULL);

	on(SIGSEGV, faulted, SA_SIGINFO);
	on(SIGILL, faulted, SA_SIGINFO | SA_ONSTACK);
	on(SIGFPE, faulted, SA_SIGINFO | SA_ONSTACK);
	on(SIGBUS, faulted, SA_SIGINFO);
	for (volatile int i = 0; i < 2; i++) {
		page[0] = 'x';
		SAY("written: %c", page[0]);
		mprotect(page, 4096, PROT_NONE);
		if (sigsetjmp(out, 1) == 0)
			page[4096] = 'y';
		__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
		SAY("counter runs: %d", (low | high) != 0);
		__asm__ volatile("ud2");
		volatile int zero = 0;
		if (sigsetjmp(out, 1) == 0)
			zero = 1 / zero;
		if (sigsetjmp(out, 1) == 0)
			__asm__ volatile("hlt");
		int fd = open("short", O_RDWR | O_CREAT, 0600);
		char *file = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		if (sigsetjmp(out, 1) == 0)
			zero = file[0];
		close(fd);
	}
	SAY("sent");
	on(SIGSEGV, where, 0);
	raise(SIGSEGV);
	kill(getpid(), SIGSEGV);
	on(SIGSEGV, overflown, SA_SIGINFO | SA_ONSTACK);
	for (volatile int i = 0; i < 2; i++)
		if (sigsetjmp(out, 1) == 0)
			deep(NULL);
		else
			SAY("back");
	on(SIGSEGV, where, SA_RESETHAND);
	raise(SIGSEGV);
	struct sigaction was;
	sigaction(SIGSEGV, NULL, &was);
	SAY("default: %d", was.sa_handler == SIG_DFL);
	page[0] = 'z';
	return 0;
}
