/* What the processor's FPU, SSE and AVX registers hold survives handlers that use them, and calls on masks. */
#include "call.h"
#include <cpuid.h>
#include <fenv.h>
#include <signal.h>
#include <sys/time.h>

static int avx;
static volatile int handled;

static void spoil(int n)
{
	unsigned mxcsr;
	unsigned short control;
	(void)n;
	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(mxcsr), "=m"(control));
	if (handled++ == 0)
		SAY("begins with mxcsr %x, control %x", mxcsr, control);
	__asm__ volatile("fninit; fldz; fldz; pcmpeqd %xmm3, %xmm3; pcmpeqd %xmm7, %xmm7");
	if (avx)
		__asm__ volatile("vxorps %ymm5, %ymm5, %ymm5");
	mxcsr = 0x1f80;
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}

/* Fills the registers, does what, and looks whether they are as they were. */
static int survives(void (*what)(int))
{
	static const unsigned pattern[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	static unsigned out3[4], out5[8], mxcsr = 0x5f80, mxcsr_after;
	static unsigned short control = 0x027f, control_after;
	static double pi, one;
	for (int i = 0; i < 200; i++) {
		int before = handled;
		__asm__ volatile("fninit; fldcw %0; ldmxcsr %1; fld1; fldpi; movups %2, %%xmm3" : : "m"(control), "m"(mxcsr), "m"(pattern));
		if (avx)
			__asm__ volatile("vmovups %0, %%ymm5" : : "m"(pattern));
		what(i);
		__asm__ volatile("movups %%xmm3, %0" : "=m"(out3));
		if (avx)
			__asm__ volatile("vmovups %%ymm5, %0" : "=m"(out5));
		__asm__ volatile("fstpl %0; fstpl %1; stmxcsr %2; fnstcw %3; fninit" : "=m"(pi), "=m"(one), "=m"(mxcsr_after), "=m"(control_after));
		if (memcmp(out3, pattern, 16) || (avx && memcmp(out5, pattern, 32)) || one != 1 || pi < 3.14 || pi > 3.15 ||
		    (mxcsr_after & ~0x3f) != mxcsr || control_after != control)
			return 0;
		if (what == NULL && handled == before)
			return 0;
	}
	return 1;
}
static void call(unsigned nr, unsigned b, unsigned c, unsigned d, unsigned s)
{
	unsigned a = nr;
	__asm__ volatile("int $0x80" : "+a"(a) : "b"(b), "c"(c), "d"(d), "S"(s) : "memory");
}
static void sends(int i)
{
	(void)i;
	call(NR_kill, getpid(), SIGUSR1, 0, 0);
}
static void masks(int i)
{
	static unsigned long long m = 1 << (SIGHUP - 1);
	call(NR_rt_sigprocmask, i & 1, (unsigned)&m, 0, 8);
}
static void computes(int i)
{
	int before = handled;
	(void)i;
	while (handled == before)
		;
}

int main(void)
{
	unsigned a, b, c = 0, d;
	__get_cpuid(1, &a, &b, &c, &d);
	avx = c >> 28 & 1;
	signal(SIGUSR1, spoil);
	signal(SIGALRM, spoil);
	SAY("a signal sent: %d", survives(sends));
	SAY("masks changed: %d", survives(masks));
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 500 }, { 0, 500 } }, NULL);
	SAY("a timer while it computes: %d", survives(computes));
	SAY("masks changed under a timer: %d", survives(masks));
	return 0;
}
