/*
 * chmod, fchmod, fchmodat, fchmodat2.
 * kernel: 6.6
 */
#include "call.h"

static void mode_of(const char *path)
{
	struct stat s;
	SAY("%s: %o", path, lstat(path, &s) ? 0 : s.st_mode);
}

int main(void)
{
	int fd = file_of("file", "x"), path = open("file", O_PATH), reading = open("file", O_RDONLY);
	mkdir("dir", 0755);
	symlink("file", "link");
	symlink("missing", "dangling");
	int d = open("dir", O_RDONLY);
	CALL(chmod, "file", 04711), mode_of("file");
	CALL(chmod, "link", 0177640), mode_of("file");
	CALL(chmod, "dir", 01700), mode_of("dir");
	CALL(chmod, "dangling", 0644);
	CALL(chmod, "missing", 0644);
	CALL(chmod, "file/", 0644);
	CALL(chmod, "file/x", 0644);
	CALL(chmod, "", 0644);
	CALL(chmod, NOWHERE, 0644);
	CALL(chmod, LONG_PATH, 0644);
	CALL(fchmod, fd, 0600), mode_of("file");
	CALL(fchmod, reading, 0604), mode_of("file");
	CALL(fchmod, path, 0644);
	CALL(fchmod, 77, 0644);
	CALL(fchmodat, d, "../file", 0640), mode_of("file");
	CALL(fchmodat, fd, "file", 0640);
	CALL(fchmodat, 77, "file", 0640);
	CALL(fchmodat, d, "", 0640);
	CALL(fchmodat2, AT_FDCWD, "link", 0604, 0), mode_of("file");
	CALL(fchmodat2, AT_FDCWD, "link", 0644, AT_SYMLINK_NOFOLLOW), mode_of("link");
	CALL(fchmodat2, AT_FDCWD, "file", 0644, AT_SYMLINK_NOFOLLOW), mode_of("file");
	CALL(fchmodat2, path, "", 0666, AT_EMPTY_PATH), mode_of("file");
	CALL(fchmodat2, path, "", 0666, 0);
	CALL(fchmodat2, AT_FDCWD, "file", 0644, 1);
	CALL(fchmodat2, AT_FDCWD, "missing", 0644, 1);
	return 0;
}
