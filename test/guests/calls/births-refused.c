/*
 * Flags of clone that would leave the sandbox or share what its judgements rest on.
 *
 *   bare: no
 */
#include "call.h"
#include <sched.h>
#include <signal.h>

int main(void)
{
	CALL(clone, CLONE_VM | SIGCHLD, 0, 0, 0, 0);
	CALL(clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	CALL(clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0);
	CALL(clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	CALL(clone, CLONE_PTRACE | SIGCHLD, 0, 0, 0, 0);
	CALL(clone, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, 0, 0, 0, 0);
	CALL(clone, 0x80, 0, 0, 0, 0);
	CALL(clone, CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET, 0, 0, 0, 0);
	CALL(clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	return 0;
}
