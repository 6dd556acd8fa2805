/*
 * The family that writes what is cached to disk.
 * build: glibc-static glibc musl-static
 */
#include "call.h"

int main(void)
{
	int fd = open("file", O_RDWR | O_CREAT, 0600);
	int both[2];
	CALL(write, fd, "contents", 8);
	CALL(fsync, fd);
	CALL(fdatasync, fd);
	CALL(syncfs, fd);
	CALL(sync);
	CALL(sync_file_range, fd, LOW(0), HIGH(0), LOW(8), HIGH(8), 7);
	CALL(sync_file_range, fd, LOW(0), HIGH(0), LOW(8), HIGH(8), 8);
	CALL(sync_file_range, fd, LOW(-1), HIGH(-1LL), LOW(8), HIGH(8), 2);
	CALL(fsync, 77);
	CALL(fdatasync, -1);
	CALL(syncfs, 77);
	CALL(sync_file_range, 77, 0, 0, 0, 0, 0);
	if (pipe(both))
		return 1;
	CALL(fsync, both[0]);
	CALL(fdatasync, both[1]);
	CALL(sync_file_range, both[0], 0, 0, 0, 0, 0);
	fd = open("file", O_PATH);
	CALL(fsync, fd);
	CALL(syncfs, fd);
	return 0;
}
