/*
 * Something to attach a debugger to: counts aloud every 20 ms until its standard input ends, then exits with 7. A second
 * thread naps meanwhile.
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int counter;
static volatile int over;

__attribute__((noinline)) int count_on(int by)
{
	counter += by;
	return counter;
}

__attribute__((noinline)) static void nap(void)
{
	struct timespec time = { 0, 10000000 };
	nanosleep(&time, 0);
}

static void *napper(void *unused)
{
	while (!over)
		nap();
	return unused;
}

__attribute__((noinline)) static int is_over(void)
{
	struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
	return poll(&input, 1, 20) > 0;
}

int main(void)
{
	pthread_t thread;
	pthread_create(&thread, 0, napper, 0);
	do {
		char line[32];
		int length = snprintf(line, sizeof line, "%d\n", count_on(1));
		if (write(STDOUT_FILENO, line, length) != length)
			return 1;
	} while (!is_over());
	over = 1;
	pthread_join(thread, 0);
	return 7;
}
