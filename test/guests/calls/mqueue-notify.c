/* mq_notify: a signal to the process that asked, whoever sends; a thread of the C library; what is refused. */
#include "call.h"
#include <mqueue.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

static volatile int heard, code, value, by_child, on;
static volatile pid_t child;
static void hear(int n, siginfo_t *i, void *context)
{
	(void)n, (void)context;
	code = i->si_code == SI_MESGQ;
	value = i->si_value.sival_int;
	by_child = i->si_pid == child;
	on = MAKE(gettid);
	heard++;
}

static void empty(mqd_t queue)
{
	char text[16];
	if (mq_receive(queue, text, sizeof text, NULL) < 0)
		abort();
}

static int sent_by_child(mqd_t queue)
{
	int status;
	child = fork();
	if (child == 0) {
		usleep(10000); /* its parent knows who it is */
		_exit(mq_send(queue, "x", 1, 0) != 0);
	}
	waitpid(child, &status, 0);
	return status == 0;
}

static void tell(const char *what)
{
	for (int i = 0; i < 1000 && !heard; i++)
		usleep(1000);
	SAY("%s: heard %d, code %d, value %d, by the child %d", what, heard, code, value, by_child);
	heard = 0;
}

static volatile int called;
static void call(union sigval given)
{
	called = given.sival_int;
}

static pthread_barrier_t both;
static volatile int other;
static void *waits(void *none)
{
	sigset_t set;
	sigemptyset(&set);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
	other = MAKE(gettid);
	pthread_barrier_wait(&both);
	for (int i = 0; i < 1000 && !heard; i++)
		usleep(1000);
	return none;
}

int main(void)
{
	struct sigaction a = { .sa_sigaction = hear, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct mq_attr room = { .mq_maxmsg = 4, .mq_msgsize = 16 };
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 5 };
	char name[32];
	snprintf(name, sizeof name, "/nurse-notify-%d", getpid());
	mqd_t queue = mq_open(name, O_RDWR | O_CREAT, 0600, &room);
	mq_unlink(name);
	sigaction(SIGUSR1, &a, NULL);

	child = getpid();
	CALL(mq_notify, queue, &e);
	CALL(mq_notify, queue, &e);
	mq_send(queue, "x", 1, 0);
	tell("own");
	mq_send(queue, "x", 1, 0);
	usleep(5000);
	SAY("once only: %d", heard);
	empty(queue), empty(queue);
	CALL(mq_notify, queue, &e);
	SAY("sent %d", sent_by_child(queue));
	tell("of a child");
	empty(queue);

	sigset_t set, pending;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	CALL(mq_notify, queue, &e);
	mq_send(queue, "x", 1, 0);
	sigpending(&pending);
	SAY("blocked: pending %d, heard %d", sigismember(&pending, SIGUSR1), heard);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	child = getpid();
	tell("unblocked");
	empty(queue);

	pthread_t thread;
	pthread_barrier_init(&both, NULL, 2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pthread_create(&thread, NULL, waits, NULL);
	pthread_barrier_wait(&both);
	CALL(mq_notify, queue, &e);
	mq_send(queue, "x", 1, 0);
	pthread_join(thread, NULL);
	SAY("in the thread that does not block it: %d", on == other);
	heard = 0;
	empty(queue);

	/* A child that ends leaves the queue to others. */
	CALL(mq_notify, queue, NULL);
	child = fork();
	if (child == 0)
		_exit(syscall(NR_mq_notify, queue, &e) != 0);
	waitpid(child, NULL, 0);
	CALL(mq_notify, queue, &e);
	CALL(mq_notify, queue, NULL);

	struct sigevent by_thread = { .sigev_notify = SIGEV_THREAD, .sigev_notify_function = call, .sigev_value.sival_int = 9 };
	SAY("mq_notify(");
	SAY("by a thread: %d", mq_notify(queue, &by_thread));
	mq_send(queue, "x", 1, 0);
	for (int i = 0; i < 1000 && !called; i++)
		usleep(1000);
	SAY("called with %d", called);
	empty(queue);

	struct sigevent wrong = { .sigev_notify = SIGEV_THREAD, .sigev_signo = 0, .sigev_value.sival_ptr = name };
	CALL(mq_notify, queue, &wrong);
	wrong.sigev_signo = 99;
	CALL(mq_notify, queue, &wrong);
	wrong.sigev_value.sival_ptr = NOWHERE;
	CALL(mq_notify, queue, &wrong);
	e.sigev_signo = 65;
	CALL(mq_notify, queue, &e);
	e.sigev_signo = SIGUSR1;
	e.sigev_notify = SIGEV_THREAD_ID;
	CALL(mq_notify, queue, &e);
	e.sigev_notify = SIGEV_SIGNAL;
	CALL(mq_notify, 0, &e);
	CALL(mq_notify, 99, &e);
	return 0;
}
