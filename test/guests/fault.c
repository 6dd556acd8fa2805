/* fault HOW: says so, then ends by a signal of its own making. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile int zero;

static int deeper(volatile char *above)
{
	volatile char here[4096];
	here[0] = above[0];
	return deeper(here) + here[0];
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	char start = 0;

	printf("fault: %s\n", how);
	fflush(stdout);
	if (!strcmp(how, "write"))
		*(volatile int *)16 = 1;
	if (!strcmp(how, "constant"))
		*(volatile char *)"constant" = 1;
	if (!strcmp(how, "jump"))
		((void (*)(void))0)();
	if (!strcmp(how, "stack"))
		return deeper(&start);
	if (!strcmp(how, "ud2"))
		__asm__ volatile("ud2");
	if (!strcmp(how, "hlt"))
		__asm__ volatile("hlt");
	if (!strcmp(how, "int3"))
		__asm__ volatile("int3");
	if (!strcmp(how, "divide"))
		return 10 / zero;
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "raise"))
		raise(SIGTERM);
	return 1;
}
