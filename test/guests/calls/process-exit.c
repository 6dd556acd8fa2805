/* exit(2): the low byte of the status, nothing behind it. */
#include "call.h"

int main(void)
{
	SAY("exit(");
	CALL(exit, 0x1234567);
	return 0;
}
