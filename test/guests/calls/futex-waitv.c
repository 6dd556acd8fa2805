/* futex_waitv: words that differ, times that are over, bad arguments.
 * kernel: 5.16
 */
#include "call.h"
#include <time.h>

struct waiter {
	uint64_t val, uaddr;
	uint32_t flags, reserved;
};
enum { U32 = 2, PRIVATE = 128 };

int main(void)
{
	static uint32_t words[2] = {5, 6};
	struct waiter both[2] = {{5, (uintptr_t)&words[0], U32, 0}, {6, (uintptr_t)&words[1], U32 | PRIVATE, 0}};
	struct waiter differs = {4, (uintptr_t)&words[0], U32, 0}, odd = {5, (uintptr_t)&words[0] + 1, U32, 0};
	struct waiter flags = {5, (uintptr_t)&words[0], 0x40, 0}, nowhere = {5, 8, U32, 0}, high = {5, 1ULL << 32, U32, 0};
	int64_t past[2] = {0, 1}, bad[2] = {0, 1000000000};
	CALL(futex_waitv, both, 2, 0, past, CLOCK_MONOTONIC);
	CALL(futex_waitv, both, 1, 0, past, CLOCK_REALTIME);
	CALL(futex_waitv, &differs, 1, 0, NULL, CLOCK_MONOTONIC);
	CALL(futex_waitv, &odd, 1, 0, past, CLOCK_MONOTONIC);
	CALL(futex_waitv, &flags, 1, 0, past, CLOCK_MONOTONIC);
	CALL(futex_waitv, &nowhere, 1, 0, past, CLOCK_MONOTONIC);
	CALL(futex_waitv, &high, 1, 0, past, CLOCK_MONOTONIC);
	CALL(futex_waitv, both, 2, 1, past, CLOCK_MONOTONIC);
	CALL(futex_waitv, both, 2, 0, bad, CLOCK_MONOTONIC);
	CALL(futex_waitv, both, 2, 0, past, CLOCK_BOOTTIME);
	CALL(futex_waitv, both, 0, 0, past, CLOCK_MONOTONIC);
	CALL(futex_waitv, both, 129, 0, past, CLOCK_MONOTONIC);
	CALL(futex_waitv, NULL, 1, 0, past, CLOCK_MONOTONIC);
	CALL(futex_waitv, KERNEL, 1, 0, past, CLOCK_MONOTONIC);
	CALL(futex_waitv, both, 2, 0, KERNEL, CLOCK_MONOTONIC);
}
