/* A child and a new thread begin with the FPU of who made the call, and a thread that starts anew goes on with its own. */
#include "call.h"
#include <asm/ldt.h>
#include <cpuid.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

static const unsigned pattern[8] = { 11, 12, 13, 14, 15, 16, 17, 18 };
static const unsigned rounding = 0x5f80, usual = 0x1f80; /* SSE up; to the nearest */
static const unsigned short control = 0x067f; /* x87 down, single precision */
static int avx;

/* The call with marked registers; 1 when they are as they were behind it. `result` is the call's. */
static int kept(long nr, void *argument, long *result)
{
	unsigned xmm[4], ymm[8], mxcsr;
	unsigned short word;
	double pi, one;
	__asm__ volatile("fninit; fldcw %0; ldmxcsr %1; fld1; fldpi; movups %2, %%xmm3" : : "m"(control), "m"(rounding), "m"(pattern));
	if (avx)
		__asm__ volatile("vmovups %0, %%ymm5" : : "m"(pattern));
	__asm__ volatile("int $0x80" : "=a"(*result) : "a"(nr), "b"(argument), "c"(0), "d"(0) : "memory");
	__asm__ volatile("movups %%xmm3, %0" : "=m"(xmm));
	if (avx)
		__asm__ volatile("vmovups %%ymm5, %0" : "=m"(ymm));
	__asm__ volatile("fstpl %0; fstpl %1; stmxcsr %2; fnstcw %3; fninit" : "=m"(pi), "=m"(one), "=m"(mxcsr), "=m"(word));
	__asm__ volatile("ldmxcsr %0" : : "m"(usual));
	return !memcmp(xmm, pattern, 16) && (!avx || !memcmp(ymm, pattern, 32)) && one == 1 && pi > 3.14 && pi < 3.15 &&
	       (mxcsr & ~0x3f) == rounding && word == control;
}

static void fork_by(const char *name, long nr)
{
	long result;
	int as_it_was = kept(nr, nr == NR_clone ? (void *)SIGCHLD : NULL, &result), status = 0;
	if (result == 0)
		_exit(as_it_was);
	waitpid(result, &status, 0);
	SAY("%s: child %d, parent %d", name, WEXITSTATUS(status), as_it_was);
}

static int vforked(void)
{
	static unsigned mxcsr;
	static unsigned short word;
	pid_t child = vfork();
	if (child == 0) {
		__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(mxcsr), "=m"(word));
		_exit((mxcsr & ~0x3f) == rounding && word == control);
	}
	int status = 0;
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

static void *thread(void *name)
{
	unsigned mxcsr;
	unsigned short word;
	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(mxcsr), "=m"(word));
	SAY("%s: mxcsr %x, control %x", (char *)name, mxcsr & ~0x3f, word);
	volatile double one = 1, three = 3;
	volatile int rounded = one / three * three < one;
	SAY("%s: a third thrice is less: %d", (char *)name, rounded);
	return NULL;
}

static void create(const char *name)
{
	pthread_t one;
	pthread_create(&one, NULL, thread, (void *)name);
	pthread_join(one, NULL);
}

int main(void)
{
	unsigned a, b, c, d;
	long result;
	struct user_desc segment = { .entry_number = -1, .limit = 0xfffff, .seg_32bit = 1, .limit_in_pages = 1, .useable = 1 };
	avx = __get_cpuid(1, &a, &b, &c, &d) && c & bit_AVX && c & bit_OSXSAVE;
	fork_by("fork", NR_fork);
	fork_by("clone", NR_clone);
	int anew = kept(NR_set_thread_area, &segment, &result);
	SAY("set_thread_area: %ld, %d", result, anew);
	create("as it begins");
	__asm__ volatile("fldcw %0; ldmxcsr %1" : : "m"(control), "m"(rounding));
	create("as set");
	SAY("vfork: %d", vforked());
	__asm__ volatile("fninit; ldmxcsr %0" : : "m"(usual));
	create("as usual");
	return 0;
}
