/* Dispositions: set and told back by three calls, flags and masks kept, signals that cannot be changed. */
#include "call.h"
#include <signal.h>

struct kernel_action { void *handler; unsigned long flags; void *restorer; unsigned long long mask; };
struct old_action { void *handler; unsigned mask; unsigned long flags; void *restorer; };

static void handler(int n) { (void)n; }
static struct kernel_action a, old;
static struct old_action o, oo;

static void told(void)
{
	SAY("handler %d, flags %lx, mask %llx", old.handler == handler ? 2 : (int)old.handler, old.flags, old.mask);
}

int main(void)
{
	for (int n = 0; n < 67; n++) {
		memset(&old, 0, sizeof old);
		SAY("signal %d", n);
		if (CALL(rt_sigaction, n, NULL, &old, 8) == 0)
			told();
		a = (struct kernel_action){ handler, SA_RESTART | SA_SIGINFO | 0x04000000, handler, 0xffffffffffffffff };
		CALL(rt_sigaction, n, &a, NULL, 8);
		a.handler = SIG_IGN;
		if (CALL(rt_sigaction, n, &a, &old, 8) == 0)
			told();
	}
	a = (struct kernel_action){ handler, -1, handler, 1 };
	CALL(rt_sigaction, SIGUSR1, &a, NULL, 8);
	CALL(rt_sigaction, SIGUSR1, NULL, &old, 8);
	told();
	o = (struct old_action){ handler, 0x12345678, SA_NODEFER | SA_RESETHAND | SA_ONSTACK, NULL };
	CALL(sigaction, SIGUSR2, &o, NULL);
	CALL(sigaction, SIGUSR2, NULL, &oo);
	SAY("handler %d, flags %lx, mask %x", oo.handler == handler, oo.flags, oo.mask);
	CALL(rt_sigaction, SIGUSR2, NULL, &old, 8);
	told();
	SAY("signal(");
	SAY("%d", CALL_OK(signal, SIGUSR2, SIG_IGN) == (long)handler);
	CALL(signal, SIGUSR2, SIG_DFL);
	CALL(signal, SIGUSR2, 0);
	SAY("%d", CALL_OK(signal, SIGHUP, handler) == 1);
	CALL(rt_sigaction, SIGHUP, NULL, &old, 8);
	told();
	CALL(signal, SIGKILL, SIG_IGN);
	CALL(signal, 0, SIG_IGN);
	CALL(signal, 65, SIG_IGN);
	CALL(sigaction, SIGSTOP, NULL, &oo);
	CALL(sigaction, SIGSTOP, &o, NULL);
	CALL(sigaction, 0, NULL, NULL);
	CALL(rt_sigaction, SIGUSR1, &a, NULL, 4);
	CALL(rt_sigaction, SIGUSR1, NULL, NULL, 16);
	CALL(rt_sigaction, SIGUSR1, KERNEL, NULL, 8);
	CALL(rt_sigaction, SIGUSR1, NULL, KERNEL, 8);
	CALL(rt_sigaction, 99, KERNEL, NULL, 8);
	CALL(sigaction, SIGUSR1, KERNEL, NULL);
	CALL(sigaction, SIGUSR1, NULL, KERNEL);
	return 0;
}
