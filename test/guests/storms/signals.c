/* Signals: queued ones of which none is lost, in their order; SIGCHLD; timers; handlers in the middle of everything. */
#include "storm.h"
#include <time.h>

enum { SENDERS = 3, QUEUED = 25, CHILDREN = 8, TICKS = 5 };

static volatile sig_atomic_t next[SENDERS], wrong, children, ticks;

static void queued(int signal, siginfo_t *info, void *unused)
{
	int sender = signal - SIGRTMIN - 1;
	if (info->si_code != SI_QUEUE || info->si_value.sival_int != next[sender])
		wrong = 1;
	next[sender]++;
	(void)unused;
}
static void child_ended(int signal)
{
	int kept = errno;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		children++;
	errno = kept;
	(void)signal;
}
static void tick(int signal)
{
	ticks++;
	(void)signal;
}

/* Each number comes once, in order. Senders are processes, which know whom they send to. */
static void queues(void)
{
	pid_t pids[SENDERS], self = getpid();
	sigset_t none;
	sigemptyset(&none);
	for (int i = 0; i < SENDERS; i++) {
		next[i] = 0;
		pids[i] = fork();
		MUST(pids[i] >= 0);
		if (pids[i] > 0)
			continue;
		for (int n = 0; n < QUEUED; n++)
			MUST(sigqueue(self, SIGRTMIN + 1 + i, (union sigval){ .sival_int = n }) == 0);
		_exit(i);
	}
	for (int i = 0; i < SENDERS; i++) {
		int status;
		pid_t found;
		while ((found = waitpid(pids[i], &status, 0)) == -1)
			MUST(errno == EINTR);
		MUST(found == pids[i] && status == EXITED(i));
	}
	for (int i = 0; i < SENDERS; i++)
		MUST(next[i] == QUEUED);
	MUST(!wrong);
}

static void children_end(void)
{
	struct sigaction old, action = { .sa_handler = child_ended, .sa_flags = SA_RESTART };
	sigset_t block, before;
	children = 0;
	MUST(sigaction(SIGCHLD, &action, &old) == 0);
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();
		MUST(pid >= 0);
		if (pid == 0)
			_exit(i);
	}
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	MUST(sigprocmask(SIG_BLOCK, &block, &before) == 0);
	while (children < CHILDREN)
		sigsuspend(&before);
	MUST(sigprocmask(SIG_SETMASK, &before, NULL) == 0);
	MUST(sigaction(SIGCHLD, &old, NULL) == 0 && children == CHILDREN);
}

static void ticking(void)
{
	struct itimerspec every = { { 0, 2000000 }, { 0, 1000000 } }, off = { { 0, 0 }, { 0, 0 } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	timer_t timer;
	ticks = 0;
	MUST(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &every, NULL) == 0);
	while (ticks < TICKS) {
		MUST(poll(NULL, 0, 1) == 0 || errno == EINTR);
		MUST(getppid() > 0 && access("/", X_OK) == 0);
	}
	MUST(timer_settime(timer, 0, &off, NULL) == 0 && timer_delete(timer) == 0);
}

static void storm(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };
	action.sa_sigaction = queued;
	for (int i = 0; i < SENDERS; i++)
		MUST(sigaction(SIGRTMIN + 1 + i, &action, NULL) == 0);
	struct sigaction alarm = { .sa_handler = tick };
	MUST(sigaction(SIGALRM, &alarm, NULL) == 0);
	queues();
	children_end();
	ticking();
}
