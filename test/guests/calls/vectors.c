/* read, write and their kin with offsets and vectors. */
#include "call.h"
#include <sys/uio.h>

static char a[8], b[8];
static void show(void)
{
	SAY("\"%.8s\" \"%.8s\"", a, b);
	memset(a, 0, 8), memset(b, 0, 8);
}

int main(void)
{
	struct iovec two[2] = {{a, 3}, {b, 4}}, bad[2] = {{a, 2}, {NOWHERE, 2}}, huge[2] = {{a, 4}, {b, 0x80000000}};
	struct iovec out[3] = {{"abc", 3}, {NULL, 0}, {"defg", 4}}, many[1025];
	int fd = file_of("file", "0123456789"), reading = open("file", O_RDONLY), writing = open("file", O_WRONLY), both[2];
	if (pipe(both))
		return 1;
	memset(many, 0, sizeof many);
	CALL(read, fd, a, 3), show();
	CALL(read, fd, a, 0);
	CALL(read, fd, NOWHERE, 4);
	CALL(read, 77, a, 4);
	CALL(write, reading, "x", 1);
	CALL(write, fd, NOWHERE, 4);
	CALL(write, fd, "xyz", 0);
	CALL(readv, fd, two, 2), show();
	CALL(readv, fd, two, 2), show();
	CALL(writev, fd, out, 3);
	CALL(writev, fd, bad, 2);
	CALL(readv, fd, bad, 2);
	CALL(readv, fd, two, 0);
	CALL(readv, fd, two, -1);
	CALL(readv, fd, many, 1024);
	CALL(readv, fd, many, 1025);
	CALL(readv, fd, huge, 2);
	CALL(readv, fd, NOWHERE, 2);
	CALL(readv, 77, two, 2);
	CALL(readv, writing, two, 2);
	CALL(writev, reading, out, 3);
	CALL(pread64, fd, a, 4, 6, 0), show();
	CALL(pread64, fd, a, 4, 0, 1), show();
	CALL(pread64, fd, a, 4, -1, -1);
	CALL(pread64, both[0], a, 4, 0, 0);
	CALL(pread64, fd, NOWHERE, 4, 0, 0);
	CALL(pwrite64, fd, "PW", 2, 1, 0);
	CALL(pwrite64, fd, "PW", 2, -1, -1);
	CALL(pwrite64, both[1], "PW", 2, 0, 0);
	CALL(pwrite64, fd, NOWHERE, 2, 0, 0);
	CALL(preadv, fd, two, 2, 0, 0), show();
	CALL(preadv, fd, two, 2, 12, 0), show();
	CALL(preadv, fd, two, 2, 0, -1);
	CALL(preadv, both[0], two, 2, 0, 0);
	CALL(pwritev, fd, out, 3, 20, 0);
	CALL(pwritev, fd, out, 3, 0, -1);
	CALL(preadv2, fd, two, 2, 0, 0, 0), show();
	CALL(lseek, fd, 15, SEEK_SET);
	CALL(preadv2, fd, two, 2, -1, -1, 0), show();
	CALL(preadv2, fd, two, 2, 0, 0, RWF_HIPRI), show();
	CALL(preadv2, fd, two, 2, 0, 0, RWF_NOWAIT), show();
	CALL(preadv2, fd, two, 2, 0, 0, 0x10000);
	CALL(pwritev2, fd, out, 3, 0, 0, RWF_APPEND);
	CALL(pwritev2, fd, out, 3, -1, -1, RWF_DSYNC);
	CALL(pwritev2, fd, out, 1, 30, 0, RWF_SYNC);
	CALL(pwritev2, fd, out, 3, 0, 0, 0x10000);
	CALL(pwritev2, 77, out, 3, 0, 0, 0);
	return 0;
}
