/*
 * Returning from a handler when none runs: bare there is rubbish for a frame, and the program ends.
 *
 *   bare: no
 */
#include "call.h"

int main(void)
{
	CALL(sigreturn);
	CALL(rt_sigreturn);
	return 0;
}
