/* Many signals, none lost where they queue and none in the middle of a call: real-time ones, a timer, handlers with calls. */
#include "call.h"
#include <signal.h>
#include <sys/time.h>

enum { COUNT = 10000 };
static volatile int got, wrong, ticks, inside;

static void one(int n, siginfo_t *i, void *u)
{
	(void)n, (void)u;
	if (i->si_value.sival_int != got)
		wrong++;
	got++;
	if (inside)
		wrong++;
	if (got % 16 == 0 && lseek(99, 0, SEEK_SET) != -1)
		wrong++;
}
static void tick(int n)
{
	(void)n;
	ticks++;
	if (getpgid(0) <= 0 || (ticks % 8 == 0 && access("/", F_OK) != 0))
		wrong++;
}

int main(void)
{
	struct sigaction a = { .sa_sigaction = one, .sa_flags = SA_SIGINFO };
	sigset_t rt;
	sigemptyset(&rt);
	sigaddset(&rt, SIGRTMIN + 3);
	sigaction(SIGRTMIN + 3, &a, NULL);
	signal(SIGALRM, tick);
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 700 }, { 0, 700 } }, NULL);
	for (int i = 0; i < COUNT; i++) {
		if (i % 100 == 50)
			sigprocmask(SIG_BLOCK, &rt, NULL);
		while (sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ i }) != 0)
			if (errno != EINTR)
				return 1;
		if (i % 100 == 99)
			sigprocmask(SIG_UNBLOCK, &rt, NULL);
		if (lseek(i % 2 ? 99 : 98, i, SEEK_SET) != -1 || errno != EBADF)
			wrong++;
	}
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	SAY("%d came, %d wrong, timer %d", got, wrong, ticks > 10);
	int p[2];
	char byte;
	pipe(p);
	ticks = 0;
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 2000 }, { 0, 2000 } }, NULL);
	for (int i = 0; i < 200; i++)
		while (ticks < i)
			pause();
	a = (struct sigaction){ .sa_handler = tick };
	sigaction(SIGALRM, &a, NULL);
	int interrupted = 0;
	for (int i = 0; i < 50; i++)
		interrupted += read(p[0], &byte, 1) == -1 && errno == EINTR;
	SAY("reads interrupted: %d, %d wrong", interrupted, wrong);
	return 0;
}
