/* pause(2) lasts until a signal comes; this one ends the program. */
#include "call.h"
#include <sys/time.h>

int main(void)
{
	setitimer(ITIMER_REAL, &(struct itimerval){ .it_value = { 0, 20000 } }, NULL);
	SAY("pause(");
	CALL(pause);
	return 0;
}
