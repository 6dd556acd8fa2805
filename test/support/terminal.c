/*
 * Runs a command on a new terminal, which it leads: bytes from standard input are typed, what the terminal shows goes to
 * standard output. A NUL and a letter are orders: w, the window is 50 columns by 20 lines from now on; h, the terminal is hung up.
 * The last line is "[status N]", as a shell tells it, or "[stopped]" for a command that stopped.
 */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int master;

static void order(char letter)
{
	struct winsize window = { .ws_row = 20, .ws_col = 50 };
	if (letter == 'w')
		ioctl(master, TIOCSWINSZ, &window);
	if (letter == 'h') {
		close(master);
		master = -1;
	}
}

static void type(const char *text, ssize_t length)
{
	static int ordered;
	for (ssize_t i = 0; i < length; i++) {
		if (ordered)
			order(text[i]);
		else if (text[i] != 0 && write(master, &text[i], 1) != 1)
			exit(1);
		ordered = !ordered && text[i] == 0;
	}
}

int main(int argc, char **argv)
{
	char text[4096];
	int status, typing = 1;
	struct winsize window = { .ws_row = 24, .ws_col = 250 };
	(void)argc;
	signal(SIGPIPE, SIG_IGN);
	pid_t child = forkpty(&master, NULL, NULL, &window);
	if (child == 0) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	while (master >= 0) {
		struct pollfd from[] = { { typing ? 0 : -1, POLLIN, 0 }, { master, POLLIN, 0 } };
		poll(from, 2, -1);
		ssize_t n;
		if (from[1].revents) {
			if ((n = read(master, text, sizeof text)) <= 0 || write(1, text, n) != n)
				break;
		} else if (from[0].revents) {
			if ((n = read(0, text, sizeof text)) <= 0)
				typing = 0;
			else
				type(text, n);
		}
	}
	if (waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status)) {
		puts("[stopped]");
		kill(child, SIGKILL);
	} else
		printf("[status %d]\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
