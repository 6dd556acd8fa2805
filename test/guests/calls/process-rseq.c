/*
 * Restartable sequences are not offered: the C library asks, and goes on without.
 *
 *   bare: no
 */
#include "call.h"

int main(void)
{
	static char area[32] __attribute__((aligned(32)));
	CALL(rseq, area, 32, 0, 0x53053053);
	CALL(rseq, NULL, 0, 0, 0);
	CALL(rseq, area, 32, 1, 0x53053053);
	return 0;
}
