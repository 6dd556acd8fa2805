/* Threads that change their ids by themselves, and processes that give up root: each change is a new untrustee. */
#include "storm.h"
#include <sys/fsuid.h>

enum { THREADS = 4, CHANGES = 3 };

static void *change(void *seed)
{
	unsigned own = (unsigned)seed;
	for (int i = 0; i < CHANGES; i++) {
		long id = 1000 + random_of(&own, 50);
		MUST(syscall(SYS_setresuid32, -1, id, 0) == 0);
		MUST(syscall(SYS_geteuid32) == id);
		MUST(syscall(SYS_setresuid32, -1, 0, 0) == 0);
		MUST(syscall(SYS_geteuid32) == 0);
	}
	return NULL;
}

static void storm(void)
{
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_create(threads + i, NULL, change, (void *)chance(INT_MAX)) == 0);
	pid_t pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		MUST(syscall(SYS_setresgid32, 1000, 1000, 1000) == 0 && syscall(SYS_setresuid32, 1000, 1000, 1000) == 0);
		MUST(getuid() == 1000 && getegid() == 1000 && access("/proc/1/mem", R_OK) == -1);
		_exit(6);
	}
	ended(pid, EXITED(6));
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_join(threads[i], NULL) == 0);
	MUST(geteuid() == 0);
}
