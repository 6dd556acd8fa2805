/* Addresses that the helper reads and writes for the program: bad ones, at the edge of a page, endless strings. */
#include "hook.h"

static char endless[3 * PAGE];
static const char constant[512];

static int open_(const char *path)
{
	return call(NR_OPENAT, AT_FDCWD, (word)path, 0);
}

int test(void)
{
	char *page = last_page(), *end = page + PAGE;
	static const char missing[] = "/no/such/file";
	for (word i = 0; i < sizeof endless; i++)
		endless[i] = 'a';
	if (open_(0) != -EFAULT || open_((char *)0xfffff000) != -EFAULT || open_((char *)-1u) != -EFAULT || open_(end) != -EFAULT)
		return 1;
	if (open_(endless) != -ENAMETOOLONG)
		return 2;
	for (int i = 1; i < 64; i++)
		end[-i] = 'x';
	if (open_(end - 60) != -EFAULT)
		return 3;
	for (word i = 0; i < sizeof missing; i++) {
		(end - sizeof missing)[i] = missing[i];
		endless[PAGE - 5 + i] = missing[i];
	}
	if (open_(end - sizeof missing) != -ENOENT || open_(endless + PAGE - 5) != -ENOENT || open_("") != -ENOENT)
		return 4;
	if (call(NR_UNAME, 0, 0, 0) != -EFAULT || call(NR_UNAME, (word)end - 8, 0, 0) != -EFAULT || call(NR_UNAME, (word)end, 0, 0) != -EFAULT)
		return 5;
	if (call(NR_UNAME, (word)constant, 0, 0) != -EFAULT || constant[0])
		return 6;
	if (call(NR_UNAME, (word)end - 6 * 65, 0, 0) != 0 || (end - 6 * 65)[0] != 'L')
		return 7;
	if (call(NR_FSTAT64, 1, (word)endless + PAGE - 20, 0) != 0 || call(NR_FSTAT64, 1, (word)end - 95, 0) != -EFAULT)
		return 8;
	say("memory: as natively\n");
	return 0;
}
