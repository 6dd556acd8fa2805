/* Extended attributes by path, link and descriptor. */
#include "call.h"
#include <sys/xattr.h>

static char buffer[65537];
static void value(long n)
{
	if (n > 0)
		SAY("\"%.*s\"", (int)n, buffer);
}
static void names(long n)
{
	int mine = 0;
	for (long i = 0; i < n; i += strlen(buffer + i) + 1)
		mine += !strncmp(buffer + i, "user.", 5);
	if (n >= 0)
		SAY("%d of user.", mine);
}

int main(void)
{
	int fd = file_of("file", "x"), path = open("file", O_PATH), reading = open("file", O_RDONLY);
	symlink("file", "link");
	CALL(setxattr, "file", "user.one", "1", 1, 0);
	CALL(setxattr, "file", "user.one", "first", 5, XATTR_CREATE);
	CALL(setxattr, "file", "user.none", "first", 5, XATTR_REPLACE);
	CALL(setxattr, "link", "user.one", "first", 5, XATTR_REPLACE);
	CALL(setxattr, "file", "user.two", "", 0, 0);
	CALL(setxattr, "file", "user.three", NULL, 0, XATTR_CREATE);
	CALL(setxattr, "file", "user.x", "1", 1, 4);
	CALL(setxattr, "file", "user.x", buffer, 65537, 0);
	CALL(setxattr, "file", "user.x", NOWHERE, 3, 0);
	CALL(setxattr, "file", "user.", "1", 1, 0);
	CALL(setxattr, "file", "nothing.x", "1", 1, 0);
	CALL(setxattr, "file", "", "1", 1, 0);
	CALL(setxattr, "file", LONG_NAME, "1", 1, 0);
	CALL(setxattr, "file", NOWHERE, "1", 1, 0);
	CALL(setxattr, "missing", "user.x", "1", 1, 0);
	CALL(lsetxattr, "link", "user.x", "1", 1, 0);
	CALL(lsetxattr, "file", "user.four", "iv", 2, 0);
	CALL(fsetxattr, fd, "user.five", "v", 1, 0);
	CALL(fsetxattr, reading, "user.six", "vi", 2, XATTR_CREATE);
	CALL(fsetxattr, path, "user.x", "1", 1, 0);
	CALL(fsetxattr, 77, "user.x", "1", 1, 0);
	CALL(fsetxattr, fd, "user.x", "1", 1, 8);

	value(CALL(getxattr, "file", "user.one", buffer, sizeof buffer));
	value(CALL(getxattr, "link", "user.one", buffer, 0));
	CALL(getxattr, "file", "user.one", buffer, 2);
	CALL(getxattr, "file", "user.two", buffer, 2);
	CALL(getxattr, "file", "user.none", buffer, 2);
	CALL(getxattr, "file", "nothing.x", buffer, 2);
	CALL(getxattr, "file", "user.one", NOWHERE, 20);
	CALL(getxattr, "file", NOWHERE, buffer, 20);
	CALL(getxattr, "file", "", buffer, 20);
	CALL(getxattr, "missing", "user.one", buffer, 20);
	CALL(lgetxattr, "link", "user.one", buffer, 20);
	value(CALL(lgetxattr, "file", "user.four", buffer, 20));
	value(CALL(fgetxattr, fd, "user.five", buffer, 20));
	CALL(fgetxattr, fd, "user.five", NULL, 0);
	CALL(fgetxattr, path, "user.five", buffer, 20);
	CALL(fgetxattr, 77, "user.five", buffer, 20);
	CALL(fgetxattr, fd, LONG_NAME, buffer, 20);
	CALL(fgetxattr, fd, NOWHERE, buffer, 20);

	names(CALL_OK(listxattr, "file", buffer, sizeof buffer));
	CALL(listxattr, "file", buffer, 3);
	CALL(listxattr, "missing", buffer, 3);
	CALL(listxattr, "file", NOWHERE, 4096);
	CALL_OK(llistxattr, "link", buffer, sizeof buffer);
	names(CALL_OK(llistxattr, "file", buffer, sizeof buffer));
	names(CALL_OK(flistxattr, fd, buffer, sizeof buffer));
	CALL(flistxattr, path, buffer, sizeof buffer);
	CALL(flistxattr, 77, buffer, sizeof buffer);

	CALL(removexattr, "link", "user.one");
	CALL(removexattr, "link", "user.one");
	CALL(removexattr, "link", "nothing.x");
	CALL(removexattr, "file", "");
	CALL(removexattr, "missing", "user.one");
	CALL(lremovexattr, "link", "user.two");
	CALL(lremovexattr, "file", "user.two");
	CALL(fremovexattr, fd, "user.three");
	CALL(fremovexattr, fd, "user.three");
	CALL(fremovexattr, path, "user.four");
	CALL(fremovexattr, 77, "user.four");
	names(CALL_OK(listxattr, "file", buffer, sizeof buffer));
	return 0;
}
