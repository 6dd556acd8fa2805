/*
 * What a handler makes of a call that waits: EINTR or the call again, as SA_RESTART and the call say; what is left of the
 * time; masks for the time of a call.
 */
#include "call.h"
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

static volatile int rings;
static int feed = -1, feed_at;

static void ring(int n)
{
	(void)n;
	if (++rings == feed_at && feed >= 0)
		send(feed, "x", 1, MSG_DONTWAIT) < 0 ? (void)write(feed, "x", 1) : (void)0;
	if (rings >= feed_at)
		setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
}
/* The alarm rings after 20 ms, and again 400 ms later: then it makes ready what is waited for and stops. */
static void wind(int flags, int to)
{
	struct sigaction a = { .sa_handler = ring, .sa_flags = flags };
	sigaction(SIGALRM, &a, NULL);
	rings = 0;
	feed = to;
	feed_at = 2;
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 400000 }, { 0, 20000 } }, NULL);
}
static void rest(void)
{
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	SAY("rang %d", rings);
}

int main(void)
{
	int p[2], s[2], u;
	char byte[16];
	unsigned long long none = 0, alarm_ = 1 << (SIGALRM - 1), now;
	struct { unsigned long long *at; int size; } packed = { &none, 8 };
	struct epoll_event e = { EPOLLIN, { 0 } };
	pipe(p);
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	struct iovec v = { byte, 1 };
	int ep = epoll_create(1);
	epoll_ctl(ep, EPOLL_CTL_ADD, s[0], &e);
	struct timespec t = { 0, 50000000 }, left;
	struct timeval tv;
	static unsigned word;

	wind(0, p[1]), CALL(read, p[0], byte, 1), rest();
	wind(0, p[1]), CALL(readv, p[0], &v, 1), rest();
	wind(0, s[1]), CALL(recvfrom, s[0], byte, 1, 0, NULL, NULL), rest();
	wind(0, -1), CALL(poll, &(struct pollfd){ p[1], 0, 0 }, 1, 5000), rest();
	wind(0, -1), CALL(futex, &word, 0, 0, NULL, NULL, 0), rest();
	left = (struct timespec){ 5, 0 };
	wind(SA_RESTART, -1), CALL(futex, &word, 0, 0, &left, NULL, 0), rest();
	wind(0, -1), CALL(pause), rest();
	wind(0, -1), CALL(nanosleep, &(struct timespec){ 3, 0 }, &left), rest();
	SAY("left: %d", left.tv_sec == 2);
	wind(0, -1), CALL(clock_nanosleep, CLOCK_MONOTONIC, 0, &(struct timespec){ 3, 0 }, &left), rest();
	tv = (struct timeval){ 3, 0 };
	wind(0, -1), CALL(_newselect, 0, NULL, NULL, NULL, &tv), rest();
	SAY("left: %ld", tv.tv_sec);
	wind(0, -1), CALL(epoll_wait, ep, &e, 1, 5000), rest();

	wind(SA_RESTART, p[1]), CALL(read, p[0], byte, 1), rest();
	wind(SA_RESTART, p[1]), CALL(readv, p[0], &v, 1), rest();
	wind(SA_RESTART, s[1]), CALL(recvfrom, s[0], byte, 1, 0, NULL, NULL), rest();
	wind(SA_RESTART, s[1]), CALL(epoll_wait, ep, &e, 1, 5000), rest();
	wind(SA_RESTART, -1), CALL(nanosleep, &(struct timespec){ 3, 0 }, &left), rest();
	u = open("locked", O_RDWR | O_CREAT, 0600);
	flock(u, LOCK_EX);
	wind(0, -1), CALL(flock, open("locked", O_RDWR), LOCK_EX), rest();

	SAY("masks");
	MAKE(rt_sigprocmask, SIG_BLOCK, &alarm_, NULL, 8);
	for (int i = 0; i < 3; i++) {
		wind(SA_RESTART, -1), CALL(ppoll, NULL, 0, NULL, &none, 8), rest();
		t = (struct timespec){ 5, 0 };
		wind(0, -1), CALL(ppoll, NULL, 0, &t, &none, 8), rest();
		SAY("left %ld", (long)t.tv_sec);
		wind(0, -1), CALL(pselect6, 0, NULL, NULL, NULL, NULL, &packed), rest();
		wind(0, -1), CALL(epoll_pwait, ep, &e, 1, -1, &none, 8), rest();
		raise(SIGALRM);
		t = (struct timespec){ 0, 0 };
		rings = 0, CALL(ppoll, NULL, 0, &t, &none, 8), rest();
		t = (struct timespec){ 0, 1000000 };
		CALL(ppoll, NULL, 0, &t, &none, 8);
		CALL(ppoll, &(struct pollfd){ p[1], POLLOUT, 0 }, 1, &t, &none, 8);
		MAKE(rt_sigprocmask, SIG_BLOCK, NULL, &now, 8);
		SAY("blocked after: %llx", now);
	}
	CALL(ppoll, NULL, 0, NULL, &none, 4);
	CALL(ppoll, NULL, 0, NULL, KERNEL, 8);
	return 0;
}
