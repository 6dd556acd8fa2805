/* The stat family by path and by descriptor, each with its structure. */
#include "call.h"
#include <sys/sysmacros.h>

static unsigned char buffer[256];

/* Offsets of mode, nlink, uid, gid, rdev, size, atime, mtime with their widths. */
static const struct layout {
	int mode[2], nlink[2], uid[2], gid[2], rdev[2], size[2], atime[2], mtime[2];
} OLD = {{4, 2}, {6, 2}, {8, 2}, {10, 2}, {12, 2}, {16, 4}, {20, 4}, {24, 4}},
  PLAIN = {{8, 2}, {10, 2}, {12, 2}, {14, 2}, {16, 4}, {20, 4}, {32, 4}, {40, 4}},
  WIDE = {{16, 4}, {20, 4}, {24, 4}, {28, 4}, {32, 8}, {44, 8}, {64, 4}, {72, 4}};

#define FIELD(name) field(buffer, l->name[0], l->name[1])
static void show(const struct layout *l, int times)
{
	SAY("mode %llo nlink %llu uid %llu gid %llu rdev %llx size %llu", FIELD(mode), FIELD(nlink), FIELD(uid), FIELD(gid),
	    FIELD(rdev), FIELD(size));
	if (times)
		SAY("atime %llu mtime %llu", FIELD(atime), FIELD(mtime));
	memset(buffer, 0, sizeof buffer);
}

int main(void)
{
	struct timespec set[2] = {{1000000000, 123456789}, {1200000000, 987654321}};
	int fd = file_of("file", "seventeen letters");
	fd = MAKE(open, "file", O_RDWR | O_LARGEFILE);
	chmod("file", 04751);
	link("file", "other");
	symlink("file", "link");
	utimensat(AT_FDCWD, "file", set, 0);
	int d = open(".", O_RDONLY), path = open("link", O_PATH | O_NOFOLLOW), null = open("/dev/null", O_RDWR);

	if (!CALL(oldstat, "/dev/null", buffer)) show(&OLD, 0);
	if (!CALL(oldlstat, "/dev/null", buffer)) show(&OLD, 0);
	if (!CALL(oldfstat, null, buffer)) show(&OLD, 0);
	if (!CALL(stat, "link", buffer)) show(&PLAIN, 1);
	if (!CALL(lstat, "link", buffer)) show(&PLAIN, 0);
	if (!CALL(fstat, fd, buffer)) show(&PLAIN, 1);
	if (!CALL(stat64, "link", buffer)) show(&WIDE, 1);
	if (!CALL(lstat64, "link", buffer)) show(&WIDE, 0);
	if (!CALL(fstat64, fd, buffer)) show(&WIDE, 1);
	if (!CALL(fstat64, path, buffer)) show(&WIDE, 0);
	if (!CALL(fstat64, null, buffer)) show(&WIDE, 0);
	if (!CALL(fstatat64, d, "link", buffer, 0)) show(&WIDE, 1);
	if (!CALL(fstatat64, d, "link", buffer, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)) show(&WIDE, 0);
	if (!CALL(fstatat64, fd, "", buffer, AT_EMPTY_PATH)) show(&WIDE, 1);
	if (!CALL(fstatat64, path, "", buffer, AT_EMPTY_PATH)) show(&WIDE, 0);
	CALL(fstatat64, fd, "", buffer, 0);
	CALL(fstatat64, fd, "file", buffer, 0);
	CALL(fstatat64, AT_FDCWD, "file", buffer, 1);
	CALL(fstatat64, AT_FDCWD, "file", buffer, AT_SYMLINK_FOLLOW);
	CALL(fstatat64, 77, "", buffer, AT_EMPTY_PATH);
	CALL(fstatat64, 77, "file", buffer, 0);
	CALL(fstatat64, AT_FDCWD, NULL, buffer, 0);
	CALL(stat64, "missing", buffer);
	CALL(stat64, "file/x", buffer);
	CALL(stat64, "file/", buffer);
	CALL(stat64, "", buffer);
	CALL(stat64, LONG_NAME, buffer);
	CALL(stat64, LONG_PATH, buffer);
	CALL(stat64, NOWHERE, buffer);
	CALL(stat64, "file", NOWHERE);
	CALL(fstat64, fd, NOWHERE);
	CALL(fstat64, 77, buffer);
	CALL(stat, "missing", KERNEL);
	MAKE(ftruncate64, fd, 0, 2);
	CALL(stat, "file", buffer);
	CALL(fstat, fd, buffer);
	CALL(oldstat, "file", buffer);
	CALL(oldfstat, fd, buffer);
	if (!CALL(stat64, "file", buffer)) show(&WIDE, 0);
	ftruncate(fd, 0);
	set[0].tv_sec = -1, set[1].tv_sec = -100;
	futimens(fd, set);
	if (!CALL(stat64, "file", buffer)) SAY("atime %d", (int)field(buffer, 64, 4));
	ftruncate(fd, 5);
	return 0;
}
