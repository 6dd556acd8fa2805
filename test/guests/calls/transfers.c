/* sendfile, copy_file_range, splice, tee, vmsplice. */
#include "call.h"
#include <sys/uio.h>

static char buffer[64];
static void drain(int fd)
{
	long n = MAKE(read, fd, buffer, sizeof buffer);
	SAY("\"%.*s\"", n > 0 ? (int)n : 0, buffer);
}

int main(void)
{
	int in = file_of("in", "0123456789abcdef"), out = file_of("out", ""), one[2], two[2];
	int reading = open("out", O_RDONLY);
	off_t at = 2;
	int64_t at64 = 4, to64 = 1;
	struct iovec parts[2] = {{"gift", 4}, {" wrapped", 8}}, bad = {NOWHERE, 4};
	if (pipe(one) || pipe(two))
		return 1;
	CALL(sendfile, out, in, &at, 3);
	CALL(sendfile, out, in, NULL, 4);
	CALL(sendfile64, out, in, &at64, 100);
	SAY("at %ld and %lld", at, (long long)at64);
	CALL(sendfile, one[1], in, &at, 2), drain(one[0]);
	CALL(sendfile, 77, in, NULL, 4);
	CALL(sendfile, out, 77, NULL, 4);
	CALL(sendfile, reading, in, NULL, 4);
	CALL(sendfile, out, one[0], &at, 4);
	CALL(sendfile, out, in, NOWHERE, 4);
	CALL(sendfile64, out, in, NOWHERE, 4);
	at = -1;
	CALL(sendfile, out, in, &at, 4);
	at64 = 3;
	CALL(copy_file_range, in, &at64, out, &to64, 5, 0);
	SAY("at %lld to %lld", (long long)at64, (long long)to64);
	CALL(copy_file_range, in, NULL, out, NULL, 50, 0);
	CALL(copy_file_range, in, &at64, in, &at64, 5, 0);
	CALL(copy_file_range, in, NULL, out, NULL, 5, 1);
	CALL(copy_file_range, in, NULL, reading, NULL, 5, 0);
	CALL(copy_file_range, one[0], NULL, out, NULL, 5, 0);
	CALL(copy_file_range, in, NOWHERE, out, NULL, 5, 0);
	CALL(copy_file_range, 77, NULL, out, NULL, 5, 0);
	at64 = 0;
	CALL(splice, in, &at64, one[1], NULL, 6, SPLICE_F_MOVE);
	CALL(tee, one[0], two[1], 4, SPLICE_F_NONBLOCK), drain(two[0]);
	CALL(splice, one[0], NULL, out, NULL, 4, SPLICE_F_MORE), drain(one[0]);
	CALL(splice, one[0], NULL, two[1], NULL, 4, SPLICE_F_NONBLOCK);
	CALL(splice, in, NULL, out, NULL, 4, 0);
	CALL(splice, one[0], &at64, out, NULL, 4, 0);
	CALL(splice, in, NOWHERE, one[1], NULL, 4, 0);
	CALL(splice, in, NULL, one[1], NULL, 4, 0x100);
	CALL(splice, 77, NULL, one[1], NULL, 4, 0);
	CALL(splice, in, NULL, one[1], NULL, 0, 0);
	CALL(tee, one[0], two[1], 4, SPLICE_F_NONBLOCK);
	CALL(tee, one[0], one[1], 4, 0);
	CALL(tee, in, one[1], 4, 0);
	CALL(tee, 77, one[1], 4, 0);
	CALL(tee, one[0], two[1], 4, 0x100);
	CALL(vmsplice, one[1], parts, 2, 0), drain(one[0]);
	CALL(vmsplice, one[1], parts, 1, SPLICE_F_GIFT), drain(one[0]);
	CALL(vmsplice, one[1], &bad, 1, 0);
	CALL(vmsplice, one[1], parts, 0, 0);
	CALL(vmsplice, one[1], parts, 1025, 0);
	CALL(vmsplice, in, parts, 2, 0);
	CALL(vmsplice, 77, parts, 2, 0);
	return 0;
}
