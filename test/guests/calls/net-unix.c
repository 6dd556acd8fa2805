/* Unix sockets with a path: relative and absolute, long, through a symlink; streams, datagrams, and what bind refuses. */
#include "call.h"
#include "net.h"
#include <sys/stat.h>

static struct sockaddr_un name;
static socklen_t length;

static struct sockaddr_un *un(const char *path)
{
	memset(&name, 0, sizeof name);
	name.sun_family = AF_UNIX;
	strncpy(name.sun_path, path, sizeof name.sun_path);
	return &name;
}
/* The address of a path, and its length with the NUL. */
#define UN(path) un(path), sizeof(short) + strlen(path) + 1

static void told(const char *what, int peer, int fd)
{
	char cwd[128];
	struct { struct sockaddr_un a; char end; } to;
	memset(&to, 0, sizeof to);
	length = sizeof to.a;
	if (peer ? CALL(getpeername, fd, &to.a, &length) : CALL(getsockname, fd, &to.a, &length))
		return;
	const char *path = to.a.sun_path;
	unsigned skip = getcwd(cwd, sizeof cwd) && !strncmp(path, cwd, strlen(cwd)) ? strlen(cwd) : 0;
	SAY("%s: family %d, %u bytes, %s%s", what, to.a.sun_family, length - skip, skip ? "CWD" : "", path + skip);
}

int main(void)
{
	char buffer[32], path[256];
	struct stat s;
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0), peer;

	told("unbound", 0, server);
	CALL(connect, client, UN("sock"));
	CALL(bind, server, UN("sock"));
	told("bound", 0, server);
	CALL(bind, server, UN("other"));
	CALL(bind, client, UN("sock"));
	stat("sock", &s);
	SAY("mode %o, size %d", s.st_mode, (int)s.st_size);
	CALL(connect, client, UN("sock"));
	CALL(listen, server, 1);
	symlink("sock", "link");
	CALL(connect, client, UN("link"));
	peer = CALL(accept4, server, (length = sizeof name, &name), &length, 0);
	SAY("length %u", length);
	told("peer", 1, client);
	told("nobody", 1, peer);
	CALL(sendto, client, "through", 7, 0, NULL, 0);
	CALL(recvfrom, peer, buffer, sizeof buffer, 0, NULL, NULL);
	CALL(sendto, client, "again", 5, 0, UN("sock"));
	CALL(connect, client, UN("sock"));
	CALL(listen, client, 1);

	int from = socket(AF_UNIX, SOCK_DGRAM, 0), to = socket(AF_UNIX, SOCK_DGRAM, 0);
	mkdir("d", 0700);
	CALL(bind, to, UN("d/to"));
	CALL(sendto, from, "nameless", 8, 0, UN("d/to"));
	CALL(bind, from, UN("./d/../from"));
	told("dots", 0, from);
	CALL(sendto, from, "named", 5, 0, UN("d/to"));
	CALL(recvfrom, to, buffer, 4, MSG_TRUNC, (length = sizeof name, &name), &length);
	SAY("length %u", length);
	CALL(recvfrom, to, buffer, 32, 0, (length = sizeof name, &name), &length);
	CALL(connect, from, UN("sock")); /* a stream */
	CALL(connect, from, UN("d/to"));
	told("peer", 1, from);
	unlink("d/to");
	CALL(sendto, from, "unlinked", 8, 0, NULL, 0);
	CALL(sendto, from, "unlinked", 8, 0, UN("d/to"));

	client = socket(AF_UNIX, SOCK_STREAM, 0);
	CALL(bind, client, UN("d"));
	CALL(bind, client, UN("link"));
	CALL(bind, client, UN("none/sock"));
	CALL(bind, client, UN("sock/sock"));
	CALL(bind, client, UN("new/"));
	CALL(bind, client, UN("d/."));
	CALL(bind, client, UN("/"));
	CALL(connect, client, UN("d"));
	CALL(connect, client, UN("none/sock"));
	CALL(bind, client, un("x"), 111);
	CALL(bind, client, un("x"), 1);
	CALL(bind, client, un("x"), -1);
	CALL(bind, client, NULL, 4);
	CALL(bind, client, KERNEL, 4);
	memset(path, 'p', sizeof path);
	path[107] = 0;
	CALL(bind, client, UN(path));
	told("long", 0, client);
	path[107] = 'p', path[108] = 0;
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	CALL(bind, client, un(path), 110); /* without a NUL */
	told("longest", 0, client);
	umask(077);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	CALL(bind, client, un("unterminated, then cut"), 2 + 12);
	told("cut", 0, client);
	stat("unterminated", &s);
	SAY("mode %o", s.st_mode);
	return 0;
}
