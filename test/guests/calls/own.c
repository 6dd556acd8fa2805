/*
 * Calls that only the sandbox has: promises shrink, unknown ones are none, names are left as unveil says. Bare they are ENOSYS.
 *
 *   bare: no
 *   build: glibc glibc-static musl-static
 */
#include "call.h"
#include <fcntl.h>

int main(void)
{
	int fd = open("file", O_CREAT | O_RDWR, 0600);
	CALL(pledge, 8, 0);
	CALL(pledge, "stdio everything", 0);
	CALL(pledge, "stdio", "execute");
	CALL(pledge, 0, 0);
	CALL(unveil, 0, "r");
	CALL(unveil, ".", 0);
	CALL(unveil, "none/file", "r");
	CALL(unveil, "file", "rq");
	CALL(unveil, "file", "rrrrrrrrrrrrrrrrr");
	CALL(unveil, "later", "rc");
	CALL(unveil, "file", "r");
	CALL(unveil, "file", "rw");
	CALL(openat, AT_FDCWD, "file", O_WRONLY, 0);
	CALL(openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
	CALL(unveil, "file", "");
	CALL(openat, AT_FDCWD, "file", O_RDONLY, 0);
	CALL(pledge, "stdio rpath wpath unveil error", 0);
	CALL(unveil, 0, 0);
	CALL(unveil, ".", "r");
	CALL(pledge, "stdio rpath unveil error", 0);
	CALL(mkdir, "made", 0700);
	CALL(pledge, "stdio cpath error", "stdio proc");
	CALL(mkdir, "made", 0700);
	CALL(unveil, ".", "r");
	close(fd);
	return 0;
}
