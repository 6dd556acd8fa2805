/* Says who its parent is. With a FIFO's name: tells that it is ready, and says so again when its parent has ended. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void say(const char *what)
{
	char text[4096];
	int stat = -1, status = -1, fd = open("/proc/self/stat", O_RDONLY);
	text[read(fd, text, sizeof text - 1)] = 0;
	close(fd);
	sscanf(strrchr(text, ')'), ") %*c %d", &stat);
	fd = open("/proc/self/status", O_RDONLY);
	text[read(fd, text, sizeof text - 1)] = 0;
	close(fd);
	sscanf(strstr(text, "\nPPid:"), "\nPPid: %d", &status);
	printf("%sgetppid %ld, stat %d, status %d\n", what, syscall(SYS_getppid), stat, status);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	sigset_t set;
	int signal;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, 0);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	say("");
	if (argc > 1 && write(open(argv[1], O_WRONLY), "\n", 1) != 1)
		return 1;
	alarm(20);
	sigwait(&set, &signal);
	say("signalled: ");
	return 0;
}
