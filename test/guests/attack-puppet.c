/*
 * Does what the test says: system calls through the hook or around it, memory of its own read and written. Orders come
 * on descriptor 0, eight words each, answers go to 1.
 */
#define GUEST_MAIN
#include "../attacks/guest.h"

enum { CALL = 1, RAW, POKE, PEEK, SLOT, FLOOD, REPEAT, RUN };
#define HEAP_SIZE 0x100000

static byte heap[HEAP_SIZE] __attribute__((aligned(4096)));

static void take(void *to, word size)
{
	for (word done = 0; done < size;) {
		word n = call(NR_READ, 0, (byte *)to + done, size - done);
		if (n == 0 || failed(n))
			quit(0);
		done += n;
	}
}

static void give(const void *from, word size)
{
	for (word done = 0; done < size;) {
		word n = call(NR_WRITE, 1, (const byte *)from + done, size - done);
		if (failed(n))
			quit(1);
		done += n;
	}
}

static void answer(word result)
{
	give(&result, sizeof result);
}

/* Writes without asking for the answers; how many were taken. */
static word flood(word fd, word from, word size, word count)
{
	word taken = 0;
	for (word i = 0; i < count; i++)
		if (!failed(raw(NR_WRITE, fd, from, size)))
			taken++;
	return taken;
}

#define MOST 16

/* The same call again and again: the different results and how often each came. */
static void repeat(const word *o)
{
	word seen[2 * MOST + 1] = { 0 };
	for (word i = 0; i < o[1]; i++) {
		word result = call(o[2], o[3], o[4], o[5], o[6], o[7], 0), k = 0;
		while (k < seen[0] && seen[1 + 2 * k] != result)
			k++;
		if (k == MOST)
			continue;
		if (k == seen[0]) {
			seen[0]++;
			seen[1 + 2 * k] = result;
		}
		seen[2 + 2 * k]++;
	}
	answer(seen[0]);
	give(seen + 1, seen[0] * 8);
}

void guest(int argc, char **argv)
{
	word hello[4] = { 0x50555050, (word)heap, HEAP_SIZE, sysinfo };
	(void)argc;
	(void)argv;
	give(hello, sizeof hello);
	for (;;) {
		word o[8], slot;
		take(o, sizeof o);
		switch (o[0]) {
		case CALL:
			answer(call(o[1], o[2], o[3], o[4], o[5], o[6], o[7]));
			break;
		case RAW:
			answer(raw(o[1], o[2], o[3], o[4], o[5], o[6], o[7]));
			break;
		case POKE:
			take((void *)o[1], o[2]);
			break;
		case PEEK:
			give((const void *)o[1], o[2]);
			break;
		case SLOT:
			__asm__ volatile("movl %%fs:(%1), %0" : "=r"(slot) : "r"(o[1]));
			answer(slot);
			break;
		case FLOOD:
			answer(flood(o[1], o[2], o[3], o[4]));
			break;
		case REPEAT:
			repeat(o);
			break;
		case RUN:
			answer(run(o[1]));
			break;
		default:
			quit(2);
		}
	}
}
