/* Flags of send and recv, on datagrams and streams over loopback. */
#include "call.h"
#include "net.h"

static char buffer[64];
static struct sockaddr_in here;

static struct sockaddr_in *bound(int fd)
{
	socklen_t length = sizeof here;
	bind(fd, (void *)&LOOPBACK, sizeof LOOPBACK);
	getsockname(fd, (void *)&here, &length);
	return &here;
}

int main(void)
{
	int to = socket(AF_INET, SOCK_DGRAM, 0), from = socket(AF_INET, SOCK_DGRAM, 0), pair[2];

	bound(to);
	CALL(sendto, from, "a", 1, MSG_DONTROUTE, &here, sizeof here);
	CALL(sendto, from, "b", 1, MSG_CONFIRM, &here, sizeof here);
	CALL(sendto, from, "c", 1, MSG_MORE, &here, sizeof here);
	CALL(sendto, from, "d", 1, 0, &here, sizeof here); /* with the one before */
	CALL(sendto, from, "e", 1, MSG_ZEROCOPY, &here, sizeof here);
	CALL(sendto, from, "f", 1, MSG_EOR | MSG_CTRUNC | MSG_NOSIGNAL, &here, sizeof here);
	for (int i = 0; i < 5; i++) {
		await(to);
		CALL(recvfrom, to, buffer, sizeof buffer, MSG_CMSG_CLOEXEC, NULL, NULL);
	}
	CALL(recvfrom, to, buffer, sizeof buffer, MSG_ERRQUEUE, NULL, NULL);
	CALL(recvfrom, to, buffer, sizeof buffer, MSG_DONTWAIT | MSG_OOB, NULL, NULL);
	CALL(sendto, from, "g", 1, MSG_FASTOPEN, &here, sizeof here);

	int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), peer;
	bound(server);
	listen(server, 1);
	CALL(sendto, client, "fast", 4, MSG_FASTOPEN, &here, sizeof here);
	peer = accept(server, NULL, NULL);
	CALL(sendto, client, "er", 2, MSG_MORE, NULL, 0);
	CALL(sendto, client, "!", 1, MSG_EOR, NULL, 0);
	CALL(recvfrom, peer, buffer, 7, MSG_WAITALL, NULL, NULL);
	CALL(recvfrom, peer, buffer, 7, MSG_DONTWAIT | MSG_PEEK, NULL, NULL);
	CALL(sendto, client, "x", 1, MSG_FASTOPEN, &here, sizeof here);

	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
	CALL(sendto, pair[0], "record", 6, MSG_EOR, NULL, 0);
	CALL(recvfrom, pair[1], buffer, 2, MSG_TRUNC, NULL, NULL);
	CALL(sendto, pair[0], "urgent", 6, MSG_OOB, NULL, 0);
	CALL(recvfrom, pair[1], buffer, 2, MSG_DONTWAIT | MSG_ERRQUEUE, NULL, NULL);
	return 0;
}
