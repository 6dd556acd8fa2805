/*
 * mknod and mknodat. A device would be a door around every path.
 * differs: mknod("null", S_IFCHR | 0600, 0x103) = -1 EPERM -- devices are not made
 * differs: mknod("disk", S_IFBLK | 0600, 0x800) = -1 EPERM -- devices are not made
 */
#include "call.h"

static void mode_of(const char *path)
{
	struct stat s;
	SAY("%s: %o", path, lstat(path, &s) ? 0 : s.st_mode);
}

int main(void)
{
	umask(022);
	mkdir("dir", 0755);
	symlink("nothing", "dangling");
	int d = open("dir", O_RDONLY);
	CALL(mknod, "plain", 0666, 0);
	CALL(mknod, "regular", S_IFREG | 0640, 5);
	CALL(mknod, "fifo", S_IFIFO | 0666, 0);
	CALL(mknod, "socket", S_IFSOCK | 0777, 0);
	mode_of("plain"), mode_of("regular"), mode_of("fifo"), mode_of("socket");
	CALL(mknod, "null", S_IFCHR | 0600, 0x103);
	CALL(mknod, "disk", S_IFBLK | 0600, 0x800);
	unlink("null"), unlink("disk");
	CALL(mknod, "directory", S_IFDIR | 0700, 0);
	CALL(mknod, "link", S_IFLNK | 0700, 0);
	CALL(mknod, "plain", S_IFREG | 0600, 0);
	CALL(mknod, "dangling", S_IFREG | 0600, 0);
	CALL(mknod, "slash/", S_IFREG | 0600, 0);
	CALL(mknod, "missing/x", S_IFREG | 0600, 0);
	CALL(mknod, "plain/x", S_IFREG | 0600, 0);
	CALL(mknod, NOWHERE, S_IFREG | 0600, 0);
	CALL(mknodat, d, "in", S_IFREG | 0604, 0);
	CALL(mknodat, d, "queue", S_IFIFO | 0604, 0);
	CALL(mknodat, 77, "x", S_IFREG | 0600, 0);
	CALL(mknodat, d, "", S_IFREG | 0600, 0);
	unlink("fifo"), unlink("dir/queue");
	return 0;
}
