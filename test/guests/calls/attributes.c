/*
 * file_getattr by name and by descriptor; file-attr.c looks at it closer.
 * kernel: 6.17
 */
#include "call.h"

int main(void)
{
	struct {
		uint64_t xflags;
		uint32_t extsize, nextents, project, cowextsize;
	} a;
	int fd = file_of("file", "x"), d = open(".", O_RDONLY);
	symlink("file", "link");
	CALL(file_getattr, AT_FDCWD, "file", &a, sizeof a, 0);
	SAY("project %u", a.project);
	CALL(file_getattr, d, "link", &a, sizeof a, AT_SYMLINK_NOFOLLOW);
	CALL(file_getattr, fd, "", &a, sizeof a, AT_EMPTY_PATH);
	CALL(file_getattr, AT_FDCWD, "missing", &a, sizeof a, 0);
	CALL(file_getattr, AT_FDCWD, "file", &a, sizeof a, 1);
	CALL(file_getattr, AT_FDCWD, "file", &a, 8, 0);
	CALL(file_getattr, AT_FDCWD, "file", NOWHERE, sizeof a, 0);
	CALL(file_getattr, 77, "file", &a, sizeof a, 0);
	return 0;
}
