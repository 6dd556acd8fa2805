/*
 * Promises what its first argument says, then does what the others name, one after the other, and prints what came of each;
 * without stdio it tells by its status how many failed. Everything that needs more than stdio is opened before.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/netlink.h>
#include <linux/soundcard.h>
#include <linux/videodev2.h>
#include <net/if.h>
#include <netdb.h>
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
#include <sys/mtio.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include "../../pledge/pledge.h"

static int file, net, pair[2];
static void *page;

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
static int take(void)
{
	union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } control;
	char byte;
	struct iovec data = { &byte, 1 };
	struct msghdr m = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	if (recvmsg(pair[1], &m, 0) != 1) return -1;
	return m.msg_controllen == sizeof control.room && control.head.cmsg_type == SCM_RIGHTS ? 0 : 1;
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
static int print(void)
{
	return printf("printed, ") < 0 || fflush(stdout) ? -1 : 0;
}
static int allocate(void)
{
	char *volatile p = calloc(2000, 20 * 1024);
	free(p);
	return p == 0 ? -1 : 0;
}
static int send_file(void)
{
	int zero = open("/dev/null", O_RDWR);
	return sendfile(zero < 0 ? pair[0] : zero, file, 0, 0);
}
static int stream(const char *mode)
{
	char bytes[8];
	FILE *f = fopen(*mode == 'w' ? "new" : "file", mode);
	if (f == 0) return -1;
	int done = *mode == 'w' ? fwrite("content\n", 8, 1, f) : fread(bytes, 8, 1, f);
	return fclose(f) || done != 1 ? -1 : 0;
}
static int open_at(void)
{
	int directory = open(".", O_RDONLY | O_DIRECTORY);
	return directory < 0 ? -1 : openat(directory, "file", O_RDONLY) < 0 ? -1 : 0;
}
static int at_most(int result)
{
	return result < 0 ? -1 : 0;
}
/* The promise allows the call, whatever the kernel says of this object. */
static int unless(int result, int expected)
{
	return result < 0 && errno != expected ? -1 : 0;
}
static int reads(const char *path)
{
	return at_most(open(path, O_RDONLY));
}
static int reach(int type, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type, 0);
	return fd < 0 ? -1 : unless(connect(fd, (struct sockaddr *)&to, sizeof to), ECONNREFUSED);
}
static int local(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	return server < 0 || client < 0 || bind(server, (struct sockaddr *)&at, sizeof at) || listen(server, 1) ||
	       connect(client, (struct sockaddr *)&at, sizeof at) || accept(server, 0, 0) < 0 ? -1 : 0;
}
static int routes(void)
{
	struct sockaddr_nl at = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	return fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) ? -1 : 0;
}
static int interfaces(void)
{
	struct ifconf none = { .ifc_len = 0 };
	return ioctl(net, SIOCGIFCONF, &none);
}

#define DO(name, what) if (strcmp(act, #name) == 0) return what
static int perform(const char *act)
{
	char byte;
	struct timespec now;
	struct timeval zero = { 0, 0 };
	struct termios modes;
	struct winsize size = { 0 };
	struct statfs fs;
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	struct flock lock = { .l_type = F_RDLCK };
	struct mtget tape;
	struct v4l2_capability camera;
	int rate = 8000;

	DO(clock, clock_gettime(CLOCK_MONOTONIC, &now) || clock_getres(CLOCK_MONOTONIC, &now));
	DO(day, gettimeofday(&zero, 0));
	DO(print, print());
	DO(allocate, allocate());
	DO(advise, madvise(page, 4096, MADV_RANDOM));
	DO(sendfile, send_file());
	DO(read, at_most(pread(file, &byte, 1, 0)));
	DO(memory, mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
	DO(thread, thread());
	DO(raise, raise(SIGCHLD));
	DO(null, at_most(open("/dev/null", O_RDWR)));
	DO(isatty, isatty(file) ? -1 : 0);
	DO(recvfd, take());

	DO(open_read, reads("file"));
	DO(stat, access("file", F_OK));
	DO(list, opendir(".") == 0 ? -1 : 0);
	DO(chdir, chdir("."));
	DO(readlink, unless(readlink("file", &byte, 1), EINVAL));
	DO(statfs, statfs(".", &fs));
	DO(open_write, at_most(open("file", O_WRONLY)));
	DO(open_append, at_most(open("file", O_WRONLY | O_APPEND)));
	DO(open_truncate, at_most(open("file", O_WRONLY | O_TRUNC)));
	DO(open_both, at_most(open("file", O_RDWR | O_TRUNC)));
	DO(open_create, at_most(open("new", O_WRONLY | O_CREAT | O_TRUNC, 0600)));
	DO(openat, open_at());
	DO(fopen_read, stream("r"));
	DO(fopen_write, stream("w"));
	DO(truncate, truncate("file", 1));
	DO(symlink, symlink("file", "new") || unlink("new"));
	DO(mkdir, mkdir("dir", 0700) || rmdir("dir"));
	DO(rename, rename("file", "other") || rename("other", "file"));
	DO(link, link("file", "new") || unlink("new"));
	DO(create, at_most(open("new", O_CREAT | O_EXCL | O_RDWR, 0600)));
	DO(fifo, mkfifo("fifo", 0600));
	DO(temporary, at_most(open("/tmp/nurse-pledge-self", O_CREAT | O_RDWR, 0600)) || unlink("/tmp/nurse-pledge-self"));
	DO(chmod, chmod("file", 0600));
	DO(fchmod, fchmod(file, 0600));
	DO(times, utimes("file", 0));
	DO(xattr, unless(setxattr("file", "user.x", "x", 1, 0), EOPNOTSUPP));
	DO(chown, chown("file", -1, -1));
	DO(fchown, fchown(file, -1, -1));
	DO(flock, flock(file, LOCK_SH));
	DO(lock, fcntl(file, F_SETLK, &lock));

	DO(inet, at_most(socket(AF_INET, SOCK_STREAM, 0)));
	DO(inet_udp, at_most(socket(AF_INET, SOCK_DGRAM, 0)));
	DO(inet6, unless(socket(AF_INET6, SOCK_STREAM, 0), EAFNOSUPPORT));
	DO(inet6_udp, unless(socket(AF_INET6, SOCK_DGRAM, 0), EAFNOSUPPORT));
	DO(x25, unless(socket(AF_X25, SOCK_DGRAM, 0), EAFNOSUPPORT));
	DO(raw, unless(socket(AF_INET, SOCK_RAW, 1), EPERM));
	DO(packet, unless(socket(AF_PACKET, SOCK_DGRAM, 0), EPERM));
	DO(connect, reach(SOCK_STREAM, 9));
	DO(name_server, reach(SOCK_DGRAM, 53));
	DO(name_server_stream, reach(SOCK_STREAM, 53));
	DO(mcast, multicast());
	DO(unix, at_most(socket(AF_UNIX, SOCK_STREAM, 0)));
	DO(local, local());
	DO(routes, routes());
	DO(interfaces, interfaces());
	DO(firewall, unless(socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER), EPERM));
	DO(resolv, unless(access("/etc/hosts", R_OK), ENOENT));
#ifndef STATIC
	DO(look_up, gethostbyname("name.invalid") == 0 ? 0 : -1);
	DO(getpw, getpwuid(0) == 0 ? -1 : 0);
	DO(getgr, getgrgid(0) == 0 ? -1 : 0);
#endif
	DO(shadow, reads("/etc/shadow"));
	DO(hostname, reads("/etc/hostname"));
	DO(sendfd, pass(file));

	DO(tty, unless(tcsetattr(file, TCSANOW, &modes), ENOTTY));
	DO(winsize, unless(ioctl(file, TIOCSWINSZ, &size), ENOTTY));
	DO(inject, unless(ioctl(file, TIOCSTI, "x"), ENOTTY));
	DO(fork, child());
	DO(kill, unless(kill(getppid(), 0), ESRCH));
	DO(setsid, unless(setsid(), EPERM));
	DO(nice, setpriority(PRIO_PROCESS, 0, 1));
	DO(limit, getrlimit(RLIMIT_CORE, &limit) || setrlimit(RLIMIT_CORE, &limit));
	DO(exec, execl("/bin/true", "true", (char *)0));
	DO(executable, mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
	DO(mprotect, mprotect(page, 4096, PROT_READ | PROT_EXEC));
	DO(settime, unless(settimeofday(&zero, 0), EPERM));
	DO(meminfo, reads("/proc/meminfo"));
	DO(processes, opendir("/proc") == 0 || reads("/proc/self/stat") ? -1 : 0);
	DO(version, reads("/proc/version"));
	DO(setuid, setuid(getuid()));
	DO(setgid, setgid(getgid()));
	DO(chroot, unless(chroot("/nowhere"), ENOENT));
	DO(unveil, unveil("file", "r"));

	DO(tape, unless(ioctl(file, MTIOCGET, &tape), ENOTTY));
	DO(audio, unless(ioctl(file, SNDCTL_DSP_SPEED, &rate), ENOTTY));
	DO(video, unless(ioctl(file, VIDIOC_QUERYCAP, &camera), ENOTTY));
	DO(bpf, unless(syscall(SYS_bpf, 0, 0, 0), EPERM));
	fprintf(stderr, "%s is nothing that I can do\n", act);
	exit(99);
}

int main(int argc, char **argv)
{
	file = open("file", O_RDWR);
	net = socket(AF_INET, SOCK_DGRAM, 0);
	page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	if (pass(file) != 0) return 98;
	if (pledge(argv[1], 0) != 0) {
		printf("pledge: %s\n", strerrorname_np(errno));
		return 1;
	}
	int may_print = strstr(argv[1], "stdio") != 0, failed = 0;
	for (int i = 2; i < argc; i++) {
		int result = perform(argv[i]);
		failed += result != 0;
		if (!may_print) continue;
		printf("%s: %s\n", argv[i], result == 0 ? "ok" : strerrorname_np(errno));
		fflush(stdout);
	}
	return may_print ? 0 : failed;
}
