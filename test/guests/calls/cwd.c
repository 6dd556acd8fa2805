/* chdir, fchdir, getcwd: also of a directory that was removed. */
#include "call.h"

static void here(const char *top)
{
	char buffer[4096];
	long n = MAKE(getcwd, buffer, sizeof buffer);
	size_t skip = strlen(top);
	if (n > 0)
		SAY("getcwd() says %s, length %s", strncmp(buffer, top, skip) ? buffer : buffer + skip,
		    n == (long)strlen(buffer) + 1 ? "as it is" : "wrong");
	else
		SAY("getcwd() fails with %s", errno_name(errno));
}

int main(void)
{
	char top[4096], small[4];
	getcwd(top, sizeof top);
	mkdir("a", 0755);
	mkdir("a/b", 0755);
	symlink("a/b", "link");
	int file = file_of("file", "x");
	int top_fd = open(".", O_RDONLY | O_DIRECTORY);
	int a = open("a", O_PATH | O_DIRECTORY);
	CALL(chdir, "a");
	here(top);
	CALL(chdir, "../link");
	here(top);
	CALL(chdir, "..");
	here(top);
	CALL(chdir, "missing");
	CALL(chdir, "../file");
	CALL(chdir, "");
	CALL(chdir, NOWHERE);
	CALL(chdir, LONG_NAME);
	CALL(fchdir, top_fd);
	here(top);
	CALL(fchdir, a);
	here(top);
	CALL(fchdir, file);
	CALL(fchdir, 77);
	CALL(fchdir, -1);
	CALL(getcwd, small, sizeof small);
	CALL(getcwd, NOWHERE, 4096);
	CALL(getcwd, small, 0);
	mkdir("gone", 0755);
	CALL(chdir, "gone");
	rmdir("../gone");
	here(top);
	CALL(open, "new", O_RDWR | O_CREAT, 0600);
	CALL(chdir, ".");
	CALL(chdir, "..");
	here(top);
	CALL(chdir, "/proc/self/cwd/..");
	here(top);
	CALL(chdir, "/");
	here(top);
	CALL(chdir, "..");
	here(top);
	return 0;
}
