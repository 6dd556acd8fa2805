/* Sleeping: relative, until a time, until one that is over; by every clock in both widths; times that are none. */
#include "call.h"
#include <time.h>

static long long begun;
static long long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}
#define START() (begun = now())
#define SLEPT(ns) SAY("long enough: %d, at once: %d", now() - begun >= (ns), now() - begun < 60000000000LL)

static struct timespec soon = { 0, 2000000 }, none, bad[] = { { 0, 1000000000 }, { 0, -1 }, { -1, 0 } }, rest = { 7, 7 };
static long long soon64[] = { 0, 2000000 }, none64[2], bad64[][2] = { { 0, 1000000000 }, { 0, -1 }, { -1, 0 } };

int main(void)
{
	START();
	CALL(nanosleep, &soon, NULL);
	SLEPT(2000000);
	START();
	CALL(nanosleep, &soon, &rest);
	SLEPT(2000000);
	SAY("rest untouched: %d", rest.tv_sec == 7 && rest.tv_nsec == 7);
	CALL(nanosleep, &none, KERNEL);
	CALL(nanosleep, NULL, NULL);
	CALL(nanosleep, KERNEL, NULL);
	for (int i = 0; i < 3; i++) {
		CALL(nanosleep, &bad[i], NULL);
		CALL(clock_nanosleep, CLOCK_MONOTONIC, 0, &bad[i], NULL);
		CALL(clock_nanosleep_time64, CLOCK_MONOTONIC, TIMER_ABSTIME, &bad64[i], NULL);
	}

	for (int id = -1; id < 13; id++) {
		struct timespec t;
		long long t64[2];
		if (id == CLOCK_PROCESS_CPUTIME_ID) /* it would sleep for ever */
			continue;
		SAY("clock %d", id);
		START();
		CALL(clock_nanosleep, id, 0, &none, &rest);
		CALL(clock_nanosleep_time64, id, 0, none64, NULL);
		CALL(clock_nanosleep, id, TIMER_ABSTIME, &none, &rest);
		CALL(clock_nanosleep_time64, id, TIMER_ABSTIME, none64, &rest);
		SLEPT(0);
		START();
		if (CALL(clock_nanosleep, id, 0, &soon, NULL) == 0)
			SLEPT(2000000);
		START();
		if (CALL(clock_nanosleep_time64, id, 0, soon64, NULL) == 0)
			SLEPT(2000000);
		if (MAKE(clock_gettime, id, &t) || MAKE(clock_gettime64, id, t64))
			continue;
		START();
		if ((t.tv_nsec += 2000000) >= 1000000000)
			t.tv_sec++, t.tv_nsec -= 1000000000;
		if (CALL(clock_nanosleep, id, TIMER_ABSTIME, &t, NULL) == 0)
			SLEPT(0);
		if ((t64[1] += 2000000) >= 1000000000)
			t64[0]++, t64[1] -= 1000000000;
		if (CALL(clock_nanosleep_time64, id, TIMER_ABSTIME, t64, KERNEL) == 0)
			SLEPT(0);
	}
	CALL(clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &none, NULL);
	CALL(clock_nanosleep_time64, CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, none64, NULL);
	CALL(clock_nanosleep, CLOCK_MONOTONIC, 0, NULL, NULL);
	CALL(clock_nanosleep, CLOCK_MONOTONIC, 0, KERNEL, NULL);
	CALL(clock_nanosleep_time64, CLOCK_MONOTONIC, 0, KERNEL, NULL);
	CALL(clock_nanosleep, 99, 0, KERNEL, NULL);
	CALL(clock_nanosleep, CLOCK_MONOTONIC, 0x7ffffffe, &none, NULL);
	CALL(clock_nanosleep, CLOCK_MONOTONIC, -2, &none, NULL);
	return 0;
}
