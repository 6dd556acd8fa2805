/*
 * mmap, mmap2, munmap: private and shared, fixed, of files and of nothing.
 * differs: mmap2(at, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0) = -1 EINVAL -- huge pages are not offered
 */
#include "call.h"
#include <linux/mman.h>

#define MAP_DROPPABLE 8
#define MAP_32BIT 0x40
#define RW (PROT_READ | PROT_WRITE)
#include <sys/mman.h>

int main(void)
{
	struct { uint32_t address, length, prot, flags, fd, offset; } a = {0, 8192, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0};
	char text[9000] = "";
	int fd = file_of("file", ""), reading, writing, path, both[2];
	memset(text, 'a', 4096), memset(text + 4096, 'b', 4904);
	if (write(fd, text, 9000) != 9000 || pipe(both))
		return 1;
	reading = open("file", O_RDONLY), writing = open("file", O_WRONLY), path = open("file", O_PATH);
	char *m = (char *)CALL_OK(mmap, &a);
	m[8191] = 'x';
	char *at = (char *)CALL_OK(mmap2, NULL, 3 * 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	SAY("mapped %s", CALL_OK(mmap2, at + 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 1) == (long)(at + 4096) ? "there" : "elsewhere");
	SAY("%c", at[4096]);
	SAY("mapped %s", CALL_OK(mmap2, at, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == (long)at ? "there" : "elsewhere");
	CALL(mmap2, at, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	char *shared = (char *)CALL_OK(mmap2, NULL, 9000, RW, MAP_SHARED | MAP_POPULATE, fd, 0);
	shared[1] = 'S';
	char *private = (char *)CALL_OK(mmap2, NULL, 4096, RW, MAP_PRIVATE | MAP_DENYWRITE, reading, 0);
	private[2] = 'P';
	pread(fd, text, 4, 0);
	SAY("%.4s %.4s %.4s", text, shared, private);
	CALL_OK(mmap2, NULL, 4096, PROT_NONE, MAP_SHARED_VALIDATE, fd, 0);
	CALL_OK(mmap2, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	CALL_OK(mmap2, NULL, 4096, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_NONBLOCK | MAP_UNINITIALIZED, -1, 7);
	CALL_OK(mmap2, (void *)0x30000001, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_SYNC, -1, 0);
	CALL_OK(mmap2, NULL, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0);
	CALL_OK(mmap2, NULL, 4096, RW, MAP_PRIVATE | MAP_EXECUTABLE, fd, 0x100);
	CALL(mmap2, at, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	CALL_OK(mmap2, NULL, 4096, RW, MAP_DROPPABLE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	CALL_OK(mmap2, NULL, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS | 0x80, -1, 0);
	CALL(mmap2, NULL, 0, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CALL(mmap2, NULL, -1, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CALL(mmap2, NULL, 4096, RW, MAP_ANONYMOUS, -1, 0);
	CALL(mmap2, (void *)1, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CALL(mmap2, NULL, 4096, RW, MAP_SHARED, reading, 0);
	CALL(mmap2, NULL, 4096, PROT_READ, MAP_PRIVATE, writing, 0);
	CALL(mmap2, NULL, 4096, PROT_READ, MAP_PRIVATE, path, 0);
	CALL(mmap2, NULL, 4096, PROT_READ, MAP_PRIVATE, both[0], 0);
	CALL(mmap2, NULL, 4096, PROT_READ, MAP_PRIVATE, 77, 0);
	CALL(mmap2, NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0);
	CALL(mmap, NOWHERE);
	a.offset = 1;
	CALL(mmap, &a);
	a.offset = 0, a.length = 0;
	CALL(mmap, &a);
	a.length = 10, a.flags = 0;
	CALL(mmap, &a);
	CALL(munmap, at + 4096, 4096);
	CALL(write, fd, at + 4096, 1);
	CALL(munmap, at, 3 * 4096);
	CALL(munmap, at, 3 * 4096);
	CALL(munmap, at + 1, 4096);
	CALL(munmap, at, 0);
	CALL(munmap, at, -4096);
	CALL(munmap, m, 1);
	CALL(write, fd, m, 1);
	CALL(write, fd, m + 4096, 1);
	return 0;
}
