/* Netlink: a socket that names itself, and a question about the interfaces that the kernel answers. */
#include "call.h"
#include "net.h"
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

int main(void)
{
	char buffer[8192];
	struct sockaddr_nl any = { .nl_family = AF_NETLINK }, me;
	socklen_t length = sizeof me;
	struct { struct nlmsghdr head; struct rtgenmsg of; } ask = {
		{ sizeof ask, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 }, { AF_UNSPEC } };
	int fd = CALL(socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	CALL(bind, fd, &any, sizeof any);
	CALL(bind, fd, &any, 4);
	CALL(getsockname, fd, &me, &length);
	SAY("family %d, length %u, named %d, groups %u", me.nl_family, length, me.nl_pid != 0, me.nl_groups);
	int on = 1;
	length = sizeof on;
	CALL(setsockopt, fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
	CALL(getsockopt, fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, &length);
	CALL(setsockopt, fd, SOL_NETLINK, 99, &on, sizeof on);
	CALL(sendto, fd, &ask, sizeof ask, 0, &any, sizeof any);
	int n = recv(fd, buffer, sizeof buffer, 0);
	struct nlmsghdr *h = (void *)buffer;
	SAY("an answer: %d, type %d, number %u", n > 0, h->nlmsg_type, h->nlmsg_seq);
	CALL(sendmsg, fd, (&(struct msghdr){ .msg_name = &any, .msg_namelen = sizeof any,
		.msg_iov = &(struct iovec){ &ask, sizeof ask }, .msg_iovlen = 1 }), 0);
	CALL(socket, AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE);
	CALL(socket, AF_NETLINK, SOCK_DGRAM, 99);
	return 0;
}
