/* Processes whose main thread leaves first: the last one ends them, or one by exit_group or execve. */
#include "storm.h"

enum { PROCESSES = 4, THREADS = 4 };
static int pipes[2], how;

static void *report(void *value)
{
	unsigned number = (unsigned)value;
	poll(NULL, 0, number % 7);
	MUST(write(pipes[1], &number, sizeof number) == sizeof number);
	if (number % THREADS == THREADS - 1) {
		char text[8];
		poll(NULL, 0, 10);
		// The others may have told nothing yet: their numbers are then missing.
		if (how == 1)
			_exit(17);
		if (how == 2) {
			execv(SELF, exits_with(text, 18));
			_exit(98);
		}
	}
	return NULL;
}

static void child(void)
{
	pthread_t thread;
	for (unsigned i = 0; i < THREADS; i++)
		MUST(pthread_create(&thread, NULL, report, (void *)(i + THREADS * chance(1000))) == 0);
	pthread_exit(NULL);
}

static void storm(void)
{
	static const int STATUS[] = { 0, 17, 18 };
	pid_t pids[PROCESSES];
	unsigned number, told = 0, least = 0;
	MUST(pipe(pipes) == 0);
	int hows[PROCESSES];
	for (int i = 0; i < PROCESSES; i++) {
		hows[i] = how = chance(3);
		least += how == 0 ? THREADS : 1;
		chance(1000);
		pids[i] = fork();
		MUST(pids[i] >= 0);
		if (pids[i] == 0)
			child();
	}
	close(pipes[1]);
	while (read(pipes[0], &number, sizeof number) == sizeof number)
		told++;
	MUST(told >= least && told <= PROCESSES * THREADS);
	for (int i = 0; i < PROCESSES; i++)
		ended(pids[i], EXITED(STATUS[hows[i]]));
	close(pipes[0]);
}
