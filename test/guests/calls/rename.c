/* rename, renameat, renameat2 with its flags. */
#include "call.h"

int main(void)
{
	int fd = file_of("a", "a");
	close(file_of("b", "b"));
	close(file_of("c", "c"));
	mkdir("dir", 0755);
	mkdir("dir/sub", 0755);
	mkdir("empty", 0755);
	symlink("a", "link");
	int d = open("dir", O_RDONLY);
	CALL(rename, "a", "first");
	CALL(rename, "b", "c");
	CALL(rename, "first", "dir");
	CALL(rename, "dir", "first");
	CALL(rename, "empty", "dir");
	CALL(rename, "dir", "dir/sub/x");
	CALL(rename, "dir/sub", "dir");
	CALL(rename, "dir/sub", "empty");
	CALL(rename, "missing", "x");
	CALL(rename, "c", "missing/x");
	CALL(rename, "c", "first/x");
	CALL(rename, "c/", "x");
	CALL(rename, "c", "x/");
	CALL(rename, "empty/", "renamed/");
	CALL(rename, "link", "moved");
	CALL(rename, "moved/", "x");
	CALL(rename, "c", ".");
	CALL(rename, ".", "x");
	CALL(rename, "dir/..", "x");
	CALL(rename, "/", "x");
	CALL(rename, "", "x");
	CALL(rename, "c", "");
	CALL(rename, NOWHERE, "x");
	CALL(rename, "c", NOWHERE);
	CALL(rename, "c", LONG_NAME);
	CALL(rename, "c", "c");
	CALL(renameat, AT_FDCWD, "c", d, "c");
	CALL(renameat, d, "c", AT_FDCWD, "c");
	CALL(renameat, 77, "c", d, "c");
	CALL(renameat, AT_FDCWD, "c", fd, "c");
	CALL(renameat2, AT_FDCWD, "c", AT_FDCWD, "first", RENAME_NOREPLACE);
	CALL(renameat2, AT_FDCWD, "c", d, "fresh", RENAME_NOREPLACE);
	CALL(renameat2, d, "fresh", AT_FDCWD, "first", RENAME_EXCHANGE);
	CALL(renameat2, d, "fresh", AT_FDCWD, "missing", RENAME_EXCHANGE);
	CALL(renameat2, AT_FDCWD, "renamed", AT_FDCWD, "moved", RENAME_EXCHANGE);
	CALL(renameat2, AT_FDCWD, "dir", AT_FDCWD, "dir/fresh", RENAME_EXCHANGE);
	CALL(renameat2, AT_FDCWD, "first", AT_FDCWD, "x", RENAME_EXCHANGE | RENAME_NOREPLACE);
	CALL(renameat2, AT_FDCWD, "first", AT_FDCWD, "x", RENAME_EXCHANGE | RENAME_WHITEOUT);
	CALL(renameat2, AT_FDCWD, "first", AT_FDCWD, "x", 8);
	return 0;
}
