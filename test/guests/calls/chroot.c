/* chroot: what it refuses, and to whom; for root also what a process sees of it. */
#include "call.h"

int main(void)
{
	mkdir("world", 0755);
	mkdir("world/inner", 0755);
	close(file_of("world/file", "inside"));
	close(file_of("file", "x"));
	symlink("/file", "world/link");
	CALL(chroot, "missing");
	CALL(chroot, "file");
	CALL(chroot, "");
	CALL(chroot, NOWHERE);
	CALL(chroot, LONG_NAME);
	CALL(chroot, "world");
	CALL_OK(open, "/file", O_RDONLY);
	CALL(open, "/world/file", O_RDONLY);
	CALL(open, "missing", O_RDONLY);
	CALL(chdir, "/inner");
	CALL(access, "../../file", R_OK);
	CALL(access, "/link", R_OK);
	return 0;
}
