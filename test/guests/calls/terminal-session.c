/* A session with a controlling terminal: its group and session, and how it is given up. */
#include "call.h"
#include <asm/ioctls.h>
#include <signal.h>

int main(void)
{
	int zero = 0, number, group = -1, session = -1;
	char name[32];
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	MAKE(ioctl, master, TIOCSPTLCK, &zero);
	MAKE(ioctl, master, TIOCGPTN, &number);
	snprintf(name, sizeof name, "/dev/pts/%d", number);
	int slave = open(name, O_RDWR | O_NOCTTY);
	SAY("setsid: %s", setsid() < 0 ? errno_name(errno) : "ok");
	CALL(ioctl, slave, TIOCSCTTY, 0);
	CALL(ioctl, slave, TIOCGPGRP, &group);
	CALL(ioctl, slave, TIOCGSID, &session);
	SAY("group %s, session %s", group == getpid() ? "is ours" : "is another", session == getpid() ? "is ours" : "is another");
	group = getpid();
	CALL(ioctl, slave, TIOCSPGRP, &group);
	CALL(ioctl, slave, TIOCSPGRP, NOWHERE);
	SAY("open /dev/tty: %s", open("/dev/tty", O_RDWR) < 0 ? errno_name(errno) : "ok");
	signal(1, SIG_IGN);
	CALL(ioctl, slave, TIOCNOTTY, 0);
	CALL(ioctl, slave, TIOCGSID, &session);
	SAY("open /dev/tty: %s", open("/dev/tty", O_RDWR) < 0 ? errno_name(errno) : "ok");
	return 0;
}
