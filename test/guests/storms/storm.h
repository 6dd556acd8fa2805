/*
 * What storms share: NAME SEED ROUNDS. A storm does its rounds twice, rests, and is looked at from outside: first to be
 * warm, then in earnest. Each checks what must hold, and ends at the first thing that does not.
 */
#pragma once
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(what) \
	do { \
		if (!(what)) { \
			dprintf(2, "%s:%d: not so: %s (errno %d)\n", __FILE__, __LINE__, #what, errno); \
			_exit(99); \
		} \
	} while (0)

static unsigned state;
/* From 0 up to `below`; each thread may have its own state. */
static inline unsigned random_of(unsigned *of, unsigned below)
{
	*of = *of * 1664525 + 1013904223;
	return (*of >> 8) % below;
}
static inline unsigned chance(unsigned below) { return random_of(&state, below); }

static inline void ended(pid_t pid, int status)
{
	int found;
	MUST(waitpid(pid, &found, 0) == pid);
	if (found != status)
		dprintf(2, "process %d ended with 0x%x, not 0x%x\n", pid, found, status);
	MUST(found == status);
}
#define EXITED(code) ((code) << 8)

/* A program that ends with a status: this one, executed anew. */
static char SELF[PATH_MAX]; /* by its name: /proc/self/exe is the main thread's, which may be gone */
static inline char **exits_with(char *number, int code)
{
	static _Thread_local char *arguments[4];
	snprintf(number, 8, "%d", code);
	arguments[0] = "storm", arguments[1] = "exit", arguments[2] = number;
	return arguments;
}

static void storm(void);

int main(int argc, char **argv)
{
	char byte;
	if (argc == 3 && strcmp(argv[1], "exit") == 0)
		return atoi(argv[2]);
	MUST(argc == 3 && readlink("/proc/self/exe", SELF, sizeof SELF - 1) > 0);
	state = strtoul(argv[1], NULL, 10);
	for (int half = 0; half < 2; half++) {
		for (int round = 0; round < atoi(argv[2]); round++)
			storm();
		MUST(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
		MUST(getpriority(PRIO_PGRP, 0) >= 0); /* looks at each process: the helper forgets those that are gone */
		MUST(write(1, "at rest\n", 8) == 8);
		MUST(read(0, &byte, 1) == 1);
	}
	return 0;
}
