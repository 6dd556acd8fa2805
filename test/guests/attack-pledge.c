/*
 * Promises "stdio proc exec", then tries to get back what it gave away, in the way that the first argument names. The file
 * "prize" that lies there afterwards says that it has won. What is refused by SIGSYS is refused in a child, so that the rest
 * goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PLEDGE = 4096, UNVEIL = 4097 };
static const char *const PROMISES = "stdio proc exec";

static void take(void)
{
	int fd = open("prize", O_CREAT | O_WRONLY, 0600);
	if (fd >= 0) close(fd);
}
static void *take_it(void *unused)
{
	take();
	return unused;
}
static void in_thread(void)
{
	pthread_t t;
	pthread_create(&t, 0, take_it, 0);
	pthread_join(t, 0);
}

static volatile int go, over;
/* Calls as fast as it can while the other thread promises; only what begins behind the return of that counts. */
static void *hammer(void *unused)
{
	while (!go) {}
	for (;;) {
		int late = over;
		int fd = open(late ? "prize" : "scratch", O_CREAT | O_WRONLY, 0600);
		if (fd >= 0) close(fd);
	}
	return unused;
}

static char words[32];
/* The text is changed under the hand of who reads it. */
static void *scribble(void *unused)
{
	for (;;) strcpy(words, "stdio wpath cpath"), strcpy(words, PROMISES);
	return unused;
}
/* 0, or a negative errno */
static int promise(const char *text, const char *exec)
{
	return syscall(PLEDGE, text, exec) == 0 ? 0 : -errno;
}

static void forge(void)
{
	static const unsigned long at[] = { 1, 0xffffffff, 0xfffffffc, 0x08000000 };
	promise("stdio proc exec cpath wpath", 0);
	promise(0, "stdio cpath wpath rpath");
	promise("cpath", "cpath");
	promise("", 0); /* shrinks, which must not be undone */
	promise(PROMISES, 0);
	for (unsigned i = 0; i < sizeof at / sizeof *at; i++) {
		syscall(PLEDGE, at[i], at[i]);
		syscall(UNVEIL, at[i], at[i]);
	}
	take();
}

int main(int argc, char **argv)
{
	const char *how = argv[1];
	pthread_t other;
	int status;
	if (strcmp(how, "take") == 0) { /* what was executed */
		take();
		return 0;
	}
	if (strcmp(how, "race") == 0) {
		pthread_create(&other, 0, hammer, 0);
		promise("stdio proc exec cpath wpath error", 0);
		go = 1;
		usleep(20000);
		promise("stdio proc exec error", 0);
		over = 1;
		usleep(100000);
		return 0;
	}
	if (strcmp(how, "text") == 0) {
		strcpy(words, PROMISES);
		promise(PROMISES, 0);
		pthread_create(&other, 0, scribble, 0);
		for (int i = 0; i < 2000; i++) promise(words, words);
		take();
		return 0;
	}
	if (promise(PROMISES, 0) != 0) return 1;
	pid_t pid = strcmp(how, "vfork") == 0 ? vfork() : fork();
	if (pid == 0) {
		if (strcmp(how, "thread") == 0) in_thread();
		else if (strcmp(how, "exec") == 0) execl(argv[0], argv[0], "take", (char *)0);
		else if (strcmp(how, "forge") == 0) forge();
		else take();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	printf("%d %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0, argc);
	return 0;
}
