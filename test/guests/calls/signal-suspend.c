/* sigsuspend(2) lasts until a signal comes; this one ends the program. */
#include "call.h"
#include <sys/time.h>

int main(void)
{
	static unsigned long long set;
	setitimer(ITIMER_REAL, &(struct itimerval){ .it_value = { 0, 20000 } }, NULL);
	SAY("rt_sigsuspend(");
	CALL(rt_sigsuspend, &set, 8);
	return 0;
}
