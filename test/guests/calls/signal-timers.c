/* Interval timers and alarms, of a signal that is ignored; waiting for signals until the time is over. */
#include "call.h"
#include <signal.h>
#include <sys/time.h>
#include <time.h>

static struct itimerval v, old;

int main(void)
{
	unsigned long long set = 1 << (SIGUSR1 - 1);
	struct timespec soon = { 0, 2000000 }, none = { 0, 0 }, bad = { 0, -1 };
	long long soon64[] = { 0, 2000000 }, bad64[] = { 0, 1000000000 };
	siginfo_t info;

	signal(SIGALRM, SIG_IGN);
	signal(SIGVTALRM, SIG_IGN);
	signal(SIGPROF, SIG_IGN);
	CALL(alarm, 0);
	CALL(alarm, 1000);
	CALL(alarm, 2000);
	CALL(alarm, -1);
	SAY("cleared: %d", CALL_OK(alarm, 0) > 0);
	for (int kind = -1; kind < 4; kind++) {
		v = (struct itimerval){ { 3, 4000 }, { 1000, 0 } };
		SAY("kind %d", kind);
		CALL(setitimer, kind, &v, NULL);
		CALL(setitimer, kind, &v, &old);
		SAY("every %ld.%06ld s, left: %d", old.it_interval.tv_sec, old.it_interval.tv_usec, old.it_value.tv_sec > 900);
		CALL(getitimer, kind, &old);
		SAY("left: %d", old.it_value.tv_sec > 900);
		v = (struct itimerval){ { 0, 0 }, { 0, 1000000 } };
		CALL(setitimer, kind, &v, NULL);
		v = (struct itimerval){ { 0, -1 }, { 0, 1 } };
		CALL(setitimer, kind, &v, NULL);
		CALL(setitimer, kind, NULL, &old);
		CALL(getitimer, kind, &old);
		SAY("none left: %ld.%06ld", old.it_value.tv_sec, old.it_value.tv_usec);
	}
	v = (struct itimerval){ { 0, 0 }, { 0, 2000 } };
	CALL(setitimer, ITIMER_REAL, &v, NULL);
	CALL(nanosleep, &(struct timespec){ 0, 20000000 }, NULL); /* an ignored signal interrupts nothing */
	CALL(getitimer, ITIMER_REAL, &old);
	SAY("over: %ld.%06ld", old.it_value.tv_sec, old.it_value.tv_usec);
	CALL(setitimer, ITIMER_REAL, KERNEL, NULL);
	CALL(setitimer, ITIMER_REAL, &v, KERNEL);
	CALL(getitimer, ITIMER_REAL, KERNEL);
	CALL(getitimer, ITIMER_REAL, NULL);

	CALL(rt_sigtimedwait, &set, &info, &soon, 8);
	CALL(rt_sigtimedwait, &set, NULL, &none, 8);
	CALL(rt_sigtimedwait, &set, NULL, &bad, 8);
	CALL(rt_sigtimedwait, &set, NULL, &soon, 4);
	CALL(rt_sigtimedwait, NULL, NULL, &soon, 8);
	CALL(rt_sigtimedwait, &set, NULL, KERNEL, 8);
	CALL(rt_sigtimedwait_time64, &set, NULL, soon64, 8);
	CALL(rt_sigtimedwait_time64, &set, NULL, bad64, 8);
	CALL(rt_sigtimedwait_time64, &set, NULL, soon64, 0);
	CALL(rt_sigsuspend, &set, 4);
	CALL(rt_sigsuspend, KERNEL, 8);
	return 0;
}
