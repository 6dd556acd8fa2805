/*
 * What waits where no signal comes to: the close of a socket that lingers. And the clock that nobody outside can sleep by.
 *   differs: in time: 0 -- a trustee takes no signals: the handler runs when the close is over
 *   differs: clock_nanosleep(other, 0, &nap, NULL) = -1 EINVAL -- only the program's process could ask for that time
 */
#include "call.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static volatile double handled;
static void handle(int n)
{
	(void)n;
	handled = now();
}

static void lingers(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof at;
	struct linger linger = { 1, 2 };
	static char full[1 << 16];
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (void *)&at, length) || listen(listener, 1) || getsockname(listener, (void *)&at, &length) ||
	    connect(one, (void *)&at, length) || accept(listener, NULL, NULL) < 0)
		abort();
	fcntl(one, F_SETFL, O_NONBLOCK);
	while (write(one, full, sizeof full) > 0)
		;
	fcntl(one, F_SETFL, 0);
	setsockopt(one, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	struct itimerval soon = { { 0, 0 }, { 0, 300000 } };
	double begun = now();
	setitimer(ITIMER_REAL, &soon, NULL);
	CALL(close, one);
	SAY("handled: %d", handled > begun);
	SAY("in time: %d", handled - begun < 1.5);
}

static volatile int busy = 1;
static void *burn(void *none)
{
	while (busy)
		;
	return none;
}

int main(void)
{
	struct sigaction a = { .sa_handler = handle };
	sigaction(SIGALRM, &a, NULL);
	lingers();
	pthread_t thread;
	clockid_t other;
	struct timespec nap = { 0, 20000000 };
	pthread_create(&thread, NULL, burn, NULL);
	pthread_getcpuclockid(thread, &other);
	CALL(clock_nanosleep, other, 0, &nap, NULL);
	busy = 0;
	pthread_join(thread, NULL);
	return 0;
}
