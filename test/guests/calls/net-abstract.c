/* Unix sockets without a file: abstract names, names that the kernel gives, none at all. */
#include "call.h"
#include "net.h"

static struct sockaddr_un name;
static socklen_t length;

static void told(int fd)
{
	struct sockaddr_un mine;
	socklen_t size = sizeof mine;
	CALL(getsockname, fd, &mine, &size);
	say_bytes("name", &mine, size > 8 ? 8 : size);
	SAY("length %u", size);
}

int main(void)
{
	char buffer[32];
	struct sockaddr_un a = { .sun_family = AF_UNIX }, none = { .sun_family = AF_UNIX };
	const socklen_t size = 2 + 1 + snprintf(a.sun_path + 1, 100, "nurse%d", getpid());
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0), peer;

	CALL(connect, client, &a, size);
	CALL(bind, server, &a, size);
	CALL(bind, client, &a, size);
	CALL(bind, server, &none, 2);
	CALL(listen, server, 0);
	CALL(connect, client, &a, size);
	peer = CALL(accept4, server, (length = sizeof name, &name), &length, SOCK_CLOEXEC);
	SAY("length %u", length);
	CALL(getpeername, client, (length = sizeof name, &name), &length);
	SAY("length as bound: %d, same: %d", length == size, !memcmp(&a, &name, size));
	CALL(sendto, client, "abstract", 8, 0, NULL, 0);
	CALL(recvfrom, peer, buffer, sizeof buffer, 0, NULL, NULL);
	close(client);
	CALL(recvfrom, peer, buffer, sizeof buffer, 0, NULL, NULL);
	CALL(sendto, peer, "x", 1, MSG_NOSIGNAL, NULL, 0);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	CALL(connect, client, &none, 2);
	CALL(connect, client, &a, size - 1);
	CALL(connect, client, &a, size + 1); /* a NUL more is another name */
	close(server);
	CALL(connect, client, &a, size);

	/* the kernel chooses: five hexadecimal digits */
	server = socket(AF_UNIX, SOCK_DGRAM, 0);
	CALL(bind, server, &none, 2);
	length = sizeof name;
	CALL(getsockname, server, &name, &length);
	SAY("length %u, abstract %d", length, name.sun_path[0] == 0);
	client = socket(AF_UNIX, SOCK_DGRAM, 0);
	told(client);
	CALL(sendto, client, "auto", 4, 0, &name, length);
	CALL(recvfrom, server, buffer, sizeof buffer, 0, (length = sizeof name, &name), &length);
	SAY("length %u", length);
	int on = 1;
	CALL(setsockopt, client, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
	length = sizeof name;
	CALL(getsockname, server, &name, &length);
	CALL(connect, client, &name, length); /* names the client, for credentials are to be passed */
	length = sizeof name;
	CALL(getsockname, client, &name, &length);
	SAY("length %u", length);
	CALL(connect, client, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(struct sockaddr));
	CALL(sendto, client, "x", 1, 0, NULL, 0);
	return 0;
}
