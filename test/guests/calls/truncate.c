/* truncate, truncate64, ftruncate, ftruncate64, fallocate. */
#include "call.h"
#include <linux/falloc.h>
#include <signal.h>
#include <sys/resource.h>

static void size_of(const char *path)
{
	struct stat64 s;
	if (!stat64(path, &s))
		SAY("%s: %lld bytes", path, (long long)s.st_size);
}

int main(void)
{
	char text[64] = "";
	int fd = file_of("file", "0123456789abcdef"), reading = open("file", O_RDONLY), path = open("file", O_PATH), both[2];
	mkdir("dir", 0755);
	symlink("file", "link");
	if (pipe(both))
		return 1;
	CALL(truncate, "file", 10), size_of("file");
	CALL(truncate, "link", 12), size_of("file");
	CALL(truncate64, "file", LOW(0x100000001LL), HIGH(0x100000001LL)), size_of("file");
	CALL(truncate64, "file", 8, 0), size_of("file");
	CALL(truncate, "file", -1);
	CALL(truncate64, "file", 0, 0x80000000);
	CALL(truncate64, "file", -1, 0x7fffffff);
	CALL(truncate, "dir", 0);
	CALL(truncate, "missing", 0);
	CALL(truncate, "missing", -1);
	CALL(truncate, "file/x", 0);
	CALL(truncate, "", 0);
	CALL(truncate, NOWHERE, 0);
	CALL(truncate, "/dev/null", 0);
	CALL(ftruncate, fd, 20), size_of("file");
	CALL(ftruncate64, fd, 5, 0), size_of("file");
	CALL(ftruncate, fd, -1);
	CALL(ftruncate64, fd, 0, -1);
	CALL(ftruncate, reading, 0);
	CALL(ftruncate64, path, 0, 0);
	CALL(ftruncate, both[1], 0);
	CALL(ftruncate, 77, 0);
	CALL(fallocate, fd, 0, 0, 0, 100, 0), size_of("file");
	CALL(fallocate, fd, FALLOC_FL_KEEP_SIZE, 0, 0, 10000, 0), size_of("file");
	CALL(fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1, 0, 2, 0);
	CALL(pread64, fd, text, 5, 0, 0);
	SAY("%02x %02x %02x %02x %02x", text[0], text[1], text[2], text[3], text[4]);
	CALL(fallocate, fd, FALLOC_FL_PUNCH_HOLE, 1, 0, 2, 0);
	CALL(fallocate, fd, FALLOC_FL_ZERO_RANGE, 0, 0, 5000, 0), size_of("file");
	CALL(fallocate, fd, FALLOC_FL_COLLAPSE_RANGE, 1, 0, 3, 0);
	CALL(fallocate, fd, FALLOC_FL_INSERT_RANGE, 1, 0, 3, 0);
	CALL(fallocate, fd, FALLOC_FL_UNSHARE_RANGE, 0, 0, 10, 0);
	CALL(fallocate, fd, 0x8000, 0, 0, 1, 0);
	CALL(fallocate, fd, 0, 0, 0, 0, 0);
	CALL(fallocate, fd, 0, -1, -1, 1, 0);
	CALL(fallocate, reading, 0, 0, 0, 1, 0);
	CALL(fallocate, both[1], 0, 0, 0, 1, 0);
	CALL(fallocate, 77, 0, 0, 0, 1, 0);
	signal(SIGXFSZ, SIG_IGN);
	CALL(truncate, "file", 9000);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 4096, 8192 });
	CALL(truncate, "file", 9001), size_of("file");
	CALL(truncate, "file", 8000), size_of("file");
	CALL(truncate, "file", 10), size_of("file");
	CALL(truncate, "file", 4097), size_of("file");
	CALL(truncate64, "file", 4096, 0), size_of("file");
	CALL(truncate, "dir", 5000);
	return 0;
}
