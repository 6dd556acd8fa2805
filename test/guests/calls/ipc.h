/* What the guests of System V IPC share: raw calls by both ways, results as "name: value" or the errno. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/ipc.h>

enum { CALL = 117 };

static inline long say(const char *what, long result)
{
	if (result == -1)
		printf("%s: %s\n", what, strerrorname_np(errno));
	else
		printf("%s: %ld\n", what, result);
	return result;
}
/* Results that differ from run to run: only whether it went well. */
static inline long made(const char *what, long result)
{
	if (result == -1)
		printf("%s: %s\n", what, strerrorname_np(errno));
	else
		printf("%s: done\n", what);
	return result;
}
/* A private object has no key: the test is told its id, to remove it whatever happens. */
static inline int mine(const char *kind, int id)
{
	if (id != -1)
		fprintf(stderr, "made %s %d\n", kind, id);
	return id;
}
/* The key that the test gives each run. */
static inline long keyed(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	return argc > 1 ? strtol(argv[1], NULL, 0) : 0;
}
