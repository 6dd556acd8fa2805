/* Times and resources used, the system's state, random bytes. */
#include "call.h"
#include <linux/sysinfo.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/times.h>

int main(void)
{
	struct rusage r;
	struct tms t = { -1, -1, -1, -1 };
	struct sysinfo s;
	unsigned char bytes[300] = { 0 };
	int distinct = 0;

	CALL(getrusage, RUSAGE_SELF, &r);
	SAY("used memory: %d, faults: %d", r.ru_maxrss > 0, r.ru_minflt > 0);
	CALL(getrusage, RUSAGE_CHILDREN, &r);
	SAY("no children: %ld %ld", r.ru_maxrss, r.ru_minflt);
	CALL(getrusage, RUSAGE_THREAD, &r);
	CALL(getrusage, 7, &r);
	CALL(getrusage, RUSAGE_SELF, NULL);
	CALL(getrusage, RUSAGE_SELF, KERNEL);
	SAY("a time: %d", CALL_OK(times, &t) != 0);
	SAY("%d, of children %ld %ld", t.tms_utime >= 0 && t.tms_stime >= 0, t.tms_cutime, t.tms_cstime);
	CALL_OK(times, NULL);
	CALL(times, KERNEL);
	CALL(sysinfo, &s);
	SAY("unit %u, memory: %d, up: %d, processes: %d", s.mem_unit, s.totalram > 0, s.uptime > 0, s.procs > 0);
	CALL(sysinfo, NULL);
	CALL(sysinfo, KERNEL);

	CALL(getrandom, bytes, sizeof bytes, 0);
	for (int i = 1; i < 300; i++)
		distinct += bytes[i] != bytes[0];
	SAY("random: %d", distinct > 200);
	CALL(getrandom, bytes, 16, GRND_NONBLOCK);
	CALL(getrandom, bytes, 16, GRND_RANDOM);
	CALL(getrandom, bytes, 16, 4);
	CALL(getrandom, bytes, 16, GRND_RANDOM | 4);
	CALL(getrandom, bytes, 16, 8);
	CALL(getrandom, bytes, 0, 0);
	CALL(getrandom, KERNEL, 16, 0);
	CALL(getrandom, NULL, 0, 0);
	CALL(getrandom, NULL, 16, 0);
	return 0;
}
