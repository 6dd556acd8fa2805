/* Blocks in the call that its first argument names; the second is a path or a port. Says its pid before, the result after. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <mqueue.h>

static char buffer[1 << 20];
static const char *what, *where;
#define IS(name) (strcmp(what, name) == 0)

static void say(long result)
{
	int e = errno;
	printf("%s = %ld%s%s\n", what, result, result < 0 ? " " : "", result < 0 ? strerrorname_np(e) : "");
}

static int tcp(int listening)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(atoi(where)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int s = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (listening ? bind(s, (void *)&here, sizeof here) || listen(s, 4) : connect(s, (void *)&here, sizeof here))
		abort();
	return s;
}
static long ms_between(struct timespec a, struct timespec b)
{
	return (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
}

int main(int argc, char **argv)
{
	what = argv[1], where = argc > 2 ? argv[2] : "0";
	setvbuf(stdout, NULL, _IOLBF, 0);
	int s = -1;
	if (IS("recv") || IS("recvmsg") || IS("waitall") || IS("send") || IS("sendmsg") || IS("writev") || IS("recvmmsg"))
		s = tcp(0);
	if (IS("accept"))
		s = tcp(1);
	printf("pid %d\n", getpid());
	struct timespec began, ended;
	clock_gettime(CLOCK_MONOTONIC, &began);
	struct pollfd in = {.fd = 0, .events = POLLIN};
	struct iovec part = {buffer, sizeof buffer};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	if (IS("poll"))
		say(poll(&in, 1, -1)), printf("%d\n", in.revents);
	else if (IS("ppoll")) {
		int32_t t[2] = {5, 0};
		say(syscall(SYS_ppoll, &in, 1, t, NULL, 8)), printf("left %d\n", t[0] < 5 && t[0] >= 3);
	} else if (IS("select")) {
		fd_set set;
		FD_ZERO(&set);
		FD_SET(0, &set);
		struct timeval t = {5, 0};
		say(select(1, &set, NULL, NULL, &t)), printf("left %d, set %d\n", t.tv_sec < 5 && t.tv_sec >= 3, FD_ISSET(0, &set) != 0);
	} else if (IS("late")) {
		fd_set set;
		FD_ZERO(&set);
		FD_SET(0, &set);
		struct timeval t = {0, 300000};
		say(select(1, &set, NULL, NULL, &t)), printf("left %ld, set %d\n", (long)t.tv_sec + t.tv_usec, FD_ISSET(0, &set) != 0);
	} else if (IS("epoll")) {
		struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.u32 = 7};
		int ep = epoll_create1(0);
		epoll_ctl(ep, EPOLL_CTL_ADD, 0, &e);
		say(epoll_wait(ep, &e, 1, -1)), printf("%d\n", e.data.u32);
		say(epoll_wait(ep, &e, 1, 50));
	} else if (IS("readv"))
		say(readv(0, &part, 1));
	else if (IS("splice")) {
		int p[2];
		if (pipe(p) == 0)
			say(splice(0, NULL, p[1], NULL, 100, 0));
	} else if (IS("recv"))
		say(recv(s, buffer, sizeof buffer, 0));
	else if (IS("recvmsg"))
		say(recvmsg(s, &message, 0));
	else if (IS("recvmmsg")) {
		struct mmsghdr two[2] = {{message, 0}, {message, 0}};
		say(recvmmsg(s, two, 2, MSG_WAITFORONE, NULL));
	} else if (IS("waitall"))
		say(recv(s, buffer, 6, MSG_WAITALL));
	else if (IS("send"))
		for (int i = 0; i < 8; i++)
			say(send(s, buffer, sizeof buffer, 0));
	else if (IS("sendmsg"))
		for (int i = 0; i < 8; i++)
			say(sendmsg(s, &message, 0));
	else if (IS("writev"))
		for (int i = 0; i < 8; i++)
			say(writev(s, &part, 1));
	else if (IS("accept"))
		s = accept(s, NULL, NULL), say(s > 0 ? 1 : s), printf("%d\n", fcntl(s, F_GETFL) & O_NONBLOCK);
	else if (IS("connect")) {
		struct sockaddr_un there = {.sun_family = AF_UNIX};
		strcpy(there.sun_path, where);
		for (int i = 0; i < 3; i++)
			s = socket(AF_UNIX, SOCK_STREAM, 0), say(connect(s, (void *)&there, sizeof there));
		printf("%d\n", fcntl(s, F_GETFL) & O_NONBLOCK);
	} else if (IS("flock"))
		say(flock(open(where, O_RDWR), LOCK_EX));
	else if (IS("setlkw")) {
		struct flock all = {.l_type = F_WRLCK};
		say(fcntl(open(where, O_RDWR), F_OFD_SETLKW, &all));
	} else if (IS("fifo-read"))
		s = open(where, O_RDONLY), say(s > 0 ? 1 : s), printf("%d\n", fcntl(s, F_GETFL) & O_NONBLOCK), say(read(s, buffer, 9));
	else if (IS("fifo-write"))
		s = open(where, O_WRONLY), say(s > 0 ? 1 : s), printf("%d\n", fcntl(s, F_GETFL) & O_NONBLOCK), say(write(s, "there", 5));
	else if (IS("nanosleep")) {
		struct timespec t = {0, 300000000};
		say(nanosleep(&t, NULL));
	} else if (IS("abstime")) {
		struct timespec t;
		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_nsec += 300000000, t.tv_sec += t.tv_nsec / 1000000000, t.tv_nsec %= 1000000000;
		errno = clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL), say(errno ? -1 : 0);
	} else if (IS("futex")) {
		int word = 3;
		struct timespec t = {0, 300000000};
		say(syscall(SYS_futex, &word, 128, 3, &t, NULL, 0));
	} else if (IS("futex-bits")) {
		int word = 3;
		struct timespec t = began;
		t.tv_nsec += 300000000, t.tv_sec += t.tv_nsec / 1000000000, t.tv_nsec %= 1000000000;
		say(syscall(SYS_futex, &word, 9, 3, &t, NULL, 5));
	} else if (IS("futex-any")) {
		int word = 3;
		struct { uint64_t val, uaddr; uint32_t flags, zero; } one = {3, (uintptr_t)&word, 2, 0};
		int64_t t[2] = {began.tv_sec, began.tv_nsec + 300000000};
		t[0] += t[1] / 1000000000, t[1] %= 1000000000;
		say(syscall(449, &one, 1, 0, t, CLOCK_MONOTONIC));
	} else if (IS("semtimedop")) {
		int id = semget(IPC_PRIVATE, 2, 0600);
		struct sembuf take[2] = {{0, 1, 0}, {1, -1, 0}};
		struct timespec t = {0, 300000000};
		say(semtimedop(id, take, 2, &t)), take[1].sem_flg = IPC_NOWAIT, say(semop(id, take, 2));
		semctl(id, 0, IPC_RMID);
	} else if (IS("mq")) {
		struct mq_attr a = {.mq_maxmsg = 1, .mq_msgsize = 8};
		mqd_t q = mq_open("/nurse-wait", O_RDWR | O_CREAT, 0600, &a);
		mq_unlink("/nurse-wait");
		struct timespec t;
		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_nsec += 300000000, t.tv_sec += t.tv_nsec / 1000000000, t.tv_nsec %= 1000000000;
		say(mq_timedreceive(q, buffer, 8, NULL, &t));
	} else if (IS("timeout")) {
		int p[2];
		struct timeval t = {0, 300000};
		socketpair(AF_UNIX, SOCK_STREAM, 0, p);
		setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
		say(recv(p[0], buffer, 4, 0));
	}
	clock_gettime(CLOCK_MONOTONIC, &ended);
	printf("in time %d\n", ms_between(began, ended) >= 298 && ms_between(began, ended) < 2000);
	return 0;
}
