/* mprotect, pkey_mprotect, mseal: what the kernel then lets a call read and write. */
#include "call.h"
#include <sys/mman.h>
#define PROT_SEM 8

int main(void)
{
	int null = open("/dev/zero", O_RDWR), fd = file_of("file", "x");
	char *at = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *file = mmap(NULL, 4096, PROT_READ, MAP_SHARED, open("file", O_RDONLY), 0);
	CALL(mprotect, at, 4096, PROT_READ);
	CALL(read, null, at, 4);
	CALL(write, fd, at, 4);
	CALL(mprotect, at, 1, PROT_NONE);
	CALL(write, fd, at, 4);
	CALL(mprotect, at, 2 * 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
	CALL(read, null, at, 4);
	memcpy(at, "\xb8\x2a\0\0\0\xc3", 6); /* mov $42,%eax; ret */
	SAY("called: %d", ((int (*)(void))at)());
	CALL(mprotect, at, 4096, PROT_READ | PROT_EXEC);
	SAY("called: %d", ((int (*)(void))at)());
	CALL(mprotect, at + 1, 4096, PROT_READ);
	CALL(mprotect, at, 0, PROT_READ);
	CALL(mprotect, at + 1, 0, PROT_READ);
	CALL(mprotect, at, 4096, 0x100);
	CALL(mprotect, at, 4096, PROT_SEM | PROT_READ);
	CALL(mprotect, at, 4096, PROT_GROWSDOWN | PROT_GROWSUP);
	CALL(mprotect, at, 4096, PROT_GROWSDOWN | PROT_READ);
	CALL(mprotect, at, 4096, PROT_GROWSUP | PROT_READ);
	CALL(mprotect, file, 4096, PROT_READ | PROT_WRITE);
	CALL(mprotect, (void *)4096, 4096, PROT_READ);
	CALL(mprotect, (void *)0xfffff000, 4096, PROT_READ);
	CALL(pkey_mprotect, at, 4096, PROT_READ | PROT_WRITE, -1);
	CALL(pkey_mprotect, at, 4096, PROT_READ | PROT_WRITE, 15);
	CALL(pkey_mprotect, at + 1, 4096, PROT_READ, -1);
	munmap(at + 4096, 4096);
	CALL(mprotect, at, 3 * 4096, PROT_READ);
	CALL(mseal, at + 1, 4096, 0);
	CALL(mseal, at, 4096, 1);
	CALL(mseal, at, 0, 0);
	return 0;
}
