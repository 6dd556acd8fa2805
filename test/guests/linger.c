/* A child ends as one of its threads waits for a socket that lingers, with data that nobody reads; its parent makes calls meanwhile. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int end;
static void *wait_for_it(void *none)
{
	struct pollfd one = { end, POLLIN, 0 };
	poll(&one, 1, -1);
	return none;
}

int main(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof at;
	struct linger linger = { 1, 1000 };
	static char full[1 << 16];
	struct timespec before, behind;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	end = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (void *)&at, length) || listen(listener, 1) || getsockname(listener, (void *)&at, &length) ||
	    connect(end, (void *)&at, length))
		abort();
	int other = accept(listener, 0, 0);
	pid_t child = fork();
	if (child == 0) {
		pthread_t thread;
		close(other);
		fcntl(end, F_SETFL, O_NONBLOCK);
		while (write(end, full, sizeof full) > 0)
			;
		setsockopt(end, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
		pthread_create(&thread, 0, wait_for_it, 0);
		usleep(200000);
		_exit(0);
	}
	close(end);
	waitpid(child, 0, 0);
	clock_gettime(CLOCK_MONOTONIC, &before);
	for (int i = 0; i < 100; i++)
		usleep(1000);
	clock_gettime(CLOCK_MONOTONIC, &behind);
	printf("at once: %d\n", behind.tv_sec - before.tv_sec < 10);
	return 0;
}
