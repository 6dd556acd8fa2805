/* statx: masks, flags, by descriptor; the fields that the mask says are there. */
#include "call.h"
#include <linux/stat.h>

static struct statx s;

static void show(void)
{
	SAY("basic %x mode %o nlink %u size %llu rdev %x:%x", s.stx_mask & STATX_BASIC_STATS, s.stx_mode, s.stx_nlink,
	    (unsigned long long)s.stx_size, s.stx_rdev_major, s.stx_rdev_minor);
	SAY("mtime %lld.%09u attributes %llx of %llx", (long long)s.stx_mtime.tv_sec, s.stx_mtime.tv_nsec,
	    (unsigned long long)s.stx_attributes, (unsigned long long)s.stx_attributes_mask);
	memset(&s, 0, sizeof s);
}

int main(void)
{
	struct timespec set[2] = {{1000000000, 1}, {1200000000, 987654321}};
	int fd = file_of("file", "seventeen letters");
	symlink("file", "link");
	futimens(fd, set);
	int d = open(".", O_RDONLY);
	if (!CALL(statx, AT_FDCWD, "link", 0, STATX_BASIC_STATS, &s)) show();
	if (!CALL(statx, d, "link", AT_STATX_FORCE_SYNC, STATX_ALL | STATX_MNT_ID | STATX_DIOALIGN, &s)) show();
	CALL(statx, d, "link", AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_MODE | STATX_TYPE, &s);
	SAY("mode %o", s.stx_mode);
	if (!CALL(statx, fd, "", AT_EMPTY_PATH, STATX_SIZE | STATX_MTIME, &s)) show();
	if (!CALL(statx, AT_FDCWD, "/dev/null", 0, STATX_TYPE, &s)) SAY("rdev %x:%x", s.stx_rdev_major, s.stx_rdev_minor);
	CALL(statx, AT_FDCWD, "file", 0, 0, &s);
	CALL(statx, fd, "", 0, STATX_SIZE, &s);
	CALL(statx, AT_FDCWD, "file", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_SIZE, &s);
	CALL(statx, AT_FDCWD, "file", 0, 0x80000000, &s);
	CALL(statx, AT_FDCWD, "file", 1, STATX_SIZE, &s);
	CALL(statx, AT_FDCWD, "missing", 1, STATX_SIZE, &s);
	CALL(statx, AT_FDCWD, "missing", 0, STATX_SIZE, &s);
	CALL(statx, 77, "file", 0, STATX_SIZE, &s);
	CALL(statx, fd, "file", 0, STATX_SIZE, &s);
	CALL(statx, AT_FDCWD, NOWHERE, 0, STATX_SIZE, &s);
	CALL(statx, AT_FDCWD, "file", 0, STATX_SIZE, NOWHERE);
	return 0;
}
