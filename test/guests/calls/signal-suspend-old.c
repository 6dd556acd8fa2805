/* sigsuspend(2) of old lasts until a signal comes; this one ends the program. */
#include "call.h"
#include <sys/time.h>

int main(void)
{
	SAY("sigsuspend(");
	setitimer(ITIMER_REAL, &(struct itimerval){ .it_value = { 0, 100000 } }, NULL);
	CALL(sigsuspend, 0, 0, 0);
	return 0;
}
