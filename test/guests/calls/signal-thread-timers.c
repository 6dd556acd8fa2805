/* Timers that signal one thread (SIGEV_THREAD_ID) go on when its untrustee is replaced (set_thread_area), under their numbers. */
#include "call.h"
#include "anew.h"
#include <pthread.h>
#include <signal.h>
#include <time.h>

struct its { struct { int sec, nsec; } every, first; };
struct event { int value, signo, notify, tid, unused[12]; };

static volatile int rings, elsewhere, wrong;
static volatile int here;
static void rang(int n, siginfo_t *i, void *u)
{
	(void)n, (void)u;
	rings++;
	wrong += i->si_value.sival_int != 42 || i->si_code != SI_TIMER;
	elsewhere += MAKE(gettid) != here;
}

static void wait_until(const char *what, int until)
{
	struct timespec a_while = { 0, 1000000 };
	for (int i = 0; i < 2000 && rings < until; i++)
		nanosleep(&a_while, NULL);
	SAY("%s: rings %d, wrong %d, elsewhere %d", what, rings >= until, wrong, elsewhere);
}

static void *work(void *name)
{
	SAY("%s", (char *)name);
	here = MAKE(gettid);
	struct event e = { 42, SIGUSR1, SIGEV_THREAD_ID, here, { 0 } };
	struct its often = { { 0, 2000000 }, { 0, 2000000 } }, late = { { 0, 0 }, { 1000, 0 } }, never = { 0 }, left;
	int timer, one_shot, idle;
	CALL(timer_create, CLOCK_MONOTONIC, &e, &timer);
	CALL(timer_create, CLOCK_REALTIME, &e, &one_shot);
	CALL(timer_create, CLOCK_MONOTONIC, &e, &idle);
	CALL(timer_settime, timer, 0, &often, NULL);
	CALL(timer_settime, one_shot, 0, &late, NULL);
	wait_until("before", rings + 3);
	for (unsigned i = 1; i <= 3; i++)
		start_anew(i << 12);
	wait_until("behind", rings + 3);
	CALL(timer_gettime, timer, &left);
	SAY("every %d", left.every.nsec);
	CALL(timer_gettime, one_shot, &left);
	SAY("left %d, every %d", left.first.sec > 900, left.every.nsec);
	CALL(timer_gettime, idle, &left);
	SAY("left %d %d", left.first.sec, left.first.nsec);
	CALL_OK(timer_getoverrun, timer);
	CALL(timer_settime, timer, 0, &never, NULL);
	late = (struct its){ { 0, 0 }, { 0, 1000000 } };
	int had = rings;
	CALL(timer_settime, one_shot, 0, &late, NULL);
	wait_until("once", had + 1);
	CALL(timer_delete, timer);
	CALL(timer_delete, timer);
	CALL(timer_delete, one_shot);
	CALL(timer_delete, idle);
	CALL(timer_gettime, idle, &left);
	return NULL;
}

static volatile int called;
static void call(union sigval value)
{
	if (value.sival_int == 7 && MAKE(gettid) != getpid())
		called++;
}

/* The C library's own thread for it. */
static void by_thread(void)
{
	struct sigevent e = { .sigev_notify = SIGEV_THREAD, .sigev_notify_function = call, .sigev_value.sival_int = 7 };
	struct itimerspec often = { { 0, 2000000 }, { 0, 2000000 } };
	struct timespec a_while = { 0, 1000000 };
	timer_t timer;
	if (timer_create(CLOCK_MONOTONIC, &e, &timer) || timer_settime(timer, 0, &often, NULL))
		abort();
	for (int i = 0; i < 2000 && called < 3; i++)
		nanosleep(&a_while, NULL);
	timer_delete(timer);
	SAY("by a thread: %d", called >= 3);
}

int main(void)
{
	struct sigaction a = { .sa_sigaction = rang, .sa_flags = SA_SIGINFO | SA_RESTART };
	sigaction(SIGUSR1, &a, NULL);
	work("the main thread");
	pthread_t other;
	pthread_create(&other, NULL, work, "another");
	pthread_join(other, NULL);
	by_thread();
	return 0;
}
