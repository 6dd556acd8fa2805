/* Whom signals of a file go to: oneself, one's own group, nobody. */
#include "call.h"
#include <asm/ioctls.h>
#include <linux/sockios.h>
#include <sys/socket.h>

int main(void)
{
	struct { int type, pid; } owner = { 1, getpid() }, got = { 9, 9 };
	int both[2], value = getpid(), none = 0x3fffff, fd = file_of("file", "x");
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, both))
		return 1;
	CALL(setpgid, 0, 0);
	CALL(fcntl64, fd, F_GETOWN);
	CALL(fcntl64, fd, F_SETOWN, getpid());
	SAY("mine: %d", MAKE(fcntl64, fd, F_GETOWN) == getpid());
	CALL(fcntl64, fd, F_GETOWN_EX, &got);
	SAY("process: %d %d", got.type, got.pid == getpid());
	CALL(fcntl64, fd, F_SETOWN, -getpid());
	CALL(fcntl64, fd, F_GETOWN_EX, &got);
	SAY("group: %d %d", got.type, got.pid == getpid());
	CALL(fcntl64, fd, F_SETOWN, none);
	CALL(fcntl64, fd, F_SETOWN, 0x80000000);
	CALL(fcntl64, fd, F_SETOWN, 0);
	CALL(fcntl64, fd, F_GETOWN);
	CALL(fcntl64, fd, F_SETOWN_EX, &owner);
	SAY("mine: %d", MAKE(fcntl64, fd, F_GETOWN) == getpid());
	owner.type = 2;
	CALL(fcntl64, fd, F_SETOWN_EX, &owner);
	owner.pid = none;
	CALL(fcntl64, fd, F_SETOWN_EX, &owner);
	owner.type = 7;
	CALL(fcntl64, fd, F_SETOWN_EX, &owner);
	CALL(fcntl64, fd, F_SETOWN_EX, KERNEL);
	CALL(fcntl64, 77, F_SETOWN, 0);
	CALL(ioctl, both[0], FIOSETOWN, &value);
	CALL(ioctl, both[0], SIOCGPGRP, &got.pid);
	SAY("mine: %d", got.pid == getpid());
	value = -value;
	CALL(ioctl, both[0], SIOCSPGRP, &value);
	CALL(ioctl, both[0], FIOGETOWN, &got.pid);
	SAY("group: %d", got.pid == -getpid());
	CALL(ioctl, both[0], FIOSETOWN, &none);
	CALL(ioctl, both[0], FIOSETOWN, KERNEL);
	CALL(ioctl, fd, FIOSETOWN, &value);
	return 0;
}
