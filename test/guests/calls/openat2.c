/*
 * openat2: what it refuses where openat does not, and how a path may be resolved.
 * differs: openat2(d, "file", {.flags = O_RDONLY, .resolve = RESOLVE_CACHED}) = -1 EAGAIN -- the helper cannot tell what is cached
 */
#include "call.h"
#include <linux/openat2.h>

#define TRY(dir, path, ...) ({ \
	struct open_how how = {__VA_ARGS__}; \
	call_said("openat2", #dir ", " #path ", {" #__VA_ARGS__ "}", syscall(NR_openat2, dir, path, &how, sizeof how), 1); \
})

int main(void)
{
	struct {
		struct open_how how;
		uint64_t more;
	} wide = {{O_RDONLY, 0, 0}, 0};
	mkdir("dir", 0755);
	mkdir("dir/sub", 0755);
	close(file_of("dir/file", "x"));
	symlink("file", "dir/link");
	symlink("sub", "dir/dirlink");
	symlink("..", "dir/up");
	symlink("/file", "dir/absolute");
	symlink("/etc", "dir/etc");
	int d = open("dir", O_PATH | O_DIRECTORY);
	TRY(d, "file", .flags = O_RDONLY);
	TRY(d, "file", .flags = O_RDONLY, .mode = 0600);
	TRY(d, "made", .flags = O_RDWR | O_CREAT, .mode = 0600);
	TRY(d, "made", .flags = O_RDWR | O_CREAT, .mode = 010600);
	TRY(d, "file", .flags = O_RDONLY | 0x40000000);
	TRY(d, "file", .flags = 1ULL << 40);
	TRY(d, "file", .flags = O_PATH | O_RDWR);
	TRY(d, "file", .flags = O_RDONLY, .resolve = 0x40);
	TRY(d, "file", .flags = O_RDONLY, .resolve = 1ULL << 33);
	TRY(d, "file", .flags = O_RDONLY, .resolve = RESOLVE_BENEATH | RESOLVE_IN_ROOT);
	TRY(77, "file", .flags = O_RDONLY);
	CALL(openat2, d, "file", &wide.how, 0);
	CALL(openat2, d, "file", &wide.how, sizeof wide.how - 1);
	CALL(openat2, d, "file", &wide.how, sizeof wide);
	wide.more = 1;
	CALL(openat2, d, "file", &wide.how, sizeof wide);
	CALL(openat2, d, "file", &wide.how, 5000);
	CALL(openat2, d, "file", NOWHERE, sizeof wide.how);
	CALL(openat2, d, NOWHERE, &wide.how, sizeof wide.how);

	TRY(d, "link", .flags = O_RDONLY, .resolve = RESOLVE_NO_SYMLINKS);
	TRY(d, "dirlink/..", .flags = O_RDONLY, .resolve = RESOLVE_NO_SYMLINKS);
	TRY(d, "link", .flags = O_PATH | O_NOFOLLOW, .resolve = RESOLVE_NO_SYMLINKS);
	TRY(d, "file", .flags = O_RDONLY, .resolve = RESOLVE_NO_SYMLINKS);
	TRY(d, "new", .flags = O_RDWR | O_CREAT, .mode = 0600, .resolve = RESOLVE_NO_SYMLINKS);
	TRY(d, "link", .flags = O_RDONLY, .resolve = RESOLVE_NO_MAGICLINKS);
	TRY(d, "/proc/self/fd/0", .flags = O_RDONLY, .resolve = RESOLVE_NO_MAGICLINKS);
	TRY(d, "/proc/self/exe", .flags = O_RDONLY, .resolve = RESOLVE_NO_MAGICLINKS);
	TRY(d, "/proc/self/fd/0", .flags = O_PATH | O_NOFOLLOW, .resolve = RESOLVE_NO_MAGICLINKS);
	TRY(d, "/proc/self/stat", .flags = O_RDONLY, .resolve = RESOLVE_NO_MAGICLINKS);

	TRY(d, "link", .flags = O_RDONLY, .resolve = RESOLVE_BENEATH);
	TRY(d, "sub/../file", .flags = O_RDONLY, .resolve = RESOLVE_BENEATH);
	TRY(d, "..", .flags = O_RDONLY, .resolve = RESOLVE_BENEATH);
	TRY(d, "sub/../../dir/file", .flags = O_RDONLY, .resolve = RESOLVE_BENEATH);
	TRY(d, "up", .flags = O_RDONLY, .resolve = RESOLVE_BENEATH);
	TRY(d, "absolute", .flags = O_RDONLY, .resolve = RESOLVE_BENEATH);
	TRY(d, "/dev/null", .flags = O_RDONLY, .resolve = RESOLVE_BENEATH);
	TRY(d, "new/", .flags = O_RDONLY, .resolve = RESOLVE_BENEATH);
	TRY(AT_FDCWD, "dir/up/dir/link", .flags = O_RDONLY, .resolve = RESOLVE_BENEATH);

	TRY(d, "/file", .flags = O_RDONLY, .resolve = RESOLVE_IN_ROOT);
	TRY(d, "absolute", .flags = O_RDONLY, .resolve = RESOLVE_IN_ROOT);
	TRY(d, "../../file", .flags = O_RDONLY, .resolve = RESOLVE_IN_ROOT);
	TRY(d, "etc/passwd", .flags = O_RDONLY, .resolve = RESOLVE_IN_ROOT);
	TRY(d, "up/up/link", .flags = O_RDONLY, .resolve = RESOLVE_IN_ROOT);
	TRY(d, "/rooted", .flags = O_RDWR | O_CREAT, .mode = 0640, .resolve = RESOLVE_IN_ROOT);
	TRY(77, "/file", .flags = O_RDONLY, .resolve = RESOLVE_IN_ROOT);

	TRY(AT_FDCWD, "/proc/self/stat", .flags = O_RDONLY, .resolve = RESOLVE_NO_XDEV);
	TRY(AT_FDCWD, "dir/../dir/link", .flags = O_RDONLY, .resolve = RESOLVE_NO_XDEV);
	TRY(AT_FDCWD, "/dev/null", .flags = O_RDONLY, .resolve = RESOLVE_NO_XDEV);
	close(TRY(d, "file", .flags = O_RDONLY, .resolve = RESOLVE_CACHED));
	TRY(d, "made", .flags = O_RDWR | O_CREAT, .mode = 0600, .resolve = RESOLVE_CACHED);
	return 0;
}
