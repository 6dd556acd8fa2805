/* The calls of pledge.h by numbers that only the sandbox knows: OWN_NUMBERS of src/abi/numbers.ts, which a test compares. */
#include "pledge.h"

enum { NR_PLEDGE = 4096, NR_UNVEIL = 4097 };

/* Of every C library: it enters the kernel where the sandbox awaits it, and sets errno. */
long syscall(long number, ...);

int pledge(const char *promises, const char *execpromises)
{
	return (int)syscall(NR_PLEDGE, promises, execpromises);
}

int unveil(const char *path, const char *permissions)
{
	return (int)syscall(NR_UNVEIL, path, permissions);
}
