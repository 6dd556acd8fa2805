/*
 * Huge pages are not offered: the kernel would round ranges beyond what was checked.
 * differs: memfd_create("huge", MFD_HUGETLB) = -1 EINVAL -- huge pages are not offered
 */
#include "call.h"
#include <linux/memfd.h>

int main(void)
{
	CALL(memfd_create, "huge", MFD_HUGETLB);
	return 0;
}
