/* Process, thread, group and session ids: who is asked, and processes that are none. */
#include "call.h"
#include <signal.h>

int main(void)
{
	long pid = CALL_OK(getpid), tid = CALL_OK(gettid), parent = CALL_OK(getppid), group, session, word = 7;
	SAY("one thread: %d, a parent: %d", pid == tid, parent > 1);
	group = CALL_OK(getpgrp);
	SAY("%d", group == CALL_OK(getpgid, 0));
	SAY("%d", group == CALL_OK(getpgid, pid));
	session = CALL_OK(getsid, 0);
	SAY("%d", session == CALL_OK(getsid, pid));
	CALL(getpgid, 0x3fffff);
	CALL(getsid, 0x3fffff);
	CALL(getpgid, -1);
	CALL(getsid, -1);
	CALL(setpgid, 0x3fffff, 0);
	CALL(setpgid, 0, -1);
	CALL(setpgid, -1, 0);
	CALL(setpgid, 0, 0x3ffffe);
	CALL(setpgid, 0, 0);
	SAY("leads: %d", getpgrp() == getpid());
	CALL(setpgid, pid, pid);
	CALL(setsid); /* not for who leads a group */
	SAY("the thread: %d", CALL_OK(set_tid_address, &word) == tid);
	return 0;
}
