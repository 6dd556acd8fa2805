/*
 * Signals that wait, blocked, for one thread stay with it when its untrustee is replaced (set_thread_area), with what they
 * say, and end with the thread: the next one has none.
 */
#include "call.h"
#include "anew.h"
#include <pthread.h>
#include <signal.h>
#include <time.h>

static void told(int n, siginfo_t *i, void *context)
{
	(void)context;
	char what[64];
	snprintf(what, sizeof what, "  signal %d, code %d, value %d, own %d\n", n - (n >= SIGRTMIN ? SIGRTMIN : 0), i->si_code,
		 i->si_code == SI_QUEUE ? i->si_value.sival_int : 0, i->si_pid == getpid());
	write(1, what, strlen(what));
}

static void pending(const char *when)
{
	sigset_t set;
	sigpending(&set);
	SAY("%s: USR1 %d USR2 %d TERM %d CHLD %d RT %d", when, sigismember(&set, SIGUSR1), sigismember(&set, SIGUSR2),
	    sigismember(&set, SIGTERM), sigismember(&set, SIGCHLD), sigismember(&set, SIGRTMIN));
}

static void queue(int signal, int value)
{
	union sigval v = { .sival_int = value };
	if (pthread_sigqueue(pthread_self(), signal, v))
		abort();
}

static void *work(void *name)
{
	SAY("%s", (char *)name);
	sigset_t all, none;
	sigfillset(&all);
	sigemptyset(&none);
	pending("before");
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	pthread_kill(pthread_self(), SIGUSR1);
	pthread_kill(pthread_self(), SIGTERM);
	pthread_kill(pthread_self(), SIGCHLD);
	for (int i = 1; i <= 3; i++)
		queue(SIGRTMIN, i);
	queue(SIGUSR2, 77);
	pending("blocked");
	start_anew(0x1000);
	pending("anew");
	start_anew(0x2000);
	pending("anew again");
	sigset_t one;
	siginfo_t info;
	struct timespec now = { 0, 0 };
	sigemptyset(&one);
	sigaddset(&one, SIGTERM);
	int taken = sigtimedwait(&one, &info, &now);
	SAY("taken %d, code %d", taken == SIGTERM, info.si_code);
	sigaddset(&none, SIGCHLD);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	pending("unblocked");
	pthread_kill(pthread_self(), SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	pthread_kill(pthread_self(), SIGUSR1);
	queue(SIGRTMIN, 9);
	pending("left behind");
	return NULL;
}

int main(void)
{
	struct sigaction a = { .sa_sigaction = told, .sa_flags = SA_SIGINFO };
	sigfillset(&a.sa_mask);
	sigaction(SIGUSR1, &a, NULL);
	sigaction(SIGUSR2, &a, NULL);
	sigaction(SIGRTMIN, &a, NULL);
	pthread_t other;
	pthread_create(&other, NULL, work, "a thread");
	pthread_join(other, NULL);
	pthread_create(&other, NULL, work, "another");
	pthread_join(other, NULL);
	work("the main one");
	return 0;
}
