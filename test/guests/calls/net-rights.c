/* SCM_RIGHTS: descriptors that travel in a message, several, too many, close-on-exec, and control data that lies. */
#include "call.h"
#include "net.h"
#include <sys/stat.h>

static union {
	char bytes[4096];
	struct cmsghdr first;
} control, got;
static int pair[2];

static struct cmsghdr *rights(int count, const int *fds)
{
	control.first = (struct cmsghdr){ CMSG_LEN(4 * count), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.first), fds, 4 * count);
	return &control.first;
}

static long pass(unsigned length)
{
	struct msghdr m = { .msg_iov = &(struct iovec){ "d", 1 }, .msg_iovlen = 1,
			    .msg_control = &control, .msg_controllen = length };
	return CALL(sendmsg, pair[0], &m, 0);
}

static void take(unsigned room, int flags)
{
	char data;
	struct msghdr m = { .msg_iov = &(struct iovec){ &data, 1 }, .msg_iovlen = 1,
			    .msg_control = &got, .msg_controllen = room };
	if (CALL(recvmsg, pair[1], &m, flags | MSG_DONTWAIT) < 0)
		return;
	SAY("control %zu, flags %x", m.msg_controllen, m.msg_flags);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		SAY("entry %zu %d %d", c->cmsg_len, c->cmsg_level, c->cmsg_type);
		for (unsigned i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / 4; i++) {
			struct stat s;
			int fd = ((int *)CMSG_DATA(c))[i], bad = fstat(fd, &s);
			SAY("descriptor %d: type %o, close-on-exec %d", fd, bad ? 0 : s.st_mode & S_IFMT, fcntl(fd, F_GETFD));
			close(fd);
		}
	}
}

int main(void)
{
	int fds[300] = { open(".", O_RDONLY), dup(0) };
	for (int i = 2; i < 300; i++)
		fds[i] = fds[0];

	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	pass(rights(2, fds)->cmsg_len);
	take(sizeof got, 0);
	pass(rights(1, fds)->cmsg_len);
	take(sizeof got, MSG_CMSG_CLOEXEC);
	pass(rights(2, fds)->cmsg_len);
	take(CMSG_LEN(4), 0); /* room for one */
	pass(rights(1, fds)->cmsg_len);
	take(0, 0);
	pass(rights(1, fds)->cmsg_len);
	take(sizeof got, MSG_PEEK); /* a duplicate */
	take(sizeof got, 0);
	pass(rights(0, fds)->cmsg_len);
	take(sizeof got, 0);
	pass(rights(253, fds)->cmsg_len);
	take(CMSG_LEN(8), 0);
	pass(rights(254, fds)->cmsg_len);
	pass(rights(1, (int[]){ 77 })->cmsg_len);
	pass(rights(1, (int[]){ -1 })->cmsg_len);
	pass(rights(2, (int[]){ 0, 77 })->cmsg_len);

	/* lengths that do not fit */
	pass(CMSG_LEN(4) - (rights(1, fds)->cmsg_len = 5, 0));
	rights(1, fds)->cmsg_len = 0;
	pass(CMSG_LEN(4));
	rights(1, fds)->cmsg_len = -1;
	pass(CMSG_LEN(4));
	pass(rights(1, fds)->cmsg_len - 1);
	rights(1, fds)->cmsg_len += 3; /* part of a descriptor */
	pass(CMSG_LEN(4) + 3);
	take(sizeof got, 0);
	pass((rights(1, fds), 11)); /* shorter than a header */
	take(sizeof got, 0);
	rights(1, fds)->cmsg_type = 99;
	pass(CMSG_LEN(4));
	rights(1, fds)->cmsg_level = SOL_IP; /* not of this socket: passed over */
	control.first.cmsg_type = IP_TTL;
	pass(CMSG_LEN(4));
	take(sizeof got, 0);

	/* two entries */
	memcpy(control.bytes + CMSG_SPACE(4), rights(1, fds), CMSG_LEN(4));
	pass(CMSG_SPACE(4) + CMSG_LEN(4));
	take(sizeof got, 0);
	CALL(dup, 0);
	return 0;
}
