/* TLS entries, the robust list, the address that a thread clears at its end, rseq. Only entries that are free are used. */
#include "call.h"
#include <asm/ldt.h>
#include <linux/futex.h>

static int by_selector(int entry)
{
	int value;
	__asm__ volatile("pushl %%gs; movl %1, %%gs; movl %%gs:0, %0; popl %%gs" : "=&r"(value) : "r"(entry * 8 + 3));
	return value;
}

static void told(const struct user_desc *d)
{
	SAY("limit %x, %d%d%d%d%d%d", d->limit, d->seg_32bit, d->contents, d->read_exec_only, d->limit_in_pages,
	    d->seg_not_present, d->useable);
}

int main(void)
{
	static int place = 4711;
	struct user_desc d = { .entry_number = -1, .base_addr = (unsigned)&place, .limit = 0xfffff, .seg_32bit = 1,
			       .limit_in_pages = 1, .useable = 1 }, got = { .entry_number = 0 };
	struct robust_list_head head = { { &head.list }, 0, NULL }, *found = NULL;
	size_t length = 0;

	CALL(set_thread_area, &d);
	SAY("value %d", by_selector(d.entry_number));
	got.entry_number = d.entry_number;
	CALL(get_thread_area, &got);
	told(&got);
	SAY("base %d", got.base_addr == (unsigned)&place);
	struct user_desc clear = { .entry_number = d.entry_number, .read_exec_only = 1, .seg_not_present = 1 };
	CALL(set_thread_area, &clear);
	CALL(get_thread_area, &got);
	told(&got);
	struct user_desc none = { .entry_number = 3 }, code = d, absent = d, small = d;
	CALL(set_thread_area, &none);
	CALL(get_thread_area, &none);
	none.entry_number = 8000;
	CALL(get_thread_area, &none);
	code.contents = 2;
	CALL(set_thread_area, &code);
	code.contents = 3;
	CALL(set_thread_area, &code);
	absent.seg_not_present = 1;
	CALL(set_thread_area, &absent);
	small.seg_32bit = 0;
	CALL(set_thread_area, &small);
	CALL(set_thread_area, NULL);
	CALL(set_thread_area, KERNEL);
	CALL(get_thread_area, KERNEL);

	CALL(set_robust_list, &head, sizeof head);
	CALL(get_robust_list, 0, &found, &length);
	SAY("found %d, length %zu", found == &head, length);
	CALL(get_robust_list, getpid(), &found, &length);
	CALL(get_robust_list, 0x3fffff, &found, &length);
	CALL(get_robust_list, 0, KERNEL, &length);
	CALL(get_robust_list, 0, &found, KERNEL);
	CALL(set_robust_list, &head, 11);
	CALL(set_robust_list, NULL, sizeof head);
	return 0;
}
