/* O_ASYNC: SIGIO for the owner when a socket or a pipe has something, however the owner is named. */
#include "call.h"
#include <asm/ioctls.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

static volatile int heard, by;
static void hear(int number)
{
	heard += number == SIGIO;
	by = MAKE(gettid);
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

/* One that does not block it hears it, where the main thread does. */
static void *listen_there(void *pair)
{
	sigset_t none;
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, 0);
	tell("in a thread", ((int *)pair)[0], ((int *)pair)[1]);
	printf("by it: %d\n", by == MAKE(gettid));
	return 0;
}

static void named(int *pair)
{
	struct f_owner_ex process = {F_OWNER_PID, getpid()}, main_thread = {F_OWNER_TID, getpid()}, group = {F_OWNER_PGRP, 0}, is;
	sigset_t set;
	pthread_t other;
	CALL(fcntl64, pair[0], F_SETOWN_EX, &process);
	CALL(fcntl64, pair[0], F_SETFL, O_ASYNC);
	tell("a process", pair[0], pair[1]);
	CALL(fcntl64, pair[0], F_GETOWN_EX, &is);
	printf("type %d, own %d\n", is.type, is.pid == getpid());
	CALL(fcntl64, pair[0], F_SETOWN_EX, &main_thread);
	tell("the main thread", pair[0], pair[1]);
	CALL(fcntl64, pair[0], F_SETOWN, getpid());
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	pthread_sigmask(SIG_BLOCK, &set, 0);
	pthread_create(&other, 0, listen_there, pair);
	pthread_join(other, 0);
	pthread_sigmask(SIG_UNBLOCK, &set, 0);
	CALL(fcntl64, pair[0], F_SETOWN_EX, &group);
	tell("nobody", pair[0], pair[1]);
	CALL(fcntl64, pair[0], F_SETFL, 0);
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
	named(pair);
	CALL(ioctl, pair[0], FIOASYNC, 0);
	CALL(ioctl, 99, FIOASYNC, &on);
	return 0;
}
