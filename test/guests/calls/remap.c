/* mremap, brk. */
#include "call.h"
#include <sys/mman.h>
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

int main(void)
{
	int fd = file_of("file", "x");
	char *at = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *room = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	strcpy(at, "moved"), strcpy(at + 4096, "second"), strcpy(shared, "shared");
	SAY("shrunk %s", CALL_OK(mremap, at, 8 * 4096, 4 * 4096, 0, 0) == (long)at ? "in place" : "elsewhere");
	CALL(write, fd, at + 5 * 4096, 1);
	SAY("grown %s", CALL_OK(mremap, at, 4 * 4096, 6 * 4096, MREMAP_MAYMOVE, 0) == (long)at ? "in place" : "elsewhere");
	SAY("moved %s", CALL_OK(mremap, at, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, room) == (long)room ? "there" : "elsewhere");
	SAY("\"%s\"", room);
	CALL(write, fd, at, 1);
	CALL_OK(mremap, room, 4096, 4096, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	SAY("left \"%s\"", room);
	char *again = (char *)CALL_OK(mremap, shared, 0, 4096, MREMAP_MAYMOVE, 0);
	SAY("again \"%s\"", again);
	CALL(mremap, at + 4096, 0, 4096, MREMAP_MAYMOVE, 0);
	CALL(mremap, at + 1, 4096, 4096, MREMAP_MAYMOVE, 0);
	CALL(mremap, at, 4096, 8192, MREMAP_MAYMOVE, 0);
	CALL(mremap, at + 4096, 4096, 0, MREMAP_MAYMOVE, 0);
	CALL(mremap, at + 4096, 4096, 4096, MREMAP_FIXED, room);
	CALL(mremap, at + 4096, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, room + 1);
	CALL(mremap, at + 4096, 8192, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, at + 8192);
	CALL(mremap, at + 4096, 4096, 4096, 8, 0);
	CALL(mremap, at + 4096, 4096, 8192, 0, 0);
	CALL(mremap, at + 4096, 8192, 4096, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);

	char *end = (char *)CALL_OK(brk, NULL);
	SAY("grown %s", CALL_OK(brk, end + 5000) == (long)(end + 5000) ? "to it" : "not");
	end[4999] = 'x';
	SAY("shrunk %s", CALL_OK(brk, end) == (long)end ? "to it" : "not");
	SAY("too much %s", CALL_OK(brk, (char *)0xfffff000) == (long)end ? "is not given" : "is given");
	SAY("too little %s", CALL_OK(brk, (char *)4096) == (long)end ? "is not given" : "is given");
	return 0;
}
