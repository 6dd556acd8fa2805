/* SCM_CREDENTIALS, SO_PASSCRED, SO_PEERCRED: who sends is who the kernel says. */
#include "call.h"
#include "net.h"
#include <sys/stat.h>

static struct {
	struct cmsghdr head;
	struct ucred who;
} control, got;
static int pair[2];

static void pass(const char *what, int pid, int uid, int gid)
{
	struct msghdr m = { .msg_iov = &(struct iovec){ "c", 1 }, .msg_iovlen = 1,
			    .msg_control = &control, .msg_controllen = sizeof control };
	control.head = (struct cmsghdr){ CMSG_LEN(sizeof(struct ucred)), SOL_SOCKET, SCM_CREDENTIALS };
	control.who = (struct ucred){ pid, uid, gid };
	SAY("%s", what);
	CALL(sendmsg, pair[0], &m, 0);
}

static void take(void)
{
	char data[4];
	struct msghdr m = { .msg_iov = &(struct iovec){ data, 4 }, .msg_iovlen = 1,
			    .msg_control = &got, .msg_controllen = sizeof got };
	if (CALL(recvmsg, pair[1], &m, MSG_DONTWAIT) < 0)
		return;
	SAY("control %zu, flags %x", m.msg_controllen, m.msg_flags);
	if (m.msg_controllen > 0)
		SAY("%zu %d %d: my pid %d, uid %d, gid %d", got.head.cmsg_len, got.head.cmsg_level, got.head.cmsg_type,
		    got.who.pid == getpid(), got.who.uid == getuid(), got.who.gid == getgid());
}

int main(void)
{
	int on = 1;
	struct ucred peer;
	socklen_t length = sizeof peer;

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	CALL(sendto, pair[0], "x", 1, 0, NULL, 0);
	take();
	CALL(setsockopt, pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
	CALL(sendto, pair[0], "x", 1, 0, NULL, 0);
	take();
	CALL(write, pair[0], "x", 1);
	take();
	pass("as it is", getpid(), getuid(), getgid());
	take();
	pass("nobody's pid", 0x3fffff, getuid(), getgid());
	take();
	control.who.pid = 0;
	control.head.cmsg_len = CMSG_LEN(4);
	CALL(sendmsg, pair[0], (&(struct msghdr){ .msg_iov = &(struct iovec){ "c", 1 }, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(4) }), 0);
	CALL(getsockopt, pair[0], SOL_SOCKET, SO_PEERCRED, &peer, &length);
	SAY("length %u: my pid %d, uid %d, gid %d", length, peer.pid == getpid(), peer.uid == getuid(), peer.gid == getgid());
	CALL(getsockopt, socket(AF_UNIX, SOCK_STREAM, 0), SOL_SOCKET, SO_PEERCRED, &peer, &length);
	SAY("unconnected: %d %d %d", peer.pid, peer.uid, peer.gid);
	if (getuid() == 0) /* for the privileged alone, and they may */
		setresuid(1000, 1000, 1000);
	return 0;
}
