/*
 * A program with children and threads, for those who look at how they end. It says `ready>` when all are there, reads
 * its input to the end and ends with 3, unless the mode says otherwise.
 *
 *   nested N      a daemon whose child is a daemon, N deep, each blocked in pause
 *   mixed         children that wait, that compute, that are daemons, that wait for a lock; `mixed stopped`: one is stopped
 *   killed        a child that is killed, a child one of whose threads makes a raw system call: what wait told
 *   bomb N        forks as long as it can, N times at most; tells how far it came, and the errno
 *   threads N     N threads alive; tells how many there were, and the errno; then 1,000 one after the other
 *   many N        N forks and N threads, one after the other; says `ready>` before and `done>` after
 *   breed         says `ready>`, then forks and makes threads without end, in three processes
 *   memory        maps memory until there is no more, then forks and makes a thread
 *   files         opens files until there are no more, then forks and makes a thread
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int up[2];

static void there(void)
{
	write(up[1], "x", 1);
}

static void await_all(int n)
{
	char byte;
	while (n-- > 0)
		if (read(up[0], &byte, 1) != 1)
			exit(1);
}

static void say(const char *text)
{
	printf("%s\n", text);
	fflush(stdout);
}

static void until_end(void)
{
	say("ready>");
	while (getchar() != EOF)
		;
}

static void nest(int n)
{
	if (fork() != 0)
		return;
	setsid();
	signal(SIGHUP, SIG_IGN);
	if (n > 1)
		nest(n - 1);
	there();
	for (;;)
		pause();
}

static void mixed(int stopped)
{
	FILE *file = tmpfile();
	flock(fileno(file), LOCK_EX);
	for (int i = 0; i < 5; i++) {
		if (fork() != 0)
			continue;
		if (i == 3 && (setsid(), fork() != 0))
			_exit(0);
		there();
		if (i == 1 && stopped)
			raise(SIGSTOP);
		if (i == 4) {
			char name[64];
			snprintf(name, sizeof name, "/proc/self/fd/%d", fileno(file));
			FILE *again = fopen(name, "r");
			if (again)
				flock(fileno(again), LOCK_EX);
		}
		while (i == 2)
			;
		for (;;)
			pause();
	}
	await_all(5);
}

/* `int $0x80` inside another instruction, where no patcher finds it. */
__asm__("raw: pusha; movl $20, %eax; call hidden + 1; popa; ret\n"
	"hidden: .byte 0xb8, 0xcd, 0x80, 0xc3, 0x90; ret");
void raw(void);

static void *raw_call(void *unused)
{
	raw();
	return unused;
}

static void killed(void)
{
	int status = 0;
	pid_t child = fork();
	if (child == 0)
		for (;;)
			pause();
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	printf("child: signal %d\n", WTERMSIG(status));
	child = fork();
	if (child == 0) {
		pthread_t thread;
		pthread_create(&thread, NULL, raw_call, NULL);
		for (;;)
			pause();
	}
	waitpid(child, &status, 0);
	printf("raw: signal %d\n", WTERMSIG(status));
	child = fork();
	if (child == 0)
		_exit(5);
	waitpid(child, &status, 0);
	printf("after: exit %d\n", WEXITSTATUS(status));
}

static void bomb(int most)
{
	int n = 0;
	for (; n < most; n++) {
		pid_t child = fork();
		if (child == 0)
			for (;;)
				pause();
		if (child < 0)
			break;
	}
	printf("forked %d, %s\n", n, n < most ? strerrorname_np(errno) : "all");
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static void *at_gate(void *unused)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	return unused;
}
static void *nothing(void *unused)
{
	return unused;
}

static void one_by_one(int count)
{
	pthread_t thread;
	for (int i = 0; i < count; i++) {
		if (pthread_create(&thread, NULL, nothing, NULL))
			exit(1);
		pthread_join(thread, NULL);
	}
}

static void threads(int most)
{
	static pthread_t all[1000];
	pthread_attr_t small;
	int n = 0, error = 0;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	pthread_mutex_lock(&gate);
	while (n < most && (error = pthread_create(&all[n], &small, at_gate, NULL)) == 0)
		n++;
	pthread_mutex_unlock(&gate);
	for (int i = 0; i < n; i++)
		pthread_join(all[i], NULL);
	printf("alive %d, %s\n", n, error ? strerrorname_np(error) : "all");
	one_by_one(1000);
	printf("one by one\n");
}

static void breed(void)
{
	say("ready>");
	if (fork())
		fork();
	for (;;) {
		if (fork() == 0)
			_exit(0);
		one_by_one(1);
		wait(NULL);
	}
}

static void many(int count)
{
	one_by_one(20);
	until_end();
	for (int i = 0; i < count; i++) {
		pid_t child = fork();
		if (child == 0)
			_exit(0);
		if (child < 0 || waitpid(child, NULL, 0) != child)
			exit(1);
	}
	one_by_one(count);
	say("done>");
	for (;;)
		pause();
}

/* Of what is left, a thread and a child. */
static void both(void)
{
	pthread_t thread;
	int status = 0, error = pthread_create(&thread, NULL, nothing, NULL);
	if (!error)
		pthread_join(thread, NULL);
	printf("thread %s, ", error ? strerrorname_np(error) : "made");
	pid_t child = fork();
	if (child == 0)
		_exit(4);
	if (child > 0)
		waitpid(child, &status, 0);
	printf("child %s %d\n", child < 0 ? strerrorname_np(errno) : "made", WEXITSTATUS(status));
}

static void memory(void)
{
	size_t size = 1 << 26;
	long taken = 0;
	for (; size >= 4096; size /= 2)
		while (mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED)
			taken++;
	printf("full %d, ", taken > 0);
	both();
}

static void files(void)
{
	while (open("/dev/null", O_RDONLY) >= 0)
		;
	printf("%s, ", strerrorname_np(errno));
	both();
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	int n = argc > 2 ? atoi(argv[2]) : 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (pipe(up))
		return 1;
	if (!strcmp(mode, "nested")) {
		nest(n);
		await_all(n);
	} else if (!strcmp(mode, "mixed"))
		mixed(argc > 2);
	else if (!strcmp(mode, "killed"))
		killed();
	else if (!strcmp(mode, "bomb"))
		bomb(n);
	else if (!strcmp(mode, "threads"))
		threads(n);
	else if (!strcmp(mode, "many"))
		many(n);
	else if (!strcmp(mode, "breed"))
		breed();
	else if (!strcmp(mode, "memory"))
		memory();
	else if (!strcmp(mode, "files"))
		files();
	until_end();
	return 3;
}
