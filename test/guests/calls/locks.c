/* flock, and the record locks of fcntl and fcntl64: the process's own, and those of an open file. */
#include "call.h"
#include <sys/file.h>

struct wide { int16_t type, whence; int64_t start, length; int32_t pid; } __attribute__((packed, aligned(4)));
struct narrow { int16_t type, whence; int32_t start, length, pid; };

static void show(const struct wide *w)
{
	SAY("type %d whence %d from %lld for %lld%s", w->type, w->whence, (long long)w->start, (long long)w->length,
	    w->pid == -1 ? " by an open file" : "");
}

int main(void)
{
	int fd = file_of("file", "0123456789"), other = MAKE(open, "file", O_RDWR), reading = open("file", O_RDONLY);
	int path = open("file", O_PATH);
	struct wide w = {F_WRLCK, SEEK_SET, 2, 3, 0}, ask = w, wrong = {9, 0, 0, 0, 0}, far = {F_RDLCK, SEEK_SET, 1LL << 40, 5, 0};
	struct narrow n = {F_RDLCK, SEEK_SET, 0, 4, 0};
	CALL(flock, fd, LOCK_EX);
	CALL(flock, other, LOCK_SH | LOCK_NB);
	CALL(flock, fd, LOCK_SH);
	CALL(flock, other, LOCK_SH | LOCK_NB);
	CALL(flock, other, LOCK_UN);
	CALL(flock, fd, LOCK_UN);
	CALL(flock, fd, 0);
	CALL(flock, fd, 0x40);
	CALL(flock, path, LOCK_SH);
	CALL(flock, 77, LOCK_SH);

	CALL(fcntl64, fd, F_OFD_SETLK, &w);
	CALL(fcntl64, other, F_OFD_GETLK, &ask), show(&ask);
	ask = (struct wide){F_WRLCK, SEEK_SET, 0, 0, 0};
	CALL(fcntl64, other, F_OFD_SETLK, &ask);
	ask.pid = 1;
	CALL(fcntl64, other, F_OFD_SETLK, &ask);
	ask = w;
	CALL(fcntl64, fd, 12, &ask), show(&ask);
	CALL(fcntl64, fd, 13, &w);
	w.type = F_UNLCK;
	CALL(fcntl64, fd, F_OFD_SETLKW, &w);
	w.type = F_WRLCK;
	CALL(fcntl64, fd, 13, &w);
	CALL(fcntl64, other, 14, &w);
	CALL(fcntl64, other, F_OFD_SETLK, &w);
	w.type = F_UNLCK;
	CALL(fcntl64, fd, 14, &w);
	CALL(fcntl64, fd, 13, &far);
	CALL(fcntl64, fd, 13, &wrong);
	CALL(fcntl64, reading, 13, &(struct wide){F_WRLCK, 0, 0, 0, 0});
	CALL(fcntl64, fd, 13, NOWHERE);
	CALL(fcntl64, fd, 12, NOWHERE);
	CALL(fcntl64, path, 13, &w);
	CALL(fcntl64, 77, 13, &w);
	CALL(fcntl, fd, 6, &n);
	CALL(fcntl, fd, 7, &n);
	CALL(fcntl, fd, 5, &n);
	SAY("type %d", n.type);
	CALL(fcntl64, fd, 5, &n);
	CALL(fcntl64, fd, 6, &n);
	CALL(fcntl64, fd, 7, &n);
	CALL(fcntl, fd, 6, NOWHERE);
	return 0;
}
