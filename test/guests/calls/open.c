/* open, creat, openat: flags, modes under the umask, errors. */
#include "call.h"

static void mode_of(const char *path)
{
	struct stat s;
	SAY("%s: %o", path, stat(path, &s) ? 0 : s.st_mode);
}

int main(void)
{
	umask(027);
	CALL(open, "new", O_RDWR | O_CREAT, 0666);
	CALL(open, "new", O_RDWR | O_CREAT | O_EXCL, 0666);
	CALL(open, "sticky", O_RDONLY | O_CREAT, 07777);
	CALL(open, "bits", O_WRONLY | O_CREAT, 0xfffff777);
	CALL(creat, "created", 0640);
	mode_of("new"), mode_of("sticky"), mode_of("bits"), mode_of("created");
	int rw = open("new", O_RDWR);
	CALL(write, rw, "twelve bytes", 12);
	CALL(open, "new", O_WRONLY | O_TRUNC);
	CALL(lseek, rw, 0, SEEK_END);
	CALL(open, "new", O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_LARGEFILE);
	CALL(open, "new", O_RDWR | O_DSYNC | O_NOATIME | O_SYNC | FASYNC | O_DIRECT);
	CALL(open, "new", O_ACCMODE);
	CALL(open, "new", O_RDONLY | 0x40000000);
	mkdir("dir", 0755);
	int dir = CALL(open, "dir", O_RDONLY | O_DIRECTORY);
	CALL(openat, dir, "in", O_WRONLY | O_CREAT, 0600);
	CALL(openat, dir, "in/", O_RDONLY);
	CALL(openat, dir, ".", O_WRONLY | __O_TMPFILE | O_DIRECTORY, 0600);
	CALL(openat, dir, "..", O_RDONLY);
	CALL(openat, rw, "in", O_RDONLY);
	CALL(openat, 77, "in", O_RDONLY);
	CALL(openat, -5, "/dev/null", O_RDONLY);
	CALL(openat, AT_FDCWD, "", O_RDONLY);
	CALL(open, "dir", O_WRONLY);
	CALL(open, "dir", O_RDONLY | O_CREAT, 0600);
	CALL(open, "dir/", O_RDONLY | O_CREAT, 0600);
	CALL(open, "fresh/", O_RDONLY | O_CREAT, 0600);
	CALL(open, "fresh", O_RDONLY | O_CREAT | O_DIRECTORY, 0600);
	CALL(open, "new", O_RDONLY | O_DIRECTORY);
	CALL(open, "missing", O_RDONLY);
	CALL(open, "missing/x", O_RDONLY | O_CREAT, 0600);
	CALL(open, "new/x", O_RDONLY);
	CALL(open, LONG_NAME, O_RDONLY);
	CALL(open, LONG_PATH, O_RDONLY);
	CALL(open, NOWHERE, O_RDONLY);
	CALL(open, KERNEL, O_RDONLY);
	symlink("new", "link");
	symlink("loop", "loop");
	symlink("missing", "dangling");
	CALL(open, "link", O_RDONLY | O_NOFOLLOW);
	CALL(open, "link", O_PATH | O_NOFOLLOW);
	CALL(open, "loop", O_RDONLY);
	CALL(open, "dangling", O_RDONLY);
	CALL(open, "dangling", O_RDONLY | O_CREAT | O_EXCL, 0600);
	CALL(open, "dangling", O_RDONLY | O_CREAT, 0600);
	CALL(creat, "dir", 0600);
	CALL(creat, "missing/", 0600);
	int path = CALL(open, "new", O_PATH | O_RDWR | O_TRUNC);
	CALL(read, path, &rw, 1);
	CALL(fcntl64, path, F_GETFL);
	int big = open("big", O_RDWR | O_CREAT | O_LARGEFILE, 0600);
	MAKE(ftruncate64, big, 0, 1);
	CALL(open, "big", O_RDONLY);
	CALL(open, "big", O_RDONLY | O_LARGEFILE);
	unlink("big");
	return 0;
}
