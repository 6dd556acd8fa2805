/* Pipes and sockets between parents, children and threads: what goes in comes out, in its order, and then there is an end. */
#include "storm.h"

enum { CHILDREN = 5, BYTES = 30000, MESSAGES = 40 };

static unsigned char byte_at(unsigned seed, unsigned i) { return (seed + i * 31 + i / 251) & 0xff; }

/* By any of the ways there are to write and to read: natively, and by the helper. */
static void put(int fd, unsigned seed, unsigned *own, int socket)
{
	unsigned char buffer[4000];
	for (unsigned at = 0; at < BYTES;) {
		unsigned n = 1 + random_of(own, sizeof buffer);
		if (n > BYTES - at)
			n = BYTES - at;
		for (unsigned i = 0; i < n; i++)
			buffer[i] = byte_at(seed, at + i);
		long done = socket && random_of(own, 2) ? send(fd, buffer, n, 0) : write(fd, buffer, n);
		MUST(done > 0);
		at += done;
	}
}
static void take(int fd, unsigned seed, unsigned *own, int socket)
{
	unsigned char buffer[5000];
	unsigned at = 0;
	for (;;) {
		struct pollfd one = { fd, POLLIN, 0 };
		unsigned n = 1 + random_of(own, sizeof buffer);
		if (random_of(own, 4) == 0)
			MUST(poll(&one, 1, -1) == 1);
		long done = socket && random_of(own, 2) ? recv(fd, buffer, n, 0) : read(fd, buffer, n);
		MUST(done >= 0);
		if (done == 0)
			break;
		for (long i = 0; i < done; i++)
			MUST(buffer[i] == byte_at(seed, at + i));
		at += done;
	}
	MUST(at == BYTES);
}

struct job { int fd, socket; unsigned seed, own; };
static void *putter(void *of)
{
	struct job *job = of;
	put(job->fd, job->seed, &job->own, job->socket);
	if (job->socket)
		MUST(shutdown(job->fd, SHUT_WR) == 0);
	else
		close(job->fd);
	return NULL;
}

/* The child sends back what it gets; a thread of ours writes while we read. */
static void there_and_back(void)
{
	int out[2], in[2], socket = chance(2);
	if (socket) {
		MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out) == 0);
		in[0] = out[1], in[1] = out[0];
	} else
		MUST(pipe(out) == 0 && pipe(in) == 0);
	unsigned seed = chance(1000), own = chance(INT_MAX);
	pid_t pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		char buffer[3000];
		long n;
		close(out[1]);
		if (!socket)
			close(in[0]);
		while ((n = read(out[0], buffer, sizeof buffer)) > 0)
			for (long at = 0; at < n;) {
				long done = write(in[1], buffer + at, n - at);
				MUST(done > 0);
				at += done;
			}
		MUST(n == 0);
		_exit(3);
	}
	close(out[0]);
	if (!socket)
		close(in[1]);
	struct job job = { out[1], socket, seed, own };
	pthread_t thread;
	MUST(pthread_create(&thread, NULL, putter, &job) == 0);
	take(socket ? out[1] : in[0], seed, &own, socket);
	MUST(pthread_join(thread, NULL) == 0);
	close(socket ? out[1] : in[0]);
	ended(pid, EXITED(3));
}

/* Many write to one, each message whole. */
static void many_to_one(void)
{
	struct { unsigned child, number; } message;
	unsigned next[CHILDREN] = { 0 };
	pid_t pids[CHILDREN];
	int ends[2], datagrams = chance(2);
	MUST((datagrams ? socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) : pipe(ends)) == 0);
	for (int i = 0; i < CHILDREN; i++) {
		pids[i] = fork();
		MUST(pids[i] >= 0);
		if (pids[i] == 0) {
			close(ends[0]);
			message.child = i;
			for (message.number = 0; message.number < MESSAGES; message.number++)
				MUST(write(ends[1], &message, sizeof message) == sizeof message);
			_exit(i);
		}
	}
	close(ends[1]);
	while (read(ends[0], &message, sizeof message) == sizeof message) {
		MUST(message.child < CHILDREN && message.number == next[message.child]);
		next[message.child]++;
	}
	close(ends[0]);
	for (int i = 0; i < CHILDREN; i++) {
		MUST(next[i] == MESSAGES);
		ended(pids[i], EXITED(i));
	}
}

static void storm(void)
{
	there_and_back();
	many_to_one();
}
