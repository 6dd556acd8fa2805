/*
 * Threads that are root beside threads that are not, raw system calls that change one thread only; a hostile program
 * with a C library. What came of it is printed; the test judges.
 *
 *   heir                 makes a thread in the place of one that could have become root again; prints what that may do
 *   beside SECRET COUNT  a thread that gave up its rights makes COUNT rounds of calls while others, who did not, make the
 *                        same; prints how many of its own, and of theirs, succeeded
 *   flood COUNT          changes ids COUNT times while others send it signals; prints whether all was as it had to be
 *   stopped COUNT        changes ids all the time while a child stops the process COUNT times, for longer than a thread may
 *                        take to leave
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOMEBODY = 65533, OTHERS = 3 };
#ifndef SYS_setresuid32
#define SYS_setresuid32 208
#endif

static int become(int real, int effective, int saved)
{
	return (int)syscall(SYS_setresuid32, real, effective, saved);
}

static void *with_a_way_back(void *unused)
{
	become(-1, SOMEBODY, -1);
	return unused;
}

static void *back(void *unused)
{
	(void)unused;
	int result = become(0, 0, 0);
	printf("back %d, root %d\n", result, (int)syscall(SYS_geteuid32) == 0);
	return NULL;
}

static void join(void *(*work)(void *))
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, work, NULL))
		exit(1);
	pthread_join(thread, NULL);
}

static void heir(void)
{
	for (int i = 0; i < 3; i++)
		join(with_a_way_back);
	usleep(50000);
	become(SOMEBODY, SOMEBODY, SOMEBODY);
	join(back);
}

static const char *secret;
static volatile int over, roots;

/* How many calls reached SECRET. */
static int reach(void)
{
	struct stat64 s;
	int won = stat64(secret, &s) == 0;
	int fd = open(secret, O_RDONLY);
	won += fd >= 0;
	if (fd >= 0)
		close(fd);
	won += access(secret, R_OK) == 0;
	won += chmod(secret, 0600) == 0;
	return won;
}

static void *privileged(void *unused)
{
	(void)unused;
	while (!over)
		roots += reach();
	return NULL;
}

static void beside(int count)
{
	pthread_t threads[OTHERS];
	int won = 0;
	for (int i = 0; i < OTHERS; i++)
		pthread_create(&threads[i], NULL, privileged, NULL);
	become(SOMEBODY, SOMEBODY, SOMEBODY);
	for (int i = 0; i < count; i++)
		won += reach();
	over = 1;
	for (int i = 0; i < OTHERS; i++)
		pthread_join(threads[i], NULL);
	printf("dropped %d, root %d\n", won, roots > 0);
}

static volatile int came, target;
static void count(int sig)
{
	(void)sig;
	came++;
}

static void *sending(void *unused)
{
	(void)unused;
	while (!over)
		syscall(SYS_tgkill, getpid(), target, SIGUSR1);
	return NULL;
}

static void flood(int changes)
{
	pthread_t threads[OTHERS];
	int good = 0;
	target = (int)syscall(SYS_gettid);
	signal(SIGUSR1, count);
	for (int i = 0; i < OTHERS; i++)
		pthread_create(&threads[i], NULL, sending, NULL);
	for (int i = 0; i < changes; i++) {
		good += become(-1, i % 2 ? 0 : SOMEBODY, -1) == 0;
		good += (int)syscall(SYS_geteuid32) == (i % 2 ? 0 : SOMEBODY);
	}
	over = 1;
	for (int i = 0; i < OTHERS; i++)
		pthread_join(threads[i], NULL);
	printf("good %d, signals %d\n", good, came > 0);
}

static void stopped(int times)
{
	pid_t parent = getpid(), child = fork();
	if (child == 0) {
		for (int i = 0; i < times; i++) {
			kill(parent, SIGSTOP);
			usleep(1300000);
			kill(parent, SIGCONT);
			usleep(3000 + 1000 * (i % 3));
		}
		_exit(0);
	}
	int changes = 0;
	for (int status; waitpid(child, &status, WNOHANG) == 0; changes++)
		become(-1, changes % 2 ? 0 : SOMEBODY, -1);
	printf("changes %d\n", changes > 0);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	if (!strcmp(mode, "heir"))
		heir();
	else if (!strcmp(mode, "beside"))
		secret = argv[2], beside(atoi(argv[3]));
	else if (!strcmp(mode, "flood"))
		flood(atoi(argv[2]));
	else if (!strcmp(mode, "stopped"))
		stopped(atoi(argv[2]));
	return 0;
}
