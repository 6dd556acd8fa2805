/*
 * membarrier: what it offers and what it does.
 * differs: membarrier(0, 0, 0) = 127 -- restartable sequences are not offered
 */
#include "call.h"

int main(void)
{
	CALL(membarrier, 0, 0, 0);
	CALL(membarrier, 1, 0, 0);
	CALL(membarrier, 2, 0, 0);
	CALL(membarrier, 4, 0, 0);
	CALL(membarrier, 2, 0, 0);
	CALL(membarrier, 8, 0, 0);
	CALL(membarrier, 16, 0, 0);
	CALL(membarrier, 8, 0, 0);
	CALL(membarrier, 64, 0, 0);
	CALL(membarrier, 32, 0, 0);
	CALL(membarrier, 3, 0, 0);
	CALL(membarrier, 1, 1, 0);
	CALL(membarrier, -1, 0, 0);
	return 0;
}
