/*
 * Births, by hostile programs with a C library. What came of it is printed; the test judges.
 *
 *   channels FROM TO OFFSET  a fork's child writes to every number from FROM below TO but its own socket, which stands in
 *                            its slot at OFFSET; prints how many took it, and how many could be read
 *   numbers FILE COUNT       threads put FILE at low numbers and close them again, while COUNT threads are made; then waits
 *   words OFFSET SKIP        births whose ids and robust lists stand SKIP behind the address in its slot at OFFSET
 *   execs COUNT              executes itself again and again while other threads make calls
 *   vfork                    children of vfork that do not execute anything
 *   swapped PATH COUNT       executes PATH again and again; prints how often each status came
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int number(const char *text)
{
	return (int)strtoul(text, NULL, 0);
}

static int in_slot(unsigned offset)
{
	int word;
	__asm__ volatile("movl %%fs:(%1), %0" : "=r"(word) : "r"(offset));
	return word;
}

/* Bare there is no slot. */
static void channels(int from, int to, unsigned offset)
{
	int tell[2], counts[2] = {0, 0};
	if (pipe(tell))
		exit(1);
	if (fork() == 0) {
		int own = in_slot(offset);
		char junk[48] = {0};
		for (int n = from; n < to; n++) {
			if (n == own)
				continue;
			counts[0] += write(n, junk, sizeof junk) >= 0;
			counts[1] += read(n, junk, 0) >= 0;
		}
		write(tell[1], counts, sizeof counts);
		_exit(0);
	}
	read(tell[0], counts, sizeof counts);
	wait(NULL);
	printf("written %d, read %d, alive %d\n", counts[0], counts[1], getppid() > 0);
}

static const char *file;
static volatile int over;

static void *disturb(void *unused)
{
	int fd = open(file, O_RDWR);
	(void)unused;
	while (!over)
		for (int n = 10; n < 40 && !over; n++) {
			dup2(fd, n);
			close(n - 1);
		}
	return NULL;
}

static void *nothing(void *argument)
{
	return argument;
}

static void numbers(int count)
{
	pthread_t busy[2], made[8];
	int born = 0;
	for (int i = 0; i < 2; i++)
		if (pthread_create(&busy[i], NULL, disturb, NULL))
			exit(1);
	for (int i = 0; i < count / 8; i++) {
		int n = 0;
		while (n < 8 && pthread_create(&made[n], NULL, nothing, NULL) == 0)
			n++;
		born += n;
		while (n > 0)
			pthread_join(made[--n], NULL);
		if (i % 8 == 0) {
			pid_t child = fork();
			if (child == 0)
				_exit(0);
			if (child > 0)
				waitpid(child, NULL, 0);
		}
	}
	over = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(busy[i], NULL);
	printf("born %d\n", born > 0);
	fflush(stdout);
	getchar();
}

static char stack[0x10000] __attribute__((aligned(16)));
static struct robust_list_head head;
static struct robust_list entry;
static volatile int *words, seen;
#define MARK 0x11111111
enum { IDS, ROBUST = 16 };

static int robust(void *unused)
{
	(void)unused;
	seen = words[IDS];
	words[IDS] = MARK;
	words[ROBUST] = (int)syscall(SYS_gettid);
	entry.next = &head.list;
	head.list.next = &entry;
	head.futex_offset = (long)&words[ROBUST] - (long)&entry;
	syscall(SYS_set_robust_list, &head, sizeof head);
	syscall(SYS_exit, 0);
	return 0;
}

/* Of the sandbox's own memory what the program can write natively, so that it can look itself; bare its own. */
static void told(unsigned offset, unsigned skip)
{
	static int own[32];
	words = offset == 0 ? own : (volatile int *)(in_slot(offset) + skip);
	words[IDS] = MARK;
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_PARENT_SETTID |
			  CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
	int tid = clone(robust, stack + sizeof stack, flags, NULL, &words[IDS], NULL, &words[IDS]);
	while (tid > 0 && syscall(SYS_tgkill, getpid(), tid, 0) == 0)
		usleep(1000);
	printf("born %d, ids %d, cleared %d, owner died %d\n", tid > 0, seen != MARK, words[IDS] != MARK, words[ROBUST] != tid);
	words[IDS] = MARK;
	int child = (int)syscall(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, 0, &words[IDS], 0, 0);
	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
	printf("born %d, ids %d\n", child > 0, words[IDS] != MARK);
}

static void *calling(void *unused)
{
	(void)unused;
	for (;;) {
		close(open("/dev/null", O_RDONLY));
		getppid();
		sched_yield();
	}
	return NULL;
}

static void execs(char **argv)
{
	char left[12];
	pthread_t thread;
	int n = number(argv[2]);
	if (n == 0) {
		printf("done\n");
		return;
	}
	for (int i = 0; i < 4; i++)
		if (pthread_create(&thread, NULL, calling, NULL))
			exit(1);
	usleep(1000 * (n % 5));
	snprintf(left, sizeof left, "%d", n - 1);
	execl(argv[0], argv[0], "execs", left, NULL);
	exit(2);
}

static void vforks(void)
{
	int status = 0;
	pid_t child = vfork();
	if (child == 0) {
		usleep(200000);
		_exit(7);
	}
	waitpid(child, &status, 0);
	printf("exit %d\n", WEXITSTATUS(status));
	child = vfork();
	if (child == 0) {
		kill(getpid(), SIGKILL);
		_exit(1);
	}
	waitpid(child, &status, 0);
	printf("signal %d\n", WTERMSIG(status));
	fflush(stdout);
	if (vfork() == 0) {
		printf("waiting\n");
		fflush(stdout);
		for (;;)
			pause();
	}
	printf("released\n");
}

static void swapped(const char *path, int count)
{
	int seen[256] = {0};
	for (int i = 0; i < count; i++) {
		int status = 0;
		pid_t child = fork();
		if (child == 0) {
			execl(path, path, NULL);
			_exit(128 + (errno & 0x7f));
		}
		waitpid(child, &status, 0);
		seen[WIFEXITED(status) ? WEXITSTATUS(status) : 255]++;
	}
	for (int i = 0; i < 256; i++)
		if (seen[i])
			printf("%d %d\n", i, seen[i]);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	if (!strcmp(mode, "channels"))
		channels(number(argv[2]), number(argv[3]), (unsigned)number(argv[4]));
	else if (!strcmp(mode, "numbers"))
		file = argv[2], numbers(number(argv[3]));
	else if (!strcmp(mode, "words"))
		told((unsigned)number(argv[2]), (unsigned)number(argv[3]));
	else if (!strcmp(mode, "execs"))
		execs(argv);
	else if (!strcmp(mode, "vfork"))
		vforks();
	else if (!strcmp(mode, "swapped"))
		swapped(argv[2], number(argv[3]));
	return 0;
}
