/*
 * fcntl and fcntl64: every command but locks; those that are refused are in fcntl-refused.c.
 * differs: fcntl64(fd, F_GETFL) = 32770 -- what the trustee opens is open for large files
 */
#include "call.h"
#include <linux/memfd.h>

int main(void)
{
	uint64_t hint = 3;
	int owner[2] = {7, 7}, both[2];
	int fd = file_of("file", "x"), path = open("file", O_PATH), large = MAKE(open, "file", O_RDWR | O_LARGEFILE);
	int sealed = MAKE(memfd_create, "sealed", MFD_ALLOW_SEALING);
	if (pipe(both))
		return 1;
	CALL(fcntl64, fd, F_DUPFD, 40);
	CALL(fcntl64, fd, F_DUPFD, 40);
	CALL(fcntl64, fd, F_DUPFD, -1);
	CALL(fcntl64, fd, F_DUPFD_CLOEXEC, 40);
	CALL(fcntl64, 42, F_GETFD);
	CALL(fcntl64, 42, F_SETFD, 0);
	CALL(fcntl64, 42, F_GETFD);
	CALL(fcntl64, 42, F_SETFD, 3);
	CALL(fcntl64, 42, F_GETFD);
	CALL(fcntl64, fd, F_GETFL);
	CALL(fcntl64, large, F_GETFL);
	CALL(fcntl64, large, F_SETFL, O_APPEND | O_NONBLOCK | O_NOATIME | O_SYNC | O_CREAT);
	CALL(fcntl64, large, F_GETFL);
	CALL(fcntl64, both[0], F_SETFL, O_NONBLOCK);
	CALL(fcntl64, both[0], F_GETFL);
	CALL(fcntl, both[1], F_GETFL);
	CALL(fcntl64, path, F_SETFL, O_APPEND);
	CALL(fcntl64, fd, F_GETOWN);
	CALL(fcntl64, fd, F_GETSIG);
	CALL(fcntl64, fd, F_GETOWN_EX, owner);
	SAY("owner %d %d", owner[0], owner[1]);
	CALL(fcntl64, fd, F_GETLEASE);
	CALL(fcntl64, fd, F_GETOWN_EX, NOWHERE);
	CALL(fcntl64, both[0], F_GETPIPE_SZ);
	CALL(fcntl64, both[0], F_SETPIPE_SZ, 8192);
	CALL(fcntl64, both[1], F_GETPIPE_SZ);
	CALL(fcntl64, both[0], F_SETPIPE_SZ, -1);
	CALL(fcntl64, fd, F_GETPIPE_SZ);
	CALL(fcntl64, sealed, F_GET_SEALS);
	CALL(fcntl64, sealed, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK);
	CALL(fcntl64, sealed, F_GET_SEALS);
	CALL(ftruncate, sealed, 10);
	CALL(fcntl64, sealed, F_ADD_SEALS, F_SEAL_SEAL);
	CALL(fcntl64, sealed, F_ADD_SEALS, F_SEAL_WRITE);
	CALL(fcntl64, sealed, F_ADD_SEALS, 0x1000);
	CALL(fcntl64, fd, F_GET_SEALS);
	CALL(fcntl64, fd, F_GET_RW_HINT, &hint);
	SAY("hint %d", (int)hint);
	hint = 2;
	CALL(fcntl64, fd, F_SET_RW_HINT, &hint);
	hint = 99;
	CALL(fcntl64, fd, F_SET_RW_HINT, &hint);
	CALL(fcntl64, fd, F_GET_RW_HINT, &hint);
	SAY("hint %d", (int)hint);
	CALL(fcntl64, fd, F_GET_RW_HINT, NOWHERE);
	CALL(fcntl64, fd, 1027, fd);
	CALL(fcntl64, fd, 1027, large);
	CALL(fcntl64, fd, 1027, 77);
	CALL(fcntl64, fd, 1028, 0);
	CALL(fcntl64, fd, 1029, 0);
	CALL(fcntl64, fd, 9999, 0);
	CALL(fcntl, fd, F_GETFD);
	CALL(fcntl, fd, 12, &hint);
	CALL(fcntl, fd, 36, &hint);
	CALL(fcntl64, path, F_GETFD);
	CALL(fcntl64, path, F_GETOWN);
	CALL(fcntl64, 77, F_GETFD);
	CALL(fcntl, -1, F_GETFD);
	return 0;
}
