/* unlink and unlinkat. */
#include "call.h"

int main(void)
{
	int fd = file_of("file", "kept open");
	char c;
	mkdir("dir", 0755);
	close(file_of("dir/in", ""));
	symlink("dir", "way");
	symlink("file", "link");
	symlink("dir/in", "in");
	int d = open("dir", O_RDONLY);
	CALL(unlink, "dir");
	CALL(unlink, "dir/");
	CALL(unlink, "file/");
	CALL(unlink, "link/");
	CALL(unlink, "way/");
	CALL(unlink, "way/missing");
	CALL(unlink, "file/x");
	CALL(unlink, "missing");
	CALL(unlink, ".");
	CALL(unlink, "..");
	CALL(unlink, "/");
	CALL(unlink, "");
	CALL(unlink, NOWHERE);
	CALL(unlink, LONG_NAME);
	CALL(unlink, "in");
	CALL(unlink, "link");
	CALL(unlink, "file");
	CALL(read, fd, &c, 1);
	CALL(unlinkat, d, "in", 0);
	CALL(unlinkat, d, "in", 0);
	CALL(unlinkat, d, "", 0);
	CALL(unlinkat, fd, "in", 0);
	CALL(unlinkat, 77, "in", 0);
	CALL(unlinkat, AT_FDCWD, "way", 0x1000);
	return 0;
}
