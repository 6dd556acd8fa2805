/* poll, ppoll in both widths. */
#include "call.h"
#include <poll.h>
#include <signal.h>

static struct pollfd p[4];
static int both[2];

static void set(void)
{
	p[0] = (struct pollfd){both[0], POLLIN | POLLRDNORM, -1};
	p[1] = (struct pollfd){both[1], POLLOUT | POLLWRNORM, -1};
	p[2] = (struct pollfd){-5, POLLIN, -1};
	p[3] = (struct pollfd){77, POLLIN, -1};
}
static void show(void)
{
	SAY("%x %x %x %x", p[0].revents, p[1].revents, p[2].revents, p[3].revents);
	set();
}

int main(void)
{
	struct timespec none = {0, 0}, short_while = {0, 1000000}, wrong = {0, -1};
	int64_t wide[2] = {0, 1000000}, wide_wrong[2] = {-1, 0};
	uint64_t mask = 1ULL << (SIGUSR1 - 1);
	char c;
	if (pipe(both))
		return 1;
	set();
	CALL(poll, p, 4, 0), show();
	CALL(write, both[1], "x", 1);
	CALL(poll, p, 4, -1), show();
	CALL(poll, p, 1, 10), show();
	CALL(read, both[0], &c, 1);
	CALL(poll, p, 1, 2), show();
	CALL(poll, NULL, 0, 2);
	CALL(poll, NOWHERE, 1, 0);
	CALL(poll, NOWHERE, 0, 0);
	CALL(poll, p, 0x7fffffff, 0);
	CALL(poll, p, -1, 0);
	CALL(ppoll, p, 4, &none, NULL, 8), show();
	CALL(ppoll, p, 1, &short_while, NULL, 8), show();
	CALL(ppoll, p, 2, NULL, NULL, 0), show();
	CALL(ppoll, p, 2, &none, &mask, 8), show();
	CALL(ppoll, p, 2, &none, &mask, 4);
	CALL(ppoll, p, 2, &none, NOWHERE, 8);
	CALL(ppoll, p, 2, &wrong, NULL, 8);
	CALL(ppoll, p, 2, NOWHERE, NULL, 8);
	CALL(ppoll_time64, p, 4, wide, NULL, 8), show();
	CALL(ppoll_time64, p, 1, wide, &mask, 8), show();
	CALL(ppoll_time64, p, 1, wide_wrong, NULL, 8);
	close(both[1]);
	CALL(poll, p, 2, -1), show();
	close(both[0]);
	CALL(poll, p, 2, -1), show();
	return 0;
}
