#include "ipc.h"
#include <fcntl.h>
#include <linux/mqueue.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

static struct { long long sec, nsec; } past64;
static struct { int sec, nsec; } past;
static char buffer[64];

static unsigned priority;

static void received(const char *what, long result)
{
	say(what, result);
	if (result != -1)
		printf("priority %u text %.*s\n", priority, (int)result, buffer);
}

static void messages(int queue)
{
	struct pollfd ready = {queue, POLLIN | POLLOUT, 0};
	say("mq_timedsend", syscall(SYS_mq_timedsend, queue, "low", 3, 1, 0));
	say("mq_timedsend_time64", syscall(SYS_mq_timedsend_time64, queue, "high", 4, 9, 0));
	say("mq_timedsend to a full queue", syscall(SYS_mq_timedsend, queue, "more", 4, 0, &past));
	say("mq_timedsend of too much", syscall(SYS_mq_timedsend, queue, buffer, 64, 0, 0));
	say("poll", poll(&ready, 1, 0));
	printf("ready for %x\n", ready.revents);
	say("mq_timedreceive to too little", syscall(SYS_mq_timedreceive, queue, buffer, 8, 0, 0));
	received("mq_timedreceive", syscall(SYS_mq_timedreceive, queue, buffer, 16, &priority, 0));
	received("mq_timedreceive", syscall(SYS_mq_timedreceive_time64, queue, buffer, 16, &priority, 0));
	say("mq_timedsend", syscall(SYS_mq_timedsend, queue, "lost", 4, 0, 0));
	say("mq_timedreceive to nothing", syscall(SYS_mq_timedreceive, queue, 16, 16, 0, 0));
	say("mq_timedreceive of none", syscall(SYS_mq_timedreceive, queue, buffer, 16, &priority, &past));
	say("mq_timedreceive_time64 of none", syscall(SYS_mq_timedreceive_time64, queue, buffer, 16, &priority, &past64));
}

static void attributes(int queue)
{
	struct mq_attr set = {.mq_flags = O_NONBLOCK}, old;
	memset(&old, 0xff, sizeof old);
	say("mq_getsetattr", syscall(SYS_mq_getsetattr, queue, &set, &old));
	printf("flags %lx room %ld of %ld, now %ld\n", old.mq_flags, old.mq_maxmsg, old.mq_msgsize, old.mq_curmsgs);
	say("mq_getsetattr", syscall(SYS_mq_getsetattr, queue, 0, &old));
	printf("flags %lx\n", old.mq_flags);
	say("mq_timedreceive without waiting", syscall(SYS_mq_timedreceive, queue, buffer, 16, 0, 0));
	set.mq_flags = 0x40000;
	say("mq_getsetattr of other flags", syscall(SYS_mq_getsetattr, queue, &set, 0));
	say("read it", read(queue, buffer, 6));
	printf("%.6s\n", buffer);
}

static void notices(int queue)
{
	struct sigevent silent = {.sigev_notify = SIGEV_NONE}, odd = {.sigev_notify = 77};
	say("mq_notify nobody", syscall(SYS_mq_notify, queue, &silent));
	say("mq_notify nobody again", syscall(SYS_mq_notify, queue, &silent));
	say("mq_notify no more", syscall(SYS_mq_notify, queue, 0));
	say("mq_notify oddly", syscall(SYS_mq_notify, queue, &odd));
	say("mq_notify at nothing", syscall(SYS_mq_notify, queue, 16));
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	struct mq_attr room = {.mq_maxmsg = 2, .mq_msgsize = 16}, wrong = {.mq_maxmsg = -1, .mq_msgsize = 16};
	int queue;
	setvbuf(stdout, NULL, _IOLBF, 0);
	umask(0);
	if (argc > 2) /* to clean up */
		return (int)syscall(SYS_mq_unlink, name);
	made("mq_open of none", syscall(SYS_mq_open, name, O_RDWR, 0, 0));
	made("mq_open, wrong", syscall(SYS_mq_open, name, O_RDWR | O_CREAT, 0600, &wrong));
	made("mq_open, attributes at nothing", syscall(SYS_mq_open, name, O_RDWR | O_CREAT, 0600, 16));
	queue = made("mq_open", syscall(SYS_mq_open, name, O_RDWR | O_CREAT, 0600, &room));
	made("mq_open again", syscall(SYS_mq_open, name, O_RDWR | O_CREAT | O_EXCL, 0600, 0));
	if (queue != -1) {
		messages(queue);
		attributes(queue);
		notices(queue);
	}
	made("mq_open with a slash", syscall(SYS_mq_open, "/etc", O_RDWR | O_CREAT, 0600, 0));
	made("mq_open inside", syscall(SYS_mq_open, "a/b", O_RDWR | O_CREAT, 0600, 0));
	made("mq_open above", syscall(SYS_mq_open, "..", O_RDWR, 0, 0));
	made("mq_open of no name", syscall(SYS_mq_open, "", O_RDWR | O_CREAT, 0600, 0));
	memset(buffer, 'x', sizeof buffer);
	made("mq_open at nothing", syscall(SYS_mq_open, 16, O_RDWR, 0, 0));
	say("mq_unlink", syscall(SYS_mq_unlink, name));
	say("mq_unlink again", syscall(SYS_mq_unlink, name));
	say("mq_unlink of a path", syscall(SYS_mq_unlink, "../etc"));
	say("mq_timedsend to no queue", syscall(SYS_mq_timedsend, 1, "x", 1, 0, 0));
	return 0;
}
