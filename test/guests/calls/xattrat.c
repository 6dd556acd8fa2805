/*
 * Extended attributes with a directory, flags and a structure for the value.
 * kernel: 6.13
 */
#include "call.h"
#include <sys/xattr.h>

struct args {
	uint64_t value;
	uint32_t size, flags;
};
static char buffer[65537];
#define VALUE(at, length, how) (&(struct args){(uintptr_t)(at), length, how})

int main(void)
{
	struct {
		struct args args;
		uint64_t more;
	} wide = {{(uintptr_t)"wide", 4, 0}, 0};
	int fd = file_of("file", "x"), path = open("file", O_PATH), d = open(".", O_RDONLY);
	symlink("file", "link");
	CALL(setxattrat, d, "file", 0, "user.one", VALUE("first", 5, 0), 16);
	CALL(setxattrat, AT_FDCWD, "link", 0, "user.two", VALUE("second", 6, XATTR_CREATE), 16);
	CALL(setxattrat, AT_FDCWD, "link", 0, "user.two", VALUE("second", 6, XATTR_CREATE), 16);
	CALL(setxattrat, AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW, "user.two", VALUE("2", 1, 0), 16);
	CALL(setxattrat, fd, "", AT_EMPTY_PATH, "user.three", VALUE("third", 5, 0), 16);
	CALL(setxattrat, fd, NULL, AT_EMPTY_PATH, "user.four", VALUE("", 0, 0), 16);
	CALL(setxattrat, path, "", AT_EMPTY_PATH, "user.five", VALUE("5", 1, 0), 16);
	CALL(setxattrat, d, "file", 0, "user.wide", &wide, 24);
	wide.more = 1;
	CALL(setxattrat, d, "file", 0, "user.wide", &wide, 24);
	CALL(setxattrat, d, "file", 0, "user.wide", &wide, 15);
	CALL(setxattrat, d, "file", 0, "user.wide", &wide, 5000);
	CALL(setxattrat, d, "file", 0, "user.wide", NOWHERE, 16);
	CALL(setxattrat, d, "file", 0, "user.x", VALUE("1", 1, 4), 16);
	CALL(setxattrat, d, "file", 0, "user.x", VALUE(buffer, 65537, 0), 16);
	CALL(setxattrat, d, "file", 0, "user.x", VALUE(NOWHERE, 5, 0), 16);
	CALL(setxattrat, d, "file", 0, "user.x", (&(struct args){1ULL << 32, 5, 0}), 16);
	CALL(setxattrat, d, "file", 1, "user.x", VALUE("1", 1, 0), 16);
	CALL(setxattrat, 77, "file", 0, "user.x", VALUE("1", 1, 0), 16);
	CALL(setxattrat, d, "missing", 0, "user.x", VALUE("1", 1, 0), 16);
	CALL(setxattrat, d, "file", 0, "", VALUE("1", 1, 0), 16);
	memset(buffer, 0, sizeof buffer);
	CALL(getxattrat, d, "file", 0, "user.one", VALUE(buffer, 100, 0), 16);
	SAY("\"%s\"", buffer);
	CALL(getxattrat, fd, "", AT_EMPTY_PATH, "user.three", VALUE(buffer, 100, 0), 16);
	SAY("\"%s\"", buffer);
	CALL(getxattrat, path, "", AT_EMPTY_PATH, "user.two", VALUE(NULL, 0, 0), 16);
	CALL(getxattrat, d, "link", AT_SYMLINK_NOFOLLOW, "user.one", VALUE(buffer, 100, 0), 16);
	CALL(getxattrat, d, "file", 0, "user.one", VALUE(buffer, 2, 0), 16);
	CALL(getxattrat, d, "file", 0, "user.one", VALUE(buffer, 100, 1), 16);
	CALL(getxattrat, d, "file", 0, "user.one", VALUE(NOWHERE, 100, 0), 16);
	CALL(getxattrat, d, "file", 0, "user.none", VALUE(buffer, 100, 0), 16);
	CALL(getxattrat, d, "file", 0x800, "user.one", VALUE(buffer, 100, 0), 16);
	CALL_OK(listxattrat, d, "file", 0, buffer, sizeof buffer);
	CALL_OK(listxattrat, fd, "", AT_EMPTY_PATH, buffer, sizeof buffer);
	CALL_OK(listxattrat, d, "link", AT_SYMLINK_NOFOLLOW, buffer, sizeof buffer);
	CALL(listxattrat, d, "file", 0, buffer, 3);
	CALL(listxattrat, d, "file", 1, buffer, 3);
	CALL(listxattrat, 77, "file", 0, buffer, 3);
	CALL(removexattrat, d, "link", 0, "user.one");
	CALL(removexattrat, d, "link", 0, "user.one");
	CALL(removexattrat, d, "link", AT_SYMLINK_NOFOLLOW, "user.two");
	CALL(removexattrat, fd, "", AT_EMPTY_PATH, "user.two");
	CALL(removexattrat, d, "file", 1, "user.three");
	return 0;
}
