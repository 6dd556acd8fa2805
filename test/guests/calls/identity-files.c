/* Every call with a path, after each way to be somebody else: it meets the program's rights, not those it began with. */
#include "call.h"
#include "net.h"
#include <linux/capability.h>
#include <sys/inotify.h>

static int unix_socket(const char *path, struct sockaddr_un *at)
{
	memset(at, 0, sizeof *at);
	at->sun_family = AF_UNIX;
	strcpy(at->sun_path, path);
	return socket(AF_UNIX, SOCK_STREAM, 0);
}
#define SOCKET(call, path)                                                   \
	do {                                                                 \
		struct sockaddr_un at;                                       \
		int s = unix_socket(path, &at);                              \
		call_said(#call, #path, syscall(NR_##call, s, &at, sizeof at), 1); \
		close(s);                                                    \
	} while (0)
#define OPENED(...)                                    \
	do {                                           \
		int opened = CALL_OK(open, __VA_ARGS__); \
		if (opened >= 0)                       \
			close(opened);                 \
	} while (0)

static void prepare(void)
{
	struct sockaddr_un at;
	int s;

	for (int up = 0; up < 3; up++) /* where the test has its directories, only their owner goes */
		chmod(up == 0 ? ".." : up == 1 ? "../.." : ".", 0711);
	mkdir("root", 0700);
	mkdir("root/sub", 0755);
	close(file_of("root/f", "secret"));
	close(file_of("readable", "r"));
	close(file_of("closed", "c"));
	chmod("closed", 0600);
	symlink("closed", "link");
	symlink("root/f", "into");
	mkdir("theirs", 0770);
	MAKE(chown32, "theirs", 65533, 65533);
	mkdir("group", 0770);
	MAKE(chown32, "group", 0, 65530);
	mkdir("sticky", 0777);
	chmod("sticky", 01777);
	close(file_of("sticky/f", "s"));
	s = unix_socket("root/socket", &at);
	bind(s, (void *)&at, sizeof at);
	listen(s, 9);
	s = unix_socket("closed-socket", &at);
	bind(s, (void *)&at, sizeof at);
	listen(s, 9);
	chmod("closed-socket", 0600);
	s = unix_socket("open-socket", &at);
	bind(s, (void *)&at, sizeof at);
	listen(s, 9);
	chmod("open-socket", 0666);
}

static void all(const char *who)
{
	char buffer[256];
	int held;

	printf("%s:\n", who);
	CALL(stat64, "root/f", buffer);
	CALL(lstat64, "root/f", buffer);
	CALL(stat64, "into", buffer);
	CALL(stat64, "root/absent", buffer);
	CALL(stat64, "root", buffer);
	CALL(statx, AT_FDCWD, "root/f", 0, 0x7ff, buffer);
	CALL(statfs64, "root/sub", 84, buffer);
	CALL(access, "root", X_OK);
	CALL(access, "root/f", F_OK);
	CALL(access, "closed", R_OK);
	CALL(access, "readable", W_OK);
	CALL(access, "group", W_OK);
	CALL(faccessat2, AT_FDCWD, "closed", R_OK, AT_EACCESS);
	CALL(faccessat2, AT_FDCWD, "group", W_OK, AT_EACCESS);
	CALL(faccessat2, AT_FDCWD, "theirs", W_OK, AT_EACCESS);
	CALL(readlink, "root/f", buffer, 9);
	OPENED("root/f", O_RDONLY);
	OPENED("closed", O_RDONLY);
	OPENED("link", O_WRONLY);
	OPENED("root", O_RDONLY | O_DIRECTORY);
	OPENED("readable", O_RDWR);
	OPENED("root/new", O_CREAT | O_WRONLY, 0600);
	OPENED("group/new", O_CREAT | O_WRONLY, 0600);
	CALL(unlink, "group/new");
	CALL(mkdir, "root/d", 0700);
	CALL(rmdir, "root/d");
	CALL(mkdir, "made", 0700);
	CALL(rmdir, "made");
	CALL(mkdir, "theirs/d", 0700);
	CALL(rmdir, "theirs/d");
	CALL(mkdir, "group/d", 0700);
	CALL(rmdir, "group/d");
	CALL(mknod, "theirs/fifo", S_IFIFO | 0600, 0);
	CALL(unlink, "theirs/fifo");
	CALL(symlink, "x", "root/s");
	CALL(unlink, "root/s");
	CALL(symlink, "x", "theirs/s");
	CALL(unlink, "theirs/s");
	CALL(link, "readable", "theirs/linked");
	CALL(unlink, "theirs/linked");
	CALL(link, "closed", "theirs/linked");
	CALL(unlink, "theirs/linked");
	CALL(rename, "readable", "theirs/readable");
	CALL(rename, "theirs/readable", "readable");
	CALL(rename, "sticky/f", "sticky/g");
	CALL(rename, "sticky/g", "sticky/f");
	CALL(rename, "root/f", "root/g");
	CALL(rename, "root/g", "root/f");
	CALL(chmod, "readable", 0644);
	CALL(chmod, "root/f", 0644);
	CALL(chown32, "readable", 0, 0);
	CALL(chown32, "theirs", 65533, 65533);
	CALL(utimensat, AT_FDCWD, "readable", NULL, 0);
	CALL(utimensat, AT_FDCWD, "root/f", NULL, 0);
	CALL(truncate, "closed", 1);
	CALL(truncate, "root/f", 6);
	CALL(setxattr, "closed", "user.a", "v", 1, 0);
	CALL(getxattr, "closed", "user.a", buffer, 9);
	CALL(getxattr, "root/f", "user.a", buffer, 9);
	CALL(listxattr, "root/f", buffer, 9);
	CALL(removexattr, "closed", "user.a");
	if (CALL(chdir, "root") == 0)
		CALL(chdir, "..");
	SOCKET(bind, "root/bound");
	CALL(unlink, "root/bound");
	SOCKET(bind, "theirs/bound");
	CALL(unlink, "theirs/bound");
	SOCKET(connect, "root/socket");
	SOCKET(connect, "closed-socket");
	SOCKET(connect, "open-socket");
	held = inotify_init1(0);
	CALL_OK(inotify_add_watch, held, "root", IN_CREATE);
	CALL_OK(inotify_add_watch, held, "closed", IN_OPEN);
	CALL_OK(inotify_add_watch, held, "sticky", IN_CREATE);
	close(held);
}

int main(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2], caps[2];
	const unsigned group = 65530;
	char buffer[256];
	int held, directory, below;

	if (getuid() != 0) {
		SAY("for root");
		return 0;
	}
	prepare();
	held = open("root/f", O_RDWR);
	directory = open("root", O_RDONLY | O_DIRECTORY);
	all("root");
	rmdir("gone");
	mkdir("high", 0700);
	mkdir("high/below", 0755);
	close(file_of("high/below/f", "b"));
	below = open("high/below", O_RDONLY | O_DIRECTORY);
	MAKE(capget, &head, caps);
	memcpy(none, caps, sizeof none);
	none[0].effective = none[1].effective = 0;
	MAKE(capset, &head, none);
	MAKE(chdir, ".");
	all("root without capabilities");
	MAKE(capset, &head, caps);
	MAKE(setfsuid32, 65533);
	all("another file id");
	MAKE(setfsuid32, 0);
	MAKE(setgroups32, 1, &group);
	MAKE(setresgid32, 65531, 65531, 0);
	MAKE(setresuid32, -1, 65533, -1);
	all("another effective id");
	MAKE(setresuid32, 65533, 0, -1);
	all("another real id");
	MAKE(setresuid32, 65533, 65533, 65533);
	all("all ids, a group");
	SAY("what is held is held");
	CALL(fstat64, held, buffer);
	CALL(ftruncate, held, 3);
	CALL(fchmod, held, 0640);
	CALL(fchown32, held, 65533, 65533);
	CALL(fsetxattr, held, "user.a", "v", 1, 0);
	CALL(fstatat64, directory, "f", buffer, 0);
	CALL(openat, directory, "f", O_RDONLY);
	CALL(unlinkat, directory, "f", 0);
	CALL(fchdir, directory);
	sprintf(buffer, "/proc/self/fd/%d", held);
	CALL_OK(open, buffer, O_RDONLY);
	CALL(readlink, "/proc/self/fd/9999", buffer, 9);
	CALL(lstat64, "/proc/self/fd/0", buffer);
	CALL(stat64, "/proc/self/fd/0", buffer);
	OPENED("/proc/self/fd", O_RDONLY | O_DIRECTORY);
	OPENED("/proc/self/maps", O_RDONLY);
	OPENED("/proc/self/environ", O_RDONLY);
	SAY("below what may not be searched");
	OPENED("high/below/f", O_RDONLY);
	CALL_OK(openat, below, "f", O_RDONLY);
	CALL(openat, below, "f", O_RDWR);
	CALL_OK(openat, below, "../below/f", O_RDONLY);
	CALL(fchdir, below);
	OPENED("f", O_RDONLY);
	OPENED("./f", O_WRONLY);
	CALL(stat64, "f", buffer);
	CALL(chdir, ".");
	CALL(chdir, "/proc/self");
	return 0;
}
