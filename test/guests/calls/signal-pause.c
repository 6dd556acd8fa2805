/* pause(2) lasts until a signal comes; this one ends the program. */
#include "call.h"
#include <sys/time.h>

int main(void)
{
	SAY("pause(");
	setitimer(ITIMER_REAL, &(struct itimerval){ .it_value = { 0, 100000 } }, NULL);
	CALL(pause);
	return 0;
}
