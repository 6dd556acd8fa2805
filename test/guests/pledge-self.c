/*
 * Promises what its first argument says, then does what the others name, one after the other, and prints what came of each.
 * Everything that needs more than stdio is opened before.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include "../../pledge/pledge.h"

static int file, pair[2];

static void *nothing(void *unused)
{
	return unused;
}
static int thread(void)
{
	pthread_t t;
	return pthread_create(&t, 0, nothing, 0) || pthread_join(t, 0);
}
static int pass(int fd)
{
	union { struct cmsghdr head; char room[CMSG_SPACE(sizeof fd)]; } control;
	struct iovec data = { "x", 1 };
	struct msghdr m = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
	return sendmsg(pair[0], &m, 0) == 1 ? 0 : -1;
}
static int multicast(void)
{
	int off = 0;
	return setsockopt(file, IPPROTO_IP, IP_MULTICAST_LOOP, &off, sizeof off) < 0 && errno != ENOTSOCK ? -1 : 0;
}
static int child(void)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) _exit(0);
	return pid < 0 || waitpid(pid, &status, 0) != pid ? -1 : status;
}
static int at_most(int result)
{
	return result < 0 ? -1 : 0;
}

#define DO(name, what) if (strcmp(act, #name) == 0) return what
static int perform(const char *act)
{
	char byte;
	struct timespec now;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval zero = { 0, 0 };
	struct termios modes;
	DO(clock, clock_gettime(CLOCK_MONOTONIC, &now));
	DO(read, at_most(pread(file, &byte, 1, 0)));
	DO(memory, mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
	DO(executable, mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
	DO(thread, thread());
	DO(raise, raise(SIGCHLD));
	DO(null, at_most(open("/dev/null", O_RDWR)));
	DO(isatty, isatty(file) ? -1 : 0);
	DO(open_read, at_most(open("file", O_RDONLY)));
	DO(stat, access("file", F_OK));
	DO(open_write, at_most(open("file", O_WRONLY)));
	DO(truncate, truncate("file", 1));
	DO(symlink, symlink("file", "new") || unlink("new"));
	DO(mkdir, mkdir("dir", 0700) || rmdir("dir"));
	DO(rename, rename("file", "other") || rename("other", "file"));
	DO(fifo, mkfifo("fifo", 0600));
	DO(temporary, at_most(open("/tmp/nurse-pledge-self", O_CREAT | O_RDWR, 0600)) || unlink("/tmp/nurse-pledge-self"));
	DO(chmod, chmod("file", 0600));
	DO(times, utimes("file", 0));
	DO(chown, chown("file", -1, -1));
	DO(flock, flock(file, LOCK_SH));
	DO(inet, at_most(socket(AF_INET, SOCK_STREAM, 0)));
	DO(connect, connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof to) == 0 || errno == ECONNREFUSED ? 0 : -1);
	DO(mcast, multicast());
	DO(unix, at_most(socket(AF_UNIX, SOCK_STREAM, 0)));
	DO(resolv, access("/etc/hosts", R_OK) < 0 && errno != ENOENT ? -1 : 0);
#ifndef STATIC
	DO(getpw, getpwuid(0) == 0 ? -1 : 0);
#endif
	DO(sendfd, pass(file));
	DO(tty, tcsetattr(file, TCSANOW, &modes) < 0 && errno != ENOTTY ? -1 : 0);
	DO(fork, child());
	DO(kill, kill(getppid(), 0) < 0 && errno != ESRCH ? -1 : 0);
	DO(exec, execl("/bin/true", "true", (char *)0));
	DO(settime, settimeofday(&zero, 0) < 0 && errno != EPERM ? -1 : 0);
	DO(meminfo, at_most(open("/proc/meminfo", O_RDONLY)));
	DO(setuid, setuid(getuid()));
	DO(unveil, unveil("file", "r"));
	fprintf(stderr, "%s is nothing that I can do\n", act);
	exit(99);
}

int main(int argc, char **argv)
{
	file = open("file", O_RDWR);
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	if (pledge(argv[1], 0) != 0) {
		printf("pledge: %s\n", strerrorname_np(errno));
		return 1;
	}
	for (int i = 2; i < argc; i++) {
		int result = perform(argv[i]);
		printf("%s: %s\n", argv[i], result == 0 ? "ok" : strerrorname_np(errno));
		fflush(stdout);
	}
	return argc == 0;
}
