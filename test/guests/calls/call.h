/*
 * What the guests of test/calls/guests.test.ts share. A guest makes calls, prints what came of each, and is run bare and
 * in the sandbox: both must print the same. So it prints no address, inode number, time or pid, and nothing on stderr.
 *
 * Directives, a line each in a guest's first comment:
 *   policy: none | default | FILE.yaml   what judges it (none without the line); FILE lies next to the guest
 *   build: KIND...                       kinds of scripts/guest-cc.sh (glibc-static without the line)
 *   kernel: X.Y                          the first release whose answers are these: skipped before
 *   differs: LINE -- WHY                 the line as it is inside where that is by design not what it is bare
 *   arguments: NAME                      its arguments, from the project's tables: GIVEN of test/calls/arguments.ts
 *   bare: no                             it is not run bare: NAME.out next to it, or GIVEN, is what it prints
 */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "kernel.h" /* generated: NR_* of every call, ERRNO_NAMES */

/* An address where nothing is ever mapped, and one that no program can have. */
#define NOWHERE ((void *)8)
#define KERNEL ((void *)0xfffff000)

__attribute__((constructor)) static void flush_each_line(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
}

static inline const char *errno_name(int e)
{
	const int n = sizeof ERRNO_NAMES / sizeof *ERRNO_NAMES;
	return e > 0 && e < n && ERRNO_NAMES[e] ? ERRNO_NAMES[e] : "unknown";
}

/* Prints `what = result`, or only that there was one. Keeps errno. */
static inline long call_said(const char *name, const char *args, long result, int value)
{
	int e = errno;
	if (result == -1)
		printf("%s(%s) = -1 %s\n", name, args, errno_name(e));
	else if (value)
		printf("%s(%s) = %ld\n", name, args, result);
	else
		printf("%s(%s) = ok\n", name, args);
	errno = e;
	return result;
}

/* Makes the call by number, through the C library's syscall(), prints it as written with its result, returns that. */
#define CALL(name, ...) call_said(#name, #__VA_ARGS__, syscall(NR_##name, ##__VA_ARGS__), 1)
/* The same for a result that differs from run to run: an address, a pid. */
#define CALL_OK(name, ...) call_said(#name, #__VA_ARGS__, syscall(NR_##name, ##__VA_ARGS__), 0)
/* The same without a line: for what only prepares. */
#define MAKE(name, ...) syscall(NR_##name, ##__VA_ARGS__)
/* A line of one's own. A call that cannot print itself is announced by `name(`. */
#define SAY(...) (printf("  " __VA_ARGS__), putchar('\n'))

/* The first words of a call's 64-bit argument, low before high. */
#define LOW(x) (uint32_t)(x)
#define HIGH(x) (uint32_t)((uint64_t)(x) >> 32)

/* A name of 256 bytes and a path of 4096, each one too long. */
extern char LONG_NAME[257], LONG_PATH[4097];
char LONG_NAME[257], LONG_PATH[4097];
__attribute__((constructor)) static void fill_long_names(void)
{
	memset(LONG_NAME, 'n', sizeof LONG_NAME - 1);
	for (unsigned i = 0; i < sizeof LONG_PATH - 1; i++)
		LONG_PATH[i] = "./"[i % 2];
}

/* A new file with these bytes. */
static inline int file_of(const char *path, const char *text)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	return fd;
}

/* The little-endian number of `size` bytes at an offset of a structure. */
static inline unsigned long long field(const void *at, int offset, int size)
{
	unsigned long long value = 0;
	memcpy(&value, (const char *)at + offset, size);
	return value;
}
