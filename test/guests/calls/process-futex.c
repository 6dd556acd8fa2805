/* Futexes of one thread: waits that are over at once or by time, wakes of nobody, moves, words that are none. */
#include "call.h"
#include <linux/futex.h>
#include <time.h>

static unsigned word = 5, other = 6;
static struct timespec soon = { 0, 2000000 }, past = { 1, 0 }, bad = { 0, 1000000000 };
static long long soon64[] = { 0, 2000000 }, past64[] = { 1, 0 }, bad64[] = { 0, -1 };

int main(void)
{
	struct timespec now;

	for (int private = 0; private <= FUTEX_PRIVATE_FLAG; private += FUTEX_PRIVATE_FLAG) {
		SAY("private %d", private);
		CALL(futex, &word, FUTEX_WAIT | private, 4, NULL, NULL, 0);
		CALL(futex, &word, FUTEX_WAIT | private, 5, &soon, NULL, 0);
		CALL(futex, &word, FUTEX_WAKE | private, 1, NULL, NULL, 0);
		CALL(futex, &word, FUTEX_WAKE | private, -1, NULL, NULL, 0);
		CALL(futex, &word, FUTEX_WAIT_BITSET | private, 5, &past, NULL, -1);
		CALL(futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME | private, 5, &past, NULL, 1);
		CALL(futex, &word, FUTEX_WAIT_BITSET | private, 5, &past, NULL, 0);
		CALL(futex, &word, FUTEX_WAKE_BITSET | private, 1, NULL, NULL, 1);
		CALL(futex, &word, FUTEX_WAKE_BITSET | private, 1, NULL, NULL, 0);
		CALL(futex, &word, FUTEX_REQUEUE | private, 1, 1, &other, 0);
		CALL(futex, &word, FUTEX_CMP_REQUEUE | private, 1, 1, &other, 5);
		CALL(futex, &word, FUTEX_CMP_REQUEUE | private, 1, 1, &other, 4);
		CALL(futex, &word, FUTEX_WAKE_OP | private, 1, 1, &other, FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 6));
		SAY("words %u %u", word, other);
		other = 6;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	CALL(futex, &word, FUTEX_WAIT_BITSET, 5, &now, NULL, -1);
	CALL(futex, &word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 5, &soon, NULL, 0);
	CALL(futex, &word, FUTEX_WAIT, 5, &bad, NULL, 0);
	CALL(futex, &word, FUTEX_WAIT, 5, KERNEL, NULL, 0);
	CALL(futex, (char *)&word + 1, FUTEX_WAIT, 5, NULL, NULL, 0);
	CALL(futex, (char *)&word + 1, FUTEX_WAKE, 5, NULL, NULL, 0);
	CALL(futex, NULL, FUTEX_WAIT, 5, NULL, NULL, 0);
	CALL(futex, KERNEL, FUTEX_WAIT, 5, NULL, NULL, 0);
	CALL(futex, KERNEL, FUTEX_WAKE, 5, NULL, NULL, 0);
	CALL(futex, &word, FUTEX_WAKE_OP, 1, 1, "read-only", FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 6));
	CALL(futex, &word, FUTEX_REQUEUE, -1, 1, &other, 0);
	CALL(futex, &word, FUTEX_REQUEUE, 1, -1, &other, 0);
	CALL(futex, &word, 99, 0, NULL, NULL, 0);
	CALL(futex, &word, FUTEX_FD, 0, NULL, NULL, 0);
	CALL(futex, &word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0);

	CALL(futex_time64, &word, FUTEX_WAIT, 4, NULL, NULL, 0);
	CALL(futex_time64, &word, FUTEX_WAIT, 5, soon64, NULL, 0);
	CALL(futex_time64, &word, FUTEX_WAIT_BITSET, 5, past64, NULL, -1);
	CALL(futex_time64, &word, FUTEX_WAIT, 5, bad64, NULL, 0);
	CALL(futex_time64, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
	CALL(futex_time64, &word, FUTEX_WAIT, 5, KERNEL, NULL, 0);
	return 0;
}
