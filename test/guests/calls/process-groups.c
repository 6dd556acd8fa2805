/* Priorities of groups and users, what a thread used, descriptors and clocks of processes. */
#include "call.h"
#include <linux/ioprio.h>
#include <poll.h>
#include <sys/resource.h>
#include <time.h>

#define CLOCK_OF(pid, bits) (~(unsigned)(pid) << 3 | (bits))

int main(void)
{
	long none = 0x3fffff;
	struct rusage u = { 0 };
	struct { long s, ns; } t;
	unsigned cpu = 9999, node = 9999;
	volatile long sum = 0;
	char name[16] = "";

	CALL(getpriority, PRIO_PGRP, none);
	CALL(getpriority, PRIO_USER, none);
	CALL(setpriority, PRIO_PGRP, none, 1);
	CALL(setpriority, PRIO_USER, none, 1);
	CALL(ioprio_get, IOPRIO_WHO_PGRP, none);
	CALL(ioprio_set, IOPRIO_WHO_USER, none, 0);
	CALL(setpgid, 0, 0);
	SAY("leads: %d", MAKE(getpgid, 0) == getpid() && MAKE(getpgid, getpid()) == getpid());
	CALL(setpriority, PRIO_PGRP, 0, 3);
	CALL(getpriority, PRIO_PGRP, 0);
	CALL(getpriority, PRIO_PGRP, getpid());
	CALL(getpriority, PRIO_PROCESS, 0);
	CALL(nice, 2);
	CALL(getpriority, PRIO_PROCESS, 0);
	CALL(ioprio_set, IOPRIO_WHO_PGRP, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6));
	CALL(ioprio_get, IOPRIO_WHO_PGRP, getpid());
	CALL(setpgid, 0, none);
	CALL(setpgid, none, 0);
	CALL(getpgid, none);
	CALL(getsid, none);

	while (MAKE(clock_gettime, CLOCK_THREAD_CPUTIME_ID, &t) == 0 && t.s == 0 && t.ns < 30000000)
		for (int i = 0; i < 100000; i++)
			sum += i;
	CALL(clock_gettime, CLOCK_THREAD_CPUTIME_ID, &t);
	CALL(clock_gettime, CLOCK_OF(0, 6), &t);
	CALL(clock_gettime, CLOCK_OF(getpid(), 6), &t);
	CALL(clock_gettime, CLOCK_OF(getpid(), 2), &t);
	CALL(clock_gettime, CLOCK_OF(none, 2), &t);
	CALL(clock_gettime, CLOCK_OF(none, 6), &t);
	CALL(clock_getres, CLOCK_OF(getpid(), 6), &t);
	CALL(getrusage, RUSAGE_THREAD, &u);
	SAY("used: %d %d", u.ru_utime.tv_sec + u.ru_stime.tv_sec > 0 || u.ru_utime.tv_usec + u.ru_stime.tv_usec > 20000,
	    u.ru_maxrss > 0);
	CALL(getrusage, RUSAGE_THREAD, NULL);
	CALL(getrusage, RUSAGE_THREAD, KERNEL);

	MAKE(sched_getaffinity, 0, 4, &node);
	CALL(getcpu, &cpu, &node, NULL);
	SAY("node %u, one of the processors: %d", node, cpu < 4096);
	CALL(getcpu, NULL, NULL, NULL);
	CALL(getcpu, KERNEL, NULL, NULL);

	CALL(prctl, 15, "a name that is cut");
	CALL(prctl, 16, name);
	SAY("%s", name);
	CALL(prctl, 15, KERNEL);
	CALL(prctl, 16, KERNEL);

	struct pollfd p = { CALL(pidfd_open, getpid(), 0), POLLIN, 0 };
	CALL(poll, &p, 1, 0);
	CALL(pidfd_open, none, 0);
	CALL(pidfd_open, 0, 0);
	CALL(pidfd_open, -1, 0);
	CALL(pidfd_open, getpid(), 1);
	CALL_OK(pidfd_open, getpid(), O_NONBLOCK);
	return 0;
}
