/*
 * mkdir, mkdirat, rmdir, unlinkat with AT_REMOVEDIR.
 * build: glibc-static glibc musl-static
 */
#include "call.h"

static void mode_of(const char *path)
{
	struct stat s;
	SAY("%s: %o", path, stat(path, &s) ? 0 : s.st_mode);
}

int main(void)
{
	umask(022);
	int fd = file_of("file", "");
	CALL(mkdir, "a", 0777);
	CALL(mkdir, "b/", 01777);
	CALL(mkdir, "c", 07777);
	CALL(mkdir, "a/b", 0700);
	mode_of("a"), mode_of("b"), mode_of("c"), mode_of("a/b");
	symlink("nothing", "dangling");
	symlink("a", "link");
	CALL(mkdir, "a", 0777);
	CALL(mkdir, "file", 0777);
	CALL(mkdir, "dangling", 0777);
	CALL(mkdir, "link/x", 0777);
	CALL(mkdir, "file/x", 0777);
	CALL(mkdir, "missing/x", 0777);
	CALL(mkdir, ".", 0777);
	CALL(mkdir, "a/..", 0777);
	CALL(mkdir, "/", 0777);
	CALL(mkdir, "", 0777);
	CALL(mkdir, NOWHERE, 0777);
	CALL(mkdir, LONG_NAME, 0777);
	int a = open("a", O_RDONLY);
	CALL(mkdirat, a, "at", 0755);
	CALL(mkdirat, a, "../at", 0755);
	CALL(mkdirat, fd, "at", 0755);
	CALL(mkdirat, 77, "at", 0755);
	CALL(mkdirat, a, "", 0755);

	CALL(rmdir, "a");
	CALL(rmdir, "file");
	CALL(rmdir, "link");
	CALL(rmdir, "link/");
	CALL(rmdir, "missing");
	CALL(rmdir, "b/");
	CALL(rmdir, ".");
	CALL(rmdir, "a/.");
	CALL(rmdir, "a/..");
	CALL(rmdir, "/");
	CALL(rmdir, "");
	CALL(rmdir, NOWHERE);
	CALL(unlinkat, a, "at", AT_REMOVEDIR);
	CALL(unlinkat, a, "at", AT_REMOVEDIR);
	CALL(unlinkat, AT_FDCWD, "at", 0);
	CALL(unlinkat, AT_FDCWD, "at", 0x201);
	CALL(unlinkat, 77, "at", AT_REMOVEDIR);
	CALL(unlinkat, fd, "at", AT_REMOVEDIR);
	return 0;
}
