/* A blocked thread delays no other: recv, condition variables (musl moves the waiters), children that are waited for. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAITERS = 8, CHILDREN = 20 };
static int pair[2], go, woken;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

static void *receive(void *unused)
{
	char buffer[8];
	return (void *)recv(pair[0], buffer, sizeof buffer, 0);
}
static void *await(void *unused)
{
	pthread_mutex_lock(&mutex);
	while (!go)
		pthread_cond_wait(&condition, &mutex);
	woken++;
	pthread_mutex_unlock(&mutex);
	return NULL;
}

int main(void)
{
	pthread_t receiver, waiters[WAITERS];
	void *received;
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	pthread_create(&receiver, NULL, receive, NULL);
	for (int i = 0; i < WAITERS; i++)
		pthread_create(waiters + i, NULL, await, NULL);
	poll(NULL, 0, 200);
	pthread_mutex_lock(&mutex);
	go = 1;
	pthread_cond_broadcast(&condition);
	pthread_mutex_unlock(&mutex);
	for (int i = 0; i < WAITERS; i++)
		pthread_join(waiters[i], NULL);
	printf("woken %d\n", woken);
	send(pair[1], "hi", 2, 0);
	pthread_join(receiver, &received);
	printf("received %ld\n", (long)received);
	for (int i = 0; i < CHILDREN; i++) {
		int status;
		pid_t child = fork();
		if (child == 0) {
			usleep(20000);
			_exit(i);
		}
		if (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != i)
			printf("child %d: %d\n", i, status);
	}
	return 0;
}
