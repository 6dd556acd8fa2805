/* select in its two shapes, pselect6 in both widths. */
#include "call.h"
#include <signal.h>
#include <sys/select.h>
#include <sys/time.h>

static fd_set r, w, e;
static int both[2];

static void set(void)
{
	memset(&r, 0, sizeof r), memset(&w, 0, sizeof w), memset(&e, 0, sizeof e);
	FD_SET(both[0], &r), FD_SET(both[1], &w), FD_SET(both[0], &e);
}
static void show(void)
{
	SAY("%lx %lx %lx", r.fds_bits[0], w.fds_bits[0], e.fds_bits[0]);
	set();
}

int main(void)
{
	struct timeval none = {0, 0}, while_ = {0, 1000}, wrong = {-1, 0}, many = {0, 2000000};
	struct timespec none_ns = {0, 0}, wrong_ns = {0, 1000000000};
	int64_t wide[2] = {0, 1000};
	uint64_t mask = 1ULL << (SIGUSR1 - 1);
	struct { void *mask; unsigned size; } with = {&mask, 8}, bad = {&mask, 7}, without = {NULL, 0};
	if (pipe(both))
		return 1;
	struct { unsigned n; void *r, *w, *e; struct timeval *t; } old = {8, &r, &w, &e, &none};
	set();
	CALL(select, &old), show();
	CALL(select, NOWHERE);
	CALL(_newselect, 8, &r, &w, &e, &none), show();
	CALL(_newselect, 8, &r, NULL, NULL, &while_), show();
	SAY("left %ld", while_.tv_usec);
	CALL(write, both[1], "x", 1);
	CALL(_newselect, 8, &r, NULL, NULL, NULL), show();
	CALL(_newselect, 4, &r, &w, &e, &none), show();
	CALL(_newselect, 1024, &r, &w, &e, &none), show();
	CALL(_newselect, 0, NULL, NULL, NULL, &none);
	CALL(_newselect, -1, &r, NULL, NULL, &none);
	CALL(_newselect, 8, NOWHERE, NULL, NULL, &none);
	CALL(_newselect, 8, &r, NULL, NULL, NOWHERE);
	CALL(_newselect, 8, &r, NULL, NULL, &wrong);
	CALL(_newselect, 8, &r, NULL, NULL, &many), show();
	FD_SET(60, &r); /* below 64 the kernel always looks: a table of descriptors is never smaller */
	CALL(_newselect, 61, &r, NULL, NULL, &none);
	set();
	CALL(pselect6, 8, &r, &w, &e, &none_ns, NULL), show();
	CALL(pselect6, 8, &r, &w, &e, &none_ns, &with), show();
	CALL(pselect6, 8, &r, &w, &e, &none_ns, &without), show();
	CALL(pselect6, 8, &r, &w, &e, &none_ns, &bad);
	CALL(pselect6, 8, &r, &w, &e, &none_ns, NOWHERE);
	CALL(pselect6, 8, &r, &w, &e, &wrong_ns, NULL);
	CALL(pselect6, 8, &r, &w, &e, NOWHERE, NULL);
	CALL(pselect6_time64, 8, &r, &w, &e, wide, &with), show();
	CALL(pselect6_time64, 8, NULL, NULL, &e, wide, NULL), show();
	CALL(pselect6_time64, 8, NULL, NULL, NULL, NOWHERE, NULL);
	return 0;
}
