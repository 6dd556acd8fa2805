/* Every call of socketcall(2), with the arguments in memory; numbers that do not exist, arguments that cannot be read. */
#include "call.h"
#include "net.h"
#include <linux/net.h>

#define ARGS(...) ((long[]){ __VA_ARGS__ })
/* The row's own name stands in the line: what socketcall makes is counted as that. */
#define SUB(row, number, ...) call_said(#row, #__VA_ARGS__, syscall(NR_socketcall, number, ARGS(__VA_ARGS__)), 1)
#define AT(x) ((long)(x))

int main(void)
{
	char buffer[16], control[64];
	struct sockaddr_in here = LOOPBACK;
	socklen_t length = sizeof here;
	int pair[2], value = 1;
	struct iovec v = { "vector", 6 }, r = { buffer, sizeof buffer };
	struct msghdr out = { .msg_iov = &v, .msg_iovlen = 1 };
	struct msghdr in = { .msg_iov = &r, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct mmsghdr many_out = { .msg_hdr = out }, many_in = { .msg_hdr = in };

	SUB(socketpair, SYS_SOCKETPAIR, AF_UNIX, SOCK_DGRAM, 0, AT(pair));
	SUB(sendto, SYS_SEND, pair[0], AT("sent"), 4, 0);
	SUB(recvfrom, SYS_RECV, pair[1], AT(buffer), 16, 0);
	SUB(sendto, SYS_SENDTO, pair[0], AT("sent"), 4, 0, 0, 0);
	SUB(recvfrom, SYS_RECVFROM, pair[1], AT(buffer), 16, 0, 0, 0);
	SUB(sendmsg, SYS_SENDMSG, pair[0], AT(&out), 0);
	SUB(recvmsg, SYS_RECVMSG, pair[1], AT(&in), 0);
	SUB(sendmmsg, SYS_SENDMMSG, pair[0], AT(&many_out), 1, 0);
	SUB(recvmmsg, SYS_RECVMMSG, pair[1], AT(&many_in), 1, 0, 0);
	SAY("%u and %u bytes", many_out.msg_len, many_in.msg_len);
	SUB(shutdown, SYS_SHUTDOWN, pair[0], SHUT_RD);
	SUB(shutdown, SYS_SHUTDOWN, pair[0], 7);

	int server = SUB(socket, SYS_SOCKET, AF_INET, SOCK_STREAM, 0);
	int client = SUB(socket, SYS_SOCKET, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	SUB(bind, SYS_BIND, server, AT(&here), sizeof here);
	SUB(listen, SYS_LISTEN, server, 3);
	SUB(getsockname, SYS_GETSOCKNAME, server, AT(&here), AT(&length));
	SUB(connect, SYS_CONNECT, client, AT(&here), sizeof here);
	SUB(getpeername, SYS_GETPEERNAME, client, AT(&here), AT(&length));
	int peer = SUB(accept4, SYS_ACCEPT, server, AT(&here), AT(&length));
	SAY("close-on-exec %d, length %u", fcntl(peer, F_GETFD), length);
	connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&here, 0);
	SUB(setsockopt, SYS_SETSOCKOPT, client, SOL_SOCKET, SO_KEEPALIVE, AT(&value), 4);
	value = 7;
	length = sizeof value;
	SUB(getsockopt, SYS_GETSOCKOPT, client, SOL_SOCKET, SO_KEEPALIVE, AT(&value), AT(&length));
	SAY("value %d, length %u", value, length);
	fcntl(server, F_SETFL, O_NONBLOCK);
	SUB(accept4, SYS_ACCEPT4, server, 0, 0, SOCK_NONBLOCK);
	SUB(accept4, SYS_ACCEPT4, server, 0, 0, 1);

	CALL(socketcall, 0, ARGS(0));
	CALL(socketcall, 21, ARGS(0));
	CALL(socketcall, -1, ARGS(0));
	CALL(socketcall, SYS_SOCKET, NULL);
	CALL(socketcall, SYS_SOCKET, KERNEL);
	CALL(socketcall, SYS_SOCKET, ARGS(AF_UNIX, 77, 0));
	CALL(socketcall, SYS_BIND, ARGS(77, AT(&here), sizeof here));
	CALL(socketcall, SYS_SENDMSG, ARGS(0, AT(&out), 0));
	return 0;
}
