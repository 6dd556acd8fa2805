/* A program that has fs for itself, as some Lisps and Wine have: no call, handler or child sees the hook's key there. */
#include "hook.h"

enum { NR_FORK = 2, NR_WAITPID = 7, NR_KILL = 37, NR_PIPE = 42, NR_SIGACTION = 174, NR_SIGPROCMASK = 175, NR_SET_THREAD_AREA = 243, NR_SETITIMER = 104, NR_SIGALTSTACK = 186 };
enum { SIGUSR1 = 10, SIGALRM = 14, SA_SIGINFO = 4, DATA = 0x51, CONTEXT_FS = 6 };

static word area[4] = { 0x5eed };
static word own, handled;

static word selector(void)
{
	word value;
	__asm__ volatile("movl %%fs, %0" : "=r"(value));
	return value;
}

/* 0 when fs is still the program's, and leads where it led. */
static int lost(void)
{
	word value;
	if (selector() != own)
		return 1;
	__asm__ volatile("movl %%fs:0, %0" : "=r"(value));
	return value != area[0];
}

static void on_signal(int signal, void *info, word *context)
{
	handled = signal;
	(void)info;
	if (lost() || (context[CONTEXT_FS] & 0xffff) != own || call(NR_GETPID, 0, 0, 0) <= 0 || lost())
		call(NR_EXIT_GROUP, 90, 0, 0);
}

static void to_zero(int signal, void *info, word *context)
{
	(void)signal, (void)info;
	context[CONTEXT_FS] = 0;
}

static int act(int signal, void *handler)
{
	word action[5] = { (word)handler, SA_SIGINFO, 0, 0, 0 };
	int result;
	__asm__ volatile("call *sysinfo" : "=a"(result) : "0"(NR_SIGACTION), "b"(signal), "c"(action), "d"(0), "S"(8) : "memory");
	return result;
}

static int change_mask(word how, word *set, word *old)
{
	int result;
	__asm__ volatile("call *sysinfo" : "=a"(result) : "0"(NR_SIGPROCMASK), "b"(how), "c"(set), "d"(old), "S"(8) : "memory");
	return result;
}

int test(void)
{
	word descriptor[4] = { -1u, (word)area, 0xfffff, DATA }, set[2] = { 1u << (SIGUSR1 - 1), 0 }, old[2], status = 0;
	int ends[2];
	char byte;
	if (call(NR_SET_THREAD_AREA, (word)descriptor, 0, 0) != 0)
		return 1;
	own = descriptor[0] * 8 + 3;
	__asm__ volatile("movl %0, %%fs" : : "r"(own));
	if (lost())
		return 2;
	static const word calls[][2] = { { NR_GETPID, 0 }, { NR_UNAME, 0 }, { NR_OPENAT, -1u }, { NR_READ, -1u }, { NR_WRITE, -1u }, { 9999, 0 }, { NR_SIGALTSTACK, 0 } };
	for (word i = 0; i < sizeof calls / sizeof *calls; i++) {
		call(calls[i][0], calls[i][1], calls[i][0] == NR_SIGALTSTACK ? 0 : (word)area, 0);
		if (lost())
			return (int)(10 + i);
	}
	area[0] = 0x5eed;
	if (act(SIGUSR1, on_signal) || act(SIGALRM, on_signal))
		return 3;
	int self = call(NR_GETPID, 0, 0, 0);
	if (call(NR_KILL, (word)self, SIGUSR1, 0) != 0 || handled != SIGUSR1 || lost())
		return 4;
	handled = 0;
	if (change_mask(0, set, old) || lost() || call(NR_KILL, (word)self, SIGUSR1, 0) != 0 || handled || change_mask(2, old, 0) || handled != SIGUSR1 || lost())
		return 5;
	word timer[4] = { 0, 0, 0, 50000 };
	if (call(NR_PIPE, (word)ends, 0, 0) || call(NR_SETITIMER, 0, (word)timer, 0))
		return 6;
	if (call(NR_READ, (word)ends[0], (word)&byte, 1) != -EINTR || handled != SIGALRM || lost())
		return 7;
	int child = call(NR_FORK, 0, 0, 0);
	if (child == 0)
		call(NR_EXIT_GROUP, lost() ? 1 : 55, 0, 0);
	if (call(NR_WAITPID, (word)child, (word)&status, 0) != child || status != 55 << 8 || lost())
		return 8;
	if (act(SIGUSR1, to_zero) || call(NR_KILL, (word)self, SIGUSR1, 0) != 0 || selector() != 0)
		return 9;
	if (call(NR_GETPID, 0, 0, 0) != self || selector() != 0)
		return 20;
	say("fs: its own\n");
	return 0;
}
