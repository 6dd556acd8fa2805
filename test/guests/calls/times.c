/* utime, utimes, futimesat, utimensat in both widths. */
#include "call.h"
#include <sys/time.h>
#include <utime.h>

static void times_of(const char *path)
{
	struct stat s;
	if (lstat(path, &s))
		return;
	int old = s.st_mtime < 1600000000;
	SAY("%s: %ld.%09ld %ld.%09ld", path, s.st_atime < 1600000000 ? s.st_atime : -1,
	    s.st_atime < 1600000000 ? s.st_atim.tv_nsec : 0, old ? s.st_mtime : -1, old ? s.st_mtim.tv_nsec : 0);
}

int main(void)
{
	struct utimbuf seconds = {1000000000, 1000000001};
	struct timeval micro[2] = {{1000000002, 999999}, {1000000003, 1}}, bad[2] = {{1, 0}, {1, 1000000}};
	struct timespec nano[2] = {{1000000004, 999999999}, {1000000005, 7}}, odd[2] = {{1, 0}, {1, 1000000000}};
	struct timespec omit[2] = {{5, UTIME_OMIT}, {1000000006, 8}}, now[2] = {{5, UTIME_OMIT}, {5, UTIME_NOW}};
	struct { int64_t s; int32_t n, junk; } wide[2] = {{1000000007, 9, 0}, {1000000008, 10, -1}}, far[2] = {{4000000000LL, 0, 0}, {1000000009, 0, 0}};
	int fd = file_of("file", "x"), path = open("file", O_PATH), reading = open("file", O_RDONLY);
	symlink("file", "link");
	symlink("missing", "dangling");
	int d = open(".", O_RDONLY);
	CALL(utime, "file", &seconds), times_of("file");
	CALL(utime, "missing", &seconds);
	CALL(utime, "file", NOWHERE);
	CALL(utime, NOWHERE, &seconds);
	CALL(utimes, "link", micro), times_of("file");
	CALL(utimes, "file", bad);
	CALL(utimes, "file", NOWHERE);
	CALL(utimes, "dangling", micro);
	CALL(futimesat, d, "link", micro), times_of("file");
	CALL(futimesat, fd, NULL, micro), times_of("file");
	CALL(futimesat, 77, "link", micro);
	CALL(futimesat, d, "link", bad);
	CALL(utimensat, AT_FDCWD, "link", nano, 0), times_of("file");
	CALL(utimensat, AT_FDCWD, "link", micro, AT_SYMLINK_NOFOLLOW), times_of("link");
	CALL(utimensat, fd, NULL, omit, 0), times_of("file");
	CALL(utimensat, reading, NULL, nano, 0), times_of("file");
	CALL(utimensat, fd, NULL, nano, AT_SYMLINK_NOFOLLOW);
	CALL(utimensat, path, NULL, nano, 0);
	CALL(utimensat, path, "", nano, AT_EMPTY_PATH), times_of("file");
	CALL(utimensat, AT_FDCWD, NULL, nano, 0);
	CALL(utimensat, 77, NULL, nano, 0);
	CALL(utimensat, 77, "file", nano, 0);
	CALL(utimensat, AT_FDCWD, "file", odd, 0);
	CALL(utimensat, AT_FDCWD, "file", NOWHERE, 0);
	CALL(utimensat, AT_FDCWD, "file", nano, 1);
	CALL(utimensat, AT_FDCWD, "missing", nano, 0);
	CALL(utimensat, AT_FDCWD, "", nano, 0);
	CALL(utimensat, AT_FDCWD, "file/x", nano, 0);
	CALL(utimensat_time64, AT_FDCWD, "file", wide, 0), times_of("file");
	CALL(utimensat_time64, fd, NULL, wide, 0), times_of("file");
	CALL(utimensat_time64, AT_FDCWD, "missing", wide, 0);
	CALL(utimensat_time64, AT_FDCWD, "file", far, 0);
	CALL(utimensat, AT_FDCWD, "file", now, 0), times_of("file");
	CALL(utimensat, AT_FDCWD, "file", NULL, 0), times_of("file");
	CALL(utime, "file", NULL);
	CALL(utimes, "file", NULL), times_of("file");
	return 0;
}
