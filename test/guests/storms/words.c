/* Futexes: ping-pong, a queue behind condition variables, robust mutexes whose owners die; threads and processes. */
#include "storm.h"
#include <linux/futex.h>

enum { TURNS = 60, ITEMS = 60, WORKERS = 4, OWNERS = 6 };

static long futex(unsigned *word, int operation, unsigned value)
{
	return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

/* ---- ping-pong: the word says whose turn it is ---- */

static unsigned *turn;
static void play(unsigned own)
{
	for (unsigned i = own; i < 2 * TURNS; i += 2) {
		for (unsigned now; (now = __atomic_load_n(turn, __ATOMIC_SEQ_CST)) != i;)
			MUST(futex(turn, FUTEX_WAIT, now) == 0 || errno == EAGAIN || errno == EINTR);
		__atomic_store_n(turn, i + 1, __ATOMIC_SEQ_CST);
		MUST(futex(turn, FUTEX_WAKE, 1) >= 0);
	}
}
static void *second(void *unused)
{
	play(1);
	return unused;
}
static void between_threads(void)
{
	pthread_t thread;
	*turn = 0;
	MUST(pthread_create(&thread, NULL, second, NULL) == 0);
	play(0);
	MUST(pthread_join(thread, NULL) == 0);
	MUST(*turn == 2 * TURNS);
}
static void between_processes(void)
{
	*turn = 0;
	pid_t pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		play(1);
		_exit(7);
	}
	play(0);
	ended(pid, EXITED(7));
	MUST(*turn == 2 * TURNS);
}

/* ---- a queue of one: who waits is woken ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER, emptied = PTHREAD_COND_INITIALIZER;
static unsigned item, taken, sum;

static void *consume(void *unused)
{
	for (;;) {
		pthread_mutex_lock(&mutex);
		while (item == 0 && taken < ITEMS)
			pthread_cond_wait(&filled, &mutex);
		if (taken == ITEMS) {
			pthread_mutex_unlock(&mutex);
			return unused;
		}
		sum += item;
		item = 0;
		if (++taken == ITEMS)
			pthread_cond_broadcast(&filled);
		pthread_cond_signal(&emptied);
		pthread_mutex_unlock(&mutex);
	}
}
static void queue(void)
{
	pthread_t workers[WORKERS];
	item = taken = sum = 0;
	for (int i = 0; i < WORKERS; i++)
		MUST(pthread_create(workers + i, NULL, consume, NULL) == 0);
	for (unsigned i = 1; i <= ITEMS; i++) {
		pthread_mutex_lock(&mutex);
		while (item != 0)
			pthread_cond_wait(&emptied, &mutex);
		item = i;
		pthread_cond_signal(&filled);
		pthread_mutex_unlock(&mutex);
	}
	for (int i = 0; i < WORKERS; i++)
		MUST(pthread_join(workers[i], NULL) == 0);
	MUST(sum == ITEMS * (ITEMS + 1) / 2);
}

/* ---- owners that die ---- */

static struct { pthread_mutex_t robust; unsigned owners, found; } *shared;

static void own_and_go(int die)
{
	int result = pthread_mutex_lock(&shared->robust);
	if (result == EOWNERDEAD) {
		shared->found++;
		MUST(pthread_mutex_consistent(&shared->robust) == 0);
		result = 0;
	}
	MUST(result == 0);
	shared->owners++;
	if (!die)
		MUST(pthread_mutex_unlock(&shared->robust) == 0);
}
static void *owner(void *die)
{
	own_and_go(die != NULL);
	return NULL;
}
static void heirs(void)
{
	unsigned deaths = 0;
	pthread_mutexattr_t how;
	pthread_mutexattr_init(&how);
	pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
	MUST(pthread_mutex_init(&shared->robust, &how) == 0);
	shared->owners = shared->found = 0;
	pthread_t threads[OWNERS];
	pid_t pids[OWNERS];
	for (int i = 0; i < OWNERS; i++) {
		int die = chance(2);
		pids[i] = 0;
		if (chance(2)) {
			MUST(pthread_create(threads + i, NULL, owner, die ? SELF : NULL) == 0);
			deaths += die;
			continue;
		}
		pids[i] = fork();
		MUST(pids[i] >= 0);
		if (pids[i] == 0) {
			own_and_go(0);
			_exit(7);
		}
	}
	for (int i = 0; i < OWNERS; i++)
		if (pids[i] == 0)
			MUST(pthread_join(threads[i], NULL) == 0);
		else
			ended(pids[i], EXITED(7));
	own_and_go(0);
	MUST(shared->owners == OWNERS + 1 && shared->found == deaths);
	pthread_mutex_destroy(&shared->robust);
}

static void storm(void)
{
	if (turn == NULL) {
		turn = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		MUST(turn != MAP_FAILED);
		shared = (void *)(turn + 1024);
	}
	between_threads();
	between_processes();
	queue();
	heirs();
}
