/* sendmsg and recvmsg: vectors, names, truncation; what a header may not say. */
#include "call.h"
#include "net.h"
#include <sys/uio.h>

static char in[8], more[8], name[32];
static struct iovec out_vector[] = { { "scat", 4 }, { NULL, 0 }, { "tered", 5 } };
static struct iovec in_vector[] = { { in, 3 }, { more, 8 } };
static struct iovec many[1025];

int main(void)
{
	int pair[2], udp = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in here = LOOPBACK;
	socklen_t length = sizeof here;
	struct msghdr out = { .msg_iov = out_vector, .msg_iovlen = 3 }, to = { .msg_iov = in_vector, .msg_iovlen = 2 };

	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	CALL(sendmsg, pair[0], &out, 0);
	to.msg_name = name;
	to.msg_namelen = sizeof name;
	CALL(recvmsg, pair[1], &to, 0);
	SAY("%.3s|%.6s, name %u, control %zu, flags %x", in, more, to.msg_namelen, to.msg_controllen, to.msg_flags);
	CALL(sendmsg, pair[0], &out, MSG_EOR | MSG_DONTWAIT);
	to.msg_iovlen = 1;
	CALL(recvmsg, pair[1], &to, MSG_PEEK);
	SAY("flags %x", to.msg_flags);
	CALL(recvmsg, pair[1], &to, MSG_TRUNC);
	SAY("flags %x", to.msg_flags);
	CALL(recvmsg, pair[1], &to, MSG_DONTWAIT);
	CALL(sendmsg, pair[0], (&(struct msghdr){ 0 }), 0);
	CALL(recvmsg, pair[1], (&(struct msghdr){ 0 }), 0);

	CALL(sendmsg, pair[0], NULL, 0);
	CALL(sendmsg, pair[0], KERNEL, 0);
	CALL(sendmsg, 77, &out, 0);
	CALL(sendmsg, 0, &out, 0);
	out.msg_iov = KERNEL;
	CALL(sendmsg, pair[0], &out, 0);
	out.msg_iov = many;
	out.msg_iovlen = 1025;
	CALL(sendmsg, pair[0], &out, 0);
	out.msg_iovlen = -1;
	CALL(sendmsg, pair[0], &out, 0);
	out.msg_iovlen = 1024;
	many[1023] = (struct iovec){ "last", 4 };
	CALL(sendmsg, pair[0], &out, 0);
	CALL(read, pair[1], in, 8);
	many[1022] = (struct iovec){ KERNEL, 1 };
	CALL(sendmsg, pair[0], &out, 0);
	many[1022] = (struct iovec){ in, -1 };
	CALL(sendmsg, pair[0], &out, 0);
	out = (struct msghdr){ .msg_iov = out_vector, .msg_iovlen = 3, .msg_control = KERNEL, .msg_controllen = 12 };
	CALL(sendmsg, pair[0], &out, 0);
	out.msg_controllen = -1;
	CALL(sendmsg, pair[0], &out, 0);
	out.msg_control = NULL;
	out.msg_controllen = 12;
	CALL(sendmsg, pair[0], &out, 0);
	CALL(recvmsg, pair[1], &to, MSG_DONTWAIT);
	CALL(recvmsg, pair[1], NULL, 0);
	CALL(recvmsg, pair[1], KERNEL, 0);
	CALL(recvmsg, pair[1], (struct msghdr *)"a header that cannot be written, in constant data", 0);
	CALL(recvmsg, 77, &to, 0);
	to.msg_iovlen = 1025;
	CALL(recvmsg, pair[1], &to, 0);
	CALL(sendto, pair[0], "x", 1, 0, NULL, 0);
	to.msg_iovlen = 1;
	to.msg_iov = &(struct iovec){ KERNEL, 4 };
	CALL(recvmsg, pair[1], &to, MSG_DONTWAIT);
	to.msg_iov = KERNEL;
	CALL(recvmsg, pair[1], &to, MSG_DONTWAIT);

	/* with a name */
	bind(udp, (void *)&here, sizeof here);
	getsockname(udp, (void *)&here, &length);
	out = (struct msghdr){ .msg_iov = out_vector, .msg_iovlen = 3, .msg_name = &here, .msg_namelen = sizeof here };
	CALL(sendmsg, udp, &out, 0);
	await(udp);
	to = (struct msghdr){ .msg_iov = in_vector, .msg_iovlen = 2, .msg_name = name, .msg_namelen = sizeof name };
	CALL(recvmsg, udp, &to, 0);
	SAY("name of %u bytes, the sender's: %d", to.msg_namelen, !memcmp(name, &here, 8));
	out.msg_namelen = 200;
	CALL(sendmsg, udp, &out, 0); /* too long is cut */
	out.msg_namelen = -1;
	CALL(sendmsg, udp, &out, 0);
	out.msg_namelen = 5;
	CALL(sendmsg, udp, &out, 0);
	out.msg_namelen = 16;
	out.msg_name = KERNEL;
	CALL(sendmsg, udp, &out, 0);
	await(udp);
	to.msg_namelen = -1;
	CALL(recvmsg, udp, &to, MSG_DONTWAIT);
	return 0;
}
