/*
 * close, close_range, dup, dup2, dup3: which number comes, and what closes on exec.
 * build: glibc-static glibc musl-static
 */
#include "call.h"
#include <linux/close_range.h>

static void open_ones(void)
{
	printf("  open:");
	for (int fd = 0; fd < 200; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf(" %d%s", fd, fcntl(fd, F_GETFD) & FD_CLOEXEC ? "c" : "");
	putchar('\n');
}

int main(void)
{
	int fd = file_of("file", "0123456789"), path = open("file", O_PATH);
	CALL(dup, fd);
	CALL(dup, path);
	CALL(dup, 77);
	CALL(dup, -1);
	CALL(dup2, fd, 50);
	CALL(dup2, fd, fd);
	CALL(dup2, 77, 77);
	CALL(dup2, 77, 50);
	CALL(dup2, fd, -1);
	CALL(dup2, fd, 0x7fffffff);
	CALL(dup3, fd, 51, O_CLOEXEC);
	CALL(dup3, fd, 52, 0);
	CALL(dup3, fd, fd, 0);
	CALL(dup3, fd, 53, O_NONBLOCK);
	CALL(dup3, 77, 53, 0);
	CALL(lseek, 51, 4, SEEK_SET);
	CALL(lseek, fd, 0, SEEK_CUR);
	open_ones();
	CALL(close, 52);
	CALL(close, 52);
	CALL(close, -1);
	CALL(close, 0x7fffffff);
	CALL(close_range, 50, 51, CLOSE_RANGE_CLOEXEC);
	for (int i = 60; i < 66; i++)
		dup2(fd, i);
	open_ones();
	CALL(close_range, 61, 63, 0);
	CALL(close_range, 65, 65, CLOSE_RANGE_UNSHARE);
	CALL(close_range, 70, 60, 0);
	CALL(close_range, 60, 60, 1);
	CALL(close_range, 100, -1, 0);
	CALL(close_range, -1, -1, 0);
	open_ones();
	CALL(close_range, 4, -1, CLOSE_RANGE_CLOEXEC);
	open_ones();
	CALL(close_range, 3, -1, 0);
	open_ones();
	CALL(close, 0);
	CALL(open, "file", O_RDONLY);
	CALL(fcntl64, 1, F_DUPFD_CLOEXEC, 0);
	return 0;
}
