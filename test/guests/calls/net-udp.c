/* Datagrams of UDP between two sockets: sizes, peeking, truncation, connected ones, and what the network refuses. */
#include "call.h"
#include "net.h"

static struct sockaddr_in a, b, from;
static socklen_t length;
static char buffer[70000];

int main(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = socket(AF_INET, SOCK_DGRAM, 0), two = socket(AF_INET, SOCK_DGRAM, 0);

	CALL(sendto, one, "x", 1, 0, NULL, 0);
	CALL(sendto, one, "x", 1, 0, &any, sizeof any); /* port 0 */
	CALL(listen, one, 1);
	CALL(accept4, one, NULL, NULL, 0);
	CALL(bind, one, &any, sizeof any);
	any.sin_family = AF_UNSPEC; /* an old habit, for any address only */
	CALL(bind, two, &any, sizeof any);
	any.sin_family = AF_INET;
	CALL(bind, two, &any, sizeof any);
	length = sizeof a;
	CALL(getsockname, one, &a, &length);
	length = sizeof b;
	CALL(getsockname, two, &b, &length);

	CALL(sendto, one, "datagram", 8, 0, &b, sizeof b);
	await(two);
	length = sizeof from;
	CALL(recvfrom, two, buffer, 4, MSG_PEEK, &from, &length);
	SAY("from the first: %d, length %u", from.sin_port == a.sin_port, length);
	CALL(recvfrom, two, buffer, 4, MSG_PEEK | MSG_TRUNC, NULL, NULL);
	length = 3;
	memset(&from, 9, sizeof from);
	CALL(recvfrom, two, buffer, 64, 0, &from, &length);
	say_bytes(buffer, &from, 2);
	SAY("length %u", length);
	CALL(recvfrom, two, buffer, 64, MSG_DONTWAIT, NULL, NULL);
	CALL(sendto, one, "", 0, 0, &b, sizeof b);
	await(two);
	CALL(recvfrom, two, buffer, 64, 0, NULL, NULL);
	CALL(sendto, one, buffer, 65507, 0, &b, sizeof b);
	CALL(sendto, one, buffer, 65508, 0, &b, sizeof b);
	CALL(sendto, one, buffer, sizeof buffer, 0, &b, sizeof b);
	await(two);
	CALL(recvfrom, two, buffer, sizeof buffer, 0, NULL, NULL);
	CALL(sendto, one, "x", 1, MSG_OOB, &b, sizeof b);
	CALL(sendto, one, "x", 1, 0, &b, 8);
	CALL(sendto, one, "x", 1, 0, &b, 1);
	CALL(sendto, one, "x", 1, 0, &b, -1);
	CALL(sendto, one, "x", 1, 0, &b, 129);
	CALL(sendto, one, "x", 1, 0, KERNEL, 16);
	CALL(sendto, one, KERNEL, 1, 0, &b, sizeof b);
	b.sin_family = AF_INET6;
	CALL(sendto, one, "x", 1, 0, &b, sizeof b);
	b.sin_family = AF_UNSPEC;
	CALL(sendto, one, "x", 1, 0, &b, sizeof b);
	b.sin_family = AF_INET;
	await(two);
	CALL(recvfrom, two, buffer, 64, MSG_DONTWAIT, NULL, NULL);

	CALL(connect, one, &b, sizeof b);
	CALL(sendto, one, "connected", 9, 0, NULL, 0);
	await(two);
	CALL(recvfrom, two, buffer, 64, 0, NULL, NULL);
	close(two);
	CALL(sendto, one, "gone", 4, 0, NULL, 0);
	await(one);
	CALL(recvfrom, one, buffer, 64, MSG_DONTWAIT, NULL, NULL);
	from = (struct sockaddr_in){ .sin_family = AF_UNSPEC };
	CALL(connect, one, &from, sizeof from);
	CALL(getpeername, one, &from, &length);
	b.sin_addr.s_addr = INADDR_BROADCAST;
	CALL(sendto, one, "x", 1, 0, &b, sizeof b);
	CALL(connect, one, &b, sizeof b);
	return 0;
}
