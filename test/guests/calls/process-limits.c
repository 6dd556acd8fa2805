/* Resource limits: all of them by three calls, changed and read again, and what cannot be set. */
#include "call.h"
#include <sys/resource.h>

struct narrow { unsigned cur, max; };
struct wide { unsigned long long cur, max; };

int main(void)
{
	struct narrow o, n;
	struct wide w, old;

	for (int i = 0; i < 17; i++) {
		SAY("limit %d", i);
		memset(&o, 0, sizeof o), memset(&n, 0, sizeof n), memset(&w, 0, sizeof w);
		CALL(getrlimit, i, &o);
		CALL(ugetrlimit, i, &n);
		CALL(prlimit64, 0, i, NULL, &w);
		if (i != RLIMIT_NOFILE) /* ends below the reserved descriptors */
			SAY("%x %x, %x %x, %llx %llx", o.cur, o.max, n.cur, n.max, w.cur, w.max);
	}
	CALL(getrlimit, -1, &n);
	CALL(ugetrlimit, 0, NULL);
	CALL(ugetrlimit, 0, KERNEL);
	CALL(prlimit64, 0, 99, NULL, &w);
	CALL(prlimit64, 0, 0, KERNEL, NULL);
	CALL(prlimit64, 0, 0, NULL, KERNEL);
	CALL(prlimit64, 0, 0, NULL, NULL);
	CALL(prlimit64, getpid(), RLIMIT_CORE, NULL, &w);
	CALL(prlimit64, 0x3fffff, RLIMIT_CORE, NULL, &w);
	CALL(prlimit64, -1, RLIMIT_CORE, NULL, &w);

	n = (struct narrow){ 0, 4096 };
	CALL(setrlimit, RLIMIT_CORE, &n);
	CALL(ugetrlimit, RLIMIT_CORE, &n);
	SAY("%x %x", n.cur, n.max);
	n = (struct narrow){ 2, 1 };
	CALL(setrlimit, RLIMIT_CORE, &n);
	CALL(setrlimit, 99, &n);
	CALL(setrlimit, RLIMIT_CORE, NULL);
	CALL(setrlimit, RLIMIT_CORE, KERNEL);
	w = (struct wide){ 100, 4096 };
	CALL(prlimit64, 0, RLIMIT_CORE, &w, &old);
	SAY("%llx %llx", old.cur, old.max);
	CALL(prlimit64, 0, RLIMIT_CORE, NULL, &w);
	SAY("%llx %llx", w.cur, w.max);

	/* open files: the soft limit is what the program says, and works */
	w = (struct wide){ 20, 64 };
	CALL(ugetrlimit, RLIMIT_NOFILE, &n);
	n.cur = 10;
	CALL(setrlimit, RLIMIT_NOFILE, &n);
	int fd;
	while ((fd = MAKE(dup, 0)) >= 0)
		SAY("%d", fd);
	CALL(dup, 0);
	CALL(dup2, 0, 12);
	n.cur = 12;
	CALL(setrlimit, RLIMIT_NOFILE, &n);
	CALL(dup, 0);
	CALL(ugetrlimit, RLIMIT_NOFILE, &n);
	SAY("%u", n.cur);

	/* the hard one too: it is told back, and children are born all the same */
	n.max = 64;
	CALL(setrlimit, RLIMIT_NOFILE, &n);
	CALL(getrlimit, RLIMIT_NOFILE, &n);
	SAY("%u %u", n.cur, n.max);
	CALL(prlimit64, 0, RLIMIT_NOFILE, NULL, &w);
	SAY("%llu %llu", w.cur, w.max);
	long pid = MAKE(fork);
	if (pid == 0) {
		CALL(ugetrlimit, RLIMIT_NOFILE, &n);
		SAY("in a child: %u %u", n.cur, n.max);
		_exit(0);
	}
	MAKE(wait4, pid, NULL, 0, NULL);
	w = (struct wide){ 12, 70 };
	CALL(prlimit64, 0, RLIMIT_NOFILE, &w, &w);
	SAY("%llu %llu", w.cur, w.max);
	CALL(prlimit64, 0, RLIMIT_NOFILE, NULL, &w);
	SAY("%llu %llu", w.cur, w.max);
	return 0;
}
