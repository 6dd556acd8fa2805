/* file_getattr: by name, link, descriptor, of what has no attributes, and its errors; file_setattr: refused inside.
 * kernel: 6.17
 * differs: file_setattr = -1 EPERM -- flags of an inode outlive the policy
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILE_GETATTR 468
#define FILE_SETATTR 469

struct attributes {
	unsigned long long xflags;
	unsigned extsize, nextents, projid, cowextsize;
	unsigned char more[8];
};

static struct attributes a;

static const char *name_of(long result)
{
	return result >= 0 ? "0" : strerrorname_np(errno);
}

static void get(const char *what, int at, const char *path, void *out, unsigned size, unsigned flags)
{
	memset(&a, 0x55, sizeof a);
	long result = syscall(FILE_GETATTR, at, path, out, size, flags);
	printf("%s: %s", what, name_of(result));
	/* fa_nextents and fa_extsize are the file system's affair. */
	if (result == 0 && out == &a) printf(", xflags %llx, projid %u, behind %x", a.xflags, a.projid, a.more[0]);
	printf("\n");
}

int main(void)
{
	int fd = open("attr-file", O_RDWR | O_CREAT | O_TRUNC, 0600), path = open("attr-file", O_PATH), dir = open(".", O_RDONLY);
	unlink("attr-link");
	symlink("attr-file", "attr-link");
	get("a file", AT_FDCWD, "attr-file", &a, 24, 0);
	get("from a directory", dir, "attr-file", &a, 24, 0);
	get("a larger struct", AT_FDCWD, "attr-file", &a, sizeof a, 0);
	get("through a link", AT_FDCWD, "attr-link", &a, 24, 0);
	get("a link itself", AT_FDCWD, "attr-link", &a, 24, AT_SYMLINK_NOFOLLOW);
	get("a descriptor", fd, "", &a, 24, AT_EMPTY_PATH);
	get("a descriptor and no name", fd, NULL, &a, 24, AT_EMPTY_PATH);
	get("a descriptor for nothing but paths", path, "", &a, 24, AT_EMPTY_PATH);
	get("the working directory", AT_FDCWD, "", &a, 24, AT_EMPTY_PATH);
	get("what has none", AT_FDCWD, "/proc/self/status", &a, 24, 0);
	get("a device", AT_FDCWD, "/dev/null", &a, 24, 0);
	get("an empty name", fd, "", &a, 24, 0);
	get("no name", AT_FDCWD, NULL, &a, 24, 0);
	get("nothing", AT_FDCWD, "attr-none", &a, 24, 0);
	get("no directory", fd, "attr-file", &a, 24, 0);
	get("no descriptor", 77, "", &a, 24, AT_EMPTY_PATH);
	get("a small struct", AT_FDCWD, "attr-file", &a, 23, 0);
	get("a large struct", AT_FDCWD, "attr-file", &a, 4097, 0);
	get("an unknown flag", AT_FDCWD, "attr-file", &a, 24, 1);
	get("no memory", AT_FDCWD, "attr-file", (void *)8, 24, 0);
	memset(&a, 0, sizeof a);
	printf("file_setattr = %s\n", syscall(FILE_SETATTR, AT_FDCWD, "attr-file", &a, 24, 0) == 0 ? "0" : "-1 EPERM");
	return unlink("attr-file") | unlink("attr-link");
}
