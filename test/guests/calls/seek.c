/*
 * lseek and _llseek.
 * build: glibc-static glibc musl-static
 */
#include "call.h"

int main(void)
{
	int64_t at = 0;
	int fd = file_of("file", "0123456789"), path = open("file", O_PATH), both[2];
	int d = open(".", O_RDONLY);
	if (pipe(both))
		return 1;
	CALL(lseek, fd, 4, SEEK_SET);
	CALL(lseek, fd, 3, SEEK_CUR);
	CALL(lseek, fd, -2, SEEK_END);
	CALL(lseek, fd, -20, SEEK_END);
	CALL(lseek, fd, 2, SEEK_DATA);
	CALL(lseek, fd, 2, SEEK_HOLE);
	CALL(lseek, fd, 20, SEEK_DATA);
	CALL(lseek, fd, 0, 5);
	CALL(lseek, both[0], 0, SEEK_SET);
	CALL(lseek, path, 0, SEEK_SET);
	CALL(lseek, 77, 0, SEEK_SET);
	CALL(lseek, d, 0, SEEK_SET);
	CALL(_llseek, fd, 1, 5, &at, SEEK_SET);
	SAY("at %lld", (long long)at);
	CALL(_llseek, fd, 0, 0, &at, SEEK_CUR);
	SAY("at %lld", (long long)at);
	CALL(lseek, fd, 0, SEEK_CUR);
	CALL(_llseek, fd, -1, -1, &at, SEEK_SET);
	CALL(_llseek, fd, 0, 7, NOWHERE, SEEK_SET);
	CALL(lseek, fd, 0, SEEK_CUR);
	CALL(_llseek, fd, 0, 0, &at, 9);
	CALL(_llseek, 77, 0, 0, &at, SEEK_SET);
	CALL(_llseek, both[1], 0, 0, &at, SEEK_SET);
	return 0;
}
