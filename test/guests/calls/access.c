/* access, faccessat, faccessat2. */
#include "call.h"

int main(void)
{
	int fd = file_of("file", "x");
	close(file_of("none", "x"));
	chmod("none", 0);
	mkdir("dir", 0755);
	symlink("file", "link");
	symlink("missing", "dangling");
	int d = open("dir", O_RDONLY), path = open("file", O_PATH);
	CALL(access, "file", F_OK);
	CALL(access, "file", R_OK);
	CALL(access, "file", W_OK);
	CALL(access, "file", X_OK);
	CALL(access, "file", R_OK | W_OK | X_OK);
	CALL(access, "dir", R_OK | W_OK | X_OK);
	CALL(access, "none", R_OK);
	CALL(access, "none", X_OK);
	CALL(access, "missing", W_OK);
	CALL(access, "dangling", F_OK);
	CALL(access, "file/x", F_OK);
	CALL(access, "file", 8);
	CALL(access, "file", -1);
	CALL(access, "", F_OK);
	CALL(access, NOWHERE, F_OK);
	CALL(access, LONG_NAME, F_OK);
	CALL(access, "/proc/self/exe", X_OK);
	CALL(access, "/proc/version", W_OK);
	CALL(faccessat, d, "../file", R_OK);
	CALL(faccessat, d, "file", R_OK);
	CALL(faccessat, fd, "file", R_OK);
	CALL(faccessat, 77, "file", R_OK);
	CALL(faccessat, AT_FDCWD, "link", W_OK);
	CALL(faccessat2, AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW);
	CALL(faccessat2, AT_FDCWD, "link", W_OK, AT_EACCESS);
	CALL(faccessat2, AT_FDCWD, "link", X_OK, AT_SYMLINK_NOFOLLOW | AT_EACCESS);
	CALL(faccessat2, fd, "", R_OK, AT_EMPTY_PATH);
	CALL(faccessat2, path, "", W_OK, AT_EMPTY_PATH);
	CALL(faccessat2, fd, "", R_OK, 0);
	CALL(faccessat2, 77, "", R_OK, AT_EMPTY_PATH);
	CALL(faccessat2, AT_FDCWD, "file", R_OK, 1);
	CALL(faccessat2, AT_FDCWD, "file", 9, 0);
	chmod("none", 0600);
	return 0;
}
