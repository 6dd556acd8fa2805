/* pipe, pipe2, eventfd, eventfd2, memfd_create. */
#include "call.h"
#include <linux/memfd.h>

int main(void)
{
	int fds[2] = {-1, -1};
	uint64_t count = 5;
	char text[8] = "", link[64];
	CALL(pipe, fds);
	SAY("%d %d", fds[0], fds[1]);
	CALL(write, fds[1], "piped", 5);
	CALL(read, fds[0], text, 8);
	CALL(write, fds[0], "x", 1);
	CALL(read, fds[1], text, 1);
	CALL(pipe, NOWHERE);
	CALL(pipe2, fds, O_NONBLOCK | O_CLOEXEC);
	SAY("%d %d", fds[0], fds[1]);
	CALL(read, fds[0], text, 8);
	CALL(fcntl64, fds[1], F_GETFD);
	CALL(pipe2, fds, O_DIRECT);
	CALL(write, fds[1], "a", 1);
	CALL(write, fds[1], "b", 1);
	CALL(read, fds[0], text, 8);
	CALL(pipe2, fds, O_APPEND);
	CALL(pipe2, NOWHERE, 0);
	CALL(eventfd, 3);
	CALL(eventfd2, 2, O_NONBLOCK | O_CLOEXEC);
	CALL(read, 10, &count, 8);
	SAY("count %d", (int)count);
	CALL(read, 10, &count, 8);
	CALL(read, 10, &count, 7);
	CALL(write, 10, &count, 8);
	CALL(write, 10, &count, 4);
	count = -1;
	CALL(write, 10, &count, 8);
	CALL(eventfd2, 2, 1);
	CALL(read, 10, &count, 8);
	CALL(eventfd2, 0, 8);
	CALL(memfd_create, "named", 0);
	CALL(memfd_create, "", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CALL(memfd_create, LONG_NAME, 0);
	CALL(memfd_create, NOWHERE, 0);
	CALL(memfd_create, "x", 0x1000);
	CALL(memfd_create, "x", 8);
	CALL(memfd_create, "x", 0x10);
	CALL(memfd_create, "x", 0x18);
	CALL(write, 11, "memory", 6);
	CALL(pread64, 11, text, 3, 1, 0);
	SAY("%.3s", text);
	CALL(readlink, "/proc/self/fd/11", link, sizeof link);
	SAY("%.16s", link);
	return 0;
}
