/*
 * Futexes that inherit priority are not offered: the word would get the trustee's thread id.
 *
 *   bare: no
 */
#include "call.h"
#include <linux/futex.h>

int main(void)
{
	static unsigned word, other;
	CALL(futex, &word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	CALL(futex, &word, FUTEX_LOCK_PI2, 0, NULL, NULL, 0);
	CALL(futex, &word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0);
	CALL(futex, &word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	CALL(futex, &word, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &other, 0);
	CALL(futex, &word, FUTEX_CMP_REQUEUE_PI, 1, NULL, &other, 0);
	SAY("words %u %u", word, other);
	return 0;
}
