/* Threads that are joined or go their own way, while each bears processes by every way there is. */
#include "storm.h"

enum { THREADS = 8 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t all_gone = PTHREAD_COND_INITIALIZER;
static unsigned born, living;

static void by_fork(int code)
{
	pid_t pid = fork();
	MUST(pid >= 0);
	if (pid == 0)
		_exit(code);
	ended(pid, EXITED(code));
}
static void by_fork_and_exec(int code)
{
	char number[8], **arguments = exits_with(number, code);
	pid_t pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		execv(SELF, arguments);
		_exit(98);
	}
	ended(pid, EXITED(code));
}
static void by_vfork(int code)
{
	char number[8], **arguments = exits_with(number, code);
	pid_t pid = vfork();
	MUST(pid >= 0);
	if (pid == 0) {
		execv(SELF, arguments);
		_exit(98);
	}
	ended(pid, EXITED(code));
}
static void by_spawn(int code)
{
	char number[8];
	pid_t pid;
	MUST(posix_spawn(&pid, SELF, NULL, NULL, exits_with(number, code), environ) == 0);
	ended(pid, EXITED(code));
}
static void by_spawn_of_nothing(int code)
{
	char number[8];
	pid_t pid;
	MUST(posix_spawn(&pid, "/none", NULL, NULL, exits_with(number, code), environ) == ENOENT);
	MUST(posix_spawn(&pid, "/", NULL, NULL, exits_with(number, code), environ) == EACCES);
}
static void by_grandchild(int code)
{
	pid_t pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		pid = fork();
		MUST(pid >= 0);
		if (pid == 0)
			_exit(code);
		ended(pid, EXITED(code));
		_exit(code ^ 1);
	}
	ended(pid, EXITED(code ^ 1));
}
static void (*const WAYS[])(int) = { by_fork, by_fork_and_exec, by_vfork, by_spawn, by_spawn_of_nothing, by_grandchild };

static void *bear(void *seed)
{
	unsigned own = (unsigned)seed;
	for (int i = random_of(&own, 3); i >= 0; i--)
		WAYS[random_of(&own, sizeof WAYS / sizeof WAYS[0])](random_of(&own, 90));
	pthread_mutex_lock(&mutex);
	born++;
	if (--living == 0)
		pthread_cond_signal(&all_gone);
	pthread_mutex_unlock(&mutex);
	return (void *)(own ^ 42);
}

static void storm(void)
{
	pthread_t threads[THREADS];
	int joined[THREADS];
	born = 0;
	living = THREADS;
	for (int i = 0; i < THREADS; i++) {
		MUST(pthread_create(threads + i, NULL, bear, (void *)chance(INT_MAX)) == 0);
		joined[i] = chance(2);
		if (!joined[i])
			MUST(pthread_detach(threads[i]) == 0);
	}
	pthread_mutex_lock(&mutex);
	while (living > 0)
		pthread_cond_wait(&all_gone, &mutex);
	pthread_mutex_unlock(&mutex);
	MUST(born == THREADS);
	for (int i = 0; i < THREADS; i++)
		if (joined[i])
			MUST(pthread_join(threads[i], NULL) == 0);
}
