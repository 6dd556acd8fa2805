/* Makes a directory before main, and one in main: which of them may it? */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void make(const char *who)
{
	if (mkdir("made-early", 0700) == 0) {
		rmdir("made-early");
		printf("%s: made\n", who);
		fflush(stdout);
	}
}

__attribute__((constructor)) static void early(void)
{
	make("constructor");
}

int main(void)
{
	printf("main\n");
	fflush(stdout);
	make("main");
	return 0;
}
