/* statfs and fstatfs, short and wide; what is free changes, so it is not told. */
#include "call.h"

static unsigned char buffer[128];

static void narrow(void)
{
	SAY("type %llx bsize %llu namelen %llu frsize %llu", field(buffer, 0, 4), field(buffer, 4, 4), field(buffer, 36, 4),
	    field(buffer, 40, 4));
}
static void wide(void)
{
	SAY("type %llx bsize %llu namelen %llu frsize %llu flags %llx", field(buffer, 0, 4), field(buffer, 4, 4),
	    field(buffer, 56, 4), field(buffer, 60, 4), field(buffer, 64, 4));
}

int main(void)
{
	int fd = file_of("file", ""), path = open("file", O_PATH), pipes[2];
	if (pipe(pipes))
		return 1;
	if (!CALL(statfs, "file", buffer)) narrow();
	if (!CALL(fstatfs, fd, buffer)) narrow();
	if (!CALL(statfs64, "file", 84, buffer)) wide();
	if (!CALL(fstatfs64, fd, 84, buffer)) wide();
	if (!CALL(fstatfs64, path, 84, buffer)) wide();
	if (!CALL(fstatfs64, pipes[0], 84, buffer)) wide();
	if (!CALL(statfs64, "/proc", 84, buffer)) wide();
	if (!CALL(statfs, "/proc/self/stat", buffer)) narrow();
	CALL(statfs64, "file", 88, buffer);
	CALL(fstatfs64, fd, 83, buffer);
	CALL(statfs64, "missing", 84, buffer);
	CALL(statfs, "missing", buffer);
	CALL(statfs, "file/x", buffer);
	CALL(statfs, "", buffer);
	CALL(statfs, NOWHERE, buffer);
	CALL(statfs, "file", NOWHERE);
	CALL(fstatfs, fd, NOWHERE);
	CALL(fstatfs, 77, buffer);
	CALL(fstatfs64, 77, 84, buffer);
	return 0;
}
