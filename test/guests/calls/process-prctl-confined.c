/*
 * prctl by option: what would loosen the sandbox, or concern the trustee alone.
 *
 *   bare: no
 */
#include "call.h"
#include <linux/prctl.h>

enum { SET_MDWE = 65, GET_AUXV = 0x41555856, SET_PTRACER = 0x59616d61 };

int main(void)
{
	char vector[64];
	int value = 2;

	CALL(prctl, PR_GET_SECCOMP);
	CALL(prctl, PR_SET_SECCOMP, 0);
	CALL(prctl, PR_SET_SECCOMP, 2, NULL);
	CALL(prctl, PR_SET_TSC, PR_TSC_SIGSEGV);
	CALL(prctl, PR_GET_TSC, &value);
	SAY("%d", value);
	CALL(prctl, PR_SET_MM, PR_SET_MM_BRK, 0, 0, 0);
	CALL(prctl, PR_SET_MM, PR_SET_MM_MAP_SIZE, &value, 0, 0);
	CALL(prctl, SET_PTRACER, -1, 0, 0, 0);
	CALL(prctl, PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, 0);
	CALL(prctl, PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0);
	CALL(prctl, PR_SCHED_CORE, 0, 0, 0, vector);
	CALL(prctl, SET_MDWE, 1, 0, 0, 0);
	CALL(prctl, PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_ENABLE, 0, 0);
	CALL(prctl, PR_SET_IO_FLUSHER, 1, 0, 0, 0);
	CALL(prctl, PR_GET_IO_FLUSHER, 0, 0, 0, 0);
	CALL(prctl, GET_AUXV, vector, sizeof vector, 0, 0);
	return 0;
}
