/* Becoming somebody else, by every call of both widths: real, effective, saved and file ids, and groups. */
#include "call.h"

static void tell(void)
{
	unsigned u[3], g[3], list[8];
	int n;

	MAKE(getresuid32, u, u + 1, u + 2);
	MAKE(getresgid32, g, g + 1, g + 2);
	SAY("users %u %u %u, file %ld; groups %u %u %u, file %ld", u[0], u[1], u[2], MAKE(setfsuid32, -1), g[0], g[1],
	    g[2], MAKE(setfsgid32, -1));
	SAY("of 16 bits: %ld %ld %ld %ld", MAKE(getuid), MAKE(geteuid), MAKE(getgid), MAKE(getegid));
	SAY("of 32 bits: %ld %ld %ld %ld", MAKE(getuid32), MAKE(geteuid32), MAKE(getgid32), MAKE(getegid32));
	n = MAKE(getgroups32, 8, list);
	for (int i = 0; i < n; i++)
		SAY("group %u", list[i]);
}

int main(void)
{
	unsigned list[3] = { 65533, 70000, 5 };
	unsigned short list16[2] = { 65532, 6 };

	CALL(setgroups32, 3, list);
	tell();
	CALL(setgroups, 2, list16);
	tell();
	CALL(setgroups32, 1, KERNEL);
	CALL(setgroups32, 1, NULL);
	CALL(setgroups32, 70000, list);
	CALL(setgroups32, -1, list);
	CALL(setgroups32, 0, NULL);
	CALL(setresgid32, 65533, 70000, 0);
	tell();
	CALL(setresgid, 65533, 65532, 0);
	CALL(setregid32, -1, 65531);
	CALL(setregid, 65530, -1);
	CALL(setfsgid32, 70001);
	tell();
	CALL(setfsgid, 65529);
	CALL(setgid32, 65528);
	tell();
	CALL(setgid, 65533);
	CALL(setfsuid32, 70000);
	tell();
	CALL(setfsuid, 0);
	CALL(setreuid32, -1, 70000);
	tell();
	CALL(setgid32, 7);
	CALL(setgroups32, 0, NULL);
	CALL(setreuid, -1, 0);
	CALL(setgroups32, 3, list);
	CALL(setresuid32, -1, 65533, -1);
	CALL(setresuid, -1, 0, -1);
	CALL(setreuid32, 65533, 0);
	tell();
	CALL(setresuid32, 65533, 65533, 65534);
	tell();
	CALL(setfsuid32, 0);
	CALL(setfsuid32, 65534);
	tell();
	CALL(setuid32, 65534);
	tell();
	CALL(setuid, 65533);
	CALL(setuid32, 0);
	CALL(setresuid32, 0, -1, -1);
	CALL(setreuid32, -1, 0);
	CALL(setgroups32, 0, NULL);
	CALL(setresgid32, -1, 0, -1);
	tell();
	return 0;
}
