/* Scheduling: policies, parameters, affinity, priorities; of oneself and of processes that are none. */
#include "call.h"
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/resource.h>

struct { int priority; } zero = { 0 }, one = { 1 }, got = { 7 };

int main(void)
{
	unsigned char mask[1024], again[1024];
	struct sched_attr a = { 0 };
	struct { long s, ns; } interval;
	struct { long long s, ns; } interval64;
	unsigned cpu = 99999, node = 99999;
	long size, none = 0x3fffff;

	CALL(sched_yield);
	for (int policy = -1; policy < 8; policy++) {
		SAY("policy %d", policy);
		CALL(sched_get_priority_max, policy);
		CALL(sched_get_priority_min, policy);
	}
	CALL(sched_getscheduler, 0);
	CALL(sched_getscheduler, getpid());
	CALL(sched_getscheduler, -1);
	CALL(sched_getscheduler, none);
	CALL(sched_getparam, 0, &got);
	SAY("%d", got.priority);
	CALL(sched_getparam, 0, NULL);
	CALL(sched_getparam, 0, KERNEL);
	CALL(sched_getparam, -1, &got);
	CALL(sched_getparam, none, &got);
	CALL(sched_setparam, 0, &zero);
	CALL(sched_setparam, 0, &one);
	CALL(sched_setparam, 0, NULL);
	CALL(sched_setparam, none, &zero);
	CALL(sched_setscheduler, 0, SCHED_BATCH, &zero);
	CALL(sched_getscheduler, 0);
	CALL(sched_setscheduler, getpid(), SCHED_NORMAL, &zero);
	CALL(sched_setscheduler, 0, SCHED_NORMAL, &one);
	CALL(sched_setscheduler, 0, 99, &zero);
	CALL(sched_setscheduler, 0, -1, &zero);
	CALL(sched_setscheduler, none, SCHED_NORMAL, &zero);
	CALL(sched_setscheduler, 0, SCHED_NORMAL, NULL);
	CALL(sched_setscheduler, 0, SCHED_NORMAL, KERNEL);
	CALL(sched_rr_get_interval, 0, &interval);
	CALL(sched_rr_get_interval_time64, 0, &interval64);
	SAY("same: %d", interval.s == interval64.s && interval.ns == interval64.ns);
	CALL(sched_rr_get_interval, none, &interval);
	CALL(sched_rr_get_interval, -1, &interval);
	CALL(sched_rr_get_interval_time64, 0, KERNEL);

	size = CALL(sched_getaffinity, 0, sizeof mask, mask);
	CALL(sched_getaffinity, getpid(), sizeof again, again);
	SAY("same: %d", !memcmp(mask, again, size));
	CALL(sched_getaffinity, 0, 3, mask);
	CALL(sched_getaffinity, 0, 0, mask);
	CALL(sched_getaffinity, 0, -1, mask);
	CALL(sched_getaffinity, 0, sizeof mask, KERNEL);
	CALL(sched_getaffinity, none, sizeof mask, mask);
	CALL(sched_getaffinity, -1, sizeof mask, mask);
	CALL(sched_setaffinity, 0, size, mask);
	CALL(sched_setaffinity, 0, sizeof mask, memset(again, 0, sizeof again));
	CALL(sched_setaffinity, 0, 0, mask);
	CALL(sched_setaffinity, 0, size, KERNEL);
	CALL(sched_setaffinity, none, size, mask);

	CALL(sched_getattr, 0, &a, sizeof a, 0);
	SAY("size %u, policy %u, nice %d, priority %u", a.size, a.sched_policy, a.sched_nice, a.sched_priority);
	CALL(sched_getattr, 0, &a, 48, 0);
	CALL(sched_getattr, 0, &a, 47, 0);
	CALL(sched_getattr, 0, &a, 5000, 0);
	CALL(sched_getattr, 0, &a, sizeof a, 1);
	CALL(sched_getattr, none, &a, sizeof a, 0);
	CALL(sched_getattr, 0, NULL, sizeof a, 0);
	a = (struct sched_attr){ .size = sizeof a };
	CALL(sched_setattr, 0, &a, 0);
	CALL(sched_setattr, 0, &a, 1);
	a.size = 7;
	CALL(sched_setattr, 0, &a, 0);
	SAY("size wanted: %u", a.size);
	a.size = 5000;
	CALL(sched_setattr, 0, &a, 0);
	CALL(sched_setattr, 0, NULL, 0);
	CALL(sched_setattr, 0, KERNEL, 0);
	CALL(sched_setattr, none, &a, 0);

	CALL(getpriority, PRIO_PROCESS, 0);
	CALL(nice, 3);
	CALL(getpriority, PRIO_PROCESS, getpid());
	CALL(setpriority, PRIO_PROCESS, 0, 5);
	CALL(setpriority, PRIO_PROCESS, 0, 100);
	CALL(getpriority, PRIO_PROCESS, 0);
	CALL(getpriority, PRIO_PROCESS, none);
	CALL(setpriority, PRIO_PROCESS, none, 19);
	CALL(getpriority, 9, 0);
	CALL(setpriority, -1, 0, 0);
	CALL(ioprio_get, IOPRIO_WHO_PROCESS, 0);
	CALL(ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6));
	CALL(ioprio_get, IOPRIO_WHO_PROCESS, 0);
	CALL(ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(9, 0));
	CALL(ioprio_get, 9, 0);
	CALL(ioprio_set, 9, 0, 0);
	CALL(ioprio_get, IOPRIO_WHO_PROCESS, none);
	CALL(ioprio_set, IOPRIO_WHO_PROCESS, none, 0);
	CALL(getcpu, &cpu, &node, NULL);
	SAY("known: %d %d", cpu < 99999, node < 99999);
	CALL(getcpu, NULL, NULL, NULL);
	CALL(getcpu, KERNEL, NULL, NULL);
	CALL(getcpu, NULL, NULL, KERNEL);
	return 0;
}
