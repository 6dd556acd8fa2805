/* A server and a client of TCP over IPv4 in one process, by the calls' own numbers; and the errors on the way. */
#include "call.h"
#include "net.h"

static struct sockaddr_in here, other;
static socklen_t length;

static void told(const char *what, const struct sockaddr_in *a)
{
	SAY("%s: family %d, length %u, %s, the server's port: %d", what, a->sin_family, length,
	       inet_ntoa(a->sin_addr), a->sin_port == here.sin_port);
}
#define WITH(struct) (memset(&(struct), 0, sizeof(struct)), length = sizeof(struct), &(struct))

int main(void)
{
	char buffer[64] = "";
	int server = CALL(socket, AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), more, peer;
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	CALL(getpeername, server, WITH(other), &length);
	CALL(accept4, server, NULL, NULL, 0);
	CALL(sendto, server, "x", 1, MSG_NOSIGNAL, NULL, 0);
	CALL(recvfrom, server, buffer, 1, 0, NULL, NULL);
	CALL(shutdown, client, SHUT_RDWR);
	CALL(bind, server, &any, sizeof any);
	CALL(bind, server, &any, sizeof any);
	CALL(getsockname, server, WITH(here), &length);
	told("server", &here);
	CALL(connect, client, &here, sizeof here);
	close(client);
	CALL(listen, server, 4);
	CALL(listen, server, -1);
	more = socket(AF_INET, SOCK_STREAM, 0);
	CALL(bind, more, &here, sizeof here);
	CALL(connect, more, &here, sizeof here);
	CALL(connect, more, &here, sizeof here);
	CALL(accept4, server, WITH(other), &length, 0x10);
	peer = CALL(accept4, server, WITH(other), &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
	told("accepted", &other);
	SAY("flags %d %o", fcntl(peer, F_GETFD), fcntl(peer, F_GETFL));
	CALL(getpeername, more, WITH(other), &length);
	told("peer", &other);
	length = 5;
	CALL(getpeername, more, memset(&other, 7, sizeof other), &length);
	other.sin_port = 0;
	say_bytes("cut", &other, 8);
	SAY("length %u", length);
	CALL(recvfrom, peer, buffer, sizeof buffer, 0, NULL, NULL);
	CALL(sendto, more, "hello", 5, 0, NULL, 0);
	CALL(recvfrom, peer, buffer, sizeof buffer, MSG_PEEK | MSG_WAITALL, WITH(other), &length);
	SAY("%s, length %u", buffer, length);
	CALL(recvfrom, peer, buffer, 3, 0, NULL, NULL);
	CALL(recvfrom, peer, buffer, 3, MSG_TRUNC, NULL, NULL);
	CALL(sendto, more, "!", 1, MSG_OOB, NULL, 0);
	CALL(recvfrom, peer, buffer, 1, MSG_OOB, NULL, NULL);
	CALL(sendto, peer, "back", 4, MSG_DONTWAIT, &here, sizeof here);
	CALL(recvfrom, more, buffer, 8, 0, NULL, NULL);
	CALL(write, more, "1234", 4);
	CALL(read, peer, buffer, 8);
	CALL(shutdown, more, 3);
	CALL(shutdown, more, SHUT_RD);
	CALL(shutdown, more, SHUT_WR);
	CALL(recvfrom, peer, buffer, 8, 0, NULL, NULL);
	CALL(sendto, more, "x", 1, MSG_NOSIGNAL, NULL, 0);
	close(more);

	/* not blocking: under way, and refused later */
	client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CALL(connect, client, &here, sizeof here);
	poll(&(struct pollfd){ .fd = client, .events = POLLOUT }, 1, 5000);
	CALL(connect, client, &here, sizeof here);
	peer = CALL(accept4, server, NULL, NULL, 0);
	fcntl(server, F_SETFL, O_NONBLOCK);
	CALL(accept4, server, NULL, NULL, 0);
	close(server);
	close(client);
	client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	MAKE(connect, client, &here, sizeof here);
	poll(&(struct pollfd){ .fd = client, .events = POLLOUT }, 1, 5000);
	int error = -1;
	length = sizeof error;
	CALL(getsockopt, client, SOL_SOCKET, SO_ERROR, &error, &length);
	SAY("later: %s", errno_name(error));
	other = (struct sockaddr_in){ .sin_family = AF_UNSPEC };
	CALL(connect, client, &other, sizeof other);
	other.sin_family = 77;
	CALL(connect, client, &other, sizeof other);
	CALL(bind, client, &other, sizeof other);
	other = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201) }; /* 192.0.2.1 */
	CALL(bind, client, &other, sizeof other);
	CALL(bind, client, &any, 2);
	CALL(bind, client, &any, 1);
	CALL(connect, client, &any, 8);
	return 0;
}
