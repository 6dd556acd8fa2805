/*
 * Real threads that change, under a call of another thread, what it was given: the argument in their common memory, or
 * the open file under a descriptor's number. A hostile program with a C library. What came of it is printed; the test judges.
 *
 *   path A D COUNT    COUNT opens of a path that another thread makes A and D in turns: how many opened each (A holds "A",
 *                     D "D"), and were refused
 *   at A D COUNT      the same with openat, where the directory's descriptor becomes A's and D's in turns; both hold "f"
 *   listen COUNT      listens on a number that is a bound socket and an unbound one in turns: how often the latter listened
 *   waits ROUNDS      descriptors are exchanged, and futexes' memory is unmapped, while other threads wait for them; prints
 *                     how many waits ended
 *   times             times of all kinds; prints how each call ended
 *   crowd THREADS     waits for 900 descriptors each, sets in sets; a word when all wait, then until input comes
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static volatile int over;
static int number(const char *text)
{
	return (int)strtoul(text, NULL, 0);
}

/* What two threads share: bytes that change, or a number. */
static char shared[256];
static const char *first, *second;
static volatile int number_of, open_first, open_second;

static void *flip(void *unused)
{
	const size_t at = strlen(first) - 1; /* they differ in the last letter */
	(void)unused;
	while (!over) {
		((volatile char *)shared)[at] = second[at];
		((volatile char *)shared)[at] = first[at];
	}
	return NULL;
}

static void *swap(void *unused)
{
	(void)unused;
	while (!over) {
		dup2(open_second, number_of);
		dup2(open_first, number_of);
	}
	return NULL;
}

static pthread_t beside(void *(*work)(void *))
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, work, NULL))
		exit(1);
	return thread;
}

static void count(int fd, int *outcomes)
{
	char content = 0;
	if (fd >= 0 && read(fd, &content, 1) == 1)
		outcomes[content == 'D']++;
	else
		outcomes[2]++;
	if (fd >= 0)
		close(fd);
}

static void race(int tries, int by_directory)
{
	int outcomes[3] = { 0 };
	pthread_t other;
	if (by_directory) {
		open_first = open(first, O_PATH);
		open_second = open(second, O_PATH);
		number_of = dup(open_first);
	} else
		strcpy(shared, first);
	other = beside(by_directory ? swap : flip);
	for (int i = 0; i < tries; i++)
		count(by_directory ? openat(number_of, "f", O_RDONLY) : (int)syscall(SYS_open, shared, O_RDONLY), outcomes);
	over = 1;
	pthread_join(other, NULL);
	printf("A %d, D %d, refused %d\n", outcomes[0], outcomes[1], outcomes[2]);
}

static struct sockaddr_in at_port(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((unsigned short)port),
				     .sin_addr = { htonl(INADDR_LOOPBACK) } };
}

static void listens(int tries)
{
	int won = 0;
	pthread_t other;
	struct sockaddr_in own = at_port(0);
	open_first = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(open_first, (struct sockaddr *)&own, sizeof own))
		exit(2);
	open_second = socket(AF_INET, SOCK_STREAM, 0);
	number_of = dup(open_first);
	other = beside(swap);
	for (int i = 0; i < tries && won == 0; i++) {
		int on = 0;
		socklen_t size = sizeof on;
		listen(number_of, 1);
		getsockopt(open_second, SOL_SOCKET, SO_ACCEPTCONN, &on, &size);
		won += on;
	}
	over = 1;
	pthread_join(other, NULL);
	printf("won %d\n", won);
}

/* ---- waits ---- */

enum { KINDS = 7, HELD = 900, LEVELS = 3 };
static int pair[2], listener, locked;
static volatile int *word;
static volatile int ended;

/* One wait of each kind, on what is exchanged meanwhile. */
static void *wait_for(void *kind)
{
	char byte;
	struct pollfd asked = { .fd = number_of, .events = POLLIN };
	struct iovec buffer = { &byte, 1 };
	fd_set set;
	switch ((int)(long)kind) {
	case 0:
		poll(&asked, 1, 700);
		break;
	case 1:
		accept(number_of, NULL, NULL);
		break;
	case 2:
		recv(number_of, &byte, 1, 0);
		break;
	case 3:
		readv(number_of, &buffer, 1);
		break;
	case 4:
		flock(number_of, LOCK_EX);
		break;
	case 5:
		FD_ZERO(&set);
		FD_SET(number_of, &set);
		select(number_of + 1, &set, NULL, NULL, &(struct timeval){ 0, 700000 });
		break;
	default:
		syscall(SYS_futex, word, FUTEX_WAIT, 0, &(struct timespec){ 0, 700000000 });
	}
	__atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void noted(int sig)
{
	(void)sig;
}

static void waits(int rounds)
{
	struct sigaction interrupting = { .sa_handler = noted };
	struct sockaddr_in own = at_port(0);
	sigaction(SIGUSR1, &interrupting, NULL);
	for (int round = 0; round < rounds; round++) {
		pthread_t threads[KINDS], other;
		over = 0;
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
			exit(2);
		listener = socket(AF_INET, SOCK_STREAM, 0);
		bind(listener, (struct sockaddr *)&own, sizeof own);
		listen(listener, 1);
		locked = open("/dev/null", O_RDONLY);
		word = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		number_of = dup(round % 2 ? pair[0] : listener);
		open_first = round % 2 ? listener : pair[0];
		open_second = round % 3 ? locked : pair[1];
		for (int i = 0; i < KINDS; i++)
			pthread_create(&threads[i], NULL, wait_for, (void *)(long)i);
		usleep(3000 * (round % 5));
		other = beside(swap);
		usleep(20000);
		munmap((void *)word, 0x1000);
		over = 1;
		pthread_join(other, NULL);
		close(number_of);
		/* what natively waits on for the open file that it began with ends by a signal */
		for (int i = 0; i < KINDS; i++)
			while (pthread_tryjoin_np(threads[i], NULL) != 0) {
				pthread_kill(threads[i], SIGUSR1);
				usleep(5000);
			}
		int all[] = { pair[0], pair[1], listener, locked };
		for (int i = 0; i < 4; i++)
			close(all[i]);
	}
	printf("ended %d of %d\n", ended, rounds * KINDS);
}

struct times {
	long long seconds, nanoseconds;
};
#define DOUBLE_NAN 0x7ff8000000000000ll

static void tell(const char *what, long result)
{
	printf("%s %d\n", what, result < 0 ? -errno : (int)result);
}

/* Each would wait for ever, or ends at once; none may do anything else. A timer ends the first kind. */
static void *ring(void *unused)
{
	const pthread_t waiter = *(pthread_t *)unused;
	while (!over) {
		usleep(50000);
		pthread_kill(waiter, SIGUSR1);
	}
	return NULL;
}

static void times(void)
{
	struct sigaction interrupting = { .sa_handler = noted };
	static pthread_t self;
	static int zero;
	const struct times given[] = { { -1, 0 }, { 0, -1 }, { 0, 1000000000 }, { 0x7fffffffffffffffll, 0 }, { DOUBLE_NAN, 0 },
				       { 0x7fffffffffffffffll, 999999999 }, { 0, 0x7fffffffffffffffll }, { (long long)1 << 63, 0 } };
	const int narrow[][2] = { { -1, 0 }, { 0, -1 }, { 0, 1000000000 }, { 0x7fffffff, 0 }, { 0x7fffffff, 999999999 } };
	self = pthread_self();
	sigaction(SIGUSR1, &interrupting, NULL);
	pthread_t other;
	pthread_create(&other, NULL, ring, &self);
	for (int i = 0; i < 8; i++) {
		struct times t = given[i];
		tell("ppoll_time64", syscall(SYS_ppoll_time64, NULL, 0, &t, NULL, 8));
		t = given[i];
		tell("pselect6_time64", syscall(SYS_pselect6_time64, 0, NULL, NULL, NULL, &t, NULL));
		t = given[i];
		tell("clock_nanosleep_time64", syscall(SYS_clock_nanosleep_time64, CLOCK_MONOTONIC, 0, &t, NULL));
		t = given[i];
		tell("futex_time64", syscall(SYS_futex_time64, &zero, FUTEX_WAIT, 0, &t, NULL, 0));
		t = given[i];
		tell("rt_sigtimedwait_time64", syscall(SYS_rt_sigtimedwait_time64, &(sigset_t){ 0 }, NULL, &t, 8));
	}
	for (int i = 0; i < 5; i++) {
		int t[2] = { narrow[i][0], narrow[i][1] };
		tell("nanosleep", syscall(SYS_nanosleep, t, NULL));
		tell("select", syscall(SYS__newselect, 0, NULL, NULL, NULL, t));
		tell("futex", syscall(SYS_futex, &zero, FUTEX_WAIT, 0, narrow[i], NULL, 0));
	}
	tell("select of wild count", syscall(SYS__newselect, 0x7fffffff, NULL, NULL, NULL, (int[]){ 0, 0 }));
	tell("select of negative count", syscall(SYS__newselect, -1, NULL, NULL, NULL, (int[]){ 0, 0 }));
	tell("poll of wild count", syscall(SYS_poll, &zero, 0xffffffff, 0));
	over = 1;
	pthread_join(other, NULL);
}

static int sets[LEVELS], copies[HELD];
static volatile int begun;
static void *one_of_crowd(void *unused)
{
	struct pollfd *asked = calloc(HELD, sizeof *asked);
	struct epoll_event event;
	for (int i = 0; i < HELD; i++)
		asked[i] = (struct pollfd){ .fd = i % 10 ? copies[i] : sets[i % LEVELS], .events = POLLIN };
	if (__atomic_add_fetch(&begun, 1, __ATOMIC_SEQ_CST) % 2)
		poll(asked, HELD, -1);
	else
		epoll_wait(sets[LEVELS - 1], &event, 1, -1);
	return unused;
}

static void crowd(int threads)
{
	static pthread_t all[128];
	char byte;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		exit(2);
	for (int i = 0; i < LEVELS; i++) {
		struct epoll_event event = { .events = EPOLLIN };
		sets[i] = epoll_create1(0);
		epoll_ctl(sets[i], EPOLL_CTL_ADD, i ? sets[i - 1] : pair[0], &event);
	}
	for (int i = 0; i < HELD; i++)
		copies[i] = dup(pair[0]);
	struct epoll_event loop = { .events = EPOLLIN };
	printf("loop %d\n", epoll_ctl(sets[0], EPOLL_CTL_ADD, sets[LEVELS - 1], &loop) < 0 ? errno : 0);
	for (int i = 0; i < threads; i++)
		pthread_create(&all[i], NULL, one_of_crowd, NULL);
	while (begun < threads)
		usleep(1000);
	usleep(300000);
	printf("all wait\n");
	fflush(stdout);
	if (read(0, &byte, 1) < 0 || write(pair[1], "x", 1) != 1)
		exit(3);
	for (int i = 0; i < threads; i++)
		pthread_join(all[i], NULL);
	printf("all ended\n");
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	if (!strcmp(mode, "path") || !strcmp(mode, "at")) {
		first = argv[2];
		second = argv[3];
		race(number(argv[4]), !strcmp(mode, "at"));
	} else if (!strcmp(mode, "listen"))
		listens(number(argv[2]));
	else if (!strcmp(mode, "waits"))
		waits(number(argv[2]));
	else if (!strcmp(mode, "times"))
		times();
	else if (!strcmp(mode, "crowd"))
		crowd(number(argv[2]));
	return 0;
}
