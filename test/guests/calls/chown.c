/* chown and its kin with the ids that the file has, with -1, and with ids that only root may give. */
#include "call.h"

static void owner(const char *path)
{
	struct stat s;
	if (!lstat(path, &s))
		SAY("%s: %u %u %o", path, s.st_uid, s.st_gid, s.st_mode);
}

int main(void)
{
	unsigned uid = getuid(), gid = getgid();
	int fd = file_of("file", "x"), path = open("file", O_PATH);
	symlink("file", "link");
	symlink("missing", "dangling");
	int d = open(".", O_RDONLY);
	chmod("file", 06755);
	CALL(chown32, "file", uid, gid), owner("file");
	CALL(chown32, "file", -1, -1), owner("file");
	CALL(chown, "link", 0xffff, 0xffff), owner("file");
	CALL(chown32, "link", 70001, 70002), owner("file");
	CALL(lchown32, "link", 1001, 1002), owner("link"), owner("file");
	CALL(chown, "file", 1003, 0x1ffff), owner("file");
	CALL(lchown, "link", 1004, 1005), owner("link");
	CALL(fchown, fd, 1006, 1007), owner("file");
	CALL(fchown32, fd, 80001, -1), owner("file");
	CALL(fchown32, path, 1, 1);
	CALL(fchown32, 77, 1, 1);
	CALL(fchown, 77, 1, 1);
	CALL(fchownat, d, "link", 5, 6, AT_SYMLINK_NOFOLLOW), owner("link");
	CALL(fchownat, d, "link", 7, 8, 0), owner("file");
	CALL(fchownat, path, "", 9, 10, AT_EMPTY_PATH), owner("file");
	CALL(fchownat, path, "", 9, 10, 0);
	CALL(fchownat, d, "file", 1, 1, 1);
	CALL(fchownat, 77, "file", 1, 1, 0);
	CALL(fchownat, fd, "file", 1, 1, 0);
	CALL(chown32, "dangling", -1, -1);
	CALL(lchown32, "missing", -1, -1);
	CALL(chown, "file/x", 1, 1);
	CALL(lchown, "", 1, 1);
	CALL(chown32, NOWHERE, 1, 1);
	if (uid == 0)
		chown("file", uid, gid);
	return 0;
}
