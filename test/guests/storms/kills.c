/* Processes that are killed at any moment of births and executions, their own and their children's. */
#include "storm.h"

enum { VICTIMS = 4 };

__attribute__((noreturn)) static void *live(void *unused)
{
	(void)unused;
	for (;;) {
		char number[8];
		pid_t pid;
		if (posix_spawn(&pid, SELF, NULL, NULL, exits_with(number, 5), environ) == 0)
			ended(pid, EXITED(5));
	}
}
static void *idle(void *unused) { return unused; }

static void victim(unsigned kind)
{
	pthread_t thread;
	pid_t pid;
	switch (kind) {
	case 0:
		for (;;)
			if ((pid = fork()) == 0)
				_exit(5);
			else
				ended(pid, EXITED(5));
	case 1:
		live(NULL);
	case 2:
		pthread_create(&thread, NULL, live, NULL);
		for (;;)
			if (pthread_create(&thread, NULL, idle, NULL) == 0)
				pthread_join(thread, NULL);
	case 3:
		for (;;)
			poll(NULL, 0, 1);
	default:
		_exit(97);
	}
}

static void storm(void)
{
	pid_t pids[VICTIMS];
	for (int i = 0; i < VICTIMS; i++) {
		unsigned kind = chance(4);
		pids[i] = fork();
		MUST(pids[i] >= 0);
		if (pids[i] == 0)
			victim(kind);
		if (chance(3) == 0)
			usleep(chance(3000));
	}
	usleep(chance(20000));
	for (int i = 0; i < VICTIMS; i++)
		MUST(kill(pids[i], SIGKILL) == 0);
	for (int i = 0; i < VICTIMS; i++)
		ended(pids[i], SIGKILL);
}
