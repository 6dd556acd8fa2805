/* Waiting for children that there are none of. */
#include "call.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

int main(void)
{
	int status = 7;
	siginfo_t info;
	struct rusage used;
	int all = WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WALL | __WCLONE;

	CALL(waitpid, -1, &status, 0);
	CALL(waitpid, 0, NULL, WNOHANG);
	CALL(waitpid, 0x3fffff, &status, 0);
	CALL(waitpid, -5, KERNEL, all);
	CALL(waitpid, -1, &status, 0x40);
	CALL(wait4, -1, &status, 0, &used);
	CALL(wait4, -1, &status, all, NULL);
	CALL(wait4, 0x80000000, &status, 0, NULL);
	CALL(wait4, -1, &status, WEXITED, NULL);
	CALL(waitid, P_ALL, 0, &info, WEXITED, NULL);
	CALL(waitid, P_ALL, 0, NULL, WEXITED | WNOHANG | WNOWAIT | WSTOPPED | WCONTINUED | __WALL, &used);
	CALL(waitid, P_PID, 0x3fffff, &info, WEXITED, NULL);
	CALL(waitid, P_PID, 0, &info, WEXITED, NULL);
	CALL(waitid, P_PID, -1, &info, WEXITED, NULL);
	CALL(waitid, P_PGID, 0, &info, WEXITED, NULL);
	CALL(waitid, P_PGID, -1, &info, WEXITED, NULL);
	CALL(waitid, P_ALL, 0, &info, 0, NULL);
	CALL(waitid, P_ALL, 0, &info, WNOHANG, NULL);
	CALL(waitid, P_ALL, 0, &info, 0x400, NULL);
	CALL(waitid, 9, 0, &info, WEXITED, NULL);
	CALL(waitid, P_PIDFD, 77, &info, WEXITED, NULL);
	CALL(waitid, P_PIDFD, 0, &info, WEXITED, NULL);
	CALL(waitid, P_PIDFD, -1, &info, WEXITED, NULL);
	SAY("untouched: %d", status);
	return 0;
}
