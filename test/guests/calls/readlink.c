/* readlink, readlinkat: cut to the buffer, by descriptor, of what is no link. */
#include "call.h"

static char buffer[4096];
#define READ(...) ({ long n = CALL(__VA_ARGS__); if (n > 0) SAY("\"%.*s\"", (int)n, buffer); })

int main(void)
{
	int file = file_of("file", "x");
	mkdir("dir", 0755);
	symlink("../some/where", "dir/link");
	symlink("dir", "way");
	int d = open("dir", O_RDONLY), link = open("dir/link", O_PATH | O_NOFOLLOW), path = open("file", O_PATH);
	READ(readlink, "dir/link", buffer, sizeof buffer);
	READ(readlink, "way/link", buffer, 7);
	READ(readlink, "way", buffer, sizeof buffer);
	READ(readlink, "way/", buffer, sizeof buffer);
	READ(readlink, "dir/link/", buffer, sizeof buffer);
	READ(readlink, "file", buffer, sizeof buffer);
	READ(readlink, "dir", buffer, sizeof buffer);
	READ(readlink, "missing", buffer, sizeof buffer);
	READ(readlink, "", buffer, sizeof buffer);
	READ(readlink, "way", buffer, 0);
	READ(readlink, "way", buffer, -1);
	READ(readlink, "way", NOWHERE, 10);
	READ(readlink, NOWHERE, buffer, 10);
	READ(readlink, LONG_PATH, buffer, 10);
	READ(readlinkat, d, "link", buffer, sizeof buffer);
	READ(readlinkat, link, "", buffer, sizeof buffer);
	READ(readlinkat, path, "", buffer, sizeof buffer);
	READ(readlinkat, file, "", buffer, sizeof buffer);
	READ(readlinkat, file, "x", buffer, sizeof buffer);
	READ(readlinkat, AT_FDCWD, "", buffer, sizeof buffer);
	READ(readlinkat, 77, "link", buffer, sizeof buffer);
	READ(readlinkat, 77, "", buffer, sizeof buffer);
	READ(readlink, "/proc/self/fd/0/x", buffer, sizeof buffer);
	READ(readlink, "/proc/self/fd/77", buffer, sizeof buffer);
	MAKE(dup2, open("/dev/null", O_RDWR), 9);
	READ(readlink, "/proc/self/fd/9", buffer, sizeof buffer);
	return 0;
}
