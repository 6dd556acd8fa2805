/*
 * prctl by option: what can be asked of a process, what can be set and asked again, arguments that are wrong. What
 * differs stands in process-prctl-confined.c.
 */
#include "call.h"
#include <linux/prctl.h>
#include <signal.h>

/* newer than the headers */
enum { SET_MDWE = 65, GET_MDWE, SET_MEMORY_MERGE, GET_MEMORY_MERGE };

int main(void)
{
	char name[17] = "";
	int value = 77;

	CALL(prctl, PR_GET_PDEATHSIG, &value);
	SAY("%d", value);
	CALL(prctl, PR_SET_PDEATHSIG, SIGUSR1);
	CALL(prctl, PR_GET_PDEATHSIG, &value);
	SAY("%d", value);
	CALL(prctl, PR_SET_PDEATHSIG, 65);
	CALL(prctl, PR_SET_PDEATHSIG, -1);
	CALL(prctl, PR_GET_PDEATHSIG, KERNEL);
	CALL(prctl, PR_SET_PDEATHSIG, 0);

	CALL(prctl, PR_GET_DUMPABLE);
	CALL(prctl, PR_SET_DUMPABLE, 0);
	CALL(prctl, PR_GET_DUMPABLE);
	CALL(prctl, PR_SET_DUMPABLE, 2);
	CALL(prctl, PR_SET_DUMPABLE, 1);
	CALL(prctl, PR_GET_DUMPABLE);

	CALL(prctl, PR_SET_NAME, "a name that is longer than fifteen");
	CALL(prctl, PR_GET_NAME, name);
	SAY("%s", name);
	CALL(prctl, PR_SET_NAME, "short");
	CALL(prctl, PR_GET_NAME, name);
	SAY("%s", name);
	CALL(prctl, PR_SET_NAME, "");
	CALL(prctl, PR_GET_NAME, name);
	SAY("%s", name);
	CALL(prctl, PR_SET_NAME, KERNEL);
	CALL(prctl, PR_GET_NAME, KERNEL);

	CALL(prctl, PR_GET_KEEPCAPS);
	CALL(prctl, PR_SET_KEEPCAPS, 0);
	CALL(prctl, PR_SET_KEEPCAPS, 2);
	CALL(prctl, PR_GET_TIMING);
	CALL(prctl, PR_SET_TIMING, 0);
	CALL(prctl, PR_SET_TIMING, 1);
	CALL(prctl, PR_GET_TSC, &value);
	SAY("%d", value);
	CALL(prctl, PR_SET_TSC, 1);
	CALL(prctl, PR_GET_TSC, KERNEL);
	CALL(prctl, PR_SET_TSC, 77);

	CALL(prctl, PR_CAPBSET_READ, 0);
	CALL(prctl, PR_CAPBSET_READ, 40);
	CALL(prctl, PR_CAPBSET_READ, 64);
	CALL(prctl, PR_CAPBSET_READ, -1);
	CALL(prctl, PR_GET_SECUREBITS);
	CALL(prctl, PR_GET_TIMERSLACK);
	CALL(prctl, PR_SET_TIMERSLACK, 70000);
	CALL(prctl, PR_GET_TIMERSLACK);
	CALL(prctl, PR_SET_TIMERSLACK, 0);
	CALL(prctl, PR_GET_TIMERSLACK);
	CALL(prctl, PR_GET_CHILD_SUBREAPER, &value);
	SAY("%d", value);
	CALL(prctl, PR_SET_CHILD_SUBREAPER, 1);
	CALL(prctl, PR_GET_CHILD_SUBREAPER, &value);
	SAY("%d", value);
	CALL(prctl, PR_GET_CHILD_SUBREAPER, KERNEL);
	CALL(prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0);
	CALL(prctl, PR_SET_THP_DISABLE, 1, 0, 0, 0);
	CALL(prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0);
	CALL(prctl, PR_SET_THP_DISABLE, 0, 0, 0, 0);
	CALL(prctl, PR_GET_THP_DISABLE, 1, 0, 0, 0);
	CALL(prctl, PR_MCE_KILL_GET, 0, 0, 0, 0);
	CALL(prctl, PR_MCE_KILL_GET, 1, 0, 0, 0);
	CALL(prctl, PR_MCE_KILL, 9, 0, 0, 0);
	CALL(prctl, PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, 0, 0, 0);
	CALL(prctl, PR_GET_SPECULATION_CTRL, 99, 0, 0, 0);
	CALL(prctl, PR_GET_SPECULATION_CTRL, 0, 1, 0, 0);
	CALL(prctl, PR_SET_SPECULATION_CTRL, 99, 0, 0, 0);
	CALL(prctl, PR_GET_UNALIGN, &value);
	CALL(prctl, PR_SET_UNALIGN, 1);
	CALL(prctl, PR_TASK_PERF_EVENTS_DISABLE);
	CALL(prctl, PR_TASK_PERF_EVENTS_ENABLE);
	CALL(prctl, PR_GET_TID_ADDRESS, KERNEL);
	CALL(prctl, GET_MDWE, 0, 0, 0, 0);
	CALL(prctl, GET_MDWE, 1, 0, 0, 0);
	CALL(prctl, SET_MDWE, 0, 0, 0, 0);
	CALL(prctl, SET_MDWE, 99, 0, 0, 0);
	CALL(prctl, GET_MEMORY_MERGE, 0, 0, 0, 0);
	CALL(prctl, SET_MEMORY_MERGE, 1, 1, 0, 0);
	CALL(prctl, PR_SET_VMA, 99, 0, 0, 0);
	CALL(prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
	CALL(prctl, PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0);
	CALL(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	CALL(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	CALL(prctl, PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0);
	CALL(prctl, PR_SET_SECCOMP, 99);
	CALL(prctl, PR_SCHED_CORE, 99, 0, 0, 0);
	CALL(prctl, PR_SET_SYSCALL_USER_DISPATCH, 9, 0, 0, 0);
	CALL(prctl, PR_CAP_AMBIENT, 99, 0, 0, 0);
	CALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 0, 0);
	CALL(prctl, 123456);
	CALL(prctl, -1);
	return 0;
}
