/* getdents and getdents64: the names, sorted by the order that both see; small buffers, wrong descriptors. */
#include "call.h"

static char buffer[4096];

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* reclen and name lie at 16 and 19 of the 64-bit form, the type behind; at 8 and 10 of the short one, the type last. */
static void show(long n, int wide)
{
	char *names[64];
	int count = 0;
	for (long at = 0; at < n; count++) {
		int length = field(buffer + at, wide ? 16 : 8, 2);
		char *name = buffer + at + (wide ? 19 : 10);
		int type = wide ? buffer[at + 18] : buffer[at + length - 1];
		asprintf(&names[count], "%s type %d length %d", name, type, length);
		at += length;
	}
	qsort(names, count, sizeof *names, compare);
	for (int i = 0; i < count; i++)
		SAY("%s", names[i]);
}

int main(void)
{
	mkdir("dir", 0755);
	int file = file_of("dir/file", "x");
	mkdir("dir/sub", 0755);
	symlink("nowhere", "dir/link");
	mknod("dir/fifo", S_IFIFO | 0600, 0);
	int d = open("dir", O_RDONLY | O_DIRECTORY), path = open("dir", O_PATH);
	CALL(getdents64, d, buffer, 10);
	show(CALL(getdents64, d, buffer, sizeof buffer), 1);
	CALL(getdents64, d, buffer, sizeof buffer);
	CALL(lseek, d, 0, SEEK_SET);
	CALL(getdents, d, buffer, 10);
	show(CALL(getdents, d, buffer, sizeof buffer), 0);
	CALL(getdents, d, buffer, sizeof buffer);
	CALL(lseek, d, 0, SEEK_SET);
	CALL(getdents64, d, NOWHERE, sizeof buffer);
	CALL(getdents, d, NOWHERE, sizeof buffer);
	CALL(getdents64, file, buffer, sizeof buffer);
	CALL(getdents, file, buffer, sizeof buffer);
	CALL(getdents64, path, buffer, sizeof buffer);
	CALL(getdents64, 77, buffer, sizeof buffer);
	d = open("dir/sub", O_RDONLY);
	rmdir("dir/sub");
	CALL(getdents64, d, buffer, sizeof buffer);
	return 0;
}
