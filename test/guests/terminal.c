/*
 * Stops as editors do: its handler of SIGTSTP puts things in order, stops the process by what the signal does by default, and
 * goes on behind that. Tells of its window's size as it changes.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static volatile sig_atomic_t stopped, resized;
static void stop(int n) { stopped = n; }
static void resize(int n) { resized = n; }

int main(void)
{
	signal(SIGTSTP, stop);
	signal(SIGWINCH, resize);
	puts("begun");
	fflush(stdout);
	for (;;) {
		usleep(10000);
		if (stopped) {
			stopped = 0;
			puts("stops");
			fflush(stdout);
			signal(SIGTSTP, SIG_DFL);
			kill(getpid(), SIGTSTP);
			signal(SIGTSTP, stop);
			puts("goes on");
		}
		if (resized) {
			struct winsize size;
			resized = 0;
			ioctl(0, TIOCGWINSZ, &size);
			printf("window %d x %d\n", size.ws_col, size.ws_row);
		}
		fflush(stdout);
	}
}
