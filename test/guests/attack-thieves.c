/*
 * Threads that are at the descriptors of other threads' births; a hostile program with a C library. Each round is a child
 * of fork, whose slots are new, and makes threads; what came of all rounds is printed, and the test judges.
 *
 *   steal ROUNDS           asks for every low number that is not the program's: duplicates it, sets its offset
 *   read ROUNDS            reads natively from every such number
 *   full ROUNDS            opens files all the time, with no number left below the limit; prints the number of those above
 *   look ROUNDS            opens low numbers of each process that is about to be born, by /proc
 *   forge OFFSET SIZE FIRST ADD
 *                          writes the number in the slot at FIRST, plus ADD, where the landing stack of a new slot tells what
 *                          was received (its own stands in the slot at OFFSET, each is SIZE long); ends
 *                          with a word when that number is closed
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MADE = 24, LOW = 3, HIGH = 9, THIEVES = 2 };

static volatile int over, won;
static volatile int target;
static int soft;

static void *duplicating(void *unused)
{
	(void)unused;
	while (!over)
		for (int n = LOW; n < HIGH && !over; n++) {
			int copy = fcntl(n, F_DUPFD, HIGH);
			if (copy >= 0) {
				won++;
				close(copy);
			}
			if (lseek64(n, 0x1234567, SEEK_SET) >= 0)
				won++;
		}
	return NULL;
}

static void *reading(void *unused)
{
	char junk[64];
	(void)unused;
	while (!over)
		for (int n = LOW; n < HIGH && !over; n++)
			if (read(n, junk, sizeof junk) >= 0)
				won++;
	return NULL;
}

static void *opening(void *unused)
{
	(void)unused;
	while (!over) {
		int n = dup(0);
		if (n >= soft)
			won++;
		else if (n >= 0)
			close(n);
	}
	return NULL;
}

static volatile int last;

static void *looking(void *unused)
{
	char path[64];
	(void)unused;
	while (!over)
		for (int pid = last + 1; pid < last + 12 && !over; pid++)
			for (int n = LOW; n < LOW + 2; n++) {
				snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, n);
				int fd = open(path, O_RDONLY);
				if (fd < 0)
					continue;
				won++;
				close(fd);
			}
	return NULL;
}

static void looked(int count)
{
	pthread_t thieves[THIEVES];
	last = getpid();
	for (int i = 0; i < THIEVES; i++)
		if (pthread_create(&thieves[i], NULL, looking, NULL))
			exit(1);
	for (int i = 0; i < count && won == 0; i++) {
		pid_t child = fork();
		if (child == 0)
			_exit(0);
		last = child;
		waitpid(child, NULL, 0);
	}
	over = 1;
	printf("won %d, killed 0\n", won);
}

static void *nothing(void *argument)
{
	usleep(1000);
	return argument;
}

static int in_slot(unsigned offset)
{
	int word;
	__asm__ volatile("movl %%fs:(%1), %0" : "=r"(word) : "r"(offset));
	return word;
}

/* struct msghdr, struct iovec, a word of data; then the control data, whose first descriptor is word 3 */
enum { CONTROL = 28 + 8 + 4, WITH_ONE = 16, FIRST = 3 };
static unsigned landing, landing_size;

static void *forging(void *unused)
{
	(void)unused;
	while (!over) {
		char nothing;
		if (read(target, &nothing, 0) < 0) {
			write(1, "closed\n", 7);
			_exit(1);
		}
		for (int slot = 1; slot < MADE + 8; slot++) {
			volatile int *told = (volatile int *)(landing + slot * landing_size + CONTROL);
			if (told[0] == WITH_ONE && told[FIRST] != target)
				told[FIRST] = target;
		}
	}
	return NULL;
}

static void threads(void *(*thief)(void *))
{
	pthread_t thieves[THIEVES], made[MADE];
	int born = 0;
	for (int i = 0; i < THIEVES; i++)
		if (pthread_create(&thieves[i], NULL, thief, NULL))
			exit(1);
	while (born < MADE && pthread_create(&made[born], NULL, nothing, NULL) == 0)
		born++;
	while (born > 0)
		pthread_join(made[--born], NULL);
	over = 1;
	for (int i = 0; i < THIEVES; i++)
		pthread_join(thieves[i], NULL);
}

static void rounds(int count, void *(*thief)(void *))
{
	int wins = 0, killed = 0;
	for (int i = 0; i < count; i++) {
		int status = 0;
		pid_t child = fork();
		if (child == 0) {
			alarm(5);
			threads(thief);
			_exit(won > 100 ? 100 : won);
		}
		waitpid(child, &status, 0);
		if (WIFEXITED(status))
			wins += WEXITSTATUS(status);
		else
			killed++;
	}
	printf("won %d, killed %d\n", wins, killed);
}

static int number(const char *text)
{
	return (int)strtoul(text, NULL, 0);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	if (!strcmp(mode, "steal"))
		rounds(number(argv[2]), duplicating);
	else if (!strcmp(mode, "read"))
		rounds(number(argv[2]), reading);
	else if (!strcmp(mode, "look"))
		looked(number(argv[2]));
	else if (!strcmp(mode, "full")) {
		struct rlimit limit;
		getrlimit(RLIMIT_NOFILE, &limit);
		soft = (int)limit.rlim_cur;
		for (int n = 0; n >= 0;)
			n = dup(0);
		close(soft - 1);
		rounds(number(argv[2]), opening);
	} else if (!strcmp(mode, "forge")) {
		landing = (unsigned)in_slot((unsigned)number(argv[2]));
		landing_size = (unsigned)number(argv[3]);
		target = in_slot((unsigned)number(argv[4])) + number(argv[5]);
		for (int i = 0, status = 0; i < 100 && status == 0; i++) {
			pid_t child = fork();
			if (child == 0) {
				alarm(5);
				threads(forging);
				_exit(0);
			}
			waitpid(child, &status, 0);
			if (WIFSIGNALED(status))
				printf("signal %d\n", WTERMSIG(status));
		}
	}
	return 0;
}
