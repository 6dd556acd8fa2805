/* inotify: what a directory and a file report, watches that go. */
#include "call.h"
#include <sys/inotify.h>

static char buffer[4096] __attribute__((aligned(4)));
static void show(int fd)
{
	long n = MAKE(read, fd, buffer, sizeof buffer);
	for (long at = 0; at < n;) {
		struct inotify_event *event = (void *)(buffer + at);
		SAY("watch %d mask %x %s \"%s\"", event->wd, event->mask, event->cookie ? "cookie" : "", event->len ? event->name : "");
		at += sizeof *event + event->len;
	}
	if (n < 0)
		SAY("nothing: %s", errno_name(errno));
}

int main(void)
{
	mkdir("dir", 0755);
	int file = file_of("dir/file", "x");
	symlink("dir", "way");
	CALL(inotify_init);
	int in = CALL(inotify_init1, IN_NONBLOCK | IN_CLOEXEC);
	CALL(inotify_init1, 1);
	CALL(inotify_add_watch, in, "dir", IN_ALL_EVENTS);
	CALL(inotify_add_watch, in, "dir/file", IN_ATTRIB | IN_MODIFY | IN_CLOSE | IN_DELETE_SELF | IN_MOVE_SELF | IN_OPEN | IN_ACCESS);
	close(open("dir/new", O_WRONLY | O_CREAT, 0600));
	show(in);
	if (write(file, "y", 1) != 1 || read(file, buffer, 1) != 0)
		return 1;
	show(in);
	rename("dir/new", "dir/newer");
	mkdir("dir/sub", 0700);
	chmod("dir/file", 0600);
	show(in);
	unlink("dir/newer"), rmdir("dir/sub"), unlink("dir/file"), close(file);
	show(in);
	CALL(inotify_add_watch, in, "way", IN_CREATE);
	CALL(inotify_add_watch, in, "way", IN_DELETE | IN_MASK_ADD);
	CALL(inotify_add_watch, in, "way", IN_DELETE | IN_MASK_CREATE);
	CALL(inotify_add_watch, in, "way", IN_ATTRIB | IN_DONT_FOLLOW);
	CALL(inotify_add_watch, in, "way", IN_CREATE | IN_DONT_FOLLOW | IN_ONLYDIR);
	CALL(inotify_add_watch, in, "dir", IN_CREATE | IN_ONLYDIR | IN_EXCL_UNLINK);
	CALL(inotify_add_watch, in, "missing", IN_CREATE);
	CALL(inotify_add_watch, in, "dir", 0);
	CALL(inotify_add_watch, in, NOWHERE, IN_CREATE);
	CALL(inotify_add_watch, in, LONG_PATH, IN_CREATE);
	CALL(inotify_add_watch, file, "dir", IN_CREATE);
	CALL(inotify_add_watch, 77, "dir", IN_CREATE);
	CALL(inotify_add_watch, in, "dir", IN_CREATE | IN_ISDIR);
	CALL(inotify_rm_watch, in, 1);
	CALL(inotify_rm_watch, in, 1);
	CALL(inotify_rm_watch, 77, 1);
	CALL(inotify_rm_watch, 0, 1);
	show(in);
	return 0;
}
