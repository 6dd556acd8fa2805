/* sendmmsg and recvmmsg: many messages, a bad one among them, time limits in both widths. */
#include "call.h"
#include "net.h"
#include <time.h>

#define COUNT 40
static struct mmsghdr m[1100];
static struct iovec vectors[COUNT];
static char data[COUNT][8];
static int pair[2];

static void prepare(int reading)
{
	for (int i = 0; i < COUNT; i++) {
		vectors[i] = (struct iovec){ data[i], reading ? 8 : snprintf(data[i], 8, "%d", i) };
		m[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &vectors[i], .msg_iovlen = 1 }, .msg_len = 77 };
	}
	if (reading)
		memset(data, 0, sizeof data);
}

static void lengths(int from, int count)
{
	unsigned sum = 0;
	for (int i = from; i < from + count; i++)
		sum += m[i].msg_len;
	SAY("messages %d to %d: %u bytes, %s … %s", from, from + count - 1, sum, data[from], data[from + count - 1]);
}

int main(void)
{
	struct timespec soon = { .tv_nsec = 1000000 }, bad = { .tv_nsec = 1000000000 };
	long long soon64[2] = { 0, 1000000 }, bad64[2] = { -1, 0 };
	int size = 1 << 20;

	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	prepare(0);
	CALL(sendmmsg, pair[0], m, COUNT, 0);
	lengths(0, COUNT);
	prepare(1);
	CALL(recvmmsg, pair[1], m, 30, MSG_DONTWAIT, NULL);
	lengths(0, 31);
	CALL(recvmmsg, pair[1], m, COUNT, MSG_DONTWAIT, NULL);
	lengths(0, 11);
	CALL(recvmmsg, pair[1], m, 2, MSG_DONTWAIT, NULL);
	CALL(recvmmsg, pair[1], m, 0, 0, NULL);
	CALL(sendmmsg, pair[0], m, 0, 0);

	prepare(0);
	m[3].msg_hdr.msg_iov = KERNEL;
	CALL(sendmmsg, pair[0], m, 6, 0);
	lengths(0, 4);
	CALL(sendmmsg, pair[0], m + 3, 6, 0);
	prepare(1);
	CALL(recvmmsg, pair[1], m, 6, MSG_WAITFORONE, NULL);
	CALL(sendmmsg, pair[0], KERNEL, 2, 0);
	CALL(sendmmsg, pair[0], NULL, 2, 0);
	CALL(sendmmsg, 77, m, 2, 0);
	CALL(sendmmsg, 0, m, 2, 0);
	CALL(recvmmsg, 77, m, 2, 0, NULL);
	CALL(recvmmsg, pair[1], KERNEL, 2, MSG_DONTWAIT, NULL);
	CALL(sendmmsg, pair[0], m, 2, 0);

	prepare(1);
	CALL(recvmmsg, pair[1], m, 1, 0, &soon);
	SAY("left: %d", soon.tv_nsec < 1000000);
	CALL(recvmmsg, pair[1], m, 1, 0, &bad);
	CALL(recvmmsg, pair[1], m, 1, 0, KERNEL);
	CALL(recvmmsg, pair[1], m, 1, MSG_DONTWAIT, &soon);
	write(pair[0], "x", 1);
	CALL(recvmmsg_time64, pair[1], m, 1, 0, &soon64);
	SAY("left: %d", soon64[1] < 1000000);
	CALL(recvmmsg_time64, pair[1], m, 1, 0, &bad64);
	CALL(recvmmsg_time64, pair[1], m, 1, 0, KERNEL);
	CALL(recvmmsg_time64, pair[1], m, 1, MSG_DONTWAIT, NULL);

	/* no more than 1024 at once */
	memset(m, 0, sizeof m);
	socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair);
	CALL(sendmmsg, pair[0], m, 1100, 0);
	return 0;
}
