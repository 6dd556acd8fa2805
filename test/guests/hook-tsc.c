/* rdtsc and rdtscp, which strict mode forbids, count on and touch no register but their own. */
#include "hook.h"

typedef unsigned long long counter;

static int kept = 1;

static counter stamp(int serialised)
{
	word low, high, c = 0x31323334, b = 0x21222324, s = 0x51525354, d = 0xe1e2e3e4;
	if (serialised)
		__asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "+c"(c), "+b"(b), "+S"(s), "+D"(d));
	else
		__asm__ volatile("rdtsc" : "=a"(low), "=d"(high), "+c"(c), "+b"(b), "+S"(s), "+D"(d));
	kept &= b == 0x21222324 && s == 0x51525354 && d == 0xe1e2e3e4 && (serialised ? c < PAGE : c == 0x31323334);
	return (counter)high << 32 | low;
}

int test(void)
{
	counter last = stamp(0);
	for (int i = 0; i < 200; i++) {
		counter now = stamp(i & 1);
		if (now <= last)
			return 1;
		last = now;
	}
	if (!kept)
		return 2;
	say("time-stamp: counts\n");
	return 0;
}
