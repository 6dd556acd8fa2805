/* read and write, which the hook makes natively. */
#include "hook.h"

int test(void)
{
	char line[32] = "read: ";
	int n = call(NR_READ, 0, (word)line + 6, 8);
	if (n != 5)
		return 1;
	if (call(NR_READ, 0, 8, 8) != 0 || call(NR_READ, -1u, (word)line, 1) != -EBADF || call(NR_WRITE, 1, 8, 8) != -EFAULT)
		return 2;
	return call(NR_WRITE, 1, (word)line, 6 + (word)n) == 6 + n ? 0 : 3;
}
