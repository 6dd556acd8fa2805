/* The id of a thread that ended is not the next one's; as many threads as there may be come and go, again and again. */
#include "call.h"
#include <pthread.h>

#define IN_A_ROW 12
#define AT_ONCE 125
#define ROUNDS 3

static pthread_barrier_t all;

static void *tell(void *at)
{
	*(int *)at = MAKE(gettid);
	return at;
}

static void *meet(void *at)
{
	pthread_barrier_wait(&all);
	return tell(at);
}

static int distinct(const int *ids, int n)
{
	int found = 0;
	for (int i = 0; i < n; i++) {
		int known = ids[i] <= 0;
		for (int j = 0; j < i; j++)
			known |= ids[i] == ids[j];
		found += !known;
	}
	return found;
}

int main(void)
{
	int ids[AT_ONCE] = { 0 };
	pthread_t threads[AT_ONCE];
	for (int i = 0; i < IN_A_ROW; i++) {
		pthread_create(&threads[0], NULL, tell, &ids[i]);
		pthread_join(threads[0], NULL);
	}
	SAY("one after the other: %d ids", distinct(ids, IN_A_ROW));
	for (int round = 0; round < ROUNDS; round++) {
		int failed = 0;
		pthread_barrier_init(&all, NULL, AT_ONCE);
		for (int i = 0; i < AT_ONCE; i++)
			failed += pthread_create(&threads[i], NULL, meet, &ids[i]) != 0;
		for (int i = 0; i < AT_ONCE; i++)
			pthread_join(threads[i], NULL);
		SAY("at once: %d ids, %d failed", distinct(ids, AT_ONCE), failed);
	}
	return 0;
}
