/*
 * madvise, mincore, msync, mlock and its kin.
 * differs: madvise(at, 0, 100) = -1 EPERM -- memory failures are not simulated
 * differs: madvise(at, 0, 101) = -1 EPERM -- memory failures are not simulated
 */
#include "call.h"
#include <sys/mman.h>
#include <sys/resource.h>

int main(void)
{
	unsigned char vector[4] = {9, 9, 9, 9};
	int fd = file_of("file", "");
	ftruncate(fd, 4 * 4096);
	char *at = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *file = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *hole = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(hole + 4096, 4096);
	at[0] = at[4096] = 'a';
	CALL(mincore, at, 2 * 4096, vector);
	SAY("%d %d %d", vector[0] & 1, vector[1] & 1, vector[2]);
	CALL(mincore, at + 1, 4096, vector);
	CALL(mincore, hole, 4 * 4096, vector);
	CALL(mincore, at, 4096, NOWHERE);
	CALL(mincore, (void *)4096, 2 * 4096, vector);
	CALL(mincore, at, 0, vector);
	for (int advice = 0; advice < 5; advice++)
		CALL(madvise, at, 4096, advice);
	SAY("%d", at[0]);
	for (int advice = 8; advice < 22; advice++)
		CALL(madvise, at + 2 * 4096, 4096, advice);
	CALL(madvise, file, 4096, MADV_DONTNEED);
	CALL(madvise, file, 4096, MADV_REMOVE);
	for (int advice = 22; advice < 28; advice++)
		CALL(madvise, at + 4096, 4096, advice);
	CALL(madvise, at + 4096, 4096, 102);
	CALL(madvise, at + 4096, 4096, 103);
	CALL(madvise, at, 0, 100);
	CALL(madvise, at, 0, 101);
	CALL(madvise, at, 4096, 99);
	CALL(madvise, at, 0, MADV_DONTNEED);
	CALL(madvise, at + 1, 4096, MADV_DONTNEED);
	CALL(madvise, at, -4096, MADV_DONTNEED);
	CALL(madvise, hole, 4 * 4096, MADV_DONTNEED);
	strcpy(file, "synced");
	CALL(msync, file, 4096, MS_SYNC);
	CALL(msync, file, 4096, MS_ASYNC | MS_INVALIDATE);
	CALL(msync, file, 4096, MS_SYNC | MS_ASYNC);
	CALL(msync, file, 4096, 8);
	CALL(msync, file + 1, 4096, MS_SYNC);
	CALL(msync, hole, 4 * 4096, MS_SYNC);
	CALL(msync, hole, 0, MS_SYNC);
	CALL(mlock, at, 100);
	CALL(mlock, hole, 4 * 4096);
	CALL(mlock, at, -1);
	CALL(mlock2, at, 4096, 1);
	CALL(mlock2, at, 4096, 2);
	CALL(munlock, at, 4096);
	CALL(munlock, hole, 4 * 4096);
	CALL(madvise, at, 4096, MADV_DONTNEED);
	/* without the right to lock all that there is, the sandbox's own memory counts too */
	struct rlimit none = {0, 0};
	if (geteuid() != 0)
		setrlimit(RLIMIT_MEMLOCK, &none);
	CALL(mlockall, 0);
	CALL(mlockall, 8);
	CALL(mlockall, MCL_ONFAULT);
	CALL(mlockall, MCL_CURRENT);
	CALL(mlockall, MCL_CURRENT | MCL_FUTURE);
	CALL(munlockall);
	return 0;
}
