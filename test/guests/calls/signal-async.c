/* O_ASYNC: SIGIO for the owner when a socket or a pipe has something. */
#include "call.h"
#include <asm/ioctls.h>
#include <signal.h>
#include <sys/socket.h>

static int heard;
static void hear(int number)
{
	heard += number == SIGIO;
}

static void tell(const char *what, int reader, int writer)
{
	heard = 0;
	write(writer, "x", 1);
	for (int i = 0; i < 100 && !heard; i++)
		usleep(2000);
	char byte;
	read(reader, &byte, 1);
	printf("%s: %d\n", what, heard > 0);
}

int main(void)
{
	int pair[2], both[2], on = 1, off = 0;
	struct sigaction action = {.sa_handler = hear};
	sigaction(SIGIO, &action, 0);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || pipe(both))
		return 1;
	CALL(fcntl64, pair[0], F_SETOWN, getpid());
	CALL(ioctl, pair[0], FIOASYNC, &on);
	printf("flag: %d\n", (fcntl(pair[0], F_GETFL) & O_ASYNC) != 0);
	tell("socket", pair[0], pair[1]);
	CALL(ioctl, pair[0], FIOASYNC, &off);
	CALL(fcntl64, both[0], F_SETFL, O_ASYNC | O_NONBLOCK);
	CALL(fcntl64, both[0], F_SETOWN, getpid());
	tell("pipe", both[0], both[1]);
	CALL(fcntl64, both[0], F_SETFL, 0);
	printf("flag: %d\n", (fcntl(both[0], F_GETFL) & O_ASYNC) != 0);
	CALL(ioctl, pair[0], FIOASYNC, 0);
	CALL(ioctl, 99, FIOASYNC, &on);
	return 0;
}
