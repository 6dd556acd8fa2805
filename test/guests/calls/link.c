/* link, linkat, symlink, symlinkat. */
#include "call.h"

int main(void)
{
	int fd = file_of("file", "x"), closed = open("file", O_PATH);
	mkdir("dir", 0755);
	int d = open("dir", O_RDONLY);
	CALL(symlink, "file", "way");
	CALL(symlink, "nowhere/at all", "dangling");
	CALL(symlink, "file", "way");
	CALL(symlink, "file", "dangling");
	CALL(symlink, "file", "slash/");
	CALL(symlink, "", "empty");
	CALL(symlink, "file", "");
	CALL(symlink, LONG_NAME, "long");
	CALL(symlink, LONG_PATH, "longer");
	CALL(symlink, "file", "missing/x");
	CALL(symlink, "file", "file/x");
	CALL(symlink, NOWHERE, "x");
	CALL(symlink, "file", NOWHERE);
	CALL(symlinkat, "../file", d, "up");
	CALL(symlinkat, "../file", 77, "up");
	CALL(symlinkat, "../file", fd, "up");
	CALL(link, "file", "second");
	CALL(link, "file", "second");
	CALL(link, "way", "link of a link");
	CALL(link, "dangling", "second dangling");
	CALL(link, "dir", "directory");
	CALL(link, "missing", "x");
	CALL(link, "file/", "x");
	CALL(link, "file", "x/");
	CALL(link, "file", "missing/x");
	CALL(link, "", "x");
	CALL(link, NOWHERE, "x");
	CALL(link, "/proc/version", "x");
	CALL(linkat, AT_FDCWD, "file", d, "third", 0);
	CALL(linkat, d, "up", d, "a link", 0);
	CALL(linkat, d, "up", d, "a file", AT_SYMLINK_FOLLOW);
	CALL(linkat, AT_FDCWD, "dangling", d, "x", AT_SYMLINK_FOLLOW);
	CALL(linkat, 77, "file", d, "x", 0);
	CALL(linkat, d, "up", 77, "x", 0);
	CALL(linkat, fd, "", d, "x", 0);
	CALL(linkat, AT_FDCWD, "file", d, "x", 1);
	CALL(linkat, AT_FDCWD, "/proc/self/fd/3", d, "by number", AT_SYMLINK_FOLLOW);
	CALL(linkat, closed, "", d, "by descriptor", AT_EMPTY_PATH);
	CALL(linkat, d, "", d, "x", AT_EMPTY_PATH);
	int unnamed = open(".", O_RDWR | O_TMPFILE, 0600);
	CALL(write, unnamed, "named late", 10);
	CALL(linkat, AT_FDCWD, "/proc/self/fd/6", AT_FDCWD, "late", AT_SYMLINK_FOLLOW);
	return 0;
}
