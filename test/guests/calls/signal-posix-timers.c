/* Timers of timer_create(2): told by a signal, to a thread, not at all; set, asked, overrun, deleted; what is refused. */
#include "call.h"
#include <signal.h>
#include <time.h>

struct its32 { struct { int sec, nsec; } every, first; };
struct its64 { struct { long long sec, nsec; } every, first; };
struct event { int value, signo, notify, tid, unused[12]; };

static volatile int rings, value, id_right, overran;
static int timer;
static void rang(int n, siginfo_t *i, void *u)
{
	(void)n, (void)u;
	rings++;
	value = i->si_value.sival_int;
	id_right = i->si_timerid == timer && i->si_code == SI_TIMER;
	overran = i->si_overrun;
}
static void wait_for(int n)
{
	while (rings < n)
		MAKE(pause);
	SAY("rang with %d, right %d", value, id_right);
}

int main(void)
{
	struct sigaction a = { .sa_sigaction = rang, .sa_flags = SA_SIGINFO };
	struct event e = { 42, SIGUSR1, SIGEV_SIGNAL, 0, { 0 } };
	struct its32 v = { { 0, 0 }, { 0, 5000000 } }, old = { 0 };
	struct its64 w = { { 0, 3000000 }, { 0, 3000000 } }, old64;
	int me = getpid();

	sigaction(SIGUSR1, &a, NULL);
	sigaction(SIGALRM, &a, NULL);
	CALL(timer_create, CLOCK_MONOTONIC, &e, &timer);
	CALL(timer_settime, timer, 0, &v, NULL);
	wait_for(1);
	CALL(timer_settime64, timer, 0, &w, NULL);
	for (int i = 2; i < 6; i++)
		while (rings < i)
			MAKE(pause);
	SAY("every: %d", rings >= 5);
	CALL_OK(timer_gettime64, timer, &old64);
	SAY("interval %lld, left %d", old64.every.nsec, old64.first.nsec > 0);
	CALL_OK(timer_getoverrun, timer);
	memset(&w, 0, sizeof w);
	CALL(timer_settime64, timer, 0, &w, &old64);
	CALL(timer_gettime, timer, &old);
	SAY("stopped: %d %d", old.first.sec, old.first.nsec);
	CALL(timer_delete, timer);
	CALL(timer_delete, timer);

	rings = 0;
	e = (struct event){ 43, SIGUSR1, SIGEV_THREAD_ID, me, { 0 } };
	CALL(timer_create, CLOCK_REALTIME, &e, &timer);
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	v.first.sec = now.tv_sec;
	v.first.nsec = now.tv_nsec;
	CALL(timer_settime, timer, TIMER_ABSTIME, &v, NULL);
	wait_for(1);
	CALL(timer_delete, timer);
	rings = 0;
	CALL(timer_create, CLOCK_MONOTONIC, NULL, &timer);
	v = (struct its32){ { 0, 0 }, { 0, 1 } };
	CALL(timer_settime, timer, 0, &v, NULL);
	while (rings < 1)
		MAKE(pause);
	SAY("SIGALRM, right %d", id_right);
	CALL(timer_delete, timer);
	e.notify = SIGEV_NONE;
	CALL(timer_create, CLOCK_PROCESS_CPUTIME_ID, &e, &timer);
	v.first.sec = 1000;
	CALL(timer_settime, timer, 0, &v, NULL);
	CALL(timer_gettime, timer, &old);
	SAY("left %d", old.first.sec > 900);
	CALL(timer_settime, timer, 2, &v, NULL);
	CALL(timer_delete, timer);

	e = (struct event){ 0, SIGKILL, SIGEV_THREAD_ID, 1, { 0 } };
	CALL(timer_create, CLOCK_MONOTONIC, &e, &timer);
	e.tid = getppid();
	CALL(timer_create, CLOCK_MONOTONIC, &e, &timer);
	e = (struct event){ 0, 65, SIGEV_SIGNAL, 0, { 0 } };
	CALL(timer_create, CLOCK_MONOTONIC, &e, &timer);
	e = (struct event){ 0, SIGUSR1, 77, 0, { 0 } };
	CALL(timer_create, CLOCK_MONOTONIC, &e, &timer);
	CALL(timer_create, 99, NULL, &timer);
	CALL(timer_create, CLOCK_MONOTONIC, KERNEL, &timer);
	CALL(timer_create, CLOCK_MONOTONIC, NULL, KERNEL);
	CALL(timer_settime, 99, 0, &v, NULL);
	CALL(timer_gettime, 99, &old);
	CALL(timer_getoverrun, 99);
	return 0;
}
