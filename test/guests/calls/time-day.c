/* The time of day in seconds and microseconds, the time zone; clocks that are looked at, and cannot be set. */
#include "call.h"
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>

int main(void)
{
	struct timeval tv = { 0 };
	struct timezone tz = { 9, 9 };
	struct timex x = { 0 };
	long seconds = 0;
	static long long x64[32];

	CALL(gettimeofday, &tv, &tz);
	SAY("zone %d %d", tz.tz_minuteswest, tz.tz_dsttime);
	SAY("returned as stored: %d", CALL_OK(time, &seconds) == seconds);
	/* time(2) tells the last tick, so that it may be a second behind */
	SAY("near: %d, microseconds: %d", seconds - tv.tv_sec <= 30 && seconds >= tv.tv_sec - 1, tv.tv_usec >= 0 && tv.tv_usec < 1000000);
	CALL_OK(time, NULL);
	CALL(gettimeofday, NULL, NULL);
	CALL(gettimeofday, &tv, NULL);
	CALL(gettimeofday, NULL, &tz);
	CALL(gettimeofday, KERNEL, &tz);
	CALL(gettimeofday, &tv, KERNEL);
	CALL(time, KERNEL);

	CALL(adjtimex, KERNEL);
	CALL(adjtimex, NULL);
	CALL(clock_adjtime, CLOCK_REALTIME, KERNEL);
	CALL(clock_adjtime64, CLOCK_REALTIME, KERNEL);
	CALL_OK(adjtimex, &x);
	SAY("a tick: %ld", x.tick);
	x.modes = 0;
	CALL_OK(clock_adjtime, CLOCK_REALTIME, &x);
	CALL(clock_adjtime, CLOCK_MONOTONIC, &x);
	CALL(clock_adjtime, CLOCK_PROCESS_CPUTIME_ID, &x);
	CALL(clock_adjtime, 99, &x);
	CALL_OK(clock_adjtime64, CLOCK_REALTIME, x64);
	CALL(clock_adjtime64, CLOCK_BOOTTIME, x64);
	return 0;
}
