/* sigsuspend(2) lasts until a signal comes; this one ends the program. */
#include "call.h"
#include <sys/time.h>

int main(void)
{
	static unsigned long long set;
	SAY("rt_sigsuspend(");
	setitimer(ITIMER_REAL, &(struct itimerval){ .it_value = { 0, 100000 } }, NULL);
	CALL(rt_sigsuspend, &set, 8);
	return 0;
}
