/* The epoll family. */
#include "call.h"
#include <signal.h>
#include <sys/epoll.h>

static struct epoll_event got[4];
static void show(long n)
{
	for (long i = 0; i < n; i++)
		SAY("events %x data %d", got[i].events, got[i].data.fd);
}

int main(void)
{
	struct epoll_event in = {EPOLLIN, {.fd = 100}}, out = {EPOLLOUT, {.fd = 200}}, edge = {EPOLLIN | EPOLLET | EPOLLONESHOT, {.fd = 300}};
	int64_t while_[2] = {0, 1000000}, wrong[2] = {0, -1};
	uint64_t mask = 1ULL << (SIGUSR1 - 1);
	int both[2], file = file_of("file", "");
	if (pipe(both))
		return 1;
	int ep = CALL(epoll_create, 5);
	CALL(epoll_create, 0);
	CALL(epoll_create, -1);
	int second = CALL(epoll_create1, EPOLL_CLOEXEC);
	CALL(epoll_create1, 0);
	CALL(epoll_create1, O_NONBLOCK);
	CALL(epoll_ctl, ep, EPOLL_CTL_ADD, both[0], &in);
	CALL(epoll_ctl, ep, EPOLL_CTL_ADD, both[1], &out);
	CALL(epoll_ctl, ep, EPOLL_CTL_ADD, both[0], &in);
	CALL(epoll_ctl, ep, EPOLL_CTL_ADD, file, &in);
	CALL(epoll_ctl, ep, EPOLL_CTL_ADD, ep, &in);
	CALL(epoll_ctl, ep, EPOLL_CTL_ADD, 77, &in);
	CALL(epoll_ctl, 77, EPOLL_CTL_ADD, both[0], &in);
	CALL(epoll_ctl, file, EPOLL_CTL_ADD, both[0], &in);
	CALL(epoll_ctl, ep, EPOLL_CTL_ADD, second, NOWHERE);
	CALL(epoll_ctl, ep, EPOLL_CTL_ADD, second, NULL);
	CALL(epoll_ctl, ep, 9, both[0], &in);
	CALL(epoll_ctl, ep, EPOLL_CTL_MOD, second, &in);
	CALL(epoll_ctl, ep, EPOLL_CTL_DEL, second, NULL);
	show(CALL(epoll_wait, ep, got, 4, 0));
	CALL(write, both[1], "x", 1);
	show(CALL(epoll_wait, ep, got, 4, -1));
	show(CALL(epoll_wait, ep, got, 1, -1));
	CALL(epoll_ctl, ep, EPOLL_CTL_MOD, both[0], &edge);
	CALL(epoll_ctl, ep, EPOLL_CTL_DEL, both[1], NULL);
	show(CALL(epoll_pwait, ep, got, 4, 10, NULL, 8));
	show(CALL(epoll_pwait, ep, got, 4, 1, &mask, 8));
	CALL(epoll_ctl, ep, EPOLL_CTL_MOD, both[0], &in);
	show(CALL(epoll_pwait2, ep, got, 4, while_, NULL, 8));
	show(CALL(epoll_pwait2, ep, got, 4, NULL, &mask, 8));
	show(CALL(epoll_pwait2, second, got, 4, while_, NULL, 8));
	CALL(epoll_ctl, second, EPOLL_CTL_ADD, ep, &in);
	CALL(epoll_ctl, ep, EPOLL_CTL_ADD, second, &in);
	show(CALL(epoll_wait, second, got, 4, 0));
	CALL(epoll_wait, ep, got, 0, 0);
	CALL(epoll_wait, ep, got, -1, 0);
	CALL(epoll_wait, ep, NOWHERE, 4, 0);
	CALL(epoll_wait, file, got, 4, 0);
	CALL(epoll_wait, 77, got, 4, 0);
	CALL(epoll_pwait, ep, got, 4, 0, &mask, 4);
	CALL(epoll_pwait, ep, got, 4, 0, NOWHERE, 8);
	CALL(epoll_pwait2, ep, got, 4, wrong, NULL, 8);
	CALL(epoll_pwait2, ep, got, 4, NOWHERE, NULL, 8);
	CALL(epoll_pwait2, ep, got, 4, NULL, NOWHERE, 8);
	return 0;
}
