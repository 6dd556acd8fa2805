/*
 * New processes, threads and programs: not yet. Every flag of clone is given.
 *
 *   bare: no
 */
#include "call.h"
#include <sched.h>

int main(void)
{
	static long arguments[11];
	char *argv[] = { "true", NULL };

	CALL(fork);
	CALL(vfork);
	CALL(clone, 17, 0, 0, 0, 0);
	CALL(clone, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, &arguments[8], 0, 0, 0);
	CALL(clone, -1, 0, 0, 0, 0);
	CALL(clone3, arguments, sizeof arguments);
	CALL(execve, "/bin/true", argv, NULL);
	CALL(execve, "/none", argv, NULL);
	CALL(execve, KERNEL, argv, NULL);
	CALL(execveat, AT_FDCWD, "/bin/true", argv, NULL, 0);
	CALL(execveat, 77, "true", argv, NULL, AT_EMPTY_PATH);
	return 0;
}
