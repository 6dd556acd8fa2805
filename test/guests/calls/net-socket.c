/* socket(2) and socketpair(2): families, types, protocols, the flags of what they give, and what they refuse. */
#include "call.h"
#include "net.h"

static void made(const char *what, int fd)
{
	SAY("%s: fd flags %d, status flags %o", what, fcntl(fd, F_GETFD), fcntl(fd, F_GETFL));
	close(fd);
}

int main(void)
{
	int pair[2] = { -1, -1 };

	made("stream", CALL(socket, AF_UNIX, SOCK_STREAM, 0));
	made("dgram", CALL(socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	made("seqpacket", CALL(socket, AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	made("raw is dgram", CALL(socket, AF_UNIX, SOCK_RAW, 0));
	made("tcp", CALL(socket, AF_INET, SOCK_STREAM, IPPROTO_TCP));
	made("udp", CALL(socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_UDP));
	made("tcp6", CALL(socket, AF_INET6, SOCK_STREAM, 0));
	made("udp6", CALL(socket, AF_INET6, SOCK_DGRAM, 0));

	CALL(socket, AF_INET, SOCK_STREAM, IPPROTO_UDP);
	CALL(socket, AF_INET, SOCK_DGRAM, IPPROTO_TCP);
	CALL(socket, AF_INET, SOCK_SEQPACKET, 0);
	CALL(socket, AF_INET, 0, 0);
	CALL(socket, AF_INET, 0xe, 0);
	CALL(socket, AF_INET, SOCK_STREAM | 0x10, 0);
	CALL(socket, AF_INET, SOCK_STREAM, -1);
	CALL(socket, AF_INET, SOCK_STREAM, 9999);
	CALL(socket, AF_UNIX, SOCK_STREAM, 7);
	CALL(socket, AF_UNIX, SOCK_RDM, 0);
	CALL(socket, 12345, SOCK_STREAM, 0);
	CALL(socket, -1, SOCK_STREAM, 0);
	CALL(socket, AF_UNIX, SOCK_DCCP, 0);
	CALL(socket, AF_UNIX, SOCK_PACKET, 0);
	CALL(socket, AF_UNIX, SOCK_STREAM, IPPROTO_IPV6);
	made("protocol 1", CALL(socket, AF_UNIX, SOCK_STREAM, IPPROTO_ICMP));
	for (int family = 0; family < AF_MAX + 2; family++) /* a type that is none: no kernel module is loaded for it */
		CALL(socket, family, 15, 0);

	CALL(socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
	SAY("two: %d %d", pair[0], pair[1]);
	made("first", pair[0]);
	made("second", pair[1]);
	CALL(socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair);
	made("first", pair[0]);
	made("second", pair[1]);
	CALL(socketpair, AF_UNIX, SOCK_DGRAM, 1, pair);
	CALL(socketpair, AF_UNIX, SOCK_STREAM, 9, pair);
	CALL(socketpair, AF_UNIX, SOCK_STREAM | 0x40, 0, pair);
	CALL(socketpair, AF_UNIX, 0, 0, pair);
	CALL(socketpair, AF_INET, SOCK_STREAM, 0, pair);
	CALL(socketpair, 12345, SOCK_STREAM, 0, pair);
	CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, NULL);
	CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, KERNEL);
	CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, "read-only");
	made("nothing was lost", dup(0));
	return 0;
}
