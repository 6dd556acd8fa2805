/* Who waits for a signal descriptor among others: a child ends a moment after the wait began. */
#include "call.h"
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

static int fd, quiet[2];

static void later(void)
{
	if (fork() == 0) {
		usleep(100000);
		_exit(3);
	}
}

static void tell(const char *what, int result)
{
	struct signalfd_siginfo info = {0};
	printf("%s: %d\n", what, result);
	ssize_t n = read(fd, &info, sizeof info);
	printf("%zd %u %d\n", n, info.ssi_signo, info.ssi_status);
	wait(NULL);
}

int main(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0 || pipe(quiet))
		return 1;
	struct pollfd both[2] = {{quiet[0], POLLIN, 0}, {fd, POLLIN, 0}};
	later();
	tell("poll", poll(both, 2, 20000));
	fd_set ready;
	FD_ZERO(&ready);
	FD_SET(quiet[0], &ready);
	FD_SET(fd, &ready);
	later();
	tell("select", select(fd + 9, &ready, NULL, NULL, NULL));
	int events = epoll_create1(0);
	struct epoll_event event = {.events = EPOLLIN};
	epoll_ctl(events, EPOLL_CTL_ADD, fd, &event);
	later();
	tell("epoll", epoll_wait(events, &event, 1, 20000));
	return 0;
}
