/* hold HOW [USER]: becomes that user, says that it is ready, then never ends by itself: it computes, reads, sleeps, or makes calls. */
#include <stdio.h>
#include <stdlib.h>
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

	if (argc > 2 && setuid(atoi(argv[2])) != 0)
		return 4;
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
