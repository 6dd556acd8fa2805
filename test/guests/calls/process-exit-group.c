/* exit_group(2): the low byte of the status, nothing behind it. */
#include "call.h"

int main(void)
{
	SAY("exit_group(");
	CALL(exit_group, 0x1234567);
	return 0;
}
