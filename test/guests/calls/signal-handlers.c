/*
 * Handlers: what they are told in both kinds of frame, what is blocked in them, nested ones, flags, a changed frame, a jump
 * out of one, calls made in one; the sigreturn( and rt_sigreturn( that end them.
 */
#include "call.h"
#include <setjmp.h>
#include <signal.h>
#include <ucontext.h>

static volatile int depth, count;
static sigjmp_buf out;

static unsigned long long blocked(void)
{
	unsigned long long m = 0;
	MAKE(rt_sigprocmask, SIG_BLOCK, NULL, &m, 8);
	return m;
}
static void plain(int n)
{
	SAY("plain %d, blocked %llx, depth %d", n, blocked(), depth);
}
static void told(int n, siginfo_t *i, void *u)
{
	ucontext_t *c = u;
	unsigned long long old;
	memcpy(&old, &c->uc_sigmask, 8);
	SAY("told %d: %d, code %d, sender %d, value %d; was blocked %llx, is %llx; stack flags %d, link %d", n, i->si_signo,
	    i->si_code, i->si_pid == getpid(), i->si_code == SI_QUEUE ? i->si_value.sival_int : 0, old, blocked(),
	    c->uc_stack.ss_flags, c->uc_link != NULL);
	count++;
}
static void nested(int n)
{
	depth++;
	SAY("down %d at %d", n, depth);
	if (depth < 3)
		raise(n);
	if (depth == 3)
		kill(getpid(), SIGUSR2);
	SAY("up from %d", depth);
	depth--;
}
/* Each in its turn: the next waits until the handler is left. */
static void in_turn(int n)
{
	static int turns;
	SAY("turn %d", ++turns);
	if (turns < 4)
		raise(n);
	SAY("end of a turn");
}
static void jumps(int n)
{
	siglongjmp(out, n);
}
static void unblocks(int n, siginfo_t *i, void *u)
{
	(void)n, (void)i;
	sigaddset(&((ucontext_t *)u)->uc_sigmask, SIGHUP);
	((ucontext_t *)u)->uc_mcontext.gregs[REG_EAX] = 4711;
}
static void calls(int n)
{
	struct stat s;
	CALL(getpgid, 0x3fffff);
	SAY("%d: stat %d, errno kept by hand", n, stat("/", &s));
	file_of("made-in-handler", "x");
}
static void set(int n, void (*h)(int), int flags, unsigned long mask)
{
	struct { void *handler; unsigned long flags; void *restorer; unsigned long long mask; } a = { h, flags, NULL, mask };
	if (MAKE(rt_sigaction, n, &a, NULL, 8) != 0)
		abort();
}

int main(void)
{
	SAY("sigreturn(");
	SAY("rt_sigreturn(");
	struct sigaction a = { .sa_handler = plain }, was;
	sigaddset(&a.sa_mask, SIGTERM);
	sigaction(SIGUSR1, &a, NULL);
	CALL(tkill, getpid(), SIGUSR1);
	SAY("%llx", blocked());
	a.sa_flags = SA_SIGINFO;
	a.sa_sigaction = told;
	sigaction(SIGUSR1, &a, NULL);
	raise(SIGUSR1);
	kill(getpid(), SIGUSR1);
	sigqueue(getpid(), SIGUSR1, (union sigval){ 77 });
	set(SIGUSR1, (void *)told, SA_SIGINFO, 0); /* no restorer: the vDSO's */
	raise(SIGUSR1);
	set(SIGUSR1, plain, 0, 0);
	raise(SIGUSR1);

	set(SIGUSR2, plain, 0, 0);
	set(SIGUSR1, nested, SA_NODEFER, 0);
	raise(SIGUSR1);
	set(SIGUSR1, in_turn, 0, 0);
	raise(SIGUSR1);

	a = (struct sigaction){ .sa_handler = plain, .sa_flags = SA_RESETHAND };
	sigaction(SIGUSR2, &a, NULL);
	sigaction(SIGUSR2, NULL, &was);
	SAY("once: %d", was.sa_handler == plain);
	raise(SIGUSR2);
	sigaction(SIGUSR2, NULL, &was);
	SAY("default again: %d, flags %x", was.sa_handler == SIG_DFL, was.sa_flags & ~0x04000000); /* a C library without a vDSO has SA_RESTORER */
	signal(SIGURG, SIG_DFL);
	raise(SIGURG);

	signal(SIGUSR1, jumps);
	for (volatile int i = 0; i < 3; i++)
		if (sigsetjmp(out, 1) == 0)
			raise(SIGUSR1);
		else
			SAY("jumped out, blocked %llx", blocked());

	a = (struct sigaction){ .sa_sigaction = unblocks, .sa_flags = SA_SIGINFO };
	sigaction(SIGUSR1, &a, NULL);
	SAY("result of the call below: %ld", MAKE(tkill, getpid(), SIGUSR1));
	SAY("the frame's mask counts: %llx", blocked());
	set(SIGUSR1, calls, 0, 0);
	for (int i = 0; i < 3; i++)
		raise(SIGUSR1);

	unsigned long long all = ~0ULL, none = 0, waits = 0;
	a = (struct sigaction){ .sa_sigaction = told, .sa_flags = SA_SIGINFO };
	sigfillset(&a.sa_mask);
	sigaction(SIGRTMIN, &a, NULL);
	sigaction(SIGRTMIN + 1, &a, NULL);
	sigaction(SIGHUP, &a, NULL);
	MAKE(rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
	sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ 1 });
	for (int i = 0; i < 3; i++)
		sigqueue(getpid(), SIGRTMIN, (union sigval){ i });
	for (int i = 0; i < 3; i++)
		kill(getpid(), SIGHUP);
	CALL(rt_sigpending, &waits, 8);
	SAY("pending %llx", waits);
	MAKE(rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
	SAY("%d handlers in all", count);
	return 0;
}
