/*
 * Every call that no program gets, made with arguments that lead nowhere, and with some that would be good for many.
 * Not run bare: several would be granted to root.
 *
 *   bare: no
 *   arguments: denied
 */
#include "call.h"

int main(int argc, char **argv)
{
	static long zero[64];
	for (int i = 1; i + 1 < argc; i += 2) {
		int nr = atoi(argv[i + 1]);
		long first = syscall(nr, 0, 0, 0, 0, 0, 0);
		int e = errno;
		long second = syscall(nr, zero, zero, zero, sizeof zero, zero, 1);
		if (first != second || e != errno)
			SAY("%s: depends on its arguments", argv[i]);
		call_said(argv[i], "...", second, 1);
	}
	return 0;
}
