/*
 * Runs a command on a terminal of its own and types lines into it, for the test and the recording of the demo.
 *
 * Usage: pty PROMPT PACE TIMEOUT COMMAND [ARGUMENT...] <LINES
 *
 * Each line is typed when PROMPT has come at the start of a line; after the last, when it comes once more, Ctrl-D.
 * PACE: milliseconds between two keys. What the terminal shows goes to standard output. Exit status: the command's,
 * 128+n when signal n ended it; 124 when it took longer than TIMEOUT seconds; 2 for our failure.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CTRL_D = 4, COLUMNS = 120, ROWS = 40 };

static char lines[1 << 16];
static const char *next = lines;
/* How much of the prompt stands at the start of the line now; -1 when the line starts otherwise. */
static int matched;
static int prompted;

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static pid_t start(int terminal, char **command)
{
	struct winsize size = { .ws_row = ROWS, .ws_col = COLUMNS };
	const char *name = ptsname(terminal);
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	setsid();
	int tty = open(name, O_RDWR);
	if (tty < 0 || ioctl(tty, TIOCSCTTY, 0) < 0 || ioctl(tty, TIOCSWINSZ, &size) < 0)
		fail(name);
	for (int fd = 0; fd < 3; fd++)
		dup2(tty, fd);
	close(tty);
	execvp(command[0], command);
	fail(command[0]);
	return 0;
}

static void look_for(const char *prompt, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n')
			matched = 0;
		else if (matched >= 0)
			matched = bytes[i] == prompt[matched] ? matched + 1 : -1;
		if (matched > 0 && prompt[matched] == '\0') {
			prompted = 1;
			matched = -1;
		}
	}
}

static void press(int terminal, char key, long pace)
{
	struct timespec pause = { pace / 1000, pace % 1000 * 1000000 };
	nanosleep(&pause, NULL);
	if (write(terminal, &key, 1) != 1)
		fail("typing");
}

/* The next line, or Ctrl-D behind the last. */
static void type(int terminal, long pace)
{
	prompted = 0;
	if (*next == '\0')
		press(terminal, CTRL_D, 10 * pace);
	while (*next != '\0') {
		char key = *next++;
		press(terminal, key, pace);
		if (key == '\n')
			break;
	}
}

int main(int argc, char **argv)
{
	if (argc < 5) {
		fprintf(stderr, "usage: pty PROMPT PACE TIMEOUT COMMAND [ARGUMENT...] <LINES\n");
		return 2;
	}
	long pace = atol(argv[2]);
	time_t end = time(NULL) + atol(argv[3]);
	if (fread(lines, 1, sizeof lines - 1, stdin) == sizeof lines - 1)
		fail("lines");
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal < 0 || grantpt(terminal) < 0 || unlockpt(terminal) < 0)
		fail("openpt");
	pid_t pid = start(terminal, argv + 4);
	int late = 0;
	for (;;) {
		char bytes[4096];
		struct pollfd ready = { terminal, POLLIN, 0 };
		poll(&ready, 1, 1000);
		if (time(NULL) > end && !late) {
			late = 1;
			kill(-pid, SIGKILL);
		}
		if (ready.revents == 0)
			continue;
		/* EIO: nobody holds the terminal any more. */
		ssize_t n = read(terminal, bytes, sizeof bytes);
		if (n <= 0)
			break;
		look_for(argv[1], bytes, n);
		fwrite(bytes, 1, n, stdout);
		fflush(stdout);
		if (prompted)
			type(terminal, pace);
	}
	int status;
	waitpid(pid, &status, 0);
	if (late)
		return 124;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
