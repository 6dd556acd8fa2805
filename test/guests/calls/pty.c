/*
 * A pseudo-terminal of one's own: requests of its master, and of a terminal.
 * differs: ioctl(slave, TIOCEXCL, 0) = -1 EPERM -- it shuts others out
 * differs: ioctl(slave, TIOCNXCL, 0) = -1 EPERM -- it shuts others out
 */
#include "call.h"
#include <asm/termbits.h>
#include <poll.h>
#include <sys/ioctl.h>
#undef ioctl

static void show(const struct termios2 *t)
{
	SAY("%o %o %o %o line %d speed %u", t->c_iflag, t->c_oflag, t->c_cflag, t->c_lflag, t->c_line, t->c_ospeed);
}

int main(void)
{
	struct termios2 t;
	struct winsize size = {33, 44, 5, 6};
	unsigned char old[18];
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), number = -1, value = 0, one = 1, zero = 0;
	char name[32], text[32];
	CALL(ioctl, master, TIOCGPTN, &number);
	CALL(ioctl, master, TIOCGPTLCK, &value);
	SAY("locked %d", value);
	snprintf(name, sizeof name, "/dev/pts/%d", number);
	SAY("open: %s", open(name, O_RDWR | O_NOCTTY) < 0 ? errno_name(errno) : "ok");
	CALL(ioctl, master, TIOCSPTLCK, &zero);
	CALL(ioctl, master, TIOCSPTLCK, NOWHERE);
	int slave = open(name, O_RDWR | O_NOCTTY);
	SAY("descriptor %d", slave);
	CALL(ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	CALL(ioctl, slave, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	CALL(ioctl, slave, TIOCGPTN, &number);

	CALL(ioctl, slave, TCGETS2, &t), show(&t);
	t.c_lflag &= ~(ECHO | ICANON);
	CALL(ioctl, slave, TCSETS2, &t);
	t.c_oflag = 0;
	CALL(ioctl, slave, TCSETSW2, &t);
	t.c_iflag = 0;
	CALL(ioctl, slave, TCSETSF2, &t);
	CALL(ioctl, slave, TCGETS, &t), show(&t);
	CALL(ioctl, slave, TCSETS, &t);
	CALL(ioctl, slave, TCSETSW, &t);
	CALL(ioctl, slave, TCSETSF, &t);
	CALL(ioctl, slave, TCGETA, old);
	SAY("%llo", field(old, 4, 2));
	CALL(ioctl, slave, TCSETA, old);
	CALL(ioctl, slave, TCSETAW, old);
	CALL(ioctl, slave, TCSETAF, old);
	CALL(ioctl, slave, TCGETS, NOWHERE);
	CALL(ioctl, slave, TCSETS, NOWHERE);
	CALL(ioctl, slave, TIOCSWINSZ, &size);
	memset(&size, 0, sizeof size);
	CALL(ioctl, master, TIOCGWINSZ, &size);
	SAY("%d x %d, %d x %d", size.ws_row, size.ws_col, size.ws_xpixel, size.ws_ypixel);
	CALL(ioctl, slave, TIOCGETD, &value);
	SAY("line discipline %d", value);

	CALL(write, master, "typed", 5);
	poll(&(struct pollfd){slave, POLLIN, 0}, 1, 5000); /* it is handed over in its own time */
	CALL(ioctl, slave, FIONREAD, &value);
	SAY("%d to read", value);
	CALL(ioctl, slave, TIOCOUTQ, &value);
	SAY("%d to send", value);
	CALL(ioctl, slave, TCFLSH, 0);
	CALL(ioctl, slave, FIONREAD, &value);
	SAY("%d to read", value);
	CALL(ioctl, slave, TCFLSH, 9);
	CALL(ioctl, slave, TCXONC, 0);
	CALL(ioctl, slave, TCXONC, 1);
	CALL(ioctl, slave, TCXONC, 9);
	CALL(ioctl, slave, TCSBRK, 1);
	CALL(ioctl, slave, TCSBRKP, 0);
	CALL(ioctl, master, TIOCPKT, &one);
	CALL(ioctl, master, TIOCGPKT, &value);
	SAY("packets %d", value);
	CALL(write, slave, "out", 3);
	CALL(read, master, text, sizeof text);
	SAY("%d \"%.3s\"", text[0], text + 1);
	CALL(ioctl, slave, TIOCGEXCL, &value);
	SAY("exclusive %d", value);
	CALL(ioctl, slave, TIOCEXCL, 0);
	CALL(ioctl, slave, TIOCNXCL, 0);

	CALL(ioctl, slave, TIOCGPGRP, &value);
	CALL(ioctl, slave, TIOCGSID, &value);
	CALL(ioctl, slave, TIOCSPGRP, &zero);
	CALL(ioctl, slave, TIOCNOTTY, 0);
	CALL(ioctl, 0, TCGETS, &t);
	CALL(ioctl, 77, TCGETS, &t);
	return 0;
}
