/* Who others are told that one is, after a change of ids: SCM_CREDENTIALS of native and of asked calls, SO_PEERCRED. */
#include "call.h"
#include "net.h"
#include <signal.h>

static int pair[2];

static void take(const char *what)
{
	struct {
		struct cmsghdr head;
		struct ucred who;
	} got = { 0 };
	char data[4];
	struct msghdr m = { .msg_iov = &(struct iovec){ data, 4 }, .msg_iovlen = 1,
			    .msg_control = &got, .msg_controllen = sizeof got };

	recvmsg(pair[1], &m, MSG_DONTWAIT);
	SAY("%s: my pid %d, user %d, group %d", what, got.who.pid == getpid(), got.who.uid, got.who.gid);
}

static void claim(int uid, int gid)
{
	struct {
		struct cmsghdr head;
		struct ucred who;
	} told = { { CMSG_LEN(sizeof(struct ucred)), SOL_SOCKET, SCM_CREDENTIALS }, { getpid(), uid, gid } };
	struct msghdr m = { .msg_iov = &(struct iovec){ "c", 1 }, .msg_iovlen = 1,
			    .msg_control = &told, .msg_controllen = sizeof told };

	SAY("claims to be %d %d", uid, gid);
	if (CALL(sendmsg, pair[0], &m, 0) > 0)
		take("claimed");
}

static void all(void)
{
	struct ucred peer;
	socklen_t length = sizeof peer;
	int fresh[2];

	write(pair[0], "w", 1);
	take("written");
	MAKE(sendto, pair[0], "s", 1, 0, NULL, 0);
	take("sent");
	claim(0, 0);
	claim(65533, 65532);
	claim(65531, 65532);
	socketpair(AF_UNIX, SOCK_STREAM, 0, fresh);
	getsockopt(fresh[0], SOL_SOCKET, SO_PEERCRED, &peer, &length);
	SAY("a new pair: my pid %d, user %d, group %d", peer.pid == getpid(), peer.uid, peer.gid);
	close(fresh[0]);
	close(fresh[1]);
	CALL(kill, getpid(), 0);
	CALL(kill, 0x3fffff, 0);
	CALL(setpriority, 0, 0, -5);
	CALL(sched_getscheduler, 0);
}

int main(void)
{
	int on = 1;

	if (getuid() != 0) {
		SAY("for root");
		return 0;
	}
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
	all();
	MAKE(setresgid32, -1, 65532, -1);
	MAKE(setresuid32, -1, 65533, -1);
	all();
	MAKE(setresuid32, 65533, 0, 0);
	all();
	MAKE(setresgid32, 65532, 65532, 65532);
	MAKE(setresuid32, 65533, 65533, 65533);
	all();
	return 0;
}
