/* Reading clocks: every id in both widths, resolutions, ids of CPU time of processes and threads, ids that are none. */
#include "call.h"
#include <time.h>

static int ids[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 16, 17, 1000, -1, -2, -3, -4, -5, -6, -7, -8, -9 };

int main(void)
{
	int id, own;
	struct timespec t, u;
	long long t64[2], u64[2];

	for (unsigned i = 0; i < sizeof ids / sizeof *ids; i++) {
		id = ids[i];
		SAY("clock %d", id);
		memset(&t, 0x7f, sizeof t);
		memset(t64, 0x7f, sizeof t64);
		if (CALL(clock_gettime, id, &t) == 0)
			SAY("a time: %d", t.tv_sec >= 0 && t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
		if (CALL(clock_gettime64, id, t64) == 0)
			SAY("later: %d", t64[0] - t.tv_sec <= 60 && (t64[0] > t.tv_sec || t64[1] >= t.tv_nsec));
		if (CALL(clock_getres, id, &u) == 0)
			SAY("%ld s, %ld ns", u.tv_sec, u.tv_nsec);
		if (CALL(clock_getres_time64, id, u64) == 0)
			SAY("%lld s, %lld ns", u64[0], u64[1]);
		CALL(clock_getres, id, NULL);
		CALL(clock_getres_time64, id, NULL);
	}

	/* a process's own clock by its pid, a thread's, and those of others */
	own = (int)(~(unsigned)getpid() << 3);
	for (int kind = 0; kind < 8; kind++) {
		id = own | kind;
		SAY("own clock of kind %d", kind);
		CALL(clock_gettime, id, &t);
		CALL(clock_getres, id, &t);
	}
	id = (int)(~0x3fffffu << 3 | 2);
	CALL(clock_gettime, id, &t);
	CALL(clock_getres_time64, id, u64);

	CALL(clock_gettime, CLOCK_MONOTONIC, KERNEL);
	CALL(clock_gettime, CLOCK_MONOTONIC, NULL);
	CALL(clock_gettime, CLOCK_PROCESS_CPUTIME_ID, NULL);
	CALL(clock_gettime64, CLOCK_REALTIME, KERNEL);
	CALL(clock_gettime64, CLOCK_THREAD_CPUTIME_ID, "read-only data, too");
	CALL(clock_gettime, 99, KERNEL);
	CALL(clock_getres, CLOCK_REALTIME, KERNEL);
	CALL(clock_getres_time64, 99, KERNEL);
	return 0;
}
