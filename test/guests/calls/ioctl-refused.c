/*
 * Requests that reach beyond the sandbox. The kernel takes 32 bits of the request: none above them, and none of them
 * can be set beside a known one. On a file, on which most would mean nothing bare either.
 * differs: ioctl(fd, TIOCSTI, "x") = -1 EPERM -- it types for others
 * differs: ioctl(fd, TIOCLINUX, "\x02") = -1 EPERM -- it pastes, which types for others
 * differs: ioctl(fd, TIOCCONS, 0) = -1 EPERM -- it takes the console's output
 * differs: ioctl(fd, TIOCSETD, &value) = -1 EPERM -- line disciplines are the kernel's
 * differs: ioctl(both[0], FIFREEZE, 0) = -1 EPERM -- file systems are the host's
 * differs: ioctl(both[0], FITHAW, 0) = -1 EPERM -- file systems are the host's
 */
#include "call.h"
#include <asm/ioctls.h>
#include <linux/fs.h>
#include <linux/sockios.h>

int main(void)
{
	int both[2], fd = file_of("file", "x"), value = 0;
	CALL(ioctl, fd, TIOCSTI, "x");
	CALL(ioctl, fd, TIOCLINUX, "\x02");
	CALL(ioctl, fd, TIOCCONS, 0);
	CALL(ioctl, fd, TIOCSETD, &value);
	CALL(ioctl, fd, FIOASYNC, &value);
	CALL(ioctl, fd, FIOSETOWN, &value);
	CALL(ioctl, fd, SIOCSPGRP, &value);
	if (pipe(both))
		return 1;
	CALL(ioctl, both[0], FIFREEZE, 0);
	CALL(ioctl, both[0], FITHAW, 0);
	for (int bit = 16; bit < 32; bit++) {
		CALL(ioctl, fd, TIOCSTI | 1u << bit, "x");
		CALL(ioctl, fd, TIOCLINUX | 1u << bit, "\x02");
	}
	return 0;
}
