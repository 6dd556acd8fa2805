/* Waiting for signals: sigsuspend(2) loops, rt_sigtimedwait(2) of what has a handler, has none, is ignored; signalfd(2). */
#include "call.h"
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <time.h>

static volatile int count;
static void counts(int n)
{
	(void)n;
	count++;
}
static unsigned long long bit(int n)
{
	return 1ULL << (n - 1);
}
static void later(int ms)
{
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, ms * 1000 } }, NULL);
}

int main(void)
{
	unsigned long long none = 0, usr, alarm_, term, both, now;
	struct timespec no = { 0, 0 }, soon = { 0, 50000000 }, long_ = { 5, 0 };
	siginfo_t i;
	struct signalfd_siginfo f;

	usr = bit(SIGUSR1), alarm_ = bit(SIGALRM), term = bit(SIGTERM), both = usr | alarm_;
	signal(SIGALRM, counts);
	signal(SIGUSR1, counts);
	MAKE(rt_sigprocmask, SIG_SETMASK, &both, NULL, 8);
	for (int n = 0; n < 5; n++) {
		raise(SIGUSR1);
		later(1);
		CALL(rt_sigsuspend, &alarm_, 8);
		CALL(rt_sigsuspend, &none, 8);
		CALL_OK(rt_sigprocmask, SIG_BLOCK, NULL, &now, 8);
		SAY("%d so far, blocked %llx", count, now);
	}
	later(1);
	CALL(sigsuspend, 0, 0, (unsigned)usr);
	SAY("%d", count);

	raise(SIGUSR1);
	CALL(rt_sigtimedwait, &usr, &i, &no, 8);
	SAY("signal %d, code %d", i.si_signo, i.si_code);
	CALL(rt_sigtimedwait, &usr, &i, &no, 8);
	CALL(rt_sigtimedwait, &usr, NULL, &soon, 8);
	later(20);
	CALL(rt_sigtimedwait, &both, &i, NULL, 8);
	SAY("signal %d, code %d, count %d", i.si_signo, i.si_code, count);
	MAKE(rt_sigprocmask, SIG_SETMASK, &term, NULL, 8);
	later(20);
	CALL(rt_sigtimedwait, &term, &i, &long_, 8); /* interrupted by the handler */
	SAY("count %d", count);
	for (int n = 0; n < 3; n++) {
		sigqueue(getpid(), SIGTERM, (union sigval){ n });
		CALL(rt_sigtimedwait, &term, &i, &long_, 8);
		SAY("without a handler: %d, code %d, value %d", i.si_signo, i.si_code, i.si_value.sival_int);
	}
	signal(SIGTERM, SIG_IGN);
	kill(getpid(), SIGTERM);
	CALL(rt_sigtimedwait, &term, &i, &no, 8);
	SAY("ignored and blocked: %d", i.si_signo);
	signal(SIGTERM, SIG_DFL);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int n = 0; n < 3; n++)
		sigqueue(getpid(), SIGRTMIN, (union sigval){ n });
	for (int n = 0; n < 3; n++) {
		sigwaitinfo(&set, &i);
		SAY("queued: %d", i.si_value.sival_int);
	}
	CALL(rt_sigtimedwait, &term, KERNEL, &no, 8);
	raise(SIGTERM);
	CALL(rt_sigtimedwait, &term, KERNEL, &no, 8);
	CALL(rt_sigtimedwait, &term, NULL, &no, 8);

	int fd = CALL_OK(signalfd4, -1, &term, 8, SFD_CLOEXEC | SFD_NONBLOCK);
	SAY("close on exec: %d", fcntl(fd, F_GETFD));
	CALL(read, fd, &f, sizeof f);
	raise(SIGTERM);
	CALL(read, fd, &f, sizeof f);
	SAY("read: %d, code %d, sender %d", f.ssi_signo, f.ssi_code, f.ssi_pid == (unsigned)getpid());
	kill(getpid(), SIGTERM);
	CALL(read, fd, &f, sizeof f);
	SAY("read: %d", f.ssi_signo);
	CALL(signalfd4, fd, &usr, 8, 0);
	CALL(signalfd4, 99, &usr, 8, 0);
	CALL(signalfd4, 0, &usr, 8, 0);
	CALL(signalfd4, -1, &usr, 4, 0);
	CALL(signalfd4, -1, &usr, 8, 1);
	CALL(signalfd4, -1, KERNEL, 8, 0);
	fd = CALL_OK(signalfd, -1, &term, 8);
	raise(SIGTERM);
	CALL(read, fd, &f, sizeof f);
	SAY("read: %d", f.ssi_signo);
	kill(getpid(), SIGTERM);
	CALL(rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
	return 0;
}
