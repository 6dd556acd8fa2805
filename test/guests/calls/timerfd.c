/* timerfd in both widths. */
#include "call.h"
#include <time.h>

struct wide { int64_t interval, interval_ns, value, value_ns; };
struct narrow { int32_t interval, interval_ns, value, value_ns; };

int main(void)
{
	uint64_t times = 0;
	struct narrow n = {7, 500, 1000, 0}, soon = {0, 0, 0, 1000000}, old;
	struct wide w = {8, 600, 2000, 0}, before = {0, 0, 0, 1000}, wold;
	int file = file_of("file", "");
	CALL(timerfd_create, CLOCK_MONOTONIC, O_NONBLOCK | O_CLOEXEC);
	CALL(timerfd_create, CLOCK_MONOTONIC, 0);
	CALL(timerfd_create, CLOCK_BOOTTIME, 0);
	for (int clock = 2; clock < 13; clock++)
		close(CALL(timerfd_create, clock, O_NONBLOCK));
	int real = CALL(timerfd_create, CLOCK_REALTIME, O_NONBLOCK);
	CALL(timerfd_settime64, real, 3, &w, NULL);
	CALL(timerfd_create, CLOCK_MONOTONIC, 1);
	CALL(timerfd_gettime, 4, &old);
	SAY("%d %d %d %d", old.interval, old.interval_ns, old.value, old.value_ns);
	CALL(timerfd_settime, 4, 0, &n, NULL);
	CALL(timerfd_gettime, 4, &old);
	SAY("%d %d %s", old.interval, old.interval_ns, old.value > 900 && old.value <= 1000 ? "runs" : "is wrong");
	CALL(timerfd_settime64, 4, 0, &w, &wold);
	SAY("%d %d %s", (int)wold.interval, (int)wold.interval_ns, wold.value > 900 && wold.value <= 1000 ? "ran" : "is wrong");
	CALL(timerfd_gettime64, 4, &wold);
	SAY("%d %d %s", (int)wold.interval, (int)wold.interval_ns, wold.value > 1900 ? "runs" : "is wrong");
	CALL(timerfd_settime, 4, 0, &soon, &old);
	usleep(20000);
	CALL(read, 4, &times, 8);
	SAY("%d times", (int)times);
	CALL(read, 4, &times, 8);
	CALL(read, 4, &times, 4);
	CALL(timerfd_settime64, 5, 1, &before, NULL);
	CALL(read, 5, &times, 8);
	n.value_ns = 1000000000;
	CALL(timerfd_settime, 4, 0, &n, NULL);
	n.value_ns = -1;
	CALL(timerfd_settime, 4, 0, &n, NULL);
	w.interval = -1;
	CALL(timerfd_settime64, 4, 0, &w, NULL);
	CALL(timerfd_settime, 4, 8, &soon, NULL);
	CALL(timerfd_settime, 4, 0, NULL, NULL);
	CALL(timerfd_settime, 4, 0, NOWHERE, NULL);
	CALL(timerfd_settime, 4, 0, &soon, NOWHERE);
	CALL(timerfd_gettime, 4, NOWHERE);
	CALL(timerfd_gettime64, file, &wold);
	CALL(timerfd_settime64, file, 0, &before, NULL);
	CALL(timerfd_gettime, 77, &old);
	CALL(timerfd_settime, 77, 0, &soon, NULL);
	return 0;
}
