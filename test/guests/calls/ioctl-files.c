/*
 * ioctl on files, pipes and sockets.
 * differs: ioctl(fd, FS_IOC_SETFLAGS, &flags) = -1 EPERM -- it could make files immutable
 */
#include "call.h"
#include <arpa/inet.h>
#include <linux/fs.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#undef ioctl

int main(void)
{
	int fd = file_of("file", "0123456789"), d = open(".", O_RDONLY), path = open("file", O_PATH), n = 7, one = 1, zero = 0, both[2];
	int64_t size = 0;
	int copy = file_of("copy", ""), flags = 0, pair[2];
	if (pipe(both))
		return 1;
	CALL(ioctl, fd, FIONREAD, &n);
	SAY("%d", n);
	lseek(fd, 4, SEEK_SET);
	CALL(ioctl, fd, FIONREAD, &n);
	SAY("%d", n);
	CALL(ioctl, both[0], FIONREAD, &n);
	CALL(write, both[1], "abc", 3);
	CALL(ioctl, both[0], FIONREAD, &n);
	SAY("%d", n);
	CALL(ioctl, both[0], FIONBIO, &one);
	CALL(fcntl64, both[0], F_GETFL);
	CALL(ioctl, both[0], FIONBIO, &zero);
	CALL(fcntl64, both[0], F_GETFL);
	CALL(ioctl, both[0], FIONBIO, NOWHERE);
	CALL(ioctl, fd, FIOCLEX, 0);
	CALL(fcntl64, fd, F_GETFD);
	CALL(ioctl, fd, FIONCLEX, 0);
	CALL(fcntl64, fd, F_GETFD);
	CALL(ioctl, fd, FIOQSIZE, &size);
	SAY("%lld", (long long)size);
	CALL(ioctl, d, FIOQSIZE, &size);
	CALL(ioctl, both[0], FIOQSIZE, &size);
	CALL_OK(ioctl, fd, FS_IOC_GETFLAGS, &flags);
	CALL(ioctl, fd, FS_IOC_SETFLAGS, &flags);
	CALL(ioctl, both[0], FS_IOC_GETFLAGS, &flags);
	CALL_OK(ioctl, fd, FS_IOC_GETVERSION, &flags);
	CALL(ioctl, fd, FIGETBSZ, &n);
	SAY("%d", n);
	CALL(ioctl, copy, FICLONE, fd);
	CALL(ioctl, copy, FICLONE, 77);
	struct file_clone_range range = {fd, 0, 0, 0};
	CALL(ioctl, copy, FICLONERANGE, &range);
	CALL(ioctl, path, FIONREAD, &n);
	CALL(ioctl, 77, FIONREAD, &n);
	CALL(ioctl, fd, TCGETS, &n);
	CALL(ioctl, fd, 0x12345678, &n);
	CALL(ioctl, fd, FIONREAD, NOWHERE);

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 1;
	CALL(write, pair[0], "four", 4);
	CALL(ioctl, pair[1], FIONREAD, &n);
	SAY("%d", n);
	CALL(ioctl, pair[1], SIOCATMARK, &n);
	CALL(ioctl, pair[0], SIOCOUTQ, &n);
	SAY("%d", n);
	CALL(ioctl, pair[0], FIOGETOWN, &n);
	SAY("%d", n);
	CALL(ioctl, pair[0], SIOCGPGRP, &n);
	SAY("%d", n);
	return 0;
}
