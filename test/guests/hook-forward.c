/* For a policy that refuses write with EACCES: every write is asked for, no matter on which descriptor. */
#include "hook.h"

int test(void)
{
	if (call(NR_WRITE, 1, (word)"not this\n", 9) != -EACCES || call(NR_WRITE, -1u, 0, 0) != -EACCES)
		return 1;
	if (call(NR_READ, 0, (word)&sysinfo, 0) != 0)
		return 2;
	say("write: asked for\n");
	return 0;
}
