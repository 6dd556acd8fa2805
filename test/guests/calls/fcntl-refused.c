/*
 * Commands of fcntl64 that make the kernel send signals to whom they name.
 * differs: fcntl64(fd, F_SETSIG, 0) = -1 EPERM -- it makes the kernel send signals
 * differs: fcntl64(d, F_NOTIFY, 0) = -1 EPERM -- it makes the kernel send signals
 * differs: fcntl64(fd, F_SETLEASE, F_UNLCK) = -1 EPERM -- it makes the kernel send signals
 * differs: fcntl64(fd, F_GETOWNER_UIDS, owner) = -1 EPERM -- of use to checkpointing programs alone
 * differs: fcntl64(fd, F_SETFL, FASYNC) = -1 EPERM -- signals are for sockets and pipes
 */
#include "call.h"
#include <sys/socket.h>
#ifndef F_GETOWNER_UIDS
#define F_GETOWNER_UIDS 17
#endif

int main(void)
{
	int owner[2] = {0, 0};
	int fd = file_of("file", "x"), d = open(".", O_RDONLY);
	CALL(fcntl64, fd, F_SETOWN, 0);
	CALL(fcntl64, fd, F_SETOWN_EX, owner);
	CALL(fcntl64, fd, F_SETSIG, 0);
	CALL(fcntl64, d, F_NOTIFY, 0);
	CALL(fcntl64, fd, F_SETLEASE, F_UNLCK);
	CALL(fcntl64, fd, F_GETOWNER_UIDS, owner);
	CALL(fcntl64, fd, F_SETFL, FASYNC);
	return 0;
}
