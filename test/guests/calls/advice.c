/* readahead, fadvise64, fadvise64_64. */
#include "call.h"

int main(void)
{
	int fd = file_of("file", "0123456789"), writing = open("file", O_WRONLY), path = open("file", O_PATH), both[2];
	if (pipe(both))
		return 1;
	CALL(readahead, fd, 0, 0, 10);
	CALL(readahead, fd, -1, -1, 10);
	CALL(readahead, writing, 0, 0, 10);
	CALL(readahead, both[0], 0, 0, 10);
	CALL(readahead, 77, 0, 0, 10);
	for (int advice = 0; advice < 7; advice++)
		CALL(fadvise64, fd, 0, 0, 10, advice);
	CALL(fadvise64, both[0], 0, 0, 10, 0);
	CALL(fadvise64, 77, 0, 0, 10, 0);
	CALL(fadvise64, path, 0, 0, 10, 0);
	CALL(fadvise64_64, fd, 0, 0, 0, 0, POSIX_FADV_DONTNEED);
	CALL(fadvise64_64, fd, 1, 1, 1, 1, POSIX_FADV_WILLNEED);
	CALL(fadvise64_64, fd, 0, 0, 0, 0, 99);
	CALL(fadvise64_64, fd, 0, 0, -1, -1, 0);
	CALL(fadvise64_64, both[1], 0, 0, 0, 0, 0);
	CALL(fadvise64_64, 77, 0, 0, 0, 0, 0);
	return 0;
}
