/* Who the program is: ids of 16 and of 32 bits, saved ones, groups. */
#include "call.h"
#include <grp.h>

int main(void)
{
	unsigned short s[3], list[4096];
	unsigned u[3], list32[4096];
	int n;

	CALL(getuid);
	CALL(geteuid);
	CALL(getgid);
	CALL(getegid);
	CALL(getuid32);
	CALL(geteuid32);
	CALL(getgid32);
	CALL(getegid32);
	CALL(getresuid, s, s + 1, s + 2);
	SAY("%d %d %d", s[0], s[1], s[2]);
	CALL(getresgid, s, s + 1, s + 2);
	SAY("%d %d %d", s[0], s[1], s[2]);
	CALL(getresuid32, u, u + 1, u + 2);
	SAY("%u %u %u", u[0], u[1], u[2]);
	CALL(getresgid32, u, u + 1, u + 2);
	SAY("%u %u %u", u[0], u[1], u[2]);
	u[2] = 77;
	CALL(getresuid32, u, KERNEL, u + 2);
	CALL(getresuid32, NULL, u, u);
	CALL(getresgid, s, s, KERNEL);
	SAY("%u", u[2]);

	n = CALL(getgroups32, 0, NULL);
	CALL(getgroups, 0, KERNEL);
	CALL(getgroups32, n, list32);
	CALL(getgroups, n, list);
	for (int i = 0; i < n; i++)
		SAY("%u %u", list32[i], list[i]);
	CALL(getgroups32, 4096, list32);
	CALL(getgroups32, -1, list32);
	CALL(getgroups, -1, list);
	CALL(getgroups32, 70000, list32);
	if (n > 0)
		CALL(getgroups32, n, KERNEL);
	if (n > 1)
		CALL(getgroups32, 1, list32);
	return 0;
}
