/* hold HOW: says that it is ready, then never ends by itself: it computes, reads, sleeps, or makes calls. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	struct timespec hour = { 3600, 0 };
	struct stat st;
	char byte;

	printf("ready> ");
	fflush(stdout);
	if (!strcmp(how, "read"))
		while (read(0, &byte, 1) != 0)
			;
	if (!strcmp(how, "sleep"))
		nanosleep(&hour, NULL);
	if (!strcmp(how, "calls"))
		for (;;)
			stat("/", &st);
	if (!strcmp(how, "write"))
		while (puts("more") != EOF)
			;
	if (!strcmp(how, "compute"))
		for (;;)
			__asm__ volatile("");
	return 3;
}
